// The code over the round trip of Passport's strategies, with a real provider on loopback, and two tabs at once.
import { createHmac, randomBytes } from 'node:crypto'
import { expect } from 'chai'
import cookieSession from 'cookie-session'
import express, { type RequestHandler } from 'express'
import session from 'express-session'
import { OAuth2Server } from 'oauth2-mock-server'
import passport from 'passport'
import OAuth2Strategy from 'passport-oauth2'
import OpenIdConnectStrategy from 'passport-openidconnect'
import { admit, carryInvite, inviteRouter } from '../../src/index.js'
import { authorize, openHost, sendInvite } from '../support/host.js'
import { openVisitor, type Visitor } from '../support/visitor.js'

let provider: OAuth2Server
before(async () => {
  provider = new OAuth2Server()
  await provider.issuer.keys.generate('RS256')
  await provider.start(0, '127.0.0.1')
  provider.service.on('beforeTokenSigning', ({ payload }: { payload: object }) =>
    Object.assign(payload, { aud: 'app' }),
  )
})
after(() => provider.stop())

// A state that shows by itself that it was made here, so that any number of them may be under way.
const sign = (nonce: string) => `${nonce}.${createHmac('sha256', 'cat').update(nonce).digest('base64url')}`
const stateless = {
  store: (_req: unknown, done: (error: null, state: string) => void) =>
    done(null, sign(randomBytes(16).toString('hex'))),
  verify: (_req: unknown, state: string, done: (error: null, ok: boolean) => void) =>
    done(null, state === sign(state.split('.')[0] ?? '')),
}

const sessions: Readonly<Record<string, () => readonly RequestHandler[]>> = {
  'express-session': () => [session({ secret: 'cat', resave: false, saveUninitialized: false })],
  'cookie-session': () => [
    cookieSession({ secret: 'cat' }),
    (req, _res, next) => {
      // what Passport asks of a session since 0.6, and cookie-session has not
      const done = (then: () => void) => then()
      if (req.session) Object.assign(req.session, { regenerate: done, save: done })
      next()
    },
  ],
}

/** A host whose users log in by the provider, behind `stateful` and `openidconnect` with a state in the session. */
async function openDoors(kind: string) {
  const host = await openHost()
  const url = provider.issuer.url ?? ''
  const urls = {
    authorizationURL: `${url}/authorize`,
    tokenURL: `${url}/token`,
    callbackURL: 'https://acme.dev/callback',
  }
  const client = { ...urls, clientID: 'app', clientSecret: 'secret', passReqToCallback: true as const }
  const verify = admit<{ role: string | null }, unknown>(host.invites, {
    findUser: () => null,
    createUser: (_profile, invite) => ({ role: invite?.role ?? null }),
  })
  const login = new passport.Passport()
  login.use('stateless', new OAuth2Strategy({ ...client, store: stateless as never }, verify))
  login.use('stateful', new OAuth2Strategy({ ...client, state: true as never }, verify))
  login.use('openidconnect', new OpenIdConnectStrategy({ ...client, issuer: url } as never, verify as never))
  login.serializeUser((user, done) => done(null, user))
  login.deserializeUser((user: Express.User, done) => done(null, user))

  const app = express()
  app.use(...(sessions[kind]?.() ?? []), login.session())
  app.use('/invites', inviteRouter(host.invites, { authorize }))
  const auth = express.Router()
  for (const door of ['stateless', 'stateful', 'openidconnect']) {
    auth.get(`/${door}`, carryInvite(host.invites), login.authenticate(door))
    auth.get(`/${door}/callback`, (req, res, next) =>
      login.authenticate(door, (error: unknown, user: Express.User | false, info: { code?: string }) => {
        if (error) return next(error)
        if (!user) return res.status(403).json({ refused: info.code ?? 'by the strategy' })
        req.login(user, (failed) => (failed ? next(failed) : res.json(user)))
      })(req, res, next),
    )
  }
  app.use('/auth', auth)
  app.get('/member', (req, res) => void res.json(req.user ?? null))
  app.get('/forget', (req, res) => {
    const answer = () => res.json('forgotten')
    if (kind === 'express-session') return req.session.regenerate(answer)
    Object.assign(req, { session: null })
    answer()
  })
  const start = async (visitor: Visitor, door: string, role: string) => {
    const { inviteCode } = await sendInvite(host, { role })
    return await visitor.throughProvider(await visitor.get(`/auth/${door}?inviteCode=${inviteCode}`))
  }
  const end = async (visitor: Visitor, door: string, back: URL) =>
    (await visitor.get(`/auth/${door}/callback${back.search}`)).body
  return { host, app, start, end }
}

for (const kind of Object.keys(sessions)) {
  describe(`carryInvite before Passport, with ${kind}`, () => {
    for (const door of ['stateless', 'stateful', 'openidconnect']) {
      it(`R-12 brings a code of the start route back through ${door}, once, and the user stays logged in`, async () => {
        const { app, host, start, end } = await openDoors(kind)
        const visitor = openVisitor(app)
        const back = await start(visitor, door, 'nurse')
        expect([...back.searchParams.keys()].sort()).to.deep.equal(['code', 'state'])
        expect(await end(visitor, door, back)).to.deep.equal({ role: 'nurse' })
        expect((await visitor.get('/member')).body).to.deep.equal({ role: 'nurse' })
        expect([...visitor.cookies.keys()].filter((name) => /invite_only/.test(name))).to.deep.equal([])
        expect((await host.invites.acceptances()).items).to.have.length(1)
      })
    }

    it('R-12 brings two tabs each their own invite where the state is of no session, in any order', async () => {
      const { app, start, end } = await openDoors(kind)
      const visitor = openVisitor(app)
      const first = await start(visitor, 'stateless', 'first')
      const second = await start(visitor, 'stateless', 'second')
      expect(await end(visitor, 'stateless', second)).to.deep.equal({ role: 'second' })
      expect(await end(visitor, 'stateless', first)).to.deep.equal({ role: 'first' })
    })

    for (const door of ['stateful', 'openidconnect']) {
      it(`R-12 refuses the earlier of two tabs behind ${door}, whose session keeps one state`, async () => {
        const { app, host, start, end } = await openDoors(kind)
        const visitor = openVisitor(app)
        const first = await start(visitor, door, 'first')
        const second = await start(visitor, door, 'second')
        expect(await end(visitor, door, second)).to.deep.equal({ role: 'second' })
        expect(await end(visitor, door, first)).to.deep.equal({ refused: 'by the strategy' })
        expect((await host.invites.acceptances()).items).to.have.length(1)
      })
    }

    it('R-12 survives that the session is made anew in between', async () => {
      const { app, start, end } = await openDoors(kind)
      const visitor = openVisitor(app)
      expect(await end(visitor, 'stateless', await start(visitor, 'stateless', 'before'))).to.include({
        role: 'before',
      })
      const back = await start(visitor, 'stateless', 'nurse')
      expect((await visitor.get('/forget')).body).to.equal('forgotten')
      expect(await end(visitor, 'stateless', back)).to.deep.equal({ role: 'nurse' })
    })
  })
}
