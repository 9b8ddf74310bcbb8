// Housekeeping: removes what is past its keeping time, in batches that nobody has to wait for.
import { setTimeout as pause } from 'node:timers/promises'
import type { Context } from '../context.js'
import type { PruneOptions } from '../options.js'
import { type KeptFor, readRetention } from '../retention.js'
import type { PagePosition, PruneTarget } from '../store.js'

/** How many of each were removed. */
export interface Pruned {
  /** Invites that expired or were revoked, and that nobody had used. Their mails went with them. */
  readonly invites: number
  /** Other mails, of invites that are over, or mailed again since. */
  readonly deliveries: number
  /** Claims of processes that ended before they settled them. */
  readonly claims: number
  /** Webhooks of what was done then or earlier, sent or not. */
  readonly webhooks: number
  /** Requests that had come with an `Idempotency-Key`. */
  readonly keyedRequests: number
  /** Requests for access that nobody confirmed, or that were approved or declined. */
  readonly accessRequests: number
  /** Addresses of those who joined; there with `forgetAfterMs`. */
  readonly addresses?: number | undefined
}

const BATCH = 500
const PAUSE_MS = 30 // longer than any writer waits between two tries for a SQLite file: each gets its turn

/** What `options` leave out is as the install's `retention` has it. `goesOn` is asked between batches. */
export async function prune(context: Context, options: PruneOptions, goesOn = () => true): Promise<Pruned> {
  const { store, config } = context
  const { olderThanMs, forgetAfterMs }: KeptFor = { ...config.retention, ...readRetention('prune', options) }
  const now = config.clock()

  async function removeAll(what: PruneTarget, keptMs = olderThanMs): Promise<number> {
    let total = 0
    if (!goesOn()) return total
    let after: PagePosition | undefined
    do {
      if (after !== undefined) await pause(PAUSE_MS)
      const { removed, next } = await store.prune({ what, before: now - keptMs, now, limit: BATCH, after })
      total += removed
      after = next
    } while (after !== undefined && goesOn())
    return total
  }

  await removeAll('mailCounts') // numbers under digests, not told
  return {
    claims: await removeAll('claims'), // first: an invite that is held stays
    invites: await removeAll('invites'),
    deliveries: await removeAll('deliveries'),
    webhooks: await removeAll('webhooks'),
    keyedRequests: await removeAll('keyedRequests'),
    accessRequests: await removeAll('accessRequests'),
    ...(forgetAfterMs !== undefined && { addresses: await removeAll('addresses', forgetAfterMs) }),
  }
}
