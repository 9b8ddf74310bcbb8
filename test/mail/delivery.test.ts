// The invite mail on its way: what is sent, to whom, when again, and what becomes of it. Through a real SMTP server.
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import Sqlite from 'better-sqlite3'
import { expect } from 'chai'
import { createTransport, type Transporter } from 'nodemailer'
import request from 'supertest'
import { sqliteStore } from '../../adapters/sqlite.js'
import type { Actor, Delivery, Invites, InvitesOptions, MailMessage } from '../../src/index.js'
import type { InviteStore } from '../../src/store.js'
import { afterThis, temporaryFolder } from '../support/cleanup.js'
import { DAY, type Host, MINUTE, manager, openHost, refusal, SECRET, sendInvite } from '../support/host.js'
import { itOnSqlite } from '../support/host-database.js'
import { type Received, type Smtp, startSmtp } from '../support/smtp.js'

const SECOND = 1000
const LEASE = 90 * SECOND
const BACK_OFF = [30 * SECOND, 2 * MINUTE, 10 * MINUTE, 60 * MINUTE, 240 * MINUTE, 720 * MINUTE]

const grace: Actor = { id: 'grace', email: 'grace@example.com', name: 'Grace Hopper', access: 'supervisor' }

interface MailHost {
  readonly host: Host
  readonly smtp: Smtp
}

async function openMailHost(invites: Partial<InvitesOptions> = {}): Promise<MailHost> {
  const smtp = await startSmtp()
  const host = await openHost({ invites: { mailer: pooled(smtp), appName: 'Acme', ...invites } })
  return { host, smtp }
}

/** Keeps its connections: smtp-server lets each new one wait for 100 ms. */
function pooled({ mailer }: Smtp): Transporter {
  const options: object = { ...mailer.options, pool: true }
  const pool = createTransport(options)
  afterThis(() => pool.close())
  return pool
}

/** Delivers what is due, and returns the newest mail. */
async function deliverOne({ host, smtp }: MailHost): Promise<Received> {
  const before = smtp.received.length
  await host.invites.deliver()
  const received = smtp.received[before]
  if (received === undefined) throw new Error('nothing was mailed')
  return received
}

/** The path of the mailed link, and what it carries. */
function mailedLink({ mail }: Received): { url: string; path: string; token: string; proof: string } {
  const url = /https:\S+\/join\/\S+/.exec(mail.text ?? '')?.[0] ?? ''
  const path = url === '' ? '' : new URL(url).pathname
  const token = decodeURIComponent(path.split('/').at(-1) ?? '')
  return { url, path, token, proof: token.split('.')[1] ?? '' }
}

/** Signs up as a browser that has followed `path`. */
async function signupThrough(host: Host, path: string, email: string) {
  const joined = await request(host.app).get(path).expect(302)
  const [cookie = ''] = joined.get('Set-Cookie') ?? []
  return await host.signup({ email }).set('Cookie', cookie.split(';')[0] ?? '')
}

/** The header lines of a raw mail, unfolded; a bare CR or LF ends a line too. */
function headerLines(raw: string): readonly string[] {
  const [head = ''] = raw.split(/\r\n\r\n|\n\n|\r\r/)
  return head.replace(/(?:\r\n|\r|\n)[ \t]+/g, ' ').split(/\r\n|\r|\n/)
}

async function deliveryOf(host: Host, inviteId: string): Promise<Delivery | undefined> {
  const { items } = await host.invites.list({ status: ['pending', 'accepted', 'expired', 'revoked'], limit: 100 })
  return items.find((invite) => invite.inviteId === inviteId)?.delivery
}

/** Something to wait for, and what ends the wait. */
function createGate() {
  const opening: (() => void)[] = []
  const opened = new Promise<void>((resolve) => opening.push(resolve))
  return { opened, open: () => opening[0]?.() }
}

/** A store whose process is killed, as it were, when it would record what became of a mail; once. */
function dyingOnce(store: InviteStore) {
  const death = createGate()
  let dead = false
  const dying: InviteStore = {
    ...store,
    finishDelivery(delivery, outcome) {
      if (dead) return store.finishDelivery(delivery, outcome)
      dead = true
      death.open()
      return Promise.reject(new Error('killed'))
    },
  }
  return { store: dying, died: death.opened }
}

async function turns(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await setImmediate()
}

