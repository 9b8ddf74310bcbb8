// Telling whether a login happened on a request, from what Passport leaves on it.
import type { Request } from 'express'

type PassportRequest = Request & { user?: unknown; authInfo?: unknown }

/** What the gate saw of the login before the host's handlers ran. */
interface LoginWatch {
  readonly user: unknown
  readonly authInfo: unknown
  /** Whether a Passport strategy ran since. */
  passportRan: boolean
}

const watches = new WeakMap<Request, LoginWatch>()

/**
 * Watches the request from here on. `passport.authenticate` (0.6 and 0.7) assigns `req._sessionManager` each time it
 * runs, and leaves no other trace where it ends in a `failureRedirect`.
 */
export function watchLogin(req: Request): LoginWatch {
  const { user, authInfo } = req as PassportRequest
  const watch: LoginWatch = { user, authInfo, passportRan: false }
  let manager: unknown = Reflect.get(req, '_sessionManager')
  Object.defineProperty(req, '_sessionManager', {
    configurable: true,
    enumerable: true,
    get: () => manager,
    set: (value: unknown) => {
      manager = value
      watch.passportRan = true
    },
  })
  watches.set(req, watch)
  return watch
}

/**
 * Whether this request logged somebody in: `req.user` or `req.authInfo` is new since the gate. For
 * `requireInvite(invites, { succeeded: loggedIn })` on routes that answer a failed signup as if it had succeeded, such
 * as a form that is shown again with status 200.
 */
export function loggedIn(req: Request): boolean {
  const { user, authInfo } = req as PassportRequest
  const before = watches.get(req)
  return (user != null && user !== before?.user) || (authInfo != null && authInfo !== before?.authInfo)
}
