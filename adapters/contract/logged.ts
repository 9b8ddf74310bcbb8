// What the log, pauses and limits do elsewhere: decisions on the waiting list, lists, and keys of apps.
import assert from 'node:assert/strict'
import type { AccessRequestDecision, InviteStore, LogNote, NewInvite } from '../../src/store.js'
import { APP, NOW, newInvite, ok, TERM, type Test } from './fixtures.js'

let counter = 0

const note = (action: string): LogNote => ({
  id: `logged-${++counter}`,
  action,
  actor: { kind: 'key', id: 'key:1' },
  details: { number: counter },
})

const listOf = (invites: readonly NewInvite[], now = NOW) => ({
  appId: APP,
  invites: invites.map((invite) => ({ invite, deliveryId: undefined })),
  now,
  note: note('invite.create'),
})

export function testLogged(test: Test): void {
  const logged = (store: InviteStore) => store.listLog({ appId: APP, limit: 100 })
  const actions = async (store: InviteStore) => (await logged(store)).map(({ action }) => action).sort()

  async function confirmed(store: InviteStore, email: string): Promise<AccessRequestDecision> {
    const requestId = `logged-request-${++counter}`
    const told = { answers: {}, locale: null, createdAt: NOW }
    const mail = { deliveryId: `${requestId} mail`, quietSince: NOW - 1 }
    await store.askForAccess({ id: requestId, appId: APP, email, emailCanonical: email, ...told }, mail)
    await store.verifyAccessRequest({ appId: APP, requestId, askedAt: NOW, now: NOW })
    return { appId: APP, requestId, decidedBy: 'boss', now: NOW }
  }

  test('logs approving and declining once, with the invite that was made and revoked', async (store) => {
    const decision = await confirmed(store, 'ada@example.com')
    const invite = newInvite({ email: 'ada@example.com' })
    const approve = () => store.approveAccessRequest({ ...decision, note: note('request.approve') }, invite, undefined)
    await approve()
    await approve()
    assert.deepEqual(await actions(store), ['invite.create', 'request.approve'])
    const ofInvite = await store.listLog({ appId: APP, inviteId: invite.id, limit: 9 })
    assert.deepEqual(
      ofInvite.map(({ actor }) => actor.id),
      ['key:1', 'key:1'],
    )
    const decline = () => store.declineAccessRequest({ ...decision, note: note('request.decline') })
    await decline()
    await decline()
    assert.deepEqual(await actions(store), ['invite.create', 'invite.revoke', 'request.approve', 'request.decline'])
  })

  test('logs declining whoever was never invited', async (store) => {
    await store.declineAccessRequest({ ...(await confirmed(store, 'ada@example.com')), note: note('request.decline') })
    const [entry, ...rest] = await logged(store)
    assert.deepEqual([entry?.action, entry?.inviteId, rest], ['request.decline', null, []])
  })

  test('logs each invite of a list that was added, and each whose place it took', async (store) => {
    const old = newInvite({ email: 'ada@example.com', termMs: TERM })
    await store.createInvites(listOf([old]))
    const now = NOW + TERM
    const emails = ['ada@example.com', 'bob@example.com', 'BOB@example.com']
    const request = listOf(
      emails.map((email) => newInvite({ email, createdAt: now })),
      now,
    )
    await store.createInvites(request)
    await store.createInvites({ ...request, note: note('invite.create') })
    const later = (await logged(store)).filter(({ at }) => at === now)
    assert.deepEqual(later.map(({ action }) => action).sort(), ['invite.create', 'invite.create', 'invite.supersede'])
    assert.deepEqual(
      later.filter(({ action }) => action === 'invite.create').map(({ details }) => details),
      [request.note.details, request.note.details],
    )
    assert.equal(later.find(({ action }) => action === 'invite.supersede')?.inviteId, old.id)
  })

  test('R-17 adds none of a list, and none by approving, for a paused inviter', async (store) => {
    const made = newInvite({ inviterId: 'ann' })
    await store.createInvites(listOf([made]))
    await store.pauseInviter({ appId: APP, inviterId: 'ann', paused: true, now: NOW })
    const [ann, bob, again] = await store.createInvites(
      listOf([newInvite({ inviterId: 'ann' }), newInvite({ inviterId: 'bob' }), made]),
    )
    assert.deepEqual(ann, { paused: true })
    ok(bob && 'created' in bob && again && 'created' in again)
    const decision = await confirmed(store, 'ada@example.com')
    const invite = newInvite({ inviterId: 'ann', email: 'ada@example.com' })
    assert.equal(await store.approveAccessRequest(decision, invite, undefined), 'paused')
    const waiting = await store.findAccessRequest(decision)
    assert.equal(waiting?.decision, null)
  })

  test('R-30 approves no more than may be mailed', async (store) => {
    const mails = [{ id: 'app', limit: 1, windowMs: 1000 }]
    const approve = async (email: string) => {
      const decision = await confirmed(store, email)
      return [decision, await store.approveAccessRequest({ ...decision, mails }, newInvite({ email }), email)] as const
    }
    await approve('ada@example.com')
    const [bob, result] = await approve('bob@example.com')
    assert.deepEqual(result, { limited: { id: 'app', until: NOW + 1000 } })
    assert.equal((await store.findAccessRequest(bob))?.decision, null)
  })

  test('logs making a key, and revoking it once', async (store) => {
    const key = { id: 'one', appId: APP, label: 'One', scopes: ['invites'], keyHash: 'hash', expiresAt: null }
    await store.createAppKey({ ...key, createdAt: NOW }, note('key.create'))
    for (const now of [NOW + 1, NOW + 2]) {
      await store.revokeAppKey({ appId: APP, keyId: 'one', now, note: note('key.revoke') })
    }
    const entries = (await logged(store)).map(({ action, at, actor }) => [action, at, actor.kind])
    assert.deepEqual(entries, [
      ['key.revoke', NOW + 1, 'key'],
      ['key.create', NOW, 'key'],
    ])
  })
}
