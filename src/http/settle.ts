// Settling a claim with the response: nothing of a success is sent before the use is recorded.
//
// The handler's `res.end` is held back until the claim is accepted or given back. If accepting fails, what the handler
// wrote is dropped and the error goes on to the host's error handlers, as if the handler had thrown it.
import type { NextFunction, Request, Response } from 'express'
import type { Context } from '../context.js'
import type { Acceptance } from '../types.js'
import type { AcceptOptions, Claim } from '../use-cases/claim.js'
import { tellJoined } from '../use-cases/joining.js'
import { holdBack } from './held-response.js'
import { loggedIn, watchLogin } from './logged-in.js'
import { warnOfRedirect } from './misconfiguration.js'

/** Says whether an answer below 400 was a success. */
export type Succeeded = (req: Request, res: Response) => boolean | Promise<boolean>

export interface Settlement {
  readonly context: Context
  readonly req: Request
  readonly res: Response
  readonly next: NextFunction
  readonly claim: Claim
  /** For whom it is accepted where the handler names nobody. */
  readonly userId: AcceptOptions['userId']
  readonly succeeded: Succeeded | undefined
  /** Called once the use is recorded, before the answer is sent. */
  readonly accepted: () => void
}

/** Ties the claim to the response. Returns it as the handler is to use it. */
export function settleWithResponse(settlement: Settlement): Claim {
  const { context, req, res, next, claim, succeeded, accepted } = settlement
  const watch = watchLogin(req)
  const response = holdBack(res, { ended: () => void answer().catch(next), abandoned: () => void settle() })
  let outcome: 'accepted' | 'released' | undefined
  let { userId } = settlement
  let joined: Acceptance | undefined // what was accepted in the host's transaction, which may be rolled back
  const underWay: Promise<unknown>[] = [] // what the handler began and may not have waited for
  const { clock, claimTtlMs } = context.config
  const surelyHeldUntil = clock() + claimTtlMs / 2 // with room for the clocks of other processes

  /** Settles, and sends the answer or, where the use could not be recorded, drops it. */
  async function answer(): Promise<void> {
    const failure = await settle()
    try {
      if (failure !== undefined) throw failure.error
      response.send(() => outcome === 'accepted' && accepted())
    } catch (error) {
      if (response.drop(error)) next(error)
    }
  }

  async function settle(): Promise<{ readonly error: unknown } | undefined> {
    let failure: { readonly error: unknown } | undefined
    // Judged now, on the answer as it stands, before anything else can touch it.
    const judged = outcome === undefined && joined === undefined ? isSuccess() : Promise.resolve(true)
    const counts = judged.catch((error: unknown) => {
      failure = { error }
      return true // in doubt a use counts
    })
    try {
      await Promise.allSettled(underWay)
      if (outcome === undefined && joined !== undefined) await settleJoined(joined)
      else if (outcome === undefined) {
        if (await counts) await handed.accept({ userId })
        else await claim.release().catch(() => undefined) // then it lapses; the handler's own answer stands
      }
    } catch (error) {
      failure = { error }
    }
    return failure
  }

  /**
   * Committed, there is no hold any more; rolled back, there is, and it is given back: no account was made with it.
   * A hold may be gone because it lapsed, too: then accepting again finds what was committed, or that the use is lost.
   */
  async function settleJoined(acceptance: Acceptance): Promise<void> {
    const wasRolledBack = await claim.release().catch(() => true)
    if (wasRolledBack) return
    if (clock() < surelyHeldUntil) tellJoined(context, acceptance)
    else if (res.statusCode < 400) await claim.accept({ userId })
    else return
    outcome = 'accepted'
  }

  async function isSuccess(): Promise<boolean> {
    if (res.statusCode >= 400) return false
    if (succeeded !== undefined) return await succeeded(req, res)
    if (res.statusCode < 300 || loggedIn(req)) return true
    if (watch.passportRan) return false // a failureRedirect
    warnOfRedirect(context, req)
    return true
  }

  /** Remembers what was begun. Its failure is the handler's to see, and no unhandled one where it does not look. */
  function began<Result>(work: Promise<Result>): Promise<Result> {
    work.catch(() => undefined)
    underWay.push(work)
    return work
  }

  async function accept(options: AcceptOptions): Promise<Awaited<ReturnType<Claim['accept']>>> {
    const acceptance = await claim.accept(options)
    if (options.trx === undefined) outcome = 'accepted'
    else joined = acceptance
    return acceptance
  }

  async function release(): Promise<boolean> {
    const wasHeld = await claim.release()
    if (wasHeld || joined === undefined) outcome ??= 'released' // else the host's transaction was committed
    return wasHeld
  }

  const handed: Claim = {
    ...claim,
    accept(options = {}) {
      userId = options.userId ?? settlement.userId
      return began(accept({ ...options, userId }))
    },
    acceptSync(options) {
      userId = options.userId ?? settlement.userId
      joined = claim.acceptSync({ ...options, userId })
      return joined
    },
    release: () => began(release()),
  }
  return handed
}
