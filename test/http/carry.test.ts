// `carryInvite`: the code over a provider's round trip, in a cookie that counts for that one login.
import { deflateRawSync } from 'node:zlib'
import { expect } from 'chai'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import { type CarryInviteOptions, carryInvite, inviteRouter, previewInvite, requireInvite } from '../../src/index.js'
import { afterThis } from '../support/cleanup.js'
import { authorize, DAY, type Host, type HostOptions, MINUTE, openHost, SECRET, sendInvite } from '../support/host.js'
import { startSmtp } from '../support/smtp.js'
import { openVisitor } from '../support/visitor.js'

const OTHER = 'another secret, which is as long as it takes'
const TRIP = /^(?:__Host-)?invite_only_trip\./

interface Options {
  readonly carry?: CarryInviteOptions
  readonly invites?: HostOptions['invites']
  readonly beside?: Host
  /** Answers the start of a login. Default: redirects to a provider with the same query. */
  readonly start?: RequestHandler
}

/** A host with a callback of its own, for whose logins everybody is unknown. A user has the role of its invite. */
async function openTrips({ carry, invites, beside, start }: Options = {}) {
  const host = await openHost({ invites: { ...invites }, ...(beside && { beside }) })
  const app = express()
  const parse = express.urlencoded({ extended: false })
  app.use('/invites', inviteRouter(host.invites, { authorize }))
  const toProvider: RequestHandler = (req, res) => {
    const { inviteCode: _code, ...query } = req.query as Record<string, string>
    res.redirect(`https://provider.example/authorize?${new URLSearchParams(query)}`)
  }
  for (const appId of Object.keys(invites?.apps ?? { default: {} })) {
    const along = carryInvite(host.invites, { appId, ...carry })
    app.all(`/${appId}/begin`, parse, along, start ?? toProvider)
    app.all(`/${appId}/callback`, parse, (req, res, next) => {
      const createUser = (_profile: object, invite: { role: string | null } | undefined) => ({ role: invite?.role })
      const login = { appId, profile: {}, findUser: () => null, createUser }
      host.invites.admit(req, login).then((user) => res.json(user), next)
    })
  }
  app.get('/unparsed', carryInvite(host.invites, { appId: 'default', ...carry }), toProvider)
  app.post('/unparsed', carryInvite(host.invites, { appId: 'default', ...carry }), toProvider)
  app.post('/signup', parse, requireInvite(host.invites, { appId: 'default' }), (_req, res) => void res.json('in'))
  app.get('/signup', (req, res, next) => {
    previewInvite(host.invites, req, { appId: 'default' }).then((found) => res.json(found ?? null), next)
  })
  app.use(((error, _req, res, _next) => {
    res.status(error.status ?? 500).json({ code: error.code, message: error.message })
  }) satisfies ErrorRequestHandler)
  /** An invite whose role says which it is. */
  const send = (role: string, appId = 'default') => sendInvite(host, { role }, appId)
  const usesOf = async ({ inviteId }: { inviteId: string }) => (await host.invites.retrieve(inviteId)).uses
  return { ...host, host, app, send, usesOf, visitor: openVisitor(app) }
}

const apps = { default: {}, school: {} }

const begin = (query: Readonly<Record<string, string>>, app = 'default') =>
  `/${app}/begin?${new URLSearchParams(query)}`
const back = (query: Readonly<Record<string, string>>, app = 'default') =>
  `/${app}/callback?${new URLSearchParams(query)}`
const pathOf = (url: string) => new URL(url).pathname

