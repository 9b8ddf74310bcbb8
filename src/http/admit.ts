// `admit`: the gate inside a Passport verify callback, where the user row is made.
import type { Request } from 'express'
import type { AppConfig } from '../app-config.js'
import { appOf, type Context, modeOf } from '../context.js'
import { InviteError, type InviteErrorCode } from '../errors.js'
import { contextOf, type Invites } from '../invites.js'
import { checkNames } from '../option-names.js'
import type { Awaitable } from '../options.js'
import type { AcceptOptions, Claim } from '../use-cases/claim.js'
import { codeFromRequest } from './credentials.js'
import { claimAtDoor, forgetCookie } from './door.js'
import { warnOfApp } from './misconfiguration.js'
import { assertedAddress, isLocal, type LoginAddress, type LoginDetails, profileIn } from './provider-address.js'

/** How a host finds and makes its users. */
export interface AdmitOptions<User, Profile> {
  /**
   * The user that this login belongs to, who needs no invite; `null` where there is none yet; `false` where there is one
   * and this is not them, such as with a wrong password.
   */
  findUser(profile: Profile, details: LoginDetails): Awaitable<User | null | undefined | false>
  /**
   * Makes the user, with what the invite grants: `role`, `orgId`, `inviter`. `undefined` stands for mode `open`
   * without an invite, and for who is exempt. For one transaction of both, call `invite.accept({ userId, trx })` in it;
   * else the use is accepted afterwards, with the new user's `id`. What it throws gives the use back.
   */
  createUser(profile: Profile, invite: Claim | undefined, details: LoginDetails): Awaitable<User>
  /**
   * The address of the login, and whether the provider asserts that it is theirs; a string is one that it does not.
   * Default: what common providers say of it in the profile; the user name of a local login.
   */
  readonly email?:
    | ((profile: Profile, details: LoginDetails) => Awaitable<LoginAddress | string | null | undefined>)
    | undefined
  /** The app that is signed up to. Default: the only one, or `default`. */
  readonly appId?: string | undefined
  /** Whom no invite is asked for, such as everybody of a trusted provider; while `closed`, nobody gets in. Default: nobody. */
  readonly exempt?: ((profile: Profile, details: LoginDetails) => Awaitable<boolean>) | undefined
}

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
  const app = checkOptions(context, options)
  const { appId } = app

  async function login(profile: Profile, details: LoginDetails): Promise<User | false> {
    const { req } = details
    warnOfApp(context, req)
    const known = await options.findUser(profile, details)
    if (known || known === false) return known
    if (await options.exempt?.(profile, details)) {
      if ((await modeOf(context, app)) === 'closed') throw new InviteError('signup_closed')
      return await made(options.createUser(profile, undefined, details))
    }
    const held = req.invite?.appId === appId ? req.invite : undefined // by `requireInvite` on this very route
    const claim = held ?? (await claimFor(profile, details))
    const user = await signUp(claim, (invite) => made(options.createUser(profile, invite, details)))
    if (req.res) forgetCookie(context, req, req.res, appId)
    return user
  }

  async function claimFor(profile: Profile, details: LoginDetails): Promise<Claim | undefined> {
    const { req } = details
    const { res } = req
    return await claimAtDoor(context, {
      req,
      appId,
      explicit: codeFromRequest(req),
      address: async () => addressFor(await (options.email ?? assertedAddress)(profile, details), isLocal(details)),
      forget: () => res && forgetCookie(context, req, res, appId),
    })
  }

  function admitLogin(...values: unknown[]): void {
    const done = values.at(-1) as Done
    const [req, ...given] = values.slice(0, -1) as [Request, ...unknown[]]
    if (typeof done !== 'function' || typeof req?.get !== 'function') throw needRequest()
    const details = { req, values: given }
    login(profileIn(details) as Profile, details).then(
      (user) => done(null, user),
      (error: unknown) => (isRefusal(error) ? done(null, false, refusalOf(error)) : done(error)),
    )
  }

  // Strategies count the parameters. passport-openidconnect gives the ID token to eight; to the others it is no number
  // of theirs, and they give what they give to most.
  return Object.defineProperty(admitLogin, 'length', { value: 8 })
}

/** Makes the account while the use is held, and counts the use. Whatever fails gives it back. */
async function signUp<User>(
  claim: Claim | undefined,
  create: (invite: Claim | undefined) => Promise<User>,
): Promise<User> {
  if (claim === undefined) return await create(undefined)
  let isCounted = false
  const invite: Claim = {
    ...claim,
    async accept(options: AcceptOptions = {}) {
      const acceptance = await claim.accept(options)
      isCounted = options.trx === undefined // else it is told of once it is found committed
      return acceptance
    },
  }
  try {
    const user = await create(invite)
    if (!isCounted) await claim.accept({ userId: userIdOf(user) })
    return user
  } catch (error) {
    await claim.release().catch(() => undefined) // then it lapses
    throw error
  }
}

async function made<User>(creating: Awaitable<User>): Promise<User> {
  const user = await creating
  if (user) return user
  throw new TypeError('admit: `createUser` must return the user that it made. To refuse somebody, throw.')
}

function userIdOf(user: unknown): AcceptOptions['userId'] {
  const { id } = user as { readonly id?: unknown }
  return typeof id === 'string' || typeof id === 'number' || typeof id === 'bigint' ? id : undefined
}

/** The address that the claim is judged by: one that somebody else only says is theirs proves nothing. */
function addressFor(found: LoginAddress | string | null | undefined, isLocal: boolean): string | undefined {
  const { address, verified } = typeof found === 'string' ? { address: found, verified: false } : (found ?? {})
  return isLocal || verified === true ? (address ?? undefined) : undefined
}

function isRefusal(error: unknown): error is InviteError {
  return error instanceof InviteError && error.status < 500
}

function refusalOf({ code, message, status }: InviteError): Refusal {
  return { code, message, status }
}

function needRequest(): TypeError {
  return new TypeError(
    'admit needs the request: give the strategy `passReqToCallback: true`, as in new Strategy({ …, passReqToCallback: true }, admit(…)).',
  )
}

function checkOptions<User, Profile>(context: Context, options: AdmitOptions<User, Profile>): AppConfig {
  checkNames('admit', options, ['findUser', 'createUser', 'email', 'appId', 'exempt'])
  for (const name of ['findUser', 'createUser', 'email', 'exempt'] as const) {
    const isMissing = options[name] === undefined && (name === 'findUser' || name === 'createUser')
    if (isMissing || (options[name] !== undefined && typeof options[name] !== 'function')) {
      throw new TypeError(`admit: \`${name}\` must be a function of the profile.`)
    }
  }
  return appOf(context, options.appId)
}
