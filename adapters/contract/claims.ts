// Claiming: the guarantee that the whole gate rests on.
import assert from 'node:assert/strict'
import type { ClaimRequest } from '../../src/store.js'
import {
  APP,
  acceptFor,
  address,
  claimOf,
  create,
  found,
  HOLD,
  NOW,
  newInvite,
  ok,
  TERM,
  type Test,
} from './fixtures.js'

export function testClaims(test: Test): void {
  test('R-01 admits exactly as many at once as there are uses', async (store) => {
    for (const maxUses of [1, 3, 10]) {
      const invite = await create(store, newInvite({ maxUses }))
      const requests = Array.from({ length: 50 }, () => claimOf(invite))
      const results = await Promise.all(requests.map((request) => store.claim(request)))
      assert.equal(results.filter((result) => result.admitted).length, maxUses)
      assert.equal((await found(store, invite)).held, maxUses)
      const refused = results.find((result) => !result.admitted)
      assert.deepEqual(refused, { admitted: false, reason: 'claimed', lapsesAt: NOW + HOLD })
    }
  })

  test('admits any number where uses are unlimited', async (store) => {
    const invite = await create(store, newInvite({ maxUses: null }))
    const results = await Promise.all(Array.from({ length: 20 }, () => store.claim(claimOf(invite))))
    ok(results.every((result) => result.admitted))
    assert.equal((await found(store, invite)).held, 20)
  })

  test('answers with the invite, its hold counted', async (store) => {
    const invite = await create(store, newInvite({ email: 'ada@example.com', metadata: { a: 1 } }))
    const result = await store.claim(claimOf(invite, { email: address('ada@example.com') }))
    ok(result.admitted)
    assert.equal(result.invite.held, 1)
    assert.deepEqual(result.invite.metadata, { a: 1 })
    assert.equal(result.invite.email, 'ada@example.com')
  })

  test('refuses, in this order: closed, unknown, used, expired, another address, claimed', async (store) => {
    const invite = await create(store, newInvite({ email: 'ada@example.com' }))
    const reason = async (changes: Partial<ClaimRequest>) => {
      const result = await store.claim(claimOf(invite, changes))
      return result.admitted ? 'admitted' : result.reason
    }
    const email = address('ada@example.com')
    const other = address('eve@example.com')
    assert.equal(await reason({ defaultMode: 'closed' }), 'closed')
    assert.equal(await reason({ codeHash: 'nothing' }), 'unknown')
    assert.equal(await reason({ appId: 'other' }), 'unknown')
    assert.equal(await reason({ email: other, now: NOW + TERM }), 'expired')
    assert.equal(await reason({ email: other }), 'email_mismatch')
    assert.equal(await reason({}), 'email_mismatch')
    assert.equal(await reason({ email: other, withoutEmail: true }), 'email_mismatch')
    assert.equal(await reason({ email }), 'admitted')
    assert.equal(await reason({ email: other }), 'email_mismatch')
    assert.equal(await reason({ withoutEmail: true }), 'claimed')
    await acceptFor(store, invite, { email, now: NOW + HOLD, lapsesAt: NOW + 2 * HOLD })
    assert.equal(await reason({ email: other, now: NOW + TERM }), 'used')
    const revoked = await create(store, newInvite())
    await store.revokeInvite({ appId: APP, inviteId: revoked.id, now: NOW })
    assert.equal(await reason({ codeHash: revoked.codeHash }), 'unknown')
  })

  test('R-08 admits until just before the expiry', async (store) => {
    const invite = await create(store, newInvite({ maxUses: null }))
    ok((await store.claim(claimOf(invite, { now: NOW + TERM - 1 }))).admitted)
    ok(!(await store.claim(claimOf(invite, { now: NOW + TERM }))).admitted)
    const forever = await create(store, newInvite({ termMs: null, expiresAt: null }))
    ok((await store.claim(claimOf(forever, { now: NOW + 1e12 }))).admitted)
  })

  test('judges the domain where the invite has one', async (store) => {
    const invite = await create(store, newInvite({ maxUses: null, emailDomain: 'example.com' }))
    const admits = async (email: ClaimRequest['email'], withoutEmail = false) =>
      (await store.claim(claimOf(invite, { email, withoutEmail }))).admitted
    ok(await admits(address('ada@example.com')))
    ok(!(await admits(address('ada@sub.example.com'))))
    ok(!(await admits(null, true)))
  })

  test('obeys the stored mode, whatever the default', async (store) => {
    const invite = await create(store)
    assert.deepEqual(await store.getSettings(APP), {})
    const closed = await store.changeSettings({ appId: APP, change: { mode: 'closed' }, now: NOW })
    assert.deepEqual(closed, { mode: 'closed' })
    assert.deepEqual(await store.getSettings(APP), closed)
    ok(!(await store.claim(claimOf(invite))).admitted)
    await store.changeSettings({ appId: APP, change: { mode: 'open' }, now: NOW })
    ok((await store.claim(claimOf(invite, { defaultMode: 'closed' }))).admitted)
    assert.deepEqual(await store.getSettings('other'), {})
  })

  test('takes a use back from a hold that lapsed, and not a moment earlier', async (store) => {
    const invite = await create(store)
    ok((await store.claim(claimOf(invite))).admitted)
    ok(!(await store.claim(claimOf(invite, { now: NOW + HOLD - 1 }))).admitted)
    const late = Array.from({ length: 10 }, () => claimOf(invite, { now: NOW + HOLD, lapsesAt: NOW + 2 * HOLD }))
    const results = await Promise.all(late.map((request) => store.claim(request)))
    assert.equal(results.filter((result) => result.admitted).length, 1)
    assert.equal((await found(store, invite)).held, 1)
  })

  test('clears lapsed holds even where it refuses', async (store) => {
    const invite = await create(store, newInvite({ maxUses: 2, emailDomain: 'example.com' }))
    const email = address('ada@example.com')
    await store.claim(claimOf(invite, { email }))
    await store.claim(claimOf(invite, { email }))
    const refused = await store.claim(claimOf(invite, { email: address('eve@evil.org'), now: NOW + HOLD }))
    ok(!refused.admitted)
    assert.equal((await found(store, invite)).held, 0)
  })

  test('releases a hold once', async (store) => {
    const invite = await create(store)
    const claim = claimOf(invite)
    await store.claim(claim)
    const key = { claimId: claim.claimId, inviteId: invite.id }
    const given = await Promise.all([store.release(key), store.release(key), store.release(key)])
    assert.equal(given.filter(Boolean).length, 1)
    assert.equal((await found(store, invite)).held, 0)
    ok((await store.claim(claimOf(invite))).admitted)
    await store.release(key)
    assert.equal((await found(store, invite)).held, 1)
  })

  test('R-17 stops at once when all invites of an inviter, or of the app, are revoked', async (store) => {
    const make = (inviterId: string, appId = APP) => create(store, newInvite({ inviterId, appId }))
    const [ann, bob, elsewhere] = [await make('ann'), await make('bob'), await make('ann', 'other')]
    const mailed = await create(store, newInvite({ inviterId: 'ann', email: 'ada@example.com' }), 'mail')
    const used = await create(store, newInvite({ inviterId: 'ann' }))
    await acceptFor(store, used)
    const revoked = await store.revokeInvites({ appId: APP, inviterId: 'ann', now: NOW })
    assert.deepEqual(new Set(revoked.map(({ id }) => id)), new Set([ann.id, mailed.id]))
    ok(revoked.every(({ revokedAt }) => revokedAt === NOW))
    assert.equal((await found(store, mailed)).delivery?.canceledAt, NOW)
    ok(!(await store.claim(claimOf(ann))).admitted)
    ok((await store.claim(claimOf(bob))).admitted)
    assert.deepEqual(
      (await store.revokeInvites({ appId: APP, now: NOW })).map(({ id }) => id),
      [bob.id],
    )
    ok((await store.claim(claimOf(elsewhere))).admitted)
    assert.equal((await found(store, used)).revokedAt, null)
  })

  test('stops at once when the invite is revoked', async (store) => {
    const invite = await create(store, newInvite({ email: 'ada@example.com' }), 'mail')
    const revoked = await store.revokeInvite({ appId: APP, inviteId: invite.id, now: NOW + 1 })
    assert.deepEqual([revoked?.revoked, revoked?.invite.revokedAt], [true, NOW + 1])
    assert.equal(revoked?.invite.delivery?.canceledAt, NOW + 1)
    const again = await store.revokeInvite({ appId: APP, inviteId: invite.id, now: NOW + 2 })
    assert.deepEqual([again?.revoked, again?.invite.revokedAt], [false, NOW + 1])
    const result = await store.claim(claimOf(invite, { withoutEmail: true, now: NOW + 1 }))
    assert.deepEqual(result, { admitted: false, reason: 'unknown' })
  })
}
