// What `invites.events` tells, how often, and that nobody who listens can do harm.
import { once } from 'node:events'
import Sqlite from 'better-sqlite3'
import { expect } from 'chai'
import request from 'supertest'
import type { InviteEvents } from '../src/index.js'
import { afterThis } from './support/cleanup.js'
import { DAY, type Host, openHost, refusal, sendInvite } from './support/host.js'
import { itOnSqlite } from './support/host-database.js'
import { startSmtp } from './support/smtp.js'

const eventNames = ['created', 'sent', 'failed', 'opened', 'accepted', 'revoked'] as const

/** Everything that an install tells from now on. */
function listen({ invites: { events } }: Host) {
  const told: unknown[] = []
  const names: string[] = []
  const failures: InviteEvents['failed'][0][] = []
  for (const name of eventNames) {
    events.on(name, (event: unknown) => {
      names.push(name)
      told.push(event)
    })
  }
  events.on('failed', (event) => failures.push(event))
  return { names, told, failures, text: () => JSON.stringify(told) }
}

describe('invites.events', () => {
  it('tells created, sent and accepted once each', async () => {
    const smtp = await startSmtp()
    const host = await openHost({ invites: { mailer: smtp.mailer } })
    const { told, names } = listen(host)
    const created = await host.manage.post('default/invite', { email: 'ada@example.com', role: 'nurse' }).expect(201)
    const { inviteId, inviteCode, joinUrl, ...rest } = created.body
    expect(told).to.deep.equal([{ invite: { inviteId, ...rest } }])

    await host.invites.deliver()
    await host.invites.deliver()
    expect(names).to.deep.equal(['created', 'sent'])
    const delivery = { state: 'sent', attempts: 1, lastError: null, sentAt: '2026-11-21T09:00:00.000Z' }
    expect(told[1]).to.deep.equal({ invite: { inviteId, ...rest, delivery } })

    await host.signup({ inviteCode, email: 'ada@example.com' }).expect(201)
    expect(names).to.deep.equal(['created', 'sent', 'accepted'])
    const [acceptance] = (await host.invites.acceptances()).items
    expect(told[2]).to.deep.equal({ acceptance })
    expect(acceptance).to.include({ inviteId, role: 'nurse', email: 'ada@example.com' })
    expect(joinUrl).to.be.a('string')
  })

  it('tells opened where a signup page asks about an invite that lets somebody in, and of no other code', async () => {
    const host = await openHost()
    const { names, told, text } = listen(host)
    const { inviteId, inviteCode } = await sendInvite(host, { email: 'ada@example.com' })
    await request(host.app).get(`/invites/app/default/join/${inviteCode}`).expect(302)
    expect(names).to.deep.equal(['created']) // a mail scanner follows links too
    const check = (code: unknown) =>
      request(host.app).post('/invites/app/default/invite/check').send({ inviteCode: code })
    await check(inviteCode).expect(200)
    await check('wrong').expect(404)
    expect(names).to.deep.equal(['created', 'opened'])
    expect(told[1]).to.deep.equal({ appId: 'default', inviteId })
    await host.invites.revoke(inviteId)
    await check(inviteCode).expect(404)
    expect(names).to.deep.equal(['created', 'opened', 'revoked'])
    expect(text()).not.to.include(inviteCode)
  })

  it('tells failed for every try, and which was the last', async () => {
    const smtp = await startSmtp()
    const host = await openHost({ invites: { mailer: smtp.mailer } })
    const { names, failures } = listen(host)
    const { inviteId } = await sendInvite(host, { email: 'ada@example.com' })
    smtp.refuse = { code: 451, message: 'Busy' }
    await host.invites.deliver()
    smtp.refuse = { code: 550, message: 'Unknown' }
    host.clock.advance(DAY)
    await host.invites.deliver()
    host.clock.advance(DAY)
    await host.invites.deliver()
    expect(names).to.deep.equal(['created', 'failed', 'failed'])
    const [first, second] = failures
    expect(first).to.include({ final: false })
    expect(first?.error).to.include('Busy')
    expect(first?.invite).to.deep.include({ inviteId, status: 'pending' })
    expect(first?.invite.delivery).to.include({ state: 'queued', attempts: 1 })
    expect(second).to.include({ final: true })
    expect(second?.error).to.include('Unknown')
    expect(second?.invite.delivery).to.include({ state: 'failed', attempts: 2 })
  })

  it('tells revoked once, however often it is revoked', async () => {
    const host = await openHost()
    const { inviteId } = await sendInvite(host, { email: 'ada@example.com' })
    const { told, names } = listen(host)
    await host.manage.delete(`default/invite/${inviteId}`).expect(200)
    await host.manage.delete(`default/invite/${inviteId}`).expect(200)
    await host.invites.revoke(inviteId)
    expect(names).to.deep.equal(['revoked'])
    expect(told[0]).to.have.property('invite').that.includes({ inviteId, status: 'revoked' })
  })

  it('tells revoked once where several revoke at the same time', async () => {
    const host = await openHost()
    const { inviteId } = await sendInvite(host, { email: 'ada@example.com' })
    const { names } = listen(host)
    await Promise.all([1, 2, 3].map(() => host.invites.revoke(inviteId)))
    expect(names).to.deep.equal(['revoked'])
  })

  it('tells accepted once where the same acceptance is repeated', async () => {
    const host = await openHost()
    const { inviteCode } = await sendInvite(host)
    const { names, told } = listen(host)
    const claim = await host.invites.claim({ inviteCode })
    await claim.accept({ userId: 7 })
    await claim.accept({ userId: 7 })
    await host.invites.accept(claim, { userId: '7' })
    await claim.release()
    expect(names).to.deep.equal(['accepted'])
    expect(told[0]).to.have.property('acceptance').that.includes({ userId: '7' })
  })

  itOnSqlite(
    "tells accepted once the host's own transaction is committed, and never where it is rolled back",
    async () => {
      let fails = true
      const host: Host = await openHost({
        signup: (req, res) => {
          const db = new Sqlite(host.database.file)
          afterThis(() => db.close())
          try {
            db.transaction(() => {
              req.invite?.acceptSync({ userId: '7', trx: db })
              if (fails) throw new Error('no user row')
            })()
            res.status(201).end()
          } catch {
            res.status(500).end()
          }
        },
      })
      const { inviteCode } = await sendInvite(host)
      const { names } = listen(host)
      await host.signup({ inviteCode }).expect(500)
      expect(names).to.deep.equal([])
      fails = false
      await host.signup({ inviteCode }).expect(201)
      expect(names).to.deep.equal(['accepted'])
    },
  )

  it('tells nothing of what did not happen', async () => {
    const smtp = await startSmtp()
    const host = await openHost({ invites: { mailer: smtp.mailer } })
    const used = await sendInvite(host)
    await host.signup({ inviteCode: used.inviteCode }).expect(201)
    const ada = await sendInvite(host, { email: 'ada@example.com' })
    const { names } = listen(host)

    expect(await refusal(host.invites.send({ email: 'ada@example.com' }))).to.equal('invite_exists')
    expect(await refusal(host.invites.send({ email: 'no address' }))).to.equal('input_invalid')
    await host.invites.revoke(used.inviteId)
    expect(await refusal(host.invites.revoke('nonesuch'))).to.equal('invite_not_found')
    await host.signup({ inviteCode: ada.inviteCode, email: 'eve@example.com' }).expect(403)
    const claim = await host.invites.claim({ inviteCode: ada.inviteCode, email: 'ada@example.com' })
    await claim.release()
    await host.invites.resend(ada.inviteId)
    host.clock.advance(8 * DAY)
    await host.invites.deliver() // both mails: overtaken
    expect(names).to.deep.equal([])
    expect(smtp.received).to.deep.equal([])
  })

  it('R-19 tells no code, no proof and no link', async () => {
    const smtp = await startSmtp()
    const host = await openHost({ invites: { mailer: smtp.mailer } })
    const { names, text } = listen(host)
    const secrets: string[] = []
    const keep = (inviteCode: string) => secrets.push(inviteCode, inviteCode.replaceAll('-', ''))

    const ada = await sendInvite(host, { email: 'ada@example.com' })
    keep(ada.inviteCode)
    await host.invites.deliver()
    const token = /join\/(\S+)/.exec(smtp.received[0]?.mail.text ?? '')?.[1] ?? ''
    const [, proof = ''] = token.split('.')
    expect(proof).to.have.length.above(40)
    secrets.push(proof)
    smtp.refuse = { code: 550, message: `Refused for ${token}` }
    keep((await host.invites.resend(ada.inviteId)).inviteCode ?? '')
    await host.invites.deliver()
    await host.signup({ inviteCode: ada.inviteCode, email: 'ada@example.com' }).expect(201)
    const bob = await sendInvite(host, { email: 'bob@example.com' })
    keep(bob.inviteCode)
    await host.invites.revoke(bob.inviteId)

    expect(names).to.deep.equal(['created', 'sent', 'failed', 'accepted', 'created', 'revoked'])
    for (const secret of secrets) expect(text()).not.to.include(secret)
    expect(text()).not.to.match(/joinUrl|inviteCode|codeHash|codeSealed|proof|\/join\//i)
  })

  describe('does no harm where a listener', () => {
    const harmful: Readonly<Record<string, () => unknown>> = {
      throws: () => {
        throw new Error('a listener of the tests')
      },
      'throws nothing in particular': () => {
        throw undefined
      },
      rejects: () => Promise.reject(new Error('a listener of the tests')),
      'never ends': () => new Promise(() => undefined),
    }
    for (const [name, listener] of Object.entries(harmful)) {
      it(name, async () => {
        const smtp = await startSmtp()
        const host = await openHost({ invites: { mailer: smtp.mailer } })
        for (const each of eventNames) host.invites.events.on(each, listener)
        const after = listen(host)
        const warned = name === 'never ends' ? undefined : once(process, 'warning')

        const created = await host.manage.post('default/invite', { email: 'ada@example.com' })
        expect(created.status).to.equal(201)
        expect(await host.invites.deliver()).to.equal(1)
        expect((await host.invites.retrieve(created.body.inviteId)).delivery.state).to.equal('sent')
        const res = await host.signup({ inviteCode: created.body.inviteCode, email: 'ada@example.com' })
        expect(res.status).to.equal(201)
        const bob = await sendInvite(host, { email: 'bob@example.com' })
        smtp.refuse = { code: 550, message: 'No' }
        expect(await host.invites.deliver()).to.equal(1)
        await host.manage.delete(`default/invite/${bob.inviteId}`).expect(200)

        // Those who listen behind it are told all the same, and the operator of the failure.
        expect(after.names).to.deep.equal(['created', 'sent', 'accepted', 'created', 'failed', 'revoked'])
        expect(host.errors).to.deep.equal([])
        if (warned) expect(((await warned) as [{ code: string }])[0].code).to.equal('INVITE_LISTENER_FAILED')
      })
    }

    it('listens only once', async () => {
      const host = await openHost()
      let calls = 0
      host.invites.events.once('created', () => {
        calls += 1
        throw new Error('a listener of the tests')
      })
      await sendInvite(host)
      await sendInvite(host)
      expect(calls).to.equal(1)
    })
  })

  it('tells whom `claim` refused, as it does of every door', async () => {
    const { invites } = await openHost()
    const refused: unknown[] = []
    invites.events.on('refused', (event) => refused.push(event))
    expect(await refusal(invites.claim({ inviteCode: 'wrong' }))).to.equal('invite_invalid')
    expect(await refusal(invites.claim({ inviteCode: 'wrong' }, { appId: 'none' }))).to.equal('invite_not_found')
    expect(refused).to.deep.equal([{ appId: 'default', code: 'invite_invalid' }])
  })
})
