// Every door of Passport's: the gate inside the verify callback, with a real provider on loopback.
import { expect } from 'chai'
import express, { type ErrorRequestHandler, type Request } from 'express'
import session from 'express-session'
import { OAuth2Server } from 'oauth2-mock-server'
import passport from 'passport'
import { Strategy as LocalStrategy } from 'passport-local'
import OAuth2Strategy from 'passport-oauth2'
import OpenIdConnectStrategy from 'passport-openidconnect'
import request from 'supertest'
import { type AdmitOptions, admit, type Claim, inviteRouter, type LocalProfile } from '../../src/index.js'
import { afterThis } from '../support/cleanup.js'
import { authorize, type Host, MINUTE, openHost, sendInvite } from '../support/host.js'

interface User {
  readonly id: number
  readonly email: string
  readonly role: string | null
}

interface Said {
  readonly email?: string
  readonly email_verified?: boolean
}

let provider: OAuth2Server
before(async () => {
  provider = new OAuth2Server()
  await provider.issuer.keys.generate('RS256')
  await provider.start(0, '127.0.0.1')
})
after(() => provider.stop())

/** What the provider says from now on of whoever logs in, in its userinfo and its ID token. */
function providerSays(said: Said): void {
  const userinfo = (answer: { body: object }) => {
    answer.body = { sub: 'johndoe', ...said }
  }
  const token = ({ payload }: { payload: object }) => void Object.assign(payload, said, { aud: 'app' })
  provider.service.on('beforeUserinfo', userinfo)
  provider.service.on('beforeTokenSigning', token)
  afterThis(() => {
    provider.service.off('beforeUserinfo', userinfo)
    provider.service.off('beforeTokenSigning', token)
  })
}

class ExampleStrategy extends OAuth2Strategy {
  override userProfile(accessToken: string, done: (error: unknown, profile?: unknown) => void): void {
    const headers = { Authorization: `Bearer ${accessToken}` }
    fetch(`${provider.issuer.url}/userinfo`, { headers })
      .then((answer) => answer.json())
      .then((json) => done(null, { provider: 'example', id: (json as { sub: string }).sub, _json: json }), done)
  }
}

const doors = ['oauth2', 'openidconnect'] as const

/** A host whose users log in by the provider, or by a password. */
async function openDoors(options: Partial<AdmitOptions<User, never>> = {}) {
  const host = await openHost()
  const users: User[] = []
  const create = (email: string, invite: Claim | undefined) => {
    const user = { id: users.length + 1, email: invite?.email ?? email, role: invite?.role ?? null }
    users.push(user)
    return user
  }
  const byProvider = admit<User, { readonly id: string }>(host.invites, {
    findUser: () => users.find(({ email }) => email === 'known@example.com') ?? null,
    createUser: (_profile, invite) => create('somebody@example.com', invite),
    ...(options as object),
  })
  const byPassword = admit<User, LocalProfile>(host.invites, {
    findUser({ username, password }) {
      const user = users.find(({ email }) => email === username)
      return user ? password === 'right' && user : null
    },
    createUser: ({ username }, invite) => create(username, invite),
    ...(options as object),
  })
  const url = provider.issuer.url ?? ''
  const urls = {
    authorizationURL: `${url}/authorize`,
    tokenURL: `${url}/token`,
    callbackURL: 'https://acme.dev/callback',
  }
  const client = { clientID: 'app', clientSecret: 'secret', passReqToCallback: true as const, state: true as never }
  const login = new passport.Passport()
  login.use('local', new LocalStrategy({ passReqToCallback: true }, byPassword))
  login.use('oauth2', new ExampleStrategy({ ...urls, ...client }, byProvider))
  const oidc = { issuer: url, ...urls, userInfoURL: `${url}/userinfo`, clientID: 'app', clientSecret: 'secret' }
  login.use('openidconnect', new OpenIdConnectStrategy({ ...oidc, passReqToCallback: true }, byProvider))
  login.serializeUser((user, done) => done(null, user))
  login.deserializeUser((user: User, done) => done(null, user))

  const app = express()
  app.use(session({ secret: 'cat', resave: false, saveUninitialized: false }), login.session())
  app.use('/invites', inviteRouter(host.invites, { authorize }))
  const answer: express.RequestHandler = (req, res) => void res.status(200).json(req.user)
  const enter =
    (strategy: string): express.RequestHandler =>
    (req, res, next) =>
      login.authenticate(strategy, (error: unknown, user: User | false, info: { code?: string; status?: number }) => {
        if (error) return next(error)
        if (!user) return res.status(info?.status ?? 401).json({ ...info, sessions: req.isAuthenticated() })
        req.login(user, (failed) => (failed ? next(failed) : next()))
      })(req, res, next)
  app.post('/local', express.json(), enter('local'), answer)
  for (const door of doors) {
    app.get(`/${door}`, login.authenticate(door))
    app.get(`/${door}/callback`, enter(door), answer)
  }
  app.use(
    ((error, _req, res, _next) => void res.status(500).json({ error: error.message })) satisfies ErrorRequestHandler,
  )
  return { ...host, host, app, users, enter }
}

