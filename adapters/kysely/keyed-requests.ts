// Requests that came with an `Idempotency-Key`: which are running, and what was answered.
import type { KeyedRequest, KeyedRequestOutcome, KeyedRequestState } from '../../src/store.js'
import { type Operation, prepare } from './operation.js'
import type { DbTime, Dialect } from './schema.js'

export interface KeyedRequestOperations {
  beginKeyedRequest(request: KeyedRequest): Operation<KeyedRequestState>
  endKeyedRequest(
    request: { readonly id: string; readonly startedAt: number },
    outcome: KeyedRequestOutcome,
  ): Operation<void>
}

const CLEARED_AT_ONCE = 100 // more than come in while it runs, few enough that nobody waits for it

export function keyedRequestOperations(dialect: Dialect): KeyedRequestOperations {
  const { db, tables } = dialect

  const forget = prepare((p: { id: string; until: DbTime }) =>
    db.deleteFrom(tables.keyed_requests).where('id', '=', p.id).where('started_at', '<=', p.until),
  )

  const clear = prepare((p: { until: DbTime }) =>
    db.deleteFrom(tables.keyed_requests).where(
      'id',
      'in',
      db
        .selectFrom(tables.keyed_requests)
        .select('id')
        .where('started_at', '<=', p.until)
        .orderBy('started_at')
        .limit(CLEARED_AT_ONCE)
        .$if(dialect.rowLocks, (query) => query.forUpdate().skipLocked()), // two that clear at once never wait
    ),
  )

  // Returns the row that there is, or else the new one, and either way locked: what follows is judged on it alone.
  const ask = prepare((p: { id: string; fingerprint: string; now: DbTime; leasedUntil: DbTime }) =>
    db
      .insertInto(tables.keyed_requests)
      .values({ id: p.id, fingerprint: p.fingerprint, asked: 1, started_at: p.now, leased_until: p.leasedUntil })
      .onConflict((conflict) =>
        conflict.column('id').doUpdateSet((eb) => ({ asked: eb(eb.ref(`${tables.keyed_requests}.asked`), '+', 1) })),
      )
      .returningAll(),
  )

  const lease = prepare((p: { id: string; leasedUntil: DbTime }) =>
    db.updateTable(tables.keyed_requests).set({ leased_until: p.leasedUntil }).where('id', '=', p.id),
  )

  const running = (p: { id: string; startedAt: DbTime }) => ({
    update: db
      .updateTable(tables.keyed_requests)
      .where('id', '=', p.id)
      .where('started_at', '=', p.startedAt)
      .where('answer', 'is', null),
    remove: db
      .deleteFrom(tables.keyed_requests)
      .where('id', '=', p.id)
      .where('started_at', '=', p.startedAt)
      .where('answer', 'is', null),
  })

  const answer = prepare((p: { id: string; startedAt: DbTime; answer: string }) =>
    running(p).update.set({ answer: p.answer }),
  )
  const remove = prepare((p: { id: string; startedAt: DbTime }) => running(p).remove)
  const letGo = prepare((p: { id: string; startedAt: DbTime }) => running(p).update.set({ leased_until: p.startedAt }))

  function* beginKeyedRequest(request: KeyedRequest): Operation<KeyedRequestState> {
    const { id, fingerprint } = request
    const now = dialect.encodeTime(request.now)
    const leasedUntil = dialect.encodeTime(request.leasedUntil)
    const until = dialect.encodeTime(request.forgetUntil)
    yield* forget({ id, until })
    yield* clear({ until })
    const [row] = yield* ask({ id, fingerprint, now, leasedUntil })
    if (row === undefined || row.asked === 1) return { state: 'begun', startedAt: request.now, fresh: true }
    if (row.fingerprint !== fingerprint) return { state: 'other' }
    if (row.answer !== null) return { state: 'answered', answer: row.answer }
    if (dialect.decodeTime(row.leased_until) > request.now) return { state: 'running' }
    yield* lease({ id, leasedUntil })
    return { state: 'begun', startedAt: dialect.decodeTime(row.started_at), fresh: false }
  }

  function* endKeyedRequest(
    request: { readonly id: string; readonly startedAt: number },
    outcome: KeyedRequestOutcome,
  ): Operation<void> {
    const named = { id: request.id, startedAt: dialect.encodeTime(request.startedAt) }
    if (outcome === 'refused') yield* remove(named)
    else if (outcome === 'unknown') yield* letGo(named)
    else yield* answer({ ...named, answer: outcome.answer })
  }

  return { beginKeyedRequest, endKeyedRequest }
}
