// Webhooks: what a receiver on loopback gets, signed as Standard Webhooks has it, and what becomes of those it does not take.
import { randomBytes } from 'node:crypto'
import Database from 'better-sqlite3'
import { expect } from 'chai'
import type { InvitesOptions, WebhookEvent, WebhookFailedEvent } from '../src/index.js'
import { afterThis } from './support/cleanup.js'
import { DAY, type Host, MINUTE, openHost, refusedOptions, sendInvite } from './support/host.js'
import { itOnSqlite } from './support/host-database.js'
import { type Receiver, WEBHOOK_SECRET as secret, startReceiver, verified } from './support/receiver.js'
import { startSmtp } from './support/smtp.js'

const freshSecret = () => `whsec_${randomBytes(32).toString('base64')}`

async function openHook(invites: Partial<InvitesOptions> = {}): Promise<{ host: Host; receiver: Receiver }> {
  const receiver = await startReceiver()
  const host = await openHost({ invites: { webhooks: { url: receiver.url, secret }, ...invites } })
  return { host, receiver }
}

function failuresOf({ invites }: Host): WebhookFailedEvent[] {
  const failures: WebhookFailedEvent[] = []
  invites.events.on('webhookFailed', (event) => failures.push(event))
  return failures
}

/** The data of the one webhook of this type, typed as such. */
function dataOf<Type extends WebhookEvent['type']>({ posted }: Receiver, type: Type) {
  const found = posted.filter(({ event }) => event.type === type)
  expect(found, type).to.have.length(1)
  return found[0]?.event.data as Extract<WebhookEvent, { type: Type }>['data']
}

