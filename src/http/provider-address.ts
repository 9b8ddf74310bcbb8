// Who logs in, as a strategy tells: the profile, and which address the provider really asserts.
import type { Request } from 'express'
import { parseAddress } from '../addresses.js'

/** What else a strategy gives its verify callback. */
export interface LoginDetails {
  /** The request that logs in. */
  readonly req: Request
  /** Everything between `req` and `done`, in the strategy's own order, such as the access token. */
  readonly values: readonly unknown[]
}

/** The address of a login. */
export interface LoginAddress {
  /** As it was given. */
  readonly address: string | null | undefined
  /** Whether the provider asserts that it belongs to who logs in. Only `true` counts. */
  readonly verified: boolean
}

type Values = Readonly<Record<string, unknown>>

/** Whether somebody typed a name and a password. */
export function isLocal({ values }: LoginDetails): boolean {
  return values.length === 2 && values.every((value) => typeof value === 'string')
}

/** What the strategy says of who logs in. */
export function profileIn(details: LoginDetails): unknown {
  const { values } = details
  if (isLocal(details)) return { username: values[0], password: values[1] }
  return isOpenIdConnect(details) ? values[1] : values.at(-1)
}

/**
 * The address in a profile, verified where the provider says so in so many words:
 * - `email_verified` beside `email`, in the claims of OpenID Connect (Core 1.0, 5.1; of openid-client's tokens, or the ID
 *   token of passport-openidconnect), or in `_json`, as Google has it;
 * - `verified` beside an address in `emails`, as passport-google-oauth20 and passport-github2 (`allRawEmails`) have it.
 * What is not said is not so.
 */
export function assertedAddress(profile: unknown, details: LoginDetails): LoginAddress | undefined {
  const values = asValues(profile)
  const claims = typeof values.claims === 'function' ? values.claims() : idTokenClaims(details)
  for (const said of [asValues(claims), asValues(values._json), values]) {
    const address = addressIn(said.email)
    if (address !== undefined) return { address, verified: isTrue(said.email_verified) || isTrue(said.verified_email) }
  }
  return listed(values.emails) ?? typed(values.username)
}

/** What passport-openidconnect gives: issuer, profile, context, ID token, access and refresh token. */
function isOpenIdConnect({ values }: LoginDetails): boolean {
  return values.length === 6 && typeof values[0] === 'string' && typeof values[3] === 'string'
}

/** The strategy has validated it before. */
function idTokenClaims(details: LoginDetails): unknown {
  if (!isOpenIdConnect(details)) return undefined
  const [, payload = ''] = String(details.values[3]).split('.')
  return JSON.parse(Buffer.from(payload, 'base64url').toString('utf8'))
}

/** Of Passport's `emails`, a verified one first, of these the primary one. */
function listed(emails: unknown): LoginAddress | undefined {
  const found = (Array.isArray(emails) ? emails : []).map(asValues).flatMap(({ value, verified, primary }) => {
    const address = addressIn(value)
    return address === undefined ? [] : [{ address, verified: isTrue(verified), primary: isTrue(primary) }]
  })
  found.sort((a, b) => Number(b.verified) - Number(a.verified) || Number(b.primary) - Number(a.primary))
  const [best] = found
  return best && { address: best.address, verified: best.verified }
}

/** The user name of a local login, where it is an address. */
function typed(username: unknown): LoginAddress | undefined {
  const address = addressIn(username)
  return address === undefined ? undefined : { address, verified: false }
}

const addressIn = (value: unknown) => (typeof value === 'string' && parseAddress(value) ? value : undefined)
const isTrue = (value: unknown) => value === true || value === 'true' // as some providers write it
const asValues = (value: unknown) => (typeof value === 'object' && value !== null ? value : {}) as Values
