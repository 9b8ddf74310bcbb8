// The outbox: mails that wait, who is delivering them, and what became of them.
import { sql } from 'kysely'
import type { DeliveryOutcome, DeliveryRecord, InviteStore, LeasedDelivery, WebhookTargets } from '../../src/store.js'
import type { LogOperations } from './log.js'
import { all, type Operation, prepare, prepareMany } from './operation.js'
import {
  type AccessRequestRow,
  type DeliveryRow,
  type InviteRow,
  toAccessRequest,
  toDelivery,
  toInvite,
} from './records.js'
import type { DbTime, Dialect } from './schema.js'

export interface DeliveryOperations {
  find(ids: readonly string[]): Operation<readonly DeliveryRow[]>
  insert(delivery: { id: string; inviteId: string; now: DbTime }): Operation<unknown>
  /** What `insert` makes. */
  inserted(delivery: { id: string; inviteId: string; now: DbTime }): DeliveryRecord
  /** Takes back every mail of the invite that still waits. */
  cancel(request: { inviteId: string; now: DbTime }): Operation<unknown>
  /** As `cancel`, of many. */
  cancelAll(requests: readonly { invite_id: string; now: DbTime }[]): Operation<unknown>
  nextDeliveryAt(): Operation<number | undefined>
  leaseDeliveries(request: { now: number; leasedUntil: number; limit: number }): Operation<readonly LeasedDelivery[]>
  finishDelivery(...request: Parameters<InviteStore['finishDelivery']>): Operation<true>
}

const MAX_IDS = 500 // as parameters of one statement

