// Webhooks that were given up: which, and trying them again.
import { supervisorsOnly } from '../actors.js'
import { appOf, type Context, type KnownScope } from '../context.js'
import { readCursor, toPage } from '../cursors.js'
import { type InputOf, read } from '../input.js'
import { pageSchema } from '../schemas/invites.js'
import type { Page } from '../types.js'
import { isoTime } from '../views.js'
import type { FailedWebhook } from '../webhook-types.js'
import { typeOf } from '../webhooks/body.js'
import { webhookIdOf } from '../webhooks/signature.js'

const BATCH = 500

export async function listFailedWebhooks(
  context: Context,
  query: InputOf<typeof pageSchema>,
  scope: KnownScope,
): Promise<Page<FailedWebhook>> {
  const { appId } = appOf(context, scope.appId)
  supervisorsOnly(scope.actor)
  const { limit, cursor } = read(pageSchema, query)
  const after = readCursor(cursor)
  const records = await context.store.listFailedWebhooks({ appId, limit: limit + 1, after })
  const { items, nextCursor } = toPage(records, limit, ({ at, id }) => ({ at, id }))
  return {
    items: items.map((record) => ({
      webhookId: webhookIdOf(record),
      appId,
      endpoint: record.endpoint,
      type: typeOf(record.action) ?? record.action,
      timestamp: isoTime(record.at),
      attempts: record.attempts,
      lastError: record.lastError,
      failedAt: isoTime(record.failedAt ?? record.at),
    })),
    nextCursor,
  }
}

export async function retryWebhooks(context: Context, scope: KnownScope): Promise<number> {
  const { appId } = appOf(context, scope.appId)
  supervisorsOnly(scope.actor)
  const now = context.config.clock()
  for (let total = 0; ; ) {
    const retried = await context.store.retryWebhooks({ appId, now, limit: BATCH })
    total += retried
    if (retried < BATCH) {
      context.webhooksQueued()
      return total
    }
  }
}
