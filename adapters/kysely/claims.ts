// Holding, accepting and giving back the uses of an invite: the statements that the whole gate rests on.
//
// Each operation runs in one write transaction. What admits is the predicate of an UPDATE on the invite's own row,
// never something read before that row was locked; and whatever clears claim rows lowers `held` by as many.
import { type SqlBool, sql } from 'kysely'
import type { AcceptRequest, AcceptResult, ClaimRefusal, ClaimRequest, ClaimResult } from '../../src/store.js'
import type { Mode } from '../../src/types.js'
import type { DeliveryOperations } from './deliveries.js'
import { type Operation, prepare } from './operation.js'
import { type AcceptanceRow, type InviteRow, toAcceptance, toInvite } from './records.js'
import type { DbTime, Dialect } from './schema.js'
import type { SettingsOperations } from './settings.js'

export interface ClaimOperations {
  claim(request: ClaimRequest): Operation<ClaimResult>
  accept(request: AcceptRequest): Operation<AcceptResult>
  release(claim: { readonly claimId: string; readonly inviteId: string }): Operation<void>
}

export function claimOperations(
  dialect: Dialect,
  { settings, deliveries }: { settings: SettingsOperations; deliveries: DeliveryOperations },
): ClaimOperations {
  const { db, tables } = dialect

  const unrevoked = (p: { appId: string; codeHash: string }) =>
    db
      .selectFrom(tables.invites)
      .where('app_id', '=', p.appId)
      .where('code_hash', '=', p.codeHash)
      .where('revoked_at', 'is', null)

  const findByCode = prepare((p: { appId: string; codeHash: string }) => unrevoked(p).selectAll())

  const clearLapsedByCode = prepare((p: { appId: string; codeHash: string; now: DbTime }) =>
    db
      .deleteFrom(tables.claims)
      .where('invite_id', 'in', unrevoked(p).select('id'))
      .where('lapses_at', '<=', p.now)
      .returning('invite_id'),
  )

  const clearLapsedById = prepare((p: { inviteId: string; now: DbTime }) =>
    db
      .deleteFrom(tables.claims)
      .where('invite_id', '=', p.inviteId)
      .where('lapses_at', '<=', p.now)
      .returning('invite_id'),
  )

  const lowerHeld = prepare((p: { inviteId: string; by: number }) =>
    db
      .updateTable(tables.invites)
      .set((eb) => ({ held: eb('held', '-', p.by) }))
      .where('id', '=', p.inviteId),
  )

  const unexpired = (now: DbTime) => sql<SqlBool>`(expires_at is null or expires_at > ${now})`
  const hasUseLeft = (lapsed: number) => sql<SqlBool>`(max_uses is null or uses + held - ${lapsed} < max_uses)`

  const hold = prepare(
    (p: {
      appId: string
      codeHash: string
      now: DbTime
      lapsed: number
      email: string | null
      domain: string | null
      withoutEmail: number
    }) =>
      db
        .updateTable(tables.invites)
        .set((eb) => ({ held: eb(eb('held', '-', p.lapsed), '+', 1) }))
        .where('app_id', '=', p.appId)
        .where('code_hash', '=', p.codeHash)
        .where('revoked_at', 'is', null)
        .where(unexpired(p.now))
        .where(hasUseLeft(p.lapsed))
        .where(sql<SqlBool>`(email_canonical is null or email_canonical = ${p.email} or ${p.withoutEmail} = 1)`)
        .where(sql<SqlBool>`(email_domain is null or email_domain = ${p.domain})`)
        .returningAll(),
  )

  const insertClaim = prepare((p: { id: string; inviteId: string; email: string | null; lapsesAt: DbTime }) =>
    db.insertInto(tables.claims).values({ id: p.id, invite_id: p.inviteId, email: p.email, lapses_at: p.lapsesAt }),
  )

  const firstLapse = prepare((p: { inviteId: string }) =>
    db.selectFrom(tables.claims).select('lapses_at').where('invite_id', '=', p.inviteId).orderBy('lapses_at').limit(1),
  )

  const removeClaim = prepare((p: { claimId: string }) =>
    db.deleteFrom(tables.claims).where('id', '=', p.claimId).returningAll(),
  )

  const findAcceptance = prepare((p: { claimId: string; inviteId: string; userId: string | null }) =>
    db
      .selectFrom(tables.acceptances)
      .selectAll()
      .where('reopened_at', 'is', null)
      .where((eb) =>
        eb.or([
          eb('claim_id', '=', p.claimId),
          eb.and([eb('invite_id', '=', p.inviteId), eb('user_id', '=', p.userId)]),
        ]),
      ),
  )

  const useHeld = prepare((p: { inviteId: string }) =>
    db
      .updateTable(tables.invites)
      .set((eb) => ({ held: eb('held', '-', 1), uses: eb('uses', '+', 1) }))
      .where('id', '=', p.inviteId)
      .returningAll(),
  )

  const useFree = prepare((p: { inviteId: string; now: DbTime; lapsed: number }) =>
    db
      .updateTable(tables.invites)
      .set((eb) => ({ held: eb('held', '-', p.lapsed), uses: eb('uses', '+', 1) }))
      .where('id', '=', p.inviteId)
      .where('revoked_at', 'is', null)
      .where(unexpired(p.now))
      .where(hasUseLeft(p.lapsed))
      .returningAll(),
  )

  const insertAcceptance = prepare((p: AcceptanceRow) =>
    db.insertInto(tables.acceptances).values({
      id: p.id,
      invite_id: p.invite_id,
      app_id: p.app_id,
      claim_id: p.claim_id,
      user_id: p.user_id,
      email: p.email,
      role: p.role,
      org_id: p.org_id,
      inviter_id: p.inviter_id,
      inviter_email: p.inviter_email,
      inviter_name: p.inviter_name,
      accepted_at: p.accepted_at,
      reopened_at: p.reopened_at,
    }),
  )

  const revokeSiblings = prepare(
    (p: { appId: string; email: string; orgId: string | null; inviteId: string; now: DbTime }) =>
      db
        .updateTable(tables.invites)
        .set({ revoked_at: p.now })
        .where('app_id', '=', p.appId)
        .where('email_canonical', '=', p.email)
        .where(sql<SqlBool>`coalesce(org_id, '') = coalesce(${p.orgId}, '')`)
        .where('revoked_at', 'is', null)
        .where('uses', '=', 0)
        .where('id', '<>', p.inviteId)
        .returning('id'),
  )

  function* modeOf(app: { readonly appId: string; readonly defaultMode: Mode }): Operation<Mode> {
    return (yield* settings.getMode(app.appId)) ?? app.defaultMode
  }

  function* claim(request: ClaimRequest): Operation<ClaimResult> {
    const { appId, codeHash } = request
    const now = dialect.encodeTime(request.now)
    const mode = yield* modeOf(request)
    if (mode === 'closed') return { admitted: false, reason: 'closed' }

    const lapsed = yield* clearLapsedByCode({ appId, codeHash, now })
    const [admitted] = yield* hold({
      appId,
      codeHash,
      now,
      lapsed: lapsed.length,
      email: request.email?.canonical ?? null,
      domain: request.email?.domain ?? null,
      withoutEmail: request.withoutEmail && request.email === null ? 1 : 0,
    })
    if (admitted) {
      yield* insertClaim({
        id: request.claimId,
        inviteId: admitted.id,
        email: request.email?.canonical ?? null,
        lapsesAt: dialect.encodeTime(request.lapsesAt),
      })
      return { admitted: true, invite: toInvite(dialect, admitted, null) }
    }

    const [invite] = yield* findByCode({ appId, codeHash })
    if (invite === undefined) return { admitted: false, reason: 'unknown' }
    if (lapsed.length > 0) yield* lowerHeld({ inviteId: invite.id, by: lapsed.length })
    const reason = refusal(invite, request)
    if (reason !== 'claimed') return { admitted: false, reason }
    const [first] = yield* firstLapse({ inviteId: invite.id })
    return { admitted: false, reason, lapsesAt: first ? dialect.decodeTime(first.lapses_at) : request.now }
  }

  /** Says why `hold` let nobody in. It only explains; nothing is admitted on its word. */
  function refusal(invite: InviteRow, request: ClaimRequest): ClaimRefusal {
    if (invite.max_uses !== null && invite.uses >= invite.max_uses) return 'used'
    if (invite.expires_at !== null && dialect.decodeTime(invite.expires_at) <= request.now) return 'expired'
    const { email } = request
    const bound = invite.email_canonical
    const addressFits =
      (bound === null || bound === email?.canonical || (email === null && request.withoutEmail)) &&
      (invite.email_domain === null || invite.email_domain === email?.domain)
    return addressFits ? 'claimed' : 'email_mismatch'
  }

  function* accept(request: AcceptRequest): Operation<AcceptResult> {
    const { claimId, inviteId } = request
    const now = dialect.encodeTime(request.now)
    const [claim] = yield* removeClaim({ claimId })
    const [recorded] = yield* findAcceptance({ claimId, inviteId, userId: request.userId })
    if (recorded) {
      if (claim) yield* lowerHeld({ inviteId, by: 1 })
      return { accepted: true, fresh: false, acceptance: toAcceptance(dialect, recorded) }
    }

    const live = claim !== undefined && dialect.decodeTime(claim.lapses_at) > request.now
    const invite = live
      ? (yield* useHeld({ inviteId }))[0]
      : yield* useWithoutHold(request, claim === undefined ? 0 : 1)
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
    }
    yield* insertAcceptance(acceptance)
    if (invite.max_uses !== null && invite.uses >= invite.max_uses) yield* deliveries.cancel({ inviteId, now })
    if (email !== null) {
      const siblings = yield* revokeSiblings({ appId: invite.app_id, email, orgId: invite.org_id, inviteId, now })
      for (const sibling of siblings) yield* deliveries.cancel({ inviteId: sibling.id, now })
    }
    return { accepted: true, fresh: true, acceptance: toAcceptance(dialect, acceptance) }
  }

  /** The claim has lapsed, or is gone: its use counts if a new claim would be admitted. */
  function* useWithoutHold(request: AcceptRequest, own: number): Operation<InviteRow | undefined> {
    const { inviteId } = request
    const now = dialect.encodeTime(request.now)
    const lapsed = own + (yield* clearLapsedById({ inviteId, now })).length
    const mode = yield* modeOf(request)
    const [invite] = mode === 'closed' ? [] : yield* useFree({ inviteId, now, lapsed })
    if (invite === undefined && lapsed > 0) yield* lowerHeld({ inviteId, by: lapsed })
    return invite
  }

  function* release(claim: { readonly claimId: string; readonly inviteId: string }): Operation<void> {
    const [held] = yield* removeClaim({ claimId: claim.claimId })
    if (held) yield* lowerHeld({ inviteId: held.invite_id, by: 1 })
  }

  return { claim, accept, release }
}
