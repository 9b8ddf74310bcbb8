// Claiming: one use is held while the account is being made, and then accepted or given back.
import { type Address, parseAddress } from '../addresses.js'
import type { AppConfig } from '../app-config.js'
import { appOf, type Context, type KnownScope } from '../context.js'
import { InviteError, type InviteErrorCode } from '../errors.js'
import { hashOfTyped } from '../human-codes.js'
import { orderedId } from '../ids.js'
import { invalidField } from '../input.js'
import { checkNames } from '../option-names.js'
import { isProven } from '../proofs.js'
import { PAUSED } from '../record-types.js'
import type { ClaimedInvite, ClaimRefusal, ClaimResult } from '../store.js'
import type { Acceptance, Inviter } from '../types.js'
import { inviterOf } from '../views.js'
import type { Credentials } from './check.js'
import { recorded, sameJoined, tellJoined } from './joining.js'
import { stillGranted } from './manage.js'

/** How to claim. */
export interface ClaimInput extends Credentials {
  /** The address of whoever signs up; `false` where the host has no addresses and takes the code alone. */
  readonly email?: string | false | undefined
  /**
   * Whether somebody you trust, such as a login provider, asserts that this address is theirs. Where a shareable invite
   * is then accepted, the pending one that was sent to this address, in the same app and organization, is revoked. Never
   * pass it of an address that was only typed: strangers could revoke others' invites. Default: false.
   */
  readonly emailAsserted?: boolean | undefined
}

/** How to accept. */
export interface AcceptOptions {
  /** The host's id of the new user. Accepting again for the same one changes nothing. */
  readonly userId?: string | number | bigint | null | undefined
  /**
   * Whether somebody has to approve the new member first, as your app has it. The use counts and the account may exist; what
   * it may do before is yours to say: `invites.events` tells `decided`, and `acceptances({ userId })` knows. Default: false.
   */
  readonly pendingApproval?: boolean | undefined
  /** The host's open transaction, to commit or roll back with. `accepted` is told by the gate, or by accepting again. */
  readonly trx?: unknown
}

/** What names a claim, in this process or another. */
export interface ClaimKey {
  /** Unique to this claim. */
  readonly claimId: string
  /** The invite's id. */
  readonly id: string
  /** The app that is signed up to. */
  readonly appId: string
  /** The address that the account is made with. */
  readonly email: string | null
  /** Whether accepting closes the invite that was sent to that address; see {@link ClaimInput.emailAsserted}. */
  readonly emailAsserted?: boolean | undefined
}

/** One use, held for whoever is signing up. It lapses by itself after `claimTtlMs`. */
export interface Claim extends ClaimKey {
  /** Whether whoever came has read the mail that the invite was sent in. */
  readonly emailVerified: boolean
  /** To be given to the new account; `null`: none. */
  readonly role: string | null
  /** The organization that the new account joins; `null`: none. */
  readonly orgId: string | null
  /** Who the invite comes from; `null`: nobody was named. */
  readonly inviter: Inviter | null
  /** The invite's metadata; `null`: none. */
  readonly metadata: Readonly<Record<string, unknown>> | null
  /**
   * Counts the use, for ever: the account exists.
   * @throws InviteError `invite_claim_lost` where the claim lapsed and its use is gone, `store_unavailable`.
   */
  accept(options?: AcceptOptions): Promise<Acceptance>
  /** As `accept`, inside a synchronous transaction of better-sqlite3: `acceptSync({ userId, trx: db })`. */
  acceptSync(options: AcceptOptions): Acceptance
  /** Gives the use back, and says whether it was still held: nothing happens where it was accepted or released. */
  release(): Promise<boolean>
}

const codes: Readonly<Record<ClaimRefusal, InviteErrorCode>> = {
  closed: 'signup_closed',
  full: 'signup_closed',
  unknown: 'invite_invalid',
  used: 'invite_used',
  expired: 'invite_expired',
  email_mismatch: 'invite_email_mismatch',
  paused: 'not_allowed',
  claimed: 'invite_claimed',
}

const NO_ADDRESS = 'This invite needs the e-mail address that it is for.'

// Most signups end within seconds; one whose process was killed is waited for until it lapses.
const MAX_RETRY_SECONDS = 5

/** @throws InviteError where nobody may sign up with this. */
export async function claimInvite(
  context: Context,
  input: ClaimInput,
  scope: Pick<KnownScope, 'appId'>,
): Promise<Claim> {
  const app = appOf(context, scope.appId)
  if (typeof input.inviteCode !== 'string') throw invalidField('inviteCode', 'must be an invite code, as a string')
  const address = readAddress(input.email)
  const now = context.config.clock()
  const claimId = orderedId('claim')
  const result = await context.store.claim({
    claimId,
    appId: app.appId,
    codeHash: await hashOfTyped(context, app.appId, input.inviteCode),
    email: address ?? null,
    withoutEmail: input.email === false || input.proof !== undefined,
    now,
    lapsesAt: now + context.config.claimTtlMs,
    defaultMode: app.mode,
    defaultSeats: app.seats,
  })
  if (!result.admitted) throw refused(result, address, now)
  const { invite } = result
  try {
    return await judge(context, app, { claimId, invite, address, input })
  } catch (error) {
    await context.store.release({ claimId, inviteId: invite.id }).catch(() => undefined) // then it lapses
    throw error
  }
}

