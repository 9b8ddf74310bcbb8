// Housekeeping: removing what is past its keeping time, a batch at a time.
//
// Invites are locked before they are judged, and those that somebody else works on are passed over: it waits for nobody,
// and nobody waits for more than a batch.
import { type SqlBool, sql } from 'kysely'
import type { PagePosition, PruneRequest, PruneResult } from '../../src/store.js'
import { all, type Operation, prepare } from './operation.js'
import type { PrivacyOperations } from './privacy.js'
import type { DbTime, Dialect } from './schema.js'
import { hasUseLeft, isUnnoted } from './states.js'

export interface PruningOperations {
  prune(request: PruneRequest): Operation<PruneResult>
}

const SKEW_MS = 60 * 60 * 1000 // clocks of processes are not further apart

const overAt = sql<DbTime>`coalesce(revoked_at, past_expiry)`
const finishedAt = sql<DbTime>`coalesce(sent_at, failed_at, canceled_at)`

export function pruningOperations(dialect: Dialect, privacy: PrivacyOperations): PruningOperations {
  const { db, tables } = dialect

  const clearLapsed = prepare((p: { inviteId: string; before: DbTime }) =>
    db
      .deleteFrom(tables.claims)
      .where('invite_id', '=', p.inviteId)
      .where('lapses_at', '<=', p.before)
      .returning('invite_id'),
  )

  const lowerHeld = prepare((p: { inviteId: string; by: number }) =>
    db
      .updateTable(tables.invites)
      .set((eb) => ({ held: eb('held', '-', p.by) }))
      .where('id', '=', p.inviteId),
  )

  const after = (position: PagePosition = { at: 0, id: '' }) => ({
    at: dialect.encodeTime(position.at),
    id: position.id,
  })

  /** Moves what has expired into the part of the indexes where lists of pending invites do not come by. */
  function* noteExpired({ now, limit }: PruneRequest): Operation<number> {
    const found = db
      .selectFrom(tables.invites)
      .select('id')
      .where('expires_at', '<=', dialect.encodeTime(now - SKEW_MS))
      .where(isUnnoted)
      .orderBy('expires_at')
      .limit(limit)
      .$if(dialect.rowLocks, (query) => query.forUpdate().skipLocked())
    const noted = yield* all(
      db
        .updateTable(tables.invites)
        .set((eb) => ({ past_expiry: eb.ref('expires_at') }))
        .where('id', 'in', found)
        .returning('id'),
    )
    return noted.length
  }

  function* pruneInvites(request: PruneRequest): Operation<PruneResult> {
    if ((yield* noteExpired(request)) === request.limit) return { removed: 0, next: request.after ?? { at: 0, id: '' } }
    const before = dialect.encodeTime(request.before)
    const from = after(request.after)
    const seen = yield* all(
      db
        .selectFrom(tables.invites)
        .select(['id', overAt.as('at')])
        .where(sql<SqlBool>`uses = 0 and ${overAt} is not null`)
        .where(sql<SqlBool>`${overAt} <= ${before} and (${overAt}, id) > (${from.at}, ${from.id})`)
        .orderBy(overAt)
        .orderBy('id')
        .limit(request.limit)
        .$if(dialect.rowLocks, (query) => query.forUpdate().skipLocked()),
    )
    if (seen.length === 0) return { removed: 0, next: undefined }
    // A statement of its own, which sees all that was done to them before they were locked.
    const removed = yield* all(
      db
        .deleteFrom(`${tables.invites} as invite`)
        .where(
          'invite.id',
          'in',
          seen.map(({ id }) => id),
        )
        .where('uses', '=', 0)
        .where('quota_cost', '=', 0)
        .where(sql<SqlBool>`coalesce(revoked_at, expires_at) <= ${before}`)
        .where(({ not, exists, selectFrom }) =>
          not(exists(selectFrom(tables.acceptances).select('id').whereRef('invite_id', '=', 'invite.id'))),
        )
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom(tables.claims)
                .select('id')
                .whereRef('invite_id', '=', 'invite.id')
                .where('lapses_at', '>', dialect.encodeTime(request.now)),
            ),
          ),
        )
        .returning('id'),
    )
    return { removed: removed.length, next: nextOf(seen, request) }
  }

  function* pruneDeliveries(request: PruneRequest): Operation<PruneResult> {
    const from = after(request.after)
    const seen = yield* all(
      db
        .selectFrom(tables.deliveries)
        .select(['id', finishedAt.as('at')])
        .where(sql<SqlBool>`${finishedAt} is not null`)
        .where(sql<SqlBool>`${finishedAt} <= ${dialect.encodeTime(request.before)}`)
        .where(sql<SqlBool>`(${finishedAt}, id) > (${from.at}, ${from.id})`)
        .orderBy(finishedAt)
        .orderBy('id')
        .limit(request.limit),
    )
    if (seen.length === 0) return { removed: 0, next: undefined }
    const removed = yield* all(
      db
        .deleteFrom(`${tables.deliveries} as mail`)
        .where(
          'mail.id',
          'in',
          seen.map(({ id }) => id),
        )
        .where(({ not, exists, selectFrom }) =>
          not(
            exists(
              selectFrom(tables.invites)
                .select('id')
                .whereRef('id', '=', 'mail.invite_id')
                .whereRef('delivery_id', '=', 'mail.id')
                .where('revoked_at', 'is', null)
                .where(hasUseLeft),
            ),
          ),
        )
        .returning('id'),
    )
    return { removed: removed.length, next: nextOf(seen, request) }
  }

  function* pruneClaims(request: PruneRequest): Operation<PruneResult> {
    const before = dialect.encodeTime(request.before)
    const from = after(request.after)
    const seen = yield* all(
      db
        .selectFrom(tables.claims)
        .select(['id', 'invite_id', 'lapses_at as at'])
        .where('lapses_at', '<=', before)
        .where((eb) => eb(eb.refTuple('lapses_at', 'id'), '>', eb.tuple(from.at, from.id)))
        .orderBy('lapses_at')
        .orderBy('id')
        .limit(request.limit),
    )
    if (seen.length === 0) return { removed: 0, next: undefined }
    const invites = yield* all(
      db
        .selectFrom(tables.invites)
        .select('id')
        .where('id', 'in', [...new Set(seen.map((claim) => claim.invite_id))])
        .$if(dialect.rowLocks, (query) => query.forUpdate().skipLocked()),
    )
    let removed = 0
    for (const { id: inviteId } of invites) {
      const { length } = yield* clearLapsed({ inviteId, before })
      if (length > 0) yield* lowerHeld({ inviteId, by: length })
      removed += length
    }
    return { removed, next: nextOf(seen, request) }
  }

  function* pruneKeyedRequests(request: PruneRequest): Operation<PruneResult> {
    const found = db
      .selectFrom(tables.keyed_requests)
      .select('id')
      .where('started_at', '<=', dialect.encodeTime(request.before))
      .orderBy('started_at')
      .limit(request.limit)
      .$if(dialect.rowLocks, (query) => query.forUpdate().skipLocked())
    const { length } = yield* all(db.deleteFrom(tables.keyed_requests).where('id', 'in', found).returning('id'))
    return { removed: length, next: length === request.limit ? { at: 0, id: '' } : undefined }
  }

  function* pruneAccessRequests(request: PruneRequest): Operation<PruneResult> {
    const requestOverAt = sql<DbTime>`coalesce(decided_at, asked_at)`
    const found = db
      .selectFrom(tables.access_requests)
      .select('id')
      .where(sql<SqlBool>`(verified_at is null or decision is not null)`)
      .where(sql<SqlBool>`${requestOverAt} <= ${dialect.encodeTime(request.before)}`)
      .orderBy(requestOverAt)
      .limit(request.limit)
      .$if(dialect.rowLocks, (query) => query.forUpdate().skipLocked())
    const { length } = yield* all(db.deleteFrom(tables.access_requests).where('id', 'in', found).returning('id'))
    return { removed: length, next: length === request.limit ? { at: 0, id: '' } : undefined }
  }

  function* pruneMailCounts(request: PruneRequest): Operation<PruneResult> {
    const found = db
      .selectFrom(tables.mail_counts)
      .select('id')
      .where('ends_at', '<=', dialect.encodeTime(request.before))
      .orderBy('ends_at')
      .limit(request.limit)
      .$if(dialect.rowLocks, (query) => query.forUpdate().skipLocked())
    const { length } = yield* all(db.deleteFrom(tables.mail_counts).where('id', 'in', found).returning('id'))
    return { removed: length, next: length === request.limit ? { at: 0, id: '' } : undefined }
  }

  function* pruneWebhooks(request: PruneRequest): Operation<PruneResult> {
    const found = db
      .selectFrom(tables.webhooks)
      .select('id')
      .where('at', '<=', dialect.encodeTime(request.before))
      .orderBy('at')
      .limit(request.limit)
      .$if(dialect.rowLocks, (query) => query.forUpdate().skipLocked())
    const { length } = yield* all(db.deleteFrom(tables.webhooks).where('id', 'in', found).returning('id'))
    return { removed: length, next: length === request.limit ? { at: 0, id: '' } : undefined }
  }

  /** From where to go on, unless that was all. */
  function nextOf(seen: readonly { id: string; at: DbTime }[], { limit }: PruneRequest): PagePosition | undefined {
    const last = seen.at(-1)
    return last && seen.length === limit ? { at: dialect.decodeTime(last.at), id: last.id } : undefined
  }

  const prunes = {
    invites: pruneInvites,
    deliveries: pruneDeliveries,
    claims: pruneClaims,
    keyedRequests: pruneKeyedRequests,
    accessRequests: pruneAccessRequests,
    mailCounts: pruneMailCounts,
    webhooks: pruneWebhooks,
    addresses: privacy.pruneAddresses,
  }
  return { prune: (request) => prunes[request.what](request) }
}
