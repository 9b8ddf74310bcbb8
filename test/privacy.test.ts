// What is held on a person, and forgetting it: as a host asks for it.
import { readFileSync } from 'node:fs'
import Sqlite from 'better-sqlite3'
import { expect } from 'chai'
import request from 'supertest'
import { DAY, openHost, refusal, sendInvite } from './support/host.js'
import { itOnSqlite } from './support/host-database.js'
import { startSmtp } from './support/smtp.js'

const ADA = 'Ada.Lovelace@example.com'

async function openFull() {
  const smtp = await startSmtp()
  const findInviter = () => ({ id: 'ada', email: ADA, name: 'Ada Lovelace', access: 'supervisor' as const })
  const host = await openHost({
    invites: { mailer: smtp.mailer, findInviter, limits: { mails: { perRecipient: { limit: 9, windowMs: DAY } } } },
  })
  const used = await sendInvite(host, { email: ADA, message: 'Dear Ada Lovelace', metadata: { name: 'Ada Lovelace' } })
  await host.invites.deliver()
  await host.signup({ email: ADA, inviteCode: used.inviteCode }).expect(201)
  const path = /^List-Unsubscribe:\s+<https:\/\/acme\.dev(\S+)>/m.exec(smtp.received[0]?.raw ?? '')?.[1] ?? ''
  const link = await sendInvite(host, { maxUses: 5, oncePerPerson: true })
  await host.signup({ email: 'ada.lovelace@EXAMPLE.com', inviteCode: link.inviteCode }).expect(201)
  const pending = await sendInvite(host, { email: ADA })
  smtp.refuse = { code: 451, message: `<${ADA}> is over quota` }
  await host.invites.deliver()
  await sendInvite(host, { email: 'bob@example.com', inviterEmail: ADA, sendEmail: false })
  await host.manage
    .post('default/invite', { email: 'ada.lovelace@example.com', orgId: 'org' })
    .set('Idempotency-Key', 'key')
    .expect(201)
  return { host, path, pending }
}

