// What the routes are made with: the frame around those that manage, and that around those for everybody.
import type { NextFunction, Request, RequestHandler, Response, Router } from 'express'
import { appOf, type Context } from '../../context.js'
import { InviteError } from '../../errors.js'
import type { Action } from '../../types.js'
import { askAppKey } from '../app-keys.js'
import { type AuthorizeOption, askHost, changes, isCookieBorne, isCrossSite, type Managed } from '../authorization.js'
import { readJson } from '../body.js'
import { type Repeatable, repeatable } from '../idempotency.js'
import type { Invites } from '../invites.js'
import { sendJson } from '../json.js'

type ReadBody = (req: Request, res: Response) => Promise<unknown>

/** The router that is made, and what its routes are made with. */
export interface Routes {
  readonly router: Router
  readonly invites: Invites
  readonly context: Context
  /** A management route: cross-site rule, the host's word, the body, and then `handle`, whose result is the answer. */
  manage(action: Action, handle: (managed: Managed) => Promise<unknown>, readBody?: ReadBody): RequestHandler
  /** For `manage`: the request may be sent again under an `Idempotency-Key`. */
  once(handle: Repeatable): (managed: Managed) => Promise<unknown>
  /** A route for everybody. */
  open(handle: (req: Request, res: Response) => Promise<void>): RequestHandler
}

export function routesFor(router: Router, invites: Invites, context: Context, options: AuthorizeOption): Routes {
  return {
    router,
    invites,
    context,
    manage:
      (action, handle, readBody = readJson) =>
      async (req: Request, res: Response, next: NextFunction) => {
        try {
          if (changes(req) && isCookieBorne(req) && isCrossSite(context, req)) {
            throw new InviteError('not_allowed', { detail: crossSiteDetail(context) })
          }
          const appId = param(req, 'appId')
          const actor = (await askAppKey(context, req, appId, action)) ?? (await askHost(options, req, appId, action))
          appOf(context, appId)
          const body = await readBody(req, res)
          const answer = await handle({ req, res, action, body, scope: { appId, actor } })
          if (!res.headersSent) sendJson(res, answer) // a stream has answered already
        } catch (error) {
          next(error)
        }
      },
    once: (handle) => repeatable(context, handle),
    open: (handle) => (req: Request, res: Response, next: NextFunction) => {
      handle(req, res).catch(next)
    },
  }
}

/** A part of the path; empty where it is not there. */
export function param(req: Request, name: string): string {
  const value: unknown = req.params[name]
  return typeof value === 'string' ? value : ''
}

function crossSiteDetail({ config }: Context): string {
  return (
    `A request that carries a cookie is only taken from ${config.origin}, as browsers say by Origin and Sec-Fetch-Site: ` +
    'another site may not send it in your name. Programs send an Authorization header, or that Origin.'
  )
}
