// `inviteRouter`: the HTTP interface, one route a use case.
import express, { type NextFunction, type Request, type Response, type Router } from 'express'
import { normalizeCode } from '../codes.js'
import { appOf, type Context } from '../context.js'
import { InviteError } from '../errors.js'
import { checkSchema, emptySchema, read } from '../input.js'
import { contextOf } from '../invites.js'
import { readToken } from '../proofs.js'
import type { Action } from '../types.js'
import { type ResendOptions, resendInvite } from '../use-cases/manage.js'
import { type SendInvite, sendInvite } from '../use-cases/send.js'
import {
  type AuthorizeOption,
  askHost,
  checkAuthorize,
  HostFailure,
  isCookieBorne,
  isCrossSite,
  type Managed,
} from './authorization.js'
import { readJson } from './body.js'
import { type Repeatable, repeatable } from './idempotency.js'
import type { Invites } from './invites.js'
import { joinByForm } from './join.js'
import { credentialsFor, setJoinCookie } from './join-cookie.js'
import { warnOfApp } from './misconfiguration.js'
import { openApiDocument } from './openapi.js'
import { sendProblem } from './problem.js'
import { loadPages } from './refusal-page.js'
import { type RateLimitHeaders, throttleOf } from './throttle.js'

/** The options of {@link inviteRouter}: who may do what. */
export type InviteRouterOptions = AuthorizeOption

type Fields = Readonly<Record<string, unknown>>

// The fields of Catalyze's Invite model, which its clients send along with every request.
const modelFields = ['inviteId', 'inviteCode', 'appId', 'used']

/**
 * The routes of the gate, to be mounted where `baseUrl` says.
 * @throws TypeError where `authorize` is missing or an option unknown.
 */
