// Queues webhooks, in the transaction of what they tell of.
import type { WebhookTargets } from '../../src/store.js'
import { prepareInserts } from './inserting.js'
import type { Operation } from './operation.js'
import type { DbTime, Dialect } from './schema.js'

/** An entry of the log. */
interface Entry {
  readonly id: string
  readonly app_id: string
  readonly action: string
  readonly at: DbTime
}

/** Queues a webhook about each of these entries, for each endpoint that is to be told of it. */
export type QueueWebhooks = (targets: WebhookTargets | undefined, entries: readonly Entry[]) => Operation<void>

const columns = {
  id: 'text',
  entry_id: 'text',
  endpoint: 'text',
  app_id: 'text',
  action: 'text',
  at: 'time',
  next_attempt_at: 'time',
} as const

export function webhookQueue(dialect: Dialect): QueueWebhooks {
  const insert = prepareInserts(dialect, 'webhooks', columns)

  return function* queue(targets, entries) {
    if (targets === undefined) return
    const rows = entries.flatMap(({ id, app_id, action, at }) =>
      (targets[action] ?? []).map((endpoint) => ({
        id: `${id}.${endpoint}`,
        entry_id: id,
        ...{ endpoint, app_id, action, at },
        next_attempt_at: at,
      })),
    )
    yield* insert(rows)
  }
}
