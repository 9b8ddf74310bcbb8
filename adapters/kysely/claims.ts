// Holding, accepting and giving back the uses of an invite: the statements that the whole gate rests on.
//
// Each operation runs in one write transaction. What admits is the predicate of an UPDATE on the invite's own row,
// never something read before that row was locked; and whatever clears claim rows lowers `held` by as many. Claim rows
// are only touched under the lock of their invite, so that no two transactions wait for each other.
import { modeAt } from '../../src/modes.js'
import type {
  AcceptRequest,
  AcceptResult,
  ClaimRefusal,
  ClaimRequest,
  ClaimResult,
  InviteRecord,
  StoredSettings,
} from '../../src/store.js'
import { claimStatements } from './claim-statements.js'
import type { DeliveryOperations } from './deliveries.js'
import type { LogOperations } from './log.js'
import type { Operation } from './operation.js'
import type { PausingOperations } from './pausing.js'
import type { ReadingOperations } from './reading.js'
import { type AcceptanceRow, type InviteRow, toAcceptance, toInvite } from './records.js'
import type { RevokingOperations } from './revoking.js'
import type { Dialect } from './schema.js'
import type { SettingsOperations } from './settings.js'

export interface ClaimOperations {
  claim(request: ClaimRequest): Operation<ClaimResult>
  accept(request: AcceptRequest): Operation<AcceptResult>
  release(claim: { readonly claimId: string; readonly inviteId: string }): Operation<boolean>
}

type Joining = Pick<ClaimRequest, 'appId' | 'defaultMode' | 'defaultSeats' | 'now'>

const capOf = ({ seats }: StoredSettings, { defaultSeats }: Joining) => (seats === undefined ? defaultSeats : seats)

