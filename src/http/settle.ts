// Settling a claim with the response: nothing of a success is sent before the use is recorded.
//
// The handler's `res.end` is held back until the claim is accepted or given back. If accepting fails, what the handler
// wrote is dropped and the error goes on to the host's error handlers, as if the handler had thrown it.
import type { NextFunction, Request, Response } from 'express'
import type { AcceptOptions, Claim } from '../use-cases/claim.js'
import { loggedIn, watchLogin } from './logged-in.js'

/** Says whether an answer below 400 was a success. */
export type Succeeded = (req: Request, res: Response) => boolean | Promise<boolean>

export interface Settlement {
  readonly req: Request
  readonly res: Response
  readonly next: NextFunction
  readonly claim: Claim
  readonly succeeded: Succeeded | undefined
  /** Called once the use is recorded, before the answer is sent. */
  readonly accepted: () => void
}

/** Ties the claim to the response. Returns it as the handler is to use it. */
export function settleWithResponse({ req, res, next, claim, succeeded, accepted }: Settlement): Claim {
  const watch = watchLogin(req)
  const response = holdBack(res, settle)
  let outcome: 'accepted' | 'released' | undefined
  let userId: AcceptOptions['userId']
  let underWay: Promise<unknown> = Promise.resolve() // an accept or release that the handler did not wait for

  async function settle(): Promise<void> {
    let failure: { readonly error: unknown } | undefined
    try {
      await underWay.catch(() => undefined) // the handler's to deal with; what counts is decided below
      if (outcome === undefined) {
        const counts = await isSuccess().catch((error: unknown) => {
          failure = { error }
          return true // in doubt a use counts
        })
        if (counts) await handed.accept({ userId })
        else await claim.release().catch(() => undefined) // then it lapses; the handler's own answer stands
      }
      if (outcome === 'accepted') accepted()
    } catch (error) {
      failure = { error }
    }
    if (failure === undefined) response.send()
    else if (response.drop(failure.error)) next(failure.error)
  }

  async function isSuccess(): Promise<boolean> {
    if (res.statusCode >= 400) return false
    if (succeeded !== undefined) return await succeeded(req, res)
    const redirected = res.statusCode >= 300
    return !(redirected && watch.passportRan && !loggedIn(req)) // else a failureRedirect
  }

  const handed: Claim = {
    ...claim,
    async accept(options = {}) {
      userId = options.userId
      const accepting = claim.accept(options)
      underWay = accepting
      const acceptance = await accepting
      if (options.trx === undefined) outcome = 'accepted' // else only once the host has committed
      return acceptance
    },
    acceptSync(options) {
      userId = options.userId
      return claim.acceptSync(options)
    },
    async release() {
      const releasing = claim.release()
      underWay = releasing
      await releasing
      if (outcome === undefined) outcome = 'released'
    },
  }
  return handed
}

interface HeldResponse {
  /** Sends what the handler wrote. */
  send(): void
  /** Forgets what the handler wrote, so that another answer can be given; false where it is too late for one. */
  drop(error: unknown): boolean
}

/** Holds back the end of the response, and its head until then, and calls `ended` in its place. */
function holdBack(res: Response, ended: () => Promise<void>): HeldResponse {
  const { end, write, writeHead, flushHeaders } = res
  const headersBefore = res.getHeaders()
  let head: Parameters<typeof writeHead> | undefined
  let last: Parameters<typeof end> | undefined

  const letHeadGo = () => {
    res.writeHead = writeHead
    if (head !== undefined && !res.headersSent) Reflect.apply(writeHead, res, head)
  }
  const restore = () => Object.assign(res, { end, write, writeHead, flushHeaders })

  Object.assign(res, {
    writeHead(...args: Parameters<typeof writeHead>) {
      head = args
      res.statusCode = args[0]
      return res
    },
    write(...args: Parameters<typeof write>) {
      if (last !== undefined) return false // written after the end: Node drops it too
      letHeadGo()
      return Reflect.apply(write, res, args)
    },
    flushHeaders() {
      letHeadGo()
      flushHeaders.call(res)
    },
    end(...args: Parameters<typeof end>) {
      if (last !== undefined) return res
      last = args
      void ended()
      return res
    },
  })

  return {
    send() {
      restore()
      letHeadGo()
      Reflect.apply(end, res, last ?? [])
    },
    drop(error) {
      restore()
      if (res.headersSent) {
        res.destroy(error instanceof Error ? error : undefined)
        return false
      }
      for (const name of res.getHeaderNames()) if (!(name in headersBefore)) res.removeHeader(name)
      for (const [name, value] of Object.entries(headersBefore)) if (value !== undefined) res.setHeader(name, value)
      res.statusCode = 200
      res.statusMessage = ''
      return true
    },
  }
}
