// The join cookie: carries a code from the mailed link to the signup, over redirects and logins at other sites.
import type { Request, Response } from 'express'
import { isBlankCode, readCode } from '../codes.js'
import type { Context } from '../context.js'
import { readToken } from '../proofs.js'
import type { Credentials } from '../use-cases/check.js'
import {
  clearInviteCookie,
  hasInviteCookie,
  type InviteCookie,
  readInviteCookie,
  setInviteCookie,
} from './invite-cookie.js'

/**
 * What the request comes with: `explicit`, the code or the whole token of a join link that it names, else what is
 * `carried`, by default by its join cookie. The carried proof counts for an explicit code only if it is the same one.
 */
export function credentialsFor(
  context: Context,
  req: Request,
  appId: string,
  explicit: string | undefined,
  carried: Credentials | null = readJoinCookie(context, req, appId),
): Credentials | undefined {
  if (explicit === undefined || isBlankCode(explicit)) return carried ?? undefined
  const { code, proof } = readToken(explicit) // as apps have it that open the mailed link themselves
  return { inviteCode: code, proof: proof ?? (carried && isFor(carried, code) ? carried.proof : undefined) }
}

/** Whether what is carried is good and for another code than `explicit`, whose failure says nothing of it. */
export function holdsAnotherCode(
  context: Context,
  req: Request,
  appId: string,
  explicit: string | undefined,
  carried: Credentials | null = readJoinCookie(context, req, appId),
): boolean {
  return carried !== null && explicit !== undefined && !isFor(carried, readToken(explicit).code)
}

function isFor(carried: Credentials, code: string): boolean {
  return readCode(carried.inviteCode) === readCode(code)
}

function readJoinCookie(context: Context, req: Request, appId: string): Credentials | null {
  return readInviteCookie(context, req, joinCookie(appId))?.credentials ?? null
}

/** Whether the request carries a join cookie for this app, good or bad. */
export function hasJoinCookie(context: Context, req: Request, appId: string): boolean {
  return hasInviteCookie(context, req, joinCookie(appId))
}

export function setJoinCookie(context: Context, res: Response, appId: string, credentials: Credentials): void {
  setInviteCookie(context, res, joinCookie(appId), credentials)
}

export function clearJoinCookie(context: Context, res: Response, appId: string): void {
  clearInviteCookie(context, res, joinCookie(appId))
}

function joinCookie(appId: string): InviteCookie {
  return { name: `invite_only.${appId}`, purpose: 'join-cookie', boundTo: [appId] }
}
