// This process's clock against the database's: terms and holds are judged by the one, in every process by its own.
import type { Context } from './context.js'
import { warnOnce } from './warnings.js'

/** How far apart clocks may be. */
export const CLOCK_TOLERANCE_MS = 30_000

/** Tells it where they are far apart. A database that cannot be asked now will say so to whoever needs it. */
export async function compareClocks(context: Context): Promise<void> {
  const { clock } = context.config
  const asked = clock()
  const theirs = await context.store.time().catch(() => undefined)
  const answered = clock()
  if (theirs === undefined) return
  const apart = Math.max(asked - theirs, theirs - answered) // what the question took is no difference
  if (apart < CLOCK_TOLERANCE_MS) return
  const seconds = Math.round(apart / 1000)
  warnOnce(
    context,
    'INVITE_CLOCK_SKEW',
    `This machine's clock and the database's are ${seconds} seconds apart, so invites expire that much too early or ` +
      'late, and holds of other processes may lapse under them. Set both by NTP.',
  )
}
