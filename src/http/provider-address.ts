// Who logs in, as a strategy tells: the profile, and which address the provider really asserts.
import type { Request } from 'express'
import { parseAddress } from '../addresses.js'

/** What else a strategy gives its verify callback. */
export interface LoginDetails {
  /** The request that logs in. */
  readonly req: Request
  /** Everything between `req` and `done`, in the strategy's own order, such as the access token. See `arity`. */
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
  if (isOpenIdConnect(details)) return values[1] ?? values[2]
  // passport-apple gives an empty one, as passport-oauth2 itself does; the ID token beside it says more.
  const profile = values.at(-1)
  return Object.keys(asValues(profile)).length > 0 ? profile : (readIdToken(idTokenIn(details)) ?? profile)
}

/**
 * The address in a profile, as `admit` judges it unless its `email` says otherwise: for a `findUser` that looks for an
 * account with that address, which it may do only where `verified` is true. Of several, the first that the provider says is verified, in so many words:
 * - `email_verified` beside `email` in the claims of the ID token (OpenID Connect Core 1.0, 5.1), or in `_json`, the
 *   answer of the provider's userinfo, as Google has it;
 * - `verified` beside an address in `emails`, as passport-google-oauth20 and passport-github2 (`allRawEmails`) have it.
 *
 * What is not said is not so: of Facebook, Microsoft and SAML one does not know who may have written the address.
 */
export function assertedAddress(profile: unknown, details: LoginDetails): LoginAddress | undefined {
  const values = asValues(profile)
  const claims = claimsIn([profile, ...details.values]) ?? readIdToken(idTokenIn(details)) ?? {}
  const userinfo = asValues(values._json)
  // What userinfo says of another subject than the ID token's must not be used (OpenID Connect Core 1.0, 5.3.2).
  const isSame = claims.sub === undefined || userinfo.sub === undefined || claims.sub === userinfo.sub
  const found = [...besides(claims), ...(isSame ? besides(userinfo) : []), ...besides(values), ...listed(values.emails)]
  return found.find(({ verified }) => verified) ?? found[0] ?? typed(values.username)
}

/** What passport-openidconnect gives: issuer, profile (of ten: that of userinfo, if it was asked, and the ID token's) … */
function isOpenIdConnect({ values }: LoginDetails): boolean {
  const [issuer, profile] = values
  return typeof issuer === 'string' && ((typeof profile === 'object' && profile !== null) || values.length > 4)
}

/**
 * The ID token among what the strategy gives, which came from the token endpoint itself, and so needs no look at its
 * signature (OpenID Connect Core 1.0, 3.1.3.7, item 6).
 */
function idTokenIn(details: LoginDetails): unknown {
  const { values } = details
  if (isOpenIdConnect(details)) return values[values.length === 8 ? 4 : 3]
  const params = values.length === 4 ? values[2] : undefined // of passport-oauth2; passport-apple gives the token itself
  return typeof params === 'string' ? params : asValues(params).id_token
}

/** `undefined` where it is none. */
function readIdToken(idToken: unknown): Values | undefined {
  if (typeof idToken !== 'string') return undefined
  const [, payload = ''] = idToken.split('.')
  try {
    return asValues(JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')))
  } catch {
    return undefined
  }
}

/** What `claims()` of openid-client's tokens says; version 5 throws where there is no ID token. */
function claimsIn(values: readonly unknown[]): Values | undefined {
  const tokens = values.map(asValues).find(({ claims }) => typeof claims === 'function')
  try {
    return typeof tokens?.claims === 'function' ? asValues(tokens.claims()) : undefined
  } catch {
    return undefined
  }
}

function besides({ email, email_verified, verified_email }: Values): LoginAddress[] {
  const address = addressIn(email)
  return address === undefined ? [] : [{ address, verified: isTrue(email_verified) || isTrue(verified_email) }]
}

/** Passport's `emails`, the primary one first. */
function listed(emails: unknown): LoginAddress[] {
  const found = (Array.isArray(emails) ? emails : []).map(asValues)
  found.sort((a, b) => Number(isTrue(b.primary)) - Number(isTrue(a.primary)))
  return found.flatMap(({ value, verified }) => {
    const address = addressIn(value)
    return address === undefined ? [] : [{ address, verified: isTrue(verified) }]
  })
}

/** The user name of a local login, where it is an address. */
function typed(username: unknown): LoginAddress | undefined {
  const address = addressIn(username)
  return address === undefined ? undefined : { address, verified: false }
}

const addressIn = (value: unknown) => (typeof value === 'string' && parseAddress(value) ? value : undefined)
const isTrue = (value: unknown) => value === true || value === 'true' // as some providers write it
const asValues = (value: unknown) => (typeof value === 'object' && value !== null ? value : {}) as Values
