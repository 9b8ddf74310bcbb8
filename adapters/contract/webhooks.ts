// Webhooks: queued with what they tell of, and for nobody else; who sends what, and what became of it.
import assert from 'node:assert/strict'
import type { InviteStore, LogNote, NewInvite } from '../../src/store.js'
import { APP, acceptOf, claimOf, NOW, newInvite, ok, TERM, type Test } from './fixtures.js'

let counter = 0

const note = (action: string, webhooks: LogNote['webhooks']): LogNote => ({
  id: `told-${++counter}`,
  action,
  actor: { kind: 'supervisor', id: 'boss' },
  details: null,
  webhooks,
})

/** Takes all that is due for this endpoint, and names what it tells, in order. */
async function told(store: InviteStore, endpoint = 'main', now = NOW): Promise<readonly string[]> {
  const leased = await store.leaseWebhooks({ endpoint, now, leasedUntil: now + 10, limit: 100 })
  return leased.map(({ webhook }) => webhook.action).sort()
}

async function make(store: InviteStore, invite: NewInvite, webhooks: LogNote['webhooks'], deliveryId?: string) {
  const made = await store.createInvite(invite, deliveryId, { note: note('invite.create', webhooks) })
  ok('created' in made)
  return made.created
}

const toMain = (...actions: string[]) => Object.fromEntries(actions.map((action) => [action, ['main']]))

