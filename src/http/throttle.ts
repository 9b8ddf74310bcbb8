// The throttles, by the address of the client: on guessing codes and keys, where wrong ones are counted, apart, and
// nothing else is; and on asking for access.
import { createRequire } from 'node:module'
import { isIPv4 } from 'node:net'
import type { Request } from 'express'
import type { ClientRateLimitInfo, Options, Store } from 'express-rate-limit'
import type { LimitConfig } from '../config.js'
import type { Context } from '../context.js'
import { InviteError, storeUnavailable } from '../errors.js'
import { isHumanCode } from '../human-codes.js'
import { type Guess, isWrongCode, type RateLimitHeaders, type Tell } from './guess.js'
import { type CountedClients, createHumanThrottle } from './human-throttle.js'

export interface Throttle {
  /**
   * Has `look` judge a code, and counts it where that says that it is wrong; `tell` hears how the client stands then.
   * @throws InviteError `rate_limited`, and nothing is looked up, where the client has guessed too often.
   */
  attempt<Result>(guess: Guess, look: () => Promise<Result>, tell?: Tell): Promise<Result>
  /** How many guesses this client has left. @throws InviteError `rate_limited` where it has guessed too often. */
  check(req: Request): Promise<RateLimitHeaders>
  /** Counts a wrong key of an app. @throws InviteError `rate_limited` where that was one too many. */
  wrongKey(req: Request): Promise<void>
}

type Limiter = typeof import('express-rate-limit')

const require = createRequire(import.meta.url)
let limiter: Limiter | undefined

/** What counts, which takes its time to load: with the first install, and not with the package. */
export function loadLimiter(): Limiter {
  limiter ??= require('express-rate-limit') as Limiter
  return limiter
}

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
  const attemptHuman = createHumanThrottle(context, codes)
  return {
    check: codes.check,
    wrongKey: async (req) => void (await keys.count(req)),
    async attempt(guess, look, tell) {
      if (isHumanCode(context, guess.code)) return await attemptHuman(guess, look, tell)
      const { req } = guess
      if (req === undefined) return await look() // one of ours cannot be guessed
      const standing = await codes.check(req)
      try {
        const result = await look()
        tell?.(standing)
        return result
      } catch (error) {
        if (isWrongCode(error)) {
          const after = await codes.count(req)
          tell?.(after)
        }
        throw error
      }
    },
  }
}

/** Counts a request for access. @throws InviteError `rate_limited` where that was one too many. */
export async function countRequest(context: Context, req: Request): Promise<RateLimitHeaders> {
  const counter = requestThrottles.get(context) ?? createCounter(context, context.config.accessRequests, requests)
  requestThrottles.set(context, counter)
  return await counter.count(req)
}

interface Counter extends CountedClients {
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
  const store = (given as Store | undefined) ?? new (loadLimiter().MemoryStore)()
  store.init?.({ windowMs } as Options)
  if (given === undefined) context.onClose(() => store.shutdown?.())

  // In turn: of several in one turn of the event loop, a store in memory would tell each of all of them.
  let counting: Promise<unknown> = Promise.resolve()
  function increment(key: string): Promise<ClientRateLimitInfo> {
    const info = counting.then(async () => {
      const { totalHits, resetTime } = await store.increment(key)
      return { totalHits, resetTime }
    })
    counting = info.catch(() => undefined)
    return info
  }

  return {
    store,
    limit,
    keyOf,
    limited,
    headersOf,
    counted,
    async check(req) {
      const known = await counted(() => store.get?.(keyOf(req)))
      if (known !== undefined && known.totalHits >= limit) throw limited(known)
      return headersOf(known)
    },
    async count(req) {
      const known = await counted(() => increment(keyOf(req)))
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

  /** Without its counters the throttle does not let anybody try. */
  async function counted<Result>(count: () => Result | Promise<Result>): Promise<Result> {
    try {
      return await count()
    } catch (cause) {
      throw storeUnavailable(unreachable, cause)
    }
  }

  function keyOf(req: Request): string {
    return `${prefix}:${nameOf(req.ip)}`
  }
}

const MAPPED = '::ffff:'

/** IPv6 by network, since a client has as many addresses as it likes. */
function nameOf(ip: string | undefined): string {
  if (ip === undefined) return 'unknown'
  // So Node names whoever comes by IPv4 to a server for both. Said by ipKeyGenerator too, but slowly.
  const mapped = ip.startsWith(MAPPED) ? ip.slice(MAPPED.length) : ip
  return isIPv4(mapped) ? mapped : loadLimiter().ipKeyGenerator(ip)
}
