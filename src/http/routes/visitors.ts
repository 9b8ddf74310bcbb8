// The routes for everybody: what a signup page asks, and the ways from a link or a pasted code to it.
import type { Response } from 'express'
import { appOf } from '../../context.js'
import { InviteError } from '../../errors.js'
import { mayBeCode } from '../../human-codes.js'
import { read } from '../../input.js'
import { readToken } from '../../proofs.js'
import { checkSchema } from '../../schemas/invites.js'
import { checkInvite } from '../../use-cases/check.js'
import { readJson } from '../body.js'
import type { RateLimitHeaders } from '../guess.js'
import { joinByForm } from '../join.js'
import { credentialsFor, setJoinCookie } from '../join-cookie.js'
import { sendJson } from '../json.js'
import { throttleOf } from '../throttle.js'
import { param, type Routes } from './routes.js'

export function addVisitors({ router, context, open }: Routes): void {
  router.post(
    '/app/:appId/invite/check',
    open(async (req, res) => {
      const { appId } = appOf(context, param(req, 'appId'))
      const throttle = throttleOf(context)
      const { inviteCode } = read(checkSchema, await readJson(req, res))
      const credentials = credentialsFor(context, req, appId, inviteCode)
      if (credentials === undefined) {
        tellStanding(res, await throttle.check(req))
        throw new InviteError('invite_not_found')
      }
      const look = () => checkInvite(context, credentials, { appId })
      const guess = { req, appId, code: credentials.inviteCode }
      sendJson(res, await throttle.attempt(guess, look, (now) => tellStanding(res, now)))
    }),
  )

  router.get(
    '/app/:appId/join/:token',
    open(async (req, res) => {
      const app = appOf(context, param(req, 'appId'))
      const { code, proof } = readToken(param(req, 'token'))
      // Nothing is looked up: the link says as little to a stranger as to a mail scanner, and changes no row.
      if (mayBeCode(context, code)) setJoinCookie(context, res, app.appId, { inviteCode: code, proof })
      res.redirect(app.signupUrl)
    }),
  )

  router.post(
    '/app/:appId/join',
    open((req, res) => joinByForm(context, req, res, param(req, 'appId'))),
  )
}

/** Beside what a limiter of the host's may have told: both headers are lists. */
function tellStanding(res: Response, standing: RateLimitHeaders): void {
  for (const [name, value] of Object.entries(standing)) res.appendHeader(name, value)
}