type Doors = Awaited<ReturnType<typeof openDoors>>

/** Goes to the provider and back, as a browser does that has followed this join link. */
async function logIn({ app }: Doors, door: (typeof doors)[number], joinUrl?: string): Promise<request.Response> {
  const cookies = new Map<string, string>()
  const remember = (res: request.Response) => {
    for (const line of res.get('Set-Cookie') ?? []) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split(/=(.*)/s)
      cookies.set(name, value)
    }
    return res
  }
  const header = () =>
    [...cookies]
      .filter(([, value]) => value !== '')
      .map((pair) => pair.join('='))
      .join('; ')
  const visit = async (path: string) => remember(await request(app).get(path).set('Cookie', header()).redirects(0))
  if (joinUrl !== undefined) await visit(new URL(joinUrl).pathname)
  const start = await visit(`/${door}`)
  const { headers } = await fetch(start.get('Location') ?? '', { redirect: 'manual' })
  const back = new URL(headers.get('Location') ?? '')
  return await visit(`/${door}/callback${back.search}`)
}

const usesOf = async ({ host }: Doors, inviteId: string) =>
  (await host.invites.retrieve(inviteId).catch(() => null))?.uses

describe('admit', () => {
  for (const door of doors) {
    describe(`R-09 behind ${door}`, () => {
      it('R-11 makes nobody without an invite, and says why', async () => {
        providerSays({ email: 'ada@example.com', email_verified: true })
        const opened = await openDoors()
        const res = await logIn(opened, door)
        expect([res.status, res.body.code, res.body.sessions]).to.deep.equal([403, 'invite_required', false])
        expect(opened.users).to.deep.equal([])
      })

      it('R-11 lets a known user in, and looks at no invite', async () => {
        providerSays({ email: 'known@example.com', email_verified: true })
        const opened = await openDoors()
        opened.users.push({ id: 7, email: 'known@example.com', role: null })
        const invite = await sendInvite(opened.host, { email: 'known@example.com' })
        expect((await logIn(opened, door, invite.joinUrl)).body).to.include({ id: 7 })
        expect(await usesOf(opened, invite.inviteId)).to.equal(0)
      })

      it('R-11 R-12 makes the user of an invite that crossed the round trip in its cookie, once', async () => {
        providerSays({ email: 'ada@example.com', email_verified: true })
        const opened = await openDoors()
        const invite = await sendInvite(opened.host, { email: 'Ada@Example.com', role: 'nurse' })
        const res = await logIn(opened, door, invite.joinUrl)
        expect(res.body).to.deep.include({ id: 1, email: 'Ada@Example.com', role: 'nurse' })
        expect(res.get('Set-Cookie')?.join()).to.match(/invite_only\.default=; Max-Age=0/)
        const { items } = await opened.host.invites.acceptances()
        expect(items.map(({ userId, inviteId }) => [userId, inviteId])).to.deep.equal([['1', invite.inviteId]])
        const again = await logIn(opened, door, invite.joinUrl)
        expect([again.status, again.body.code]).to.deep.equal([410, 'invite_used'])
      })

      const unproven: Readonly<Record<string, Said>> = {
        'another address': { email: 'eve@example.com', email_verified: true },
        'an address that is not verified': { email: 'ada@example.com', email_verified: false },
        'an address of which it is not said': { email: 'ada@example.com' },
        'no address': {},
      }
      for (const [what, said] of Object.entries(unproven)) {
        it(`R-13 refuses the invite of an address to ${what}, and takes nothing from it`, async () => {
          providerSays(said)
          const opened = await openDoors()
          const invite = await sendInvite(opened.host, { email: 'ada@example.com' })
          const res = await logIn(opened, door, invite.joinUrl)
          expect([res.status, res.body.code]).to.deep.equal([403, 'invite_email_mismatch'])
          expect(opened.users).to.deep.equal([])
          expect(await usesOf(opened, invite.inviteId)).to.equal(0)
        })
      }

      it('R-13 judges the invite after the callback: expired and revoked meanwhile are refused', async () => {
        providerSays({ email: 'ada@example.com', email_verified: true })
        const opened = await openDoors()
        const expired = await sendInvite(opened.host, { expiresInMs: MINUTE })
        opened.host.clock.advance(MINUTE)
        expect((await logIn(opened, door, expired.joinUrl)).body.code).to.equal('invite_expired')
        const revoked = await sendInvite(opened.host)
        await opened.host.invites.revoke(revoked.inviteId)
        expect((await logIn(opened, door, revoked.joinUrl)).body.code).to.equal('invite_invalid')
        expect(opened.users).to.deep.equal([])
      })

      it('R-14 asks no invite of whom the host exempts', async () => {
        providerSays({})
        const opened = await openDoors({ exempt: () => true })
        expect((await logIn(opened, door)).body).to.include({ id: 1 })
        const strict = await openDoors({ exempt: () => false })
        expect((await logIn(strict, door)).status).to.equal(403)
        await opened.host.invites.settings({ mode: 'closed' })
        expect((await logIn(opened, door)).body.code).to.equal('signup_closed')
      })

      it('R-03 gives the use back where the user cannot be made', async () => {
        providerSays({ email: 'ada@example.com', email_verified: true })
        const opened = await openDoors({
          createUser() {
            throw new Error('the users are down')
          },
        })
        const invite = await sendInvite(opened.host, { email: 'ada@example.com' })
        const res = await logIn(opened, door, invite.joinUrl)
        expect([res.status, res.body.error]).to.deep.equal([500, 'the users are down'])
        expect(await opened.host.invites.retrieve(invite.inviteId)).to.include({ uses: 0 })
        const claim = await opened.host.invites.claim({ inviteCode: invite.inviteCode, email: 'ada@example.com' })
        expect(claim.email).to.equal('ada@example.com')
      })

      it('lets everybody in while the mode is open, and nobody while it is closed', async () => {
        providerSays({ email: 'ada@example.com', email_verified: true })
        const opened = await openDoors()
        await opened.host.invites.settings({ mode: 'open' })
        expect((await logIn(opened, door)).body).to.include({ id: 1, email: 'somebody@example.com' })
        await opened.host.invites.settings({ mode: 'closed' })
        const { joinUrl } = await sendInvite(opened.host)
        expect((await logIn(opened, door, joinUrl)).body.code).to.equal('signup_closed')
      })
    })
  }

  describe('behind Passport local', () => {
    const local = ({ app }: Doors, username: string, password: string, inviteCode?: string) =>
      request(app).post('/local').send({ username, password, inviteCode })

    it('R-11 makes a user with an invite, lets them in without, and nobody else', async () => {
      const opened = await openDoors()
      const { inviteCode } = await sendInvite(opened.host, { email: 'ada@example.com', role: 'nurse' })
      expect((await local(opened, 'ada@example.com', 'right')).body.code).to.equal('invite_required')
      expect((await local(opened, 'eve@example.com', 'right', inviteCode)).body.code).to.equal('invite_email_mismatch')
      expect((await local(opened, 'ada@example.com', 'right', inviteCode)).body).to.include({ id: 1, role: 'nurse' })
      expect((await local(opened, 'ada@example.com', 'right')).body).to.include({ id: 1 })
      expect((await local(opened, 'ada@example.com', 'wrong')).status).to.equal(401)
      expect((await local(opened, 'eve@example.com', 'right', inviteCode)).body.code).to.equal('invite_used')
      expect(opened.users).to.have.length(1)
    })

    it('R-01 makes one user of an invite, however many come at once', async () => {
      const opened = await openDoors({
        createUser: async (_profile, invite) => {
          await new Promise((resolve) => setImmediate(resolve))
          return { id: 1, email: invite?.email ?? '', role: null }
        },
      })
      const { inviteCode } = await sendInvite(opened.host)
      const all = await Promise.all(
        Array.from({ length: 20 }, (_, n) => local(opened, `u${n}@example.com`, 'x', inviteCode)),
      )
      expect(all.filter(({ status }) => status === 200)).to.have.length(1)
      expect(all.filter(({ body }) => ['invite_claimed', 'invite_used'].includes(body.code))).to.have.length(19)
    })

    it('counts the use that `createUser` accepts itself, once', async () => {
      const opened = await openDoors({
        createUser: async (_profile, invite) => {
          await invite?.accept({ userId: 'mine' })
          return { id: 1, email: '', role: null }
        },
      })
      const { inviteCode } = await sendInvite(opened.host, { maxUses: 2 })
      await local(opened, 'ada@example.com', 'x', inviteCode).expect(200)
      expect((await opened.host.invites.acceptances()).items.map(({ userId }) => userId)).to.deep.equal(['mine'])
    })

    it('R-22 counts wrong codes, as every door does', async () => {
      const opened = await openDoors()
      for (let n = 0; n < 100; n++) await local(opened, 'ada@example.com', 'x', 'ABCD').expect(403)
      expect((await local(opened, 'ada@example.com', 'x', 'ABCD')).body.code).to.equal('rate_limited')
    })
  })

  it("admits in a callback of the host's own, and tells listeners whom it refused", async () => {
    const host = await openHost()
    const refused: unknown[] = []
    host.invites.events.on('refused', (event) => refused.push(event))
    const users: { id: string; role: string | null }[] = []
    const app = express()
    app.get('/callback', (req, res, next) => {
      const profile = { sub: 'ada', email: 'ada@example.com', email_verified: true }
      const entering = host.invites.admit(req, {
        profile,
        findUser: ({ sub }) => users.find(({ id }) => id === sub) ?? null,
        createUser({ sub }, invite) {
          const user = { id: sub, role: invite?.role ?? null }
          users.push(user)
          return user
        },
      })
      entering.then((user) => res.json(user), next)
    })
    app.use(((error, _req, res, _next) => void res.status(error.status).json(error.code)) satisfies ErrorRequestHandler)
    await request(app).get('/callback').expect(403, '"invite_required"')
    expect(refused).to.deep.equal([{ appId: 'default', code: 'invite_required' }])
    const { inviteCode } = await sendInvite(host, { email: 'ada@example.com', role: 'nurse' })
    await request(app).get('/callback').query({ inviteCode }).expect(200, { id: 'ada', role: 'nurse' })
    await request(app).get('/callback').expect(200, { id: 'ada', role: 'nurse' })
    expect((await host.invites.acceptances()).items.map(({ userId }) => userId)).to.deep.equal(['ada'])
  })

  it('R-16 says at start what is wrong with its options, and at once where the request is missing', async () => {
    const { invites }: Host = await openHost()
    const users = { findUser: () => null, createUser: () => ({ id: 1 }) }
    expect(() => admit(invites, { createUser: users.createUser } as never)).to.throw(TypeError, '`findUser` must be')
    expect(() => admit(invites, { findUser: users.findUser } as never)).to.throw(TypeError, '`createUser` must be')
    expect(() => admit(invites, { ...users, exempt: true } as never)).to.throw(TypeError, '`exempt` must be')
    expect(() => admit(invites, { ...users, mail: () => '' } as never)).to.throw(TypeError, 'Did you mean `email`?')
    for (const arity of [1, 13, 5.5, '6']) {
      expect(() => admit(invites, { ...users, arity } as never)).to.throw(TypeError, '`arity` must be')
    }
    expect(() => admit(invites, { ...users, airty: 5 } as never)).to.throw(TypeError, 'Did you mean `arity`?')
    expect([admit(invites, users).length, admit(invites, { ...users, arity: 5 }).length]).to.deep.equal([6, 5])
    expect(() => admit(invites, users)('access', 'refresh', {}, () => undefined)).to.throw(
      TypeError,
      'passReqToCallback: true',
    )
    const told: unknown[] = []
    const mute = admit(invites, { ...users, createUser: () => undefined as never })
    await invites.settings({ mode: 'open' })
    const req = { get: () => undefined, headers: {}, app: { get: () => undefined } } as unknown as Request
    await new Promise<void>((resolve) => mute(req, {}, (error: unknown) => resolve(void told.push(error))))
    expect(String(told[0])).to.include('`createUser` must return the user')
  })
})
