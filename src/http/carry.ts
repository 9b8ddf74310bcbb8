// `carryInvite`: sends an invite along with a login at a provider, from the route that starts it.
import type { Request, RequestHandler, Response } from 'express'
import onHeaders from 'on-headers'
import { appOf, type Context } from '../context.js'
import { InviteError } from '../errors.js'
import { mayBeCode } from '../human-codes.js'
import { contextOf } from '../invites.js'
import { checkNames } from '../option-names.js'
import type { Credentials } from '../use-cases/check.js'
import { hasBody } from './body.js'
import { codeFromRequest } from './credentials.js'
import { refuse } from './door.js'
import type { Invites } from './invites.js'
import { credentialsFor } from './join-cookie.js'
import { expectFormPosts, missingBodyParser, warnOfUnboundFormPost } from './misconfiguration.js'
import { begunBy, begunByForm, comesBack } from './round-trip.js'
import { sendAlong } from './round-trip-cookie.js'

/** The options of `carryInvite`. */
export interface CarryInviteOptions {
  /** The app that is signed up to. Default: the only one, or `default`. */
  readonly appId?: string | undefined
  /**
   * Whether the provider answers by a form that posts to the callback: Apple, SAML, `response_mode=form_post`. The
   * cookie is then SameSite=None, since browsers send no other with a POST from another site's page. Default: `false`.
   */
  readonly formPost?: boolean | undefined
}

/**
 * For the route that starts a login at a provider, before what redirects to it. The invite, from `inviteCode` in the
 * body or query (the code, or the whole last part of a join link), else from the join cookie, goes along in a cookie
 * of that one login (signed, httpOnly, 15 minutes), which `admit` and `invites.admit` read in the callback; nothing
 * else does. So logins in two tabs keep each its own invite.
 *
 * A login is told from others by `state`, or in SAML by the request's ID or `RelayState`, as it stands in the redirect,
 * or by that ID in the page that posts it. Where there is none of them, the login that was begun last counts; but with
 * `formPost` nothing goes along then.
 *
 * Changes no row, and looks nothing up: the invite is judged in the callback. What cannot be a code goes to
 * `next(error)` as an `InviteError` `invite_invalid`, before the provider is asked.
 * @throws TypeError where an option is unknown or wrong, several apps leave open which is meant, or `formPost` is asked
 * for while `baseUrl` is http: browsers would not take the cookie.
 */
export function carryInvite(invites: Invites, options: CarryInviteOptions = {}): RequestHandler {
  const context = contextOf(invites)
  const { appId, formPost } = checkOptions(context, options)
  if (formPost) expectFormPosts(context, appId)

  return function carryInviteAlong(req, res, next) {
    try {
      const credentials = credentialsIn(context, req, appId)
      if (credentials !== undefined) {
        const page = watchPage(res)
        onHeaders(res, () => {
          const trip = tripBegun(context, req, res, page())
          if (trip === undefined) return
          // Whatever site had a login come back, a stranger's too, such a cookie would be taken for it.
          if (!formPost || trip.begun !== undefined) {
            sendAlong(context, req, res, { appId, ...trip, credentials, crossSite: formPost })
          } else if (res.get('Location') !== undefined) warnOfUnboundFormPost(context, req)
        })
      }
      next()
    } catch (error) {
      next(error)
    }
  }
}

function credentialsIn(context: Context, req: Request, appId: string): Credentials | undefined {
  if (hasBody(req) && !('body' in req)) throw missingBodyParser(context, 'carryInvite')
  const credentials = credentialsFor(context, req, appId, codeFromRequest(req))
  if (credentials === undefined || mayBeCode(context, credentials.inviteCode)) return credentials
  throw refuse(context, appId, new InviteError('invite_invalid'))
}

interface TripBegun {
  readonly begun: string | undefined
}

/**
 * The login that this answer begins; `undefined` where it begins none: it failed, leads back into the host, or is a
 * callback's that lies under the same path.
 */
function tripBegun({ config }: Context, req: Request, res: Response, page: string): TripBegun | undefined {
  if (res.statusCode >= 400) return undefined
  const location = res.get('Location')
  const url = location !== undefined && URL.canParse(location, config.origin) && new URL(location, config.origin)
  const begun = url ? begunBy(url) : begunByForm(page)
  if (begun !== undefined) return { begun }
  const isPage = location === undefined // with a form that posts to the provider
  return (isPage || (url && url.origin !== config.origin)) && !comesBack(req) ? { begun } : undefined
}

/** What the page begins with, known as soon as its head is about to be sent. */
function watchPage(res: Response): () => string {
  const { write, end } = res
  let first: unknown
  const seeing =
    <Result>(method: (...args: never[]) => Result) =>
    (...args: unknown[]): Result => {
      first ??= args[0]
      return Reflect.apply(method, res, args)
    }
  Object.assign(res, { write: seeing(write), end: seeing(end) })
  return () => (typeof first === 'string' || first instanceof Uint8Array ? Buffer.from(first).toString('utf8') : '')
}

function checkOptions(context: Context, options: CarryInviteOptions): { appId: string; formPost: boolean } {
  checkNames('carryInvite', options, ['appId', 'formPost'])
  const { formPost = false } = options
  if (typeof formPost !== 'boolean') throw new TypeError('carryInvite: `formPost` must be true or false.')
  if (formPost && context.config.isExposed) {
    throw new TypeError(
      `carryInvite: \`formPost\` needs https, and \`baseUrl\` is ${context.config.baseUrl}: browsers take such a cookie ` +
        'only when it is Secure. Serve the app by https and say so in `baseUrl`, or use localhost.',
    )
  }
  return { appId: appOf(context, options.appId).appId, formPost }
}
