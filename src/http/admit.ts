// `admit`: the gate inside a Passport verify callback, where the user row is made.
import type { Request } from 'express'
import { InviteError, type InviteErrorCode } from '../errors.js'
import { contextOf } from '../invites.js'
import type { Invites } from './invites.js'
import { type AdmitOptions, checkAdmitOptions, logIn } from './login.js'
import { profileIn } from './provider-address.js'
import { isRefusal, noteRefusal } from './refusals.js'

/** What a strategy is told of a login that was refused, beside `false`. */
export interface Refusal {
  /** Why, as `InviteError` has it. */
  readonly code: InviteErrorCode
  /** A sentence for whoever was refused. */
  readonly message: string
  /** The HTTP status that it stands for. */
  readonly status: number
}

/** A local login: what was typed. */
export interface LocalProfile {
  /** The user name, or the address where that is it. */
  readonly username: string
  /** As it was typed. */
  readonly password: string
}

/** The options of `admit`. */
export interface AdmitStrategyOptions<User, Profile> extends AdmitOptions<User, Profile> {
  /**
   * How many parameters the strategy is to see in the callback, `req` and `done` among them, where that decides what it
   * passes: 2 to 12. Default: 6, to which passport-oauth2 passes the token endpoint's `params` and passport-openidconnect
   * the ID token. For 10, the latter asks the provider's userinfo too.
   */
  readonly arity?: number | undefined
}

type Done = (error: unknown, user?: unknown, info?: Refusal) => void

/**
 * The verify callback of a Passport strategy, for `new Strategy({ …, passReqToCallback: true }, admit(invites, { … }))`.
 * Whoever has a user logs in, and no invite is looked at. Anybody else needs one, from the body, the query or the join
 * cookie; the use is held while `createUser` runs. Where that is refused, nobody is made and `done(null, false, info)`
 * is told why.
 *
 * An invite for one address needs that very address, asserted by the provider, or the link that was mailed to it.
 * @throws TypeError where an option is unknown, missing or wrong.
 */
// biome-ignore lint/suspicious/noExplicitAny: what a profile is, the strategy says, and `findUser: (profile: …)`
export function admit<User extends object, Profile = any>(
  invites: Invites,
  options: AdmitStrategyOptions<User, Profile>,
  // biome-ignore lint/suspicious/noExplicitAny: each strategy passes values of its own
): (...values: any[]) => void {
  const context = contextOf(invites)
  const app = checkAdmitOptions('admit', context, options, ['arity'])
  const { arity = 6 } = options
  if (!Number.isInteger(arity) || arity < 2 || arity > 12) {
    throw new TypeError('admit: `arity` must be how many parameters the strategy is to see, from 2 to 12.')
  }

  function admitLogin(...values: unknown[]): void {
    const done = values.at(-1) as Done
    const [req, ...given] = values.slice(0, -1) as [Request, ...unknown[]]
    if (typeof done !== 'function' || typeof req?.get !== 'function') throw needRequest()
    const details = { req, values: given }
    logIn(context, app, options, profileIn(details) as Profile, details)
      .then(
        (user) => (user === false ? done(null, false, toRefusal(notTheirs())) : done(null, user)),
        (error: unknown) => {
          if (!isRefusal(error)) throw error
          noteRefusal(req, error)
          done(null, false, toRefusal(error))
        },
      )
      .catch((error: unknown) => done(error)) // also what a callback of the host's throws, which would end the process
  }

  // Strategies count the parameters to know what is wanted.
  return Object.defineProperty(admitLogin, 'length', { value: arity })
}

function toRefusal({ code, message, status }: InviteError): Refusal {
  return { code, message, status }
}

function notTheirs(): InviteError {
  return new InviteError('not_authenticated', { detail: 'This is not the login of that account.' })
}

function needRequest(): TypeError {
  return new TypeError(
    'admit needs the request: give the strategy `passReqToCallback: true`, as in new Strategy({ …, passReqToCallback: true }, admit(…)).',
  )
}
