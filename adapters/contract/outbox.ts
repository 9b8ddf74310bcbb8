// The outbox: who delivers what, and what became of it.
import assert from 'node:assert/strict'
import { APP, create, found, NOW, newInvite, ok, type Test } from './fixtures.js'

export function testOutbox(test: Test): void {
  test('leases what is due to one caller at a time, oldest first', async (store) => {
    for (let index = 0; index < 6; index++) {
      await create(store, newInvite({ email: `u${index}@example.com`, createdAt: NOW + index }), `mail-${index}`)
    }
    assert.equal(await store.nextDeliveryAt(), NOW)
    const lease = { now: NOW + 4, leasedUntil: NOW + 100, limit: 2 }
    const rounds = await Promise.all([
      store.leaseDeliveries(lease),
      store.leaseDeliveries(lease),
      store.leaseDeliveries(lease),
    ])
    const ids = rounds.flat().map(({ delivery }) => delivery.id)
    assert.deepEqual([...ids].sort(), ['mail-0', 'mail-1', 'mail-2', 'mail-3', 'mail-4'])
    const [first] = rounds.flat()
    assert.deepEqual([first?.delivery.attempts, first?.delivery.leasedUntil], [1, NOW + 100])
    ok(first?.invite)
    assert.equal(first.invite.id, first.delivery.inviteId)
    assert.equal(await store.nextDeliveryAt(), NOW + 5)
  })

  test('records what became of a try, and leases again what is due again', async (store) => {
    const invite = await create(store, newInvite({ email: 'ada@example.com' }), 'mail')
    const take = async (now: number) =>
      (await store.leaseDeliveries({ now, leasedUntil: now + 10, limit: 1 }))[0]?.delivery
    const first = await take(NOW)
    ok(first)
    await store.finishDelivery(first, { retryAt: NOW + 50, error: 'no answer' })
    const waiting = (await found(store, invite)).delivery
    assert.deepEqual([waiting?.lastError, waiting?.leasedUntil, waiting?.nextAttemptAt], ['no answer', null, NOW + 50])
    assert.equal(await take(NOW + 49), undefined)
    const second = await take(NOW + 50)
    assert.equal(second?.attempts, 2)
    const third = await take(NOW + 60) // the lease of the second ran out
    ok(second && third)
    await store.finishDelivery(second, { failedAt: NOW + 61, error: 'too late to say so' })
    assert.equal((await found(store, invite)).delivery?.failedAt, null)
    await store.finishDelivery(third, { sentAt: NOW + 62 })
    const sent = (await found(store, invite)).delivery
    assert.deepEqual([sent?.sentAt, sent?.lastError, sent?.attempts], [NOW + 62, null, 3])
    assert.equal(await store.nextDeliveryAt(), undefined)
  })

  test('leases nothing that failed for good or was canceled', async (store) => {
    await create(store, newInvite({ email: 'ada@example.com' }), 'mail')
    const canceled = await create(store, newInvite({ email: 'bob@example.com', createdAt: NOW + 1 }), 'canceled')
    await store.revokeInvite({ appId: APP, inviteId: canceled.id, now: NOW + 1 })
    const [leased] = await store.leaseDeliveries({ now: NOW + 1, leasedUntil: NOW + 2, limit: 10 })
    ok(leased)
    await store.finishDelivery(leased.delivery, { failedAt: NOW + 1, error: 'no such user' })
    assert.deepEqual(await store.leaseDeliveries({ now: NOW + 100, leasedUntil: NOW + 200, limit: 10 }), [])
    assert.equal(await store.nextDeliveryAt(), undefined)
  })
}
