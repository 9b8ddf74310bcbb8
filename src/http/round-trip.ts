// Which round trip to a provider a request belongs to: told by what the provider is sent and has to send back.
import { inflateRawSync } from 'node:zlib'
import type { Request } from 'express'

const HEAD = 2000 // letters in which the outermost element of a SAML message has its attributes

/**
 * What a login that leads to `location` is told from others by: `state` (OAuth 2.0, 4.1.1), else the ID of a SAML
 * request, which every request has anew, else `RelayState`, which hosts use for other things too.
 */
export function begunBy(location: URL): string | undefined {
  const { searchParams } = location
  const state = searchParams.get('state')
  const samlId = idOf(searchParams.get('SAMLRequest'))
  const relayState = searchParams.get('RelayState')
  if (state) return `state ${state}`
  if (samlId) return `saml ${samlId}`
  return relayState ? `relay ${relayState}` : undefined
}

/** What the login that comes back with `req` may have begun by, surest first. */
export function cameBackBy({ query, body }: Request): readonly string[] {
  const named = (name: string) => [query, body].flatMap((from: unknown) => textIn(from, name) ?? [])
  return [
    ...named('state').map((state) => `state ${state}`),
    ...named('SAMLResponse').flatMap((response) => answeredId(response) ?? []),
    ...named('RelayState').map((relayState) => `relay ${relayState}`),
  ]
}

/** Whether it is a login that comes back, rather than one that is begun. */
export function comesBack({ query, body }: Request): boolean {
  return ['state', 'SAMLResponse'].some((name) => [query, body].some((from) => textIn(from, name) !== undefined))
}

/** The ID of a request as the HTTP-Redirect binding has it: deflated (SAML 2.0 Bindings, 3.4.4.1). */
function idOf(request: string | null): string | undefined {
  try {
    const xml = inflateRawSync(Buffer.from(request ?? '', 'base64'), { maxOutputLength: 100_000 }).toString('utf8')
    return /<(?:[\w.-]+:)?AuthnRequest\s[^>]*?\bID=["']([^"']+)/.exec(xml.slice(0, HEAD))?.[1]
  } catch {
    return undefined // no such message
  }
}

/** The request that a response answers. Whether it is genuine, the strategy judges; whoever knows the ID, began it. */
function answeredId(response: string): string | undefined {
  const xml = Buffer.from(response.slice(0, 2 * HEAD), 'base64').toString('utf8')
  const id = /<(?:[\w.-]+:)?Response\s[^>]*?\bInResponseTo=["']([^"']+)/.exec(xml.slice(0, HEAD))?.[1]
  return id && `saml ${id}`
}

function textIn(from: unknown, name: string): string | undefined {
  if (typeof from !== 'object' || from === null || !Object.hasOwn(from, name)) return undefined
  const value: unknown = Reflect.get(from, name)
  return typeof value === 'string' && value !== '' ? value : undefined
}
