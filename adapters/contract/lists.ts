// Many invites in one step: each as if it were made alone, and none for whoever has joined.
import assert from 'node:assert/strict'
import type { InviteStore, NewInvite, NewInvites } from '../../src/store.js'
import { APP, acceptFor, address, create, HOLD, NOW, newInvite, ok, TERM, type Test } from './fixtures.js'

/** Each with a mail. */
function listOf(invites: readonly NewInvite[], more: Partial<NewInvites> = {}): NewInvites {
  return {
    appId: APP,
    invites: invites.map((invite) => ({ invite, deliveryId: `mail-${invite.id}` })),
    now: NOW,
    ...more,
  }
}

function to(email: string, changes: Partial<NewInvite> = {}): NewInvite {
  return newInvite({ email, ...changes })
}

async function outcomesOf(store: InviteStore, request: NewInvites): Promise<readonly string[]> {
  return (await store.createInvites(request)).map((outcome) => Object.keys(outcome).join())
}

export function testLists(test: Test): void {
  test('adds many invites with their mails, and answers in their order', async (store) => {
    const full = {
      role: 'nurse',
      orgId: 'o1',
      inviterId: '7',
      inviterEmail: 'boss@example.com',
      inviterName: 'Ann "The Boss"',
      message: 'Hi,\nthere: \\u0041 € 😀',
      locale: 'de-CH',
      metadata: { a: ['x', 1, null], 'b"c': { d: true } },
    }
    const invites = [to('Zoe@example.com', full), to('ada@example.com', { termMs: null }), newInvite({ maxUses: 5 })]
    const outcomes = await store.createInvites(listOf(invites))
    const ids = outcomes.map((outcome) => 'created' in outcome && outcome.created.id)
    assert.deepEqual(
      ids,
      invites.map(({ id }) => id),
    )
    for (const invite of invites) {
      const { delivery, ...rest } = await recordOf(store, invite)
      assert.deepEqual(rest, { ...invite, codeGeneration: 1, uses: 0, held: 0, revokedAt: null })
      assert.deepEqual([delivery?.id, delivery?.nextAttemptAt], [`mail-${invite.id}`, NOW])
    }
    assert.deepEqual(await store.createInvites(listOf([])), [])
  })

  test('makes none a mail that is to have none', async (store) => {
    const invite = to('ada@example.com')
    await store.createInvites({ ...listOf([]), invites: [{ invite, deliveryId: undefined }] })
    assert.equal((await recordOf(store, invite)).delivery, null)
    assert.equal(await store.nextDeliveryAt(), undefined)
  })

  test('R-36 adds none where one is pending, in the list itself too, and says which', async (store) => {
    const first = [to('ada@example.com'), to('bob@example.com')]
    await store.createInvites(listOf(first))
    const again = [
      to('Ada@Example.com'),
      to('eve@example.com'),
      to('EVE@example.com'),
      to('ada@example.com', { orgId: 'o1' }),
    ]
    const [ada, eve, twice, elsewhere] = await store.createInvites(listOf(again))
    assert.deepEqual(ada, { existing: first[0]?.id })
    ok(eve && 'created' in eve)
    assert.deepEqual(twice, { existing: again[1]?.id })
    ok(elsewhere && 'created' in elsewhere)
    assert.deepEqual(await outcomesOf(store, listOf([to('bob@example.com', { appId: 'other' })], { appId: 'other' })), [
      'created',
    ])
  })

  test('R-36 adds none for whoever has joined, by whatever invite, until that use is given back', async (store) => {
    const bound = await create(store, to('ada@example.com'))
    const { acceptance } = await acceptFor(store, bound, { email: address('ada@example.com') })
    await acceptFor(store, await create(store, newInvite({ orgId: 'o1' })), { email: address('bob@example.com') })
    const people = () => [to('ada@example.com'), to('bob@example.com', { orgId: 'o1' }), to('bob@example.com')]
    const invitees = people().map(({ email, orgId }) => ({ email: email ?? '', orgId }))
    assert.deepEqual(await store.findInvitees({ appId: APP, invitees, now: NOW }), ['joined', 'joined', 'new'])
    assert.deepEqual(await outcomesOf(store, listOf(people())), ['joined', 'joined', 'created'])
    await store.reopenAcceptance({ appId: APP, acceptanceId: acceptance.id, now: NOW })
    assert.deepEqual(await outcomesOf(store, listOf(people())), ['existing', 'joined', 'existing'])
  })

  test('R-30 adds none whose mail is refused, whatever the organization, and asks where one is to be sent', async (store) => {
    await store.refuseMail({ id: 'digest of ada', now: NOW })
    const refusalIds = ['older digest of ada', 'digest of ada']
    const asked = listOf([to('ada@example.com'), to('ada@example.com', { orgId: 'o1' }), to('bob@example.com')])
    const invites = asked.invites.map((each, index) => ({ ...each, refusalIds: index < 2 ? refusalIds : ['of bob'] }))
    const invitee = { email: 'ada@example.com', orgId: null }
    const states = store.findInvitees({ appId: APP, invitees: [{ ...invitee, refusalIds }, invitee], now: NOW })
    assert.deepEqual(await states, ['refusing', 'new'])
    assert.deepEqual(await outcomesOf(store, { ...asked, invites }), ['refusing', 'refusing', 'created'])
    const unmailed = { invite: to('ada@example.com'), deliveryId: undefined }
    const twice = [...invites.slice(0, 1), unmailed]
    assert.deepEqual(await outcomesOf(store, { ...asked, invites: twice }), ['refusing', 'created'])
  })

  test('takes the place of expired ones, with their mails', async (store) => {
    const old = ['ada@example.com', 'bob@example.com'].map((email) => to(email))
    await store.createInvites(listOf(old))
    const now = NOW + TERM
    const later = old.map(({ email }) => to(email ?? '', { createdAt: now }))
    const invitees = [{ email: 'ada@example.com', orgId: null }]
    assert.deepEqual(await store.findInvitees({ appId: APP, invitees, now: now - 1 }), ['invited'])
    assert.deepEqual(await store.findInvitees({ appId: APP, invitees, now }), ['new'])
    assert.deepEqual(await outcomesOf(store, listOf(later, { now })), ['created', 'created'])
    for (const invite of old) {
      const { revokedAt, delivery } = await recordOf(store, invite)
      assert.deepEqual([revokedAt, delivery?.canceledAt], [now, now])
    }
  })

  test('spreads the mails of those that it adds, and their terms with them', async (store) => {
    await create(store, to('ada@example.com'))
    assert.equal(await store.lastDeliveryAt(), undefined)
    const list = ['bob', 'ada', 'eve', 'zoe'].map((name) => to(`${name}@example.com`))
    await store.createInvites(listOf(list, { spread: { from: NOW + 10, everyMs: 33.4 } }))
    const due = [list[0], list[2], list[3]].map(async (invite) => {
      const { delivery, expiresAt } = await recordOf(store, invite as NewInvite)
      return [delivery?.nextAttemptAt, expiresAt]
    })
    const expected = [10, 43, 77].map((ms) => [NOW + ms, NOW + ms + TERM])
    assert.deepEqual(await Promise.all(due), expected)
    assert.equal(await store.lastDeliveryAt(), NOW + 77)
    await store.leaseDeliveries({ now: NOW + 77, leasedUntil: NOW + 1000, limit: 10 })
    assert.equal(await store.lastDeliveryAt(), undefined)
  })

  test('R-38 adds an invite of one id once, also where it was used since', async (store) => {
    const list = listOf([to('ada@example.com'), to('bob@example.com'), to('eve@example.com')])
    await store.createInvites(list)
    const [ada, bob] = list.invites.map(({ invite }) => invite)
    await acceptFor(store, await recordOf(store, ada as NewInvite), { email: address('ada@example.com') })
    await store.revokeInvite({ appId: APP, inviteId: bob?.id ?? '', now: NOW })
    assert.deepEqual(await outcomesOf(store, list), ['created', 'created', 'created'])
    assert.equal((await store.leaseDeliveries({ now: NOW, leasedUntil: NOW + 1, limit: 10 })).length, 1)
  })

  test('adds each address once, also from many lists at once, in any order', async (store) => {
    const emails = Array.from({ length: 60 }, (_none, index) => `user${index}@example.com`)
    await store.createInvites(listOf(emails.slice(0, 20).map((email) => to(email))))
    const now = NOW + TERM // those 20 have expired
    const orders = [emails, emails.toReversed(), [...emails.slice(30), ...emails.slice(0, 30)], emails]
    const lists = orders.map((order) =>
      listOf(
        order.map((email) => to(email, { createdAt: now })),
        { now },
      ),
    )
    const outcomes = (await Promise.all(lists.map((list) => store.createInvites(list)))).flat()
    assert.equal(outcomes.filter((outcome) => 'created' in outcome).length, emails.length)
    assert.equal(outcomes.filter((outcome) => 'existing' in outcome).length, 3 * emails.length)
    const pending = await store.listInvites({ appId: APP, statuses: ['pending'], limit: 1000, now: now + HOLD })
    assert.equal(pending.length, emails.length)
  })

  test('adds all of a list or nothing', async (store) => {
    const taken = await create(store)
    const clash = to('bob@example.com', { codeHash: taken.codeHash })
    await assert.rejects(store.createInvites(listOf([to('ada@example.com'), clash])))
    const invitees = [{ email: 'ada@example.com', orgId: null }]
    assert.deepEqual(await store.findInvitees({ appId: APP, invitees, now: NOW }), ['new'])
  })
}

async function recordOf(store: InviteStore, { appId, id }: NewInvite) {
  const record = await store.findInvite({ appId, inviteId: id })
  ok(record)
  return record
}
