// Links: codes that are another's, uses once per person, limits on mails, refusals of mail.
import assert from 'node:assert/strict'
import type { InviteRecord, InviteStore, MailCount, NewInvite } from '../../src/store.js'
import {
  APP,
  acceptFor,
  acceptOf,
  address,
  changed,
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

const ADA = address('ada@example.com')
const BOB = address('bob@example.com')

export function testLinks(test: Test): void {
  testCodes(test)
  testOncePerPerson(test)
  testMailCounts(test)

  test('R-30 keeps who wants no mail, until that is taken back', async (store) => {
    const refuses = (...ids: string[]) => store.refusesMail({ ids })
    assert.equal(await refuses('ada'), false)
    await Promise.all([1, 2, 3].map(() => store.refuseMail({ id: 'ada', now: NOW })))
    assert.deepEqual(await Promise.all([refuses('ada'), refuses('old', 'ada'), refuses('bob')]), [true, true, false])
    await store.allowMail({ ids: ['old', 'ada'], now: NOW })
    await store.allowMail({ ids: ['ada'], now: NOW })
    assert.equal(await refuses('ada'), false)
  })
}

function testCodes(test: Test): void {
  test('makes nothing with a code that another invite has or had, whatever its app', async (store) => {
    const invite = await create(store, newInvite({ codeHash: 'human' }))
    const again = (changes: Partial<NewInvite> = {}) =>
      store.createInvite(newInvite({ codeHash: 'human', ...changes }), 'mail')
    const taken = { codeTaken: true }
    assert.deepEqual(await again(), taken)
    assert.deepEqual(await again({ appId: 'other', email: ADA.canonical }), taken)
    await store.revokeInvite({ appId: APP, inviteId: invite.id, now: NOW })
    assert.deepEqual(await again(), taken)
    const quota = { appId: APP, inviterId: 'ann', defaultQuota: { start: 1, refill: null, giveBack: false } }
    assert.deepEqual(
      await store.createInvite(newInvite({ codeHash: 'human', inviterId: 'ann' }), undefined, { charge: quota }),
      taken,
    )
    assert.equal((await store.getQuota({ ...quota, now: NOW })).left, 1)
    assert.equal(await store.nextDeliveryAt(), undefined)
    const results = await Promise.all(
      [1, 2, 3, 4].map(() => store.createInvite(newInvite({ codeHash: 'raced' }), undefined)),
    )
    assert.equal(results.filter((result) => 'created' in result).length, 1)
  })
}

function testOncePerPerson(test: Test): void {
  const link = (store: InviteStore, changes: Partial<NewInvite> = {}) =>
    create(store, newInvite({ maxUses: 50, oncePerPerson: true, ...changes }))
  const reason = async (store: InviteStore, invite: InviteRecord, changes: Parameters<typeof claimOf>[1]) => {
    const result = await store.claim(claimOf(invite, changes))
    return result.admitted ? 'admitted' : result.reason
  }

  test('admits each address to a link once, of any number of claims at once', async (store) => {
    const invite = await link(store)
    assert.equal((await found(store, invite)).oncePerPerson, true)
    const claims = Array.from({ length: 12 }, (_, n) => claimOf(invite, { email: n % 2 === 0 ? ADA : BOB }))
    const results = await Promise.all(claims.map((claim) => store.claim(claim)))
    const reasons = results.map((result) => (result.admitted ? 'admitted' : result.reason)).sort()
    assert.deepEqual(reasons, [...Array(2).fill('admitted'), ...Array(10).fill('claimed')])
    for (const [index, result] of results.entries()) {
      const claim = claims[index]
      if (result.admitted && claim) ok((await store.accept(acceptOf(claim, invite))).accepted)
    }
    assert.equal(await reason(store, invite, { email: ADA }), 'used')
    assert.equal(await reason(store, invite, { email: address('eve@example.com') }), 'admitted')
    const { uses, held } = await found(store, invite)
    assert.deepEqual([uses, held], [2, 1])
  })

  test('admits to such a link nobody without an address, and to any other link as before', async (store) => {
    const invite = await link(store)
    for (const withoutEmail of [true, false]) {
      assert.equal(await reason(store, invite, { withoutEmail }), 'email_mismatch')
    }
    const plain = await link(store, { oncePerPerson: false })
    await acceptFor(store, plain, { email: ADA })
    await acceptFor(store, plain, { email: ADA })
    assert.equal((await found(store, plain)).uses, 2)
  })

  test('lets an address in again that gave its hold or its use back', async (store) => {
    const invite = await link(store)
    const claim = claimOf(invite, { email: ADA })
    ok((await store.claim(claim)).admitted)
    assert.equal(await reason(store, invite, { email: ADA }), 'claimed')
    await store.release({ claimId: claim.claimId, inviteId: invite.id })
    const { acceptance } = await acceptFor(store, invite, { email: ADA })
    assert.equal(await reason(store, invite, { email: ADA }), 'used')
    await store.reopenAcceptance({ appId: APP, acceptanceId: acceptance.id, now: NOW })
    assert.equal(await reason(store, invite, { email: ADA }), 'admitted')
  })

  test('accepts a lapsed hold only where its address has not used the link meanwhile', async (store) => {
    const invite = await link(store)
    const slow = claimOf(invite, { email: ADA })
    const slower = claimOf(invite, { email: BOB })
    ok((await store.claim(slow)).admitted)
    ok((await store.claim(slower)).admitted)
    const later = NOW + HOLD
    const again = claimOf(invite, { email: ADA, now: later, lapsesAt: later + HOLD })
    ok((await store.claim(again)).admitted)
    assert.equal((await store.accept(acceptOf(slow, invite, { now: later }))).accepted, false)
    ok((await store.accept(acceptOf(again, invite, { now: later }))).accepted)
    assert.equal((await store.accept(acceptOf(slow, invite, { now: later }))).accepted, false)
    ok((await store.accept(acceptOf(slower, invite, { now: later }))).accepted)
    const { uses, held } = await found(store, invite)
    assert.deepEqual([uses, held], [2, 0])
  })
}

function testMailCounts(test: Test): void {
  const counts = (limit: number, ...ids: string[]): MailCount[] => ids.map((id) => ({ id, limit, windowMs: 100 }))
  let number = 0
  const mail = (store: InviteStore, mails: readonly MailCount[], now = NOW) =>
    store.createInvite(newInvite({ email: `u${++number}@example.com`, createdAt: now }), `mail-${number}`, { mails })

  test('R-30 mails no more than each limit has, however many are sent at once', async (store) => {
    const results = await Promise.all(
      Array.from({ length: 20 }, (_, n) =>
        mail(store, [...counts(5, 'app'), ...counts(3, n % 2 === 0 ? 'ann' : 'bob')]),
      ),
    )
    const refused = results.flatMap((result) => ('limited' in result ? [result.limited] : []))
    assert.equal(results.filter((result) => 'created' in result).length, 5)
    assert.equal(refused.length, 15)
    ok(refused.every(({ id, until }) => ['app', 'ann', 'bob'].includes(id) && until === NOW + 100))
    ok('created' in (await mail(store, counts(5, 'other'))))
  })

  test('R-30 counts anew once the time of a limit is over, which began with its first mail', async (store) => {
    ok('created' in (await mail(store, counts(2, 'app'), NOW)))
    ok('created' in (await mail(store, counts(2, 'app'), NOW + 60)))
    assert.deepEqual(await mail(store, counts(2, 'app'), NOW + 99), { limited: { id: 'app', until: NOW + 100 } })
    ok('created' in (await mail(store, counts(2, 'app'), NOW + 100)))
    ok('created' in (await mail(store, counts(2, 'app'), NOW + 150)))
    assert.deepEqual(await mail(store, counts(2, 'app'), NOW + 199), { limited: { id: 'app', until: NOW + 200 } })
    const prune = (before: number) => store.prune({ what: 'mailCounts', before, now: NOW + TERM, limit: 9 })
    assert.equal((await prune(NOW + 199)).removed, 0)
    assert.equal((await prune(NOW + 200)).removed, 1)
  })

  test('R-29 counts nothing for what is not made or not mailed, nor the same again', async (store) => {
    const invite = newInvite({ email: ADA.canonical })
    const make = (deliveryId?: string, given = invite) =>
      store.createInvite(given, deliveryId, { mails: counts(2, 'app') })
    await Promise.all([1, 2, 3].map(() => make('mail')))
    ok('existing' in (await make('other', newInvite({ email: ADA.canonical }))))
    ok('created' in (await make(undefined, newInvite())))
    ok('created' in (await make('second', newInvite({ email: BOB.canonical }))))
    ok('limited' in (await make('third', newInvite({ email: 'eve@example.com' }))))
    ok('created' in (await make('mail')))
    ok('created' in (await make(undefined, newInvite({ email: 'eve@example.com' }))))
  })

  test('R-29 counts a mail that is sent again, and changes nothing where that is one too many', async (store) => {
    const invite = await create(store, newInvite({ email: ADA.canonical }), 'mail')
    const again = (deliveryId: string | undefined, limit = 1) =>
      store.changeInvite({
        appId: APP,
        inviteId: invite.id,
        now: NOW + 1,
        expiresAt: NOW + 2 * TERM,
        deliveryId,
        mails: counts(limit, 'ada'),
      })
    assert.equal(changed(await again('again')).delivery?.id, 'again')
    changed(await again('again'))
    changed(await again(undefined))
    assert.deepEqual(await again('more'), { limited: { id: 'ada', until: NOW + 101 } })
    assert.equal((await found(store, invite)).delivery?.id, 'again')
    await store.revokeInvite({ appId: APP, inviteId: invite.id, now: NOW })
    assert.equal(await again('more', 9), 'over')
    assert.equal(await again('more'), 'over')
  })
}
