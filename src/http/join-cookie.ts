// The join cookie: carries a code from the mailed link to the signup, over redirects and logins at other sites.
import { parseCookie, stringifySetCookie } from 'cookie'
import type { Request, Response } from 'express'
import { isBlankCode, normalizeCode } from '../codes.js'
import type { Context } from '../context.js'
import { readToken } from '../proofs.js'
import type { Credentials } from '../use-cases/check.js'

const LIFETIME_MS = 15 * 60 * 1000

/**
 * What the request comes with: `explicit`, the code or the whole token of a join link that it names, else what its
 * cookie holds. The cookie's proof counts for an explicit code only if it is the same one.
 */
export function credentialsFor(
  context: Context,
  req: Request,
  appId: string,
  explicit: string | undefined,
): Credentials | undefined {
  const cookie = readJoinCookie(context, req, appId)
  if (explicit === undefined || isBlankCode(explicit)) return cookie
  const { code, proof } = readToken(explicit) // as apps have it that open the mailed link themselves
  return { inviteCode: code, proof: proof ?? (cookie && isFor(cookie, code) ? cookie.proof : undefined) }
}

/** Whether the request's cookie is good and for another code than `explicit`, whose failure says nothing of it. */
export function holdsAnotherCode(context: Context, req: Request, appId: string, explicit: string | undefined): boolean {
  const cookie = readJoinCookie(context, req, appId)
  return cookie !== undefined && explicit !== undefined && !isFor(cookie, readToken(explicit).code)
}

function isFor(cookie: Credentials, code: string): boolean {
  return normalizeCode(cookie.inviteCode) === normalizeCode(code)
}

/** What the request's cookie for this app holds; `undefined` where there is none, or it was tampered with or is stale. */
function readJoinCookie(context: Context, req: Request, appId: string): Credentials | undefined {
  const value = parseCookie(req.headers.cookie ?? '')[cookieName(context, appId)]
  const [payload = '', signature = '', ...rest] = value?.split('.') ?? []
  if (rest.length > 0 || !context.keyring.verify('join-cookie', [appId, payload], signature)) return undefined
  const [code, proof, endsAt] = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as [
    string,
    string | null,
    number,
  ]
  return endsAt > context.config.clock() ? { inviteCode: code, proof: proof ?? undefined } : undefined
}

/** Whether the request carries a join cookie for this app, good or bad. */
export function hasJoinCookie(context: Context, req: Request, appId: string): boolean {
  return parseCookie(req.headers.cookie ?? '')[cookieName(context, appId)] !== undefined
}

export function setJoinCookie(context: Context, res: Response, appId: string, credentials: Credentials): void {
  const endsAt = context.config.clock() + LIFETIME_MS
  const content = [credentials.inviteCode, credentials.proof ?? null, endsAt]
  const payload = Buffer.from(JSON.stringify(content)).toString('base64url')
  const value = `${payload}.${context.keyring.sign('join-cookie', [appId, payload])}`
  append(context, res, appId, value, LIFETIME_MS / 1000)
}

export function clearJoinCookie(context: Context, res: Response, appId: string): void {
  append(context, res, appId, '', 0)
}

function append(context: Context, res: Response, appId: string, value: string, maxAge: number): void {
  const cookie = stringifySetCookie({
    name: cookieName(context, appId),
    value,
    maxAge,
    path: '/',
    httpOnly: true,
    sameSite: 'lax',
    secure: isSecure(context),
    domain: context.config.cookieDomain,
  })
  res.append('Set-Cookie', cookie)
}

// The prefix makes browsers refuse the cookie from anybody but this very host over https (RFC 6265bis, 4.1.3.2).
function cookieName(context: Context, appId: string): string {
  const prefix = isSecure(context) && context.config.cookieDomain === undefined ? '__Host-' : ''
  return `${prefix}invite_only.${appId}`
}

function isSecure({ config }: Context): boolean {
  return config.origin.startsWith('https:')
}