export function inviteRouter(invites: Invites, options: InviteRouterOptions): Router {
  const context = contextOf(invites)
  checkAuthorize('inviteRouter', options)
  loadPages(context) // a wrong template is told now
  const router = express.Router()

  /** A management route: cross-site rule, the host's word, the body, and then `handle`. */
  function manage(action: Action, handle: (managed: Managed) => Promise<unknown>) {
    return async (req: Request, res: Response, next: NextFunction): Promise<void> => {
      try {
        if (changes(req) && isCookieBorne(req) && isCrossSite(context, req)) {
          throw new InviteError('not_allowed', { detail: crossSiteDetail(context) })
        }
        const appId = param(req, 'appId')
        const actor = await askHost(options, req, appId, action)
        appOf(context, appId)
        const body = await readJson(req, res)
        const answer = await handle({ req, res, action, body, scope: { appId, actor } })
        res.json(answer)
      } catch (error) {
        next(error)
      }
    }
  }

  /** For `manage`: the request may be sent again under an `Idempotency-Key`. */
  const once = (handle: Repeatable) => repeatable(context, handle)

  /** A route for everybody. */
  function open(handle: (req: Request, res: Response) => Promise<void>) {
    return (req: Request, res: Response, next: NextFunction): void => {
      handle(req, res).catch(next)
    }
  }

  router.use((req, res, next) => {
    warnOfApp(context, req)
    res.set({ 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer', 'X-Robots-Tag': 'noindex' })
    next()
  })

  router.post(
    '/app/:appId/invite',
    manage(
      'invite.create',
      once(async ({ req, res, body, scope }, newId) => {
        read(emptySchema, without(modelFields, req.query))
        const invite = await sendInvite(context, without(modelFields, body) as SendInvite, scope, newId)
        res.status(201).location(`${context.config.baseUrl}/app/${invite.appId}/invite/${invite.inviteId}`)
        return invite
      }),
    ),
  )

  router.get(
    '/app/:appId/invite',
    manage('invite.list', ({ req, scope }) => invites.list(req.query as Parameters<Invites['list']>[0], scope)),
  )

  router.get(
    '/app/:appId/invite/:inviteId',
    manage('invite.read', ({ req, body, scope }) => {
      onlyModelFields(req, body)
      return invites.retrieve(param(req, 'inviteId'), scope)
    }),
  )

  router.patch(
    '/app/:appId/invite/:inviteId',
    manage('invite.update', ({ req, body, scope }) =>
      invites.update(param(req, 'inviteId'), body as Parameters<Invites['update']>[1], scope),
    ),
  )

  router.delete(
    '/app/:appId/invite/:inviteId',
    manage('invite.revoke', async ({ req, body, scope }) => {
      onlyModelFields(req, body)
      await invites.revoke(param(req, 'inviteId'), scope)
      return {}
    }),
  )

  router.post(
    '/app/:appId/invite/check',
    open(async (req, res) => {
      const { appId } = appOf(context, param(req, 'appId'))
      const throttle = throttleOf(context)
      const { inviteCode } = read(checkSchema, await readJson(req, res))
      const standing = await throttle.check(req)
      const credentials = credentialsFor(context, req, appId, inviteCode)
      if (credentials === undefined) {
        tellStanding(res, standing)
        throw new InviteError('invite_not_found')
      }
      try {
        const preview = await invites.check(credentials, { appId })
        tellStanding(res, standing)
        res.json(preview)
      } catch (error) {
        if (error instanceof InviteError && error.code === 'invite_not_found') {
          tellStanding(res, await throttle.wrongCode(req))
        }
        throw error
      }
    }),
  )

  router.post(
    '/app/:appId/invite/:inviteId/resend',
    manage(
      'invite.resend',
      once(({ req, body, scope }, newId) =>
        resendInvite(context, param(req, 'inviteId'), body as ResendOptions, scope, newId),
      ),
    ),
  )

  router.get(
    '/app/:appId/join/:token',
    open(async (req, res) => {
      const app = appOf(context, param(req, 'appId'))
      const { code, proof } = readToken(param(req, 'token'))
      // Nothing is looked up: the link says as little to a stranger as to a mail scanner, and changes no row.
      if (normalizeCode(code) !== undefined) setJoinCookie(context, res, app.appId, { inviteCode: code, proof })
      res.redirect(app.signupUrl)
    }),
  )

  router.post(
    '/app/:appId/join',
    open((req, res) => joinByForm(context, req, res, param(req, 'appId'))),
  )

  router.get(
    '/app/:appId/acceptance',
    manage('acceptance.list', ({ req, scope }) =>
      invites.acceptances(req.query as Parameters<Invites['acceptances']>[0], scope),
    ),
  )

  router.post(
    '/app/:appId/acceptance/:acceptanceId/reopen',
    manage('acceptance.reopen', ({ req, body, scope }) => {
      read(emptySchema, body)
      return invites.reopen(param(req, 'acceptanceId'), scope)
    }),
  )

  router.get(
    '/app/:appId/settings',
    manage('settings.read', ({ scope }) => invites.settings(undefined, scope)),
  )

  router.put(
    '/app/:appId/settings',
    manage('settings.write', ({ body, scope }) => invites.settings(body as Parameters<Invites['settings']>[0], scope)),
  )

  let description: object | undefined
  router.get('/openapi.json', (_req, res) => {
    description ??= openApiDocument(context.config)
    res.json(description)
  })

  router.use((error: unknown, _req: Request, res: Response, next: NextFunction) => {
    if (error instanceof HostFailure) next(error.error)
    else if (error instanceof InviteError && !res.headersSent) sendProblem(context, res, error)
    else next(error)
  })

  return router
}

function crossSiteDetail({ config }: Context): string {
  return (
    `A request that carries a cookie is only taken from ${config.origin}, as browsers say by Origin and Sec-Fetch-Site: ` +
    'another site may not send it in your name. Programs send an Authorization header, or that Origin.'
  )
}

function changes(req: Request): boolean {
  return req.method !== 'GET' && req.method !== 'HEAD'
}

function param(req: Request, name: string): string {
  const value: unknown = req.params[name]
  return typeof value === 'string' ? value : ''
}

/** Beside what a limiter of the host's may have told: both headers are lists. */
function tellStanding(res: Response, standing: RateLimitHeaders): void {
  for (const [name, value] of Object.entries(standing)) res.append(name, value)
}

/** GET and DELETE take nothing but what Catalyze's clients send along. */
function onlyModelFields(req: Request, body: unknown): void {
  read(emptySchema, without([...modelFields, 'email'], req.query))
  read(emptySchema, without([...modelFields, 'email'], body))
}

function without(names: readonly string[], fields: unknown): unknown {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return fields
  return Object.fromEntries(Object.entries(fields as Fields).filter(([name]) => !names.includes(name)))
}
