// The join link and its cookie: how a code gets from a mail to the signup, and nowhere else.
import { expect } from 'chai'
import request from 'supertest'
import { DAY, type Host, type HostOptions, MINUTE, manager, openHost, sendInvite } from '../support/host.js'
import { startSmtp } from '../support/smtp.js'

const COOKIE = '__Host-invite_only.default'
const join = (host: Host, joinUrl: string) => request(host.app).get(new URL(joinUrl).pathname)
const setCookie = (res: request.Response) => res.get('Set-Cookie')?.[0] ?? ''

/** What a browser sends back of the cookie that this link sets. */
async function follow(host: Host, joinUrl: string): Promise<string> {
  return setCookie(await join(host, joinUrl)).split(';')[0] ?? ''
}

async function openMailed(options: HostOptions = {}) {
  const smtp = await startSmtp()
  const host = await openHost({ ...options, invites: { mailer: smtp.mailer, ...options.invites } })
  const invite = await sendInvite(host, { email: 'ada@example.com' })
  await host.invites.deliver()
  const mailedUrl = /https:\/\/\S+/.exec(smtp.received[0]?.mail.text ?? '')?.[0] ?? ''
  expect(mailedUrl.startsWith(`${invite.joinUrl}.`)).to.equal(true)
  return { smtp, host, invite, mailedUrl }
}

describe('the join link', () => {
  it('R-21 moves the code from the URL into a cookie by one redirect, which no cache, robot or referrer keeps', async () => {
    const { host, invite, mailedUrl } = await openMailed()
    for (const url of [invite.joinUrl, mailedUrl]) {
      const res = await join(host, url)
      expect(res.status).to.equal(302)
      expect(res.get('Location')).to.equal('https://acme.dev/signup')
      expect(res.text).not.to.include(invite.inviteCode)
      expect(res.headers).to.include({
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'x-robots-tag': 'noindex',
      })
      const [, signature] = setCookie(res).split('.')
      expect(signature).to.be.a('string')
    }
  })

  it('R-21 every other answer of the router carries these headers too, errors included', async () => {
    const { host } = await openMailed()
    const answers = [
      await host.manage.get('default/invite'),
      await host.manage.get('default/invite/nothing'),
      await host.manage.post('default/invite/check', { inviteCode: 'x' }),
      await host.manage.post('default/join', { inviteCode: 'x' }),
      await host.manage.post('default/join', { inviteCode: 'x' }).set('Accept', 'text/html'),
      await request(host.app).get('/invites/app/nowhere/join/x'),
      await request(host.app).get('/invites/app/default/join/x'),
    ]
    for (const res of answers) {
      expect(res.headers).to.include({
        'cache-control': 'no-store',
        'referrer-policy': 'no-referrer',
        'x-robots-tag': 'noindex',
      })
    }
  })

  it('says nothing of the code: a good, a wrong and a revoked one redirect alike; what is no code sets no cookie', async () => {
    const host = await openHost()
    const good = await sendInvite(host)
    const revoked = await sendInvite(host)
    await host.invites.revoke(revoked.inviteId)
    const wrong = good.joinUrl.replace(good.inviteCode, 'ABCD-EFGH-JKMN-PQRS-TVWX-YZ01-2345')
    const answers = []
    for (const url of [good.joinUrl, revoked.joinUrl, wrong]) {
      const { status, text, headers } = await join(host, url)
      const { date: _date, 'set-cookie': cookie, ...rest } = headers
      answers.push({ status, text, headers: rest, cookieLength: String(cookie).length })
    }
    expect(answers[1]).to.deep.equal(answers[0])
    expect(answers[2]).to.deep.equal(answers[0])
    for (const token of ['x', '.', 'a.b', '%00', '%E2%80%AE', 'x'.repeat(2000)]) {
      const res = await request(host.app).get(`/invites/app/default/join/${token}`)
      expect([res.status, res.get('Location')]).to.deep.equal([302, 'https://acme.dev/signup'])
      expect(res.get('Set-Cookie')).to.equal(undefined)
    }
  })

  it('goes to the signup page of its app, and to none for an unknown app', async () => {
    const apps = { clinic: { signupUrl: 'https://acme.dev/clinic?lang=de' }, school: {} }
    const host = await openHost({ invites: { apps }, gate: { appId: 'clinic' } })
    const { joinUrl } = await sendInvite(host, {}, 'clinic')
    expect((await join(host, joinUrl)).get('Location')).to.equal('https://acme.dev/clinic?lang=de')
    const unknown = await join(host, joinUrl.replace('clinic', 'nowhere'))
    expect([unknown.status, unknown.body.code]).to.deep.equal([404, 'invite_not_found'])
    expect(unknown.get('Set-Cookie')).to.equal(undefined)
  })

  for (const trusted of [false, 1, true]) {
    it(`R-20 headers that name another host change nothing (trust proxy ${trusted})`, async () => {
      const { smtp, host, invite } = await openMailed({ before: (app) => void app.set('trust proxy', trusted) })
      const evil = {
        Host: 'evil.example',
        'X-Forwarded-Host': 'evil.example',
        'X-Forwarded-Proto': 'gopher',
        'X-Forwarded-Server': 'evil.example',
        'X-Original-Host': 'evil.example',
        Forwarded: 'for=1.2.3.4;host=evil.example;proto=gopher',
        Origin: 'https://evil.example',
        Referer: 'https://evil.example/',
      }
      const manage = manager(host.app)
      const created = await manage.post('default/invite', { email: 'eve@example.com' }).set(evil)
      expect(created.status).to.equal(201)
      const { inviteId, inviteCode } = created.body
      expect(created.get('Location')).to.equal(`https://acme.dev/invites/app/default/invite/${inviteId}`)
      expect(created.body.joinUrl).to.equal(`https://acme.dev/invites/app/default/join/${inviteCode}`)
      const joined = await join(host, invite.joinUrl).set(evil)
      expect(joined.get('Location')).to.equal('https://acme.dev/signup')
      expect(setCookie(joined))
        .to.match(new RegExp(`^${COOKIE}=`))
        .and.not.match(/Domain/)
      const answers = [
        created,
        joined,
        await manage.get('default/invite').set(evil),
        await manage.get(`default/invite/${inviteId}`).set(evil),
        await manage.post(`default/invite/${inviteId}/resend`, {}).set(evil),
        await manage.post('default/invite/check', { inviteCode }).set(evil),
        await manage.get('default/invite/nothing').set(evil),
      ]
      await host.invites.deliver()
      answers.push(
        await host.signup({ inviteCode: 'x' }).set(evil),
        await host.signup({ inviteCode, email: 'eve@example.com' }).set(evil),
      )
      expect(smtp.received).to.have.length(2)
      const said = [
        ...answers.map((res) => res.text + JSON.stringify(res.headers)),
        ...smtp.received.map(({ raw, mail }) => raw + mail.text + mail.html),
      ]
      for (const text of said) expect(text).not.to.match(/evil|gopher/)
    })
  }
})