describe('privacy', () => {
  it('R-39 tells what is held on an address', async () => {
    const { host } = await openFull()
    const data = await host.invites.export({ email: 'ada.lovelace@example.com' })
    expect(data).to.deep.include({ email: 'ada.lovelace@example.com', sent: 1, noMoreMail: false })
    expect(data.invites.map(({ status, message }) => [status, message])).to.have.deep.members([
      ['accepted', 'Dear Ada Lovelace'],
      ['pending', null],
      ['pending', null],
    ])
    expect(data.acceptances).to.have.length(2)
    expect(JSON.stringify(data)).not.to.match(/inviteCode|joinUrl|\w{4}(-\w{4}){6}/)
  })

  it('R-39 forgets an address so that a dump holds no trace of it, and the counts stay', async () => {
    const { host, pending } = await openFull()
    const counts = async () => {
      const tables = await host.database.tables()
      return Object.fromEntries(Object.entries(tables).map(([name, rows]) => [name, rows.length]))
    }
    const before = await counts()
    expect(JSON.stringify(await host.database.tables())).to.match(/lovelace/i)
    expect(await host.invites.forget({ email: ADA })).to.deep.equal({
      invites: 3,
      acceptances: 2,
      sent: 1,
      requests: 0,
    })
    expect(JSON.stringify(await host.database.tables())).not.to.match(/lovelace/i)
    const logged = { invite_only_log: (before.invite_only_log ?? 0) + 1 } // that somebody was forgotten
    expect(await counts()).to.deep.equal({ ...before, ...logged })
    expect((await host.invites.list({ status: 'accepted' })).items).to.have.length(1)
    expect((await host.invites.acceptances()).items.map(({ email, userId }) => [email, userId])).to.deep.equal([
      [null, null],
      [null, null],
    ])
    expect((await host.signup({ email: ADA, inviteCode: pending.inviteCode })).body.code).to.equal('invite_invalid')
    expect(await host.invites.forget({ email: ADA })).to.deep.equal({
      invites: 0,
      acceptances: 0,
      sent: 0,
      requests: 0,
    })
    expect((await host.invites.export({ email: ADA })).invites).to.deep.equal([])
    await host.manage.post('default/invite', { email: ADA }).expect(201)
  })

  itOnSqlite('R-39 leaves nothing in the bytes of a SQLite file either, once that is vacuumed', async () => {
    const { host } = await openFull()
    expect(readFileSync(host.database.file, 'latin1')).to.match(/lovelace/i)
    await host.invites.forget({ email: ADA })
    const db = new Sqlite(host.database.file)
    db.exec('vacuum')
    db.pragma('wal_checkpoint(truncate)')
    db.close()
    expect(readFileSync(host.database.file, 'latin1')).not.to.match(/lovelace/i)
  })

  it('R-30 remembers that somebody who is forgotten wants no mail', async () => {
    const { host, path } = await openFull()
    await request(host.app).post(path).expect(200)
    await host.invites.forget({ email: ADA })
    expect((await host.invites.export({ email: ADA })).noMoreMail).to.equal(true)
    const actors = async (action: 'mail.refuse' | 'person.forget') =>
      (await host.invites.audit({ action })).items.map(({ actor }) => actor)
    expect(await actors('mail.refuse')).to.deep.equal([{ kind: 'invitee', id: null }])
    expect(await actors('person.forget')).to.deep.equal([{ kind: 'code', id: null }])
  })

  it('R-39 forgets those who joined long ago, where it is asked to', async () => {
    const { host } = await openFull()
    host.clock.advance(30 * DAY)
    expect(await host.invites.prune()).not.to.have.property('addresses')
    host.clock.advance(1)
    expect(await host.invites.prune({ forgetAfterMs: 30 * DAY })).to.include({ addresses: 2 })
    expect((await host.invites.acceptances()).items.map(({ email }) => email)).to.deep.equal([null, null])
    expect(JSON.stringify((await host.invites.list({ status: 'accepted' })).items)).not.to.match(/lovelace/i)
    const error = await host.invites.prune({ forgetAfterMs: 1 }).catch((thrown: unknown) => thrown)
    expect(String(error)).to.include('`forgetAfterMs` must be')
  })

  it('R-39 tells of a request for access, and removes it with its mail', async () => {
    const mailer = { sendMail: async () => undefined }
    const requestQuestions = { plan: { label: 'Which plan?' } }
    const host = await openHost({ invites: { mode: 'waitlist', mailer, appName: 'Acme', requestQuestions } })
    await host.invites.requestAccess({ email: ADA, answers: { plan: 'paid' }, locale: 'de' })
    const { requests } = await host.invites.export({ email: 'ada.lovelace@example.com' })
    expect(requests).to.have.length(1)
    expect(requests[0]).to.deep.include({ appId: 'default', answers: { plan: 'paid' }, locale: 'de', verifiedAt: null })
    expect(await host.invites.forget({ email: ADA })).to.include({ requests: 1 })
    const tables = await host.database.tables()
    expect([tables.invite_only_access_requests, tables.invite_only_deliveries]).to.deep.equal([[], []])
  })

  it('is for supervisors, and for one app where that is named', async () => {
    const host = await openHost({ invites: { apps: { clinic: {}, school: {} } }, gate: { appId: 'clinic' } })
    for (const appId of ['clinic', 'school']) await sendInvite(host, { email: ADA }, appId)
    const member = { actor: { id: 'ann', access: 'member' as const } }
    expect(await refusal(host.invites.forget({ email: ADA }, member))).to.equal('not_allowed')
    expect(await refusal(host.invites.export({ email: ADA }, member))).to.equal('not_allowed')
    expect(await refusal(host.invites.forget({ email: 'ada' }))).to.equal('input_invalid')
    expect((await host.invites.export({ email: ADA })).invites).to.have.length(2)
    expect(await host.invites.forget({ email: ADA }, { appId: 'school' })).to.include({ invites: 1 })
    expect((await host.invites.export({ email: ADA })).invites.map(({ appId }) => appId)).to.deep.equal(['clinic'])
  })
})
