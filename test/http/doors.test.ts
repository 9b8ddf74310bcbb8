// Every door that accounts are made at, against every state that an invite can be in.
import Database from 'better-sqlite3'
import { expect } from 'chai'
import express, { type Express } from 'express'
import session from 'express-session'
import passport from 'passport'
import { Strategy as LocalStrategy } from 'passport-local'
import request from 'supertest'
import { InviteError, requireInvite } from '../../src/index.js'
import { DAY, type Host, MINUTE, openHost, refusal, sendInvite } from '../support/host.js'
import { itOnSqlite } from '../support/host-database.js'
import { startSmtp } from '../support/smtp.js'

interface User {
  readonly id: number
  readonly email: string
}

interface Signup {
  readonly inviteCode: string
  readonly email: string
}

/** A host with a door of each kind. */
async function openDoors() {
  const users: User[] = []
  const addUser = (email: string): User => {
    const user = { id: users.length + 1, email }
    users.push(user)
    return user
  }
  const sessions = new session.MemoryStore()
  const login = new passport.Passport()
  login.serializeUser((user, done) => done(null, (user as User).id))
  login.deserializeUser<number>((id, done) => done(null, users.find((user) => user.id === id) ?? false))
  login.use(
    'signup',
    new LocalStrategy({ usernameField: 'email' }, (email, _password, done) => {
      const taken = users.some((user) => user.email === email)
      done(null, taken ? false : addUser(email))
    }),
  )
  const mountPassport = (app: Express) => {
    app.use(session({ secret: 'cat', store: sessions, resave: false, saveUninitialized: false }), login.session())
    app.get('/me', (req, res) => void (req.user ? res.json(req.user) : res.sendStatus(401)))
    app.post(
      '/passport/signup',
      express.urlencoded(),
      (req, res, next) => requireInvite(host.invites)(req, res, next),
      login.authenticate('signup', { successRedirect: '/welcome', failureRedirect: '/passport/signup?taken' }),
    )
  }
  const host: Host = await openHost({
    invites: { apps: { default: {}, school: {} } },
    before: mountPassport,
    signup: (req, res) => void res.status(201).json(addUser(req.body.email)),
  })

  const overPassport = (body: Signup) =>
    request(host.app)
      .post('/passport/signup')
      .type('form')
      .send({ ...body, password: 'orchard' })
  /** Each resolves to the code it was refused with, or to nothing. */
  const doors = {
    'a form': async (body: Signup) => outcome(await host.signup(body).type('form')),
    JSON: async (body: Signup) => outcome(await host.signup(body)),
    'Passport local': async (body: Signup) => {
      const res = await overPassport(body)
      if (res.status === 302) expect(res.get('Location')).to.equal('/welcome')
      return outcome(res)
    },
    'claim and accept': async ({ inviteCode, email }: Signup) => {
      try {
        const claim = await host.invites.claim({ inviteCode, email }, { appId: 'default' })
        await claim.accept({ userId: addUser(email).id })
        return undefined
      } catch (error) {
        if (error instanceof InviteError) return error.code
        throw error
      }
    },
  }
  const sessionCount = () =>
    new Promise<number>((resolve, reject) =>
      sessions.all((error, all) => (error ? reject(error) : resolve(Object.keys(all ?? {}).length))),
    )
  return { host, users, doors, overPassport, sessionCount }
}

function outcome(res: request.Response): string | undefined {
  return res.status < 400 ? undefined : res.body.code
}

type Doors = Awaited<ReturnType<typeof openDoors>>

/** Brings an invite for ada@example.com into a state, and says how to come with it and what should be answered. */
const states: Readonly<Record<string, (doors: Doors) => Promise<Signup & { readonly refused?: string }>>> = {
  async valid({ host }) {
    return { ...ada, inviteCode: (await sendInvite(host, ada)).inviteCode }
  },
  async expired({ host }) {
    const { inviteCode } = await sendInvite(host, ada)
    host.clock.advance(7 * DAY)
    return { ...ada, inviteCode, refused: 'invite_expired' }
  },
  async revoked({ host }) {
    const { inviteCode, inviteId } = await sendInvite(host, ada)
    await host.invites.revoke(inviteId)
    return { ...ada, inviteCode, refused: 'invite_invalid' }
  },
  async 'rotated away'({ host }) {
    const { inviteCode, inviteId } = await sendInvite(host, ada)
    await host.invites.resend(inviteId, { rotate: true })
    return { ...ada, inviteCode, refused: 'invite_invalid' }
  },
  async 'used up'({ host, doors, users }) {
    const { inviteCode } = await sendInvite(host, ada)
    await doors['claim and accept']({ ...ada, inviteCode })
    users.splice(0)
    return { ...ada, inviteCode, refused: 'invite_used' }
  },
  async 'of another app'({ host }) {
    const { inviteCode } = await sendInvite(host, ada, 'school')
    return { ...ada, inviteCode, refused: 'invite_invalid' }
  },
  async 'for another address'({ host }) {
    const { inviteCode } = await sendInvite(host, ada)
    return { inviteCode, email: 'eve@example.com', refused: 'invite_email_mismatch' }
  },
  async 'for another domain'({ host }) {
    const { inviteCode } = await sendInvite(host, { emailDomain: 'example.org' })
    return { ...ada, inviteCode, refused: 'invite_email_mismatch' }
  },
  async 'held by somebody else'({ host }) {
    const { inviteCode } = await sendInvite(host, ada)
    await host.invites.claim({ ...ada, inviteCode }, { appId: 'default' })
    return { ...ada, inviteCode, refused: 'invite_claimed' }
  },
  async 'good while signup is closed'({ host }) {
    const { inviteCode } = await sendInvite(host, ada)
    await host.invites.settings({ mode: 'closed' }, { appId: 'default' })
    return { ...ada, inviteCode, refused: 'signup_closed' }
  },
  async guessed() {
    return { ...ada, inviteCode: 'ABCD-EFGH-JKMN-PQRS-TVWX-YZ01-2345', refused: 'invite_invalid' }
  },
}
const ada = { email: 'ada@example.com' }

