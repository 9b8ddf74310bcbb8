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

/** Where a request has its watch, and the one that is Passport's. */
const watched = Symbol('watched')
type Watched = PassportRequest & { [watched]?: LoginWatch & { manager: unknown } }

/**
 * Watches the request from here on. `passport.authenticate` (0.6 and 0.7) assigns `req._sessionManager` each time it
 * runs, and leaves no other trace where it ends in a `failureRedirect`.
 */
export function watchLogin(request: Request): LoginWatch {
  const req = request as Watched
  const watch = { user: req.user, authInfo: req.authInfo, passportRan: false, manager: Reflect.get(req, MANAGER) }
  req[watched] = watch
  Object.defineProperty(req, MANAGER, sessionManager)
  return watch
}

const MANAGER = '_sessionManager'

// One for all requests: with getters of their own, no two would be alike to V8, and all that reads them would be slow.
const sessionManager: PropertyDescriptor & ThisType<Watched> = {
  configurable: true,
  enumerable: true,
  get() {
    return this[watched]?.manager
  },
  set(value: unknown) {
    const watch = this[watched]
    if (watch) Object.assign(watch, { manager: value, passportRan: true })
  },
}

/**
 * Whether this request logged somebody in: `req.user` or `req.authInfo` is new since the gate. For
 * `requireInvite(invites, { succeeded: loggedIn })` on routes that answer a failed signup as if it had succeeded, such
 * as a form that is shown again with status 200.
 */
export function loggedIn(req: Request): boolean {
  const { user, authInfo, [watched]: before } = req as Watched
  return (user != null && user !== before?.user) || (authInfo != null && authInfo !== before?.authInfo)
}