describe('carryInvite', () => {
  it('R-12 carries a code of the query, of the body or of the join cookie to the callback, and nowhere else', async () => {
    const { send, visitor } = await openTrips()
    const inQuery = await send('query')
    const start = await visitor.get(begin({ inviteCode: inQuery.inviteCode.toLowerCase(), state: 's1' }))
    expect(start.get('Location')).to.equal('https://provider.example/authorize?state=s1')
    expect((await visitor.get(back({ state: 's1' }))).body).to.deep.equal({ role: 'query' })

    const { inviteCode } = await send('body')
    await visitor.post(begin({ state: 's2' }), { inviteCode })
    expect((await visitor.get(back({ state: 's2' }))).body).to.deep.equal({ role: 'body' })

    await visitor.get(pathOf((await send('link')).joinUrl))
    await visitor.get(begin({ state: 's3', inviteCode: ' ' }))
    expect([...visitor.cookies.keys()].filter((name) => TRIP.test(name))).to.have.length(1)
    expect((await visitor.get(back({ state: 's3' }))).body).to.deep.equal({ role: 'link' })
    expect([...visitor.cookies], 'every cookie is cleared').to.deep.equal([])
  })

  it('R-12 carries the proof of a mailed link that is its token or lies in the join cookie', async () => {
    const smtp = await startSmtp()
    const { host, visitor } = await openTrips({ invites: { mailer: smtp.mailer } })
    for (const way of ['token', 'cookie'] as const) {
      await sendInvite(host, { email: `${way}@example.com`, role: 'proven' })
      await host.invites.deliver()
      const join = pathOf(/https:\/\/\S+/.exec(smtp.received.at(-1)?.mail.text ?? '')?.[0] ?? '')
      const token = decodeURIComponent(join.split('/').at(-1) ?? '')
      if (way === 'cookie') await visitor.get(join)
      await visitor.get(begin({ state: way, ...(way === 'token' && { inviteCode: token }) }))
      visitor.cookies.delete('__Host-invite_only.default')
      const { status, body } = await visitor.get(back({ state: way }))
      expect([status, body], way).to.deep.equal([200, { role: 'proven' }])
    }
    expect((await host.invites.acceptances()).items).to.have.length(2)
  })

  it('looks nothing up and changes no row: R-07', async () => {
    const { send, visitor, store } = await openTrips()
    const { inviteCode } = await send('any')
    await store.close()
    expect((await visitor.get(begin({ inviteCode, state: 's1' }))).status).to.equal(302)
    expect((await visitor.get(begin({ inviteCode: inviteCode.replace(/.$/, 'x'), state: 's2' }))).status).to.equal(302)
    expect((await visitor.get(begin({ inviteCode: 'ABCD', state: 's3' }))).status).to.equal(403)
  })

  it('refuses what cannot be a code before the provider is asked, and keeps the link that it was typed over', async () => {
    const { send, invites, visitor } = await openTrips()
    const refused: unknown[] = []
    invites.events.on('refused', (event) => refused.push(event))
    await visitor.get(pathOf((await send('link')).joinUrl))
    const res = await visitor.get(begin({ inviteCode: 'ABCD-EFGH', state: 's1' }))
    expect([res.status, res.body.code]).to.deep.equal([403, 'invite_invalid'])
    expect([res.get('Location'), res.get('Set-Cookie')]).to.deep.equal([undefined, undefined])
    expect(refused).to.deep.equal([{ appId: 'default', code: 'invite_invalid' }])
    const twice = await visitor.get('/default/begin?inviteCode=a&inviteCode=b')
    expect([twice.status, twice.body.code]).to.deep.equal([400, 'input_invalid'])
    await visitor.get(begin({ state: 's2' }))
    expect((await visitor.get(back({ state: 's2' }))).body).to.deep.equal({ role: 'link' })
  })

  it('sets nothing where nothing is to be carried, or the answer begins no login', async () => {
    const none = await openTrips()
    expect((await none.visitor.get(begin({ state: 's1' }))).get('Set-Cookie')).to.equal(undefined)
    const answers: readonly RequestHandler[] = [
      (_req, res) => res.redirect('/login'),
      (_req, res) => res.redirect('https://acme.dev/login?failed'),
      (_req, res) => res.redirect('https://:x'),
      (_req, res) => void res.status(403).location('https://provider.example/?state=s1').send('no'),
      (_req, _res, next) => next(new Error('the provider cannot be found')),
    ]
    for (const start of answers) {
      const { send, visitor } = await openTrips({ start })
      const { inviteCode } = await send('any')
      const res = await visitor.get(begin({ inviteCode, state: 's1' }))
      expect(res.get('Set-Cookie'), res.get('Location')).to.equal(undefined)
    }
    // a callback under the same path, as where `app.use('/auth', carryInvite(…))` stands before both
    const callback = await openTrips({ start: (_req, res) => void res.send('Welcome') })
    const { inviteCode } = await callback.send('any')
    for (const query of ['state', 'SAMLResponse']) {
      expect((await callback.visitor.get(begin({ inviteCode, [query]: 'x' }))).get('Set-Cookie'), query).to.equal(
        undefined,
      )
    }
    const { send, visitor } = await openTrips({ start: (_req, res) => res.redirect('/provider?state=s1') })
    await visitor.get(begin({ inviteCode: (await send('own')).inviteCode }))
    expect((await visitor.get(back({ state: 's1' }))).body, 'a provider of its own').to.deep.equal({ role: 'own' })
  })

  it('says so where a posted code is parsed by nobody', async () => {
    const { send, visitor } = await openTrips()
    const { inviteCode } = await send('any')
    const res = await visitor.post('/unparsed?state=s1', { inviteCode })
    expect([res.status, res.body.message.split(':')[0]]).to.deep.equal([500, 'carryInvite found no req.body'])
    expect((await visitor.get(`/unparsed?state=s1&inviteCode=${inviteCode}`)).status).to.equal(302)
  })

  it('R-16 says at start what is wrong with its options', async () => {
    const open = (baseUrl: string) => openHost({ invites: { baseUrl, signupUrl: baseUrl } })
    const { invites } = await open('http://acme.dev/invites')
    expect(() => carryInvite(invites, { formpost: true } as never)).to.throw(TypeError, 'Did you mean `formPost`?')
    expect(() => carryInvite(invites, { formPost: 'yes' } as never)).to.throw(TypeError, '`formPost` must be true or')
    expect(() => carryInvite(invites, { formPost: true })).to.throw(TypeError, '`formPost` needs https')
    for (const here of ['http://localhost:3000', 'http://127.0.0.1:3000', 'http://[::1]:3000', 'https://acme.dev']) {
      carryInvite((await open(here)).invites, { formPost: true })
    }
    const several = await openHost({ invites: { apps: { clinic: {}, school: {} } }, gate: { appId: 'clinic' } })
    expect(() => carryInvite(several.invites)).to.throw(TypeError, 'name one of clinic, school')
  })
})

