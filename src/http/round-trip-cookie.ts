// The round-trip cookie: carries a code over one login at a provider, and counts for no other and no form.
import { createHash } from 'node:crypto'
import type { Request, Response } from 'express'
import type { Context } from '../context.js'
import type { Credentials } from '../use-cases/check.js'
import {
  clearInviteCookie,
  hasInviteCookie,
  type InviteCookie,
  inviteCookieNames,
  readInviteCookie,
  setInviteCookie,
} from './invite-cookie.js'
import { cameBackBy } from './round-trip.js'

// Of logins that were begun and not ended, a browser keeps so many, so that its requests stay small.
const MOST = 4
const UNBOUND = 'any'

/** What a login brought back in a cookie. */
export interface RoundTrip {
  /** `undefined`: the cookie of this very login is no good, so nothing else counts in its place. */
  readonly credentials: Credentials | undefined
  readonly cookie: InviteCookie
}

/** What came back with this login; `undefined` where nothing went out with it. */
export function roundTripOf(context: Context, req: Request, appId: string): RoundTrip | undefined {
  const bound = cameBackBy(req).map((begun) => cookieFor(appId, begun))
  const cookie = bound.find((each) => hasInviteCookie(context, req, each))
  if (cookie !== undefined) return { cookie, credentials: readInviteCookie(context, req, cookie)?.credentials }
  const unbound = cookieFor(appId, undefined)
  const carried = readInviteCookie(context, req, unbound)
  return carried && { cookie: unbound, credentials: carried.credentials }
}

/** Sends a code along with the login that has begun by `begun`; without it, with the next one that comes back. */
export function sendAlong(
  context: Context,
  req: Request,
  res: Response,
  trip: {
    readonly appId: string
    readonly begun: string | undefined
    readonly credentials: Credentials
    readonly crossSite: boolean
  },
): void {
  const cookie = cookieFor(trip.appId, trip.begun)
  setInviteCookie(context, res, cookie, trip.credentials, trip.crossSite)
  const others = inviteCookieNames(context, req, stem(trip.appId))
    .map((name) => name.slice(stem(trip.appId).length))
    .filter((hash) => /^[\w-]{16}$/.test(hash) && stem(trip.appId) + hash !== cookie.name)
    .map((hash) => cookieBoundTo(trip.appId, hash))
    .map((other) => ({ other, endsAt: readInviteCookie(context, req, other)?.endsAt ?? 0 }))
    .sort((a, b) => b.endsAt - a.endsAt)
  for (const { other } of others.slice(MOST - 1)) clear(context, res, other)
}

/** Clears the cookie of a login that is over. */
export function forgetRoundTrip(context: Context, res: Response, { cookie }: RoundTrip): void {
  if (!res.headersSent) clear(context, res, cookie)
}

// Only a Secure cookie replaces a Secure one, and over plain http browsers take none but on this very machine.
function clear(context: Context, res: Response, cookie: InviteCookie): void {
  clearInviteCookie(context, res, cookie, !context.config.isExposed)
}

function cookieFor(appId: string, begun: string | undefined): InviteCookie {
  if (begun === undefined) return cookieBoundTo(appId, UNBOUND)
  const hash = createHash('sha256')
    .update(JSON.stringify([appId, begun]))
    .digest('base64url')
  return cookieBoundTo(appId, hash.slice(0, 16))
}

function cookieBoundTo(appId: string, hash: string): InviteCookie {
  return { name: stem(appId) + hash, purpose: 'round-trip', boundTo: [appId, hash] }
}

function stem(appId: string): string {
  return `invite_only_trip.${appId}.`
}