/** What only this process can judge, on the very row that was held. */
async function judge(
  context: Context,
  app: AppConfig,
  held: { claimId: string; invite: ClaimedInvite; address: Address | undefined; input: ClaimInput },
): Promise<Claim> {
  const { claimId, invite, address, input } = held
  const emailVerified = isProven(context, invite, input.proof)
  const byProofAlone = invite.emailCanonical !== null && address === undefined && input.email !== false
  if (byProofAlone && !emailVerified) throw new InviteError('invite_email_mismatch', { detail: NO_ADDRESS })
  await stillGranted(context, invite)
  return claimHandle(context, {
    claimId,
    id: invite.id,
    appId: app.appId,
    email: invite.email ?? address?.original ?? null,
    emailAsserted: input.emailAsserted === true && invite.email === null && address !== undefined,
    emailVerified,
    role: invite.role,
    orgId: invite.orgId,
    inviter: inviterOf(invite),
    metadata: invite.metadata,
  })
}

function claimHandle(context: Context, held: Omit<Claim, 'accept' | 'acceptSync' | 'release'>): Claim {
  // Accepted in the host's transaction, which may yet be rolled back: told once accepting again finds it committed.
  let untold: Acceptance | undefined
  return {
    ...held,
    async accept(options = {}) {
      if (options.trx === undefined) {
        const acceptance = await acceptClaim(context, held, options, untold)
        untold = undefined
        return acceptance
      }
      const joined = recorded(context, await context.store.accept(acceptRequest(context, held, options), options.trx))
      untold = sameJoined(untold, joined)
      return untold
    },
    acceptSync(options) {
      if (context.store.acceptSync === undefined) {
        throw new TypeError('acceptSync is for stores with synchronous transactions, such as sqliteStore. Use accept.')
      }
      const joined = recorded(context, context.store.acceptSync(acceptRequest(context, held, options), options.trx))
      untold = sameJoined(untold, joined)
      return untold
    },
    release: () => releaseClaim(context, held),
  }
}

/** Accepts by key, outside any transaction of the host's. */
export async function acceptClaim(
  context: Context,
  key: ClaimKey,
  options: Omit<AcceptOptions, 'trx'> = {},
  untold?: Acceptance,
): Promise<Acceptance> {
  const result = await context.store.accept(acceptRequest(context, key, options))
  const acceptance = sameJoined(untold, recorded(context, result))
  if (untold || (result.accepted && result.fresh)) tellJoined(context, acceptance)
  return acceptance
}

/** Whether there was a hold to give back. */
export async function releaseClaim({ store }: Context, key: Pick<ClaimKey, 'claimId' | 'id'>): Promise<boolean> {
  return await store.release({ claimId: key.claimId, inviteId: key.id })
}

function acceptRequest(context: Context, key: ClaimKey, options: AcceptOptions) {
  checkNames('accept', options, ['userId', 'pendingApproval', 'trx'])
  const app = appOf(context, key.appId)
  const { userId, pendingApproval = false } = options
  if (typeof pendingApproval !== 'boolean') throw new TypeError('accept({ pendingApproval }) is true or false.')
  const email = key.email === null ? null : (parseAddress(key.email)?.canonical ?? null)
  return {
    claimId: key.claimId,
    inviteId: key.id,
    appId: key.appId,
    acceptanceId: orderedId('acceptance'),
    userId: readUserId(userId),
    email,
    verifiedEmail: key.emailAsserted === true ? email : null,
    pendingApproval,
    now: context.config.clock(),
    defaultMode: app.mode,
    defaultSeats: app.seats,
    webhooks: app.webhooks.targets,
  }
}

/** One that names nobody, such as '' or NaN, would make everybody after it the same user again. */
function readUserId(userId: AcceptOptions['userId']): string | null {
  if (userId === undefined || userId === null) return null
  if (isUserId(userId)) return String(userId)
  throw new TypeError('accept({ userId }) takes the id of the new user: a string that is not empty, or a whole number.')
}

/** Whether it can name one user among others. */
export function isUserId(id: unknown): id is string | number | bigint {
  return typeof id === 'bigint' || Number.isSafeInteger(id) || (typeof id === 'string' && id !== '')
}

function readAddress(email: ClaimInput['email']): Address | undefined {
  if (email === undefined || email === false) return undefined
  const address = typeof email === 'string' ? parseAddress(email) : undefined
  if (address === undefined) throw invalidField('email', 'must be one plain e-mail address, such as ada@example.com')
  return address
}

function refused(result: ClaimResult & { admitted: false }, address: Address | undefined, now: number): InviteError {
  const seconds = Math.ceil(((result.lapsesAt ?? now) - now) / 1000)
  const headers =
    result.reason === 'claimed'
      ? { 'Retry-After': String(Math.min(Math.max(seconds, 1), MAX_RETRY_SECONDS)) }
      : undefined
  const details: Partial<Record<ClaimRefusal, string>> = {
    full: 'All places are taken.',
    paused: PAUSED,
    ...(address === undefined && { email_mismatch: NO_ADDRESS }),
  }
  const detail = details[result.reason]
  return new InviteError(codes[result.reason], { headers, detail })
}