describe('the round-trip cookie', () => {
  const kinds: Readonly<Record<string, readonly [Options, RegExp]>> = {
    'under https': [{}, /^__Host-NAME=[^;]+; Max-Age=900; Path=\/; HttpOnly; Secure; SameSite=Lax$/],
    'for a form POST': [
      { carry: { formPost: true } },
      /^__Host-NAME=[^;]+; Max-Age=900; Path=\/; HttpOnly; Secure; SameSite=None$/,
    ],
    'under http': [
      { invites: { baseUrl: 'http://acme.dev/invites', signupUrl: 'http://acme.dev/signup' } },
      /^NAME=[^;]+; Max-Age=900; Path=\/; HttpOnly; SameSite=Lax$/,
    ],
    'for a form POST to localhost': [
      {
        carry: { formPost: true },
        invites: { baseUrl: 'http://localhost:3000/invites', signupUrl: 'http://localhost:3000/signup' },
      },
      /^NAME=[^;]+; Max-Age=900; Path=\/; HttpOnly; Secure; SameSite=None$/,
    ],
    'with a domain': [
      { invites: { baseUrl: 'https://api.acme.dev/invites', cookie: { domain: 'acme.dev' } } },
      /^NAME=[^;]+; Max-Age=900; Domain=acme\.dev; Path=\/; HttpOnly; Secure; SameSite=Lax$/,
    ],
  }
  for (const [name, [options, pattern]] of Object.entries(kinds)) {
    it(`R-12 ${name} has these attributes, is small, and is cleared`, async () => {
      const { send, visitor } = await openTrips(options)
      const { inviteCode } = await send('any')
      const [cookie = '', ...more] = (await visitor.get(begin({ inviteCode, state: 's1' }))).get('Set-Cookie') ?? []
      expect(cookie).to.match(new RegExp(pattern.source.replace('NAME', 'invite_only_trip\\.default\\.[\\w-]{16}')))
      expect(more).to.deep.equal([])
      expect(cookie.split(';')[0]).to.have.length.below(200)
      expect(cookie).not.to.include(inviteCode)
      await visitor.get(back({ state: 's1' }))
      expect([...visitor.cookies]).to.deep.equal([])
    })
  }

  it('R-12 gives two tabs each the invite that they began with, in any order', async () => {
    const { send, visitor } = await openTrips()
    for (const order of [
      ['one', 'two'],
      ['two', 'one'],
    ]) {
      for (const tab of ['one', 'two']) {
        await visitor.get(pathOf((await send(tab)).joinUrl))
        await visitor.get(begin({ state: tab }))
      }
      for (const tab of order) expect((await visitor.get(back({ state: tab }))).body).to.deep.equal({ role: tab })
    }
    expect([...visitor.cookies]).to.deep.equal([])
  })

  it("R-12 leaves another tab's link alone when it is cleared", async () => {
    const { send, visitor } = await openTrips()
    await visitor.get(begin({ inviteCode: (await send('one')).inviteCode, state: 'one' }))
    await visitor.get(pathOf((await send('two')).joinUrl))
    expect((await visitor.get(back({ state: 'one' }))).body).to.deep.equal({ role: 'one' })
    await visitor.get(begin({ state: 'two' }))
    expect((await visitor.get(back({ state: 'two' }))).body).to.deep.equal({ role: 'two' })
  })

  it('R-12 tampered with, swapped or stale, it lets nobody in, and no other cookie in its place', async () => {
    const { send, visitor, clock, usesOf } = await openTrips()
    const [one, two] = [await send('one'), await send('two')]
    await visitor.get(begin({ inviteCode: one.inviteCode, state: 'one' }))
    await visitor.get(begin({ inviteCode: two.inviteCode, state: 'two' }))
    const [[name = '', value = ''] = [], [, swapped = ''] = []] = [...visitor.cookies]
    await visitor.get(pathOf(two.joinUrl))
    const joined = visitor.cookies.get('__Host-invite_only.default') ?? ''
    const [payload = '', signature = ''] = value.split('.')
    const [code, proof, endsAt] = JSON.parse(Buffer.from(payload, 'base64url').toString()) as [string, null, number]
    const longer = Buffer.from(JSON.stringify([code, proof, endsAt + DAY])).toString('base64url')
    const forged = [
      swapped,
      joined,
      `${swapped.split('.')[0]}.${signature}`,
      `${longer}.${signature}`,
      `${payload}.${signature.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))}`,
      ...[payload, `${payload}.`, '.', '%', one.inviteCode],
    ]
    for (const each of forged) {
      visitor.cookies.set(name, each)
      const res = await visitor.get(back({ state: 'one' }))
      expect([res.status, res.body.code], each).to.deep.equal([403, 'invite_required'])
    }
    visitor.cookies.set(name, value)
    clock.advance(15 * MINUTE)
    await visitor.get(pathOf(two.joinUrl)) // a fresh link of another tab
    expect((await visitor.get(back({ state: 'one' }))).body.code).to.equal('invite_required')
    clock.advance(-1)
    expect([await usesOf(one), await usesOf(two)]).to.deep.equal([0, 0])
    expect((await visitor.get(back({ state: 'one' }))).body).to.deep.equal({ role: 'one' })
  })

  it('R-12 R-23 of another app, another state or another secret, it counts as none', async () => {
    const { host, send, visitor, app } = await openTrips({ invites: { apps } })
    const { inviteCode } = await send('one', 'school')
    await visitor.get(begin({ inviteCode, state: 's1' }, 'school'))
    const [[name = '', value = ''] = []] = [...visitor.cookies]
    for (const each of [name, name.replace('school', 'default')]) {
      const other = openVisitor(app)
      other.cookies.set(each, value)
      expect((await other.get(back({ state: 's1' }))).body.code, each).to.equal('invite_required')
      expect((await other.get(back({ state: 's2' }, 'school'))).body.code).to.equal('invite_required')
    }
    // the name that this state has for the other app, as its own start gives it
    await visitor.get(begin({ inviteCode: (await send('two')).inviteCode, state: 's1' }))
    const taken = [...visitor.cookies.keys()].find((each) => each.includes('default')) ?? ''
    visitor.cookies.set(taken, value)
    expect((await visitor.get(back({ state: 's1' }))).body.code).to.equal('invite_required')

    await visitor.get(begin({ inviteCode, unbound: '' }, 'school'))
    const unbound = [...visitor.cookies].find(([each]) => each.endsWith('school.any'))
    const stranger = openVisitor(app)
    stranger.cookies.set(unbound?.[0].replace('school', 'default') ?? '', unbound?.[1] ?? '')
    expect((await stranger.get(back({}))).body.code).to.equal('invite_required')
    stranger.cookies.set(...(unbound ?? ['', '']))
    expect((await stranger.get(back({}))).body.code).to.equal('invite_required')

    const rotated = openVisitor((await openTrips({ beside: host, invites: { apps, secret: [OTHER, SECRET] } })).app)
    rotated.cookies.set(name, value)
    expect((await rotated.get(back({ state: 's1' }, 'school'))).body, 'a newer secret').to.deep.equal({ role: 'one' })
    const foreign = openVisitor((await openTrips({ beside: host, invites: { apps, secret: OTHER } })).app)
    foreign.cookies.set(name, value)
    expect((await foreign.get(back({ state: 's1' }, 'school'))).body.code).to.equal('invite_required')
  })

  for (const formPost of [true, false]) {
    it(`is for logins alone, formPost ${formPost}: the gate, the preview and the check do not see it`, async () => {
      const { send, visitor } = await openTrips({ carry: { formPost } })
      const { inviteCode } = await send('any')
      await visitor.get(begin({ inviteCode, state: 's1' }))
      await visitor.get(begin({ inviteCode, ...(formPost && { state: 's2' }) }))
      expect(visitor.cookies.size).to.equal(2)
      for (const query of ['', '?state=s1']) {
        expect((await visitor.post(`/signup${query}`, { state: 's1' })).body.code).to.equal('invite_required')
        expect((await visitor.get(`/signup${query}`)).body).to.equal(null)
      }
      expect((await visitor.post('/invites/app/default/invite/check', {})).status).to.equal(404)
      expect((await visitor.get(back({ state: 's1' }))).status).to.equal(200)
    })
  }

  it('is cleared where its invite is over, and kept where another try may succeed', async () => {
    const { send, invites, clock, visitor } = await openTrips()
    const over = {
      invite_used: await send('used'),
      invite_invalid: await send('revoked'),
      invite_expired: await send('expired'),
    }
    for (const [code, { inviteCode }] of Object.entries(over)) await visitor.get(begin({ inviteCode, state: code }))
    await invites.accept(await invites.claim({ inviteCode: over.invite_used.inviteCode }))
    await invites.revoke(over.invite_invalid.inviteId)
    await invites.update(over.invite_expired.inviteId, { expiresInMs: MINUTE })
    clock.advance(MINUTE)
    for (const code of Object.keys(over)) {
      const before = visitor.cookies.size
      expect((await visitor.get(back({ state: code }))).body.code).to.equal(code)
      expect(visitor.cookies.size, code).to.equal(before - 1)
    }
    const bound = await invites.send({ email: 'ada@example.com', role: 'bound' })
    await visitor.get(begin({ inviteCode: bound.inviteCode ?? '', state: 'bound' }))
    expect((await visitor.get(back({ state: 'bound' }))).body.code).to.equal('invite_email_mismatch')
    expect(visitor.cookies.size).to.equal(1)
  })

  it('gives way to a code in the callback, and is kept where that was mistyped', async () => {
    const { send, visitor } = await openTrips()
    const [one, two] = [await send('one'), await send('two')]
    await visitor.get(begin({ inviteCode: one.inviteCode, state: 's1' }))
    await visitor.get(pathOf(one.joinUrl))
    const join = '__Host-invite_only.default'
    const joined = visitor.cookies.get(join) ?? ''
    visitor.cookies.delete(join)
    const mistyped = await visitor.get(back({ state: 's1', inviteCode: 'ABCD-EFGH' }))
    expect([mistyped.body.code, mistyped.get('Set-Cookie')]).to.deep.equal(['invite_invalid', undefined])
    visitor.cookies.set(join, joined)
    const typed = await visitor.get(back({ state: 's1', inviteCode: two.inviteCode }))
    expect(typed.body).to.deep.equal({ role: 'two' })
    expect([...visitor.cookies.keys()], 'the link that was not used').to.deep.equal([join])
    await visitor.get(begin({ state: 's2' }))
    expect((await visitor.get(back({ state: 's2', inviteCode: '' }))).body).to.deep.equal({ role: 'one' })
  })

  it('keeps nobody out where anybody may sign up', async () => {
    const { send, invites, visitor } = await openTrips()
    const { inviteCode } = await send('any')
    await invites.settings({ mode: 'open' })
    await visitor.get(begin({ inviteCode, state: 's1' }))
    const [[name = '']] = [...visitor.cookies] as [[string, string]]
    visitor.cookies.set(name, 'x')
    expect((await visitor.get(back({ state: 's1' }))).body).to.deep.equal({})
    expect(visitor.cookies.size).to.equal(0)
  })

  it('does not pile up where logins are not ended: the last four stay, of this app', async () => {
    const { send, visitor, clock } = await openTrips({ invites: { apps } })
    const { inviteCode } = await send('school', 'school')
    await visitor.get(begin({ inviteCode, state: 'school' }, 'school'))
    const states = Array.from({ length: 12 }, (_, n) => `tab ${n}`)
    for (const state of states) {
      clock.advance(1000)
      await visitor.get(begin({ inviteCode: (await send(state.replace(' ', '-'))).inviteCode, state }))
    }
    expect(visitor.cookies.size).to.equal(5)
    expect([...visitor.cookies].flat().join('').length).to.be.below(1100)
    for (const state of states.slice(-4)) {
      expect((await visitor.get(back({ state }))).body).to.deep.equal({ role: state.replace(' ', '-') })
    }
    expect((await visitor.get(back({ state: 'tab 0' }))).body.code).to.equal('invite_required')
    expect((await visitor.get(back({ state: 'school' }, 'school'))).body).to.deep.equal({ role: 'school' })
  })

  it('takes nothing along that is too long for a code with its proof, so that it never fills a request', async () => {
    const { send, visitor } = await openTrips()
    const { inviteCode } = await send('any')
    await visitor.get(begin({ inviteCode: `${inviteCode}.${'A'.repeat(3000)}`, state: 's1' }))
    expect([...visitor.cookies].flat().join('').length).to.be.below(250)
  })
})

