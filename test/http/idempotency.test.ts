// `Idempotency-Key`: a request that is sent again is carried out once, whatever became of the first answer.
import { expect } from 'chai'
import type request from 'supertest'
import type { Actor } from '../../src/index.js'
import type { InviteStore } from '../../src/store.js'
import { DAY, type Host, type HostOptions, MINUTE, manager, openHost, SECRET, sendInvite } from '../support/host.js'
import type { Rows } from '../support/host-database.js'
import { startSmtp } from '../support/smtp.js'

const NEW_SECRET = 'another secret of the tests, as long as that one'
const ADA = { email: 'ada@example.com', role: 'nurse' }

const keyed = (test: request.Test, key = 'key-1') => test.set('Idempotency-Key', key)

function create(host: Pick<Host, 'manage'>, body: object = ADA, key = 'key-1', appId = 'default'): request.Test {
  return keyed(host.manage.post(`${appId}/invite`, body), key)
}

function resend(host: Host, inviteId: string, body: object = {}, key = 'key-1'): request.Test {
  return keyed(host.manage.post(`default/invite/${inviteId}/resend`, body), key)
}

/** Fails unless `again` is `first`, told once more. */
function expectReplay(again: request.Response, first: request.Response): void {
  expect(first.get('Idempotency-Replayed')).to.equal(undefined)
  expect(again.get('Idempotency-Replayed')).to.equal('true')
  expect([again.status, again.text, again.get('Location')]).to.deep.equal([
    first.status,
    first.text,
    first.get('Location'),
  ])
}

function expectConflict(res: request.Response, status: 409 | 422): void {
  expect([res.status, res.type, res.body.code]).to.deep.equal([
    status,
    'application/problem+json',
    'idempotency_conflict',
  ])
  expect(res.get('Retry-After')).to.equal(status === 409 ? '1' : undefined)
}

const invitesOf = async (host: Host) =>
  (await host.invites.list({ status: 'pending,accepted,expired,revoked', limit: 100 })).items

/** All of a table, as an attacker with a copy of the file would read it. */
async function rowsOf(host: Host, table: string): Promise<Rows> {
  return (await host.database.tables())[`invite_only_${table}`] ?? []
}

/** A host that mails, to a server that remembers. */
async function openMailing(options: HostOptions = {}) {
  const smtp = await startSmtp()
  const host = await openHost({ ...options, invites: { ...options.invites, mailer: smtp.mailer } })
  const mails = async () => {
    await host.invites.deliver()
    return smtp.received.length
  }
  return { host, mails }
}

/** The store of `file`, of which one method fails so long as `fail` says so. */
function failing(
  store: InviteStore,
  method: 'endKeyedRequest' | 'createInvite' | 'changeInvite',
  when: 'before' | 'after',
) {
  const broken = { fail: true }
  const own = store[method] as (...args: unknown[]) => Promise<unknown>
  const failingStore = {
    ...store,
    async [method](...args: unknown[]) {
      if (!broken.fail) return own(...args)
      if (when === 'after') await own(...args)
      throw new Error('the database has gone')
    },
  } as InviteStore
  return { store: failingStore, broken }
}

