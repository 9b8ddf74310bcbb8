// The contract suite: what every store must pass, ours and yours. It has no options to leave anything out.
import assert from 'node:assert/strict'
import type { AcceptRequest, ClaimRequest, InviteRecord, InviteStore, NewInvite } from '../src/store.js'

/** The two functions that mocha, vitest, jest and `node:test` have in common. */
export interface TestRunner {
  describe(name: string, define: () => void): unknown
  it(name: string, test: () => Promise<void>): unknown
}

const NOW = Date.UTC(2026, 0, 1)
const TERM = 1000
const HOLD = 100
const APP = 'app'

/**
 * Declares the suite.
 * @param open Opens a migrated store on an empty database. Called for each test; the suite closes what it opened.
 * @example storeContract({ describe, it }, async () => { const store = myStore(); await store.migrate(); return store })
 */
export function storeContract({ describe, it }: TestRunner, open: () => Promise<InviteStore>): void {
  const test = (name: string, body: (store: InviteStore) => Promise<void>) =>
    it(name, async () => {
      const store = await open()
      try {
        await body(store)
      } finally {
        await store.close()
      }
    })

  describe('keeps invites', () => {
    test('returns an invite as it was given', async (store) => {
      const invite = newInvite({ email: 'Ada@Example.com', metadata: { plan: ['a', 1, null] }, role: 'nurse' })
      const created = await create(store, invite, 'mail-1')
      const { delivery, ...rest } = created
      assert.deepEqual(rest, { ...invite, codeGeneration: 1, uses: 0, held: 0, revokedAt: null })
      assert.deepEqual(delivery, {
        id: 'mail-1',
        inviteId: invite.id,
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
      assert.equal(await store.findInviteByCode({ appId: 'other', codeHash: invite.codeHash }), undefined)
      assert.equal(await store.revokeInvite({ appId: 'other', inviteId: invite.id, now: NOW }), undefined)
      const reissued = await store.reissueInvite({ appId: 'other', inviteId: invite.id, now: NOW, expiresAt: null })
      assert.equal(reissued, undefined)
      assert.equal((await store.findInviteByCode({ appId: APP, codeHash: invite.codeHash }))?.id, invite.id)
    })

    test('has one pending invite an app, organization and address, also when many are made at once', async (store) => {
      const makings = Array.from({ length: 10 }, () =>
        store.createInvite(newInvite({ email: 'ada@example.com' }), undefined),
      )
      const results = await Promise.all(makings)
      assert.equal(results.filter((result) => 'created' in result).length, 1)
      const ids = new Set(results.map((result) => ('created' in result ? result.created.id : result.existing.id)))
      assert.equal(ids.size, 1)
      await create(store, newInvite({ email: 'ada@example.com', orgId: 'org' }))
      await create(store, newInvite({ email: 'ada@example.com', appId: 'other' }))
      await create(store, newInvite({ email: 'bob@example.com' }))
      await create(store, newInvite())
      await create(store, newInvite())
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
        assert.ok(next)
        paged.push(next.id)
        after = { at: next.createdAt, id: next.id }
      }
      assert.deepEqual(paged, sorted)
      assert.deepEqual(await ids({ emailPrefix: 'user3' }), [made[3]?.id])
      assert.deepEqual(new Set(await ids({ domain: 'odd.example.com' })), new Set([made[1]?.id, made[3]?.id]))
      assert.deepEqual(new Set(await ids({ inviterId: 'inviter1' })), new Set([made[1]?.id, made[3]?.id]))
      assert.deepEqual(await ids({ appId: 'other' }), [])

      const used = made[0]
      assert.ok(used)
      await acceptFor(store, used, { email: address('user0@even.example.com') })
      await store.revokeInvite({ appId: APP, inviteId: made[1]?.id ?? '', now: NOW })
      assert.deepEqual(await ids({ statuses: ['accepted'] }), [used.id])
      assert.deepEqual(await ids({ statuses: ['revoked'] }), [made[1]?.id])
      assert.equal((await ids({ statuses: ['expired'], now: NOW + TERM + 1 })).length, 2) // the last was made 1 ms later
      assert.equal((await ids({ statuses: ['pending', 'expired'], now: NOW + TERM + 1 })).length, 3)
    })

    test('reissues: a new term, a new code, a new mail in place of one that waits', async (store) => {
      const invite = await create(store, newInvite({ email: 'ada@example.com' }), 'mail-1')
      const request = { appId: APP, inviteId: invite.id, now: NOW + TERM, expiresAt: NOW + 2 * TERM }
      const again = await store.reissueInvite({
        ...request,
        code: { hash: 'new', sealed: 'sealed' },
        deliveryId: 'mail-2',
      })
      assert.ok(again && again !== 'over')
      assert.equal(again.expiresAt, NOW + 2 * TERM)
      assert.deepEqual([again.codeHash, again.codeSealed, again.codeGeneration], ['new', 'sealed', 2])
      assert.equal(again.delivery?.id, 'mail-2')
      assert.equal(await store.findInviteByCode({ appId: APP, codeHash: invite.codeHash }), undefined)
      const leased = await store.leaseDeliveries({ now: NOW + TERM, leasedUntil: NOW + 2 * TERM, limit: 10 })
      assert.deepEqual(
        leased.map(({ delivery }) => delivery.id),
        ['mail-2'],
      )
      await store.revokeInvite({ appId: APP, inviteId: invite.id, now: NOW + TERM })
      assert.equal(await store.reissueInvite(request), 'over')
    })
  })

  describe('claims', () => {
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
      assert.ok(results.every((result) => result.admitted))
      assert.equal((await found(store, invite)).held, 20)
    })

    test('answers with the invite, its hold counted', async (store) => {
      const invite = await create(store, newInvite({ email: 'ada@example.com', metadata: { a: 1 } }))
      const result = await store.claim(claimOf(invite, { email: address('ada@example.com') }))
      assert.ok(result.admitted)
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
      assert.ok((await store.claim(claimOf(invite, { now: NOW + TERM - 1 }))).admitted)
      assert.ok(!(await store.claim(claimOf(invite, { now: NOW + TERM }))).admitted)
      const forever = await create(store, newInvite({ termMs: null, expiresAt: null }))
      assert.ok((await store.claim(claimOf(forever, { now: NOW + 1e12 }))).admitted)
    })

    test('judges the domain where the invite has one', async (store) => {
      const invite = await create(store, newInvite({ maxUses: null, emailDomain: 'example.com' }))
      const admits = async (email: ClaimRequest['email'], withoutEmail = false) =>
        (await store.claim(claimOf(invite, { email, withoutEmail }))).admitted
      assert.ok(await admits(address('ada@example.com')))
      assert.ok(!(await admits(address('ada@sub.example.com'))))
      assert.ok(!(await admits(null, true)))
    })

    test('obeys the stored mode, whatever the default', async (store) => {
      const invite = await create(store)
      assert.equal(await store.getMode(APP), undefined)
      await store.setMode(APP, 'closed', NOW)
      assert.equal(await store.getMode(APP), 'closed')
      assert.ok(!(await store.claim(claimOf(invite))).admitted)
      await store.setMode(APP, 'open', NOW)
      assert.ok((await store.claim(claimOf(invite, { defaultMode: 'closed' }))).admitted)
      assert.equal(await store.getMode('other'), undefined)
    })

    test('takes a use back from a hold that lapsed, and not a moment earlier', async (store) => {
      const invite = await create(store)
      assert.ok((await store.claim(claimOf(invite))).admitted)
      assert.ok(!(await store.claim(claimOf(invite, { now: NOW + HOLD - 1 }))).admitted)
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
      assert.ok(!refused.admitted)
      assert.equal((await found(store, invite)).held, 0)
    })

    test('releases a hold once', async (store) => {
      const invite = await create(store)
      const claim = claimOf(invite)
      await store.claim(claim)
      const key = { claimId: claim.claimId, inviteId: invite.id }
      await Promise.all([store.release(key), store.release(key), store.release(key)])
      assert.equal((await found(store, invite)).held, 0)
      assert.ok((await store.claim(claimOf(invite))).admitted)
      await store.release(key)
      assert.equal((await found(store, invite)).held, 1)
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
  })

  describe('accepts', () => {
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
        },
      )
      const after = await found(store, invite)
      assert.deepEqual([after.uses, after.held], [1, 0])
      assert.deepEqual(await store.listAcceptances({ appId: APP, limit: 10 }), [acceptance])
      assert.deepEqual(await store.listAcceptances({ appId: 'other', limit: 10 }), [])
    })

    test('R-05 the same claim or the same user again changes nothing', async (store) => {
      const invite = await create(store, newInvite({ maxUses: 3 }))
      const first = claimOf(invite)
      await store.claim(first)
      const once = await store.accept(acceptOf(first, invite, { userId: 'u1' }))
      const again = await store.accept(acceptOf(first, invite, { userId: 'u1' }))
      assert.ok(once.accepted && again.accepted)
      assert.deepEqual([once.fresh, again.fresh], [true, false])
      assert.deepEqual(again.acceptance, once.acceptance)
      const second = claimOf(invite)
      await store.claim(second)
      const sameUser = await store.accept(acceptOf(second, invite, { userId: 'u1' }))
      assert.ok(sameUser.accepted && !sameUser.fresh)
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
        assert.ok((await store.claim(claim)).admitted)
        if (meanwhile === 'revoke') await store.revokeInvite({ appId: meanwhile, inviteId: invite.id, now })
        if (meanwhile === 'close') await store.setMode(meanwhile, 'closed', now)
        const result = await store.accept(acceptOf(claim, invite, { now: now + HOLD - 1 }))
        assert.ok(result.accepted, meanwhile)
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
        closed: { accepted: false, before: (_invite: InviteRecord, now: number) => store.setMode(APP, 'closed', now) },
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
      await store.setMode(APP, 'invite-only', NOW)
      const invite = await create(store)
      const claim = claimOf(invite)
      await store.claim(claim)
      assert.ok(!(await store.accept(acceptOf(claim, invite, { now: NOW + TERM }))).accepted, 'expired')
    })

    test('cancels waiting mail once no use is left, and revokes the address’s other invites', async (store) => {
      const bound = await create(store, newInvite({ email: 'ada@example.com' }), 'bound-mail')
      const elsewhere = await create(store, newInvite({ email: 'ada@example.com', orgId: 'org' }))
      const shared = await create(store, newInvite({ maxUses: 2 }))
      await acceptFor(store, shared, { email: address('ada@example.com') })
      const closed = await found(store, bound)
      assert.equal(closed.revokedAt, NOW)
      assert.equal(closed.delivery?.canceledAt, NOW)
      assert.equal((await found(store, elsewhere)).revokedAt, null)
      assert.equal((await found(store, shared)).revokedAt, null)
      const single = await create(store, newInvite({ email: 'bob@example.com' }), 'bob-mail')
      await acceptFor(store, single, { email: address('bob@example.com') })
      assert.equal((await found(store, single)).delivery?.canceledAt, NOW)
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
        assert.ok(record.held >= live.length && record.held + uses <= 4, `step ${step}`)
      }
    })
  })

  describe('keeps the outbox', () => {
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
      assert.equal(first?.invite.id, first?.delivery.inviteId)
      assert.equal(await store.nextDeliveryAt(), NOW + 5)
    })

    test('records what became of a try, and leases again what is due again', async (store) => {
      const invite = await create(store, newInvite({ email: 'ada@example.com' }), 'mail')
      const take = async (now: number) =>
        (await store.leaseDeliveries({ now, leasedUntil: now + 10, limit: 1 }))[0]?.delivery
      const first = await take(NOW)
      assert.ok(first)
      await store.finishDelivery(first, { retryAt: NOW + 50, error: 'no answer' })
      const waiting = (await found(store, invite)).delivery
      assert.deepEqual(
        [waiting?.lastError, waiting?.leasedUntil, waiting?.nextAttemptAt],
        ['no answer', null, NOW + 50],
      )
      assert.equal(await take(NOW + 49), undefined)
      const second = await take(NOW + 50)
      assert.equal(second?.attempts, 2)
      const third = await take(NOW + 60) // the lease of the second ran out
      assert.ok(second && third)
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
      assert.ok(leased)
      await store.finishDelivery(leased.delivery, { failedAt: NOW + 1, error: 'no such user' })
      assert.deepEqual(await store.leaseDeliveries({ now: NOW + 100, leasedUntil: NOW + 200, limit: 10 }), [])
      assert.equal(await store.nextDeliveryAt(), undefined)
    })
  })

  describe('lasts', () => {
    test('migrates any number of times, at once too, and keeps what is there', async (store) => {
      const invite = await create(store)
      await Promise.all([store.migrate(), store.migrate(), store.migrate()])
      assert.equal((await found(store, invite)).id, invite.id)
    })

    it('rejects everything once it is closed, and closes twice', async () => {
      const store = await open()
      const invite = await create(store)
      await store.close()
      await store.close()
      await assert.rejects(store.claim(claimOf(invite)))
      await assert.rejects(store.getMode(APP))
    })
  })
}