export function claimOperations(
  dialect: Dialect,
  {
    settings,
    reading,
    revoking,
    deliveries,
    pausing,
    log,
  }: {
    settings: SettingsOperations
    reading: ReadingOperations
    revoking: RevokingOperations
    deliveries: DeliveryOperations
    pausing: PausingOperations
    log: LogOperations
  },
): ClaimOperations {
  const statements = claimStatements(dialect)

  /**
   * Why nobody may join the app now, whatever the invite. Under a cap of seats it takes the app's lock first, which
   * has the claims of one app wait for each other, so that no two of them count the same last seat.
   */
  function* shut(request: Joining): Operation<'closed' | 'full' | undefined> {
    const { appId, defaultMode, now } = request
    let stored = yield* settings.getSettings(appId)
    if (capOf(stored, request) !== null) stored = yield* settings.lockSettings(appId, now)
    if (modeAt(stored, defaultMode, now) === 'closed') return 'closed'
    const seats = capOf(stored, request)
    if (seats === null) return undefined
    const [taken] = yield* statements.seatsTaken({ appId, now: dialect.encodeTime(now), seats })
    return taken && Number(taken.accepted) + Number(taken.held) < seats ? undefined : 'full'
  }

  function* claim(request: ClaimRequest): Operation<ClaimResult> {
    const { appId, codeHash } = request
    const now = dialect.encodeTime(request.now)
    yield* reading.lockCode(request)
    const why = yield* shut(request) // under the lock: whoever waited for it must not pass by what held before
    if (why !== undefined) return { admitted: false, reason: why }
    const lapsed = yield* statements.clearLapsedByCode({ appId, codeHash, now })
    const [admitted] = yield* statements.hold({
      appId,
      codeHash,
      now,
      lapsed: lapsed.length,
      email: request.email?.canonical ?? null,
      domain: request.email?.domain ?? null,
      withoutEmail: request.withoutEmail && request.email === null ? 1 : 0,
    })
    if (admitted) {
      yield* statements.insertClaim({
        id: request.claimId,
        inviteId: admitted.id,
        email: request.email?.canonical ?? null,
        lapsesAt: dialect.encodeTime(request.lapsesAt),
      })
      return { admitted: true, invite: toInvite(dialect, admitted, null) }
    }

    const invite = yield* reading.rowOfCode({ appId, codeHash })
    if (invite === undefined) return { admitted: false, reason: 'unknown' }
    if (lapsed.length > 0) yield* statements.lowerHeld({ inviteId: invite.id, by: lapsed.length })
    const reason = yield* refusal(invite, request)
    if (reason !== 'claimed') return { admitted: false, reason }
    const { inviter_id: inviterId } = invite
    if (inviterId !== null && (yield* pausing.findPause({ appId, inviterId })) !== null) {
      return { admitted: false, reason: 'paused' }
    }
    const [first] = yield* statements.firstLapse({ inviteId: invite.id })
    return { admitted: false, reason, lapsesAt: first ? dialect.decodeTime(first.lapses_at) : request.now }
  }

  /** Says why `hold` let nobody in. It only explains; nothing is admitted on its word. */
  function* refusal(invite: InviteRow, request: ClaimRequest): Operation<ClaimRefusal> {
    if (invite.max_uses !== null && invite.uses >= invite.max_uses) return 'used'
    if (invite.expires_at !== null && dialect.decodeTime(invite.expires_at) <= request.now) return 'expired'
    const { email } = request
    const bound = invite.email_canonical
    const addressFits =
      (bound === null || bound === email?.canonical || (email === null && request.withoutEmail)) &&
      (invite.email_domain === null || invite.email_domain === email?.domain)
    if (!addressFits || (invite.once_per_person === 1 && email === null)) return 'email_mismatch'
    const isOver =
      invite.once_per_person === 1 &&
      email !== null &&
      (yield* statements.hasUsed({ inviteId: invite.id, email: email.canonical })).length > 0
    return isOver ? 'used' : 'claimed'
  }

  function* accept(request: AcceptRequest): Operation<AcceptResult> {
    const { claimId, inviteId, verifiedEmail } = request
    const now = dialect.encodeTime(request.now)
    if (verifiedEmail === null) yield* reading.lock(request)
    else yield* reading.lockWithSibling({ ...request, email: verifiedEmail })
    if ((yield* reading.rowOf(request)) === undefined) return { accepted: false }
    const [claim] = yield* statements.removeClaim({ claimId, inviteId })
    const [recorded] = yield* statements.findAcceptance({ claimId, inviteId, userId: request.userId })
    if (recorded) {
      if (claim) yield* statements.lowerHeld({ inviteId, by: 1 })
      return { accepted: true, fresh: false, acceptance: toAcceptance(dialect, recorded) }
    }

    const live = claim !== undefined && dialect.decodeTime(claim.lapses_at) > request.now
    const invite = live
      ? (yield* statements.useHeld({ inviteId, appId: request.appId }))[0]
      : yield* useWithoutHold(request, claim)
    if (invite === undefined) return { accepted: false }

    const email = invite.email_canonical ?? claim?.email ?? request.email
    const acceptance: AcceptanceRow = {
      id: request.acceptanceId,
      invite_id: inviteId,
      app_id: invite.app_id,
      claim_id: claimId,
      user_id: request.userId,
      email,
      role: invite.role,
      org_id: invite.org_id,
      inviter_id: invite.inviter_id,
      inviter_email: invite.inviter_email,
      inviter_name: invite.inviter_name,
      accepted_at: now,
      reopened_at: null,
      approval: request.pendingApproval === true ? 'pending' : null,
      decided_at: null,
    }
    yield* statements.insertAcceptance(acceptance)
    yield* log.logAcceptance(request)
    if (invite.max_uses !== null && invite.uses >= invite.max_uses) yield* deliveries.cancel({ inviteId, now })
    const closed = yield* closeSibling(invite, request)
    return { accepted: true, fresh: true, acceptance: toAcceptance(dialect, acceptance), closed }
  }

  /** An invite of an address has no sibling: of those that were not used, there is one for each. */
  function* closeSibling(
    invite: InviteRow,
    { verifiedEmail, now, ...joined }: AcceptRequest,
  ): Operation<InviteRecord | undefined> {
    if (verifiedEmail === null || invite.email_canonical !== null) return undefined
    const place = { appId: invite.app_id, email: verifiedEmail, orgId: invite.org_id }
    return yield* revoking.closePlace(place, now, joined)
  }

  /** The claim has lapsed, or is gone: its use counts if a new claim would be admitted. */
  function* useWithoutHold(
    request: AcceptRequest,
    own: { readonly email: string | null } | undefined,
  ): Operation<InviteRow | undefined> {
    const { inviteId } = request
    const now = dialect.encodeTime(request.now)
    const lapsed = (own ? 1 : 0) + (yield* statements.clearLapsedById({ inviteId, now })).length
    const why = yield* shut(request)
    const free = { inviteId, appId: request.appId, email: own?.email ?? request.email, now, lapsed }
    const [invite] = why !== undefined ? [] : yield* statements.useFree(free)
    if (invite === undefined && lapsed > 0) yield* statements.lowerHeld({ inviteId, by: lapsed })
    return invite
  }

  function* release(claim: { readonly claimId: string; readonly inviteId: string }): Operation<boolean> {
    yield* reading.lock(claim)
    const [held] = yield* statements.removeClaim(claim)
    if (held) yield* statements.lowerHeld({ inviteId: held.invite_id, by: 1 })
    return held !== undefined
  }

  return { claim, accept, release }
}
