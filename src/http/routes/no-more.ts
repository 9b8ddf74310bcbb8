// The routes by which whoever is mailed has no more of it: a page that asks, and the POST that does it (RFC 8058).
import type { Request, Response } from 'express'
import type { AppConfig } from '../../app-config.js'
import { appOf } from '../../context.js'
import { InviteError } from '../../errors.js'
import { read } from '../../input.js'
import { readNoMoreToken } from '../../mail/no-more.js'
import { loadNoMorePage, noMoreValues } from '../../no-more-page.js'
import { inviteeNote } from '../../notes.js'
import { noMoreSchema } from '../../schemas/no-more.js'
import { readForm, readJson } from '../body.js'
import { sendJson } from '../json.js'
import { policyOf, sendHtml } from '../page-policy.js'
import { sendRefusal, wantsPage } from '../refusal-page.js'
import { param, type Routes } from './routes.js'

interface Reader {
  readonly app: AppConfig
  /** What the refusal is kept under. */
  readonly id: string
}

export function addNoMore({ router, context, open }: Routes): void {
  const pages = new Map(
    [...context.config.apps.values()].map((app) => {
      const page = loadNoMorePage(app) // a wrong template is told now
      return [app.appId, { ...page, policy: policyOf(context, app, page) }]
    }),
  )
  const path = '/app/:appId/no-more/:token'

  router.get(
    path,
    answering(async (req, res, reader) => send(req, res, reader, await refuses(reader))),
  )

  router.post(
    path,
    answering(async (req, res, reader) => {
      const { choice } = read(noMoreSchema, await fieldsOf(req, res))
      const { id, app } = reader
      const now = context.config.clock()
      const action = choice === 'resume' ? 'mail.allow' : 'mail.refuse'
      const logged = { appId: app.appId, note: inviteeNote(action, app) }
      if (choice === 'resume') await context.store.allowMail({ ids: [id], now, logged })
      else await context.store.refuseMail({ id, now, logged })
      send(req, res, reader, choice !== 'resume')
    }),
  )

  function answering(handle: (req: Request, res: Response, reader: Reader) => Promise<void>) {
    return open(async (req, res) => {
      const appId = param(req, 'appId')
      try {
        const app = appOf(context, appId)
        const id = readNoMoreToken(context, appId, param(req, 'token'))
        if (id === undefined) {
          throw new InviteError('invite_not_found', { detail: 'This link is not complete. Copy all of it.' })
        }
        await handle(req, res, { app, id })
      } catch (error) {
        if (!(error instanceof InviteError)) throw error
        sendRefusal(context, req, res, error, { app: context.config.apps.get(appId), links: {} })
      }
    })
  }

  function refuses({ id }: Reader): Promise<boolean> {
    return context.store.refusesMail({ ids: [id] })
  }

  function send(req: Request, res: Response, { app }: Reader, noMoreMail: boolean): void {
    const page = pages.get(app.appId)
    res.vary('Accept')
    if (page === undefined || !wantsPage(req)) {
      sendJson(res, { noMoreMail })
      return
    }
    const action = `${context.config.baseUrl}/app/${app.appId}/no-more/${param(req, 'token')}`
    sendHtml(res, page.policy, page.render(noMoreValues(app, action, noMoreMail)))
  }
}

/** Mail programs send `List-Unsubscribe=One-Click`, as a form of either kind: what it says is in the address. */
async function fieldsOf(req: Request, res: Response): Promise<unknown> {
  if (req.is('multipart')) return {}
  if (!req.is('urlencoded')) return await readJson(req, res)
  const { choice } = await readForm(req, res)
  return choice === undefined ? {} : { choice }
}