describe('every door', () => {
  for (const door of ['a form', 'JSON', 'Passport local', 'claim and accept'] as const) {
    describe(`(${door})`, () => {
      for (const [name, prepare] of Object.entries(states)) {
        it(`R-09 an invite that is ${name}`, async () => {
          const opened = await openDoors()
          const { refused, ...signup } = await prepare(opened)
          const before = (await opened.host.invites.acceptances({}, { appId: 'default' })).items.length
          expect(await opened.doors[door](signup)).to.equal(refused)
          const { items } = await opened.host.invites.acceptances({}, { appId: 'default' })
          if (refused === undefined) {
            expect(opened.users).to.deep.equal([{ id: 1, email: signup.email }])
            expect(items).to.have.length(before + 1)
            expect(items[0]?.email).to.equal(signup.email)
            expect(await opened.doors[door](signup), 'a second time').to.equal('invite_used')
            expect(opened.users).to.have.length(1)
          } else {
            expect(opened.users).to.deep.equal([])
            expect(items).to.have.length(before)
            expect(await opened.sessionCount()).to.equal(0)
          }
        })
      }
    })
  }

  it('R-09 no door opens without a code', async () => {
    const { doors, users, sessionCount } = await openDoors()
    for (const door of ['a form', 'JSON', 'Passport local'] as const) {
      expect(await doors[door]({ ...ada, inviteCode: '' }), door).to.equal('invite_required')
    }
    expect(await doors['claim and accept']({ ...ada, inviteCode: '' })).to.equal('invite_invalid')
    expect(users).to.deep.equal([])
    expect(await sessionCount()).to.equal(0)
  })

  it('R-03 Passport’s failureRedirect makes no account and gives the use back', async () => {
    const { host, users, doors, overPassport, sessionCount } = await openDoors()
    users.push({ id: 1, email: 'ada@example.com' })
    const { inviteCode } = await sendInvite(host)
    const taken = await overPassport({ ...ada, inviteCode })
    expect([taken.status, taken.get('Location')]).to.deep.equal([302, '/passport/signup?taken'])
    expect(users).to.have.length(1)
    expect(await sessionCount()).to.equal(0)
    expect(await doors['Passport local']({ email: 'eve@example.com', inviteCode })).to.equal(undefined)
    expect(await sessionCount()).to.equal(1)
  })
})

describe('an invite is no login', () => {
  itOnSqlite('R-15 sending, joining and checking makes no user and no session', async () => {
    const smtp = await startSmtp()
    const sessions = new session.MemoryStore()
    const host = await openHost({
      invites: { mailer: smtp.mailer },
      before: (app) => {
        app.use(session({ secret: 'cat', store: sessions, resave: false, saveUninitialized: false }))
        app.get('/me', (req, res) => void res.json(Object.keys(req.session).filter((key) => key !== 'cookie')))
      },
    })
    const db = new Database(host.database.file)
    db.exec('create table users (id integer primary key, email text unique, role text)')
    const users = () => db.prepare('select * from users').all()

    const { body } = await host.manage.post('default/invite', { email: 'ada@example.com', role: 'admin' })
    await host.invites.deliver()
    const link = /https:\/\/\S+/.exec(smtp.received[0]?.mail.text ?? '')?.[0] ?? ''
    const join = await request(host.app).get(new URL(link).pathname)
    const cookie = join.get('Set-Cookie')?.[0]?.split(';')[0] ?? ''
    const check = await host.manage.post('default/invite/check').set('Cookie', cookie)
    const resend = await host.manage.post(`default/invite/${body.inviteId}/resend`)
    expect([join.status, check.status, resend.status]).to.deep.equal([302, 200, 200])
    for (const res of [join, check, resend]) {
      const names = (res.get('Set-Cookie') ?? []).map((line) => line.split('=')[0])
      expect(names).to.deep.equal(res === join ? ['__Host-invite_only.default'] : [])
    }
    expect((await request(host.app).get('/me').set('Cookie', cookie)).body).to.deep.equal([])
    const all = await new Promise((resolve) => sessions.all((_error, found) => resolve(found)))
    expect(all).to.deep.equal({})
    expect(users()).to.deep.equal([])
    db.close()
  })

  itOnSqlite('R-15 accepting for a user that exists changes nothing about it', async () => {
    const host = await openHost()
    const db = new Database(host.database.file)
    db.exec(`create table users (id integer primary key, email text unique, role text);
             insert into users values (7, 'ada@example.com', 'guest')`)
    const before = db.prepare('select * from users').all()
    const { inviteCode } = await sendInvite(host, { email: 'ada@example.com', role: 'admin' })
    const claim = await host.invites.claim({ inviteCode, email: 'ada@example.com' })
    expect((await claim.accept({ userId: 7 })).userId).to.equal('7')
    expect(db.prepare('select * from users').all()).to.deep.equal(before)
    db.close()
  })
})

