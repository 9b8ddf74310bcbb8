// The throttle on guessing: wrong codes are counted by address, and nothing else is.

import type { Request } from 'express'
import { type ClientRateLimitInfo, ipKeyGenerator, MemoryStore, type Options, type Store } from 'express-rate-limit'
import type { Context } from '../context.js'
import { InviteError, storeUnavailable } from '../errors.js'

export interface Throttle {
  /** How many guesses this client has left. @throws InviteError `rate_limited` where it has guessed too often. */
  check(req: Request): Promise<RateLimitHeaders>
  /** Counts a wrong code. @throws InviteError `rate_limited` where that was one too many. */
  wrongCode(req: Request): Promise<RateLimitHeaders>
}

/**
 * As draft-ietf-httpapi-ratelimit-headers-08 has them: `q` guesses in a window of `w` seconds; `r` of them left for the
 * next `t` seconds. The partition key is left out, since each client is one.
 */
export type RateLimitHeaders = Readonly<Record<'RateLimit' | 'RateLimit-Policy', string>>

const POLICY = 'wrong-codes'
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
      return headersOf(known)
    },
    async wrongCode(req) {
      const known = await counted(() => store.increment(keyOf(req)))
      if (known.totalHits > limit) throw limited(known) // guesses that were made side by side
      return headersOf(known)
    },
  }

  function limited(known: ClientRateLimitInfo): InviteError {
    const headers = { 'Retry-After': String(secondsLeft(known)), ...headersOf(known) }
    return new InviteError('rate_limited', { headers })
  }

  function headersOf(known: ClientRateLimitInfo | undefined): RateLimitHeaders {
    const left = Math.max(limit - (known?.totalHits ?? 0), 0)
    return {
      RateLimit: `"${POLICY}";r=${left};t=${secondsLeft(known)}`,
      'RateLimit-Policy': `"${POLICY}";q=${limit};w=${Math.ceil(windowMs / 1000)}`,
    }
  }

  /** How long the window still is. A client that has made no guess begins one with its first. */
  function secondsLeft(known: ClientRateLimitInfo | undefined): number {
    const leftMs = known?.resetTime ? known.resetTime.getTime() - Date.now() : windowMs
    return Math.max(Math.ceil(leftMs / 1000), 1)
  }
}

/** Without its counters the throttle does not let anybody guess. */
async function counted<Result>(count: () => Result | Promise<Result>): Promise<Result> {
  try {
    return await count()
  } catch (cause) {
    throw storeUnavailable('The counters of wrong codes cannot be reached.', cause)
  }
}

function keyOf(req: Request): string {
  return `invite-code:${req.ip === undefined ? 'unknown' : ipKeyGenerator(req.ip)}`
}
