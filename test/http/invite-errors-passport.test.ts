// `inviteErrors` behind Passport: `failWithError` loses the reason, and the page tells it all the same.
import { expect } from 'chai'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import session from 'express-session'
import { OAuth2Server } from 'oauth2-mock-server'
import passport from 'passport'
import { Strategy as LocalStrategy } from 'passport-local'
import OAuth2Strategy from 'passport-oauth2'
import request from 'supertest'
import { admit, inviteErrors, inviteRouter, type LocalProfile } from '../../src/index.js'
import { authorize, openHost, sendInvite } from '../support/host.js'
import { textOf } from '../support/html.js'

let provider: OAuth2Server
before(async () => {
  provider = new OAuth2Server()
  await provider.issuer.keys.generate('RS256')
  await provider.start(0, '127.0.0.1')
})
after(() => provider.stop())

interface User {
  readonly id: number
}

/** A host whose users log in by the provider or by a password, and that has `failWithError` tell who was refused. */
async function openHostWithPassport(after: RequestHandler = (_req, _res, next) => next()) {
  const host = await openHost({ invites: { appName: 'Acme' } })
  const users: User[] = []
  const add = () => {
    users.push({ id: users.length + 1 })
    return users.at(-1) ?? { id: 0 }
  }
  const login = new passport.Passport()
  const url = provider.issuer.url ?? ''
  const urls = { authorizationURL: `${url}/authorize`, tokenURL: `${url}/token`, callbackURL: 'https://acme.dev/cb' }
  const client = { clientID: 'app', clientSecret: 'secret', passReqToCallback: true as const, state: true as never }
  const byProvider = admit<User, object>(host.invites, { findUser: () => null, createUser: add })
  login.use('oauth2', new OAuth2Strategy({ ...urls, ...client }, byProvider))
  const byPassword = admit<User, LocalProfile>(host.invites, {
    findUser: ({ username }) => (username === 'known' ? false : null), // whoever is known has another password
    createUser: add,
  })
  login.use('local', new LocalStrategy({ passReqToCallback: true }, byPassword))
  login.serializeUser((user, done) => done(null, user))
  login.deserializeUser((user: User, done) => done(null, user))

  const app = express()
  app.use(session({ secret: 'cat', resave: false, saveUninitialized: false }), login.session())
  app.use('/invites', inviteRouter(host.invites, { authorize }))
  const failing = { failWithError: true, successRedirect: '/' }
  app.get('/oauth2', login.authenticate('oauth2'))
  app.get('/oauth2/callback', login.authenticate('oauth2', failing))
  app.post('/local', express.json(), login.authenticate('local', failing))
  const passedOn: Error[] = []
  app.use(((error, req, res, next) => {
    after(req, res, (instead?: unknown) => next(instead ?? error))
  }) satisfies ErrorRequestHandler)
  app.use(inviteErrors(host.invites, { signInUrl: '/login' }))
  app.use(((error, _req, res, _next) => {
    passedOn.push(error)
    res.status(error.status ?? 500).send('an answer of the host')
  }) satisfies ErrorRequestHandler)

  /** Goes to the provider and back in a browser that has followed this join link. */
  async function logIn(joinUrl?: string): Promise<request.Response> {
    const agent = request.agent(app)
    const cookies: string[] = []
    const visit = async (path: string) => {
      const res = await agent
        .get(path)
        .set({ Accept: 'text/html', Cookie: cookies.join('; ') })
        .redirects(0)
      cookies.push(...(res.get('Set-Cookie') ?? []).map((line) => line.split(';')[0] ?? ''))
      return res
    }
    if (joinUrl !== undefined) await visit(new URL(joinUrl).pathname)
    const start = await visit('/oauth2')
    const { headers } = await fetch(start.get('Location') ?? '', { redirect: 'manual' })
    return await visit(`/oauth2/callback${new URL(headers.get('Location') ?? '').search}`)
  }

  const byLocal = (username: string, inviteCode?: string) =>
    request(app).post('/local').set('Accept', 'text/html').send({ username, password: 'x', inviteCode })
  return { host, app, users, passedOn, logIn, byLocal }
}

describe('inviteErrors behind Passport', () => {
  it("tells why a provider's user was refused: no invite, and one that is used", async () => {
    const { host, users, passedOn, logIn } = await openHostWithPassport()
    const none = await logIn()
    expect([none.status, none.type]).to.deep.equal([403, 'text/html'])
    expect(textOf(none.text)).to.include('You need an invite').and.include('Acme')
    expect(none.text).to.include('action="https://acme.dev/invites/app/default/join"')
    const invite = await sendInvite(host)
    const entered = await logIn(invite.joinUrl)
    expect([entered.status, entered.get('Location')]).to.deep.equal([302, '/'])
    const again = await logIn(invite.joinUrl)
    expect([again.status, again.type]).to.deep.equal([410, 'text/html'])
    expect(textOf(again.text)).to.include('This invite is used up')
    expect(users).to.have.length(1)
    expect(passedOn).to.deep.equal([])
  })

  it('tells programs in a problem document', async () => {
    const { app } = await openHostWithPassport()
    const res = await request(app).post('/local').send({ username: 'new', password: 'x', inviteCode: 'ABCD' })
    expect([res.status, res.type, res.body.code]).to.deep.equal([403, 'application/problem+json', 'invite_invalid'])
  })

  it("passes on what is Passport's own: a wrong password is no refusal of ours", async () => {
    const { passedOn, byLocal } = await openHostWithPassport()
    const res = await byLocal('known')
    expect([res.status, res.text]).to.deep.equal([401, 'an answer of the host'])
    expect(passedOn.map(({ name }) => name)).to.deep.equal(['AuthenticationError'])
  })

  it('passes on any other error, though the request was refused before', async () => {
    const boom = new Error('the page is down')
    const { passedOn, byLocal } = await openHostWithPassport((_req, _res, next) => next(boom))
    const res = await byLocal('new')
    expect([res.status, res.text]).to.deep.equal([500, 'an answer of the host'])
    expect(passedOn).to.deep.equal([boom])
  })
})