describe('a round trip', () => {
  it('without a state is the one that was begun last', async () => {
    const { send, visitor } = await openTrips()
    for (const role of ['one', 'two']) await visitor.get(begin({ inviteCode: (await send(role)).inviteCode }))
    await visitor.get(pathOf((await send('link')).joinUrl))
    expect((await visitor.get(back({}))).body).to.deep.equal({ role: 'two' })
    expect((await visitor.get(back({}))).body).to.deep.equal({ role: 'link' })
  })

  it('by a page with a form to the provider counts in the callback, whatever that is sent', async () => {
    const { send, visitor } = await openTrips({ start: (_req, res) => void res.send('<form method=post>') })
    await visitor.get(begin({ inviteCode: (await send('form')).inviteCode }))
    const res = await visitor.post(back({}), { RelayState: '/home', SAMLResponse: 'PHg+' })
    expect(res.body).to.deep.equal({ role: 'form' })
  })

  it('is known by a state in a posted form', async () => {
    const { send, visitor } = await openTrips()
    for (const state of ['one', 'two']) await visitor.get(begin({ inviteCode: (await send(state)).inviteCode, state }))
    for (const state of ['one', 'two']) {
      expect((await visitor.post(back({}), { state })).body).to.deep.equal({ role: state })
    }
  })

  const deflate = (xml: string) => deflateRawSync(xml).toString('base64')
  const request = (id: string) => deflate(`<?xml version="1.0"?><samlp:AuthnRequest xmlns:samlp="x" ID="${id}"/>`)
  const response = (id: string) =>
    Buffer.from(`<samlp:Response xmlns:samlp="x" ID="_r" InResponseTo="${id}"><x/></samlp:Response>`).toString('base64')

  it("in SAML is known by its request's ID, where two have the same RelayState", async () => {
    const { send, visitor } = await openTrips({ carry: { formPost: true } })
    for (const id of ['_one', '_two']) {
      const { inviteCode } = await send(id)
      await visitor.get(begin({ inviteCode, SAMLRequest: request(id), RelayState: '/' }))
    }
    expect(visitor.cookies.size).to.equal(2)
    for (const id of ['_two', '_one']) {
      const { body } = await visitor.post(back({}), { SAMLResponse: response(id), RelayState: '/' })
      expect(body).to.deep.equal({ role: id })
    }
  })

  it('in SAML is known by its RelayState where the request cannot be read', async () => {
    const { send, visitor } = await openTrips({ carry: { formPost: true } })
    for (const [RelayState, SAMLRequest] of Object.entries({ one: '', two: 'no', three: deflate('<a ID="b"/>') })) {
      await visitor.get(begin({ inviteCode: (await send(RelayState)).inviteCode, SAMLRequest, RelayState }))
    }
    for (const RelayState of ['three', 'one', 'two']) {
      const { body } = await visitor.post(back({}), { SAMLResponse: response('_other'), RelayState })
      expect(body).to.deep.equal({ role: RelayState })
    }
  })
})

