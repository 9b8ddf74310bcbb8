// Requests that came with an `Idempotency-Key`: each is carried out once, whoever asks again.
import assert from 'node:assert/strict'
import type { InviteStore, KeyedRequest, KeyedRequestState } from '../../src/store.js'
import { NOW, ok, type Test } from './fixtures.js'

const LEASE = 100
const KEPT = 1000

/** A request at `now`. */
function keyed(now = NOW, changes: Partial<KeyedRequest> = {}): KeyedRequest {
  return { id: 'key', fingerprint: 'body', now, leasedUntil: now + LEASE, forgetUntil: now - KEPT, ...changes }
}

async function begin(store: InviteStore, now = NOW, changes: Partial<KeyedRequest> = {}) {
  const begun = await store.beginKeyedRequest(keyed(now, changes))
  ok(begun.state === 'begun', `it is ${begun.state}`)
  return { id: changes.id ?? 'key', startedAt: begun.startedAt, fresh: begun.fresh }
}

export function testKeyedRequests(test: Test): void {
  test('R-38 answers a key as the first time, for the same fingerprint only', async (store) => {
    const first = await begin(store)
    assert.deepEqual(first, { id: 'key', startedAt: NOW, fresh: true })
    await store.endKeyedRequest(first, { answer: 'sealed' })
    const again: KeyedRequestState = { state: 'answered', answer: 'sealed' }
    assert.deepEqual(await store.beginKeyedRequest(keyed(NOW + 1)), again)
    assert.deepEqual(await store.beginKeyedRequest(keyed(NOW + LEASE)), again)
    assert.deepEqual(await store.beginKeyedRequest(keyed(NOW + 1, { fingerprint: 'other' })), { state: 'other' })
    assert.equal((await begin(store, NOW, { id: 'another' })).fresh, true)
  })

  test('R-38 lets one of any number begin', async (store) => {
    const states = await Promise.all(Array.from({ length: 20 }, () => store.beginKeyedRequest(keyed())))
    assert.equal(states.filter(({ state }) => state === 'begun').length, 1)
    assert.equal(states.filter(({ state }) => state === 'running').length, 19)
    const other = await store.beginKeyedRequest(keyed(NOW, { fingerprint: 'other' }))
    assert.deepEqual(other, { state: 'other' })
  })

  test('R-38 begins anew what was refused, also with another fingerprint', async (store) => {
    await store.endKeyedRequest(await begin(store), 'refused')
    const again = await begin(store, NOW + 1, { fingerprint: 'other' })
    assert.deepEqual(again, { id: 'key', startedAt: NOW + 1, fresh: true })
  })

  test('R-38 begins again what was cut off, when its lease ran out and not before, and lets one do so', async (store) => {
    await begin(store)
    assert.deepEqual(await store.beginKeyedRequest(keyed(NOW + LEASE - 1)), { state: 'running' })
    const late = keyed(NOW + LEASE)
    assert.deepEqual(await store.beginKeyedRequest({ ...late, fingerprint: 'other' }), { state: 'other' })
    const states = await Promise.all(Array.from({ length: 10 }, () => store.beginKeyedRequest(late)))
    const begun = states.filter(({ state }) => state === 'begun')
    assert.deepEqual(begun, [{ state: 'begun', startedAt: NOW, fresh: false }])
    assert.deepEqual(await store.beginKeyedRequest(keyed(NOW + 2 * LEASE - 1)), { state: 'running' })
  })

  test('R-38 begins again at once what ended nobody knows how', async (store) => {
    await store.endKeyedRequest(await begin(store), 'unknown')
    assert.deepEqual(await store.beginKeyedRequest(keyed(NOW, { fingerprint: 'other' })), { state: 'other' })
    assert.deepEqual(await begin(store), { id: 'key', startedAt: NOW, fresh: false })
  })

  test('R-38 keeps the first answer, and ends nothing that is over', async (store) => {
    const first = await begin(store)
    await store.endKeyedRequest(first, { answer: 'first' })
    for (const outcome of [{ answer: 'second' }, 'refused', 'unknown'] as const) {
      await store.endKeyedRequest(first, outcome)
    }
    assert.deepEqual(await store.beginKeyedRequest(keyed(NOW)), { state: 'answered', answer: 'first' })
    const next = await begin(store, NOW + KEPT)
    for (const outcome of [{ answer: 'late' }, 'refused', 'unknown'] as const) {
      await store.endKeyedRequest(first, outcome)
    }
    assert.deepEqual(await store.beginKeyedRequest(keyed(NOW + KEPT)), { state: 'running' })
    assert.equal(next.startedAt, NOW + KEPT)
    await store.endKeyedRequest({ id: 'nothing', startedAt: NOW }, { answer: 'of what?' })
  })

  test('R-38 forgets in time, and not a moment earlier', async (store) => {
    await store.endKeyedRequest(await begin(store), { answer: 'sealed' })
    const last = await store.beginKeyedRequest(keyed(NOW + KEPT - 1))
    assert.deepEqual(last, { state: 'answered', answer: 'sealed' })
    const again = await begin(store, NOW + KEPT, { fingerprint: 'other' })
    assert.deepEqual(again, { id: 'key', startedAt: NOW + KEPT, fresh: true })
  })
}
