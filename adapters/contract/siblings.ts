// Closing what else was sent to an address that has joined, and nothing else.
import assert from 'node:assert/strict'
import type { InviteRecord, InviteStore } from '../../src/store.js'
import {
  APP,
  acceptFor,
  acceptOf,
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

const ADA = 'ada@example.com'
const verified = { verifiedEmail: ADA }

/** A shareable invite that any number may use. */
const openLink = (store: InviteStore, orgId: string | null = 'org') =>
  create(store, newInvite({ orgId, maxUses: null, termMs: null }))

const boundTo = (store: InviteStore, email = ADA, orgId: string | null = 'org') =>
  create(store, newInvite({ email, orgId }), `mail-${email}-${orgId}`)

/** Uses the invite, with an address that is known to be theirs. */
const join = (store: InviteStore, invite: InviteRecord, userId: string | null = null) =>
  acceptFor(store, invite, { email: address(ADA) }, { ...verified, userId })

export function testSiblings(test: Test): void {
  test('R-31 revokes the invite of a verified address that joins by another one, with its waiting mail', async (store) => {
    for (const orgId of ['org', null]) {
      const bound = await boundTo(store, ADA, orgId)
      const { fresh, closed } = await join(store, await openLink(store, orgId))
      ok(fresh)
      const after = await found(store, bound)
      assert.deepEqual(after, {
        ...bound,
        revokedAt: NOW,
        delivery: bound.delivery && { ...bound.delivery, canceledAt: NOW },
      })
      assert.deepEqual(closed, after, 'and tells of it')
      assert.deepEqual(await store.claim(claimOf(bound, { email: address(ADA) })), {
        admitted: false,
        reason: 'unknown',
      })
      await create(store, newInvite({ email: ADA, orgId })) // there is room for another
    }
  })

  test('R-31 revokes one that has expired, so that sending it again does not revive it', async (store) => {
    const bound = await boundTo(store)
    const now = NOW + TERM
    const link = await openLink(store)
    const claim = claimOf(link, { now, lapsesAt: now + HOLD, email: address(ADA) })
    ok((await store.claim(claim)).admitted)
    await store.accept(acceptOf(claim, link, verified))
    assert.equal((await found(store, bound)).revokedAt, now)
    assert.equal(await store.changeInvite({ appId: APP, inviteId: bound.id, now, expiresAt: null }), 'over')
  })

  test('R-31 leaves alone what is for another address, organization or app, what was used, and what is for anybody', async (store) => {
    const used = await boundTo(store)
    await acceptFor(store, used, { email: address(ADA) })
    const others = [
      used,
      await boundTo(store, 'bob@example.com'),
      await boundTo(store, 'ada@example.org'),
      await boundTo(store, ADA, 'another'),
      await boundTo(store, ADA, null),
      await create(store, newInvite({ email: ADA, orgId: 'org', appId: 'another' })),
      await openLink(store),
    ]
    const before = await Promise.all(others.map((invite) => found(store, invite)))
    const { closed } = await join(store, await openLink(store))
    assert.equal(closed, undefined)
    assert.deepEqual(await Promise.all(others.map((invite) => found(store, invite))), before)
    const { closed: inNone } = await join(store, await openLink(store, null))
    assert.equal(inNone?.orgId, null)
    assert.equal((await found(store, others[3] as InviteRecord)).revokedAt, null)
  })

  test('R-31 leaves it alone where the address was only typed', async (store) => {
    const bound = await boundTo(store)
    const { closed } = await acceptFor(store, await openLink(store), { email: address(ADA) }, { userId: 'eve' })
    assert.equal(closed, undefined)
    assert.deepEqual(await found(store, bound), bound)
  })

  test('R-31 leaves it alone where the invite that is accepted has an address of its own', async (store) => {
    const bound = await boundTo(store)
    const own = await boundTo(store, 'eve@example.com')
    const { closed } = await acceptFor(store, own, { email: address('eve@example.com') }, verified)
    assert.equal(closed, undefined)
    assert.deepEqual(await found(store, bound), bound)
  })

  test('R-31 keeps its word to a hold that the sibling had given', async (store) => {
    const bound = await boundTo(store)
    const claim = claimOf(bound, { email: address(ADA) })
    ok((await store.claim(claim)).admitted)
    await join(store, await openLink(store))
    ok((await found(store, bound)).revokedAt !== null)
    ok((await store.accept(acceptOf(claim, bound))).accepted)
    const { uses, held } = await found(store, bound)
    assert.deepEqual([uses, held], [1, 0])
  })

  test('R-31 closes once: the same claim or the same user again closes nothing that was sent since', async (store) => {
    const link = await openLink(store)
    const first = claimOf(link, { email: address(ADA) })
    ok((await store.claim(first)).admitted)
    await boundTo(store)
    const joined = await store.accept(acceptOf(first, link, { ...verified, userId: 'ada' }))
    ok(joined.accepted && joined.closed !== undefined)
    const anew = await create(store, newInvite({ email: ADA, orgId: 'org' }))
    const again = await store.accept(acceptOf(first, link, { ...verified, userId: 'ada' }))
    const sameUser = await join(store, link, 'ada')
    for (const result of [again, sameUser]) {
      ok(result.accepted && !result.fresh)
      assert.equal(result.closed, undefined)
    }
    assert.deepEqual(await found(store, anew), anew)
  })

  test('R-31 closes nothing where nothing was accepted', async (store) => {
    const bound = await boundTo(store)
    const link = await create(store, newInvite({ orgId: 'org' }))
    const claim = claimOf(link, { email: address(ADA), lapsesAt: NOW + 1 })
    ok((await store.claim(claim)).admitted)
    const rival = claimOf(link, { now: NOW + 1, lapsesAt: NOW + HOLD })
    ok((await store.claim(rival)).admitted)
    ok(!(await store.accept(acceptOf(claim, link, { ...verified, now: NOW + 1 }))).accepted)
    assert.deepEqual(await found(store, bound), bound)
  })

  test('R-31 of many that join at once with one address, one closes its invite', async (store) => {
    const links = await Promise.all(Array.from({ length: 6 }, () => openLink(store)))
    const bound = await boundTo(store)
    const joined = await Promise.all(links.map((link, index) => join(store, link, `user${index}`)))
    const closing = joined.flatMap(({ closed }) => closed ?? [])
    assert.deepEqual(closing, [await found(store, bound)])
    assert.equal(closing[0]?.revokedAt, NOW)
  })
}
