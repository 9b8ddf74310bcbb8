// Trying to sign up at a route, or in whatever way the host says.
import { type Answer, excerpt } from './answer.js'
import type { CustomDoor, RouteDoor, SignupTry } from './doors.js'
import { uniquely } from './unique.js'

/** Sends what the route's form or client would send. A redirect is an answer, and not followed. */
export async function knockAtRoute(door: RouteDoor, signup: SignupTry, signal: AbortSignal): Promise<Answer> {
  const { path, method = 'POST', type = 'json', body, headers = {} } = door
  const { url, inviteCode, unique } = signup
  const own = async () => ({ ...(uniquely(body, unique) as object), inviteCode })
  const fields = await (typeof body === 'function' ? body(signup) : own())
  const accept = { Accept: type === 'form' ? 'text/html' : 'application/json' }
  const response = await fetch(`${url}${path}`, {
    method,
    redirect: 'manual',
    signal,
    headers: {
      ...accept,
      ...(type === 'json' && { 'Content-Type': 'application/json' }),
      ...(typeof headers === 'function' ? await headers(signup) : headers),
    },
    body: type === 'form' ? asForm(fields) : JSON.stringify(fields),
  })
  const location = response.headers.get('Location')
  const text = location === null ? await response.text() : `to ${location}`
  return { kind: 'answered', status: response.status, text: excerpt(text) }
}

/** Without what is `undefined`, as in JSON. */
function asForm(fields: object): URLSearchParams {
  const form = new URLSearchParams()
  for (const [name, value] of Object.entries(fields)) {
    for (const each of Array.isArray(value) ? value : [value]) if (each != null) form.append(name, String(each))
  }
  return form
}

/** What it resolves with may be an answer of fetch's, of supertest's or of another client's. */
export async function knockAs(door: CustomDoor, signup: SignupTry): Promise<Answer> {
  const found: unknown = await door.try(signup)
  const { status, text } = Object(found) as { readonly status?: unknown; readonly text?: unknown }
  const read = async (): Promise<unknown> => (typeof text === 'function' ? Reflect.apply(text, found, []) : text)
  const said = await read().catch(() => undefined) // the host has read it
  return {
    kind: 'answered',
    status: typeof status === 'number' ? status : undefined,
    text: typeof said === 'string' ? excerpt(said) : undefined,
  }
}
