// The loop of every worker on an outbox: takes what is due, so many at a time, and more as soon as half of them are done.
//
// No transaction is open while something is delivered. A process that dies between the other side's yes and the record
// of it leaves that leased; it is delivered again when the lease runs out.
import type { DeliveryOutcome, Timestamp } from './store.js'

export interface Worker {
  /** Begins to deliver by itself, and looks for what is due from then on. */
  start(): void
  /** Something was queued: look now. */
  wake(): void
  /** Delivers everything that is due, once. Resolves with the number of tries. */
  deliverDue(): Promise<number>
  /** Lets what is being delivered finish, and stops. */
  close(): Promise<void>
}

/** What a worker works on. */
export interface Outbox<Item> {
  /** When the next is due; a plain read, so that an idle worker takes no write lock. */
  nextAt(): Promise<Timestamp | undefined>
  /** How many are delivered at the same time. */
  readonly atOnce: number
  /** Takes some that are due. */
  lease(now: Timestamp, limit: number): Promise<readonly Item[]>
  /** Delivers one, and records what became of it. Rejects where the store fails, not where the other side does. */
  deliver(item: Item): Promise<void>
  /** Nothing is delivered, and it is tried again. */
  stalled(why: string): void
}

const SECOND = 1000
const MINUTE = 60 * SECOND
const POLL_MS = 5 * SECOND // how soon it is noticed what other processes queue
/** How long to wait after the first, second, … try that failed. After the last, it is given up. */
const BACK_OFF_MS = [30 * SECOND, 2 * MINUTE, 10 * MINUTE, 60 * MINUTE, 240 * MINUTE, 720 * MINUTE]

export function createOutboxWorker<Item>(clock: () => number, outbox: Outbox<Item>): Worker {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<number> | undefined
  let started = false
  let closed = false

  function schedule(inMs: number): void {
    if (!started || closed) return
    clearTimeout(timer)
    timer = setTimeout(() => void round(), inMs).unref()
  }

  async function round(): Promise<void> {
    let inMs = POLL_MS
    try {
      await deliverDue()
      const next = await outbox.nextAt()
      if (next !== undefined) inMs = Math.min(Math.max(next - clock(), 0), POLL_MS)
    } catch (error) {
      outbox.stalled(error instanceof Error ? error.message : String(error))
    }
    schedule(inMs)
  }

  function deliverDue(): Promise<number> {
    running ??= drain().finally(() => {
      running = undefined
    })
    return running
  }

  async function drain(): Promise<number> {
    const underWay = new Set<Promise<void>>()
    const failures: unknown[] = []
    let tries = 0
    const isOver = () => closed || failures.length > 0

    function begin(item: Item): void {
      const work = outbox
        .deliver(item)
        .catch((error: unknown) => void failures.push(error))
        .finally(() => underWay.delete(work))
      underWay.add(work)
    }

    try {
      for (let isMore = false; !isOver(); ) {
        const now = clock()
        const due = isMore ? now : await outbox.nextAt()
        if (due === undefined || due > now) {
          // One that is under way may be due again when it is done.
          if (underWay.size === 0) break
          await Promise.all(underWay)
          continue
        }
        const free = outbox.atOnce - underWay.size
        const leased = await outbox.lease(now, free)
        if (leased.length === 0 && underWay.size === 0) break // another process was faster
        for (const item of leased) begin(item)
        tries += leased.length
        isMore = leased.length === free
        while (underWay.size > (isMore ? outbox.atOnce / 2 : 0)) await Promise.race(underWay)
      }
    } finally {
      await Promise.all(underWay)
    }
    if (failures.length > 0) throw failures[0]
    return tries
  }

  return {
    start() {
      started = true
      schedule(0)
    },
    wake: () => schedule(0),
    deliverDue,
    async close() {
      closed = true
      clearTimeout(timer)
      await running?.catch(() => undefined) // its failure was told already, and is the store's
    },
  }
}

/** To be tried again, unless it was tried often enough. */
export function afterFailure(
  { attempts }: { readonly attempts: number },
  error: string,
  now: Timestamp,
): Extract<DeliveryOutcome, { readonly error: string }> {
  const waitMs = BACK_OFF_MS[attempts - 1]
  return waitMs === undefined ? { failedAt: now, error } : { retryAt: now + waitMs, error }
}
