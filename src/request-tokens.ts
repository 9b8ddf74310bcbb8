// What the link of a request for access carries: its id, and a proof that the mail was read. The proof is made when the
// mail is, from the request alone, and never stored.
import type { Context } from './context.js'
import type { AccessRequestRecord } from './store.js'

type Proven = Pick<AccessRequestRecord, 'id' | 'appId' | 'emailCanonical' | 'answers'>

// The answers are in it: whoever types another's address must not have answers confirmed that were changed since.
const parts = ({ appId, id, emailCanonical, answers }: Proven) => [
  appId,
  id,
  emailCanonical,
  JSON.stringify(Object.entries(answers).sort(([a], [b]) => (a < b ? -1 : 1))),
]

/** What the mailed link ends with. */
export function requestToken({ keyring }: Context, request: Proven): string {
  return `${request.id}.${keyring.sign('request-proof', parts(request))}`
}

/** The id that a token names; empty where there is none. */
export function requestIdIn(token: string): string {
  return token.slice(0, Math.max(token.indexOf('.'), 0))
}

/** Whether this token was mailed to the request's address, with the answers it has now. */
export function isRequestToken({ keyring }: Context, request: Proven, token: string): boolean {
  return keyring.verify('request-proof', parts(request), token.slice(request.id.length + 1))
}

/** The link that confirms. */
export function requestUrl({ config }: Context, appId: string, token: string): string {
  return `${config.baseUrl}/app/${encodeURIComponent(appId)}/access-request/${encodeURIComponent(token)}`
}
