// The gate before a host's signup handler: what it reads, whom it lets in, and what it says to the rest.
import { expect } from 'chai'
import express from 'express'
import request from 'supertest'
import { requireInvite } from '../../src/index.js'
import { DAY, MINUTE, openHost, sendInvite } from '../support/host.js'

describe('requireInvite', () => {
  describe('reads the code', () => {
    it('from a JSON body', async () => {
      const host = await openHost()
      const { inviteCode } = await sendInvite(host, { email: 'ada@example.com', role: 'nurse' })
      const res = await host.signup({ inviteCode, email: 'Ada@Example.com' })
      expect(res.status).to.equal(201)
      expect(res.body).to.deep.include({ email: 'Ada@Example.com', role: 'nurse', emailVerified: false })
    })

    it('from a form', async () => {
      const host = await openHost()
      const { inviteCode } = await sendInvite(host, { email: 'ada@example.com' })
      const res = await host.signup({}).type('form').send({ inviteCode, email: 'ada@example.com' })
      expect(res.status).to.equal(201)
    })

    it('from the query', async () => {
      const host = await openHost()
      const { inviteCode } = await sendInvite(host)
      const res = await request(host.app).post(`/signup?inviteCode=${inviteCode}`).send({})
      expect(res.status).to.equal(201)
    })

    it('as it is typed: lower case, with spaces, without dashes, o for 0 and l for 1', async () => {
      const host = await openHost()
      const { inviteCode } = await sendInvite(host, { maxUses: null })
      const spellings = [
        inviteCode.toLowerCase(),
        inviteCode.replaceAll('-', ''),
        ` ${inviteCode.replaceAll('-', ' ')} `,
        inviteCode.replaceAll('-', '–'),
        inviteCode.replaceAll('0', 'o').replaceAll('1', 'l'),
      ]
      for (const spelling of spellings) expect((await host.signup({ inviteCode: spelling })).status).to.equal(201)
    })

    it('where the host says', async () => {
      const host = await openHost({ gate: { code: (req) => req.get('X-Invite'), email: (req) => req.get('X-Email') } })
      const { inviteCode } = await sendInvite(host, { email: 'ada@example.com' })
      const res = await request(host.app).post('/signup').set({ 'X-Invite': inviteCode, 'X-Email': 'ada@example.com' })
      expect(res.status).to.equal(201)
    })

    it('and refuses two that differ', async () => {
      const host = await openHost()
      const { inviteCode } = await sendInvite(host)
      const other = await sendInvite(host)
      const both = await request(host.app).post(`/signup?inviteCode=${other.inviteCode}`).send({ inviteCode })
      expect(both.status).to.equal(400)
      expect(both.body.code).to.equal('input_invalid')
      expect(both.body.errors[0].pointer).to.equal('#/inviteCode')
      const same = await request(host.app).post(`/signup?inviteCode=${inviteCode.toLowerCase()}`).send({ inviteCode })
      expect(same.status).to.equal(201)
    })

    for (const wrong of [7, null, true, ['a'], { a: 1 }]) {
      it(`and refuses ${JSON.stringify(wrong)} as a code or an address`, async () => {
        const host = await openHost()
        const { inviteCode } = await sendInvite(host)
        const code = await host.signup({ inviteCode: wrong })
        expect(code.status).to.equal(400)
        expect(code.body.errors[0].pointer).to.equal('#/inviteCode')
        const address = await host.signup({ inviteCode, email: wrong })
        expect(address.status).to.equal(400)
        expect(address.body.errors[0].pointer).to.equal('#/email')
        expect((await host.signup({ inviteCode })).status).to.equal(201)
      })
    }

    it('and says what is missing where no body parser is mounted', async () => {
      const host = await openHost({
        before: (app) => void app.post('/bare', (req, res, next) => requireInvite(host.invites)(req, res, next)),
      })
      await request(host.app).post('/bare').send({ inviteCode: 'x' }).expect(500)
      expect(host.errors[0]).to.be.instanceOf(TypeError)
      expect(String(host.errors[0])).to.match(/mount a body parser.*express\.json/)
    })

    it('and answers 415 where the parsers leave this kind of body', async () => {
      const host = await openHost()
      const res = await request(host.app).post('/signup').type('text/xml').send('<inviteCode/>')
      expect(res.status).to.equal(415)
      expect(res.body.code).to.equal('input_invalid')
    })
  })

  describe('judges', () => {
    it('no code: invite_required; a blank field counts as none', async () => {
      const host = await openHost()
      for (const body of [{}, { inviteCode: '' }, { inviteCode: ' - ' }]) {
        const res = await host.signup({ ...body, email: 'ada@example.com' })
        expect(res.status).to.equal(403)
        expect(res.body.code).to.equal('invite_required')
      }
      expect(host.accounts).to.deep.equal([])
    })

    it('a text that cannot be a code: invite_invalid', async () => {
      const host = await openHost()
      for (const inviteCode of ['x', '8216502f-e57f-40c8-9bd1-833d99fb0854', 'é', 'A'.repeat(5000), "' or 1=1 --"]) {
        const res = await host.signup({ inviteCode })
        expect(res.status).to.equal(403)
        expect(res.body.code).to.equal('invite_invalid')
      }
    })

    it('an address that is none: input_invalid, and the invite stays', async () => {
      const host = await openHost()
      const { inviteCode } = await sendInvite(host, { email: 'ada@example.com' })
      for (const email of ['', 'ada', 'ada@example.com, eve@example.com', 'ada@exam ple.com']) {
        const res = await host.signup({ inviteCode, email })
        expect(res.status).to.equal(400)
        expect(res.body.errors[0].pointer).to.equal('#/email')
      }
      expect((await host.signup({ inviteCode, email: 'ada@example.com' })).status).to.equal(201)
    })

    it('a bound invite without an address: mismatch, unless the host has none', async () => {
      const host = await openHost()
      const { inviteCode } = await sendInvite(host, { email: 'ada@example.com' })
      expect((await host.signup({ inviteCode })).body.code).to.equal('invite_email_mismatch')
      const bare = await openHost({ gate: { email: false } })
      const bound = await sendInvite(bare, { email: 'ada@example.com' })
      const res = await bare.signup({ inviteCode: bound.inviteCode })
      expect(res.status).to.equal(201)
      expect(res.body).to.include({ email: 'ada@example.com', emailVerified: false })
    })

    it('the domain of an address, where the invite has one', async () => {
      const host = await openHost()
      const { inviteCode } = await sendInvite(host, { emailDomain: 'example.com', maxUses: null })
      expect((await host.signup({ inviteCode, email: 'ada@EXAMPLE.com' })).status).to.equal(201)
      for (const email of ['eve@evil-example.com', 'eve@example.com.evil.org', 'eve@sub.example.com', undefined]) {
        expect((await host.signup({ inviteCode, email })).body.code).to.equal('invite_email_mismatch')
      }
    })

    it('GET and HEAD never pass and never claim', async () => {
      const host = await openHost({
        before: (app) => void app.use('/join', (req, res, next) => requireInvite(host.invites)(req, res, next)),
      })
      const { inviteCode } = await sendInvite(host)
      const res = await request(host.app).get(`/join?inviteCode=${inviteCode}`)
      expect(res.status).to.equal(403)
      expect(res.body.code).to.equal('invite_required')
      await request(host.app).head(`/join?inviteCode=${inviteCode}`).expect(403)
      expect((await host.signup({ inviteCode })).status).to.equal(201)
    })

    it('R-08 the expiry, to the millisecond', async () => {
      const host = await openHost()
      const early = await sendInvite(host, { expiresInMs: 1000 })
      const late = await sendInvite(host, { expiresInMs: 1000 })
      host.clock.advance(999)
      expect((await host.signup({ inviteCode: early.inviteCode })).status).to.equal(201)
      host.clock.advance(1)
      const res = await host.signup({ inviteCode: late.inviteCode })
      expect(res.status).to.equal(410)
      expect(res.body.code).to.equal('invite_expired')
      host.clock.advance(7 * DAY)
      expect((await host.signup({ inviteCode: late.inviteCode })).body.code).to.equal('invite_expired')
    })
  })

  describe('in each mode', () => {
    it('open: lets in without a code, judges one that is given, ignores and clears a bad cookie', async () => {
      const host = await openHost({ invites: { mode: 'open' } })
      expect((await host.signup({ email: 'anybody@example.com' })).status).to.equal(201)
      expect(host.accounts[0]?.emailVerified).to.equal(undefined)
      expect((await host.signup({ inviteCode: 'wrong', email: 'eve@example.com' })).body.code).to.equal(
        'invite_invalid',
      )

      const { inviteCode, joinUrl } = await sendInvite(host, { email: 'ada@example.com' })
      const agent = request.agent(host.app)
      const join = await agent.get(new URL(joinUrl).pathname)
      const [cookie = ''] = join.get('Set-Cookie') ?? []
      await host.signup({ inviteCode, email: 'ada@example.com' }).expect(201)
      const late = await host.signup({ email: 'late@example.com' }).set('Cookie', cookie.split(';')[0] ?? '')
      expect(late.status).to.equal(201)
      expect(late.get('Set-Cookie')?.[0]).to.match(/Max-Age=0/)
    })

    it('closed: refuses, with a code or without', async () => {
      const host = await openHost()
      const { inviteCode } = await sendInvite(host)
      await host.invites.settings({ mode: 'closed' })
      for (const body of [{ inviteCode }, {}]) {
        const res = await host.signup(body)
        expect(res.status).to.equal(403)
        expect(res.body.code).to.equal('signup_closed')
      }
      await host.invites.settings({ mode: 'invite-only' })
      expect((await host.signup({ inviteCode })).status).to.equal(201)
    })

    it('waitlist: needs a code', async () => {
      const host = await openHost({ invites: { mode: 'waitlist' } })
      expect((await host.signup({})).body.code).to.equal('invite_required')
      expect((await host.signup({ inviteCode: (await sendInvite(host)).inviteCode })).status).to.equal(201)
    })

    it('R-08 a stored mode wins over the option, and every install of the file obeys it at once', async () => {
      const host = await openHost()
      const twin = await openHost({ beside: host, invites: { mode: 'open' } })
      expect((await twin.signup({})).status).to.equal(201)
      await host.invites.settings({ mode: 'closed' })
      expect((await twin.signup({})).body.code).to.equal('signup_closed')
    })
  })

  it('with several apps needs to know which', async () => {
    const apps = { clinic: {}, school: {} }
    const host = await openHost({ invites: { apps }, gate: { appId: (req) => req.get('X-App') ?? 'clinic' } })
    expect(() => requireInvite(host.invites)).to.throw(TypeError, /several apps.*clinic, school/)
    expect(() => requireInvite(host.invites, { appId: 'clinics' })).to.throw(TypeError, /clinic, school/)
    const { inviteCode } = await sendInvite(host, {}, 'school')
    expect((await host.signup({ inviteCode })).body.code).to.equal('invite_invalid')
    expect((await host.signup({ inviteCode }).set('X-App', 'nowhere')).body.code).to.equal('invite_not_found')
    expect((await host.signup({ inviteCode }).set('X-App', 'school')).status).to.equal(201)
  })

  it('refuses options it does not know', async () => {
    const { invites } = await openHost()
    const attempt = (options: object) => () => requireInvite(invites, options)
    expect(attempt({ suceeded: () => true })).to.throw(TypeError, 'Did you mean `succeeded`?')
    expect(attempt({ code: 'inviteCode' })).to.throw(TypeError, '`code` must be a function')
    expect(attempt({ email: true })).to.throw(TypeError, '`email` must be a function')
    expect(attempt({ succeeded: true })).to.throw(TypeError, '`succeeded` must be a function')
    expect(() => requireInvite({} as never)).to.throw(TypeError, 'createInvites()')
  })

  it('answers 503 and never passes where the store is down', async () => {
    const host = await openHost()
    const { inviteCode } = await sendInvite(host)
    await host.store.close()
    for (const body of [{ inviteCode }, {}]) {
      const res = await host.signup(body)
      expect(res.status).to.equal(503)
      expect(res.body.code).to.equal('store_unavailable')
    }
    expect(host.accounts).to.deep.equal([])
  })

  it('lets the claim lapse by itself after two minutes', async () => {
    let handled: () => void = () => undefined
    const handling = new Promise<void>((resolve) => {
      handled = resolve
    })
    const host = await openHost({ signup: () => handled() })
    const { inviteCode } = await sendInvite(host)
    const server = host.app.listen(0)
    try {
      const { port } = server.address() as { port: number }
      const gone = new AbortController()
      const hanging = fetch(`http://127.0.0.1:${port}/signup`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ inviteCode }),
        signal: gone.signal,
      }).catch(() => undefined)
      await handling
      gone.abort()
      await hanging
      host.clock.advance(2 * MINUTE - 1)
      const early = await host.invites.claim({ inviteCode }).catch((error) => error)
      expect(early).to.deep.include({ code: 'invite_claimed', status: 409, headers: { 'Retry-After': '1' } })
      host.clock.advance(1)
      await host.invites.claim({ inviteCode })
    } finally {
      server.closeAllConnections()
      server.close()
    }
  })

  it('is mounted like any middleware', async () => {
    const host = await openHost()
    const { inviteCode } = await sendInvite(host)
    const nested = express.Router()
    nested.use(requireInvite(host.invites))
    nested.post('/', (req, res) => void res.json({ invited: req.invite?.id }))
    const app = express().use(express.json()).use('/deep/signup', nested)
    const res = await request(app).post('/deep/signup').send({ inviteCode })
    expect(res.body.invited).to.be.a('string')
  })
})
