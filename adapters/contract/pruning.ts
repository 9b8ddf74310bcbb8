// Housekeeping: what is long over goes, in batches, and nothing else.
import assert from 'node:assert/strict'
import type { InviteRecord, InviteStore, PagePosition, PruneTarget } from '../../src/store.js'
import { type InviteStatus, inviteStatuses } from '../../src/types.js'
import {
  APP,
  acceptFor,
  acceptOf,
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

const DAY = 24 * 60 * 60 * 1000
const BEFORE = NOW + DAY
const LATER = NOW + 3 * DAY

/** All batches, one after the other. */
async function pruneAll(store: InviteStore, what: PruneTarget, { before = BEFORE, now = LATER, limit = 2 } = {}) {
  const batches: number[] = []
  let after: PagePosition | undefined
  do {
    const { removed, next } = await store.prune({ what, before, now, limit, after })
    batches.push(removed)
    after = next
    ok(batches.length < 100, 'the batches must come to an end')
  } while (after !== undefined)
  ok(Math.max(...batches) <= limit, 'no batch is larger than asked for')
  return batches.reduce((sum, removed) => sum + removed, 0)
}

const exists = async (store: InviteStore, { appId, id }: InviteRecord) =>
  (await store.findInvite({ appId, inviteId: id })) !== undefined

async function listed(store: InviteStore, statuses: readonly InviteStatus[], now: number) {
  const page = await store.listInvites({ appId: APP, statuses, limit: 100, now })
  return page.map(({ id }) => id)
}

export function testPruning(test: Test): void {
  test('removes invites that nobody used and that were over, and no others', async (store) => {
    const gone = [
      ...(await Promise.all([1, 2, 3].map(() => create(store)))),
      await create(store, newInvite({ email: 'ada@example.com' }), 'mail-of-the-expired'),
      await create(store, newInvite({ termMs: null })),
      await create(store, newInvite({ appId: 'another' })),
    ]
    await store.revokeInvite({ appId: APP, inviteId: gone[4]?.id ?? '', now: BEFORE })
    const kept = [
      await create(store, newInvite({ termMs: null })),
      await create(store, newInvite({ termMs: 2 * DAY })),
      await create(store, newInvite({ termMs: 9 * DAY })),
      await create(store, newInvite({ termMs: 9 * DAY })),
    ]
    await store.revokeInvite({ appId: APP, inviteId: kept[3]?.id ?? '', now: BEFORE + 1 })
    assert.equal(await pruneAll(store, 'invites'), gone.length)
    for (const invite of gone) assert.equal(await exists(store, invite), false)
    for (const invite of kept) assert.equal(await exists(store, invite), true)
    assert.equal(await store.nextDeliveryAt(), undefined)
    assert.equal(await pruneAll(store, 'invites'), 0)
    await create(store, newInvite({ email: 'ada@example.com' })) // the address is free
  })

  test('keeps every acceptance, and the invite that it names', async (store) => {
    const used = await create(store)
    const shared = await create(store, newInvite({ maxUses: 5 }))
    const revoked = await create(store, newInvite({ maxUses: 5 }))
    const reopened = await create(store)
    for (const invite of [used, shared, revoked]) await acceptFor(store, invite)
    const { acceptance } = await acceptFor(store, reopened)
    await store.reopenAcceptance({ appId: APP, acceptanceId: acceptance.id, now: NOW })
    await store.revokeInvite({ appId: APP, inviteId: revoked.id, now: NOW })
    assert.equal(await pruneAll(store, 'invites'), 0)
    for (const invite of [used, shared, revoked, reopened]) assert.equal(await exists(store, invite), true)
    assert.equal((await store.listAcceptances({ appId: APP, limit: 10 })).length, 4)
  })

  test('keeps an invite while a claim holds it', async (store) => {
    const invite = await create(store)
    const claim = claimOf(invite, { lapsesAt: LATER + 1 })
    ok((await store.claim(claim)).admitted)
    assert.equal(await pruneAll(store, 'invites'), 0)
    ok((await store.accept(acceptOf(claim, invite, { now: LATER }))).accepted)
  })

  test('changes no list, and lists an invite as pending again that is sent again', async (store) => {
    const expired = await create(store)
    const shown = async () => Promise.all(inviteStatuses.map((status) => listed(store, [status], LATER)))
    await create(store, newInvite({ createdAt: NOW + 1, termMs: null }))
    await create(store, newInvite({ createdAt: NOW + 2, termMs: 9 * DAY }))
    const before = await shown()
    assert.equal(await pruneAll(store, 'invites', { before: NOW - DAY }), 0)
    assert.deepEqual(await shown(), before)
    const all = await listed(store, inviteStatuses, LATER)
    assert.equal(all.length, 3)
    assert.deepEqual(await listed(store, ['expired', 'pending'], LATER), all)
    await store.changeInvite({ appId: APP, inviteId: expired.id, now: LATER, expiresAt: LATER + TERM })
    ok((await listed(store, ['pending'], LATER)).includes(expired.id))
    assert.deepEqual(await listed(store, ['expired'], LATER), [])
    assert.equal(await pruneAll(store, 'invites', { before: LATER - DAY }), 0)
    assert.deepEqual(await listed(store, ['expired'], LATER + TERM), [expired.id])
    const much = LATER + 9 * DAY
    assert.equal(await pruneAll(store, 'invites', { before: LATER + DAY, now: much }), 1)
  })

  test('removes mails that wait for nothing, except the newest of an invite that may yet be used', async (store) => {
    const [pending, accepted, waiting] = [
      await create(store, newInvite({ email: 'ada@example.com', termMs: null }), 'first'),
      await create(store, newInvite({ email: 'bob@example.com' }), 'accepted'),
      await create(store, newInvite({ email: 'eve@example.com', termMs: null, createdAt: NOW + 1 }), 'waiting'),
    ]
    const key = { appId: APP, inviteId: pending.id }
    await store.changeInvite({ ...key, now: NOW, deliveryId: 'second' }) // cancels the first
    const leased = await store.leaseDeliveries({ now: NOW, leasedUntil: NOW + HOLD, limit: 10 })
    assert.equal(leased.length, 2)
    for (const { delivery } of leased) await store.finishDelivery(delivery, { sentAt: NOW })
    await acceptFor(store, accepted, { withoutEmail: true })
    assert.equal(await pruneAll(store, 'deliveries', { before: NOW - 1 }), 0)
    assert.equal(await pruneAll(store, 'deliveries'), 2)
    assert.deepEqual(
      [(await found(store, pending)).delivery?.id, (await found(store, accepted)).delivery],
      ['second', null],
    )
    assert.equal((await found(store, waiting)).delivery?.sentAt, null)
    assert.equal(await store.nextDeliveryAt(), NOW + 1)
  })

  test('removes lapsed holds, and counts them off', async (store) => {
    const invites = [
      await create(store, newInvite({ maxUses: 5, termMs: null })),
      await create(store, newInvite({ maxUses: 5, termMs: null })),
    ]
    for (const invite of invites) {
      for (let count = 0; count < 3; count++) await store.claim(claimOf(invite))
      await store.claim(claimOf(invite, { lapsesAt: BEFORE + 1 }))
    }
    assert.equal(await pruneAll(store, 'claims', { limit: 10 }), 6)
    for (const invite of invites) assert.equal((await found(store, invite)).held, 1)
  })

  test('removes keyed requests', async (store) => {
    const begin = (id: string, now: number) =>
      store.beginKeyedRequest({ id, fingerprint: 'body', now, leasedUntil: now + HOLD, forgetUntil: 0 })
    for (const id of ['a', 'b', 'c', 'd']) await begin(id, NOW)
    await begin('e', BEFORE + 1)
    assert.equal(await pruneAll(store, 'keyedRequests'), 4)
    assert.equal((await begin('e', BEFORE + 2)).state, 'running')
  })

  test('removes nothing that is alive, whatever happens meanwhile', async (store) => {
    const expired = await Promise.all(Array.from({ length: 12 }, () => create(store)))
    const pending = await Promise.all(Array.from({ length: 12 }, () => create(store, newInvite({ termMs: null }))))
    const resend = ({ id }: InviteRecord) =>
      store.changeInvite({ appId: APP, inviteId: id, now: LATER, expiresAt: LATER + TERM })
    const claims = pending.map((invite) => claimOf(invite, { now: LATER, lapsesAt: LATER + HOLD }))
    const [resent, admitted] = await Promise.all([
      Promise.all(expired.map(resend)),
      Promise.all(claims.map((claim) => store.claim(claim))),
      pruneAll(store, 'invites'),
      pruneAll(store, 'claims'),
      pruneAll(store, 'invites', { limit: 5 }),
    ])
    for (const [index, invite] of expired.entries()) {
      const alive = resent[index] !== undefined
      assert.equal(await exists(store, invite), alive, 'what was sent again is there, and what is gone was not sent')
      const claim = claimOf(invite, { now: LATER, lapsesAt: LATER + HOLD })
      assert.equal((await store.claim(claim)).admitted, alive)
    }
    ok(admitted.every((claim) => claim.admitted))
    for (const [index, claim] of claims.entries()) {
      const invite = pending[index] as InviteRecord
      ok((await store.accept(acceptOf(claim, invite))).accepted)
    }
  })
}
