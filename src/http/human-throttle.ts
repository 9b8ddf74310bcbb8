// The throttle on codes that people make up, which are short enough to be guessed by many clients together.
//
// A guess is counted before it is looked up and given back where it was not wrong, so that guesses made side by side are
// no more than those made in a row. Where the budget of the app or of all apps is spent, a client may be wrong once: who
// comes with the right code gets in whatever others do, and guessing takes a network of one's own for each guess.
import type { Request } from 'express'
import type { ClientRateLimitInfo, Store } from 'express-rate-limit'
import type { Context } from '../context.js'
import { InviteError } from '../errors.js'
import { type Guess, isWrongCode, type RateLimitHeaders, type Tell } from './guess.js'

/** Clients that are counted, each by its address. */
export interface CountedClients {
  readonly store: Store
  readonly limit: number
  keyOf(req: Request): string
  limited(known: ClientRateLimitInfo): InviteError
  headersOf(known: ClientRateLimitInfo | undefined): RateLimitHeaders
  counted<Result>(count: () => Result | Promise<Result>): Promise<Result>
}

export function createHumanThrottle(context: Context, parts: CountedClients) {
  const { store, limit, keyOf, limited, headersOf, counted } = parts
  const { perApp, overall } = context.config.humanCodes ?? { perApp: 0, overall: 0 }
  const told = new Map<string, number>()

  return async function attempt<Result>(guess: Guess, look: () => Promise<Result>, tell?: Tell): Promise<Result> {
    const { req, appId } = guess
    const keys = { own: req && keyOf(req), app: `invite-human:${appId}`, all: 'invite-human' }
    const own = keys.own === undefined ? undefined : await hit(keys.own)
    const app = await hit(keys.app)
    const all = await hit(keys.all)
    const giveBack = async () => {
      for (const key of Object.values(keys)) if (key !== undefined) await counted(() => store.decrement(key))
    }

    const isSpent = app.totalHits > perApp || all.totalHits > overall
    const allowed = isSpent ? 1 : limit
    if (own === undefined ? isSpent : own.totalHits > allowed) {
      await giveBack()
      throw limited(own ?? (app.totalHits > perApp ? app : all))
    }
    try {
      const result = await look()
      await giveBack()
      tell?.(headersOf(own && { ...own, totalHits: own.totalHits - 1 }))
      return result
    } catch (error) {
      if (!isWrong(error)) await giveBack()
      else {
        tell?.(headersOf(own))
        if (app.totalHits >= perApp) raise(appId, app)
        if (all.totalHits >= overall) raise(null, all)
      }
      throw error
    }
  }

  /** A copy: what a store in memory returns goes on counting. */
  async function hit(key: string): Promise<ClientRateLimitInfo> {
    return { ...(await counted(() => store.increment(key))) }
  }

  /** Tells it, once for each window. */
  function raise(appId: string | null, { totalHits, resetTime }: ClientRateLimitInfo): void {
    const endsAt = resetTime?.getTime() ?? Number.POSITIVE_INFINITY
    const name = appId ?? ''
    if ((told.get(name) ?? 0) > Date.now()) return
    told.set(name, endsAt)
    context.emit('guessing', { appId, wrongCodes: totalHits })
  }
}

/** The address that belongs to a made-up code is a part of the secret: a wrong one counts too. */
function isWrong(error: unknown): boolean {
  return isWrongCode(error) || (error instanceof InviteError && error.code === 'invite_email_mismatch')
}
