// Quotas: how many invites each inviter may send.
import assert from 'node:assert/strict'
import type { InviteRecord, InviteStore, NewInvite, QuotaKey } from '../../src/store.js'
import type { QuotaRule } from '../../src/types.js'
import { APP, acceptFor, changed, NOW, newInvite, ok, TERM, type Test } from './fixtures.js'

const rule = (changes: Partial<QuotaRule> = {}): QuotaRule => ({ start: 3, refill: null, giveBack: false, ...changes })
const quotaOf = (inviterId: string, changes: Partial<QuotaRule> = {}): QuotaKey => ({
  appId: APP,
  inviterId,
  defaultQuota: rule(changes),
})

export function testQuotas(test: Test): void {
  const send = (store: InviteStore, key: QuotaKey, changes: Partial<NewInvite> = {}) =>
    store.createInvite(newInvite({ inviterId: key.inviterId, ...changes }), undefined, { charge: key })
  const sent = async (...given: Parameters<typeof send>): Promise<InviteRecord> => {
    const result = await send(...given)
    ok('created' in result, 'it was not paid')
    return result.created
  }
  const left = async (store: InviteStore, key: QuotaKey, now = NOW) => (await store.getQuota({ ...key, now })).left

  test('R-29 pays for exactly as many as there are, however many are sent at once', async (store) => {
    const ann = quotaOf('ann')
    assert.deepEqual(await store.getQuota({ ...ann, now: NOW }), { left: 3, refilledAt: NOW, rule: rule() })
    const results = await Promise.all(Array.from({ length: 50 }, () => send(store, ann)))
    assert.equal(results.filter((result) => 'created' in result).length, 3)
    const refused = results.find((result) => 'exceeded' in result)
    assert.deepEqual(refused, { exceeded: { left: 0, refilledAt: NOW, rule: rule() } })
    assert.equal(await left(store, ann), 0)
    assert.equal(await left(store, quotaOf('bob')), 3)
    assert.equal(await left(store, { ...ann, appId: 'other' }), 3)
  })

  test('R-29 counts accounts, not invites', async (store) => {
    const ann = quotaOf('ann')
    ok('exceeded' in (await send(store, ann, { maxUses: 4 })))
    ok('exceeded' in (await send(store, ann, { maxUses: null })))
    await sent(store, ann, { maxUses: 2 })
    assert.equal(await left(store, ann), 1)
    const unlimited = quotaOf('bob', { start: null })
    await sent(store, unlimited, { maxUses: null })
    assert.equal(await left(store, unlimited), null)
  })

  test('R-29 takes nothing for what is not made, nor for the same invite again', async (store) => {
    const ann = quotaOf('ann', { start: 1 })
    const invite = newInvite({ email: 'ada@example.com', inviterId: 'ann' })
    const makings = await Promise.all([1, 2, 3].map(() => store.createInvite(invite, undefined, { charge: ann })))
    ok(makings.every((making) => 'created' in making && making.created.id === invite.id))
    assert.equal(await left(store, ann), 0)
    ok('created' in (await store.createInvite(invite, undefined, { charge: ann })))
    const bob = quotaOf('bob')
    ok('existing' in (await send(store, bob, { email: 'ada@example.com' })))
    assert.equal(await left(store, bob), 3)
  })

  test('is set, and is as the stored rule says before that', async (store) => {
    const ann = quotaOf('ann')
    await store.changeSettings({ appId: APP, change: { quota: rule({ start: 7 }) }, now: NOW })
    assert.equal(await left(store, ann), 7)
    const state = await store.setQuota({ ...ann, left: 1, now: NOW + 5 })
    assert.deepEqual(state, { left: 1, refilledAt: NOW + 5, rule: rule({ start: 7 }) })
    await sent(store, ann)
    ok('exceeded' in (await send(store, ann)))
    await store.setQuota({ ...ann, left: null, now: NOW })
    await sent(store, ann, { maxUses: null })
    await store.setQuota({ ...ann, left: 0, now: NOW })
    ok('exceeded' in (await send(store, ann)))
  })

  test('is refilled with each whole period, up to the cap', async (store) => {
    const refill = { amount: 2, everyMs: 100, cap: 5 }
    const ann = quotaOf('ann', { refill })
    for (let n = 0; n < 3; n++) await sent(store, ann)
    assert.equal(await left(store, ann, NOW + 99), 0)
    assert.deepEqual(await store.getQuota({ ...ann, now: NOW + 150 }), {
      left: 2,
      refilledAt: NOW + 100,
      rule: rule({ refill }),
    })
    assert.equal(await left(store, ann, NOW + 1000), 5)
    await sent(store, ann, { createdAt: NOW + 150 })
    assert.equal(await left(store, ann, NOW + 199), 1)
    assert.equal(await left(store, ann, NOW + 200), 3)
    await store.setQuota({ ...ann, left: 9, now: NOW + 250 })
    assert.equal(await left(store, ann, NOW + 9999), 9)
  })

  test('gives back what is left of an invite that expired, where the rule says so, and takes it again', async (store) => {
    const ann = quotaOf('ann', { giveBack: true })
    const invite = await sent(store, ann, { maxUses: 3 })
    await acceptFor(store, invite)
    assert.equal(await left(store, ann, NOW + TERM - 1), 0)
    assert.equal(await left(store, ann, NOW + TERM), 2)
    await sent(store, ann, { createdAt: NOW + TERM })
    assert.equal(await left(store, ann, NOW + TERM), 1)
    const { defaultQuota } = ann
    const again = { appId: APP, inviteId: invite.id, now: NOW + TERM, expiresAt: NOW + 2 * TERM, defaultQuota }
    assert.equal(await store.changeInvite(again), 'quota_exceeded')
    assert.equal(await left(store, ann, NOW + TERM), 1)
    await store.setQuota({ ...ann, left: 2, now: NOW + TERM })
    assert.equal(changed(await store.changeInvite(again)).expiresAt, NOW + 2 * TERM)
    assert.equal(await left(store, ann, NOW + TERM), 0)
    assert.equal(await left(store, ann, NOW + 2 * TERM), 3)
  })

  test('gives nothing back for what was revoked in time, or of an unlimited quota, or where the rule does not', async (store) => {
    const ann = quotaOf('ann', { giveBack: true })
    const [soon, late] = [await sent(store, ann), await sent(store, ann)]
    await store.revokeInvite({ appId: APP, inviteId: soon.id, now: NOW + TERM - 1 })
    await store.revokeInvite({ appId: APP, inviteId: late.id, now: NOW + TERM })
    const prune = async () =>
      (await store.prune({ what: 'invites', before: NOW + TERM, now: NOW + TERM, limit: 9 })).removed
    assert.equal(await prune(), 1)
    assert.equal(await left(store, ann, NOW + TERM), 2)
    await sent(store, ann, { createdAt: NOW + TERM })
    assert.equal(await prune(), 1)
    const bob = quotaOf('bob')
    await sent(store, bob)
    assert.equal(await left(store, bob, NOW + TERM), 2)
  })

  test('costs nothing to send again while it lasts', async (store) => {
    const ann = quotaOf('ann', { giveBack: true, start: 1 })
    const invite = await sent(store, ann)
    const { defaultQuota } = ann
    const again = { appId: APP, inviteId: invite.id, now: NOW + 1, expiresAt: NOW + 2 * TERM, defaultQuota }
    changed(await store.changeInvite(again))
    assert.equal(await left(store, ann, NOW + TERM), 0)
    assert.equal(await left(store, ann, NOW + 2 * TERM), 1)
  })

  test('is granted to one, or to everybody who joined in a time', async (store) => {
    const { defaultQuota } = quotaOf('')
    const grant = { appId: APP, add: 5, defaultQuota, now: NOW + 9 }
    const link = await sent(store, quotaOf('ann'), { maxUses: 3 })
    await acceptFor(store, link, {}, { userId: 'early' })
    await acceptFor(store, link, { now: NOW + 5, lapsesAt: NOW + 9 }, { userId: 'in time' })
    await acceptFor(store, link, { now: NOW + 7, lapsesAt: NOW + 9 }, { userId: 'late' })
    assert.equal(await store.grantQuota({ ...grant, to: { joinedFrom: NOW + 5, joinedUntil: NOW + 7 } }), 1)
    assert.deepEqual(await Promise.all(['early', 'in time', 'late'].map((id) => left(store, quotaOf(id)))), [3, 8, 3])
    assert.equal(await store.grantQuota({ ...grant, to: { joinedFrom: 0, joinedUntil: NOW + 8 } }), 3)
    assert.equal(await left(store, quotaOf('in time')), 13)
    assert.equal(await store.grantQuota({ ...grant, to: { inviterId: 'ann' } }), 1)
    assert.equal(await left(store, quotaOf('ann')), 5)
    const most = 2 ** 31 - 1
    await store.grantQuota({ ...grant, add: most, to: { inviterId: 'ann' } })
    await store.grantQuota({ ...grant, add: most, to: { joinedFrom: 0, joinedUntil: NOW + 8 } })
    assert.deepEqual(await Promise.all(['ann', 'late'].map((id) => left(store, quotaOf(id)))), [most, most])
    await store.setQuota({ ...quotaOf('bob'), left: null, now: NOW })
    await store.grantQuota({ ...grant, to: { inviterId: 'bob' } })
    assert.equal(await left(store, quotaOf('bob')), null)
  })

  test('is granted on top of what time gave', async (store) => {
    const refill = { amount: 5, everyMs: 100, cap: 5 }
    const [ann, ada] = [quotaOf('ann', { start: 1, refill }), quotaOf('ada', { start: 1, refill })]
    const link = await sent(store, ann)
    await acceptFor(store, link, {}, { userId: 'ada' })
    await sent(store, ada)
    const grant = { appId: APP, add: 3, defaultQuota: ann.defaultQuota, now: NOW + 100 }
    await store.grantQuota({ ...grant, to: { inviterId: 'ann' } })
    await store.grantQuota({ ...grant, to: { joinedFrom: 0, joinedUntil: NOW + 1 } })
    assert.deepEqual([await left(store, ann, NOW + 100), await left(store, ada, NOW + 100)], [8, 8])
  })

  test('is granted to everybody who joined on top of what they get back', async (store) => {
    const rule = { start: 2, giveBack: true }
    const [ann, ada, bob] = [quotaOf('ann', rule), quotaOf('ada', rule), quotaOf('bob', rule)]
    const link = await sent(store, ann, { maxUses: 2 })
    for (const userId of ['ada', 'bob']) await acceptFor(store, link, {}, { userId })
    for (const each of [ada, ada, bob]) await sent(store, each)
    await store.setQuota({ ...bob, left: null, now: NOW })
    const grant = { appId: APP, add: 3, defaultQuota: ann.defaultQuota, now: NOW + TERM }
    assert.equal(await store.grantQuota({ ...grant, to: { joinedFrom: 0, joinedUntil: NOW + 1 } }), 2)
    const standing = async () => Promise.all([ada, bob, ann].map((each) => left(store, each, NOW + TERM)))
    assert.deepEqual(await standing(), [5, null, 0])
    assert.equal(await store.grantQuota({ ...grant, to: { joinedFrom: 0, joinedUntil: NOW + 1 } }), 2)
    assert.deepEqual(await standing(), [8, null, 0])
  })

  test('R-29 of many grants and sends at once none is lost', async (store) => {
    const ann = quotaOf('ann', { start: 0 })
    const grants = Array.from({ length: 10 }, () =>
      store.grantQuota({ appId: APP, add: 2, to: { inviterId: 'ann' }, defaultQuota: ann.defaultQuota, now: NOW }),
    )
    const sends = Array.from({ length: 10 }, () => send(store, ann))
    await Promise.all(grants)
    const paid = (await Promise.all(sends)).filter((result) => 'created' in result).length
    assert.equal(await left(store, ann), 20 - paid)
  })
}
