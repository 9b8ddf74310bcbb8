// `admit`: the gate inside a Passport verify callback, where the user row is made.
import type { Request } from 'express'
import type { InviteError, InviteErrorCode } from '../errors.js'
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
  options: AdmitOptions<User, Profile>,
  // biome-ignore lint/suspicious/noExplicitAny: each strategy passes values of its own
): (...values: any[]) => void {
  const context = contextOf(invites)
  const app = checkAdmitOptions('admit', context, options)

  function admitLogin(...values: unknown[]): void {
    const done = values.at(-1) as Done
    const [req, ...given] = values.slice(0, -1) as [Request, ...unknown[]]
    if (typeof done !== 'function' || typeof req?.get !== 'function') throw needRequest()
    const details = { req, values: given }
    logIn(context, app, options, profileIn(details) as Profile, details).then(
      (user) => done(null, user),
      (error: unknown) => {
        if (!isRefusal(error)) return done(error)
        noteRefusal(req, error)
        done(null, false, toRefusal(error))
      },
    )
  }

  // Strategies count the parameters. passport-openidconnect gives the ID token to eight; to the others it is no number
  // of theirs, and they give what they give to most.
  return Object.defineProperty(admitLogin, 'length', { value: 8 })
}

function toRefusal({ code, message, status }: InviteError): Refusal {
  return { code, message, status }
}

function needRequest(): TypeError {
  return new TypeError(
    'admit needs the request: give the strategy `passReqToCallback: true`, as in new Strategy({ …, passReqToCallback: true }, admit(…)).',
  )
}
