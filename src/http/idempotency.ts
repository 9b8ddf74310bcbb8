// `Idempotency-Key`: a request that is sent again under its key is carried out once, and answered as the first time.
import type { Response } from 'express'
import type { Context } from '../context.js'
import { InviteError } from '../errors.js'
import { type NewId, randomId } from '../ids.js'
import { warnOnce } from '../warnings.js'
import type { Managed } from './authorization.js'

/** Carries a request out. Called again with the same ids, it must change nothing more, and answer alike. */
export type Repeatable = (managed: Managed, newId: NewId) => Promise<unknown>

/** What is answered again. */
interface Answer {
  readonly status: number
  readonly location: string | undefined
  readonly body: unknown
}

const KEY = /^[\x21-\x7e]{1,255}$/
const LEASE_MS = 60_000 // longer than carrying it out takes; after it, a request counts as cut off
const KEPT_MS = 24 * 60 * 60_000
const ID_LENGTH = 21 // as nanoid's, of the same letters

/**
 * `handle`, such that a client may send its request again under the same `Idempotency-Key` for 24 hours. Only what
 * succeeded is answered again; what was refused changed nothing, and is judged anew.
 *
 * A key is of one actor, with the access it has, and one route: two of either never meet.
 * @throws InviteError `idempotency_conflict`: 409 while the first is running, 422 for a key of another request;
 *   `input_invalid` for a key that is none.
 */
export function repeatable(context: Context, handle: Repeatable): (managed: Managed) => Promise<unknown> {
  const { keyring, store, config } = context

  return async function handleOnce(managed) {
    const key = managed.req.get('Idempotency-Key')
    if (key === undefined) return handle(managed, randomId)
    if (!KEY.test(key)) {
      const detail = 'The header Idempotency-Key must be 1 to 255 visible ASCII characters, such as a UUID.'
      throw new InviteError('input_invalid', { detail })
    }
    const { req, body, scope } = managed
    const digest = (...parts: readonly (string | number)[]) => keyring.digest('keyed-request', parts)
    // Not its action: approving and declining are one.
    const { path }: { readonly path: string } = req.route
    const id = digest('key', path, canonical(req.params), scope.actor.access, scope.actor.id, key)
    const now = config.clock()
    const known = await store.beginKeyedRequest({
      id,
      fingerprint: digest('request', canonical([req.query, body])),
      now,
      leasedUntil: now + LEASE_MS,
      forgetUntil: now - KEPT_MS,
    })
    if (known.state === 'running') throw new InviteError('idempotency_conflict', { headers: { 'Retry-After': '1' } })
    if (known.state === 'other') {
      const detail = 'This Idempotency-Key was used for another request. Make a new key for each.'
      throw new InviteError('idempotency_conflict', { status: 422, detail })
    }
    if (known.state === 'answered') return replay(managed.res, keyring.open('answer-seal', known.answer, [id]))

    const { startedAt, fresh } = known
    const newId: NewId = (name) => digest('id', id, startedAt, name).slice(0, ID_LENGTH)
    const answer = await handle(managed, newId).catch(async (error: unknown) => {
      const refused = fresh && error instanceof InviteError && error.status < 500
      // Should this fail too, then the lease runs out by itself. The client is to hear of the first failure.
      await store.endKeyedRequest({ id, startedAt }, refused ? 'refused' : 'unknown').catch(() => undefined)
      throw error
    })
    await keep(
      { id, startedAt },
      { status: managed.res.statusCode, location: managed.res.get('Location'), body: answer },
    )
    return answer
  }

  /** It was carried out, whether its answer can be kept or not: without it, a retry waits for the lease to run out. */
  async function keep(request: { id: string; startedAt: number }, answer: Answer): Promise<void> {
    try {
      const sealed = keyring.seal('answer-seal', JSON.stringify(answer), [request.id])
      await store.endKeyedRequest(request, { answer: sealed })
    } catch (error) {
      const why = error instanceof InviteError ? (error.cause ?? error) : error
      warnOnce(
        context,
        'INVITE_STORE_UNAVAILABLE',
        `The answer to an Idempotency-Key could not be kept (${String(why)}).`,
      )
    }
  }
}

/** @throws InviteError where it was sealed under a secret that is listed no more. */
function replay(res: Response, opened: string | undefined): unknown {
  if (opened === undefined) {
    const detail = 'The answer to this Idempotency-Key cannot be read any more. Look what became of the request.'
    throw new InviteError('idempotency_conflict', { detail })
  }
  const { status, location, body } = JSON.parse(opened) as Answer
  res.status(status).set('Idempotency-Replayed', 'true')
  if (location !== undefined) res.set('Location', location)
  return body
}

/** As JSON with the members of every object in one order, so that a client may write them in any. */
function canonical(value: unknown): string {
  try {
    return JSON.stringify(value, (_name, part: unknown) => (isObject(part) ? sorted(part) : part))
  } catch (cause) {
    throw new InviteError('input_invalid', { detail: 'The body is nested too deeply.', cause })
  }
}

function sorted(fields: object): object {
  return Object.fromEntries(Object.entries(fields).sort(([one], [other]) => (one < other ? -1 : 1)))
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
