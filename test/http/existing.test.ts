// Joining another app or organization with the account one has: `requireInvite(invites, { existing })`.
import Database from 'better-sqlite3'
import { expect } from 'chai'
import express, { type RequestHandler } from 'express'
import session from 'express-session'
import passport from 'passport'
import { Strategy as LocalStrategy } from 'passport-local'
import request from 'supertest'
import { type RequireInviteOptions, requireInvite } from '../../src/index.js'
import { afterThis } from '../support/cleanup.js'
import { type HostOptions, openHost, sendInvite } from '../support/host.js'
import { itOnSqlite } from '../support/host-database.js'
import { startSmtp } from '../support/smtp.js'

interface Account {
  readonly id: number
  readonly email?: string
  readonly memberships: string[]
}

interface Club extends HostOptions {
  readonly gate?: RequireInviteOptions
  /** Replaces the handler of POST /join. */
  readonly join?: RequestHandler
  /** Mounted between the login and the gate. */
  readonly between?: RequestHandler
}

/** A host whose users log in by the header `X-User` and join by POST /join; ada is 1, eve 2, and bob (3) has no address. */
async function openClub({ gate = { existing: true }, join, between, ...options }: Club = {}) {
  const accounts: Account[] = [
    { id: 1, email: 'ada@example.com', memberships: ['default: owner'] },
    { id: 2, email: 'eve@example.com', memberships: [] },
    { id: 3, memberships: [] },
  ]
  const host = await openHost({
    ...options,
    before: (app) => {
      const logIn: RequestHandler = (req, _res, next) => {
        const user = accounts.find(({ id }) => String(id) === req.get('X-User'))
        if (user) Object.assign(req, { user })
        next()
      }
      app.post(
        '/join',
        logIn,
        express.json(),
        between ?? ((_req, _res, next) => next()),
        (req, res, next) => requireInvite(host.invites, gate)(req, res, next),
        join ??
          ((req, res) => {
            const { id } = Reflect.get(req, 'user') as Account
            accounts.find((account) => account.id === id)?.memberships.push(`${req.invite?.orgId}: ${req.invite?.role}`)
            res.sendStatus(204)
          }),
      )
    },
  })
  const ask = (user: number | undefined, body: object) => {
    const post = request(host.app).post('/join').send(body).redirects(0)
    return user === undefined ? post : post.set('X-User', String(user))
  }
  const acceptances = async () => {
    const { items } = await host.invites.acceptances()
    return items.map(({ userId, email, role, orgId }) => ({ userId, email, role, orgId }))
  }
  const isFree = async (inviteCode: string) => await (await host.invites.claim({ inviteCode, email: false })).release()
  return { host, accounts, ask, acceptances, isFree }
}

