// Accepting, and giving back what was accepted.
import assert from 'node:assert/strict'
import type { ClaimRequest, InviteRecord } from '../../src/store.js'
import {
  APP,
  acceptFor,
  acceptOf,
  address,
  claimOf,
  close,
  create,
  found,
  generator,
  HOLD,
  NOW,
  newInvite,
  ok,
  TERM,
  type Test,
} from './fixtures.js'

export function testAccepts(test: Test): void {
  test('turns a hold into a use and records who came', async (store) => {
    const invite = await create(store, newInvite({ role: 'nurse', orgId: 'org', inviterId: 'i', inviterName: 'Ida' }))
    const { acceptance } = await acceptFor(store, invite, { email: address('ada@example.com') }, { userId: 'u1' })
    assert.deepEqual(
      { ...acceptance, id: 0, claimId: 0 },
      {
        id: 0,
        claimId: 0,
        inviteId: invite.id,
        appId: APP,
        userId: 'u1',
        email: 'ada@example.com',
        role: 'nurse',
        orgId: 'org',
        inviterId: 'i',
        inviterEmail: null,
        inviterName: 'Ida',
        acceptedAt: NOW,
        reopenedAt: null,
        approval: null,
        decidedAt: null,
      },
    )
    const after = await found(store, invite)
    assert.deepEqual([after.uses, after.held], [1, 0])
    assert.deepEqual(await store.listAcceptances({ appId: APP, limit: 10 }), [acceptance])
    assert.deepEqual(await store.listAcceptances({ appId: 'other', limit: 10 }), [])
  })

  test('records that approval is asked for, and what was decided, until it is decided otherwise', async (store) => {
    const invite = await create(store, newInvite({ maxUses: 3, role: 'nurse' }))
    const join = async (userId: string, pendingApproval?: boolean) =>
      (await acceptFor(store, invite, {}, { userId, pendingApproval })).acceptance
    const [ada, bob, cy] = [await join('ada', true), await join('bob', true), await join('cy')]
    assert.deepEqual([ada.approval, bob.approval, cy.approval, ada.decidedAt], ['pending', 'pending', null, null])
    const listed = async (approval: 'pending' | 'approved' | 'declined') =>
      (await store.listAcceptances({ appId: APP, approval, limit: 10 })).map(({ userId }) => userId)
    assert.deepEqual((await listed('pending')).toSorted(), ['ada', 'bob'])
    assert.deepEqual(await store.listAcceptances({ appId: APP, userId: 'bob', limit: 10 }), [bob])

    let notes = 0
    const decide = (acceptanceId: string, approval: 'approved' | 'declined', now = NOW) => {
      const action = approval === 'approved' ? 'acceptance.approve' : 'acceptance.decline'
      const note = { id: `note-${++notes}`, action, actor: { kind: 'code', id: null }, details: null } as const
      return store.decideAcceptance({ appId: APP, acceptanceId, approval, now, note })
    }
    const approved = { ...ada, approval: 'approved', decidedAt: NOW }
    assert.deepEqual(await decide(ada.id, 'approved'), { acceptance: approved, changed: true })
    assert.deepEqual(await decide(ada.id, 'approved', NOW + 1), { acceptance: approved, changed: false })
    const declined = { ...ada, approval: 'declined', decidedAt: NOW + 2 }
    assert.deepEqual(await decide(ada.id, 'declined', NOW + 2), { acceptance: declined, changed: true })
    assert.deepEqual(
      [await listed('pending'), await listed('approved'), await listed('declined')],
      [['bob'], [], ['ada']],
    )
    const logged = (await store.listLog({ appId: APP, limit: 10 })).filter(({ id }) => id.startsWith('note-'))
    assert.deepEqual(
      logged.map(({ action, acceptanceId, inviteId }) => [action, acceptanceId, inviteId]),
      ['acceptance.decline', 'acceptance.approve'].map((action) => [action, ada.id, invite.id]),
    )
    assert.deepEqual((await found(store, invite)).uses, 3)
  })

  test('decides on no acceptance that asked for no approval, was given back, is unknown or another app’s', async (store) => {
    const invite = await create(store, newInvite({ maxUses: 3 }))
    const { acceptance: plain } = await acceptFor(store, invite, {}, { userId: 'ada' })
    const { acceptance: asking } = await acceptFor(store, invite, {}, { userId: 'bob', pendingApproval: true })
    const decide = (acceptanceId: string, appId = APP) =>
      store.decideAcceptance({ appId, acceptanceId, approval: 'approved', now: NOW })
    for (const undecided of [await decide(plain.id), await decide('none'), await decide(asking.id, 'other')])
      assert.equal(undecided, undefined)
    await store.reopenAcceptance({ appId: APP, acceptanceId: asking.id, now: NOW })
    assert.equal(await decide(asking.id), undefined)
    const [left] = await store.listAcceptances({ appId: APP, approval: 'pending', limit: 10 })
    assert.deepEqual(left, { ...asking, reopenedAt: NOW })
  })

  test('R-05 the same claim or the same user again changes nothing', async (store) => {
    const invite = await create(store, newInvite({ maxUses: 3 }))
    const first = claimOf(invite)
    await store.claim(first)
    const once = await store.accept(acceptOf(first, invite, { userId: 'u1' }))
    const again = await store.accept(acceptOf(first, invite, { userId: 'u1' }))
    ok(once.accepted && again.accepted)
    assert.deepEqual([once.fresh, again.fresh], [true, false])
    assert.deepEqual(again.acceptance, once.acceptance)
    const second = claimOf(invite)
    await store.claim(second)
    const sameUser = await store.accept(acceptOf(second, invite, { userId: 'u1' }))
    ok(sameUser.accepted && !sameUser.fresh)
    const after = await found(store, invite)
    assert.deepEqual([after.uses, after.held], [1, 0])
    await store.release({ claimId: first.claimId, inviteId: invite.id })
    assert.equal((await found(store, invite)).uses, 1)
  })

  test('counts users without an id apart', async (store) => {
    const invite = await create(store, newInvite({ maxUses: 3 }))
    await acceptFor(store, invite)
    await acceptFor(store, invite)
    assert.equal((await found(store, invite)).uses, 2)
  })

  test('keeps its word to a hold: a revoke, an expiry or a closed app since does not undo it', async (store) => {
    for (const meanwhile of ['revoke', 'expire', 'close'] as const) {
      const invite = await create(store, newInvite({ appId: meanwhile }))
      const now = NOW + TERM - 1
      const claim = claimOf(invite, { appId: meanwhile, now, lapsesAt: now + HOLD })
      ok((await store.claim(claim)).admitted)
      if (meanwhile === 'revoke') await store.revokeInvite({ appId: meanwhile, inviteId: invite.id, now })
      if (meanwhile === 'close') await close(store, now, meanwhile)
      const result = await store.accept(acceptOf(claim, invite, { now: now + HOLD - 1 }))
      ok(result.accepted, meanwhile)
    }
  })

  test('after the hold has lapsed, only if a claim would still be admitted', async (store) => {
    const cases = {
      free: { accepted: true, before: async () => undefined },
      taken: {
        accepted: false,
        before: (invite: InviteRecord, now: number) => store.claim(claimOf(invite, { now, lapsesAt: now + HOLD })),
      },
      given: {
        accepted: true,
        async before(invite: InviteRecord, now: number) {
          const other = claimOf(invite, { now, lapsesAt: now + HOLD })
          await store.claim(other)
          await store.release({ claimId: other.claimId, inviteId: invite.id })
        },
      },
      revoked: {
        accepted: false,
        before: (invite: InviteRecord, now: number) => store.revokeInvite({ appId: APP, inviteId: invite.id, now }),
      },
      closed: { accepted: false, before: (_invite: InviteRecord, now: number) => close(store, now) },
    }
    for (const [name, { accepted, before }] of Object.entries(cases)) {
      const invite = await create(store)
      const claim = claimOf(invite)
      await store.claim(claim)
      const now = NOW + HOLD
      await before(invite, now)
      const result = await store.accept(acceptOf(claim, invite, { now }))
      assert.equal(result.accepted, accepted, name)
      const { uses, held } = await found(store, invite)
      assert.deepEqual([uses, held], accepted ? [1, 0] : [0, name === 'taken' ? 1 : 0], name)
    }
    await store.changeSettings({ appId: APP, change: { mode: 'invite-only' }, now: NOW })
    const invite = await create(store)
    const claim = claimOf(invite)
    await store.claim(claim)
    ok(!(await store.accept(acceptOf(claim, invite, { now: NOW + TERM }))).accepted, 'expired')
  })

  test('cancels waiting mail once no use is left', async (store) => {
    const invite = await create(store, newInvite({ email: 'ada@example.com' }), 'mail')
    await acceptFor(store, invite, { email: address('ada@example.com') })
    assert.equal((await found(store, invite)).delivery?.canceledAt, NOW)
  })

  test('leaves the invite of an address alone where a shareable one is used with it: nobody has shown it is theirs', async (store) => {
    const bound = await create(store, newInvite({ email: 'ada@example.com' }), 'mail')
    const shared = await create(store, newInvite({ maxUses: 2 }))
    await acceptFor(store, shared, { email: address('ada@example.com') })
    assert.equal((await found(store, bound)).revokedAt, null)
  })

  test('takes a claim for no other invite and no other app than its own', async (store) => {
    const [own, other] = [await create(store), await create(store)]
    const claim = claimOf(own)
    await store.claim(claim)
    const rival = claimOf(other)
    await store.claim(rival)
    ok(!(await store.accept(acceptOf(claim, other))).accepted)
    ok(!(await store.accept({ ...acceptOf(claim, own), appId: 'elsewhere' })).accepted)
    ok((await store.accept(acceptOf(claim, own, { userId: 'u1' }))).accepted, 'which has taken nothing from it')
    ok(!(await store.accept({ ...acceptOf(claim, own, { userId: 'u1' }), appId: 'elsewhere' })).accepted)
    assert.deepEqual([(await found(store, own)).held, (await found(store, own)).uses], [0, 1])
    await store.release({ claimId: rival.claimId, inviteId: own.id })
    assert.deepEqual([(await found(store, other)).held, (await found(store, other)).uses], [1, 0])
    ok((await store.accept(acceptOf(rival, other))).accepted)
  })

  test('gives a use back when it is reopened, once', async (store) => {
    const invite = await create(store, newInvite({ email: 'ada@example.com' }))
    const email = address('ada@example.com')
    const { acceptance } = await acceptFor(store, invite, { email }, { userId: 'u1' })
    const reopen = { appId: APP, acceptanceId: acceptance.id, now: NOW + 5 }
    assert.equal(await store.reopenAcceptance({ ...reopen, appId: 'other' }), undefined)
    assert.deepEqual(await store.reopenAcceptance(reopen), { ...acceptance, reopenedAt: NOW + 5 })
    assert.deepEqual(await store.reopenAcceptance({ ...reopen, now: NOW + 6 }), {
      ...acceptance,
      reopenedAt: NOW + 5,
    })
    assert.equal((await found(store, invite)).uses, 0)
    const { acceptance: second } = await acceptFor(store, invite, { email }, { userId: 'u1' })
    await create(store, newInvite({ email: 'ada@example.com' }))
    assert.equal(await store.reopenAcceptance({ ...reopen, acceptanceId: second.id }), 'exists')
    assert.equal((await found(store, invite)).uses, 1)
  })

  test('R-02 held is the number of holds after any sequence', async (store) => {
    const invite = await create(store, newInvite({ maxUses: 4 }))
    const random = generator(7)
    let live: ClaimRequest[] = []
    let uses = 0
    for (let step = 0, now = NOW; step < 300; step++, now += Math.floor(random() * 20)) {
      live = live.filter((claim) => claim.lapsesAt > now)
      const pick = live[Math.floor(random() * live.length)]
      const roll = random()
      if (roll < 0.6 || pick === undefined) {
        const claim = claimOf(invite, { now, lapsesAt: now + HOLD })
        const { admitted } = await store.claim({ ...claim, now: Math.min(now, NOW + TERM - 1) })
        const expected = live.length + uses < 4
        if (admitted) live.push(claim)
        if (now < NOW + TERM) assert.equal(admitted, expected, `step ${step}`)
      } else {
        live = live.filter((claim) => claim !== pick)
        const key = { claimId: pick.claimId, inviteId: invite.id }
        if (roll < 0.95) await store.release(key)
        else if ((await store.accept(acceptOf(pick, invite, { now }))).accepted) uses++
      }
      if (now >= NOW + TERM) break
      const record = await found(store, invite)
      assert.equal(record.uses, uses)
      ok(record.held >= live.length && record.held + uses <= 4, `step ${step}`)
    }
  })
}