describe('the join cookie', () => {
  const kinds: Readonly<Record<string, readonly [HostOptions['invites'], RegExp]>> = {
    'under https': [{}, /^__Host-invite_only\.default=[^;]+; Max-Age=900; Path=\/; HttpOnly; Secure; SameSite=Lax$/],
    'under http': [
      { baseUrl: 'http://localhost:3000/invites', signupUrl: 'http://localhost:3000/signup' },
      /^invite_only\.default=[^;]+; Max-Age=900; Path=\/; HttpOnly; SameSite=Lax$/,
    ],
    'with a domain': [
      { baseUrl: 'https://api.acme.dev/invites', cookie: { domain: 'acme.dev' } },
      /^invite_only\.default=[^;]+; Max-Age=900; Domain=acme\.dev; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    ],
  }
  for (const [name, [invites, pattern]] of Object.entries(kinds)) {
    it(`R-12 ${name} has these attributes, and is cleared with the same`, async () => {
      const host = await openHost({ invites: { ...invites } })
      const { joinUrl } = await sendInvite(host)
      const cookie = setCookie(await join(host, joinUrl))
      expect(cookie).to.match(pattern)
      const done = await host.signup({}).set('Cookie', cookie.split(';')[0] ?? '')
      expect(done.status).to.equal(201)
      const cleared = setCookie(done)
      expect(cleared).to.equal(cookie.replace(/=[^;]+/, '=').replace('Max-Age=900', 'Max-Age=0'))
    })
  }

  it('R-12 carries the code to the signup, and the proof with it', async () => {
    const { host, invite, mailedUrl } = await openMailed()
    const byHand = await follow(host, invite.joinUrl)
    const byMail = await follow(host, mailedUrl)
    expect((await host.signup({}).set('Cookie', byHand)).body.code).to.equal('invite_email_mismatch')
    const wrong = await host.signup({ email: 'eve@example.com' }).set('Cookie', byMail)
    expect(wrong.body.code).to.equal('invite_email_mismatch')
    const res = await host.signup({}).set('Cookie', `theme=dark; ${byMail}; session=1`)
    expect(res.status).to.equal(201)
    expect(res.body).to.deep.include({ email: 'ada@example.com', emailVerified: true })
  })

  it('by hand, with the address typed in, admits but proves nothing', async () => {
    const { host, invite } = await openMailed()
    const res = await host.signup({ email: 'ada@example.com' }).set('Cookie', await follow(host, invite.joinUrl))
    expect(res.status).to.equal(201)
    expect(res.body.emailVerified).to.equal(false)
  })

  it('an explicit code wins over it; its proof counts only for the same invite', async () => {
    const { host, invite, mailedUrl } = await openMailed()
    const cookie = await follow(host, mailedUrl)
    const other = await sendInvite(host, { email: 'eve@example.com', role: 'nurse' })
    const unproven = await host.signup({ inviteCode: other.inviteCode }).set('Cookie', cookie)
    expect(unproven.body.code).to.equal('invite_email_mismatch')
    const typed = await host.signup({ inviteCode: other.inviteCode, email: 'eve@example.com' }).set('Cookie', cookie)
    expect(typed.body).to.deep.include({ role: 'nurse', emailVerified: false })
    const wrong = await host.signup({ inviteCode: 'x', email: 'ada@example.com' }).set('Cookie', cookie)
    expect(wrong.body.code).to.equal('invite_invalid')
    const same = await host.signup({ inviteCode: invite.inviteCode.toLowerCase() }).set('Cookie', cookie)
    expect(same.body).to.deep.include({ email: 'ada@example.com', emailVerified: true })
  })

  it('R-12 tampered with, it counts as none', async () => {
    const { host, invite, mailedUrl } = await openMailed()
    const cookie = await follow(host, mailedUrl)
    const [name = '', payload = '', signature = ''] = /^(.+?)=(.+)\.(.+)$/.exec(cookie)?.slice(1) ?? []
    const encode = (content: unknown) => Buffer.from(JSON.stringify(content)).toString('base64url')
    const content = JSON.parse(Buffer.from(payload, 'base64url').toString()) as [string, string, number]
    const other = await sendInvite(host)
    const [, otherPayload = ''] = /=(.+)\./.exec(await follow(host, other.joinUrl)) ?? []
    const forged = [
      `${encode([other.inviteCode, content[1], content[2]])}.${signature}`,
      `${encode([content[0], content[1], content[2] + DAY])}.${signature}`,
      `${encode([other.inviteCode, null, content[2]])}.`,
      `${otherPayload}.${signature}`,
      `${payload}.${signature.slice(0, -1)}`,
      `${payload}.${signature.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))}`,
      `${payload}.${signature.toLowerCase()}`,
      ...[payload, `.${signature}`, `.`, '', '%', `${signature}.${payload}`, invite.inviteCode],
    ]
    for (const value of forged) {
      const res = await host.signup({ email: 'ada@example.com' }).set('Cookie', `${name}=${value}`)
      expect([res.status, res.body.code], value).to.deep.equal([403, 'invite_required'])
    }
    expect(host.accounts).to.deep.equal([])
    expect((await host.signup({}).set('Cookie', cookie)).status).to.equal(201)
  })

  it('R-12 of another app, or of an install with another secret, it counts as none', async () => {
    const apps = { default: {}, school: {} }
    const host = await openHost({ invites: { apps } })
    const { joinUrl } = await sendInvite(host, {}, 'school')
    const cookie = await follow(host, joinUrl)
    expect(cookie).to.match(/^__Host-invite_only\.school=/)
    const renamed = cookie.replace('school', 'default')
    for (const each of [cookie, renamed]) {
      expect((await host.signup({}).set('Cookie', each)).body.code).to.equal('invite_required')
    }
    const stranger = await openHost({
      beside: host,
      invites: { secret: 'another secret, which is as long as it takes' },
    })
    const own = await sendInvite(host)
    const foreign = await follow(stranger, own.joinUrl)
    expect((await host.signup({}).set('Cookie', foreign)).body.code).to.equal('invite_required')
    expect((await host.signup({}).set('Cookie', await follow(host, own.joinUrl))).status).to.equal(201)
  })

  it('R-23 outlives a rotation of the secret', async () => {
    const { host, mailedUrl } = await openMailed()
    const cookie = await follow(host, mailedUrl)
    const secret = ['a newer secret, which is as long as it takes', 'a secret of the tests, long enough to be one']
    const rotated = await openHost({ beside: host, invites: { secret } })
    const res = await rotated.signup({}).set('Cookie', cookie)
    expect(res.body).to.deep.include({ email: 'ada@example.com', emailVerified: true })
  })

  it('R-12 is good for 15 minutes, and stale after', async () => {
    const host = await openHost()
    const { joinUrl } = await sendInvite(host, { maxUses: 2 })
    const cookie = await follow(host, joinUrl)
    host.clock.advance(15 * MINUTE - 1)
    expect((await host.signup({}).set('Cookie', cookie)).status).to.equal(201)
    host.clock.advance(1)
    expect((await host.signup({}).set('Cookie', cookie)).body.code).to.equal('invite_required')
    host.clock.advance(MINUTE)
    expect((await host.signup({}).set('Cookie', cookie)).body.code).to.equal('invite_required')
    const check = await host.manage.post('default/invite/check').set('Cookie', cookie)
    expect(check.status).to.equal(404)
  })

  it('is kept where somebody mistyped a code over it: the link is still good', async () => {
    const { host, mailedUrl } = await openMailed()
    const cookie = await follow(host, mailedUrl)
    const email = 'ada@example.com'
    const mistyped = await host.signup({ email, inviteCode: 'ABCD-EFGH' }).set('Cookie', cookie)
    expect([mistyped.status, mistyped.body.code, setCookie(mistyped)]).to.deep.equal([403, 'invite_invalid', ''])
    await host.signup({ email, inviteCode: '' }).set('Cookie', cookie).expect(201)
  })

  it('R-12 is not needed by an app that opens the link itself: the token serves as the code, with its proof', async () => {
    const { host, invite, mailedUrl } = await openMailed()
    const token = decodeURIComponent(mailedUrl.split('/').at(-1) ?? '')
    const checked = await host.manage.post('default/invite/check', { inviteCode: token })
    expect(checked.body).to.include({ email: 'ada@example.com' })
    const full = await host.manage.post('default/invite/check', { inviteCode: `${invite.inviteCode}.` })
    expect(full.status, 'with the full stop of a sentence').to.equal(200)
    const forged = `${token.slice(0, -1)}${token.endsWith('A') ? 'B' : 'A'}`
    expect((await host.signup({ inviteCode: forged })).body.code).to.equal('invite_email_mismatch')
    const account = await host.signup({ inviteCode: token, email: 'ada@example.com' })
    expect(account.body).to.include({ email: 'ada@example.com', emailVerified: true })
    expect((await host.signup({ inviteCode: invite.inviteCode, email: 'ada@example.com' })).status).to.equal(410)
  })

  it('is cleared where its invite is over: invite_invalid, invite_used, invite_expired', async () => {
    const host = await openHost()
    const revoked = await sendInvite(host)
    const used = await sendInvite(host)
    const expired = await sendInvite(host, { expiresInMs: MINUTE })
    const cookies = { invalid: revoked, used, expired }
    await host.signup({ inviteCode: used.inviteCode }).expect(201)
    await host.invites.revoke(revoked.inviteId)
    host.clock.advance(MINUTE)
    for (const [code, { joinUrl }] of Object.entries(cookies)) {
      const res = await host.signup({}).set('Cookie', await follow(host, joinUrl))
      expect(res.body.code).to.equal(`invite_${code}`)
      expect(setCookie(res)).to.match(new RegExp(`^${COOKIE}=; Max-Age=0; Path=/;`))
    }
    const cookie = await follow(host, used.joinUrl)
    const both = await host.signup({ inviteCode: used.inviteCode?.toLowerCase() }).set('Cookie', cookie)
    expect([both.body.code, setCookie(both).split(';')[1]]).to.deep.equal(['invite_used', ' Max-Age=0'])
    const explicit = await host.signup({ inviteCode: used.inviteCode })
    expect(explicit.body.code).to.equal('invite_used')
    expect(explicit.get('Set-Cookie'), 'nothing to clear').to.equal(undefined)
  })

  it('is kept where another try may succeed', async () => {
    const host = await openHost({
      signup: (req, res) => void res.status(req.body.email === 'ada@example.com' ? 422 : 201).json({}),
    })
    const bound = await sendInvite(host, { email: 'ada@example.com' })
    const held = await sendInvite(host)
    await host.invites.claim({ inviteCode: held.inviteCode })
    const tries = [
      ['invite_email_mismatch', bound, { email: 'eve@example.com' }],
      ['invite_claimed', held, {}],
      ['input_invalid', bound, { email: 'ada' }],
      [undefined, bound, { email: 'ada@example.com' }], // the handler's own 422
    ] as const
    for (const [code, { joinUrl }, body] of tries) {
      const res = await host.signup(body).set('Cookie', await follow(host, joinUrl))
      expect(res.status).to.be.greaterThan(399)
      expect(res.body.code).to.equal(code)
      expect(res.get('Set-Cookie'), code).to.equal(undefined)
    }
  })
})
