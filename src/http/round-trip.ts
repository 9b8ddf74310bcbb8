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

/** As `begunBy`, of a page with a form that posts a SAML request to the provider (SAML 2.0 Bindings, 3.5.4). */
export function begunByForm(page: string): string | undefined {
  const [tag = ''] = /<input\b[^>]*\bname=["']SAMLRequest["'][^>]*>/i.exec(page) ?? []
  const samlId = idOf(/\bvalue=["']([\w+/=\s]+)["']/i.exec(tag)?.[1] ?? null)
  return samlId && `saml ${samlId}`
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

/** The ID of a request, which is deflated in a redirect (SAML 2.0 Bindings, 3.4.4.1), and may be in a form. */
function idOf(request: string | null): string | undefined {
  const message = Buffer.from(request ?? '', 'base64')
  const xml = inflated(message) ?? message.toString('utf8')
  return /<(?:[\w.-]+:)?AuthnRequest\s[^>]*?\bID=["']([^"']+)/.exec(xml.slice(0, HEAD))?.[1]
}

function inflated(message: Buffer): string | undefined {
  try {
    return inflateRawSync(message, { maxOutputLength: 100_000 }).toString('utf8')
  } catch {
    return undefined
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
