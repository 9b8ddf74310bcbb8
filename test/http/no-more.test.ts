// "No more": whoever is mailed has it ended by POST, and is then mailed by nobody. Through a real SMTP server.
import { expect } from 'chai'
import request from 'supertest'
import type { InvitesOptions } from '../../src/index.js'
import { type Host, MINUTE, openHost, SECRET, sendInvite } from '../support/host.js'
import { type Received, startSmtp } from '../support/smtp.js'

const NEW = 'another secret of the tests, as long as that one'
const ADA = 'ada@example.com'

async function openMailed(invites: Partial<InvitesOptions> = {}, beside?: Host) {
  const smtp = await startSmtp()
  const options = { mailer: smtp.mailer, appName: 'Acme', ...invites }
  const appId = Object.keys(invites.apps ?? { default: {} })[0]
  const host = await openHost({ invites: options, gate: { appId }, ...(beside && { beside }) })
  /** Sends one invite, and returns its mail if there was one. */
  async function mailed(email: string, app = appId): Promise<Received | undefined> {
    const before = smtp.received.length
    await host.invites.revokeAll({}, { appId: app })
    await sendInvite(host, { email }, app)
    await host.invites.deliver()
    return smtp.received[before]
  }
  return { host, smtp, mailed }
}

/** The head of a mail, one line a field. */
const unfolded = (received: Received | undefined) =>
  ((received?.raw ?? '').split('\r\n\r\n')[0] ?? '').replace(/\r\n[ \t]+/g, ' ')

/** Where the button of a mail program leads, as a path of the router. */
function pathIn(received: Received | undefined): string {
  const line = /^List-Unsubscribe:\s+<https:\/\/acme\.dev(\S+)>\r?$/m.exec(unfolded(received))
  return line?.[1] ?? 'none'
}

const page = (test: request.Test) => test.set('Accept', 'text/html')
const oneClick = (host: Host, path: string) =>
  request(host.app).post(path).type('form').send('List-Unsubscribe=One-Click')