describe('the invite mail', () => {
  describe('says', () => {
    it('who invites whom to what, with a link and a code, in HTML and in plain text', async () => {
      const { host, smtp } = await openMailHost({ findInviter: ({ email }) => (email === grace.email ? grace : null) })
      const invite = await sendInvite(host, {
        email: 'ada@example.com',
        inviterEmail: 'grace@example.com',
        message: 'Come and see\nwhat we made',
      })
      const received = await deliverOne({ host, smtp })
      const { mail } = received
      expect(mail.subject).to.equal('Grace Hopper invites you to Acme')
      expect(mail.from).to.deep.include({ name: 'Acme', address: 'hello@acme.dev' })
      expect(mail.to).to.have.length(1)
      const { url } = mailedLink(received)
      expect(mail.text).to.include('Grace Hopper (grace@example.com) invites you to Acme.')
      expect(mail.text).to.include('Come and see\nwhat we made')
      expect(mail.text).to.include(invite.inviteCode)
      expect(mail.text).to.include('ada@example.com')
      expect(mail.text).to.match(/valid until .*28.* UTC/)
      expect(mail.html).to.include('Grace Hopper invites you to Acme')
      expect(mail.html).to.include('Come and see\nwhat we made')
      expect(mail.html).to.include(`href="${url}"`)
      expect(mail.html).to.include(invite.inviteCode)
      expect(mail.html).to.match(/valid until .*28.* UTC/)
    })

    it('nothing of an inviter, a note or an end where there is none', async () => {
      const { host, smtp } = await openMailHost()
      await sendInvite(host, { email: 'ada@example.com', expiresInMs: null })
      const { mail } = await deliverOne({ host, smtp })
      expect(mail.subject).to.equal('You are invited to Acme')
      expect(mail.text).to.match(/^You are invited to Acme\.\s+Open this link/)
      for (const part of [mail.text, mail.html]) {
        expect(part).not.to.match(/valid until|undefined|null|""|\(\)/)
      }
    })

    it('the name of the actor who sends it', async () => {
      const { host, smtp } = await openMailHost()
      await manager(host.app, 'supervisor').post('default/invite', { email: 'ada@example.com' }).expect(201)
      expect((await deliverOne({ host, smtp })).mail.subject).to.equal('Bo Boss invites you to Acme')
    })

    it('that a machine sent it, so that no holiday answer comes back', async () => {
      const { host, smtp } = await openMailHost()
      await sendInvite(host, { email: 'ada@example.com' })
      expect(headerLines((await deliverOne({ host, smtp })).raw)).to.include('Auto-Submitted: auto-generated')
    })

    it('until when it is valid, in every language that `send` takes', async () => {
      const { host, smtp } = await openMailHost()
      const taken: string[] = []
      for (const locale of ['de', 'de-CH', 'zh-Hant-TW', 'xx', 'en-12', 'de-DE-DE', 'abc-00-00-00']) {
        const sending = host.invites.send({ email: `${locale}@example.com`, locale })
        const refused = await sending.then(
          () => undefined,
          ({ code }) => code,
        )
        if (refused === undefined) taken.push(`${locale}@example.com`)
        else expect(refused).to.equal('input_invalid')
      }
      await host.invites.deliver()
      expect(smtp.received.flatMap(({ recipients }) => recipients)).to.have.members(taken)
      for (const { mail } of smtp.received) expect(mail.text).to.include('2026')
    })

    it('nothing at all for a shareable invite, or where no mail was asked for', async () => {
      const { host, smtp } = await openMailHost()
      const shareable = await sendInvite(host)
      const quiet = await sendInvite(host, { email: 'ada@example.com', sendEmail: false })
      expect(await host.invites.deliver()).to.equal(0)
      expect(smtp.received).to.deep.equal([])
      for (const { delivery } of [shareable, quiet]) expect(delivery.state).to.equal('none')
    })
  })

  describe('carries a proof', () => {
    it('in its link alone: what is on the wire has the code only', async () => {
      const { host, smtp } = await openMailHost()
      const created = await host.manage.post('default/invite', { email: 'ada@example.com' }).expect(201)
      const { inviteId, inviteCode, joinUrl } = created.body
      const received = await deliverOne({ host, smtp })
      const { url, token, proof } = mailedLink(received)
      expect(url).to.match(/^https:\/\/acme\.dev\/invites\/app\/default\/join\//)
      expect(token).to.equal(`${inviteCode}.${proof}`)
      expect(proof).to.have.length.above(40)
      expect(joinUrl).to.equal(`https://acme.dev/invites/app/default/join/${inviteCode}`)

      const answers = [
        created,
        await host.manage.get(`default/invite/${inviteId}`),
        await host.manage.get('default/invite'),
        await host.manage.post(`default/invite/${inviteId}/resend`),
        await host.manage.get('default/acceptance'),
      ]
      for (const { text } of answers) expect(text).not.to.include(proof)
    })

    it('that makes a signup verified, as the link on the wire does not', async () => {
      const { host, smtp } = await openMailHost()
      await sendInvite(host, { email: 'ada@example.com' })
      const { path } = mailedLink(await deliverOne({ host, smtp }))
      const byMail = await signupThrough(host, path, 'ada@example.com')
      expect(byMail.status).to.equal(201)
      expect(byMail.body.emailVerified).to.equal(true)

      const { joinUrl } = await sendInvite(host, { email: 'eve@example.com' })
      const byHand = await signupThrough(host, new URL(joinUrl).pathname, 'eve@example.com')
      expect(byHand.status).to.equal(201)
      expect(byHand.body.emailVerified).to.equal(false)
    })

    it('that counts for its own invite, code and address only', async () => {
      const { host, smtp } = await openMailHost()
      const ada = await sendInvite(host, { email: 'ada@example.com' })
      const { proof } = mailedLink(await deliverOne({ host, smtp }))
      const eve = await sendInvite(host, { email: 'eve@example.com' })
      const swapped = await signupThrough(
        host,
        `/invites/app/default/join/${eve.inviteCode}.${proof}`,
        'eve@example.com',
      )
      expect(swapped.body.emailVerified).to.equal(false)

      const rotated = await host.invites.resend(ada.inviteId, { rotate: true })
      const stale = await signupThrough(
        host,
        `/invites/app/default/join/${rotated.inviteCode}.${proof}`,
        'ada@example.com',
      )
      expect(stale.body.emailVerified).to.equal(false)
    })

    it('that still counts after it is mailed again without a new code', async () => {
      const { host, smtp } = await openMailHost()
      const { inviteId } = await sendInvite(host, { email: 'ada@example.com' })
      const first = mailedLink(await deliverOne({ host, smtp }))
      await host.invites.resend(inviteId)
      const second = mailedLink(await deliverOne({ host, smtp }))
      expect(second.token).to.equal(first.token)
      const res = await signupThrough(host, first.path, 'ada@example.com')
      expect(res.body.emailVerified).to.equal(true)
    })
  })

  describe('goes to', () => {
    const addresses: readonly (readonly [given: string, envelope: string])[] = [
      ['Ada.Lovelace@Example.com', 'Ada.Lovelace@example.com'],
      ['ada+invites@example.com', 'ada+invites@example.com'],
      ['Ada@Bücher.Example', 'Ada@bücher.example'],
      ['Åsa.Öberg@example.com', 'Åsa.Öberg@example.com'],
      ["a{b}|c!#$%&'*+/=?^_`~-@example.com", "a{b}|c!#$%&'*+/=?^_`~-@example.com"],
    ]
    it('R-26 the address as it was given, and no other', async () => {
      const { host, smtp } = await openMailHost()
      for (const [given, envelope] of addresses) {
        smtp.received.length = 0
        const { inviteId } = await sendInvite(host, { email: given })
        await host.invites.deliver()
        await host.invites.resend(inviteId)
        await host.invites.deliver()
        expect(smtp.received.map(({ recipients }) => recipients)).to.deep.equal([[envelope], [envelope]])
      }
    })

    it('R-26 the first address where another spelling of it is invited or signs up', async () => {
      const { host, smtp } = await openMailHost()
      const { inviteId, inviteCode } = await sendInvite(host, { email: 'Ada.Lovelace@Example.com' })
      for (const email of ['ada.lovelace@example.com', 'ADA.LOVELACE@EXAMPLE.COM']) {
        expect(await refusal(host.invites.send({ email }))).to.equal('invite_exists')
      }
      const claim = await host.invites.claim({ inviteCode, email: 'aDA.lOVELACE@eXAMPLE.com' })
      await claim.release()
      await host.invites.resend(inviteId)
      await host.invites.deliver()
      expect(smtp.received.map(({ recipients }) => recipients)).to.deep.equal([['Ada.Lovelace@example.com']])
    })
  })

  describe('R-33 keeps one Subject and one recipient in the raw MIME', () => {
    const breaks: Readonly<Record<string, string>> = {
      CRLF: '\r\n',
      CR: '\r',
      LF: '\n',
      'two LF': '\n\n',
      NUL: '\0',
      'U+0085': '\u0085',
      'U+000B': '\u000b',
      'U+2028': '\u2028',
      'U+2029': '\u2029',
    }
    // Written by ours or a host's template into the Subject, where it could do most.
    const everything =
      '{{appName}} {{email}} {{inviterName}} {{inviterEmail}} {{role}} {{orgId}} {{message}} {{locale}} ' +
      '{{expiresAt}} {{metadata.note}} {{joinUrl}} {{noMoreUrl}} {{inviteCode}}\nX-Evil: 1\r\nBcc: eve@example.com'
    const list = ['List-Unsubscribe', 'List-Unsubscribe-Post']
    const ours = [
      ...list,
      'Auto-Submitted',
      'From',
      'To',
      'Subject',
      'Message-ID',
      'Date',
      'MIME-Version',
      'Content-Type',
    ]

    const emailOf = (name: string) => `${name.replaceAll(/\W/g, '')}@example.com`
    const valueWith = (lineBreak: string) => `x${lineBreak}Bcc: eve@example.com${lineBreak}Subject: evil`

    function expectInert(received: readonly Received[], emails: readonly string[]): void {
      expect(received.flatMap(({ recipients }) => recipients)).to.have.members(emails)
      for (const { raw, recipients } of received) {
        expect(recipients).to.have.length(1)
        const names = headerLines(raw).map((line) => line.split(':')[0])
        expect(names).to.have.members(ours)
        expect(headerLines(raw)).to.include(`To: ${recipients[0]}`)
      }
    }

    function folderWithEverything(): string {
      const templates = temporaryFolder()
      mkdirSync(join(templates, 'email'))
      writeFileSync(join(templates, 'email/invite.subject.hbs'), everything)
      return templates
    }

    for (const subject of ['our own', "a host's own"]) {
      it(`where the inviter's name and address and the metadata hold line breaks, with ${subject} subject`, async () => {
        let evil = ''
        const { host, smtp } = await openMailHost({
          templates: subject === 'our own' ? undefined : folderWithEverything(),
          findInviter: () => ({ ...grace, name: evil, email: evil }),
        })
        for (const [name, lineBreak] of Object.entries(breaks)) {
          evil = valueWith(lineBreak)
          const kept = evil.replaceAll('\0', '') // which is refused in metadata
          const metadata = { note: kept, [kept]: kept }
          await host.invites.send({ email: emailOf(name), inviterEmail: 'grace@example.com', metadata })
        }
        await host.invites.deliver()
        expectInert(smtp.received, Object.keys(breaks).map(emailOf))
      })
    }

    for (const field of ['role', 'orgId', 'message', 'locale', 'inviterEmail', 'email', 'emailDomain']) {
      it(`where ${field} holds line breaks: it is refused, or harmless`, async () => {
        const { host, smtp } = await openMailHost({ templates: folderWithEverything(), findInviter: () => grace })
        const taken: string[] = []
        for (const [name, lineBreak] of Object.entries(breaks)) {
          const email = emailOf(name)
          const evil = valueWith(lineBreak)
          const res = await host.manage.post('default/invite', {
            email,
            [field]: field === 'email' ? `${email}${evil}` : evil,
          })
          if (res.status === 201) taken.push(email)
          else expect(res.body.errors[0]).to.include({ pointer: `#/${field}` })
        }
        if (field !== 'message') expect(taken).to.deep.equal([])
        await host.invites.deliver()
        expectInert(smtp.received, taken)
      })
    }

    for (const [name, lineBreak] of Object.entries(breaks)) {
      it(`where appName or from holds ${name}: refused at start`, async () => {
        const mailer = { sendMail: async () => undefined }
        const inName = await openHost({ invites: { mailer, appName: valueWith(lineBreak) } }).catch((error) => error)
        expect(inName).to.be.instanceOf(TypeError).with.property('message').that.includes('appName')
        const from = `${valueWith(lineBreak)} <hello@acme.dev>`
        const inFrom = await openHost({ invites: { mailer, from } }).catch((error) => error)
        expect(inFrom).to.be.instanceOf(TypeError).with.property('message').that.includes('from')
      })
    }

    it('and keeps the lines of the personal note in the body', async () => {
      const { host, smtp } = await openMailHost()
      await host.invites.send({ email: 'ada@example.com', message: 'Hi,\r\nBcc: eve@example.com\n\nBo' })
      const { mail } = await deliverOne({ host, smtp })
      expectInert(smtp.received, ['ada@example.com'])
      expect(mail.text?.replaceAll('\r\n', '\n')).to.include('Hi,\nBcc: eve@example.com\n\nBo')
    })
  })
})

describe('the outbox', () => {
  describe('R-34 sends nothing for a create that', () => {
    it('was refused', async () => {
      const { host, smtp } = await openMailHost({ findInviter: () => null })
      await sendInvite(host, { email: 'ada@example.com' })
      await host.invites.deliver()
      expect(await refusal(host.invites.send({ email: 'ada@example.com' }))).to.equal('invite_exists')
      expect(await refusal(host.invites.send({ email: 'eve@example.com', maxUses: 2 }))).to.equal('input_invalid')
      expect(await refusal(host.invites.send({ email: 'eve@example.com', inviterEmail: 'no@example.com' }))).to.equal(
        'input_invalid',
      )
      expect(await host.invites.deliver()).to.equal(0)
      expect(smtp.received).to.have.length(1)
    })

    it('could not be written', async () => {
      const file = join(temporaryFolder(), 'app.db')
      const { host, smtp } = await openMailHost({ store: sqliteStore(file, { busyTimeoutMs: 1 }) })
      const other = new Sqlite(file)
      other.exec('begin immediate')
      expect(await refusal(host.invites.send({ email: 'ada@example.com' }))).to.equal('store_unavailable')
      other.exec('rollback')
      other.close()
      expect(await host.invites.deliver()).to.equal(0)
      expect(smtp.received).to.deep.equal([])
      expect((await host.invites.list()).items).to.deep.equal([])
    })
  })

  it('shows a mail from queued to sent', async () => {
    const { host, smtp } = await openMailHost()
    const { inviteId, delivery } = await sendInvite(host, { email: 'ada@example.com' })
    expect(delivery).to.deep.equal({ state: 'queued', attempts: 0, lastError: null, sentAt: null })
    const during: unknown[] = []
    smtp.onTaken = async () => void during.push(await deliveryOf(host, inviteId))
    host.clock.advance(1500)
    expect(await host.invites.deliver()).to.equal(1)
    expect(during).to.deep.equal([{ state: 'sending', attempts: 1, lastError: null, sentAt: null }])
    const sentAt = new Date(host.clock()).toISOString()
    expect(await deliveryOf(host, inviteId)).to.deep.equal({ state: 'sent', attempts: 1, lastError: null, sentAt })
    expect(await host.invites.deliver()).to.equal(0)
    expect(smtp.received).to.have.length(1)
  })

  it('R-34 keeps a mail while SMTP is down, tries again after each back-off, then fails it where all can see', async () => {
    const { host, smtp } = await openMailHost()
    const failures: { final: boolean; error: string; state: string }[] = []
    host.invites.events.on('failed', ({ final, error, invite }) =>
      failures.push({ final, error, state: invite.delivery.state }),
    )
    const { inviteId } = await sendInvite(host, { email: 'ada@example.com' })
    await smtp.stop()

    expect(await host.invites.deliver()).to.equal(1)
    const delivery = await deliveryOf(host, inviteId)
    expect(delivery).to.include({ state: 'queued', attempts: 1, sentAt: null })
    expect(delivery?.lastError).to.match(/ECONNREFUSED/)

    for (const [index, waitMs] of BACK_OFF.entries()) {
      host.clock.advance(waitMs - 1)
      expect(await host.invites.deliver()).to.equal(0)
      expect(await deliveryOf(host, inviteId)).to.include({ state: 'queued', attempts: index + 1 })
      host.clock.advance(1)
      expect(await host.invites.deliver()).to.equal(1)
    }
    expect(await deliveryOf(host, inviteId)).to.include({ state: 'failed', attempts: BACK_OFF.length + 1 })
    expect(failures.map(({ final }) => final)).to.deep.equal([...BACK_OFF.map(() => false), true])
    expect(failures.at(-1)?.state).to.equal('failed')
    for (const { error } of failures) expect(error).to.match(/ECONNREFUSED/)

    host.clock.advance(DAY)
    expect(await host.invites.deliver()).to.equal(0)
    const listed = await host.manage.get('default/invite')
    expect(listed.body.items[0].delivery).to.include({ state: 'failed', attempts: BACK_OFF.length + 1 })
    expect(listed.body.items[0].delivery.lastError).to.match(/ECONNREFUSED/)
  })

  it('R-34 delivers at the next try where the server comes back, and forgets the error', async () => {
    const { host, smtp } = await openMailHost()
    const { inviteId } = await sendInvite(host, { email: 'ada@example.com' })
    smtp.refuse = { code: 451, message: '4.7.1 Greylisted, come back later' }
    await host.invites.deliver()
    const waiting = await deliveryOf(host, inviteId)
    expect(waiting).to.include({ state: 'queued', attempts: 1 })
    expect(waiting?.lastError).to.include('Greylisted')
    smtp.refuse = undefined
    expect(await host.invites.deliver()).to.equal(0)
    host.clock.advance(30 * SECOND)
    expect(await host.invites.deliver()).to.equal(1)
    expect(await deliveryOf(host, inviteId)).to.include({ state: 'sent', attempts: 2, lastError: null })
    expect(smtp.received).to.have.length(1)
  })

  it('R-34 fails at once a mail that the server refuses for good; sending it again starts anew', async () => {
    const { host, smtp } = await openMailHost()
    const finals: boolean[] = []
    host.invites.events.on('failed', ({ final }) => finals.push(final))
    const { inviteId } = await sendInvite(host, { email: 'nobody@example.com' })
    smtp.refuse = { code: 550, message: '5.1.1 No such user here' }
    expect(await host.invites.deliver()).to.equal(1)
    const failed = await deliveryOf(host, inviteId)
    expect(failed).to.include({ state: 'failed', attempts: 1 })
    expect(failed?.lastError).to.include('No such user here')
    expect(finals).to.deep.equal([true])
    host.clock.advance(DAY)
    expect(await host.invites.deliver()).to.equal(0)

    smtp.refuse = undefined
    const { delivery } = await host.invites.resend(inviteId)
    expect(delivery).to.deep.equal({ state: 'queued', attempts: 0, lastError: null, sentAt: null })
    await host.invites.deliver()
    expect(smtp.received).to.have.length(1)
    expect(await deliveryOf(host, inviteId)).to.include({ state: 'sent', attempts: 1, lastError: null })
  })

  it('keeps one refused mail from holding up the others', async () => {
    const { host, smtp } = await openMailHost()
    const gone = await sendInvite(host, { email: 'gone@example.com' })
    smtp.refuse = { code: 550, message: 'No' }
    await host.invites.deliver()
    smtp.refuse = undefined
    for (let each = 0; each < 12; each++) await sendInvite(host, { email: `person${each}@example.com` })
    expect(await host.invites.deliver()).to.equal(12)
    expect(new Set(smtp.received.flatMap(({ recipients }) => recipients)).size).to.equal(12)
    expect((await deliveryOf(host, gone.inviteId))?.state).to.equal('failed')
  })

  describe('R-34 where the process dies after SMTP said yes', () => {
    it('sends the mail again when the lease has run out, under the same Message-ID', async () => {
      const file = join(temporaryFolder(), 'app.db')
      const { host, smtp } = await openMailHost({ store: dyingOnce(sqliteStore(file)).store })
      const { inviteId } = await sendInvite(host, { email: 'ada@example.com' })
      const failure = await host.invites.deliver().catch((error) => error)
      expect(failure).to.include({ code: 'store_unavailable' })
      expect(smtp.received).to.have.length(1)
      expect(await deliveryOf(host, inviteId)).to.include({ state: 'sending', attempts: 1 })

      const heir = await openHost({ file, invites: { mailer: pooled(smtp), clock: host.clock } })
      host.clock.advance(LEASE - 1)
      expect(await heir.invites.deliver()).to.equal(0)
      host.clock.advance(1)
      expect(await heir.invites.deliver()).to.equal(1)
      const ids = smtp.received.map(({ mail }) => mail.messageId)
      expect(ids).to.have.length(2)
      expect(ids[0]).to.match(/^<\S+@acme\.dev>$/)
      expect(ids[1]).to.equal(ids[0])
      expect(await deliveryOf(heir, inviteId)).to.include({ state: 'sent', attempts: 2 })
    })

    it('gives each new mail a Message-ID of its own', async () => {
      const { host, smtp } = await openMailHost()
      const { inviteId } = await sendInvite(host, { email: 'ada@example.com' })
      await host.invites.deliver()
      await host.invites.resend(inviteId)
      await host.invites.deliver()
      expect(new Set(smtp.received.map(({ mail }) => mail.messageId)).size).to.equal(2)
    })
  })

  describe('R-34 cancels what is queued when', () => {
    const overtaken: Readonly<
      Record<string, (host: Host, invite: { inviteId: string; inviteCode: string }) => unknown>
    > = {
      'it is revoked': (host, { inviteId }) => host.invites.revoke(inviteId),
      'it is accepted': (host, { inviteCode }) => host.signup({ inviteCode, email: 'ada@example.com' }).expect(201),
      'it is sent again, which queues another': async (host, { inviteId }) => {
        await host.invites.resend(inviteId)
        await host.invites.revoke(inviteId)
      },
      'it expires': (host) => host.clock.advance(7 * DAY),
    }
    for (const [when, overtake] of Object.entries(overtaken)) {
      it(when, async () => {
        const { host, smtp } = await openMailHost()
        const invite = await sendInvite(host, { email: 'ada@example.com' })
        await overtake(host, invite)
        host.clock.advance(DAY)
        await host.invites.deliver()
        expect(smtp.received).to.deep.equal([])
        expect((await deliveryOf(host, invite.inviteId))?.state).to.equal('canceled')
        host.clock.advance(DAY)
        expect(await host.invites.deliver()).to.equal(0)
      })
    }

    it('it is revoked between two tries', async () => {
      const { host, smtp } = await openMailHost()
      const { inviteId } = await sendInvite(host, { email: 'ada@example.com' })
      smtp.refuse = { code: 451, message: 'Later' }
      await host.invites.deliver()
      smtp.refuse = undefined
      await host.invites.revoke(inviteId)
      host.clock.advance(DAY)
      expect(await host.invites.deliver()).to.equal(0)
      expect(await deliveryOf(host, inviteId)).to.include({ state: 'canceled', attempts: 1 })
    })

    it('it is sent again: one mail goes out, with the new code', async () => {
      const { host, smtp } = await openMailHost()
      const first = await sendInvite(host, { email: 'ada@example.com' })
      const { inviteCode } = await host.invites.resend(first.inviteId, { rotate: true })
      expect(await host.invites.deliver()).to.equal(1)
      expect(smtp.received).to.have.length(1)
      expect(smtp.received[0]?.mail.text).to.include(inviteCode).and.not.include(first.inviteCode)
    })

    it('an expired one is superseded', async () => {
      const { host, smtp } = await openMailHost()
      const first = await sendInvite(host, { email: 'ada@example.com' })
      host.clock.advance(7 * DAY)
      const second = await sendInvite(host, { email: 'ada@example.com' })
      expect(await host.invites.deliver()).to.equal(1)
      expect(smtp.received[0]?.mail.text).to.include(second.inviteCode).and.not.include(first.inviteCode)
      expect((await deliveryOf(host, first.inviteId))?.state).to.equal('canceled')
    })
  })

  itOnSqlite('R-34 has no transaction open during SMTP', async () => {
    const { host, smtp } = await openMailHost()
    const results: unknown[] = []
    smtp.onTaken = () => {
      const other = new Sqlite(host.database.file, { timeout: 0 })
      try {
        other.exec('begin immediate; create table hosts_own (id integer); insert into hosts_own values (1); commit')
        results.push('written')
      } catch (error) {
        results.push(error)
      } finally {
        other.close()
      }
    }
    await sendInvite(host, { email: 'ada@example.com' })
    await host.invites.deliver()
    expect(results).to.deep.equal(['written'])
  })

  it('R-19 tells no secret in lastError or events, whatever the server quotes', async () => {
    const { host, smtp } = await openMailHost()
    const { inviteId, inviteCode } = await sendInvite(host, { email: 'ada@example.com' })
    const { token, proof } = mailedLink(await deliverOne({ host, smtp }))
    const events: string[] = []
    host.invites.events.on('failed', (event) => events.push(JSON.stringify(event)))
    const quotes: Readonly<Record<string, string>> = {
      'the code': inviteCode,
      'the code without dashes': inviteCode.replaceAll('-', ''),
      'the code in lower case': inviteCode.toLowerCase(),
      'the proof': proof,
      'the link': `https://acme.dev/invites/app/default/join/${token}`,
      'the link in lower case': `https://acme.dev/invites/app/default/join/${token}`.toLowerCase(),
      'the link, cut off by us': `${'x'.repeat(180)} https://acme.dev/invites/app/default/join/${token}`,
    }
    const bare = (text: string) => text.replace(/[\s-]/g, '').toUpperCase()
    const leaking: string[] = []
    for (const [name, quote] of Object.entries(quotes)) {
      await host.invites.resend(inviteId)
      smtp.refuse = { code: 550, message: `Spam found: ${quote} is listed` }
      await host.invites.deliver()
      const delivery = await deliveryOf(host, inviteId)
      expect(delivery?.state).to.equal('failed')
      expect(delivery?.lastError).to.include('Spam found')
      const told = `${delivery?.lastError} ${events.splice(0).join()}`
      // Eight characters of a code in a row are no chance.
      const parts = [0, 8, 16].map((at) => bare(inviteCode).slice(at, at + 8))
      const leaks = parts.some((part) => bare(told).includes(part)) || told.includes(proof.slice(0, 12))
      if (leaks) leaking.push(name)
    }
    expect(leaking).to.deep.equal([])
  })

  it('tells what the mail server said without what a terminal would obey', async () => {
    const sendMail = async () => {
      throw new Error('550 \u001b[2Jno\u009b31m \u202esuch\r\nuser')
    }
    const { host } = await openMailHost({ mailer: { sendMail } })
    const { inviteId } = await sendInvite(host, { email: 'ada@example.com' })
    await host.invites.deliver()
    expect((await deliveryOf(host, inviteId))?.lastError).to.equal('550 [2Jno 31m such user')
  })

  it('R-34 mails each invite exactly once where two installs deliver the same file at once', async () => {
    const smtp = await startSmtp()
    const first = await openHost({ invites: { mailer: pooled(smtp) } })
    const second = await openHost({ beside: first, invites: { mailer: pooled(smtp), clock: first.clock } })
    const sent: string[] = []
    for (const { invites } of [first, second]) invites.events.on('sent', ({ invite }) => sent.push(invite.email ?? ''))
    const emails = Array.from({ length: 50 }, (_, index) => `person${index}@example.com`)
    for (const email of emails) await first.invites.send({ email })
    const tries = await Promise.all([first.invites.deliver(), second.invites.deliver(), first.invites.deliver()])
    expect(smtp.received.flatMap(({ recipients }) => recipients)).to.have.members(emails)
    expect(sent).to.have.members(emails)
    expect((tries[0] ?? 0) + (tries[1] ?? 0)).to.equal(emails.length)
    expect(Math.min(...tries)).to.be.above(0)
  })

  it('fails a mail whose code no listed secret opens, and says what to do; sending again makes a new code', async () => {
    const { host, smtp } = await openMailHost()
    const { inviteId, inviteCode } = await sendInvite(host, { email: 'ada@example.com' })
    const secret = 'another secret, as long as a secret has to be'
    const changed = await openHost({ beside: host, invites: { mailer: pooled(smtp), secret } })
    for (const waitMs of [...BACK_OFF, 0]) {
      expect(await changed.invites.deliver()).to.equal(1)
      changed.clock.advance(waitMs)
    }
    const delivery = await deliveryOf(changed, inviteId)
    expect(delivery?.state).to.equal('failed')
    expect(delivery?.lastError).to.match(/secret.*again/)
    const resent = await changed.invites.resend(inviteId)
    expect(resent.inviteCode).to.be.a('string').and.not.equal(inviteCode)
    await changed.invites.deliver()
    expect(smtp.received[0]?.mail.text).to.include(resent.inviteCode)
  })

  it('leaves to another process what it cannot make itself: under a newer secret, or for an app it does not know', async () => {
    const { host, smtp } = await openMailHost()
    const secret = ['another secret, as long as a secret has to be', SECRET]
    const apps = { default: {}, clinic: {} }
    const newer = await openHost({
      beside: host,
      invites: { mailer: pooled(smtp), secret, apps, clock: host.clock },
    })
    await newer.invites.send({ email: 'ada@example.com' })
    await newer.invites.send({ email: 'bob@example.com' }, { appId: 'clinic' })
    expect(await host.invites.deliver()).to.equal(2)
    expect(smtp.received).to.deep.equal([])
    host.clock.advance(BACK_OFF[0] ?? 0)
    expect(await newer.invites.deliver()).to.equal(2)
    expect(smtp.received.flatMap(({ recipients }) => recipients)).to.have.members([
      'ada@example.com',
      'bob@example.com',
    ])
  })

  it('R-23 delivers what was queued under the old secret', async () => {
    const { host, smtp } = await openMailHost()
    await sendInvite(host, { email: 'ada@example.com' })
    const secret = ['another secret, as long as a secret has to be', SECRET]
    const rotated = await openHost({ beside: host, invites: { mailer: pooled(smtp), secret } })
    const { path } = mailedLink(await deliverOne({ host: rotated, smtp }))
    expect((await signupThrough(rotated, path, 'ada@example.com')).body.emailVerified).to.equal(true)
  })
})

describe('the mailer', () => {
  class Courier {
    readonly taken: MailMessage[] = []
    async sendMail(message: MailMessage) {
      this.taken.push(message)
    }
  }

  it('is any object with sendMail; `to` is a plain address string', async () => {
    const courier = new Courier()
    const host = await openHost({ invites: { mailer: courier } })
    const { inviteId } = await sendInvite(host, { email: 'Ada@Example.com' })
    await host.invites.deliver()
    const [message] = courier.taken
    expect(message).to.include({ to: 'Ada@Example.com', from: 'Acme <hello@acme.dev>' })
    expect(message?.subject).to.equal('You are invited to acme.dev')
    expect(message?.text).to.be.a('string')
    expect(message?.html).to.match(/^<!doctype html>/)
    expect((await deliveryOf(host, inviteId))?.state).to.equal('sent')
  })

  const rejections: Readonly<Record<string, () => Promise<unknown>>> = {
    'reject with an Error': () => Promise.reject(new Error('Out of stamps')),
    'reject with a string': () => Promise.reject('Out of stamps'),
    'reject with nothing': () => Promise.reject(),
    throw: () => {
      throw new Error('Out of stamps')
    },
  }
  for (const [name, sendMail] of Object.entries(rejections)) {
    it(`may ${name}: the mail waits for its next try`, async () => {
      const host = await openHost({ invites: { mailer: { sendMail } } })
      const { inviteId } = await sendInvite(host, { email: 'ada@example.com' })
      expect(await host.invites.deliver()).to.equal(1)
      const delivery = await deliveryOf(host, inviteId)
      expect(delivery).to.include({ state: 'queued', attempts: 1 })
      expect(delivery?.lastError).to.be.a('string')
      expect(await host.invites.deliver()).to.equal(0)
    })
  }

  it('is not needed: invites are then passed on by hand', async () => {
    const host = await openHost({ invites: { from: undefined } })
    const { delivery } = await sendInvite(host, { email: 'ada@example.com' })
    expect(delivery.state).to.equal('none')
    expect(await host.invites.deliver()).to.equal(0)
  })

  it('needs a sender, and a sendMail', async () => {
    const { mailer } = await startSmtp()
    for (const from of [undefined, '', 'Acme', 'Acme <hello>']) {
      const error = await openHost({ invites: { mailer, from } }).catch((thrown) => thrown)
      expect(error).to.be.instanceOf(TypeError)
      expect(error.message).to.include('from')
    }
    const error = await openHost({ invites: { mailer: {} as never } }).catch((thrown) => thrown)
    expect(error.message).to.match(/mailer.*sendMail/)
  })
})

describe('the worker', () => {
  const sentBy = async (invites: Invites): Promise<string | null> => {
    const [{ invite }] = (await once(invites.events, 'sent')) as [{ invite: { email: string | null } }]
    return invite.email
  }

  it('delivers by itself', async () => {
    const { host, smtp } = await openMailHost({ deliver: true })
    const sent = sentBy(host.invites)
    await sendInvite(host, { email: 'ada@example.com' })
    expect(await sent).to.equal('ada@example.com')
    const again = sentBy(host.invites)
    await sendInvite(host, { email: 'bob@example.com' })
    expect(await again).to.equal('bob@example.com')
    expect(smtp.received).to.have.length(2)
  })

  it('delivers at start what another process left', async () => {
    const { host, smtp } = await openMailHost()
    await sendInvite(host, { email: 'ada@example.com' })
    const mailer = pooled(smtp)
    const heir = await openHost({ beside: host, invites: { mailer, clock: host.clock, deliver: true } })
    expect(await sentBy(heir.invites)).to.equal('ada@example.com')
  })

  it('does not deliver where `deliver` is false', async () => {
    const { host, smtp } = await openMailHost({ deliver: false })
    const { inviteId } = await sendInvite(host, { email: 'ada@example.com' })
    await turns()
    expect(smtp.received).to.deep.equal([])
    expect(await deliveryOf(host, inviteId)).to.include({ state: 'queued', attempts: 0 })
  })

  it('lets what it holds finish before close() resolves, and leaves nothing behind', async () => {
    const { host, smtp } = await openMailHost({ deliver: true })
    const atServer = createGate()
    const answer = createGate()
    smtp.onTaken = () => {
      atServer.open()
      return answer.opened
    }
    const { inviteId } = await sendInvite(host, { email: 'ada@example.com' })
    await atServer.opened
    let closed = false
    const closing = host.invites.close().then(() => {
      closed = true
    })
    await turns()
    expect(closed).to.equal(false)
    answer.open()
    await closing
    const heir = await openHost({ beside: host, invites: { clock: host.clock } })
    expect(await deliveryOf(heir, inviteId)).to.include({ state: 'sent', attempts: 1 })
  })

  it('lets every mail that it holds finish, even where the record of another has failed', async () => {
    const file = join(temporaryFolder(), 'app.db')
    const { store, died } = dyingOnce(sqliteStore(file))
    const { host, smtp } = await openMailHost({ store })
    const atServer = createGate()
    const answer = createGate()
    smtp.onTaken = ({ recipients }) => {
      if (recipients[0] !== 'slow@example.com') return atServer.opened
      atServer.open()
      return answer.opened
    }
    await sendInvite(host, { email: 'fast@example.com' })
    const slow = await sendInvite(host, { email: 'slow@example.com' })
    const delivering = host.invites.deliver().catch(() => undefined)
    await died
    await turns()
    const closing = host.invites.close()
    await turns()
    answer.open()
    await Promise.all([closing, delivering])
    const heir = await openHost({ file, invites: { clock: host.clock } })
    expect(await deliveryOf(heir, slow.inviteId)).to.include({ state: 'sent', attempts: 1 })
  })

  it('delivers no more after close()', async () => {
    const { mailer, received } = await startSmtp()
    const file = join(temporaryFolder(), 'app.db')
    const shared = sqliteStore(file)
    const kept = { ...shared, close: async () => undefined }
    const host = await openHost({ invites: { mailer, store: kept, deliver: true } })
    const sent = sentBy(host.invites)
    await sendInvite(host, { email: 'ada@example.com' })
    await sent
    await host.invites.close()
    await sendInvite(host, { email: 'bob@example.com' })
    await turns()
    expect(await host.invites.deliver()).to.equal(0)
    expect(received).to.have.length(1)
    await shared.close()
  })

  it('stays where the store fails, says so once, and goes on', async () => {
    const file = join(temporaryFolder(), 'app.db')
    const { host } = await openMailHost({ store: dyingOnce(sqliteStore(file)).store, deliver: true })
    const warned = once(process, 'warning')
    await sendInvite(host, { email: 'ada@example.com' })
    expect(((await warned) as [{ code: string }])[0].code).to.equal('INVITE_DELIVERY_STALLED')
    const sent = sentBy(host.invites)
    await sendInvite(host, { email: 'bob@example.com' })
    expect(await sent).to.equal('bob@example.com')
  })
})
