// The throttle on guessing: wrong codes are counted by address, and nothing else is.

import type { Request } from 'express'
import { type ClientRateLimitInfo, ipKeyGenerator, MemoryStore, type Options, type Store } from 'express-rate-limit'
import type { Context } from '../context.js'
import { InviteError, storeUnavailable } from '../errors.js'
import { isHumanCode } from '../human-codes.js'
import { type Guess, isWrongCode, type RateLimitHeaders, type Tell } from './guess.js'
import { createHumanThrottle } from './human-throttle.js'

export interface Throttle {
  /**
   * Has `look` judge a code, and counts it where that says that it is wrong; `tell` hears how the client stands then.
   * @throws InviteError `rate_limited`, and nothing is looked up, where the client has guessed too often.
   */
  attempt<Result>(guess: Guess, look: () => Promise<Result>, tell?: Tell): Promise<Result>
  /** How many guesses this client has left. @throws InviteError `rate_limited` where it has guessed too often. */
  check(req: Request): Promise<RateLimitHeaders>
}

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

  const attemptHuman = createHumanThrottle(context, { store, limit, keyOf, limited, headersOf, counted })

  return {
    check,
    async attempt(guess, look, tell) {
      if (isHumanCode(context, guess.code)) return await attemptHuman(guess, look, tell)
      const { req } = guess
      if (req === undefined) return await look() // one of ours cannot be guessed
      const standing = await check(req)
      try {
        const result = await look()
        tell?.(standing)
        return result
      } catch (error) {
        if (isWrongCode(error)) {
          const after = await wrongCode(req)
          tell?.(after)
        }
        throw error
      }
    },
  }

  async function check(req: Request): Promise<RateLimitHeaders> {
    const known = await counted(() => store.get?.(keyOf(req)))
    if (known !== undefined && known.totalHits >= limit) throw limited(known)
    return headersOf(known)
  }

  async function wrongCode(req: Request): Promise<RateLimitHeaders> {
    const known = await counted(() => store.increment(keyOf(req)))
    if (known.totalHits > limit) throw limited(known) // guesses that were made side by side
    return headersOf(known)
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
