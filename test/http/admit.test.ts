// `admit` and `invites.admit`, whatever the door: how often a use counts, what is told to whom, which options are wrong.
// What every strategy's door is held to is in ./doors/.
import { expect } from 'chai'
import express, { type ErrorRequestHandler, type Request } from 'express'
import session from 'express-session'
import passport from 'passport'
import { Strategy as LocalStrategy } from 'passport-local'
import request from 'supertest'
import { type AdmitOptions, admit, type LocalProfile, requireInvite } from '../../src/index.js'
import { type Host, openHost, sendInvite } from '../support/host.js'

interface User {
  readonly id: number
  readonly email: string
  readonly role: string | null
}

/** A host whose users log in by a password. */
async function openDoor(options: Partial<AdmitOptions<User, LocalProfile>> = {}) {
  const host = await openHost()
  const users: User[] = []
  const verify = admit<User, LocalProfile>(host.invites, {
    findUser({ username, password }) {
      const user = users.find(({ email }) => email === username)
      return user ? password === 'right' && user : null
    },
    createUser({ username }, invite) {
      const user = { id: users.length + 1, email: invite?.email ?? username, role: invite?.role ?? null }
      users.push(user)
      return user
    },
    ...options,
  })
  const login = new passport.Passport()
  login.use(new LocalStrategy({ passReqToCallback: true }, verify))
  login.serializeUser((user, done) => done(null, user))
  const app = express()
  app.use(session({ secret: 'cat', resave: false, saveUninitialized: false }), login.session())
  app.post('/local', express.json(), (req, res, next) =>
    login.authenticate('local', (error: unknown, user: User | false, info?: { status: number }) => {
      if (error) return next(error)
      res.status(user ? 200 : (info?.status ?? 401)).json(user || info)
    })(req, res, next),
  )
  return { host, app, users }
}

type Door = Awaited<ReturnType<typeof openDoor>>

describe('admit', () => {
  const local = ({ app }: Door, username: string, password: string, inviteCode?: string) =>
    request(app).post('/local').send({ username, password, inviteCode })

  it('R-11 makes a user with an invite, lets them in without, and nobody else', async () => {
    const opened = await openDoor()
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
    const opened = await openDoor({
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
    const opened = await openDoor({
      createUser: async (_profile, invite) => {
        await invite?.accept({ userId: 'mine' })
        return { id: 1, email: '', role: null }
      },
    })
    const { inviteCode } = await sendInvite(opened.host, { maxUses: 2 })
    await local(opened, 'ada@example.com', 'x', inviteCode).expect(200)
    expect((await opened.host.invites.acceptances()).items.map(({ userId }) => userId)).to.deep.equal(['mine'])
  })

  it('R-11 lets nobody in as what a query gives that found nobody, or as no user at all', async () => {
    for (const found of [[], [{ id: 1 }], true, 7, 'ada']) {
      const opened = await openDoor({ findUser: () => found as never })
      const errors: unknown[] = []
      opened.app.use(((error, _req, res, _next) => {
        errors.push(error)
        res.status(500).json({})
      }) satisfies ErrorRequestHandler)
      const { inviteCode } = await sendInvite(opened.host)
      expect((await local(opened, 'eve@example.com', 'x', inviteCode)).status, JSON.stringify(found)).to.equal(500)
      expect(String(errors[0])).to.match(/^TypeError: admit: `findUser` must return the user itself/)
      expect((await opened.host.invites.acceptances()).items).to.deep.equal([])
    }
  })

  it('counts the use of a user whose id can name nobody', async () => {
    for (const id of ['', Number.NaN, 1.5, {}, null]) {
      const opened = await openDoor({ createUser: () => ({ id: id as number, email: '', role: null }) })
      const { inviteCode } = await sendInvite(opened.host)
      expect((await local(opened, 'ada@example.com', 'x', inviteCode)).status, String(id)).to.equal(200)
      expect((await opened.host.invites.acceptances()).items.map(({ userId }) => userId)).to.deep.equal([null])
    }
  })

  it('says of a wrong password that it is no login, in the words of every refusal', async () => {
    const opened = await openDoor({ findUser: () => false })
    const { status, body } = await local(opened, 'ada@example.com', 'wrong')
    expect(status).to.equal(401)
    expect(body).to.deep.equal({
      code: 'not_authenticated',
      message: 'This is not the login of that account.',
      status: 401,
    })
  })

  it("hands what a host's callback throws to its error handlers", async () => {
    const { invites } = await openHost()
    const verify = admit<User, LocalProfile>(invites, {
      findUser: () => null,
      createUser: () => ({ id: 1, email: '', role: null }),
    })
    const login = new passport.Passport()
    login.use(new LocalStrategy({ passReqToCallback: true }, verify))
    const app = express()
    app.post('/local', express.json(), (req, res, next) =>
      login.authenticate('local', (error: unknown) => {
        if (error) return next(error)
        throw new Error('a mistake of the host')
      })(req, res, next),
    )
    app.use(((error, _req, res, _next) => void res.status(500).json(error.message)) satisfies ErrorRequestHandler)
    const res = await request(app).post('/local').send({ username: 'ada', password: 'x' })
    expect([res.status, res.body]).to.deep.equal([500, 'a mistake of the host'])
  })

  it('R-22 counts wrong codes, as every door does', async () => {
    const opened = await openDoor()
    for (let n = 0; n < 100; n++) await local(opened, 'ada@example.com', 'x', 'ABCD').expect(403)
    expect((await local(opened, 'ada@example.com', 'x', 'ABCD')).body.code).to.equal('rate_limited')
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

  it('R-13 makes no account for another address than the gate before it was told', async () => {
    const host = await openHost()
    const users: string[] = []
    const login = new passport.Passport()
    const verify = admit<{ id: string }, LocalProfile>(host.invites, {
      findUser: () => null,
      createUser({ username }) {
        users.push(username)
        return { id: username }
      },
    })
    login.use('local', new LocalStrategy({ passReqToCallback: true }, verify))
    const app = express()
    const answer: express.RequestHandler = (req, res, next) =>
      login.authenticate('local', (error: unknown, user: unknown, info: { status: number }) =>
        error ? next(error) : res.sendStatus(user ? 201 : info.status),
      )(req, res, next)
    app.post('/signup', express.json(), requireInvite(host.invites), answer)
    const { inviteCode } = await sendInvite(host, { email: 'eve@example.com' })
    const signup = (username: string) =>
      request(app).post('/signup').send({ inviteCode, email: 'eve@example.com', username, password: 'x' })
    await signup('ada@example.com').expect(403)
    expect(users).to.deep.equal([])
    await signup('Eve@Example.com').expect(201)
    expect(users).to.deep.equal(['Eve@Example.com'])
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
