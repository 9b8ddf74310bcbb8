// The throttles, by the address of the client: on guessing codes and keys, where wrong ones are counted, apart, and
// nothing else is; and on asking for access.

import type { Request } from 'express'
import { type ClientRateLimitInfo, ipKeyGenerator, MemoryStore, type Options, type Store } from 'express-rate-limit'
import type { LimitConfig } from '../config.js'
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

const throttles = new WeakMap<Context, Throttle>()
const requestThrottles = new WeakMap<Context, Counter>()

/** The install's throttle: one for all its doors. */
export function throttleOf(context: Context): Throttle {
  const throttle = throttles.get(context) ?? createThrottle(context)
  throttles.set(context, throttle)
  return throttle
}

function createThrottle(context: Context): Throttle {
  const codes = createCounter(context, context.config.wrongCodes, wrongCodes)
  const keys = createCounter(context, context.config.wrongCodes, wrongKeys)
  return { check: codes.check, wrongCode: codes.count, wrongKey: async (req) => void (await keys.count(req)) }
}

/** Counts a request for access. @throws InviteError `rate_limited` where that was one too many. */
export async function countRequest(context: Context, req: Request): Promise<RateLimitHeaders> {
  const counter = requestThrottles.get(context) ?? createCounter(context, context.config.accessRequests, requests)
  requestThrottles.set(context, counter)
  return await counter.count(req)
}

interface Counter {
  check(req: Request): Promise<RateLimitHeaders>
  count(req: Request): Promise<RateLimitHeaders>
}

/** What is counted. */
interface Counted {
  /** Names it to the client. */
  readonly policy: string
  /** Begins its keys, since one store may count several things. */
  readonly prefix: string
  readonly tooMany: string | undefined
  readonly unreachable: string
}

const wrongCodes: Counted = {
  policy: 'wrong-codes',
  prefix: 'invite-code',
  tooMany: undefined,
  unreachable: 'The counters of wrong codes cannot be reached.',
}
const wrongKeys: Counted = {
  policy: 'wrong-keys',
  prefix: 'app-key',
  tooMany: 'Too many wrong keys. Wait before trying again.',
  unreachable: 'The counters of wrong keys cannot be reached.',
}
const requests: Counted = {
  policy: 'access-requests',
  prefix: 'invite-request',
  tooMany: 'Too many requests for access. Wait before trying again.',
  unreachable: 'The counters of requests for access cannot be reached.',
}

function createCounter(context: Context, rule: LimitConfig, what: Counted): Counter {
  const { limit, windowMs, store: given } = rule
  const { policy, prefix, tooMany, unreachable } = what
  const store = (given as Store | undefined) ?? new MemoryStore()
  store.init?.({ windowMs } as Options)
  if (given === undefined) context.onClose(() => store.shutdown?.())

  return {
    async check(req) {
      const known = await counted(() => store.get?.(keyOf(prefix, req)), unreachable)
      if (known !== undefined && known.totalHits >= limit) throw limited(known)
      return headersOf(known)
    },
    async count(req) {
      const known = await counted(() => store.increment(keyOf(prefix, req)), unreachable)
      if (known.totalHits > limit) throw limited(known) // also guesses that were made side by side
      return headersOf(known)
    },
  }

  function limited(known: ClientRateLimitInfo): InviteError {
    const headers = { 'Retry-After': String(secondsLeft(known)), ...headersOf(known) }
    return new InviteError('rate_limited', { headers, ...(tooMany !== undefined && { detail: tooMany }) })
  }

  function headersOf(known: ClientRateLimitInfo | undefined): RateLimitHeaders {
    const left = Math.max(limit - (known?.totalHits ?? 0), 0)
    return {
      RateLimit: `"${policy}";r=${left};t=${secondsLeft(known)}`,
      'RateLimit-Policy': `"${policy}";q=${limit};w=${Math.ceil(windowMs / 1000)}`,
    }
  }

  /** How long the window still is. A client that has made no guess begins one with its first. */
  function secondsLeft(known: ClientRateLimitInfo | undefined): number {
    const leftMs = known?.resetTime ? known.resetTime.getTime() - Date.now() : windowMs
    return Math.max(Math.ceil(leftMs / 1000), 1)
  }
}

/** Without its counters the throttle does not let anybody try. */
async function counted<Result>(count: () => Result | Promise<Result>, unreachable: string): Promise<Result> {
  try {
    return await count()
  } catch (cause) {
    throw storeUnavailable(unreachable, cause)
  }
}

function keyOf(prefix: string, req: Request): string {
  return `${prefix}:${req.ip === undefined ? 'unknown' : ipKeyGenerator(req.ip)}`
}
