// Revoking invites, one or many, and what stands in another's place.
import { sql } from 'kysely'
import type { AcceptRequest, InviteKey, InviteRecord, InviteStore, LogNote } from '../../src/store.js'
import { branchOf } from './branches.js'
import type { DeliveryOperations } from './deliveries.js'
import { inPassing, type LogOperations } from './log.js'
import { all, type Operation, prepare } from './operation.js'
import type { Place, ReadingOperations } from './reading.js'
import type { InviteRow } from './records.js'
import type { DbTime, Dialect } from './schema.js'
import { hasUseLeft, isOpen } from './states.js'

export interface RevokingOperations {
  revokeInvite(request: RevokeOne): Operation<Revocation | undefined>
  revokeInvites(request: RevokeMany): Operation<readonly InviteRecord[]>
  /** Revokes what stands in the way of a pending invite of this address, if that has expired. */
  makeRoom(place: Place, at: number, note?: LogNote): Operation<void>
  /** Revokes what is pending for this address, or expired without having been used, in the name of who has joined. */
  closePlace(place: Place, at: number, by: Joined): Operation<InviteRecord | undefined>
}

type RevokeOne = InviteKey & { readonly now: number; readonly note?: LogNote | undefined }
type RevokeMany = Parameters<InviteStore['revokeInvites']>[0]

/** Whose joining it was. */
type Joined = Pick<AcceptRequest, 'acceptanceId' | 'userId' | 'webhooks'>

interface Revocation {
  readonly invite: InviteRecord
  readonly revoked: boolean
}

/** What is revoked in time gives nothing back. */
const costAfter = (now: DbTime) => sql<number>`case when expires_at <= ${now} then quota_cost else 0 end`

export function revokingOperations(
  dialect: Dialect,
  { reading, deliveries, log }: { reading: ReadingOperations; deliveries: DeliveryOperations; log: LogOperations },
): RevokingOperations {
  const { db, tables } = dialect

  const revoke = prepare((p: { id: string; now: DbTime }) =>
    db
      .updateTable(tables.invites)
      .set({ revoked_at: p.now, quota_cost: costAfter(p.now) })
      .where('id', '=', p.id)
      .where('revoked_at', 'is', null)
      .where(hasUseLeft)
      .returningAll(),
  )

  function* makeRoom(place: Place, at: number, note?: LogNote): Operation<void> {
    const holder = yield* reading.holderOf(place)
    if (holder === undefined || holder.expires_at === null || dialect.decodeTime(holder.expires_at) > at) return
    const revoked = yield* revokeHolder(holder, at)
    if (revoked) yield* log.logInvite(inPassing(note, 'invite.supersede'), revoked, at)
  }

  function* closePlace(
    place: Place,
    at: number,
    { acceptanceId, userId, webhooks }: Joined,
  ): Operation<InviteRecord | undefined> {
    const holder = yield* reading.holderOf(place)
    const revoked = holder && (yield* revokeHolder(holder, at))
    if (revoked === undefined) return undefined
    const actor = { kind: 'invitee', id: userId } as const
    const note = { id: `${acceptanceId}.closed`, action: 'invite.revoke', actor, details: null, webhooks }
    yield* log.logInvite(note, revoked, at, acceptanceId)
    return yield* reading.withDelivery(revoked)
  }

  function* revokeHolder({ id }: InviteRow, at: number): Operation<InviteRow | undefined> {
    const now = dialect.encodeTime(at)
    const [revoked] = yield* revoke({ id, now })
    yield* deliveries.cancel({ inviteId: id, now })
    return revoked
  }

  function* revokeInvite(request: RevokeOne): Operation<Revocation | undefined> {
    const now = dialect.encodeTime(request.now)
    yield* reading.lock(request) // else an accept that is under way would be missing in what is returned
    const row = yield* reading.rowOf(request)
    if (row === undefined) return undefined
    const [revoked] = yield* revoke({ id: row.id, now })
    if (revoked) {
      yield* deliveries.cancel({ inviteId: row.id, now })
      yield* log.logInvite(request.note, revoked, request.now)
    }
    return { invite: yield* reading.withDelivery(revoked ?? row), revoked: revoked !== undefined }
  }

  function* revokeInvites(request: RevokeMany): Operation<readonly InviteRecord[]> {
    const { appId, inviterId, branch } = request
    const now = dialect.encodeTime(request.now)
    let which = db
      .selectFrom(tables.invites)
      .select('id')
      .where('app_id', '=', appId)
      .where(isOpen)
      .where('revoked_at', 'is', null)
      .where(hasUseLeft)
    if (inviterId !== undefined) {
      which = which.where('inviter_id', branch ? 'in' : '=', branch ? branchOf(dialect, appId, inviterId) : inviterId)
    }
    if (dialect.rowLocks) which = which.orderBy('id').forUpdate() // in one order, so that two never wait for each other
    const update = db
      .updateTable(tables.invites)
      .set({ revoked_at: now, quota_cost: costAfter(now) })
      .where('id', 'in', which)
    const revoked = yield* all(update.returningAll())
    yield* deliveries.cancelAll(revoked.map(({ id }) => ({ invite_id: id, now })))
    yield* log.logInvites(request.note, revoked, request.now)
    return yield* reading.withDeliveries(revoked)
  }

  return { revokeInvite, revokeInvites, makeRoom, closePlace }
}
