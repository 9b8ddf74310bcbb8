// Housekeeping: removes what is past its keeping time, in batches that nobody has to wait for.
import { setTimeout as pause } from 'node:timers/promises'
import type { Context } from '../context.js'
import { checkNames } from '../option-names.js'
import type { PagePosition, PruneTarget } from '../store.js'

/** What `invites.prune` keeps. */
export interface PruneOptions {
  /** How long to keep what is over, in ms; a day at least. Default: 90 days. */
  readonly olderThanMs?: number | undefined
  /**
   * After how long the addresses of those who joined are forgotten, in ms, with all that their invites say of them; a day
   * at least. What is left can be counted. Default: they are kept.
   */
  readonly forgetAfterMs?: number | undefined
}

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

const DAY_MS = 24 * 60 * 60 * 1000 // as long as a request may be sent again under its key
const KEPT_MS = 90 * DAY_MS
const BATCH = 500
const PAUSE_MS = 30 // longer than any writer waits between two tries for a SQLite file: each gets its turn

export async function prune(context: Context, options: PruneOptions): Promise<Pruned> {
  const { olderThanMs, forgetAfterMs } = read(options)
  const { store, config } = context
  const now = config.clock()

  async function removeAll(what: PruneTarget, keptMs = olderThanMs): Promise<number> {
    let total = 0
    let after: PagePosition | undefined
    do {
      if (after !== undefined) await pause(PAUSE_MS)
      const { removed, next } = await store.prune({ what, before: now - keptMs, now, limit: BATCH, after })
      total += removed
      after = next
    } while (after !== undefined)
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

function read(options: PruneOptions): { readonly olderThanMs: number; readonly forgetAfterMs: number | undefined } {
  checkNames('prune', options, ['olderThanMs', 'forgetAfterMs'])
  const { olderThanMs = KEPT_MS, forgetAfterMs } = options
  for (const [name, value] of Object.entries({ olderThanMs, forgetAfterMs })) {
    if (value === undefined || (Number.isSafeInteger(value) && value >= DAY_MS)) continue
    throw new TypeError(`prune: \`${name}\` must be a whole number of milliseconds, a day (86400000) or more.`)
  }
  return { olderThanMs, forgetAfterMs }
}
