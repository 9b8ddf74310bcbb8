// passport-local: somebody types their address and a password.
import { expect } from 'chai'
import express, { type Request, type RequestHandler } from 'express'
import passport from 'passport'
import { Strategy as LocalStrategy } from 'passport-local'
import { admit, type LocalProfile, requireInvite } from '../../../src/index.js'
import { sendInvite } from '../../support/host.js'
import { openDoor, type Person, type User } from './door-host.js'
import { describeDoor } from './matrix.js'
import { mountPassport } from './passport-host.js'
import { Visitor } from './visitor.js'

let typist: Person

describeDoor('passport-local', {
  provider: 'none',
  says(person) {
    typist = person
  },
  mount(site) {
    const options = site.options(({ username }: LocalProfile) => username.split('@')[0] ?? '')
    return mountPassport(site, new LocalStrategy({ passReqToCallback: true }, admit(site.invites, options)))
  },
  enter: (visitor, origin) => visitor.submit(`${origin}/login`, { username: typist.email ?? '', password: 'orchard' }),
})

it('R-13 passport-local behind the gate: an address in the query, where the strategy looks too, is judged', async () => {
  const opened = await openDoor({
    provider: 'none',
    says: () => undefined,
    mount({ app, invites, options }) {
      const { createUser } = options(({ username }: LocalProfile) => username)
      const login = new passport.Passport()
      const fields = { usernameField: 'email', passReqToCallback: true } as const
      const verify = async (req: Request, username: string, password: string, done: (e: null, user: User) => void) =>
        done(null, await createUser({ username, password }, req.invite, { req, values: [] }))
      login.use(new LocalStrategy(fields, (...given) => void verify(...given)))
      const parse = express.urlencoded({ extended: true })
      const answer: RequestHandler = (_req, res) => void res.status(201).json({})
      const gate = requireInvite(invites, { appId: 'default' })
      app.post('/signup', parse, gate, login.authenticate('local', { session: false }), answer)
      return () => null
    },
  })
  await sendInvite(opened.host, { email: 'eve@example.com' }, 'default')
  const eve = new Visitor()
  await eve.open(await opened.mailedLink())
  const { status, text } = await eve.submit(`${opened.origin}/signup?email=ada@example.com`, { password: 'orchard' })
  expect([status, JSON.parse(text).code]).to.deep.equal([403, 'invite_email_mismatch'])
  expect(opened.users).to.deep.equal([])
  expect((await eve.submit(`${opened.origin}/signup?email=eve@example.com`, { password: 'orchard' })).status).to.equal(
    201,
  )
  expect(opened.users.map(({ login }) => login)).to.deep.equal(['eve@example.com'])
})