describe('no more mail', () => {
  it('R-33 is one header line each, as RFC 8058 has them, beside a link in both parts of the mail', async () => {
    const { host, smtp } = await openMailed()
    await sendInvite(host, { email: ADA, message: 'x\r\nList-Unsubscribe: <https://evil.example>' })
    await host.invites.deliver()
    const [received] = smtp.received
    const head = unfolded(received)
    expect(
      head.match(/^List-Unsubscribe: <https:\/\/acme\.dev\/invites\/app\/default\/no-more\/[\w.-]+>\r?$/gm),
    ).to.have.length(1)
    expect(head.match(/^List-Unsubscribe-Post: List-Unsubscribe=One-Click\r?$/gm)).to.have.length(1)
    expect(head.match(/^List-Unsubscribe/gm)).to.have.length(2)
    const url = `https://acme.dev${pathIn(received)}`
    expect(received?.mail.text).to.include(`No more invites by mail: ${url}`)
    expect(received?.mail.html).to.include(`href="${url}"`)
    expect(url).not.to.include('ada')
  })

  it('R-30 is said with one click of a mail program, in either kind of form; then nobody mails that address', async () => {
    const { host, mailed, smtp } = await openMailed({ apps: { clinic: {}, school: {} } })
    const path = pathIn(await mailed(ADA))
    const failed: unknown[] = []
    host.invites.events.on('failed', ({ error, final }) => failed.push([error, final]))
    const res = await oneClick(host, path)
    expect([res.status, res.body]).to.deep.equal([200, { noMoreMail: true }])
    for (const appId of ['clinic', 'school']) expect(await mailed('Ada@EXAMPLE.com', appId)).to.equal(undefined)
    const [invite] = (await host.invites.list({}, { appId: 'school' })).items
    expect(invite?.delivery).to.deep.include({ state: 'failed', lastError: 'This address asked for no more mail.' })
    expect(failed).to.deep.equal([
      ['This address asked for no more mail.', true],
      ['This address asked for no more mail.', true],
    ])
    expect(await mailed('bob@example.com')).not.to.equal(undefined)

    const bob = pathIn(smtp.received.at(-1))
    await request(host.app).post(bob).field('List-Unsubscribe', 'One-Click').expect(200, { noMoreMail: true })
    expect(await mailed('bob@example.com')).to.equal(undefined)
  })

  it('R-30 holds for the mail of the waiting list too, which has the same link', async () => {
    const { host, smtp } = await openMailed({ mode: 'waitlist' })
    await host.invites.requestAccess({ email: ADA })
    await host.invites.deliver()
    const path = pathIn(smtp.received[0])
    expect(unfolded(smtp.received[0])).to.match(/^List-Unsubscribe-Post: List-Unsubscribe=One-Click\r?$/m)
    expect(smtp.received[0]?.mail.text).to.include(`No more mail like this: https://acme.dev${path}`)
    await oneClick(host, path).expect(200, { noMoreMail: true })
    host.clock.advance(60 * MINUTE)
    await host.invites.requestAccess({ email: ADA })
    await host.invites.deliver()
    expect(smtp.received).to.have.length(1)
  })

  it('R-30 skips who said so in a list, unless nothing is to be mailed', async () => {
    const { host, mailed, smtp } = await openMailed()
    await oneClick(host, pathIn(await mailed(ADA))).expect(200)
    await host.invites.revokeAll()
    const rows = [{ email: ADA, orgId: 'a' }, { email: 'bob@example.com' }, { email: ADA, sendEmail: false }]
    const skipped = { invite_exists: 0, already_joined: 0, no_more_mail: 1 }
    for (const dryRun of [true, false]) {
      expect(await host.invites.sendMany(rows, { dryRun })).to.deep.include({ created: 2, skipped })
    }
    await host.invites.deliver()
    expect(smtp.received.map(({ recipients }) => recipients[0])).to.deep.equal([ADA, 'bob@example.com'])
  })

  it('R-30 stops what was queued and sent again too, and leaves the code as good as it was', async () => {
    const { host, mailed, smtp } = await openMailed()
    const path = pathIn(await mailed(ADA))
    const [{ inviteId = '' } = {}] = (await host.invites.list()).items
    const again = await host.invites.resend(inviteId)
    await oneClick(host, path).expect(200)
    await host.invites.deliver()
    expect(smtp.received).to.have.length(1)
    expect((await host.signup({ email: ADA, inviteCode: again.inviteCode })).status).to.equal(201)
  })

  it('R-07 is asked by a page on which nothing happens until its button is pressed, and can be undone there', async () => {
    const { host, mailed } = await openMailed()
    const path = pathIn(await mailed(ADA))
    const before = await host.database.tables()
    for (let n = 0; n < 100; n++)
      await (n % 2 === 0 ? request(host.app).get(path) : request(host.app).head(path)).expect(200)
    expect(await host.database.tables()).to.deep.equal(before)

    const asked = await page(request(host.app).get(path)).expect(200)
    expect(asked.text).to.include('No more invites by mail?').and.include('name="choice" value="stop"')
    expect(asked.text).to.include(`action="https://acme.dev${path}"`).and.not.include('ada')
    expect(asked.get('Content-Security-Policy')).to.match(
      /^default-src 'none'; style-src 'sha256-.*form-action https:\/\/acme\.dev;/,
    )
    for (const [name, value] of [
      ['Referrer-Policy', 'no-referrer'],
      ['Cache-Control', 'no-store'],
      ['X-Robots-Tag', 'noindex'],
      ['X-Frame-Options', 'DENY'],
    ] as const) {
      expect(asked.get(name)).to.equal(value)
    }
    const stopped = await page(request(host.app).post(path).type('form').send({ choice: 'stop' })).expect(200)
    expect(stopped.text).to.include('You get no more invites by mail').and.include('value="resume"')
    expect((await page(request(host.app).get(path))).text).to.include('You get no more invites by mail')
    expect(await mailed(ADA)).to.equal(undefined)
    const resumed = await page(request(host.app).post(path).type('form').send({ choice: 'resume' })).expect(200)
    expect(resumed.text).to.include('No more invites by mail?')
    expect(await mailed(ADA)).not.to.equal(undefined)
  })

  it('R-23 takes a token of ours only, for the app that mailed it', async () => {
    const { host, mailed } = await openMailed({ apps: { clinic: {}, school: {} } })
    const path = pathIn(await mailed(ADA))
    const token = path.split('/').at(-1) ?? ''
    const [id = '', signature = ''] = token.split('.')
    const before = JSON.stringify(await host.database.tables())
    for (const wrong of [
      id,
      `${id}.`,
      `${id}.${signature}.x`,
      `${id}.${signature.slice(1)}A`,
      `${signature}.${id}`,
      `x${token}`,
      'x',
      '%00',
    ]) {
      for (const method of ['get', 'post'] as const) {
        const res = await request(host.app)[method](`/invites/app/clinic/no-more/${wrong}`)
        expect([res.status, res.body.code], wrong).to.deep.equal([404, 'invite_not_found'])
      }
    }
    expect((await oneClick(host, path.replace('clinic', 'school'))).status).to.equal(404)
    expect((await oneClick(host, path.replace('clinic', 'nowhere'))).status).to.equal(404)
    expect((await page(request(host.app).get('/invites/app/clinic/no-more/x'))).text).to.include(
      'This link is not complete',
    )
    const odd = await request(host.app).post(path).send({ choice: 'maybe' })
    expect([odd.status, odd.body.code]).to.deep.equal([400, 'input_invalid'])
    expect(JSON.stringify(await host.database.tables())).to.equal(before)
  })

  it('R-19 keeps no list of addresses, nor anything that the link could be made of', async () => {
    const { host, mailed, smtp } = await openMailed()
    const path = pathIn(await mailed('only.here@example.com'))
    await oneClick(host, path).expect(200)
    smtp.refuse = { code: 451, message: `later ${path}` }
    await sendInvite(host, { email: ADA })
    await host.invites.deliver()
    smtp.refuse = { code: 451, message: `later ${pathIn(smtp.received[0])}` }
    const { invite_only_mail_refusals: refusals, ...tables } = await host.database.tables()
    expect(refusals).to.have.length(1)
    expect(JSON.stringify(refusals)).not.to.contain('only.here')
    const signature = path.split('.').at(-1) ?? 'none'
    expect(JSON.stringify(refusals)).not.to.contain(signature)
    expect(JSON.stringify(tables.invite_only_deliveries)).to.contain('later')
  })

  it('R-23 outlives the rotation of the secret while the old one is listed, and an old mail’s link works', async () => {
    const { host, mailed } = await openMailed()
    const path = pathIn(await mailed(ADA))
    await oneClick(host, path).expect(200)
    const bob = pathIn(await mailed('bob@example.com'))
    const rotated = await openMailed({ secret: [NEW, SECRET] }, host)
    expect(await rotated.mailed(ADA)).to.equal(undefined)
    await oneClick(rotated.host, bob).expect(200)
    expect(await rotated.mailed('bob@example.com')).to.equal(undefined)
    await request(rotated.host.app).post(path).send({ choice: 'resume' }).expect(200, { noMoreMail: false })
    expect(await rotated.mailed(ADA)).not.to.equal(undefined)
  })

  it('has no button of mail programs where the link is no https one, and templates of the host’s may place it', async () => {
    const { smtp, mailed } = await openMailed({
      baseUrl: 'http://localhost:3000/invites',
      signupUrl: 'http://localhost:3000/signup',
    })
    await mailed(ADA)
    const raw = unfolded(smtp.received[0])
    expect(raw)
      .to.match(/^List-Unsubscribe: <http:\/\/localhost:3000/m)
      .and.not.match(/^List-Unsubscribe-Post/m)
  })

  it('R-34 is asked anew at each try: whoever is refused by the mail server for now may say it meanwhile', async () => {
    const { host, smtp, mailed } = await openMailed()
    const path = pathIn(await mailed(ADA))
    smtp.refuse = { code: 451, message: 'Busy' }
    const [{ inviteId = '' } = {}] = (await host.invites.list()).items
    await host.invites.resend(inviteId)
    await host.invites.deliver()
    await oneClick(host, path).expect(200)
    smtp.refuse = undefined
    host.clock.advance(5 * MINUTE)
    expect(await host.invites.deliver()).to.equal(1)
    expect(smtp.received).to.have.length(1)
  })
})
