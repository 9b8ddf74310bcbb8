// A login at the place where the user row is made: whoever has a user gets in, anybody else by an invite.
import type { Request } from 'express'
import { parseAddress } from '../addresses.js'
import type { AppConfig } from '../app-config.js'
import { appOf, type Context, modeOf } from '../context.js'
import { InviteError } from '../errors.js'
import { checkNames } from '../option-names.js'
import type { Awaitable } from '../options.js'
import { type AcceptOptions, type Claim, type ClaimInput, isUserId } from '../use-cases/claim.js'
import { explicitCode } from './credentials.js'
import { type Arrival, claimAtDoor, forgetCookie, refuse } from './door.js'
import { holdsAnotherCode } from './join-cookie.js'
import { warnOfApp, warnOfFormPost } from './misconfiguration.js'
import { assertedAddress, isLocal, type LoginAddress, type LoginDetails } from './provider-address.js'
import { forgetRoundTrip, roundTripOf } from './round-trip-cookie.js'

/** How a host finds and makes its users. */
export interface AdmitOptions<User, Profile> {
  /**
   * The user that this login belongs to, who needs no invite and uses none up; `null` where there is none yet; `false`
   * where there is one and this is not them, such as with a wrong password.
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

const UNPROVEN =
  'This invite is for one e-mail address, and the login did not show that it is yours. Open the link in the mail that ' +
  'it came in, or verify your address where you signed in.'

/** The user of this login, found or made; `false` where `findUser` said so. @throws InviteError where it is refused. */
export async function logIn<User extends object, Profile>(
  context: Context,
  app: AppConfig,
  options: AdmitOptions<User, Profile>,
  profile: Profile,
  details: LoginDetails,
): Promise<User | false> {
  const { appId } = app
  const { req } = details
  warnOfApp(context, req)
  const known = await options.findUser(profile, details)
  if (known === false) return false
  if (known) return foundUser(known)
  if (await options.exempt?.(profile, details)) {
    if ((await modeOf(context, app)) === 'closed') throw refuse(context, appId, new InviteError('signup_closed'))
    return await made(options.createUser(profile, undefined, details))
  }
  let isUnproven = false
  const address = async () => {
    const whose = addressFor(await (options.email ?? assertedAddress)(profile, details), isLocal(details))
    isUnproven = whose.email === undefined
    return whose
  }
  const { claim, forget } =
    (await heldHere(context, req, appId, address)) ?? (await claimBrought(context, req, appId, address).catch(explain))

  function explain(error: unknown): never {
    if (error instanceof InviteError && error.code === 'invite_required') warnOfFormPost(context, req, appId)
    const isMismatch = error instanceof InviteError && error.code === 'invite_email_mismatch'
    throw isMismatch && isUnproven ? new InviteError(error.code, { detail: UNPROVEN }) : error
  }

  const user = await signUp(claim, (invite) => made(options.createUser(profile, invite, details)))
  forget()
  return user
}

/** An invite, if one is needed, and what clears the cookies that it came in. */
interface Brought {
  readonly claim: Claim | undefined
  readonly forget: () => void
}

/**
 * What `requireInvite` holds on this very route, for the address that it was told; the login must not be another's.
 * @throws InviteError `invite_email_mismatch`.
 */
async function heldHere(
  context: Context,
  req: Request,
  appId: string,
  address: Arrival['address'],
): Promise<Brought | undefined> {
  const claim = req.invite?.appId === appId ? req.invite : undefined
  if (claim === undefined) return undefined
  const { email } = await address()
  const canonical = (given: string) => parseAddress(given)?.canonical
  if (claim.email !== null && typeof email === 'string' && canonical(email) !== canonical(claim.email)) {
    throw refuse(context, appId, new InviteError('invite_email_mismatch'))
  }
  return { claim, forget: () => req.res && forgetCookie(context, req, req.res, appId) }
}

async function claimBrought(
  context: Context,
  req: Request,
  appId: string,
  address: Arrival['address'],
): Promise<Brought> {
  const explicit = await explicitCode(req, undefined)
  const trip = roundTripOf(context, req, appId)
  const used = explicit ?? trip?.credentials?.inviteCode
  const forget = () => {
    if (!req.res) return
    if (trip !== undefined) forgetRoundTrip(context, req.res, trip)
    // By now another tab may have followed another link, and begins its login with that.
    if (trip === undefined || !holdsAnotherCode(context, req, appId, used)) forgetCookie(context, req, req.res, appId)
  }
  const carried = trip && (trip.credentials ?? null)
  return { claim: await claimAtDoor(context, { req, appId, explicit, carried, address, forget }), forget }
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

/** The list of rows that many queries give, empty or not, would let everybody in. */
function foundUser<User>(known: User): User {
  if (typeof known === 'object' && !Array.isArray(known)) return known
  throw new TypeError('admit: `findUser` must return the user itself, an object; `null` where there is none.')
}

async function made<User>(creating: Awaitable<User>): Promise<User> {
  const user = await creating
  if (user) return user
  throw new TypeError('admit: `createUser` must return the user that it made. To refuse somebody, throw.')
}

function userIdOf(user: unknown): AcceptOptions['userId'] {
  const { id } = user as { readonly id?: unknown }
  return isUserId(id) ? id : undefined // the account exists, whatever it is called
}

/** The address that the claim is judged by: one that somebody else only says is theirs proves nothing. */
function addressFor(
  found: LoginAddress | string | null | undefined,
  isLocal: boolean,
): Pick<ClaimInput, 'email' | 'emailAsserted'> {
  const { address, verified } = typeof found === 'string' ? { address: found, verified: false } : (found ?? {})
  const emailAsserted = verified === true
  return { email: isLocal || emailAsserted ? (address ?? undefined) : undefined, emailAsserted }
}

/** @throws TypeError where an option is unknown, missing or wrong. */
export function checkAdmitOptions<User, Profile>(
  name: string,
  context: Context,
  options: AdmitOptions<User, Profile>,
  others: readonly string[] = [],
): AppConfig {
  checkNames(name, options, ['findUser', 'createUser', 'email', 'appId', 'exempt', ...others])
  for (const option of ['findUser', 'createUser', 'email', 'exempt'] as const) {
    const isMissing = options[option] === undefined && (option === 'findUser' || option === 'createUser')
    if (isMissing || (options[option] !== undefined && typeof options[option] !== 'function')) {
      throw new TypeError(`${name}: \`${option}\` must be a function of the profile.`)
    }
  }
  return appOf(context, options.appId)
}