let counter = 0

function newInvite(changes: Partial<NewInvite> = {}): NewInvite {
  const number = ++counter
  const { email = null, createdAt = NOW, termMs = TERM } = changes
  return {
    id: `invite-${String(number).padStart(6, '0')}`,
    appId: APP,
    email,
    emailCanonical: email?.toLowerCase() ?? null,
    emailDomain: null,
    codeHash: `hash-${number}`,
    codeSealed: `sealed-${number}`,
    role: null,
    orgId: null,
    inviterId: null,
    inviterEmail: null,
    inviterName: null,
    message: null,
    locale: null,
    metadata: null,
    maxUses: 1,
    createdAt,
    termMs,
    expiresAt: termMs === null ? null : createdAt + termMs,
    ...changes,
  }
}

async function create(store: InviteStore, invite = newInvite(), deliveryId?: string): Promise<InviteRecord> {
  const result = await store.createInvite(invite, deliveryId)
  assert.ok('created' in result, 'the address has a pending invite already')
  return result.created
}

async function found(store: InviteStore, invite: InviteRecord): Promise<InviteRecord> {
  const record = await store.findInvite({ appId: invite.appId, inviteId: invite.id })
  assert.ok(record)
  return record
}

function claimOf(invite: InviteRecord, changes: Partial<ClaimRequest> = {}): ClaimRequest {
  return {
    claimId: `claim-${++counter}`,
    appId: invite.appId,
    codeHash: invite.codeHash,
    email: null,
    withoutEmail: false,
    now: NOW,
    lapsesAt: NOW + HOLD,
    defaultMode: 'invite-only',
    ...changes,
  }
}

function acceptOf(claim: ClaimRequest, invite: InviteRecord, changes: Partial<AcceptRequest> = {}): AcceptRequest {
  return {
    claimId: claim.claimId,
    inviteId: invite.id,
    appId: claim.appId,
    acceptanceId: `acceptance-${++counter}`,
    userId: null,
    email: claim.email?.canonical ?? null,
    now: claim.now,
    defaultMode: 'invite-only',
    ...changes,
  }
}

async function acceptFor(
  store: InviteStore,
  invite: InviteRecord,
  claimed: Partial<ClaimRequest> = {},
  accepted: Partial<AcceptRequest> = {},
) {
  const claim = claimOf(invite, claimed)
  assert.ok((await store.claim(claim)).admitted)
  const result = await store.accept(acceptOf(claim, invite, accepted))
  assert.ok(result.accepted)
  return result
}

function address(canonical: string): { canonical: string; domain: string } {
  return { canonical, domain: canonical.slice(canonical.lastIndexOf('@') + 1) }
}

// Mulberry32: a small generator, so that a failing sequence is the same each time.
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