describe('webhooks', () => {
  it('tell of an invite and of who joined, signed so that the reference implementation takes them', async () => {
    const smtp = await startSmtp()
    const { host, receiver } = await openHook({ mailer: smtp.mailer, clock: Date.now })
    const metadata = { plan: 'prö 🎈' }
    const fields = { email: 'ada@example.com', role: 'nurse', orgId: 'clinic', metadata }
    const sent = await host.manage.post('default/invite', fields).expect(201)
    const { inviteId, inviteCode } = sent.body
    await host.invites.deliver()
    await host.signup({ inviteCode, email: 'ada@example.com' }).expect(201)
    await host.invites.deliver()
    expect(receiver.types()).to.deep.equal(['invite.accepted', 'invite.created', 'mail.sent'])
    for (const each of receiver.posted) {
      expect(verified(each)).to.deep.equal(each.event)
      expect(each.headers['content-type']).to.equal('application/json')
      expect(each.headers['webhook-id']).to.match(/^msg_[\w-]{27}$/)
      expect(each.body).not.to.contain(inviteCode)
      expect(() => verified(each, freshSecret())).to.throw('No matching signature')
    }
    const { invite, acceptance, actor } = dataOf(receiver, 'invite.accepted')
    expect(invite).to.deep.include({ inviteId, email: 'ada@example.com', role: 'nurse', metadata, status: 'accepted' })
    expect(acceptance).to.deep.include({ inviteId, email: 'ada@example.com', orgId: 'clinic', role: 'nurse' })
    expect(actor).to.deep.equal({ kind: 'invitee', id: null })
    const made = dataOf(receiver, 'invite.created')
    expect(made.actor).to.deep.equal({ kind: 'supervisor', id: 'boss' })
    expect(made.invite).to.have.keys(Object.keys(invite ?? {}))
    const { items } = await host.invites.audit()
    const told = receiver.posted.map(({ event }) => [event.data.entryId, event.timestamp])
    expect(told).to.have.deep.members(items.map(({ entryId, at }) => [entryId, at]))
  })

  it('tell of everything that the log has, and of nothing that was not done', async () => {
    const { host, receiver } = await openHook({ quota: 5 })
    const { invites } = host
    const ada = await sendInvite(host, { email: 'ada@example.com' })
    await host.manage.post('default/invite', { email: 'ada@example.com' }).expect(409)
    await invites.update(ada.inviteId, { role: 'nurse' })
    await invites.resend(ada.inviteId)
    await invites.sendMany([{ email: 'bob@example.com' }, { email: 'eve@example.com' }])
    const link = await sendInvite(host)
    const { acceptanceId } = await (await invites.claim({ inviteCode: link.inviteCode })).accept({ userId: 7 })
    await invites.reopen(acceptanceId)
    await invites.revoke(ada.inviteId)
    await invites.revoke(ada.inviteId)
    await invites.revokeAll()
    await invites.inviter('ann', { paused: true })
    await invites.inviter('ann', { paused: false })
    await invites.settings({ mode: 'closed' })
    await invites.quota('ann', { left: 3 })
    await invites.grantQuota({ add: 1, inviterId: 'ann' })
    const { keyId } = await invites.createKey({ label: 'CI' })
    await invites.revokeKey(keyId)
    await invites.deliver()
    const { items } = await invites.audit({ limit: 100 })
    expect(receiver.posted.map(({ event }) => event.data.entryId).sort()).to.deep.equal(
      items.map(({ entryId }) => entryId).sort(),
    )
    expect(new Set(receiver.types())).to.have.property('size', 13)
    expect(dataOf(receiver, 'acceptance.reopened').acceptance).to.include({ acceptanceId, userId: '7' })
    expect(dataOf(receiver, 'quota.changed')).to.have.keys('entryId', 'appId', 'actor', 'details')
    await invites.deliver()
    expect(receiver.posted, 'each once').to.have.length(items.length)
  })

  it('go to each endpoint what it wants, of each app its own; nobody is told without', async () => {
    const [all, some, clinic] = [await startReceiver(), await startReceiver(), await startReceiver()]
    const host = await openHost({
      invites: {
        webhooks: [
          { url: all.url, secret },
          { url: some.url, secret, events: ['invite.revoked'] },
        ],
        apps: { default: {}, clinic: { webhooks: { url: clinic.url, secret } }, quiet: { webhooks: [] } },
      },
    })
    for (const appId of ['default', 'clinic', 'quiet']) {
      const { inviteId } = await host.invites.send({}, { appId })
      await host.invites.revoke(inviteId, { appId })
    }
    await host.invites.deliver()
    expect(all.types()).to.deep.equal(['invite.created', 'invite.revoked'])
    expect(some.types()).to.deep.equal(['invite.revoked'])
    expect(clinic.types()).to.deep.equal(['invite.created', 'invite.revoked'])
    const ids = (receiver: Receiver) => receiver.posted.map(({ headers }) => headers['webhook-id'])
    expect(ids(all)).not.to.include(ids(some)[0])
    for (const { event } of clinic.posted) expect(event.data.appId).to.equal('clinic')
    const rows = (await host.database.tables()).invite_only_webhooks ?? []
    expect(rows.filter((row) => row.app_id === 'quiet')).to.have.length(0)
  })

  it('are signed with each secret, newest first, so that a receiver can go over to the new one', async () => {
    const next = freshSecret()
    const receiver = await startReceiver()
    const webhooks = { url: receiver.url, secret: [next, secret] }
    const host = await openHost({ invites: { webhooks, clock: Date.now } })
    await host.invites.send({})
    await host.invites.deliver()
    const [posted] = receiver.posted
    if (posted === undefined) throw new Error('nothing was posted')
    expect(String(posted.headers['webhook-signature']).split(' ')).to.have.length(2)
    expect(verified(posted, next)).to.deep.equal(posted.event)
    expect(verified(posted, secret)).to.deep.equal(posted.event)
  })

  itOnSqlite('are not sent of what the host has rolled back', async () => {
    const { host, receiver } = await openHook()
    const db = new Database(host.database.file)
    afterThis(() => db.close())
    const { inviteCode } = await sendInvite(host)
    const claim = await host.invites.claim({ inviteCode })
    const accept = (fails: boolean) =>
      db.transaction(() => {
        claim.acceptSync({ userId: 'ada', trx: db })
        if (fails) throw new Error('rolled back')
      })
    expect(accept(true)).to.throw('rolled back')
    await host.invites.deliver()
    expect(receiver.types()).to.deep.equal(['invite.created'])
    accept(false)()
    await host.invites.deliver()
    expect(receiver.types()).to.deep.equal(['invite.accepted', 'invite.created'])
  })

  it('are tried again under the same id, later each time, then given up, which is seen and can be mended', async () => {
    const { host, receiver } = await openHook()
    const failures = failuresOf(host)
    receiver.answer = { status: 500 }
    await host.invites.send({})
    const waits = [0.5, 2, 10, 60, 240, 720]
    expect(await host.invites.deliver()).to.equal(1)
    for (const [tries, minutes] of waits.entries()) {
      host.clock.advance(minutes * MINUTE - 1)
      expect(await host.invites.deliver()).to.equal(0)
      host.clock.advance(1)
      expect(await host.invites.deliver(), `try ${tries + 2}`).to.equal(1)
    }
    host.clock.advance(DAY)
    expect(await host.invites.deliver()).to.equal(0)
    const [first] = receiver.posted
    expect(receiver.posted).to.have.length(7)
    const headers = receiver.posted.map((each) => each.headers)
    expect(new Set(headers.map((each) => each['webhook-id'])).size).to.equal(1)
    expect(new Set(headers.map((each) => each['webhook-timestamp'])).size).to.equal(7)
    expect(failures.map(({ final }) => final)).to.deep.equal([...waits.map(() => false), true])

    const { items } = await host.invites.failedWebhooks()
    const webhookId = first?.headers['webhook-id']
    const error = 'The endpoint answered 500.'
    expect(failures[0]).to.deep.include({ webhookId, appId: 'default', type: 'invite.created', error })
    expect(items).to.have.length(1)
    expect(items[0]).to.deep.include({ webhookId, type: 'invite.created', attempts: 7, lastError: error })
    receiver.answer = { status: 200 }
    expect(await host.invites.retryWebhooks()).to.equal(1)
    expect(await host.invites.deliver()).to.equal(1)
    expect(receiver.posted.at(-1)?.headers['webhook-id']).to.equal(webhookId)
    expect((await host.invites.failedWebhooks()).items).to.deep.equal([])
    expect(await host.invites.retryWebhooks()).to.equal(0)
  })

  it('follow no redirect, and are given up at once by 410', async () => {
    const { host, receiver } = await openHook()
    const failures = failuresOf(host)
    const other = await startReceiver()
    receiver.answer = { status: 307, headers: { location: other.url } }
    await host.invites.send({})
    await host.invites.deliver()
    expect(other.posted).to.deep.equal([])
    expect(failures).to.have.length(1)
    expect(failures[0]).to.include({ final: false, error: 'The endpoint answered 307.' })
    receiver.answer = { status: 410 }
    host.clock.advance(MINUTE)
    await host.invites.deliver()
    expect(failures[1]).to.include({ final: true, error: 'The endpoint answered 410.' })
  })

  it('to an endpoint that does not answer hold up none to another', async () => {
    const [up, down] = [await startReceiver(), await startReceiver()]
    const host = await openHost({ invites: { webhooks: [down, up].map(({ url }) => ({ url, secret })) } })
    const failures = failuresOf(host)
    const silence = new Promise<void>((resolve) => {
      down.onPosted = () => {
        resolve()
        return new Promise(() => undefined)
      }
    })
    await host.invites.send({})
    const delivering = host.invites.deliver()
    await silence
    await host.invites.send({})
    const second = new Promise<void>((resolve) => {
      up.onAnswered = () => up.posted.length === 2 && resolve()
    })
    const again = host.invites.deliver()
    await second
    expect(down.posted).to.have.length(1)
    down.onPosted = () => down.hangUp()
    down.hangUp()
    await Promise.all([delivering, again])
    expect(failures.map(({ error }) => error)).to.deep.equal(
      failures.map(() => 'The endpoint cannot be reached: UND_ERR_SOCKET.'),
    )
    expect(failures).to.have.length(2)
  })

  it('are sent by the worker by itself, at once, and one that is under way is finished by close()', async function () {
    this.timeout(4500) // by polling, it would take 5 seconds
    const { host, receiver } = await openHook({ deliver: true })
    let release = () => {}
    const first = new Promise<void>((resolve) => {
      receiver.onAnswered = resolve
    })
    const held = () =>
      new Promise<void>((resolve) => {
        receiver.onPosted = () => {
          resolve()
          return new Promise<void>((go) => {
            release = go
          })
        }
      })
    const { inviteCode } = await sendInvite(host)
    await first
    const posted = held()
    await host.signup({ inviteCode }).expect(201)
    await posted
    const closing = host.invites.close()
    release()
    await closing
    const rows = (await host.database.tables()).invite_only_webhooks ?? []
    expect(rows.filter((row) => row.sent_at === null)).to.deep.equal([])
    expect(receiver.types()).to.deep.equal(['invite.accepted', 'invite.created'])
  })

  it('are sent once each, by however many processes', async () => {
    const { host, receiver } = await openHook()
    const webhooks = { url: receiver.url, secret }
    const others = await Promise.all([1, 2].map(() => openHost({ beside: host, invites: { webhooks } })))
    await host.invites.sendMany(Array.from({ length: 100 }, (_, n) => ({ email: `u${n}@example.com` })))
    const tries = await Promise.all([host, ...others].map(({ invites }) => invites.deliver()))
    expect(tries.reduce((sum, each) => sum + each)).to.equal(100)
    expect(new Set(receiver.posted.map(({ headers }) => headers['webhook-id']))).to.have.property('size', 100)
    expect(receiver.posted).to.have.length(100)
  })

  it('reflect what was forgotten meanwhile: an address is in none that is sent later', async () => {
    const { host, receiver } = await openHook()
    await sendInvite(host, { email: 'ada@example.com', message: 'hello' })
    await host.invites.forget({ email: 'ada@example.com' })
    await host.invites.deliver()
    expect(receiver.types().toSorted()).to.deep.equal(['invite.created', 'person.forgotten'])
    expect(JSON.stringify(receiver.posted)).not.to.match(/ada@|hello/)
    expect(dataOf(receiver, 'invite.created').invite).to.include({ email: null, status: 'revoked' })
  })

  it('are pruned once what they tell is old', async () => {
    const { host } = await openHook()
    await host.invites.send({})
    await host.invites.deliver()
    expect(await host.invites.prune()).to.include({ webhooks: 0 })
    host.clock.advance(91 * DAY)
    expect(await host.invites.prune()).to.include({ webhooks: 1 })
  })

  it('are refused at start where they cannot work, with what would be right', async () => {
    const url = 'https://acme.dev/hook'
    const short = `whsec_${Buffer.alloc(23).toString('base64')}`
    const refusals: readonly (readonly [unknown, RegExp])[] = [
      [{ url: 'ftp://acme.dev', secret }, /`webhooks.url` must be .*http or https URL/],
      [{ secret }, /`webhooks.url` must be/],
      [{ url }, /`webhooks.secret` must be `whsec_` and 24 to 64 random bytes.*openssl/],
      [{ url, secret: short }, /`webhooks.secret` must be/],
      [{ url, secret: secret.replace('whsec_', '') }, /`webhooks.secret` must be/],
      [{ url, secret: [] }, /`webhooks.secret` must be/],
      [{ url, secret: [secret, short] }, /`webhooks.secret` must be/],
      [{ url, secret, events: ['invite.made'] }, /`webhooks.events` must be a list .* invite.created,/],
      [{ url, secret, events: [] }, /`webhooks.events` must be/],
      [{ url, secret, id: 'a.b' }, /`webhooks.id` must be 1 to 64 letters/],
      [{ url, secrets: secret }, /webhooks: unknown option `secrets`. Did you mean `secret`/],
      [[{ url, secret }, url], /webhooks\[1\] takes an object/],
      [
        [
          { url, secret },
          { url, secret },
        ],
        /`webhooks\[1\].url` must be another one/,
      ],
    ]
    for (const [webhooks, wanted] of refusals) {
      expect(await refusedOptions({ webhooks: webhooks as InvitesOptions['webhooks'] })).to.match(wanted)
    }
    const apps = { clinic: { webhooks: { url: 'nowhere', secret } } }
    expect(await refusedOptions({ apps })).to.match(/`apps.clinic.webhooks.url` must be/)
  })

  it('warn of an endpoint that is reached by plain http, and of one that fails, without its URL', async () => {
    const warnings: (Error & { code?: string })[] = []
    const hear = (warning: Error) => warnings.push(warning)
    process.on('warning', hear)
    afterThis(() => process.off('warning', hear))
    const { host, receiver } = await openHook()
    receiver.answer = { status: 500 }
    await host.invites.send({})
    await host.invites.deliver()
    await openHost({ invites: { webhooks: { url: 'http://hook.internal/token', secret } } })
    await new Promise(setImmediate)
    const ours = warnings.filter(({ code }) => /WEBHOOK/.test(code ?? ''))
    expect(ours.map(({ code }) => code)).to.deep.equal(['INVITE_WEBHOOK_FAILED', 'INVITE_INSECURE_WEBHOOK'])
    expect(ours.map(({ message }) => message).join()).not.to.match(/127\.0\.0\.1|hook\.internal|token/)
  })
})
