// The waiting list: who asked for access, who confirmed it, and what was decided.
import assert from 'node:assert/strict'
import type { AccessRequestDecision, InviteStore, NewAccessRequest } from '../../src/store.js'
import { APP, acceptFor, create, found, NOW, newInvite, ok, type Test } from './fixtures.js'

const DAY = 24 * 60 * 60 * 1000
const QUIET = 60

let counter = 0

function requestOf(name: string, changes: Partial<NewAccessRequest> = {}): NewAccessRequest {
  const email = `${name}@example.com`
  const id = `request-${String(++counter).padStart(6, '0')}`
  const told = { answers: { company: 'Acme' }, locale: null }
  return { id, appId: APP, email, emailCanonical: email.toLowerCase(), ...told, createdAt: NOW, ...changes }
}

export function testAccessRequests(test: Test): void {
  const ask = (store: InviteStore, request: NewAccessRequest, deliveryId = `mail-${++counter}`) =>
    store.askForAccess(request, { deliveryId, quietSince: request.createdAt - QUIET })
  const find = (store: InviteStore, name: string, appId = APP) =>
    store.findAccessRequest({ appId, emailCanonical: `${name}@example.com` })
  const lease = (store: InviteStore, now = NOW) => store.leaseDeliveries({ now, leasedUntil: now + 1, limit: 9 })

  /** A request that was confirmed. */
  async function waiting(store: InviteStore, name: string, now = NOW, changes: Partial<NewAccessRequest> = {}) {
    const request = requestOf(name, changes)
    await ask(store, request)
    const { id: requestId, createdAt: askedAt } = request
    const record = await store.verifyAccessRequest({ appId: APP, requestId, askedAt, now })
    assert.equal(record?.verifiedAt, now)
    return record
  }

  const decision = ({ id: requestId }: { readonly id: string }, now = NOW): AccessRequestDecision => ({
    appId: APP,
    requestId,
    decidedBy: 'boss',
    now,
  })
  async function approve(store: InviteStore, ...request: Parameters<InviteStore['approveAccessRequest']>) {
    const result = await store.approveAccessRequest(...request)
    ok(result === undefined || (result !== 'paused' && 'request' in result))
    return result
  }

  const inviteFor = (email: string) => newInvite({ email })
  const names = async (store: InviteStore, state: 'waiting' | 'approved' | 'declined', by = 'position' as const) =>
    (await store.listAccessRequests({ appId: APP, state, by, limit: 9 })).map(({ email }) => email.split('@')[0])

  test('keeps a request, with its mail', async (store) => {
    const request = requestOf('Ada', { locale: 'de' })
    await ask(store, request, 'mail')
    const nobody = { verifiedAt: null, decision: null, decidedAt: null, decidedBy: null, inviteId: null }
    const record = { ...request, askedAt: NOW, ...nobody }
    assert.deepEqual(await find(store, 'ada'), record)
    assert.deepEqual(await store.findAccessRequest({ appId: APP, requestId: request.id }), record)
    assert.equal(await store.findAccessRequest({ appId: 'other', requestId: request.id }), undefined)
    assert.equal(await find(store, 'ada', 'other'), undefined)
    assert.equal(await store.nextDeliveryAt(), NOW)
    const [leased] = await lease(store)
    assert.deepEqual(leased?.request, record)
    assert.deepEqual([leased?.delivery.requestId, leased?.delivery.inviteId], [request.id, null])
    assert.deepEqual(await names(store, 'waiting'), [])
  })

  test('R-34 mails invites and requests from one outbox, each once', async (store) => {
    const invite = await create(store, newInvite({ email: 'bob@example.com' }), 'invite mail')
    await ask(store, requestOf('ada'), 'request mail')
    const leased = (await Promise.all([lease(store), lease(store)])).flat()
    assert.deepEqual(leased.map(({ delivery }) => delivery.id).sort(), ['invite mail', 'request mail'])
    const mail = leased.find(({ request }) => request !== undefined)
    ok(mail)
    await store.finishDelivery(mail.delivery, { sentAt: NOW })
    assert.equal((await found(store, invite)).delivery?.sentAt, null)
    const again = await lease(store, NOW + 1)
    assert.deepEqual([again.map(({ delivery }) => delivery.id), again[0]?.invite?.id], [['invite mail'], invite.id])
  })

  test('mails an address again after a while, with what was answered last', async (store) => {
    const first = requestOf('ada')
    await ask(store, first, 'first')
    await ask(store, requestOf('ADA', { createdAt: NOW + QUIET - 1, answers: {} }), 'too soon')
    assert.equal((await find(store, 'ada'))?.answers.company, 'Acme')
    await ask(store, requestOf('ADA', { createdAt: NOW + QUIET, answers: { company: 'Other' } }), 'second')
    const record = await find(store, 'ada')
    assert.deepEqual([record?.id, record?.email, record?.answers], [first.id, 'ADA@example.com', { company: 'Other' }])
    assert.deepEqual([record?.createdAt, record?.askedAt], [NOW, NOW + QUIET])
    const mails = await lease(store, NOW + QUIET)
    assert.deepEqual(
      mails.map(({ delivery }) => delivery.id),
      ['second'],
    )
  })

  test('makes one request of any number at once', async (store) => {
    await Promise.all(Array.from({ length: 20 }, () => ask(store, requestOf('ada'))))
    assert.equal((await lease(store)).length, 1)
    assert.equal((await lease(store, NOW + 1)).length, 1)
  })

  test('is confirmed once, as it stood when it was mailed, and keeps its answers from then on', async (store) => {
    const { id: requestId } = await waiting(store, 'ada', NOW + 1)
    const key = { appId: APP, requestId, askedAt: NOW }
    assert.equal((await store.verifyAccessRequest({ ...key, now: NOW + 2 }))?.verifiedAt, NOW + 1)
    assert.equal(await store.verifyAccessRequest({ ...key, appId: 'other', now: NOW }), undefined)
    await ask(store, requestOf('ada', { createdAt: NOW + QUIET, answers: {}, locale: 'de' }))
    const record = await find(store, 'ada')
    assert.deepEqual([record?.answers, record?.locale, record?.askedAt], [{ company: 'Acme' }, null, NOW + QUIET])

    const other = requestOf('bob')
    await ask(store, other)
    await ask(store, requestOf('bob', { createdAt: NOW + QUIET }))
    const stale = { appId: APP, requestId: other.id, askedAt: NOW, now: NOW + QUIET }
    assert.equal((await store.verifyAccessRequest(stale))?.verifiedAt, null)
  })

  test('lists those that wait in order, page by page, and counts who is before', async (store) => {
    const [late, early, same] = [
      await waiting(store, 'late', NOW + 9, { createdAt: NOW - 5 }),
      await waiting(store, 'early', NOW + 1, { createdAt: NOW }),
      await waiting(store, 'same', NOW + 1, { createdAt: NOW + 1 }),
    ]
    await waiting(store, 'elsewhere', NOW, { appId: APP }).then((each) => store.declineAccessRequest(decision(each)))
    assert.deepEqual(await names(store, 'waiting'), ['early', 'same', 'late'])
    const made = { appId: APP, state: 'waiting', by: 'createdAt', limit: 2 } as const
    const first = await store.listAccessRequests(made)
    assert.deepEqual(
      first.map(({ id }) => id),
      [late.id, early.id],
    )
    const next = await store.listAccessRequests({ ...made, after: { at: NOW, id: early.id } })
    assert.deepEqual(
      next.map(({ id }) => id),
      [same.id],
    )
    const after = { at: NOW + 1, id: early.id }
    const page = await store.listAccessRequests({ ...made, by: 'position', after })
    assert.deepEqual(
      page.map(({ id }) => id),
      [same.id, late.id],
    )
    const before = (each: typeof late, limit = 9) =>
      store.countAccessRequestsBefore({ appId: APP, verifiedAt: each.verifiedAt ?? 0, requestId: each.id, limit })
    assert.deepEqual([await before(early), await before(same), await before(late)], [0, 1, 2])
    assert.equal(await before(late, 1), 1)
    assert.deepEqual(await store.listAccessRequests({ ...made, appId: 'other' }), [])
  })

  test('approves with an invite and its mail, once however many do', async (store) => {
    const request = await waiting(store, 'ada')
    const results = await Promise.all(
      Array.from({ length: 10 }, (_, n) => {
        const invite = inviteFor('ada@example.com')
        return approve(store, decision(request, NOW + n), invite, `invite mail ${n}`)
      }),
    )
    const made = results.filter((result) => result?.changed)
    assert.equal(made.length, 1)
    const invite = made[0]?.invite
    ok(invite?.delivery)
    for (const result of results) {
      assert.equal(result?.request.inviteId, invite.id)
      assert.equal(result?.request.decision, 'approve')
    }
    assert.equal(made[0]?.request.decidedBy, 'boss')
    const all = { appId: APP, statuses: ['pending', 'revoked', 'expired'], limit: 99, now: NOW } as const
    assert.equal((await store.listInvites(all)).length, 1)
    assert.deepEqual([await names(store, 'waiting'), await names(store, 'approved')], [[], ['ada']])
  })

  test('decides only on what was confirmed, in its own app', async (store) => {
    const request = requestOf('ada')
    await ask(store, request)
    assert.equal(await approve(store, decision(request), inviteFor(request.email), undefined), undefined)
    assert.equal(await store.declineAccessRequest(decision(request)), undefined)
    const confirmed = await waiting(store, 'bob')
    const elsewhere = { ...decision(confirmed), appId: 'other' }
    assert.equal(await store.declineAccessRequest(elsewhere), undefined)
    const invite = { ...inviteFor(confirmed.email), appId: 'other' }
    assert.equal(await approve(store, elsewhere, invite, undefined), undefined)
    assert.equal(await store.findInvite({ appId: 'other', inviteId: invite.id }), undefined)
  })

  test('declines, and both decisions undo each other', async (store) => {
    const request = await waiting(store, 'ada')
    assert.equal((await store.declineAccessRequest(decision(request)))?.changed, true)
    assert.equal((await store.declineAccessRequest(decision(request, NOW + 1)))?.changed, false)
    const approved = await approve(store, decision(request, NOW + 2), inviteFor(request.email), 'mail')
    ok(approved?.changed && approved.invite)
    const declined = await store.declineAccessRequest(decision(request, NOW + 3))
    assert.equal(declined?.invite?.id, approved.invite.id)
    assert.equal((await found(store, approved.invite)).revokedAt, NOW + 3)
    assert.equal((await found(store, approved.invite)).delivery?.canceledAt, NOW + 3)
    assert.deepEqual([declined.request.decision, declined.request.inviteId], ['decline', null])
    const again = await approve(store, decision(request, NOW + 4), inviteFor(request.email), undefined)
    ok(again?.invite)
    await acceptFor(store, again.invite, { now: NOW + 5, email: { canonical: request.email, domain: 'example.com' } })
    const late = await store.declineAccessRequest(decision(request, NOW + 6))
    assert.deepEqual([late?.changed, late?.request.decision], [false, 'approve'])
  })

  test('leaves the invite alone that the address had already', async (store) => {
    const invite = await create(store, newInvite({ email: 'ada@example.com' }))
    const request = await waiting(store, 'ada')
    const approved = await approve(store, decision(request), inviteFor(request.email), 'mail')
    assert.deepEqual([approved?.changed, approved?.request.inviteId, approved?.invite], [true, null, undefined])
    assert.equal((await store.declineAccessRequest(decision(request)))?.changed, true)
    assert.equal((await found(store, invite)).revokedAt, null)
  })

  test('lists decided ones with the newest first', async (store) => {
    for (const [n, name] of ['one', 'two', 'three'].entries()) {
      await store.declineAccessRequest(decision(await waiting(store, name), NOW + n))
    }
    assert.deepEqual(await names(store, 'declined'), ['three', 'two', 'one'])
    const [, two] = await store.listAccessRequests({ appId: APP, state: 'declined', by: 'position', limit: 9 })
    ok(two)
    const after = { at: NOW + 1, id: two.id }
    const rest = await store.listAccessRequests({ appId: APP, state: 'declined', by: 'position', limit: 9, after })
    assert.deepEqual(
      rest.map(({ email }) => email),
      ['one@example.com'],
    )
  })

  test('forgets what nobody confirmed and what was decided, and never who waits', async (store) => {
    await ask(store, requestOf('nobody'), 'mail')
    await waiting(store, 'ada')
    const declined = await waiting(store, 'eve')
    await store.declineAccessRequest(decision(declined, NOW + 5))
    const prune = (before: number) =>
      store.prune({ what: 'accessRequests', before, now: NOW + DAY, limit: 10 }).then(({ removed }) => removed)
    assert.equal(await prune(NOW - 1), 0)
    assert.equal(await prune(NOW), 1)
    assert.equal(await find(store, 'nobody'), undefined)
    assert.equal(await prune(NOW + 4), 0)
    assert.equal(await prune(NOW + 5), 1)
    assert.equal(await find(store, 'eve'), undefined)
    ok(await find(store, 'ada'))
  })

  test('keeps an approved request whose invite is removed', async (store) => {
    const request = await waiting(store, 'ada')
    const approved = await approve(store, decision(request), inviteFor(request.email), undefined)
    ok(approved?.invite?.expiresAt)
    const before = approved.invite.expiresAt
    await store.prune({ what: 'invites', before, now: before + DAY, limit: 9 })
    assert.equal(await store.findInvite({ appId: APP, inviteId: approved.invite.id }), undefined)
    const record = await find(store, 'ada')
    assert.deepEqual([record?.decision, record?.inviteId], ['approve', null])
    assert.equal((await store.declineAccessRequest(decision(request)))?.changed, true)
  })
}
