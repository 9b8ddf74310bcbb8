// How long what is over is kept: the install's rule, and what one call of `prune` says in its place.
import { checkNames } from './option-names.js'
import type { PruneOptions } from './options.js'

/** Complete. */
export interface KeptFor {
  readonly olderThanMs: number
  /** `undefined`: for ever. */
  readonly forgetAfterMs?: number
}

const DAY_MS = 24 * 60 * 60 * 1000 // as long as a request may be sent again under its key
export const KEPT_MS = 90 * DAY_MS

/** What was given. @throws TypeError where an option is unknown or wrong. */
export function readRetention(owner: string, options: PruneOptions): Partial<KeptFor> {
  checkNames(owner, options, ['olderThanMs', 'forgetAfterMs'])
  const { olderThanMs, forgetAfterMs } = options
  const given = Object.entries({ olderThanMs, forgetAfterMs }).filter(([, value]) => value !== undefined)
  for (const [name, value] of given) {
    if (Number.isSafeInteger(value) && Number(value) >= DAY_MS) continue
    throw new TypeError(`${owner}: \`${name}\` must be a whole number of milliseconds, a day (86400000) or more.`)
  }
  return Object.fromEntries(given)
}