describe('requireInvite with `existing`', () => {
  it('R-31 attaches role and organization to the account there is: one account, with both roles', async () => {
    const { host, accounts, ask, acceptances } = await openClub()
    const { inviteCode } = await sendInvite(host, { email: 'Ada@Example.com', role: 'nurse', orgId: 'clinic' })
    await ask(1, { inviteCode }).expect(204)
    expect(accounts).to.have.length(3)
    expect(accounts[0]?.memberships).to.deep.equal(['default: owner', 'clinic: nurse'])
    expect(await acceptances()).to.deep.equal([
      { userId: '1', email: 'ada@example.com', role: 'nurse', orgId: 'clinic' },
    ])
    expect((await ask(1, { inviteCode })).body.code).to.equal('invite_used')
  })

  it('R-31 refuses who is not logged in, and holds nothing', async () => {
    for (const gate of [{ existing: true }, { existing: () => null }, { existing: async () => undefined }] as const) {
      const { host, ask } = await openClub({ gate })
      const { inviteCode } = await sendInvite(host)
      const before = await host.database.tables()
      const res = await ask(undefined, { inviteCode, email: 'ada@example.com' })
      expect([res.status, res.body.code]).to.deep.equal([401, 'not_authenticated'])
      expect(await host.database.tables()).to.deep.equal(before)
    }
  })

  it("R-31 judges by the account's address, whatever the body says", async () => {
    const { host, ask, acceptances, isFree } = await openClub()
    const { inviteCode } = await sendInvite(host, { email: 'ada@example.com' })
    const typed = await ask(2, { inviteCode, email: 'ada@example.com' })
    expect([typed.status, typed.body.code]).to.deep.equal([403, 'invite_email_mismatch'])
    expect(await isFree(inviteCode)).to.equal(true)
    const ofDomain = await sendInvite(host, { emailDomain: 'example.org', maxUses: 5 })
    const other = await ask(1, { inviteCode: ofDomain.inviteCode, email: 'ada@example.org' })
    expect(other.body.code).to.equal('invite_email_mismatch')
    await ask(1, { inviteCode, email: 7 }).expect(204)
    expect(await acceptances()).to.have.length(1)
  })

  it('R-31 lets an account without an address use a shareable invite, and the mailed link of another', async () => {
    const smtp = await startSmtp()
    const { host, ask, acceptances } = await openClub({ invites: { mailer: smtp.mailer } })
    const shared = await sendInvite(host, { orgId: 'club' })
    const bound = await sendInvite(host, { email: 'bob@example.com', orgId: 'clinic' })
    await host.invites.deliver()
    const mailedUrl = new URL(/https:\/\/\S+/.exec(smtp.received[0]?.mail.text ?? '')?.[0] ?? '')
    await ask(3, { inviteCode: shared.inviteCode }).expect(204)
    expect((await ask(3, { inviteCode: bound.inviteCode })).body.code).to.equal('invite_email_mismatch')
    const opened = await request(host.app).get(mailedUrl.pathname)
    const cookie = opened.get('Set-Cookie')?.[0]?.split(';')[0] ?? ''
    await ask(3, {}).set('Cookie', cookie).expect(204)
    const joined = (await acceptances()).map(({ userId, email, orgId }) => [userId, email, orgId])
    expect(joined).to.have.deep.members([
      ['3', null, 'club'],
      ['3', 'bob@example.com', 'clinic'],
    ])
  })

  it('R-31 counts the same account once, however often it joins by one invite', async () => {
    const { host, ask, acceptances } = await openClub()
    const { inviteCode, inviteId } = await sendInvite(host, { maxUses: 3, orgId: 'club' })
    const told: unknown[] = []
    host.invites.events.on('accepted', ({ acceptance }) => told.push(acceptance.userId))
    for (const user of [1, 1, 2, 1]) await ask(user, { inviteCode }).expect(204)
    await Promise.all([1, 2].map((user) => ask(user, { inviteCode })))
    expect((await acceptances()).map(({ userId }) => userId)).to.have.members(['1', '2'])
    expect(await host.invites.retrieve(inviteId)).to.include({ uses: 2 })
    expect(told).to.deep.equal(['1', '2'])
  })

  it('R-31 needs an invite in mode `open` too, and refuses while `closed`', async () => {
    const { host, ask, isFree } = await openClub()
    const { joinUrl, inviteCode } = await sendInvite(host)
    const opened = await request(host.app).get(new URL(joinUrl).pathname)
    const cookie = opened.get('Set-Cookie')?.[0]?.split(';')[0] ?? ''
    await host.invites.settings({ mode: 'closed' })
    expect((await ask(1, {})).body.code).to.equal('signup_closed')
    expect((await ask(1, { inviteCode })).body.code).to.equal('signup_closed')
    await host.invites.settings({ mode: 'open' })
    expect((await ask(1, {})).body.code).to.equal('invite_required')
    expect((await ask(1, { inviteCode: 'wrong' })).body.code).to.equal('invite_invalid')
    expect(await isFree(inviteCode)).to.equal(true)
    await ask(1, {}).set('Cookie', cookie).expect(204)
    expect((await ask(1, {}).set('Cookie', cookie)).body.code, 'a cookie that is over').to.equal('invite_used')
    expect((await host.signup({ email: 'carl@example.com' })).status, 'whom signing up is open to').to.equal(201)
  })

  it('R-31 gives the use back where the handler fails, and takes a redirect for success', async () => {
    const warned: unknown[] = []
    const hear = (warning: Error) => warning.name === 'ExpressInviteOnly' && warned.push(warning)
    process.on('warning', hear)
    afterThis(() => process.off('warning', hear))
    const { host, ask, acceptances, isFree } = await openClub({
      join: (req, res) => (req.body.full ? res.status(409).end() : res.redirect('/orgs/clinic')),
    })
    const { inviteCode } = await sendInvite(host)
    await ask(1, { inviteCode, full: true }).expect(409)
    expect(await isFree(inviteCode)).to.equal(true)
    await ask(1, { inviteCode }).expect(302)
    expect((await acceptances()).map(({ userId }) => userId)).to.deep.equal(['1'])
    await new Promise(setImmediate)
    expect(warned, 'no doubt what it meant').to.deep.equal([])
  })

  it('R-31 takes a redirect for success also where Passport ran before the gate and behind it', async () => {
    const own = new passport.Passport()
    own.use(new LocalStrategy({ usernameField: 'user' }, (user, _password, done) => done(null, { id: user })))
    const authenticate = own.authenticate('local', { session: false })
    const { host, ask, acceptances } = await openClub({
      between: (req, res, next) => {
        session({ secret: 'cat', resave: false, saveUninitialized: false })(req, res, () =>
          authenticate(req, res, next),
        )
      },
      join: (req, res, next) =>
        authenticate(req, res, (error?: unknown) => (error ? next(error) : res.redirect('/in'))),
    })
    const { inviteCode } = await sendInvite(host)
    await ask(undefined, { inviteCode, user: 'lin', password: 'x' }).expect(302)
    expect((await acceptances()).map(({ userId }) => userId)).to.deep.equal(['lin'])
  })

  it('R-31 leaves it to `succeeded` where the host says so', async () => {
    const { host, ask, isFree } = await openClub({ gate: { existing: true, succeeded: () => false } })
    const { inviteCode } = await sendInvite(host)
    await ask(1, { inviteCode }).expect(204)
    expect(await isFree(inviteCode)).to.equal(true)
  })

  it("R-31 records the account's id where the handler accepts without one, and another where it names one", async () => {
    const { host, ask, acceptances } = await openClub({
      join: async (req, res) => {
        await req.invite?.accept(req.body.userId && { userId: req.body.userId })
        res.sendStatus(204)
      },
    })
    const { inviteCode } = await sendInvite(host, { maxUses: 2 })
    await ask(1, { inviteCode }).expect(204)
    await ask(1, { inviteCode, userId: 'membership 9' }).expect(204)
    expect((await acceptances()).map(({ userId }) => userId)).to.have.members(['1', 'membership 9'])
  })

  itOnSqlite("R-31 records the account's id in the host's transaction too", async () => {
    const { host, ask, acceptances } = await openClub({
      join: (req, res) => {
        const db = new Database(host.database.file)
        afterThis(() => db.close())
        db.transaction(() => req.invite?.acceptSync({ trx: db }))()
        res.sendStatus(204)
      },
    })
    const { inviteCode } = await sendInvite(host)
    await ask(2, { inviteCode }).expect(204)
    expect((await acceptances()).map(({ userId }) => userId)).to.deep.equal(['2'])
  })

  it('R-31 finds the account where the host says, later and with any kind of id', async () => {
    for (const id of ['u1', 7, 9007199254740993n]) {
      const email = 'ada@example.com'
      const { host, ask, acceptances } = await openClub({
        gate: { existing: async (req) => (req.get('X-User') === undefined ? null : { id, email }) },
        join: (_req, res) => void res.sendStatus(204),
      })
      const { inviteCode } = await sendInvite(host, { email })
      await ask(2, { inviteCode }).expect(204)
      expect(await acceptances()).to.deep.equal([{ userId: String(id), email, role: null, orgId: null }])
    }
  })

  it('R-31 takes the address from `email` where the host names it, or none with `email: false`', async () => {
    const named = await openClub({ gate: { existing: true, email: (req) => req.get('X-Email') } })
    const { inviteCode } = await sendInvite(named.host, { email: 'ada@work.example' })
    expect((await named.ask(1, { inviteCode })).body.code).to.equal('invite_email_mismatch')
    await named.ask(1, { inviteCode }).set('X-Email', 'ada@work.example').expect(204)
    const without = await openClub({ gate: { existing: true, email: false } })
    const bound = await sendInvite(without.host, { email: 'ada@work.example' })
    await without.ask(2, { inviteCode: bound.inviteCode }).expect(204)
  })

  it('R-31 closes the invite of an address that the host vouches for, and no other', async () => {
    for (const emailVerified of [true, false, undefined]) {
      const { host, ask } = await openClub({
        gate: { existing: () => ({ id: 1, email: 'ada@example.com', emailVerified }) },
      })
      const bound = await sendInvite(host, { email: 'ada@example.com', orgId: 'clinic' })
      const { inviteCode } = await sendInvite(host, { orgId: 'clinic' })
      await ask(1, { inviteCode }).expect(204)
      const { items } = await host.invites.list({ status: ['revoked'] })
      expect(items.map(({ inviteId }) => inviteId)).to.deep.equal(emailVerified === true ? [bound.inviteId] : [])
    }
  })

  it('R-31 an account whose address is none keeps nobody from a shareable invite', async () => {
    const { host, ask } = await openClub({ gate: { existing: () => ({ id: 2, email: 'just a name' }) } })
    const bound = await sendInvite(host, { email: 'ada@example.com' })
    expect((await ask(2, { inviteCode: bound.inviteCode })).body.code).to.equal('invite_email_mismatch')
    const { inviteCode } = await sendInvite(host)
    await ask(2, { inviteCode }).expect(204)
  })

  it('R-16 says what is wrong: the option at start, an account without an id at once', async () => {
    const { host } = await openClub()
    for (const existing of [false, 'user', {}, null]) {
      const gate = () => requireInvite(host.invites, { existing: existing as never })
      expect(gate).to.throw(TypeError, 'requireInvite: `existing` must be true')
    }
    expect(() => requireInvite(host.invites, { exists: true } as never)).to.throw(TypeError, 'Did you mean `existing`?')
    for (const account of [{}, { id: null }, { id: '' }, { id: Number.NaN }, { _id: 'mongo' }]) {
      const { host, ask, isFree } = await openClub({ gate: { existing: () => account as never } })
      const { inviteCode } = await sendInvite(host)
      expect((await ask(1, { inviteCode })).status).to.equal(500)
      expect(String(host.errors[0])).to.match(/^TypeError: requireInvite: `existing` returned an account with no `id`/)
      expect(await isFree(inviteCode)).to.equal(true)
    }
  })
})
