// The throttle on guessing: wrong codes are counted by address, and nothing else is.

import type { Request } from 'express'
import { type ClientRateLimitInfo, ipKeyGenerator, MemoryStore, type Options, type Store } from 'express-rate-limit'
import type { Context } from '../context.js'
import { InviteError } from '../errors.js'

export interface Throttle {
  /** @throws InviteError `rate_limited` where this client has guessed too often. */
  check(req: Request): Promise<void>
  /** Counts a wrong code. @throws InviteError `rate_limited` where that was one too many. */
  wrongCode(req: Request): Promise<void>
}

const throttles = new WeakMap<Context, Throttle>()

/** The install's throttle: one for all its doors. */
export function throttleOf(context: Context): Throttle {
  const throttle = throttles.get(context) ?? createThrottle(context)
  throttles.set(context, throttle)
  return throttle
}

function createThrottle(context: Context): Throttle {
  const { limit, windowMs, store: given } = context.config.wrongCodes
  const store = (given as Store | undefined) ?? new MemoryStore()
  store.init?.({ windowMs } as Options)
  if (given === undefined) context.onClose(() => store.shutdown?.())

  return {
    async check(req) {
      const known = await counted(() => store.get?.(keyOf(req)))
      if (known !== undefined && known.totalHits >= limit) throw limited(known)
    },
    async wrongCode(req) {
      const known = await counted(() => store.increment(keyOf(req)))
      if (known.totalHits > limit) throw limited(known) // guesses that were made side by side
    },
  }

  function limited({ resetTime }: ClientRateLimitInfo): InviteError {
    const seconds = Math.ceil(((resetTime?.getTime() ?? Date.now() + windowMs) - Date.now()) / 1000)
    return new InviteError('rate_limited', { headers: { 'Retry-After': String(Math.max(seconds, 1)) } })
  }
}

/** Without its counters the throttle does not let anybody guess. */
async function counted<Result>(count: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await count()
  } catch (cause) {
    throw new InviteError('store_unavailable', { detail: 'The counters of wrong codes cannot be reached.', cause })
  }
}

function keyOf(req: Request): string {
  return `invite-code:${req.ip === undefined ? 'unknown' : ipKeyGenerator(req.ip)}`
}