export function deliveryOperations(dialect: Dialect, log: LogOperations): DeliveryOperations {
  const { db, tables } = dialect

  const insert = prepare((p: { id: string; inviteId: string; now: DbTime }) =>
    db.insertInto(tables.deliveries).values({ id: p.id, invite_id: p.inviteId, attempts: 0, next_attempt_at: p.now }),
  )

  const cancel = prepare((p: { inviteId: string; now: DbTime }) =>
    db
      .updateTable(tables.deliveries)
      .set({ canceled_at: p.now })
      .where('invite_id', '=', p.inviteId)
      .where('sent_at', 'is', null)
      .where('failed_at', 'is', null)
      .where('canceled_at', 'is', null),
  )

  // By no index of what waits: Postgres, until it is told how much that is, would read all of it.
  const cancelAll = prepareMany(dialect, { invite_id: 'text', now: 'time' }, (listed) => {
    const query = sql`
      update ${sql.raw(dialect.quote(tables.deliveries))} as d set canceled_at = listed.now from ${listed}
      where d.invite_id = listed.invite_id and coalesce(d.sent_at, d.failed_at, d.canceled_at) is null`
    return { compile: () => query.compile(db) }
  })

  const waiting = () =>
    db
      .selectFrom(tables.deliveries)
      .where('sent_at', 'is', null)
      .where('failed_at', 'is', null)
      .where('canceled_at', 'is', null)

  const nextDue = prepare((_p: object) => waiting().select('next_attempt_at').orderBy('next_attempt_at').limit(1))

  // Those that another worker is taking at this moment are passed over.
  const due = prepare((p: { now: DbTime; limit: number }) =>
    waiting()
      .select('id')
      .where('next_attempt_at', '<=', p.now)
      .orderBy('next_attempt_at')
      .limit(p.limit)
      .$if(dialect.rowLocks, (query) => query.forUpdate().skipLocked()),
  )

  const lease = (ids: readonly string[], leasedUntil: DbTime) =>
    db
      .updateTable(tables.deliveries)
      .set((eb) => ({ attempts: eb('attempts', '+', 1), leased_until: leasedUntil, next_attempt_at: leasedUntil }))
      .where('id', 'in', ids)
      .returningAll()

  const byId = prepare((p: { id: string }) => db.selectFrom(tables.deliveries).selectAll().where('id', '=', p.id))

  function* find(ids: readonly string[]): Operation<readonly DeliveryRow[]> {
    const [id] = ids
    if (id !== undefined && ids.length === 1) return yield* byId({ id })
    const found: DeliveryRow[] = []
    for (let from = 0; from < ids.length; from += MAX_IDS) {
      const some = ids.slice(from, from + MAX_IDS)
      found.push(...(yield* all(db.selectFrom(tables.deliveries).selectAll().where('id', 'in', some))))
    }
    return found
  }

  function* nextDeliveryAt(): Operation<number | undefined> {
    const [next] = yield* nextDue({})
    return next && dialect.decodeTime(next.next_attempt_at)
  }

  function* leaseDeliveries(request: {
    now: number
    leasedUntil: number
    limit: number
  }): Operation<readonly LeasedDelivery[]> {
    const found = yield* due({ now: dialect.encodeTime(request.now), limit: request.limit })
    if (found.length === 0) return []
    const leasedUntil = dialect.encodeTime(request.leasedUntil)
    const taken = found.map((delivery) => delivery.id)
    const leased = yield* all(lease(taken, leasedUntil))
    const inviteOf = yield* invitesOf(leased)
    const requestOf = yield* requestsOf(leased)
    return leased.flatMap((row): LeasedDelivery[] => {
      const delivery = toDelivery(dialect, row)
      const invite = inviteOf.get(row.invite_id)
      if (invite) return [{ delivery, invite: toInvite(dialect, invite, delivery) }]
      const request = requestOf.get(row.request_id)
      return request ? [{ delivery, request: toAccessRequest(dialect, request) }] : []
    })
  }

  function* invitesOf(mails: readonly DeliveryRow[]): Operation<ReadonlyMap<string | null, InviteRow>> {
    const ids = mails.flatMap((mail) => mail.invite_id ?? [])
    if (ids.length === 0) return new Map()
    const found = yield* all(db.selectFrom(tables.invites).selectAll().where('id', 'in', ids))
    return new Map(found.map((invite) => [invite.id, invite]))
  }

  function* requestsOf(mails: readonly DeliveryRow[]): Operation<ReadonlyMap<string | null, AccessRequestRow>> {
    const ids = mails.flatMap((mail) => mail.request_id ?? [])
    if (ids.length === 0) return new Map()
    const found = yield* all(db.selectFrom(tables.access_requests).selectAll().where('id', 'in', ids))
    return new Map(found.map((request) => [request.id, request]))
  }

  /** Sets these columns of a mail whose lease is still the one that is given. */
  const finishing = <Columns extends keyof DeliveryRow>(...columns: readonly Columns[]) =>
    prepare((p: Pick<DeliveryRow, 'id' | 'attempts' | Columns>) =>
      db
        .updateTable(tables.deliveries)
        .set({ leased_until: null, ...Object.fromEntries(columns.map((name) => [name, p[name]])) })
        .where('id', '=', p.id)
        .where('attempts', '=', p.attempts)
        .returning(['id', 'invite_id']),
    )
  const finishSent = finishing('sent_at', 'last_error')
  const finishFailed = finishing('failed_at', 'last_error')
  const finishCanceled = finishing('canceled_at')
  const postpone = finishing('next_attempt_at', 'last_error')

  const loggedOf = prepare((p: { id: string }) =>
    db.selectFrom(tables.invites).select(['id', 'app_id', 'inviter_id', 'role', 'source']).where('id', '=', p.id),
  )

  function finish({ id, attempts }: Pick<DeliveryRecord, 'id' | 'attempts'>, outcome: DeliveryOutcome) {
    const mail = { id, attempts }
    const time = dialect.encodeTime
    if ('sentAt' in outcome) return finishSent({ ...mail, sent_at: time(outcome.sentAt), last_error: null })
    if ('canceledAt' in outcome) return finishCanceled({ ...mail, canceled_at: time(outcome.canceledAt) })
    if ('failedAt' in outcome)
      return finishFailed({ ...mail, failed_at: time(outcome.failedAt), last_error: outcome.error })
    return postpone({ ...mail, next_attempt_at: time(outcome.retryAt), last_error: outcome.error })
  }

  function* finishDelivery(
    delivery: Pick<DeliveryRecord, 'id' | 'attempts'>,
    outcome: DeliveryOutcome,
    webhooks?: WebhookTargets,
  ): Operation<true> {
    const [finished] = yield* finish(delivery, outcome)
    if (finished === undefined) return true
    if ('sentAt' in outcome) yield* logMail(finished, { action: 'mail.sent', at: outcome.sentAt, webhooks })
    if ('failedAt' in outcome) yield* logMail(finished, { action: 'mail.failed', at: outcome.failedAt, webhooks })
    return true
  }

  function* logMail(
    mail: Pick<DeliveryRow, 'id' | 'invite_id'>,
    { action, at, webhooks }: { action: string; at: number; webhooks: WebhookTargets | undefined },
  ): Operation<void> {
    const [invite] = mail.invite_id === null ? [] : yield* loggedOf({ id: mail.invite_id })
    const actor = { kind: 'code', id: null } as const
    const note = { id: `${mail.id}.${action}`, action, actor, details: null, webhooks }
    if (invite) yield* log.logInvite(note, invite, at)
  }

  const inserted = ({ id, inviteId, now }: { id: string; inviteId: string; now: DbTime }): DeliveryRecord => ({
    ...{ id, inviteId, requestId: null, attempts: 0, lastError: null },
    nextAttemptAt: dialect.decodeTime(now),
    ...{ leasedUntil: null, sentAt: null, failedAt: null, canceledAt: null },
  })

  return { find, insert, inserted, cancel, cancelAll, nextDeliveryAt, leaseDeliveries, finishDelivery }
}
