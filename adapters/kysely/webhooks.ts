// Webhooks that wait: who is sending them, what they tell of, and what became of them.
import type {
  AcceptanceRecord,
  InviteRecord,
  LeasedWebhook,
  LogRecord,
  WebhookRecord,
  WebhookStore,
} from '../../src/store.js'
import type { LogOperations } from './log.js'
import { all, type Operation, prepare } from './operation.js'
import type { ReadingOperations } from './reading.js'
import { toAcceptance } from './records.js'
import type { DbTime, Dialect, WebhookTable } from './schema.js'

type Request<Name extends keyof WebhookStore> = Parameters<WebhookStore[Name]>[0]
type Outcome = Parameters<WebhookStore['finishWebhook']>[1]

export interface WebhookOperations {
  nextWebhookAt(endpoint: string): Operation<number | undefined>
  leaseWebhooks(request: Request<'leaseWebhooks'>): Operation<readonly LeasedWebhook[]>
  finishWebhook(webhook: Request<'finishWebhook'>, outcome: Outcome): Operation<void>
  listFailedWebhooks(query: Request<'listFailedWebhooks'>): Operation<readonly WebhookRecord[]>
  retryWebhooks(request: Request<'retryWebhooks'>): Operation<number>
}

export function webhookOperations(
  dialect: Dialect,
  { reading, log }: { reading: ReadingOperations; log: LogOperations },
): WebhookOperations {
  const { db, tables } = dialect

  const waiting = (endpoint: string) =>
    db
      .selectFrom(tables.webhooks)
      .where('endpoint', '=', endpoint)
      .where('sent_at', 'is', null)
      .where('failed_at', 'is', null)

  const nextDue = prepare((p: { endpoint: string }) =>
    waiting(p.endpoint).select('next_attempt_at').orderBy('next_attempt_at').limit(1),
  )

  // Those that another process is taking at this moment are passed over.
  const due = prepare((p: { endpoint: string; now: DbTime; limit: number }) =>
    waiting(p.endpoint)
      .select('id')
      .where('next_attempt_at', '<=', p.now)
      .orderBy('next_attempt_at')
      .limit(p.limit)
      .$if(dialect.rowLocks, (query) => query.forUpdate().skipLocked()),
  )

  const lease = (ids: readonly string[], leasedUntil: DbTime) =>
    db
      .updateTable(tables.webhooks)
      .set((eb) => ({ attempts: eb('attempts', '+', 1), leased_until: leasedUntil, next_attempt_at: leasedUntil }))
      .where('id', 'in', ids)
      .returningAll()

  const failed = (appId: string) =>
    db.selectFrom(tables.webhooks).where('app_id', '=', appId).where('failed_at', 'is not', null)

  function* leaseWebhooks({ endpoint, now, leasedUntil, limit }: Request<'leaseWebhooks'>) {
    const found = yield* due({ endpoint, now: dialect.encodeTime(now), limit })
    if (found.length === 0) return []
    const ids = found.map(({ id }) => id)
    const webhooks = (yield* all(lease(ids, dialect.encodeTime(leasedUntil)))).map(toWebhook)
    const entryOf = yield* byId<LogRecord>(
      webhooks.map(({ entryId }) => entryId),
      log.findEntries,
    )
    const entries = [...entryOf.values()]
    const inviteOf = yield* byId<InviteRecord>(
      entries.flatMap(({ inviteId }) => inviteId ?? []),
      findInvites,
    )
    const acceptanceOf = yield* byId<AcceptanceRecord>(
      entries.flatMap(({ acceptanceId }) => acceptanceId ?? []),
      findAcceptances,
    )
    return webhooks.map((webhook): LeasedWebhook => {
      const entry = entryOf.get(webhook.entryId)
      const invite = inviteOf.get(entry?.inviteId ?? '')
      return { webhook, entry, invite, acceptance: acceptanceOf.get(entry?.acceptanceId ?? '') }
    })
  }

  function* byId<Item extends { readonly id: string }>(
    ids: readonly string[],
    find: (ids: readonly string[]) => Operation<readonly Item[]>,
  ): Operation<ReadonlyMap<string, Item>> {
    const items = ids.length === 0 ? [] : yield* find([...new Set(ids)])
    return new Map(items.map((item) => [item.id, item]))
  }

  function* findInvites(ids: readonly string[]): Operation<readonly InviteRecord[]> {
    return yield* reading.withDeliveries(yield* all(db.selectFrom(tables.invites).selectAll().where('id', 'in', ids)))
  }

  function* findAcceptances(ids: readonly string[]): Operation<readonly AcceptanceRecord[]> {
    const rows = yield* all(db.selectFrom(tables.acceptances).selectAll().where('id', 'in', ids))
    return rows.map((row) => toAcceptance(dialect, row))
  }

  function changes(outcome: Outcome): Partial<WebhookTable> {
    if ('sentAt' in outcome) return { sent_at: dialect.encodeTime(outcome.sentAt), last_error: null }
    if ('failedAt' in outcome) return { failed_at: dialect.encodeTime(outcome.failedAt), last_error: outcome.error }
    return { next_attempt_at: dialect.encodeTime(outcome.retryAt), last_error: outcome.error }
  }

  function toWebhook(row: WebhookTable): WebhookRecord {
    const time = (at: DbTime | null) => (at === null ? null : dialect.decodeTime(at))
    return {
      id: row.id,
      entryId: row.entry_id,
      endpoint: row.endpoint,
      appId: row.app_id,
      action: row.action,
      at: dialect.decodeTime(row.at),
      attempts: row.attempts,
      lastError: row.last_error,
      nextAttemptAt: dialect.decodeTime(row.next_attempt_at),
      leasedUntil: time(row.leased_until),
      sentAt: time(row.sent_at),
      failedAt: time(row.failed_at),
    }
  }

  return {
    leaseWebhooks,

    *nextWebhookAt(endpoint) {
      const [next] = yield* nextDue({ endpoint })
      return next && dialect.decodeTime(next.next_attempt_at)
    },

    *finishWebhook({ id, attempts }, outcome) {
      yield* all(
        db
          .updateTable(tables.webhooks)
          .set({ leased_until: null, ...changes(outcome) })
          .where('id', '=', id)
          .where('attempts', '=', attempts)
          .where('sent_at', 'is', null)
          .where('failed_at', 'is', null),
      )
    },

    *listFailedWebhooks({ appId, limit, after }) {
      let select = failed(appId).selectAll()
      if (after) {
        const position = dialect.encodeTime(after.at)
        select = select.where((eb) => eb(eb.refTuple('at', 'id'), '<', eb.tuple(position, after.id)))
      }
      return (yield* all(select.orderBy('at', 'desc').orderBy('id', 'desc').limit(limit))).map(toWebhook)
    },

    *retryWebhooks({ appId, now, limit }) {
      const some = failed(appId).select('id').orderBy('at').orderBy('id').limit(limit)
      const update = db
        .updateTable(tables.webhooks)
        .set({ failed_at: null, last_error: null, attempts: 0, next_attempt_at: dialect.encodeTime(now) })
        .where('id', 'in', dialect.rowLocks ? some.forUpdate().skipLocked() : some)
      return (yield* all(update.returning('id'))).length
    },
  }
}
