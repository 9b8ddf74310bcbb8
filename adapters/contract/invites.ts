// Keeping invites: made, found, listed, sent again.
import assert from 'node:assert/strict'
import type { InviteRecord } from '../../src/store.js'
import { APP, acceptFor, address, changed, create, NOW, newInvite, ok, TERM, type Test } from './fixtures.js'

export function testInvites(test: Test): void {
  test('returns an invite as it was given', async (store) => {
    const invite = newInvite({ email: 'Ada@Example.com', metadata: { plan: ['a', 1, null] }, role: 'nurse' })
    const created = await create(store, invite, 'mail-1')
    const { delivery, ...rest } = created
    assert.deepEqual(rest, { ...invite, codeGeneration: 1, uses: 0, held: 0, revokedAt: null })
    assert.deepEqual(delivery, {
      id: 'mail-1',
      inviteId: invite.id,
      requestId: null,
      attempts: 0,
      lastError: null,
      nextAttemptAt: NOW,
      leasedUntil: null,
      sentAt: null,
      failedAt: null,
      canceledAt: null,
    })
    assert.deepEqual(await store.findInvite({ appId: APP, inviteId: invite.id }), created)
  })

  test('finds nothing under another app', async (store) => {
    const invite = await create(store)
    assert.equal(await store.findInvite({ appId: 'other', inviteId: invite.id }), undefined)
    assert.equal((await store.lookUp({ appId: 'other', codeHash: invite.codeHash })).invite, undefined)
    assert.equal(await store.revokeInvite({ appId: 'other', inviteId: invite.id, now: NOW }), undefined)
    const changed = await store.changeInvite({ appId: 'other', inviteId: invite.id, now: NOW, expiresAt: null })
    assert.equal(changed, undefined)
    assert.equal((await store.lookUp({ appId: APP, codeHash: invite.codeHash })).invite?.id, invite.id)
  })

  test('looks up what a code is judged by, in one view', async (store) => {
    const invite = await create(store, newInvite({ inviterId: 'ann' }))
    const look = (codeHash = invite.codeHash) => store.lookUp({ appId: APP, codeHash })
    const { delivery: _delivery, ...found } = { delivery: null, ...(await look()).invite }
    const { delivery: _none, ...created } = invite
    assert.deepEqual(found, created)
    assert.deepEqual(await look('none'), { invite: undefined, settings: {}, isPaused: false })
    await store.changeSettings({ appId: APP, change: { mode: 'closed', seats: 3 }, now: NOW })
    await store.pauseInviter({ appId: APP, inviterId: 'ann', paused: true, now: NOW })
    const { settings, isPaused } = await look()
    assert.deepEqual([settings, isPaused], [{ mode: 'closed', seats: 3 }, true])
    assert.deepEqual(await look('none'), { invite: undefined, settings, isPaused: false })
  })

  test('has one pending invite an app, organization and address, also when many are made at once', async (store) => {
    const makings = Array.from({ length: 10 }, () =>
      store.createInvite(newInvite({ email: 'ada@example.com' }), undefined),
    )
    const results = await Promise.all(makings)
    assert.equal(results.filter((result) => 'created' in result).length, 1)
    const ids = new Set(
      results.map((result) => ('created' in result ? result.created.id : 'existing' in result && result.existing.id)),
    )
    assert.equal(ids.size, 1)
    await create(store, newInvite({ email: 'ada@example.com', orgId: 'org' }))
    await create(store, newInvite({ email: 'ada@example.com', appId: 'other' }))
    await create(store, newInvite({ email: 'bob@example.com' }))
    await create(store, newInvite())
    await create(store, newInvite())
  })

  test('R-38 makes an invite of one id once, and returns it as it stands', async (store) => {
    const invite = newInvite({ email: 'ada@example.com' })
    const makings = Array.from({ length: 5 }, (_none, index) =>
      store.createInvite({ ...invite, codeHash: `${invite.codeHash}-${index}` }, `mail-${index}`),
    )
    const results = await Promise.all(makings)
    const [first] = results
    ok(first && 'created' in first)
    for (const result of results) assert.deepEqual(result, first)
    const leased = await store.leaseDeliveries({ now: NOW, leasedUntil: NOW + 1, limit: 10 })
    assert.equal(leased.length, 1)

    const late = { ...invite, createdAt: NOW + TERM } // would take the place of an expired one of another id
    const expired = await store.createInvite(late, undefined)
    assert.deepEqual('created' in expired && [expired.created.id, expired.created.revokedAt], [invite.id, null])
    await store.revokeInvite({ appId: APP, inviteId: invite.id, now: NOW })
    const revoked = await store.createInvite(late, undefined)
    assert.deepEqual('created' in revoked && revoked.created.revokedAt, NOW)
    await assert.rejects(store.createInvite({ ...invite, appId: 'other', codeHash: 'another' }, undefined))
  })

  test('makes invites that are asked for at once, whatever becomes of the others', async (store) => {
    const expired = await create(store, newInvite({ email: 'bob@example.com' }), 'old-mail')
    const now = NOW + TERM
    const pending = await create(store, newInvite({ email: 'cy@example.com', createdAt: now }))
    await store.pauseInviter({ appId: APP, inviterId: 'ann', paused: true, now })
    const at = (invite: Parameters<typeof newInvite>[0]) => newInvite({ createdAt: now, ...invite })
    const asked = [
      at({ email: 'ada@example.com', metadata: { plan: 'a' } }),
      at({ email: 'bob@example.com' }),
      at({ email: 'cy@example.com' }),
      at({ email: 'di@example.com', inviterId: 'ann' }),
      at({ oncePerPerson: true, maxUses: 9 }),
      at({ codeHash: pending.codeHash }),
    ]
    const [ada, bob, cy, di, link, taken] = await Promise.all(
      asked.map((invite, index) => store.createInvite(invite, invite.email === null ? undefined : `mail-${index}`)),
    )
    for (const made of [ada, bob, link]) {
      ok(made && 'created' in made)
      assert.deepEqual(await store.findInvite({ appId: APP, inviteId: made.created.id }), made.created)
    }
    ok(ada && 'created' in ada && ada.created.delivery)
    assert.equal((await store.findInvite({ appId: APP, inviteId: expired.id }))?.revokedAt, now)
    assert.equal(cy && 'existing' in cy && cy.existing.id, pending.id)
    assert.deepEqual([di, taken], [{ paused: true }, { codeTaken: true }])
    const leased = await store.leaseDeliveries({ now, leasedUntil: now + 1, limit: 10 })
    assert.deepEqual(leased.map(({ delivery }) => delivery.id).sort(), ['mail-0', 'mail-1'])
  })

  test('revokes an expired invite that a new one takes the place of, with its mail', async (store) => {
    const old = await create(store, newInvite({ email: 'ada@example.com' }), 'old-mail')
    await create(store, newInvite({ email: 'ada@example.com', createdAt: NOW + TERM }))
    const superseded = await store.findInvite({ appId: APP, inviteId: old.id })
    assert.equal(superseded?.revokedAt, NOW + TERM)
    assert.equal(superseded?.delivery?.canceledAt, NOW + TERM)
  })

  test('lists by state, inviter, address and domain, newest first, page by page', async (store) => {
    const made: InviteRecord[] = []
    for (let index = 0; index < 5; index++) {
      const email = `user${index}@${index % 2 ? 'odd' : 'even'}.example.com`
      made.push(
        await create(
          store,
          newInvite({ email, inviterId: `inviter${index % 2}`, createdAt: NOW + Math.floor(index / 2) }),
        ),
      )
    }
    const query = { appId: APP, statuses: ['pending'] as const, limit: 10, now: NOW + 2 }
    const ids = async (more: object) => (await store.listInvites({ ...query, ...more })).map((invite) => invite.id)
    const sorted = [...made].sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1)).map(({ id }) => id)
    assert.deepEqual(await ids({}), sorted)
    const paged: string[] = []
    for (let after: object | undefined; paged.length < made.length; ) {
      const [next] = await store.listInvites({ ...query, limit: 1, ...(after && { after }) } as typeof query)
      ok(next)
      paged.push(next.id)
      after = { at: next.createdAt, id: next.id }
    }
    assert.deepEqual(paged, sorted)
    assert.deepEqual(await ids({ emailPrefix: 'user3' }), [made[3]?.id])
    assert.deepEqual(new Set(await ids({ domain: 'odd.example.com' })), new Set([made[1]?.id, made[3]?.id]))
    assert.deepEqual(new Set(await ids({ inviterId: 'inviter1' })), new Set([made[1]?.id, made[3]?.id]))
    assert.deepEqual(await ids({ appId: 'other' }), [])

    const used = made[0]
    ok(used)
    await acceptFor(store, used, { email: address('user0@even.example.com') })
    await store.revokeInvite({ appId: APP, inviteId: made[1]?.id ?? '', now: NOW })
    assert.deepEqual(await ids({ statuses: ['accepted'] }), [used.id])
    assert.deepEqual(await ids({ statuses: ['revoked'] }), [made[1]?.id])
    assert.equal((await ids({ statuses: ['expired'], now: NOW + TERM + 1 })).length, 2) // the last was made 1 ms later
    assert.equal((await ids({ statuses: ['pending', 'expired'], now: NOW + TERM + 1 })).length, 3)
  })

  test('changes what it is told to, and nothing else', async (store) => {
    const invite = await create(
      store,
      newInvite({ email: 'ada@example.com', role: 'nurse', metadata: { a: 1 } }),
      'mail',
    )
    const key = { appId: APP, inviteId: invite.id, now: NOW }
    assert.deepEqual(await store.changeInvite(key), invite)
    const changes = { role: null, metadata: { b: [2] }, termMs: null, expiresAt: null }
    assert.deepEqual(await store.changeInvite({ ...key, ...changes }), { ...invite, ...changes })
    assert.deepEqual(await store.findInvite(key), { ...invite, ...changes })
    const used = await create(store)
    await acceptFor(store, used)
    assert.equal(await store.changeInvite({ ...key, inviteId: used.id, role: 'x' }), 'over')
  })

  test('gives a new term, a new code, and a new mail in place of one that waits', async (store) => {
    const invite = await create(store, newInvite({ email: 'ada@example.com' }), 'mail-1')
    const request = { appId: APP, inviteId: invite.id, now: NOW + TERM, expiresAt: NOW + 2 * TERM }
    const renewal = { ...request, code: { hash: 'new', sealed: 'sealed' }, deliveryId: 'mail-2' }
    const again = changed(await store.changeInvite(renewal))
    assert.equal(again.expiresAt, NOW + 2 * TERM)
    assert.deepEqual([again.codeHash, again.codeSealed, again.codeGeneration], ['new', 'sealed', 2])
    assert.equal(again.delivery?.id, 'mail-2')
    assert.equal((await store.lookUp({ appId: APP, codeHash: invite.codeHash })).invite, undefined)
    const leased = await store.leaseDeliveries({ now: NOW + TERM, leasedUntil: NOW + 2 * TERM, limit: 10 })
    assert.deepEqual(
      leased.map(({ delivery }) => delivery.id),
      ['mail-2'],
    )
    await store.revokeInvite({ appId: APP, inviteId: invite.id, now: NOW + TERM })
    assert.equal(await store.changeInvite(request), 'over')
  })

  test('R-38 makes the change of one mail once, also where another followed', async (store) => {
    const invite = await create(store, newInvite({ email: 'ada@example.com' }), 'mail-1')
    const key = { appId: APP, inviteId: invite.id, now: NOW }
    const second = { ...key, deliveryId: 'mail-2', expiresAt: NOW + 2 * TERM, code: { hash: 'new', sealed: 'sealed' } }
    const renewed = await store.changeInvite(second)
    assert.deepEqual(await store.changeInvite({ ...second, code: { hash: 'newer', sealed: 'sealed' } }), renewed)
    const third = await store.changeInvite({ ...key, deliveryId: 'mail-3', expiresAt: NOW + 3 * TERM })
    assert.deepEqual(await store.changeInvite(second), third)
    const leased = await store.leaseDeliveries({ now: NOW, leasedUntil: NOW + 1, limit: 10 })
    assert.deepEqual(
      leased.map(({ delivery }) => delivery.id),
      ['mail-3'],
    )
    await store.revokeInvite(key)
    assert.equal(changed(await store.changeInvite(second)).revokedAt, NOW)
  })
}
