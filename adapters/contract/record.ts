// The record: who did what, who invited whom, what happened when, and inviters that are paused.
import assert from 'node:assert/strict'
import type { InviteRecord, InviteStore, ListLog, LogNote, LogRecord, NewInvite } from '../../src/store.js'
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
let counter = 0

const note = (action: string, id: string | null = 'boss'): LogNote => ({
  id: `note-${String(++counter).padStart(4, '0')}`,
  action,
  actor: { kind: id === null ? 'code' : 'supervisor', id },
  details: { number: counter },
})

async function make(store: InviteStore, changes: Partial<NewInvite> = {}): Promise<InviteRecord> {
  const result = await store.createInvite(newInvite(changes), undefined, { note: note('invite.create') })
  ok('created' in result)
  return result.created
}

export function testRecord(test: Test): void {
  const list = (store: InviteStore, query: Partial<ListLog> = {}) => store.listLog({ appId: APP, limit: 100, ...query })
  const actions = async (store: InviteStore, query: Partial<ListLog> = {}) =>
    (await list(store, query)).map(({ action }) => action)
  const joinedBy = async (store: InviteStore, inviterId: string, userId: string, now = NOW) => {
    const invite = await create(store, newInvite({ inviterId, createdAt: now }))
    return (await acceptFor(store, invite, { now, lapsesAt: now + HOLD }, { userId })).acceptance
  }

  test('logs each change that came with a note, where it was made', async (store) => {
    const made = note('invite.create', 'ann')
    const invite = newInvite({ email: 'ada@example.com', inviterId: 'ann' })
    await store.createInvite(invite, 'mail', { note: made })
    await store.createInvite(invite, 'mail', { note: note('invite.create') }) // the same again
    const other = { ...newInvite({ email: invite.email }), codeHash: 'other' }
    ok('existing' in (await store.createInvite(other, undefined, { note: note('invite.create') })))
    const key = { appId: APP, inviteId: invite.id }
    await store.changeInvite({ ...key, now: NOW + 1, role: 'nurse', note: note('invite.update') })
    await store.changeInvite({ ...key, appId: 'other', now: NOW + 1, role: 'nurse', note: note('invite.update') })
    await store.revokeInvite({ ...key, now: NOW + 2, note: note('invite.revoke') })
    await store.revokeInvite({ ...key, now: NOW + 3, note: note('invite.revoke') })
    await store.changeInvite({ ...key, now: NOW + 3, role: 'nurse', note: note('invite.update') })
    const [revoked, updated, first, ...rest] = await list(store)
    assert.deepEqual([revoked?.action, updated?.action, rest], ['invite.revoke', 'invite.update', []])
    assert.deepEqual(first, { ...made, appId: APP, at: NOW, inviteId: invite.id, acceptanceId: null })
  })

  test('logs settings, quotas and pauses', async (store) => {
    const rule = { start: 1, refill: null, giveBack: false }
    const quota = { appId: APP, defaultQuota: rule, now: NOW }
    await store.changeSettings({ appId: APP, change: { seats: 5 }, now: NOW, note: note('settings.write') })
    await store.setQuota({ ...quota, inviterId: 'ann', left: 2, note: note('quota.write') })
    await store.grantQuota({ ...quota, add: 1, to: { inviterId: 'ann' }, note: note('quota.grant') })
    const pause = { appId: APP, inviterId: 'ann', now: NOW }
    await store.pauseInviter({ ...pause, paused: true, note: note('inviter.pause') })
    await store.pauseInviter({ ...pause, paused: true, note: note('inviter.pause') })
    await store.pauseInviter({ ...pause, paused: false, note: note('inviter.resume') })
    await store.pauseInviter({ ...pause, paused: false, note: note('inviter.resume') })
    const logged = ['settings.write', 'quota.write', 'quota.grant', 'inviter.pause', 'inviter.resume']
    assert.deepEqual(await actions(store), logged.reverse())
    assert.deepEqual(await list(store, { appId: 'other' }), [])
  })

  test('logs accepting by its user once, and reopening', async (store) => {
    const invite = await create(store)
    const claim = claimOf(invite)
    await store.claim(claim)
    assert.deepEqual(await actions(store), []) // a claim is no change that lasts
    const accept = acceptOf(claim, invite, { userId: 'ada' })
    await store.accept(accept)
    await store.accept(accept)
    const reopen = { appId: APP, acceptanceId: accept.acceptanceId, now: NOW + 5 }
    await store.reopenAcceptance({ ...reopen, note: note('acceptance.reopen') })
    await store.reopenAcceptance({ ...reopen, note: note('acceptance.reopen') })
    const [reopened, accepted, ...rest] = await list(store, { inviteId: invite.id })
    assert.deepEqual(rest, [])
    assert.deepEqual([reopened?.action, reopened?.acceptanceId], ['acceptance.reopen', accept.acceptanceId])
    const actor = { kind: 'invitee', id: 'ada' }
    const ids = { appId: APP, inviteId: invite.id, acceptanceId: accept.acceptanceId }
    assert.deepEqual(accepted, {
      ...ids,
      id: accept.acceptanceId,
      at: NOW,
      action: 'invite.accept',
      actor,
      details: null,
    })
  })

  test('logs what is revoked in passing, and the mails that went out or were given up', async (store) => {
    const email = 'ada@example.com'
    const old = await make(store, { email })
    const later = NOW + TERM
    const fresh = await make(store, { email, createdAt: later })
    assert.deepEqual(await actions(store, { inviteId: old.id }), ['invite.supersede', 'invite.create'])
    const link = await make(store, { createdAt: later })
    await acceptFor(store, link, { now: later + 1, lapsesAt: later + HOLD }, { userId: 'ada', verifiedEmail: email })
    const [closed] = await list(store, { inviteId: fresh.id })
    assert.deepEqual([closed?.action, closed?.actor], ['invite.revoke', { kind: 'invitee', id: 'ada' }])

    const mailed = await create(store, newInvite({ email: 'eve@example.com' }), 'mail 1')
    await create(store, newInvite({ email: 'bob@example.com' }), 'mail 2')
    const leased = await store.leaseDeliveries({ now: NOW, leasedUntil: NOW + 1, limit: 5 })
    for (const { delivery } of leased) {
      const sent = { sentAt: NOW + 7 }
      await store.finishDelivery(delivery, delivery.id === 'mail 1' ? sent : { failedAt: NOW + 8, error: 'no' })
      await store.finishDelivery({ ...delivery, attempts: 9 }, sent)
    }
    const [mail, ...rest] = await list(store, { inviteId: mailed.id })
    assert.deepEqual(
      [mail?.action, mail?.at, mail?.actor, rest],
      ['mail.sent', NOW + 7, { kind: 'code', id: null }, []],
    )
    assert.equal((await list(store, { action: 'mail.failed' })).length, 1)
  })

  test('logs each of many that are revoked at once', async (store) => {
    const invites = await Promise.all(Array.from({ length: 120 }, () => create(store, newInvite({ inviterId: 'ann' }))))
    await store.revokeInvites({ appId: APP, inviterId: 'ann', now: NOW, note: note('invite.revoke') })
    const logged = await list(store, { limit: 500 })
    assert.deepEqual(new Set(logged.map(({ inviteId }) => inviteId)), new Set(invites.map(({ id }) => id)))
    assert.equal(new Set(logged.map(({ id }) => id)).size, 120)
  })

  test('keeps the log of invites that are pruned', async (store) => {
    const invite = await make(store)
    await store.revokeInvite({ appId: APP, inviteId: invite.id, now: NOW, note: note('invite.revoke') })
    const later = NOW + 3 * DAY
    await store.prune({ what: 'invites', before: later - DAY, now: later, limit: 100 })
    assert.equal(await store.findInvite({ appId: APP, inviteId: invite.id }), undefined)
    assert.deepEqual(await actions(store, { inviteId: invite.id }), ['invite.revoke', 'invite.create'])
  })

  test('pages the log, and finds in it by invite, actor, action and time', async (store) => {
    for (let n = 0; n < 6; n++) {
      const invite = await make(store, { createdAt: NOW + Math.floor(n / 2) })
      await acceptFor(
        store,
        invite,
        { now: NOW + Math.floor(n / 2), lapsesAt: NOW + HOLD },
        { userId: `user-${n % 2}` },
      )
    }
    const all = await list(store)
    assert.equal(all.length, 12)
    const paged: LogRecord[] = []
    for (let last: LogRecord | undefined; ; ) {
      const page = await list(store, { limit: 5, ...(last && { after: { at: last.at, id: last.id } }) })
      paged.push(...page)
      last = page.at(-1)
      if (last === undefined) break
    }
    assert.deepEqual(paged, all)
    const matching = async (query: Partial<ListLog>, matches: (entry: LogRecord) => boolean) =>
      assert.deepEqual(await list(store, query), all.filter(matches), JSON.stringify(query))
    const [{ inviteId } = { inviteId: null }] = all
    await matching({ inviteId: inviteId ?? '' }, (entry) => entry.inviteId === inviteId)
    await matching({ actorId: 'user-1' }, ({ actor }) => actor.id === 'user-1')
    await matching({ actorId: 'boss', action: 'invite.create' }, ({ actor }) => actor.id === 'boss')
    await matching({ action: 'invite.accept' }, ({ action }) => action === 'invite.accept')
    await matching({ from: NOW + 1, until: NOW + 2 }, ({ at }) => at === NOW + 1)
    await matching({ actorId: 'boss', from: NOW + 2 }, ({ at, actor }) => at >= NOW + 2 && actor.id === 'boss')
  })

  test('lists the acceptances of one inviter', async (store) => {
    const [first, , second] = [
      await joinedBy(store, 'ann', 'a', NOW),
      await joinedBy(store, 'bob', 'b', NOW + 1),
      await joinedBy(store, 'ann', 'c', NOW + 2),
    ]
    const theirs = { appId: APP, inviterId: 'ann', limit: 5 }
    assert.deepEqual(await store.listAcceptances(theirs), [second, first])
    const after = { at: second?.acceptedAt ?? 0, id: second?.id ?? '' }
    assert.deepEqual(await store.listAcceptances({ ...theirs, after }), [first])
    assert.deepEqual(await store.listAcceptances({ ...theirs, appId: 'other' }), [])
  })

  test('R-17 lets nobody in by a paused inviter’s invite, and makes none, until that ends', async (store) => {
    const ann = { appId: APP, inviterId: 'ann' }
    const invite = await create(store, newInvite({ inviterId: 'ann', maxUses: 3, termMs: null }))
    const others = [await create(store, newInvite({ inviterId: 'bob' })), await create(store)]
    const elsewhere = await create(store, newInvite({ inviterId: 'ann', appId: 'other' }))
    const held = claimOf(invite)
    const lapsed = claimOf(invite, { lapsesAt: NOW + 1 })
    ok((await store.claim(held)).admitted && (await store.claim(lapsed)).admitted)
    assert.equal(await store.findPause(ann), null)
    assert.equal(await store.pauseInviter({ ...ann, paused: true, now: NOW + 1 }), NOW + 1)
    assert.equal(await store.pauseInviter({ ...ann, paused: true, now: NOW + 2 }), NOW + 1)
    assert.equal(await store.findPause(ann), NOW + 1)

    const now = NOW + 2
    assert.deepEqual(await store.claim(claimOf(invite, { now })), { admitted: false, reason: 'paused' })
    for (const other of [...others, elsewhere]) ok((await store.claim(claimOf(other))).admitted)
    ok((await store.accept(acceptOf(held, invite, { now }))).accepted, 'a hold was granted before')
    ok(!(await store.accept(acceptOf(lapsed, invite, { now }))).accepted)
    const refused = newInvite({ inviterId: 'ann', email: 'ada@example.com' })
    assert.deepEqual(await store.createInvite(refused, undefined, { note: note('invite.create') }), { paused: true })
    ok('created' in (await store.createInvite({ ...newInvite(invite) }, undefined)), 'it was made before')
    const key = { appId: APP, inviteId: invite.id, now }
    assert.equal(await store.changeInvite({ ...key, deliveryId: 'mail' }), 'paused')
    assert.equal(typeof (await store.changeInvite({ ...key, role: 'nurse' })), 'object')
    assert.deepEqual(await actions(store, { action: 'invite.create' }), [])
    assert.equal((await found(store, invite)).held, 0)

    assert.equal(await store.pauseInviter({ ...ann, paused: false, now }), null)
    ok((await store.claim(claimOf(invite, { now }))).admitted)
    ok('created' in (await store.createInvite(refused, undefined)))
  })

  test('tells that an inviter is paused to nobody whom the invite is not for', async (store) => {
    const invite = await create(store, newInvite({ inviterId: 'ann', email: 'ada@example.com' }))
    await store.pauseInviter({ appId: APP, inviterId: 'ann', paused: true, now: NOW })
    const eve = { canonical: 'eve@example.com', domain: 'example.com' }
    assert.deepEqual(await store.claim(claimOf(invite, { email: eve })), { admitted: false, reason: 'email_mismatch' })
    const late = claimOf(invite, { now: NOW + TERM, withoutEmail: true })
    assert.deepEqual(await store.claim(late), { admitted: false, reason: 'expired' })
  })

  test('R-17 revokes the invites of a whole branch at once, also where it goes round in a circle', async (store) => {
    await joinedBy(store, 'ann', 'bob')
    await joinedBy(store, 'bob', 'cleo')
    await joinedBy(store, 'cleo', 'ann')
    const { id } = await joinedBy(store, 'ann', 'dan')
    await store.reopenAcceptance({ appId: APP, acceptanceId: id, now: NOW })
    const open = (inviterId: string, appId = APP) => create(store, newInvite({ inviterId, appId, role: inviterId }))
    for (const inviterId of ['ann', 'bob', 'cleo', 'dan', 'eve']) await open(inviterId)
    await open('bob', 'other')
    const revoke = (inviterId: string) => store.revokeInvites({ appId: APP, inviterId, branch: true, now: NOW })
    const rolesOf = (revoked: readonly InviteRecord[]) => revoked.flatMap(({ role }) => role ?? []).sort()
    assert.deepEqual(rolesOf(await revoke('dan')), ['dan'])
    assert.deepEqual(rolesOf(await revoke('bob')), ['ann', 'bob', 'cleo'])
    assert.deepEqual(rolesOf(await store.revokeInvites({ appId: APP, now: NOW })), ['eve'])
  })

  test('draws the tree below somebody, each user once and nearest to the root', async (store) => {
    for (const [inviter, user] of ['root a', 'root b', 'a c', 'b c', 'b d', 'c e', 'e root', 'e a', 'x y'].map((pair) =>
      pair.split(' '),
    )) {
      await joinedBy(store, inviter ?? '', user ?? '')
    }
    await acceptFor(store, await create(store, newInvite({ inviterId: 'root' }))) // whom the host did not name
    const tree = (depth: number, limit = 9) => store.getTree({ appId: APP, rootId: 'root', depth, limit })
    const users = [
      { userId: 'a', inviterId: 'root', depth: 1, joined: 1 },
      { userId: 'b', inviterId: 'root', depth: 1, joined: 2 },
      { userId: 'c', inviterId: 'a', depth: 2, joined: 1 },
      { userId: 'd', inviterId: 'b', depth: 2, joined: 0 },
      { userId: 'e', inviterId: 'c', depth: 3, joined: 2 },
    ]
    assert.deepEqual(await tree(9), { levels: [2, 2, 1], users })
    assert.deepEqual(await tree(2, 3), { levels: [2, 2], users: users.slice(0, 3) })
    assert.deepEqual(await store.getTree({ appId: 'other', rootId: 'root', depth: 5, limit: 9 }), {
      levels: [],
      users: [],
    })
  })

  test('counts what happened, by day, inviter, role and source', async (store) => {
    const ann = await make(store, { inviterId: 'ann', role: 'nurse', source: 'fair', maxUses: 3, termMs: null })
    const bob = await make(store, { inviterId: 'bob', source: 'blog', createdAt: NOW + DAY - 1 })
    await make(store, { appId: 'other' })
    const at = (now: number) => ({ now, lapsesAt: now + HOLD })
    await acceptFor(store, ann, at(NOW + 10))
    await acceptFor(store, ann, at(NOW + DAY))
    const { acceptance } = await acceptFor(store, ann, at(NOW + DAY + 1))
    await store.reopenAcceptance({ appId: APP, acceptanceId: acceptance.id, now: NOW + DAY + 2 })
    const gone = await make(store, { createdAt: NOW + DAY, termMs: DAY })
    await store.revokeInvite({ appId: APP, inviteId: gone.id, now: NOW + DAY + 5, note: note('invite.revoke') })
    const query = { appId: APP, from: NOW, until: NOW + 2 * DAY, now: NOW + 9 * DAY, top: 9 }
    const none = { made: 0, mailed: 0, failed: 0, accepted: 0, expired: 0, revoked: 0 }
    const statistics = {
      days: [
        { ...none, day: NOW, made: 2, accepted: 1 },
        { ...none, day: NOW + DAY, made: 1, accepted: 1, expired: 1, revoked: 1 },
      ],
      medianAcceptMs: (10 + DAY) / 2,
      inviters: [
        { of: 'ann', made: 1, accepted: 2 },
        { of: null, made: 1, accepted: 0 },
        { of: 'bob', made: 1, accepted: 0 },
      ],
      roles: [
        { of: 'nurse', made: 1, accepted: 2 },
        { of: null, made: 2, accepted: 0 },
      ],
      sources: [
        { of: 'fair', made: 1, accepted: 2 },
        { of: null, made: 1, accepted: 0 },
        { of: 'blog', made: 1, accepted: 0 },
      ],
    }
    assert.deepEqual(await store.getStatistics(query), statistics)
    const top = await store.getStatistics({ ...query, top: 1, now: bob.expiresAt === null ? 0 : bob.expiresAt - 1 })
    assert.deepEqual([top.inviters.length, top.roles.length, top.sources.length, top.days[1]?.expired], [1, 1, 1, 0])
    const empty = { days: [], medianAcceptMs: null, inviters: [], roles: [], sources: [] }
    assert.deepEqual(await store.getStatistics({ ...query, from: NOW + 5 * DAY, until: NOW + 6 * DAY }), empty)
  })

  test('counts by the source that an invite was made with, also one of a list, whatever becomes of it', async (store) => {
    const invites = ['fair', 'fair', null].map((source) => ({
      invite: newInvite({ source, email: `${++counter}@example.com`, metadata: { source } }),
      deliveryId: undefined,
    }))
    await store.createInvites({ appId: APP, now: NOW, invites, note: note('invite.create') })
    const [first] = invites.map(({ invite }) => ({ appId: APP, inviteId: invite.id, now: NOW }))
    ok(first)
    await store.changeInvite({ ...first, metadata: { source: 'blog' } })
    const invite = await store.findInvite(first)
    assert.deepEqual([invite?.source, invite?.metadata], ['fair', { source: 'blog' }])
    ok(invite)
    await acceptFor(store, invite, { withoutEmail: true })
    const email = invite.email ?? ''
    await store.forgetPerson({ appId: APP, email, spellings: [email], now: NOW, limit: 9 })
    const query = { appId: APP, from: NOW, until: NOW + DAY, now: NOW + DAY, top: 9 }
    assert.deepEqual((await store.getStatistics(query)).sources, [
      { of: 'fair', made: 2, accepted: 1 },
      { of: null, made: 1, accepted: 0 },
    ])
  })

  test('logs that somebody is forgotten or wants no mail once, and says nothing of who', async (store) => {
    const refusal = { id: 'digest', now: NOW + 1 }
    const logged = (action: string) => ({ appId: APP, note: note(action, null) })
    for (let n = 0; n < 2; n++) await store.refuseMail({ ...refusal, logged: logged('mail.refuse') })
    const allowed = { ids: ['digest'], now: NOW + 2 }
    for (let n = 0; n < 2; n++) await store.allowMail({ ...allowed, logged: logged('mail.allow') })
    await create(store, newInvite({ email: 'ada@example.com' }))
    const person = { appId: APP, email: 'ada@example.com', spellings: ['ada@example.com'], now: NOW + 3, limit: 9 }
    for (let n = 0; n < 2; n++) await store.forgetPerson({ ...person, note: note('person.forget') })
    const entries = await list(store)
    assert.deepEqual(
      entries.map(({ action, inviteId, at }) => [action, inviteId, at]),
      [
        ['person.forget', null, NOW + 3],
        ['mail.allow', null, NOW + 2],
        ['mail.refuse', null, NOW + 1],
      ],
    )
    ok(!/ada|digest/.test(JSON.stringify(entries)))
  })
}