export function testWebhooks(test: Test): void {
  test('queues one for each endpoint that wants to be told, and none where nothing was changed', async (store) => {
    const invite = newInvite({ email: 'ada@example.com' })
    await make(store, invite, { 'invite.create': ['main', 'other'] })
    await make(store, newInvite(), undefined)
    await make(store, newInvite(), toMain('invite.revoke'))
    const again = newInvite({ email: 'ada@example.com' })
    await store.createInvite(again, undefined, { note: note('invite.create', toMain('invite.create')) })
    assert.deepEqual(await told(store, 'nobody'), [])
    assert.deepEqual(await told(store, 'other'), ['invite.create'])
    const leased = await store.leaseWebhooks({ endpoint: 'main', now: NOW, leasedUntil: NOW + 10, limit: 9 })
    assert.equal(leased.length, 1)
    const [first] = leased
    const [entry] = (await store.listLog({ appId: APP, inviteId: invite.id, limit: 1 })) ?? []
    ok(first && entry && !('webhooks' in entry))
    assert.deepEqual(first.entry, entry)
    assert.equal(first.invite?.emailCanonical, 'ada@example.com')
    assert.equal(first.acceptance, undefined)
    const { id, endpoint, appId, at, attempts, leasedUntil, sentAt, failedAt } = first.webhook
    assert.deepEqual(
      { id, endpoint, appId, at, attempts, leasedUntil, sentAt, failedAt },
      {
        ...{ id: `${entry.id}.main`, endpoint: 'main', appId: APP, at: NOW },
        ...{ attempts: 1, leasedUntil: NOW + 10, sentAt: null, failedAt: null },
      },
    )
  })

  test('tells of an accepted use once, and of the invite that it closes', async (store) => {
    await make(store, newInvite({ email: 'ada@example.com' }), undefined)
    const link = await make(store, newInvite(), undefined)
    const webhooks = toMain('invite.accept', 'invite.revoke')
    const claim = claimOf(link)
    await store.claim(claim)
    const request = acceptOf(claim, link, { userId: 'ada', verifiedEmail: 'ada@example.com', webhooks })
    await store.accept(request)
    await store.accept(request)
    const leased = await store.leaseWebhooks({ endpoint: 'main', now: request.now, leasedUntil: NOW + TERM, limit: 9 })
    const accepted = leased.find(({ webhook }) => webhook.action === 'invite.accept')
    assert.deepEqual(leased.map(({ webhook }) => webhook.action).sort(), ['invite.accept', 'invite.revoke'])
    assert.equal(accepted?.webhook.id, `${request.acceptanceId}.main`)
    assert.deepEqual(accepted.entry?.actor, { kind: 'invitee', id: 'ada' })
    assert.equal(accepted.acceptance?.userId, 'ada')
    assert.equal(accepted.invite?.id, link.id)
  })

  test('tells of each invite of a list, of what is revoked by one step or in passing, and of mails', async (store) => {
    const webhooks = toMain('invite.create', 'invite.supersede', 'invite.revoke', 'mail.sent', 'mail.failed')
    const old = newInvite({ email: 'ada@example.com', inviterId: 'ann' })
    const list = (invites: readonly NewInvite[], now: number) =>
      store.createInvites({
        appId: APP,
        invites: invites.map((invite) => ({ invite, deliveryId: undefined })),
        now,
        note: note('invite.create', webhooks),
      })
    await list([old, newInvite({ inviterId: 'ann' }), newInvite({ inviterId: 'ann' })], NOW)
    assert.deepEqual(await told(store), ['invite.create', 'invite.create', 'invite.create'])
    for (const { webhook } of await leaseAll(store, NOW + 10)) await store.finishWebhook(webhook, { sentAt: NOW })
    const now = NOW + TERM
    await list([newInvite({ email: 'ada@example.com', createdAt: now })], now)
    await store.revokeInvites({ appId: APP, now, note: note('invite.revoke', webhooks) })
    await make(store, newInvite({ email: 'bob@example.com', createdAt: now }), undefined, 'bob')
    await make(store, newInvite({ email: 'eve@example.com', createdAt: now + 1 }), undefined, 'eve')
    for (const outcome of [{ sentAt: now }, { failedAt: now, error: 'no such user' }]) {
      const [mail] = await store.leaseDeliveries({ now: now + 1, leasedUntil: now + 50, limit: 1 })
      ok(mail)
      await store.finishDelivery(mail.delivery, outcome, webhooks)
    }
    const actions = await told(store, 'main', now)
    assert.deepEqual(
      actions.filter((action) => action !== 'invite.revoke'),
      ['invite.create', 'invite.supersede', 'mail.failed', 'mail.sent'],
    )
    assert.equal(actions.filter((action) => action === 'invite.revoke').length, 3)
  })

  test('tells of deciding on a request, and of the invite that is made or taken back by it', async (store) => {
    const email = 'ada@example.com'
    const asked = { id: 'asked', appId: APP, email, emailCanonical: email, answers: {}, locale: null, createdAt: NOW }
    await store.askForAccess(asked, { deliveryId: 'confirm', quietSince: NOW - 1 })
    await store.verifyAccessRequest({ appId: APP, requestId: 'asked', askedAt: NOW, now: NOW })
    const webhooks = toMain('request.approve', 'request.decline', 'invite.create', 'invite.revoke')
    const decision = { appId: APP, requestId: 'asked', decidedBy: 'boss', now: NOW }
    const invite = newInvite({ email })
    await store.approveAccessRequest({ ...decision, note: note('request.approve', webhooks) }, invite, undefined)
    const approved = await leaseAll(store, NOW)
    assert.deepEqual(approved.map(({ webhook }) => webhook.action).sort(), ['invite.create', 'request.approve'])
    for (const each of approved) assert.equal(each.invite?.id, invite.id)
    for (const { webhook } of approved) await store.finishWebhook(webhook, { sentAt: NOW })
    await store.declineAccessRequest({ ...decision, note: note('request.decline', webhooks) })
    assert.deepEqual(await told(store), ['invite.revoke', 'request.decline'])
  })

  test('tells of changes of the app, without an invite', async (store) => {
    const settings = note('settings.write', toMain('settings.write'))
    await store.changeSettings({ appId: APP, change: { mode: 'closed' }, now: NOW, note: settings })
    const [leased] = await leaseAll(store, NOW)
    assert.equal(leased?.entry?.id, settings.id)
    assert.deepEqual([leased.invite, leased.acceptance], [undefined, undefined])
  })

  test('leases what is due to one caller at a time, and records what became of a try', async (store) => {
    for (let n = 0; n < 5; n++) await make(store, newInvite({ createdAt: NOW + n }), toMain('invite.create'))
    assert.equal(await store.nextWebhookAt('main'), NOW)
    assert.equal(await store.nextWebhookAt('other'), undefined)
    const lease = { endpoint: 'main', now: NOW + 3, leasedUntil: NOW + 100, limit: 2 }
    const rounds = await Promise.all([
      store.leaseWebhooks(lease),
      store.leaseWebhooks(lease),
      store.leaseWebhooks(lease),
    ])
    const ids = rounds.flat().map(({ webhook }) => webhook.id)
    assert.deepEqual([ids.length, new Set(ids).size], [4, 4])
    assert.equal(await store.nextWebhookAt('main'), NOW + 4)
    const [first, second] = rounds.flat()
    ok(first && second)
    await store.finishWebhook(first.webhook, { retryAt: NOW + 50, error: 'no answer' })
    await store.finishWebhook(second.webhook, { sentAt: NOW + 9 })
    const [again] = (await leaseAll(store, NOW + 50)).filter(({ webhook }) => webhook.id === first.webhook.id)
    assert.deepEqual([again?.webhook.attempts, again?.webhook.lastError], [2, 'no answer'])
    await store.finishWebhook(first.webhook, { sentAt: NOW + 51 }) // too late: the lease is another's
    const later = (await leaseAll(store, NOW + 500)).map(({ webhook }) => webhook.id)
    ok(later.includes(first.webhook.id) && !later.includes(second.webhook.id))
    assert.equal(later.length, 4)
  })

  test('lists what was given up, newest first, and makes it due again', async (store) => {
    for (let n = 0; n < 3; n++) await make(store, newInvite({ createdAt: NOW + n }), toMain('invite.create'))
    for (const { webhook } of await leaseAll(store, NOW + 9)) {
      await store.finishWebhook(webhook, { failedAt: NOW + 10, error: 'gone' })
      await store.finishWebhook(webhook, { sentAt: NOW + 11 }) // given up is given up
    }
    assert.equal(await store.nextWebhookAt('main'), undefined)
    const page = await store.listFailedWebhooks({ appId: APP, limit: 2 })
    assert.deepEqual(
      page.map(({ at, lastError, failedAt }) => [at, lastError, failedAt]),
      [
        [NOW + 2, 'gone', NOW + 10],
        [NOW + 1, 'gone', NOW + 10],
      ],
    )
    const [, last] = page
    ok(last)
    const rest = await store.listFailedWebhooks({ appId: APP, limit: 2, after: { at: last.at, id: last.id } })
    assert.deepEqual(
      rest.map(({ at }) => at),
      [NOW],
    )
    assert.deepEqual(await store.listFailedWebhooks({ appId: 'other', limit: 2 }), [])
    assert.equal(await store.retryWebhooks({ appId: 'other', now: NOW + 20, limit: 2 }), 0)
    assert.equal(await store.retryWebhooks({ appId: APP, now: NOW + 20, limit: 2 }), 2)
    assert.equal(await store.retryWebhooks({ appId: APP, now: NOW + 20, limit: 2 }), 1)
    assert.equal(await store.nextWebhookAt('main'), NOW + 20)
    const leased = await leaseAll(store, NOW + 20)
    assert.deepEqual(
      leased.map(({ webhook }) => [webhook.attempts, webhook.lastError]),
      Array.from({ length: 3 }, () => [1, null]),
    )
  })

  test('prunes those of long ago, sent or not, and names what was removed meanwhile as such', async (store) => {
    const old = await make(store, newInvite({ createdAt: NOW }), toMain('invite.create'))
    await make(store, newInvite({ createdAt: NOW + 2 * TERM }), toMain('invite.create'))
    await store.revokeInvite({ appId: APP, inviteId: old.id, now: NOW })
    await store.prune({ what: 'invites', before: NOW + TERM, now: NOW + 3 * TERM, limit: 9 })
    const [gone] = await leaseAll(store, NOW)
    assert.deepEqual([gone?.entry?.inviteId, gone?.invite], [old.id, undefined])
    const pruned = await store.prune({ what: 'webhooks', before: NOW, now: NOW + 3 * TERM, limit: 9 })
    assert.deepEqual(pruned, { removed: 1, next: undefined })
    assert.equal((await leaseAll(store, NOW + 3 * TERM)).length, 1)
  })

  const leaseAll = (store: InviteStore, now: number) =>
    store.leaseWebhooks({ endpoint: 'main', now, leasedUntil: now + 10, limit: 100 })
}
