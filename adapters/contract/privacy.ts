// Forgetting people: what names them goes, what can be counted stays.
import assert from 'node:assert/strict'
import type { InviteStore, NewInvite, PersonKey } from '../../src/store.js'
import {
  APP,
  acceptFor,
  acceptOf,
  address,
  changed,
  claimOf,
  create,
  found,
  NOW,
  newInvite,
  ok,
  TERM,
  type Test,
} from './fixtures.js'

const ADA = 'ada@example.com'
const person: PersonKey = { appId: APP, email: ADA, spellings: [ADA] }
const forget = (store: InviteStore, changes: Partial<PersonKey & { limit: number }> = {}) =>
  store.forgetPerson({ ...person, now: NOW + 1, limit: 100, ...changes })
const NOTHING = { invites: 0, acceptances: 0, sent: 0, requests: 0 }

export function testPrivacy(test: Test): void {
  const make = (store: InviteStore, changes: Partial<NewInvite> = {}, deliveryId?: string) =>
    create(
      store,
      newInvite({ email: ADA, message: `for ${ADA}`, metadata: { of: ADA }, locale: 'de', ...changes }),
      deliveryId,
    )
  const all = async (store: InviteStore) =>
    JSON.stringify([
      await store.listInvites({
        appId: APP,
        statuses: ['pending', 'accepted', 'expired', 'revoked'],
        limit: 99,
        now: NOW,
      }),
      await store.listAcceptances({ appId: APP, limit: 99 }),
    ])

  test('R-39 forgets all of a person, in one app, and leaves the rest to be counted', async (store) => {
    const used = await make(store, { role: 'nurse' })
    await acceptFor(store, used, { email: address(ADA) }, { userId: 'u1' })
    const pending = await make(store, {}, 'mail')
    const [lease] = await store.leaseDeliveries({ now: NOW, leasedUntil: NOW + 9, limit: 1 })
    ok(lease)
    await store.finishDelivery(lease.delivery, { retryAt: NOW + 50, error: `${ADA} is unknown` })
    const link = await create(store, newInvite({ maxUses: 9 }))
    await acceptFor(store, link, { email: address(ADA) })
    const sent = { inviterId: 'sender', inviterEmail: 'Ada@Example.com', inviterName: 'Ada' }
    const invited = await create(store, newInvite({ email: 'bob@example.com', ...sent }))
    await acceptFor(store, invited, { email: address('bob@example.com') })
    const elsewhere = await make(store, { appId: 'other', id: 'elsewhere' })
    const others = await create(store, newInvite({ email: 'ada2@example.com' }))

    const asked = { email: ADA, emailCanonical: ADA, answers: { of: ADA }, locale: 'de', createdAt: NOW }
    for (const appId of [APP, 'other'])
      await store.askForAccess({ id: `of ${appId}`, appId, ...asked }, { deliveryId: `${appId} mail`, quietSince: 0 })

    const known = await store.findPerson(person)
    assert.deepEqual(
      known.requests.map(({ id, answers }) => [id, answers]),
      [[`of ${APP}`, { of: ADA }]],
    )
    assert.deepEqual(new Set(known.invites.map(({ id }) => id)), new Set([used.id, pending.id]))
    assert.deepEqual([known.acceptances.length, known.sent], [2, 2])
    assert.deepEqual(await forget(store), { invites: 2, acceptances: 2, sent: 2, requests: 1 })
    assert.deepEqual(await forget(store), NOTHING)
    assert.deepEqual(await store.findPerson(person), { invites: [], acceptances: [], sent: 0, requests: [] })

    const kept = await all(store)
    ok(!/ada@example|"Ada"/i.test(kept.replaceAll('ada2@example.com', '')), kept)
    assert.equal((await found(store, used)).role, 'nurse')
    const [after] = [await found(store, pending)]
    assert.deepEqual([after.revokedAt, after.delivery?.lastError, after.delivery?.canceledAt], [NOW + 1, null, NOW + 1])
    const left = await store.leaseDeliveries({ now: NOW + 99, leasedUntil: NOW + 999, limit: 9 })
    assert.deepEqual(
      left.map(({ request }) => request?.appId),
      ['other'],
    )
    assert.equal(await store.findAccessRequest({ appId: APP, emailCanonical: ADA }), undefined)
    assert.equal((await found(store, invited)).inviterId, 'sender')
    assert.equal((await found(store, elsewhere)).email, ADA)
    assert.equal((await found(store, others)).email, 'ada2@example.com')
    assert.equal(
      (await store.listAcceptances({ appId: APP, limit: 9 })).find(({ userId }) => userId === 'u1')?.email,
      null,
    )
  })

  test('R-39 leaves nothing of it that admits anybody, reopened or not', async (store) => {
    const invite = await make(store)
    const { acceptance } = await acceptFor(store, invite, { email: address(ADA) })
    await forget(store)
    await store.reopenAcceptance({ appId: APP, acceptanceId: acceptance.id, now: NOW })
    for (const email of [null, address(ADA)]) {
      assert.deepEqual(await store.claim(claimOf(invite, { email, withoutEmail: email === null })), {
        admitted: false,
        reason: 'unknown',
      })
    }
    assert.equal((await store.lookUp({ appId: APP, codeHash: invite.codeHash })).invite, undefined)
    changed(await store.changeInvite({ appId: APP, inviteId: invite.id, now: NOW, role: 'nurse' }))
    await make(store)
  })

  test('R-39 works in batches that come to an end, and costs no quota twice', async (store) => {
    const quota = { appId: APP, inviterId: 'ann', defaultQuota: { start: 9, refill: null, giveBack: true } }
    for (let index = 0; index < 5; index++) {
      await store.createInvite(newInvite({ email: ADA, orgId: `org-${index}`, inviterId: 'ann' }), undefined, {
        charge: quota,
      })
    }
    const counts: number[] = []
    for (let left = 1; left > 0; counts.push(left)) left = (await forget(store, { limit: 2 })).invites
    assert.deepEqual(counts, [2, 2, 1, 0])
    assert.equal((await store.getQuota({ ...quota, now: NOW + 2 * TERM })).left, 4)
    assert.equal((await store.prune({ what: 'invites', before: NOW + 1, now: NOW + TERM, limit: 9 })).removed, 5)
  })

  test('R-39 forgets by age the addresses of those who joined, but no invite that may yet be used', async (store) => {
    const join = async (email: string, now: number, changes: Partial<NewInvite> = {}) => {
      const invite = await make(store, { email, ...changes })
      const { acceptance } = await acceptFor(store, invite, { email: address(email), now, lapsesAt: now + 9 })
      return { invite, acceptance }
    }
    const old = await join('old@example.com', NOW)
    const reopened = await join('again@example.com', NOW)
    await store.reopenAcceptance({ appId: APP, acceptanceId: reopened.acceptance.id, now: NOW })
    const fresh = await join('fresh@example.com', NOW + 2)
    const waiting = await make(store, { email: 'waiting@example.com' })
    const prune = () => store.prune({ what: 'addresses', before: NOW + 1, now: NOW + 5, limit: 9 })
    assert.deepEqual(await prune(), { removed: 2, next: undefined })
    assert.deepEqual(await prune(), { removed: 0, next: undefined })
    const addresses = await Promise.all(
      [old, reopened, fresh].map(async ({ invite }) => (await found(store, invite)).email),
    )
    assert.deepEqual(addresses, [null, 'again@example.com', 'fresh@example.com'])
    assert.equal((await found(store, waiting)).email, 'waiting@example.com')
    assert.equal((await found(store, old.invite)).revokedAt, null)
    const joined = await store.listAcceptances({ appId: APP, limit: 9 })
    assert.deepEqual(
      joined.flatMap(({ email }) => email ?? []),
      ['fresh@example.com'],
    )
  })

  test('R-39 accepts a hold that was there before, without the address', async (store) => {
    const link = await create(store, newInvite({ maxUses: 2 }))
    const claim = claimOf(link, { email: address(ADA) })
    ok((await store.claim(claim)).admitted)
    await forget(store)
    const result = await store.accept(acceptOf(claim, link, { email: null }))
    assert.equal(result.accepted && result.acceptance.email, null)
  })
}
