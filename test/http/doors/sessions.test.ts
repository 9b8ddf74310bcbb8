// The same login under Passport 0.6 and 0.7, with sessions in a store or in a cookie, wherever its routes are mounted.
import { createRequire } from 'node:module'
import { expect } from 'chai'
import cookieSession from 'cookie-session'
import express, { type RequestHandler, Router } from 'express'
import session from 'express-session'
import passport07, { type Authenticator, type Strategy } from 'passport'
import { Strategy as LocalStrategy } from 'passport-local'
import OAuth2Strategy from 'passport-oauth2'
import OpenIdConnectStrategy from 'passport-openidconnect'
import { admit, type LocalProfile } from '../../../src/index.js'
import { sendInvite } from '../../support/host.js'
import { type Door, openDoor, type Person, type Site, type User } from './door-host.js'
import { useProvider } from './provider.js'
import { Visitor } from './visitor.js'

const provider = useProvider()
const ada: Person = { id: 'ada', email: 'ada@example.com', verified: true }

const passport06: Authenticator = createRequire(import.meta.url)('passport-0.6') // which has no types of its own
const passports: Readonly<Record<string, Authenticator>> = {
  'Passport 0.6': passport06,
  'Passport 0.7': passport07 as never,
}

const sessions: Readonly<Record<string, () => RequestHandler[]>> = {
  'express-session': () => [session({ secret: 'cat', resave: false, saveUninitialized: false })],
  'cookie-session': () => [
    cookieSession({ secret: 'cat' }),
    (req, _res, next) => {
      // Passport calls both since 0.6, and cookie-session has neither.
      const done = (callback: () => void) => callback()
      Object.assign(req.session ?? {}, { regenerate: done, save: done })
      next()
    },
  ],
}

/** Puts the routes somewhere, and says under which path. */
const mounts: Readonly<Record<string, (site: Site, routes: Router) => string>> = {
  'the root': ({ app }, routes) => {
    app.use(routes)
    return ''
  },
  'a prefix': ({ app }, routes) => {
    app.use('/auth', routes)
    return '/auth'
  },
  'a router in an app of its own': ({ app }, routes) => {
    const inner = express()
    inner.use('/v1', Router().use('/auth', routes))
    app.use('/api', inner)
    return '/api/v1/auth'
  },
}

const strategies: Readonly<Record<string, (site: Site, callbackURL: string) => Strategy>> = {
  'passport-local': ({ invites, options }) => {
    const users = options(({ username }: LocalProfile) => username.split('@')[0] ?? '')
    return new LocalStrategy({ passReqToCallback: true }, admit(invites, users))
  },
  'passport-oauth2': ({ invites, options }, callbackURL) => {
    const verify = admit(
      invites,
      options(({ sub }: { readonly sub: string }) => sub),
    )
    const sure = { state: true, pkce: true } as const // both in the session
    return new OAuth2Strategy({ ...provider.endpoints, ...sure, callbackURL, passReqToCallback: true }, verify)
  },
  'passport-openidconnect': ({ invites, options }, callbackURL) => {
    const { endpoints, issuer, userinfoURL: userInfoURL } = provider
    const verify = admit(
      invites,
      options(({ id }: { readonly id: string }) => id),
    )
    const all = { ...endpoints, issuer, userInfoURL, callbackURL, passReqToCallback: true }
    return new OpenIdConnectStrategy(all, verify)
  },
}

interface Setup {
  readonly passport: Authenticator
  readonly kept: RequestHandler[]
  readonly mountAt: (site: Site, routes: Router) => string
  readonly strategy: (site: Site, callbackURL: string) => Strategy
}

/** A login as Passport's own pages show it: with `failureRedirect` and `failureMessage`. */
function doorOf({ passport, kept, mountAt, strategy }: Setup): Door {
  let path = ''
  return {
    provider: 'asserts',
    says: provider.says,
    mount(site) {
      const login = new (passport.constructor as new () => Authenticator)()
      login.serializeUser((user, done) => done(null, (user as User).login))
      login.deserializeUser((id, done) => done(null, { login: id }))
      site.app.use(...kept, login.session())
      const routes = Router()
      path = mountAt(site, routes)
      const { origin } = site
      login.use('door', strategy(site, `${origin}${path}/callback`))
      const enter = login.authenticate('door', {
        successRedirect: '/',
        failureRedirect: `${path}/refused`,
        failureMessage: true,
      })
      routes.post('/login', express.urlencoded({ extended: false }), enter)
      routes.get('/login', enter)
      routes.get('/callback', enter)
      routes.get('/refused', (req, res) => {
        const { messages } = req.session as unknown as { messages: string[] }
        res.status(403).json({ code: 'refused', message: messages.at(-1) })
      })
      return (req) => (req.user as User | undefined)?.login
    },
    enter: (visitor, origin) =>
      visitor.submit(`${origin}${path}/login`, { username: ada.email ?? '', password: 'orchard' }),
  }
}

for (const [version, passport] of Object.entries(passports)) {
  for (const [keeping, keep] of Object.entries(sessions)) {
    describe(`${version} with ${keeping}`, () => {
      for (const [name, strategy] of Object.entries(strategies)) {
        for (const [where, mountAt] of Object.entries(mounts)) {
          it(`R-11 R-12 ${name} under ${where}: in with the invite alone, and in again`, async () => {
            const opened = await openDoor(doorOf({ passport, kept: keep(), mountAt, strategy }))
            const visitor = new Visitor()
            const refused = await opened.logIn(ada, null, visitor)
            expect([refused.code, refused.me]).to.deep.equal(['refused', null])
            expect(refused.message).to.match(/invite/)
            const { joinUrl } = await sendInvite(opened.host, { email: 'ada@example.com', role: 'nurse' }, 'default')
            expect((await opened.logIn(ada, joinUrl, visitor)).me).to.equal('ada')
            expect(opened.users).to.deep.equal([{ id: 1, login: 'ada', email: 'ada@example.com', role: 'nurse' }])
            expect((await opened.logIn(ada)).me).to.equal('ada')
            expect(opened.users).to.have.length(1)
          })
        }
      }
    })
  }
}
