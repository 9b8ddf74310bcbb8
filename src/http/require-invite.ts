// `requireInvite`: the gate before a host's signup handler.
import type { NextFunction, Request, RequestHandler, Response } from 'express'
import { isBlankCode, normalizeCode } from '../codes.js'
import { appOf, type Context, modeOf } from '../context.js'
import { InviteError } from '../errors.js'
import { invalidField } from '../input.js'
import { contextOf, type Invites } from '../invites.js'
import { checkNames } from '../option-names.js'
import type { Awaitable } from '../options.js'
import type { Credentials } from '../use-cases/check.js'
import { type Claim, claimInvite } from '../use-cases/claim.js'
import { hasBody } from './body.js'
import { clearJoinCookie, credentialsFor, hasJoinCookie, holdsAnotherCode } from './join-cookie.js'
import { missingBodyParser, warnOfApp, warnOfSafeMethod } from './misconfiguration.js'
import { tellOperator } from './problem.js'
import { type Succeeded, settleWithResponse } from './settle.js'
import { throttleOf } from './throttle.js'

/** Reads something from a request; `undefined` where it is not there. What it throws goes to `next(error)`. */
export type FromRequest<T> = (req: Request) => Awaitable<T | undefined>

/** The options of `requireInvite`: where in a request things are, and what counts as a success. */
export interface RequireInviteOptions {
  /** The app that is signed up to. Default: the only one, or `default`. */
  readonly appId?: string | FromRequest<string> | undefined
  /** Where the code is. Default: `inviteCode` in the body, else in the query, else the join cookie. */
  readonly code?: FromRequest<string> | undefined
  /** Where the address is; `false`: there is none, the code alone counts. Default: `email` in the body. */
  readonly email?: FromRequest<string> | false | undefined
  /** Says whether an answer below 400 was a success. Default: yes, but for a redirect of Passport's that logs nobody in. */
  readonly succeeded?: Succeeded | undefined
}

declare global {
  namespace Express {
    interface Request {
      /** The invite that lets this request sign up; absent in mode `open` where it came without one. */
      invite?: Claim
    }
  }
}

const OVER: readonly unknown[] = ['invite_invalid', 'invite_used', 'invite_expired']

/**
 * Lets a request pass only with an invite, of which it holds one use until the response decides: an answer of 400 or
 * above gives it back, any other counts it. `req.invite.accept({ userId })` in the handler is the exact form.
 * Whatever fails goes to `next(error)` as an `InviteError`.
 * @throws TypeError where an option is unknown or wrong, or several apps leave open which is meant.
 */
export function requireInvite(invites: Invites, options: RequireInviteOptions = {}): RequestHandler {
  const context = contextOf(invites)
  const { appId: whichApp, code, email, succeeded } = checkOptions(context, options)
  const throttle = throttleOf(context)

  async function claimFor(
    req: Request,
    appId: string,
    credentials: Credentials | undefined,
  ): Promise<Claim | undefined> {
    if (credentials === undefined) {
      const mode = await modeOf(context, appOf(context, appId))
      if (mode === 'open') return undefined
      throw new InviteError(mode === 'closed' ? 'signup_closed' : 'invite_required')
    }
    const address = email === false ? false : await readEmail(req, email)
    await throttle.check(req)
    return await claimInvite(context, { ...credentials, email: address }, { appId })
  }

  /** Lets the request in, or throws what keeps it out. */
  async function admit(req: Request, res: Response, next: NextFunction): Promise<void> {
    warnOfApp(context, req)
    if (isSafe(req)) {
      warnOfSafeMethod(context, req)
      throw new InviteError('invite_required', { detail: `Nobody signs up by ${req.method}: use POST.` })
    }
    if (code === undefined || email === undefined) needBody(context, req)
    const { appId } = appOf(context, typeof whichApp === 'function' ? await whichApp(req) : whichApp)
    if (req.invite?.appId === appId) return // another gate of this route holds a use: one signup counts once
    const explicit = await explicitCode(req, code)
    const forget = () => {
      if (hasJoinCookie(context, req, appId) && !res.headersSent) clearJoinCookie(context, res, appId)
    }
    try {
      const claim = await claimFor(req, appId, credentialsFor(context, req, appId, explicit))
      if (claim === undefined) forget()
      else req.invite = settleWithResponse({ context, req, res, next, claim, succeeded, accepted: forget })
    } catch (error) {
      if (!(error instanceof InviteError)) throw error
      if (error.status >= 500) {
        tellOperator(context, error)
        throw error
      }
      if (error.code === 'invite_invalid') await throttle.wrongCode(req)
      // A code that was mistyped over a good link takes that away from nobody.
      if (OVER.includes(error.code) && !holdsAnotherCode(context, req, appId, explicit)) forget()
      // Where anybody may sign up, a cookie left over from some invite keeps nobody out.
      if (explicit !== undefined || (await modeOf(context, appOf(context, appId))) !== 'open') throw error
    }
  }

  return function requireInviteGate(req, res, next) {
    admit(req, res, next).then(() => next(), next)
  }
}

async function explicitCode(req: Request, code: FromRequest<string> | undefined): Promise<string | undefined> {
  const given = code === undefined ? codeFromRequest(req) : asText('inviteCode', await code(req))
  return given === undefined || isBlankCode(given) ? undefined : given
}

function codeFromRequest(req: Request): string | undefined {
  const inBody = asText('inviteCode', field(req.body, 'inviteCode'))
  const inQuery = asText('inviteCode', field(req.query, 'inviteCode'))
  if (inBody === undefined || isBlankCode(inBody)) return inQuery
  if (inQuery !== undefined && !isBlankCode(inQuery) && bare(inBody) !== bare(inQuery)) {
    throw invalidField('inviteCode', 'must be the same in the body and in the query, or in one of them only')
  }
  return inBody
}

const bare = (code: string) => normalizeCode(code) ?? code

async function readEmail(req: Request, email: FromRequest<string> | undefined): Promise<string | undefined> {
  return asText('email', email === undefined ? field(req.body, 'email') : await email(req))
}

function asText(name: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  throw invalidField(name, 'must be a string')
}

function field(from: unknown, name: string): unknown {
  return typeof from === 'object' && from !== null && Object.hasOwn(from, name) ? Reflect.get(from, name) : undefined
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
  checkNames('requireInvite', options, ['appId', 'code', 'email', 'succeeded'])
  const { appId, code, email, succeeded } = options
  const wrong = (name: string, what: string) => new TypeError(`requireInvite: \`${name}\` must be ${what}.`)
  if (code !== undefined && typeof code !== 'function') throw wrong('code', 'a function of the request')
  if (email !== undefined && email !== false && typeof email !== 'function') {
    throw wrong('email', 'a function of the request, or false where there are no addresses')
  }
  if (succeeded !== undefined && typeof succeeded !== 'function') {
    throw wrong('succeeded', 'a function of the request and the response')
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
