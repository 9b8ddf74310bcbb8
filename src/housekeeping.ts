// Housekeeping by itself, once a day, where the option `retention` asks for it.
import type { Context } from './context.js'
import { InviteError } from './errors.js'
import { prune } from './use-cases/prune.js'
import { warnOnce } from './warnings.js'

export interface Housekeeping {
  /** Prunes now, and whenever it is due from then on. */
  start(): void
  /** Prunes if a day has passed since it last did; after a failure, an hour. Says whether it was due. */
  runIfDue(): Promise<boolean>
  /** Lets the batch at hand finish, and stops. */
  close(): Promise<void>
}

const HOUR_MS = 60 * 60 * 1000
const DAY_MS = 24 * HOUR_MS

export function createHousekeeping(context: Context): Housekeeping {
  const { clock } = context.config
  let dueAt = Number.NEGATIVE_INFINITY
  let running: Promise<unknown> | undefined
  let timer: NodeJS.Timeout | undefined
  let closed = false

  async function runIfDue(): Promise<boolean> {
    if (closed || running !== undefined || clock() < dueAt) return false
    dueAt = clock() + DAY_MS
    running = prune(context, {}, () => !closed).catch((error: unknown) => {
      dueAt = clock() + HOUR_MS
      const reason = error instanceof InviteError ? (error.cause ?? error) : error
      const why = reason instanceof Error ? reason.message : String(reason)
      warnOnce(context, 'INVITE_PRUNE_FAILED', `What is over was not removed, and will be in an hour: ${why}`)
    })
    await running
    running = undefined
    return true
  }

  return {
    start() {
      timer = setInterval(() => void runIfDue(), HOUR_MS).unref()
      void runIfDue()
    },
    runIfDue,
    async close() {
      closed = true
      clearInterval(timer)
      await running
    },
  }
}
