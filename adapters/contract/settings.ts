// What is switched at run time: the mode, a planned switch of it, and how many seats there are.
import assert from 'node:assert/strict'
import type { ClaimRequest, StoredSettings } from '../../src/store.js'
import { APP, acceptFor, acceptOf, claimOf, create, HOLD, NOW, newInvite, ok, type Test } from './fixtures.js'

export function testSettings(test: Test): void {
  const change = (settings: StoredSettings, now = NOW) => ({ appId: APP, change: settings, now })

  test('stores what is given, keeps the rest, and each app has its own', async (store) => {
    assert.deepEqual(await store.getSettings(APP), {})
    const schedule = { mode: 'open', at: NOW + 5 } as const
    assert.deepEqual(await store.changeSettings(change({ seats: 3 })), { seats: 3 })
    assert.deepEqual(await store.changeSettings(change({ schedule })), { schedule, seats: 3 })
    assert.deepEqual(await store.changeSettings(change({ seats: null })), { schedule, seats: null })
    assert.deepEqual(await store.getSettings(APP), { schedule, seats: null })
    assert.equal((await store.changeSettings(change({ schedule: null }))).schedule ?? null, null)
    assert.deepEqual(await store.getSettings('other'), {})
  })

  test('keeps every one of many changes at once', async (store) => {
    const schedule = { mode: 'open', at: NOW + 5 } as const
    const changes: StoredSettings[] = [{ mode: 'waitlist' }, { schedule }, { seats: 7 }]
    await Promise.all(changes.map((each) => store.changeSettings(change(each))))
    assert.deepEqual(await store.getSettings(APP), { mode: 'waitlist', schedule, seats: 7 })
  })

  test('makes a planned switch at its time, inside the claim', async (store) => {
    const invite = await create(store, newInvite({ maxUses: null }))
    await store.changeSettings(change({ schedule: { mode: 'closed', at: NOW + 5 } }))
    const admits = async (now: number, changes: Partial<ClaimRequest> = {}) =>
      (await store.claim(claimOf(invite, { now, lapsesAt: now + HOLD, ...changes }))).admitted
    ok(await admits(NOW + 4))
    ok(!(await admits(NOW + 5)))
    const stored = await store.changeSettings(change({ mode: 'invite-only' }, NOW + 6))
    assert.equal(stored.mode, 'invite-only')
    assert.equal(stored.schedule ?? null, null)
    ok(await admits(NOW + 7))
    const planned = { mode: 'closed', at: NOW + 20 } as const
    await store.changeSettings(change({ schedule: planned }, NOW + 8))
    assert.deepEqual((await store.changeSettings(change({ mode: 'open' }, NOW + 9))).schedule, planned)
    assert.deepEqual(await store.changeSettings(change({ seats: 9 }, NOW + 20)), { mode: 'closed', seats: 9 })
  })

  test('holds and accepts as many at once as there are seats, of all invites of the app', async (store) => {
    await store.changeSettings(change({ seats: 3 }))
    const invites = [await create(store, newInvite({ maxUses: null })), await create(store, newInvite({ maxUses: 20 }))]
    const elsewhere = await create(store, newInvite({ appId: 'other' }))
    await acceptFor(store, elsewhere)
    const requests = invites.flatMap((invite) => Array.from({ length: 20 }, () => ({ invite, claim: claimOf(invite) })))
    const results = await Promise.all(requests.map(({ claim }) => store.claim(claim)))
    const admitted = requests.filter((_, index) => results[index]?.admitted)
    assert.equal(admitted.length, 3)
    ok(results.every((result) => result.admitted || result.reason === 'full'))
    for (const { claim, invite } of admitted) ok((await store.accept(acceptOf(claim, invite))).accepted)
    const [invite] = invites
    ok(invite)
    assert.deepEqual(await store.claim(claimOf(invite)), { admitted: false, reason: 'full' })
    await store.changeSettings(change({ seats: 4 }))
    ok((await store.claim(claimOf(invite))).admitted)
  })

  test('has a seat again when a hold is released or lapses, or a use is given back', async (store) => {
    const invite = await create(store, newInvite({ maxUses: null }))
    const one = (changes: Partial<ClaimRequest> = {}) => claimOf(invite, { defaultSeats: 1, ...changes })
    const held = one()
    ok((await store.claim(held)).admitted)
    ok(!(await store.claim(one())).admitted)
    await store.release({ claimId: held.claimId, inviteId: invite.id })
    ok((await store.claim(one())).admitted)
    const late = one({ now: NOW + HOLD, lapsesAt: NOW + 2 * HOLD })
    ok((await store.claim(late)).admitted)
    const accepted = await store.accept(acceptOf(late, invite, { defaultSeats: 1 }))
    ok(accepted.accepted)
    ok(!(await store.claim(one({ now: NOW + 9 * HOLD, lapsesAt: NOW + 10 * HOLD }))).admitted)
    await store.reopenAcceptance({ appId: APP, acceptanceId: accepted.acceptance.id, now: NOW + 9 * HOLD })
    ok((await store.claim(one({ now: NOW + 9 * HOLD, lapsesAt: NOW + 10 * HOLD }))).admitted)
  })

  test('accepts a hold that lapsed only while there is a seat', async (store) => {
    const invite = await create(store, newInvite({ maxUses: null }))
    const one = (changes: Partial<ClaimRequest> = {}) => claimOf(invite, { defaultSeats: 1, ...changes })
    const lapsed = one()
    ok((await store.claim(lapsed)).admitted)
    ok((await store.claim(one({ now: NOW + HOLD, lapsesAt: NOW + 2 * HOLD }))).admitted)
    const late = acceptOf(lapsed, invite, { now: NOW + HOLD, defaultSeats: 1 })
    ok(!(await store.accept(late)).accepted)
    ok((await store.accept({ ...late, now: NOW + 2 * HOLD })).accepted)
  })
}