describe('Idempotency-Key', () => {
  it('R-38 answers a create that is sent again as the first time, and mails once', async () => {
    const { host, mails } = await openMailing()
    const first = await create(host).expect(201)
    expect(await mails()).to.equal(1)
    host.clock.advance(DAY - 1)
    const again = await create(host)
    expectReplay(again, first)
    expect(again.body.inviteCode).to.be.a('string')
    expect(again.get('Location')).to.equal(`https://acme.dev/invites/app/default/invite/${first.body.inviteId}`)
    expect(await mails()).to.equal(1)
    expect(await invitesOf(host)).to.have.length(1)
  })

  it('R-38 answers a resend that is sent again as the first time: one mail, one new code', async () => {
    const { host, mails } = await openMailing()
    const { inviteId, inviteCode } = await sendInvite(host, ADA)
    expect(await mails()).to.equal(1)
    const first = await resend(host, inviteId, { rotate: true }).expect(200)
    expect(await mails()).to.equal(2)
    expect(first.body.inviteCode).not.to.equal(inviteCode)
    expectReplay(await resend(host, inviteId, { rotate: true }), first)
    expect(await mails()).to.equal(2)
    expect((await host.invites.retrieve(inviteId)).inviteCode).to.equal(first.body.inviteCode)
  })

  it('R-38 takes members in any order for the same body, and no body for an empty one', async () => {
    const host = await openHost()
    const first = await create(host, { role: 'nurse', metadata: { a: [1, { x: 1, y: 2 }], b: null }, maxUses: 3 })
    const shuffled = { maxUses: 3, metadata: { b: null, a: [1, { y: 2, x: 1 }] }, role: 'nurse' }
    expectReplay(await create(host, shuffled), first)
    const { inviteId } = first.body
    const bare = await keyed(host.manage.post(`default/invite/${inviteId}/resend`)).expect(200)
    expectReplay(await resend(host, inviteId), bare)
  })

  it('carries out each request without the header, as ever', async () => {
    const host = await openHost()
    for (let n = 0; n < 2; n++) {
      const res = await host.manage.post('default/invite', {}).expect(201)
      expect(res.get('Idempotency-Replayed')).to.equal(undefined)
    }
    expect(await invitesOf(host)).to.have.length(2)
    expect(await rowsOf(host, 'keyed_requests')).to.deep.equal([])
  })

  it('R-38 refuses the key of another request with 422, and changes nothing', async () => {
    const { host, mails } = await openMailing()
    const first = await create(host).expect(201)
    const others = [
      {},
      { ...ADA, role: 'doctor' },
      { ...ADA, message: 'hi' },
      { email: 'eve@example.com' },
      { emial: '' },
    ]
    for (const body of others) expectConflict(await create(host, body), 422)
    expectConflict(await create(host).query({ used: 'false' }), 422)
    expectReplay(await create(host), first)
    await resend(host, first.body.inviteId).expect(200)
    expectConflict(await resend(host, first.body.inviteId, { rotate: true }), 422)
    expect(await mails()).to.equal(1) // the resend took the place of the mail that waited
    expect(await invitesOf(host)).to.have.length(1)
  })

  it('R-38 keeps the keys of two actors, accesses, apps, routes and invites apart', async () => {
    const host = await openHost({ invites: { apps: { default: {}, school: {} } } })
    const first = await create(host, {}).expect(201)
    const others = [
      await create({ manage: manager(host.app, 'supervisor:other') }, {}),
      await create(host, {}, 'key-1', 'school'),
      await create(host, {}, 'key-2'),
    ]
    for (const res of others) {
      expect([res.status, res.get('Idempotency-Replayed')]).to.deep.equal([201, undefined])
      expect(res.body.inviteId).not.to.equal(first.body.inviteId)
    }
    for (const { body } of [first, others[2]].flatMap((res) => res ?? [])) {
      const res = await resend(host, body.inviteId).expect(200)
      expect(res.body.inviteId).to.equal(body.inviteId)
      expect(res.get('Idempotency-Replayed')).to.equal(undefined)
    }
    const demoted = { manage: manager(host.app, 'member:boss') } // the supervisor's own id
    expect((await create(demoted, {})).body.code).to.equal('not_allowed')
    expectReplay(await create(host, {}), first)
  })

  it('R-38 asks `authorize` before it answers again', async () => {
    const host = await openHost()
    await create(host).expect(201)
    const stranger = await create({ manage: manager(host.app, 'nobody') })
    expect([stranger.status, stranger.body.inviteCode]).to.deep.equal([401, undefined])
  })

  it('R-38 keeps no failure: what was refused is judged anew, also with another body', async () => {
    const { host, mails } = await openMailing()
    const invalid = await create(host, { email: 'ada' })
    expect([invalid.status, invalid.body.code]).to.deep.equal([400, 'input_invalid'])
    const first = await create(host).expect(201)
    expectReplay(await create(host), first)

    const exists = () => create(host, ADA, 'key-2')
    for (let n = 0; n < 2; n++) expect((await exists()).body.code).to.equal('invite_exists')
    await host.invites.revoke(first.body.inviteId)
    const second = await exists().expect(201)
    expectReplay(await exists(), second)
    expect((await resend(host, 'nothing')).status).to.equal(404)
    expect(await mails()).to.equal(1) // revoking canceled the other
  })

  it('R-38 answers with the first answer also when the invite was revoked or used since', async () => {
    const host = await openHost()
    const revoked = await create(host).expect(201)
    await host.invites.revoke(revoked.body.inviteId)
    expectReplay(await create(host), revoked)
    const used = await create(host, {}, 'key-2').expect(201)
    await host.signup({ inviteCode: used.body.inviteCode }).expect(201)
    expectReplay(await create(host, {}, 'key-2'), used)
    expect((await invitesOf(host)).map(({ status }) => status)).to.have.members(['revoked', 'accepted'])
  })

  it('R-38 forgets a key after 24 hours, and clears what is forgotten', async () => {
    const host = await openHost()
    const first = await create(host, {}).expect(201)
    for (let n = 0; n < 5; n++) await create(host, {}, `other-${n}`).expect(201)
    host.clock.advance(DAY)
    const again = await create(host, {}).expect(201)
    expect(again.get('Idempotency-Replayed')).to.equal(undefined)
    expect(again.body.inviteId).not.to.equal(first.body.inviteId)
    expect(await rowsOf(host, 'keyed_requests')).to.have.length(1)
  })

  it('R-38 of 20 posts at once one makes an invite and a mail; the others hear of it, or to wait', async () => {
    const { host, mails } = await openMailing()
    const { host: twin, mails: mailsOfTwin } = await openMailing({ beside: host })
    const posts = Array.from({ length: 20 }, (_none, n) => create(n % 2 ? host : twin))
    const answers = await Promise.all(posts)
    const made = answers.filter(({ status }) => status === 201)
    expect(made.length).to.be.at.least(1)
    expect(made.filter((res) => res.get('Idempotency-Replayed') === undefined)).to.have.length(1)
    expect(new Set(made.map(({ text }) => text)).size).to.equal(1)
    for (const res of answers.filter((each) => !made.includes(each))) expectConflict(res, 409)
    expect(await invitesOf(host)).to.have.length(1)
    expect((await mails()) + (await mailsOfTwin())).to.equal(1)
  })

  it('R-38 answers 409 while the first is running, on every process', async () => {
    let asked = 0
    const host = await openHost({
      invites: {
        findInviter: async () => {
          expectConflict(await create(twin, body), 409)
          expectConflict(await create(host, body), 409)
          expectConflict(await create(twin), 422)
          asked++
          return { id: '7', access: 'supervisor' }
        },
      },
    })
    const twin = await openHost({ beside: host })
    const body = { ...ADA, inviterEmail: 'cy@example.com' }
    const first = await create(host, body).expect(201)
    expect(asked).to.equal(1)
    expectReplay(await create(twin, body), first)
  })

  describe('cut off between the change and the keeping of its answer', () => {
    const warnings: Error[] = []
    const hear = (warning: Error) => warnings.push(warning)
    before(() => process.on('warning', hear))
    after(() => process.off('warning', hear))

    it('R-38 makes the same invite again, once its lease ran out, and no other mail', async () => {
      const { store: own } = await openHost()
      const { store, broken } = failing(own, 'endKeyedRequest', 'before')
      const { host, mails } = await openMailing({ invites: { store } })
      const shared = await create(host, { maxUses: 2 }, 'key-2').expect(201)
      const first = await create(host).expect(201)
      expect(await mails()).to.equal(1)
      broken.fail = false
      expectConflict(await create(host), 409)
      host.clock.advance(MINUTE)
      const again = await create(host).expect(201)
      for (const field of ['inviteId', 'inviteCode', 'joinUrl', 'createdAt', 'expiresAt']) {
        expect(again.body[field]).to.equal(first.body[field])
      }
      expect(again.get('Location')).to.equal(first.get('Location'))
      expect(again.body.delivery.state).to.equal('sent')
      expectReplay(await create(host), again)
      expect((await create(host, { maxUses: 2 }, 'key-2')).body).to.deep.equal(shared.body)
      expect(await mails()).to.equal(1)
      expect(await invitesOf(host)).to.have.length(2)
      expect(warnings.map((warning) => Reflect.get(warning, 'code'))).to.include('INVITE_STORE_UNAVAILABLE')
    })

    it('R-38 resends once', async () => {
      const { store: own } = await openHost()
      const { store, broken } = failing(own, 'endKeyedRequest', 'before')
      const { host, mails } = await openMailing({ invites: { store } })
      const { inviteId } = await sendInvite(host, ADA)
      expect(await mails()).to.equal(1)
      const first = await resend(host, inviteId, { rotate: true }).expect(200)
      expect(await mails()).to.equal(2)
      broken.fail = false
      host.clock.advance(MINUTE)
      const again = await resend(host, inviteId, { rotate: true }).expect(200)
      expect(again.body.inviteCode).to.equal(first.body.inviteCode)
      expect(again.body.expiresAt).to.equal(first.body.expiresAt)
      expect(await mails()).to.equal(2)
    })

    it('R-38 makes the same invite also where carrying it out again is refused for a while', async () => {
      const { store: own } = await openHost()
      const { store, broken } = failing(own, 'endKeyedRequest', 'before')
      let inviter: Actor | null = { id: '7', access: 'supervisor' }
      const host = await openHost({ invites: { store, findInviter: () => inviter } })
      const body = { maxUses: 2, inviterEmail: 'cy@example.com' }
      const first = await create(host, body).expect(201)
      broken.fail = false
      host.clock.advance(MINUTE)
      inviter = null
      expect((await create(host, body)).status).to.equal(400)
      host.clock.advance(1)
      inviter = { id: '7', access: 'supervisor' }
      expect((await create(host, body).expect(201)).body.inviteId).to.equal(first.body.inviteId)
      expect(await invitesOf(host)).to.have.length(1)
    })

    for (const when of ['before', 'after'] as const) {
      it(`R-38 may be sent again at once where the store failed, ${when} its commit`, async () => {
        const { store: own } = await openHost()
        const { store, broken } = failing(own, 'createInvite', when)
        const { host, mails } = await openMailing({ invites: { store } })
        for (const body of [ADA, { maxUses: 2 }]) {
          broken.fail = true
          expect((await create(host, body, JSON.stringify(body))).status).to.equal(503)
          broken.fail = false
          host.clock.advance(1)
          await create(host, body, JSON.stringify(body)).expect(201)
        }
        expect(await mails()).to.equal(1)
        expect(await invitesOf(host)).to.have.length(2)
      })
    }
  })

  it('R-38 holds while `secret` is rotated, in old and new processes', async () => {
    const host = await openHost()
    const rotated = await openHost({ beside: host, invites: { secret: [NEW_SECRET, SECRET] } })
    const old = await create(host, {}).expect(201)
    expectReplay(await create(rotated, {}), old)
    expectConflict(await create(rotated, { maxUses: 2 }), 422)
    const fresh = await create(rotated, {}, 'key-2').expect(201)
    expectReplay(await create(rotated, {}, 'key-2'), fresh)
    const unreadable = await create(host, {}, 'key-2') // sealed under a secret that this one does not have
    expect([unreadable.status, unreadable.body.code]).to.deep.equal([409, 'idempotency_conflict'])
    expect(await invitesOf(host)).to.have.length(2)
  })

  it('refuses a key that is none, naming the header, and changes nothing', async () => {
    const host = await openHost()
    for (const key of ['', 'two words', 'x'.repeat(256), 'schlüssel', 'tab\there']) {
      const res = await create(host, {}, key)
      expect([res.status, res.body.code], key).to.deep.equal([400, 'input_invalid'])
      expect(res.body.detail).to.contain('Idempotency-Key')
    }
    expect(await invitesOf(host)).to.deep.equal([])
    for (const key of ['x', 'x'.repeat(255), '"8e03978e-40d5-43dd-bc93-6894a57f9324"', '!~']) {
      const first = await create(host, {}, key)
      expectReplay(await create(host, {}, key), first)
    }
  })

  it('refuses a body that is nested without end, and takes with a key what it takes without', async () => {
    const host = await openHost()
    const nested = (depth: number) =>
      `{ "metadata": { "a": ${'['.repeat(depth)}${']'.repeat(depth)} } }` as unknown as object // sent as it is
    for (const post of [host.manage.post('default/invite', nested(20_000)), create(host, nested(20_000))]) {
      const res = await post.type('json')
      expect([res.status, res.body.code]).to.deep.equal([400, 'input_invalid'])
    }
    const first = await create(host, nested(2000)).type('json').expect(201)
    expectReplay(await create(host, nested(2000)).type('json'), first)
  })

  it('R-39 keeps nothing that can be read: no address, no name, no key', async () => {
    const host = await openHost()
    await create(host, { ...ADA, message: 'Welcome, Ada!' }, 'invite-ada@example.com').expect(201)
    const [row, ...rest] = await rowsOf(host, 'keyed_requests')
    expect(rest).to.deep.equal([])
    expect(row?.answer).to.match(/^1\.[\w-]+$/)
    for (const column of ['id', 'fingerprint']) expect(row?.[column]).to.match(/^[\w-]{43}$/)
    // With letters that no digest has, which could spell a name by chance.
    expect(JSON.stringify(row)).not.to.match(/ada@|boss@|Bo Boss|Welcome, |invite-ada/)
  })
})