describe('stopping outstanding invites', () => {
  /** Two installs on one file, as two processes have them, and an invite for each of three people. */
  async function openTwins() {
    const host = await openHost()
    const twin = await openHost({ beside: host })
    const emails = ['ada@example.com', 'eve@example.com', 'uwe@example.com']
    const invites = []
    for (const email of emails) invites.push({ ...(await sendInvite(host, { email })), email })
    expect((await twin.manage.post('default/invite/check', { inviteCode: invites[0]?.inviteCode })).status).to.equal(
      200,
    )
    return { host, twin, invites }
  }

  it('R-17 mode closed stops all of them at once, in every process', async () => {
    const { host, twin, invites } = await openTwins()
    await host.manage.put('default/settings', { mode: 'closed' }).expect(200)
    for (const { inviteCode, email } of invites) {
      for (const each of [twin, host]) {
        expect((await each.signup({ inviteCode, email })).body.code).to.equal('signup_closed')
        expect(await refusal(each.invites.claim({ inviteCode, email }))).to.equal('signup_closed')
        expect((await each.manage.post('default/invite/check', { inviteCode })).status).to.equal(404)
      }
    }
    expect([...host.accounts, ...twin.accounts]).to.deep.equal([])
    await host.manage.put('default/settings', { mode: 'invite-only' }).expect(200)
    for (const { inviteCode, email } of invites) expect((await twin.signup({ inviteCode, email })).status).to.equal(201)
  })

  it('R-17 a revoked one is stopped at once, in every process, and the others are not', async () => {
    const { host, twin, invites } = await openTwins()
    const [revoked, ...others] = invites
    await host.manage.delete(`default/invite/${revoked?.inviteId}`).expect(200)
    for (const each of [twin, host]) {
      const { inviteCode, email } = revoked ?? {}
      expect((await each.signup({ inviteCode, email })).body.code).to.equal('invite_invalid')
      expect((await each.manage.post('default/invite/check', { inviteCode })).status).to.equal(404)
    }
    for (const { inviteCode, email } of others) expect((await twin.signup({ inviteCode, email })).status).to.equal(201)
  })

  it('R-17 revokeAll stops all of an inviter, or of the app, at once, in every process, and tells each', async () => {
    const { host, twin, invites } = await openTwins()
    const gone: string[] = []
    host.invites.events.on('revoked', ({ invite }) => gone.push(invite.inviteId))
    const actor = { id: 'ann', access: 'supervisor' } as const
    const byAnn = await host.invites.send({}, { actor })
    expect(await host.invites.revokeAll({ inviterId: 'ann' })).to.equal(1)
    expect((await twin.signup({ inviteCode: byAnn.inviteCode })).body.code).to.equal('invite_invalid')
    expect(await refusal(host.invites.revokeAll({}, { actor: { ...actor, access: 'member' } }))).to.equal('not_allowed')
    expect(await host.invites.revokeAll()).to.equal(invites.length)
    for (const { inviteCode, email } of invites) {
      expect((await twin.signup({ inviteCode, email })).body.code).to.equal('invite_invalid')
    }
    expect(new Set(gone)).to.deep.equal(new Set([byAnn.inviteId, ...invites.map(({ inviteId }) => inviteId)]))
    expect(await host.invites.revokeAll()).to.equal(0)
  })

  for (const stop of ['closed', 'revoked'] as const) {
    it(`R-17 (${stop}) a hold granted before stays acceptable until it lapses; then it is refused`, async () => {
      const { host, twin, invites } = await openTwins()
      const claims = []
      for (const invite of invites) claims.push(await host.invites.claim(invite))
      if (stop === 'closed') await twin.invites.settings({ mode: 'closed' })
      else for (const { inviteId } of invites) await twin.invites.revoke(inviteId)
      const [early, late] = claims
      await early?.accept({ userId: 1 })
      host.clock.advance(2 * MINUTE)
      expect(await refusal(Promise.resolve(late?.accept({ userId: 2 })))).to.equal('invite_claim_lost')
      expect((await host.invites.acceptances()).items).to.have.length(1)
    })
  }
})
