// A cookie that carries an invite: its code and proof, signed for one purpose and app, good for 15 minutes.
import { parseCookie, stringifySetCookie } from 'cookie'
import type { Request, Response } from 'express'
import { readCode } from '../codes.js'
import type { Context } from '../context.js'
import type { Credentials } from '../use-cases/check.js'

const LIFETIME_MS = 15 * 60 * 1000
const PROOF = /^[\w-]{1,64}$/

export interface InviteCookie {
  /** Without the prefix that it has under https. */
  readonly name: string
  readonly purpose: 'join-cookie' | 'round-trip'
  /** What it is signed for beside its content: the app first. */
  readonly boundTo: readonly string[]
}

/** What a good cookie holds. */
interface Carried {
  readonly credentials: Credentials
  /** When it goes stale, in ms by the install's clock. */
  readonly endsAt: number
}

/** What the request's cookie holds; `undefined` where there is none, or it was tampered with or is stale. */
export function readInviteCookie(context: Context, req: Request, cookie: InviteCookie): Carried | undefined {
  const value = cookiesOf(req)[fullName(context, cookie.name)]
  if (value === undefined) return undefined
  const [payload = '', signature = '', ...rest] = value.split('.')
  const parts = [...cookie.boundTo, payload]
  if (rest.length > 0 || !context.keyring.verify(cookie.purpose, parts, signature)) return undefined
  const [code, proof, endsAt] = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as [
    string,
    string | null,
    number,
  ]
  if (endsAt <= context.config.clock()) return undefined
  return { credentials: { inviteCode: code, proof: proof ?? undefined }, endsAt }
}

/** Whether the request carries it, good or bad. */
export function hasInviteCookie(context: Context, req: Request, { name }: InviteCookie): boolean {
  return cookiesOf(req)[fullName(context, name)] !== undefined
}

/** The names of the request's cookies that begin so, without their prefix. */
export function inviteCookieNames(context: Context, req: Request, start: string): readonly string[] {
  const prefix = fullName(context, '')
  const names = Object.keys(cookiesOf(req)).filter((name) => name.startsWith(prefix + start))
  return names.map((name) => name.slice(prefix.length))
}

/** `crossSite`: browsers send it with a POST from another site's page too, and take it only when it is Secure. */
export function setInviteCookie(
  context: Context,
  res: Response,
  cookie: InviteCookie,
  credentials: Credentials,
  crossSite = false,
): void {
  const endsAt = context.config.clock() + LIFETIME_MS
  const { inviteCode, proof = '' } = credentials
  // What is longer is no proof, and a few such cookies would have every request refused for its size.
  const content = [readCode(inviteCode) ?? inviteCode, PROOF.test(proof) ? proof : null, endsAt]
  const payload = Buffer.from(JSON.stringify(content)).toString('base64url')
  const value = `${payload}.${context.keyring.sign(cookie.purpose, [...cookie.boundTo, payload])}`
  append(context, res, cookie.name, value, LIFETIME_MS / 1000, crossSite)
}

export function clearInviteCookie(context: Context, res: Response, cookie: InviteCookie, crossSite = false): void {
  append(context, res, cookie.name, '', 0, crossSite)
}

function append(
  context: Context,
  res: Response,
  name: string,
  value: string,
  maxAge: number,
  crossSite: boolean,
): void {
  const cookie = stringifySetCookie({
    name: fullName(context, name),
    value,
    maxAge,
    path: '/',
    httpOnly: true,
    sameSite: crossSite ? 'none' : 'lax',
    secure: isSecure(context) || crossSite,
    domain: context.config.cookieDomain,
  })
  res.append('Set-Cookie', cookie)
}

// The prefix makes browsers refuse the cookie from anybody but this very host over https (RFC 6265bis, 4.1.3.2).
function fullName(context: Context, name: string): string {
  return isSecure(context) && context.config.cookieDomain === undefined ? `__Host-${name}` : name
}

function isSecure({ config }: Context): boolean {
  return config.origin.startsWith('https:')
}

function cookiesOf(req: Request): Readonly<Record<string, string | undefined>> {
  return parseCookie(req.headers.cookie ?? '')
}
