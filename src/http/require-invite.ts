// `requireInvite`: the gate before a host's signup handler.
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { appOf, type Context } from '../context.js'
import { InviteError } from '../errors.js'
import { contextOf } from '../invites.js'
import { checkNames } from '../option-names.js'
import type { Claim } from '../use-cases/claim.js'
import { hasBody } from './body.js'
import { explicitCode, type FromRequest, readEmail } from './credentials.js'
import { claimAtDoor, forgetCookie } from './door.js'
import { addressOf, type ExistingOption, existingAccount } from './existing.js'
import type { Invites } from './invites.js'
import { missingBodyParser, warnOfApp, warnOfNoAddress, warnOfSafeMethod } from './misconfiguration.js'
import { type Succeeded, settleWithResponse } from './settle.js'
import { unshape } from './unshape.js'

/** The options of `requireInvite`: where in a request things are, and what counts as a success. */
export interface RequireInviteOptions {
  /** The app that is signed up to. Default: the only one, or `default`. */
  readonly appId?: string | FromRequest<string> | undefined
  /** Where the code is. Default: `inviteCode` in the body, else in the query, else the join cookie. */
  readonly code?: FromRequest<string> | undefined
  /** Where the address is; `false`: there is none, the code alone counts. Default: `email` in the body, else in the query. */
  readonly email?: FromRequest<string> | false | undefined
  /** Says whether an answer below 400 was a success. Default: yes, but for a redirect of Passport's that logs nobody in. */
  readonly succeeded?: Succeeded | undefined
  /**
   * For a route where somebody who is logged in joins another app or organization: `true` where `req.user` has `id` and
   * `email`, or a function that returns the account, `null` where there is none. It needs an invite in mode `open` too;
   * the account's address counts and not the body's; and its id is recorded as `userId`. Default: a signup.
   */
  readonly existing?: ExistingOption | undefined
}

declare global {
  namespace Express {
    interface Request {
      /** The invite that lets this request sign up; absent in mode `open` where it came without one. */
      invite?: Claim
    }
  }
}

/**
 * Lets a request pass only with an invite, of which it holds one use until the response decides: an answer of 400 or
 * above gives it back, any other counts it. `req.invite.accept({ userId })` in the handler is the exact form.
 * Whatever fails goes to `next(error)` as an `InviteError`.
 * @throws TypeError where an option is unknown or wrong, or several apps leave open which is meant.
 */
export function requireInvite(invites: Invites, options: RequireInviteOptions = {}): RequestHandler {
  const context = contextOf(invites)
  const { appId: whichApp, code, email, existing } = checkOptions(context, options)
  const succeeded = options.succeeded ?? (existing && (() => true)) // no login tells there whether a redirect means success

  /** Lets the request in, or throws what keeps it out. */
  async function admit(req: Request, res: Response, next: NextFunction): Promise<void> {
    warnOfApp(context, req)
    if (isSafe(req)) {
      warnOfSafeMethod(context, req)
      throw new InviteError('invite_required', { detail: `Nobody signs up by ${req.method}: use POST.` })
    }
    if (code === undefined || (email === undefined && existing === undefined)) needBody(context, req)
    const account = existing && (await existingAccount(req, existing))
    const { appId } = appOf(context, typeof whichApp === 'function' ? await whichApp(req) : whichApp)
    if (req.invite?.appId === appId) return // another gate of this route holds a use: one signup counts once
    const explicit = await explicitCode(req, code)
    const forget = () => forgetCookie(context, req, res, appId)
    let named: string | false | undefined
    const address = async () => {
      if (account !== undefined && email === undefined) return addressOf(account)
      named = email === false ? false : await readEmail(req, email)
      return { email: named }
    }
    const always = account !== undefined
    const arrival = { req, appId, explicit, address, forget, always }
    const claim = await claimAtDoor(context, arrival).catch((error: unknown) => {
      const isMismatch = error instanceof InviteError && error.code === 'invite_email_mismatch'
      if (isMismatch && named === undefined && !always) warnOfNoAddress(context)
      throw error
    })
    if (claim !== undefined) {
      const { id: userId } = account ?? {}
      req.invite = settleWithResponse({ context, req, res, next, claim, userId, succeeded, accepted: forget })
    }
  }

  return function requireInviteGate(req, res, next) {
    unshape(req, res)
    admit(req, res, next).then(() => next(), next)
  }
}

function isSafe(req: Request): boolean {
  return ['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(req.method)
}

/** @throws TypeError where no body parser ran; InviteError where one ran and this body is not of its kind. */
function needBody(context: Context, req: Request): void {
  if (!('body' in req)) throw missingBodyParser(context)
  const isUnread = !req.readableEnded && Object.keys(req.body ?? {}).length === 0 // Express 4's parsers leave `{}`
  if (hasBody(req) && (req.body === undefined || isUnread)) {
    const type = req.headers['content-type'] ?? 'no Content-Type'
    throw new InviteError('input_invalid', { status: 415, detail: `A body of ${type} cannot be read here.` })
  }
}

function checkOptions(context: Context, options: RequireInviteOptions): RequireInviteOptions {
  checkNames('requireInvite', options, ['appId', 'code', 'email', 'succeeded', 'existing'])
  const { appId, code, email, succeeded, existing } = options
  const wrong = (name: string, what: string) => new TypeError(`requireInvite: \`${name}\` must be ${what}.`)
  if (code !== undefined && typeof code !== 'function') throw wrong('code', 'a function of the request')
  if (email !== undefined && email !== false && typeof email !== 'function') {
    throw wrong('email', 'a function of the request, or false where there are no addresses')
  }
  if (succeeded !== undefined && typeof succeeded !== 'function') {
    throw wrong('succeeded', 'a function of the request and the response')
  }
  if (existing !== undefined && existing !== true && typeof existing !== 'function') {
    throw wrong('existing', 'true, where `req.user` is the account, or a function of the request that returns it')
  }
  if (typeof appId !== 'function') {
    const known = [...context.config.apps.keys()].join(', ')
    if (appId === undefined && context.config.defaultAppId === undefined) {
      throw new TypeError(`requireInvite: there are several apps, so \`appId\` must be one of ${known}, or a function.`)
    }
    if (appId !== undefined && !context.config.apps.has(appId)) throw wrong('appId', `one of ${known}, or a function`)
  }
  return options
}
