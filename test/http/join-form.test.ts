// `POST …/join`: a code, or a whole link, that somebody pasted.
import { expect } from 'chai'
import request from 'supertest'
import { type Host, MINUTE, openHost, sendInvite } from '../support/host.js'
import { textOf } from '../support/html.js'
import { startSmtp } from '../support/smtp.js'

const PATH = '/invites/app/default/join'
const SIGNUP = 'https://acme.dev/signup'
const cookieOf = (res: request.Response) => res.get('Set-Cookie')?.[0]?.split(';')[0] ?? ''
const paste = (host: Host, inviteCode: unknown, path = PATH) => request(host.app).post(path).send({ inviteCode })
const pasteInPage = (host: Host, inviteCode: string, path = PATH) =>
  request(host.app).post(path).set('Accept', 'text/html').type('form').send({ inviteCode })

async function openMailed() {
  const smtp = await startSmtp()
  const host = await openHost({ invites: { mailer: smtp.mailer } })
  const invite = await sendInvite(host, { email: 'ada@example.com' })
  await host.invites.deliver()
  const mailedUrl = /https:\/\/\S+/.exec(smtp.received[0]?.mail.text ?? '')?.[0] ?? ''
  return { host, invite, mailedUrl }
}

describe('POST …/join', () => {
  it('puts a good code into the cookie that its link sets, and goes on to the signup page', async () => {
    const host = await openHost()
    const { inviteCode, joinUrl } = await sendInvite(host)
    const followed = await request(host.app).get(new URL(joinUrl).pathname)
    const res = await paste(host, inviteCode)
    expect([res.status, res.get('Location')]).to.deep.equal([303, SIGNUP])
    expect(res.get('Set-Cookie')).to.deep.equal(followed.get('Set-Cookie'))
    expect((await host.signup({}).set('Cookie', cookieOf(res))).status).to.equal(201)
  })

  it('does so for a browser from a page, so that no policy of a form holds for what follows', async () => {
    const host = await openHost({ invites: { appName: 'Acme' } })
    const { inviteCode } = await sendInvite(host)
    const res = await pasteInPage(host, inviteCode)
    expect([res.status, res.type, res.get('Refresh')]).to.deep.equal([200, 'text/html', `0; url=${SIGNUP}`])
    expect(res.text).to.include(`href="${SIGNUP}"`).and.include('<title>Your invite works · Acme</title>')
    expect(res.text).not.to.include(inviteCode)
    expect(res.headers).to.include({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer', vary: 'Accept' })
    expect((await host.signup({}).set('Cookie', cookieOf(res))).status).to.equal(201)
  })

  describe('takes', () => {
    const forms: Readonly<Record<string, (code: string, joinUrl: string) => string>> = {
      'a code in small letters': (code) => code.toLowerCase(),
      'a code without dashes, with spaces': (code) => ` ${code.replaceAll('-', ' ')}\n`,
      'a code with the full stop of a sentence': (code) => `${code}.`,
      'the whole link': (_code, joinUrl) => joinUrl,
      'the link in angle brackets, within a sentence': (_code, joinUrl) => `Join us at <${joinUrl}> today!`,
      'the link with what trackers add': (_code, joinUrl) => `${joinUrl}?utm_source=mail#top`,
      'the link without its scheme': (_code, joinUrl) => joinUrl.replace('https://', ''),
      'the link with the full stop of a sentence': (_code, joinUrl) => `${joinUrl}.`,
    }
    for (const [what, write] of Object.entries(forms)) {
      it(what, async () => {
        const host = await openHost()
        const { inviteCode, joinUrl } = await sendInvite(host)
        const res = await paste(host, write(inviteCode, joinUrl))
        expect(res.status, res.text).to.equal(303)
        expect((await host.signup({}).set('Cookie', cookieOf(res))).status).to.equal(201)
      })
    }

    it('the proof in a mailed link along with it', async () => {
      const { host, mailedUrl } = await openMailed()
      const res = await paste(host, mailedUrl)
      const account = await host.signup({}).set('Cookie', cookieOf(res))
      expect(account.body).to.include({ email: 'ada@example.com', emailVerified: true })
    })

    it('a code whose mailed link was followed before, and keeps its proof', async () => {
      const { host, invite, mailedUrl } = await openMailed()
      const followed = await request(host.app).get(new URL(mailedUrl).pathname)
      const res = await paste(host, invite.inviteCode).set('Cookie', cookieOf(followed))
      expect((await host.signup({}).set('Cookie', cookieOf(res))).body).to.include({ emailVerified: true })
    })

    it("a form with other fields beside it, but no other fields of JSON's", async () => {
      const host = await openHost()
      const { inviteCode } = await sendInvite(host)
      await request(host.app).post(PATH).type('form').send({ inviteCode, _csrf: 'token' }).expect(303)
      await request(host.app).post(PATH).send({ inviteCode, _csrf: 'token' }).expect(400)
    })
  })

  describe('refuses', () => {
    it('R-22 unknown, revoked, used, expired and foreign codes with one answer, and sets no cookie', async () => {
      const apps = { default: {}, school: {} }
      const host = await openHost({ invites: { apps } })
      const revoked = await sendInvite(host)
      const used = await sendInvite(host)
      const expired = await sendInvite(host, { expiresInMs: MINUTE })
      const foreign = await sendInvite(host, {}, 'school')
      await host.signup({ inviteCode: used.inviteCode }).expect(201)
      await host.invites.revoke(revoked.inviteId)
      host.clock.advance(MINUTE)
      const codes = [revoked, used, expired, foreign].map(({ inviteCode }) => inviteCode)
      const links = [revoked, foreign].map(({ joinUrl }) => joinUrl)
      const wrong = 'ABCD-EFGH-JKMN-PQRS-TVWX-YZ01-2345'
      const answers = []
      for (const code of [wrong, ...codes, ...links, 'x', '.', '%00', 'x'.repeat(2000)]) {
        const { status, text, headers } = await paste(host, code)
        const { date: _date, ...rest } = headers
        answers.push({ status, text, headers: rest })
      }
      expect(answers[0])
        .to.deep.include({ status: 403 })
        .and.have.nested.property('text')
        .that.includes('"invite_invalid"')
      for (const answer of answers) expect(answer).to.deep.equal(answers[0])
      expect(answers[0]?.headers).not.to.have.property('set-cookie')
      const pages = []
      for (const code of codes) pages.push((await pasteInPage(host, code)).text.replace(code, ''))
      expect(new Set(pages).size).to.equal(1)
    })

    it('a wrong code in a page with the form again, an alert and what was typed', async () => {
      const host = await openHost()
      const res = await pasteInPage(host, 'ABCD-EFGH')
      expect([res.status, res.type]).to.deep.equal([403, 'text/html'])
      expect(textOf(/role="alert">[^<]*</.exec(res.text)?.[0] ?? '')).to.include('This invite code is not valid.')
      expect(res.text).to.include('action="https://acme.dev/invites/app/default/join"').and.include('value="ABCD-EFGH"')
      expect(res.text).to.match(/<input [^>]*aria-invalid="true" aria-describedby="code-error"/)
    })

    it('an empty field, which counts as no guess', async () => {
      const host = await openHost({ invites: { limits: { wrongCodes: { limit: 1 } } } })
      for (const body of [{}, { inviteCode: '' }, { inviteCode: ' - ' }]) {
        const res = await request(host.app).post(PATH).send(body)
        expect([res.status, res.body.code]).to.deep.equal([403, 'invite_required'])
      }
      const { inviteCode } = await sendInvite(host)
      expect((await request(host.app).post(PATH).type('form').send('inviteCode=')).status).to.equal(403)
      await paste(host, inviteCode).expect(303)
    })

    it('R-22 too many wrong ones, which it counts with those of every other door', async () => {
      const host = await openHost({ invites: { limits: { wrongCodes: { limit: 3 } } } })
      const { inviteCode } = await sendInvite(host)
      await paste(host, 'x').expect(403)
      await pasteInPage(host, 'x').expect(403)
      await host.signup({ inviteCode: 'x' }).expect(403)
      const res = await pasteInPage(host, inviteCode)
      expect(res.status).to.equal(429)
      expect(textOf(res.text)).to.match(/You can try again in 15 minutes\./)
      expect(Number(res.get('Retry-After'))).to.be.within(1, 15 * 60)
      expect((await paste(host, inviteCode)).body.code).to.equal('rate_limited')
    })

    it('everybody while the mode is closed, whatever the code', async () => {
      const host = await openHost()
      const { inviteCode } = await sendInvite(host)
      await host.invites.settings({ mode: 'closed' })
      for (const code of [inviteCode, 'x']) {
        expect((await paste(host, code)).body.code).to.equal('signup_closed')
      }
      expect(textOf((await pasteInPage(host, inviteCode)).text)).to.include('Closed for now')
    })

    it('what is no code at all, what cannot be read, and unknown apps', async () => {
      const host = await openHost()
      const post = () => request(host.app).post(PATH)
      const answers = [
        await paste(host, 7),
        await post().type('form').send('inviteCode=a&inviteCode=b'),
        await post().type('text/plain').send('code'),
        await post().type('json').send('{'),
        await post().send({ inviteCode: 'x'.repeat(70_000) }),
        await paste(host, 'x', '/invites/app/nowhere/join'),
        await paste(host, 'x', '/invites/app/%0d%0aSet-Cookie:a=b/join'),
      ]
      expect(answers.map(({ status }) => status)).to.deep.equal([400, 400, 415, 400, 413, 404, 404])
      for (const { type } of answers) expect(type).to.equal('application/problem+json')
      const page = await pasteInPage(host, 'x', '/invites/app/nowhere/join')
      expect([page.status, page.type]).to.deep.equal([404, 'text/html'])
    })

    it('what another site sends in a visitor’s name: no guess of theirs is counted, and no cookie set', async () => {
      const host = await openHost({ invites: { limits: { wrongCodes: { limit: 1 } } } })
      const { inviteCode } = await sendInvite(host)
      for (const code of ['x', 'x', 'x', inviteCode]) {
        const res = await pasteInPage(host, code).set('Sec-Fetch-Site', 'cross-site')
        expect([res.status, res.get('Set-Cookie')]).to.deep.equal([403, undefined])
        expect(textOf(res.text)).to.include('Another site may not send a code in your name.')
      }
      for (const site of ['same-origin', 'same-site', 'none']) {
        await pasteInPage(host, inviteCode).set('Sec-Fetch-Site', site).expect(200)
      }
    })

    it('with 503 where the store is down, as every route', async () => {
      const host = await openHost()
      await host.store.close()
      const res = await paste(host, 'x')
      expect([res.status, res.body.code]).to.deep.equal([503, 'store_unavailable'])
      const page = await pasteInPage(host, 'x')
      expect([page.status, page.type]).to.deep.equal([503, 'text/html'])
    })
  })

  it('R-07 changes no row, whatever the code', async () => {
    const host = await openHost()
    const { inviteCode } = await sendInvite(host)
    const before = await host.database.tables()
    for (const code of [inviteCode, 'x', '']) {
      await paste(host, code)
      await pasteInPage(host, code)
    }
    expect(await host.database.tables()).to.deep.equal(before)
  })

  it('tells nobody of a refusal who listens for refused signups: nobody has signed up yet', async () => {
    const host = await openHost()
    const heard: unknown[] = []
    host.invites.events.on('refused', (event) => heard.push(event))
    await paste(host, 'x').expect(403)
    expect(heard).to.deep.equal([])
  })
})
