// `inviteRouter`: the HTTP interface, one route a use case.
import express, { type NextFunction, type Request, type Response, type Router } from 'express'
import { InviteError } from '../errors.js'
import { contextOf } from '../invites.js'
import { type AuthorizeOption, checkAuthorize, HostFailure } from './authorization.js'
import type { Invites } from './invites.js'
import { warnOfApp } from './misconfiguration.js'
import { sendProblem } from './problem.js'
import { loadPages } from './refusal-page.js'
import { loadRequestPages } from './request-page.js'
import { addAccessRequests } from './routes/access-requests.js'
import { addInvites } from './routes/invites.js'
import { addKeys } from './routes/keys.js'
import { addLists } from './routes/lists.js'
import { addNoMore } from './routes/no-more.js'
import { addPrivacy } from './routes/privacy.js'
import { addRecord } from './routes/record.js'
import { routesFor } from './routes/routes.js'
import { addSettings } from './routes/settings.js'
import { addVisitors } from './routes/visitors.js'
import { unshape } from './unshape.js'

/** The options of {@link inviteRouter}: who may do what. */
export type InviteRouterOptions = AuthorizeOption

/**
 * The routes of the gate, to be mounted where `baseUrl` says.
 * @throws TypeError where `authorize` is missing or an option unknown.
 */
export function inviteRouter(invites: Invites, options: InviteRouterOptions): Router {
  const context = contextOf(invites)
  checkAuthorize('inviteRouter', options)
  loadPages(context) // a wrong template is told now
  loadRequestPages(context)
  const router = express.Router()

  router.use((req, res, next) => {
    unshape(req, res)
    warnOfApp(context, req)
    res.setHeader('Cache-Control', 'no-store')
    res.setHeader('Referrer-Policy', 'no-referrer')
    res.setHeader('X-Robots-Tag', 'noindex')
    next()
  })

  const routes = routesFor(router, invites, context, options)
  addVisitors(routes)
  addRecord(routes)
  addInvites(routes)
  addLists(routes)
  addSettings(routes)
  addKeys(routes)
  addAccessRequests(routes)
  addNoMore(routes)
  addPrivacy(routes)

  let description: Promise<object> | undefined
  router.get('/openapi.json', (_req, res, next) => {
    // Loaded where it is asked for: most processes never are.
    description ??= import('./openapi.js').then(({ openApiDocument }) => openApiDocument(context.config))
    description.then((document) => res.json(document), next)
  })

  router.use((error: unknown, _req: Request, res: Response, next: NextFunction) => {
    if (error instanceof HostFailure) next(error.error)
    else if (error instanceof InviteError && !res.headersSent) sendProblem(context, res, error)
    else next(error)
  })

  return router
}
