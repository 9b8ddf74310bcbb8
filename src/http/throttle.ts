// The throttle on guessing: wrong codes and wrong keys are counted by address, apart, and nothing else is.

import type { Request } from 'express'
import { type ClientRateLimitInfo, ipKeyGenerator, MemoryStore, type Options, type Store } from 'express-rate-limit'
import type { Context } from '../context.js'
import { InviteError, storeUnavailable } from '../errors.js'

export interface Throttle {
  /** How many guesses this client has left. @throws InviteError `rate_limited` where it has guessed too often. */
  check(req: Request): Promise<RateLimitHeaders>
  /** Counts a wrong code. @throws InviteError `rate_limited` where that was one too many. */
  wrongCode(req: Request): Promise<RateLimitHeaders>
  /** Counts a wrong key of an app. @throws InviteError `rate_limited` where that was one too many. */
  wrongKey(req: Request): Promise<void>
}

/**
 * As draft-ietf-httpapi-ratelimit-headers-08 has them: `q` guesses in a window of `w` seconds; `r` of them left for the
 * next `t` seconds. The partition key is left out, since each client is one.
 */
export type RateLimitHeaders = Readonly<Record<'RateLimit' | 'RateLimit-Policy', string>>

const POLICIES = { 'invite-code': 'wrong-codes', 'app-key': 'wrong-keys' } as const
type Guessed = keyof typeof POLICIES
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
      const known = await counted(() => store.get?.(keyOf('invite-code', req)))
      if (known !== undefined && known.totalHits >= limit) throw limited('invite-code', known)
      return headersOf('invite-code', known)
    },
    async wrongCode(req) {
      const known = await counted(() => store.increment(keyOf('invite-code', req)))
      if (known.totalHits > limit) throw limited('invite-code', known) // guesses that were made side by side
      return headersOf('invite-code', known)
    },
    async wrongKey(req) {
      const known = await counted(() => store.increment(keyOf('app-key', req)))
      if (known.totalHits > limit) throw limited('app-key', known, 'Too many wrong keys. Wait before trying again.')
    },
  }

  function limited(guessed: Guessed, known: ClientRateLimitInfo, detail?: string): InviteError {
    const headers = { 'Retry-After': String(secondsLeft(known)), ...headersOf(guessed, known) }
    return new InviteError('rate_limited', { headers, ...(detail !== undefined && { detail }) })
  }

  function headersOf(guessed: Guessed, known: ClientRateLimitInfo | undefined): RateLimitHeaders {
    const left = Math.max(limit - (known?.totalHits ?? 0), 0)
    return {
      RateLimit: `"${POLICIES[guessed]}";r=${left};t=${secondsLeft(known)}`,
      'RateLimit-Policy': `"${POLICIES[guessed]}";q=${limit};w=${Math.ceil(windowMs / 1000)}`,
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
    throw storeUnavailable('The counters of wrong codes and keys cannot be reached.', cause)
  }
}

function keyOf(guessed: Guessed, req: Request): string {
  return `${guessed}:${req.ip === undefined ? 'unknown' : ipKeyGenerator(req.ip)}`
}