describe('a login by form POST', () => {
  const fromElsewhere = { 'Sec-Fetch-Site': 'cross-site' }

  /** The warnings of this package while `work` is done. */
  async function warningsOf(work: () => Promise<unknown>): Promise<readonly (string | undefined)[]> {
    const told: (string | undefined)[] = []
    const hear = (warning: Error & { code?: string }) =>
      void (warning.name === 'ExpressInviteOnly' && told.push(warning.code))
    process.on('warning', hear)
    afterThis(() => process.off('warning', hear))
    await work()
    await new Promise((done) => setImmediate(done))
    process.off('warning', hear)
    return told
  }

  it('INVITE_FORM_POST: told once where it came with neither a code nor a cookie', async () => {
    const { send, visitor } = await openTrips()
    const told = await warningsOf(async () => {
      for (const _time of [1, 2]) {
        const res = await visitor.post(back({}), { state: 's1' }, fromElsewhere)
        expect(res.body.code).to.equal('invite_required')
      }
    })
    expect(told).to.deep.equal(['INVITE_FORM_POST'])
    const others = await openTrips()
    expect(
      await warningsOf(async () => {
        const { inviteCode } = await others.send('any')
        await others.visitor.post(back({}), {}, { 'Sec-Fetch-Site': 'same-origin' })
        await others.visitor.post(back({}), {})
        await others.visitor.get(back({}), fromElsewhere)
        await others.visitor.post(back({}), { inviteCode: 'ABCD' }, fromElsewhere)
        await others.visitor.post(back({}), { inviteCode }, fromElsewhere)
      }),
    ).to.deep.equal([])
    expect((await visitor.post(back({}), { inviteCode: (await send('any')).inviteCode })).status).to.equal(200)
  })

  it('carries nothing where nothing tells the login from others, and says so', async () => {
    const { send, visitor } = await openTrips({ carry: { formPost: true } })
    const { inviteCode } = await send('any')
    const told = await warningsOf(async () => {
      for (const _time of [1, 2]) await visitor.get(begin({ inviteCode }))
    })
    expect([told, visitor.cookies.size]).to.deep.equal([['INVITE_FORM_POST'], 0])
    const page = await openTrips({
      carry: { formPost: true },
      start: (_req, res) => void res.send('<form method=post>'),
    })
    await page.visitor.get(begin({ inviteCode: (await page.send('form')).inviteCode }))
    expect(page.visitor.cookies.size).to.equal(0)
  })

  it('is told by the SAML request in the form of a page, deflated or not, in one piece or written', async () => {
    const xml = (id: string) => `<samlp:AuthnRequest xmlns:samlp="x" ID="${id}"/>`
    const pages: Readonly<Record<string, (id: string) => string | Buffer>> = {
      plain: (id) => Buffer.from(xml(id)).toString('base64'),
      deflated: (id) => deflateRawSync(xml(id)).toString('base64'),
    }
    for (const [id, encode] of Object.entries(pages)) {
      for (const isWritten of [false, true]) {
        const form = `<form method="post"><input type="hidden" name="SAMLRequest" value="${encode(id)}"></form>`
        const start: RequestHandler = (_req, res) => {
          if (isWritten) res.type('html').write(Buffer.from(form))
          if (isWritten) res.end()
          else res.send(form)
        }
        const { send, visitor } = await openTrips({ carry: { formPost: true }, start })
        const page = await visitor.get(begin({ inviteCode: (await send(id)).inviteCode }))
        expect(page.text).to.equal(form)
        const answer = (to: string) => Buffer.from(`<samlp:Response InResponseTo="${to}"/>`).toString('base64')
        const other = await visitor.post(back({}), { SAMLResponse: answer('other') })
        expect(other.body.code).to.equal('invite_required')
        expect((await visitor.post(back({}), { SAMLResponse: answer(id) })).body).to.deep.equal({ role: id })
      }
    }
  })

  it('is not told where the cookie is set for it: then they had no invite', async () => {
    const { visitor } = await openTrips({ carry: { formPost: true } })
    const told = await warningsOf(() => visitor.post(back({}), { state: 's1' }, fromElsewhere))
    expect(told).to.deep.equal([])
  })
})
