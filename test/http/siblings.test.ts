// One person, several invites, at most one account: what joining closes, and what an address that has one is told.
import Database from 'better-sqlite3'
import { expect } from 'chai'
import express, { type RequestHandler } from 'express'
import pg from 'pg'
import request from 'supertest'
import { type AdmitOptions, admit, type Claim, type InvitesOptions, requireInvite } from '../../src/index.js'
import { afterThis } from '../support/cleanup.js'
import { databases } from '../support/databases.js'
import { type Host, openHost, sendInvite } from '../support/host.js'

interface User {
  readonly id: string
  readonly orgId: string | null
}

interface Profile {
  readonly id: string
  readonly _json: { readonly email?: string; readonly email_verified?: boolean }
}

const ADA = 'ada@example.com'
const says = (email: string, email_verified: boolean | undefined = true, id = email): Profile => ({
  id,
  _json: { email, ...(email_verified !== undefined && { email_verified }) },
})

const mailer = { sendMail: async () => undefined }

/** A host with a provider's callback, whose strategy gives its verify callback what the body has as `profile`. */
async function openHostWithProvider(
  invites: Partial<InvitesOptions> = {},
  options: Partial<AdmitOptions<User, Profile>> = {},
) {
  const users: User[] = []
  const host = await openHost({
    invites: { mailer, ...invites },
    before: (app) =>
      void app.post('/callback', express.json(), (req, res, next) => {
        const verify = admit<User, Profile>(host.invites, {
          findUser: ({ id }) => users.find((user) => user.id === id) ?? null,
          createUser({ id }, invite) {
            users.push({ id, orgId: invite?.orgId ?? null })
            return { id, orgId: invite?.orgId ?? null }
          },
          ...options,
        })
        const done = (error: unknown, user?: object | false, info?: { readonly status: number }) =>
          error ? next(error) : res.status(info?.status ?? 200).json(user || info)
        verify(req, 'access token', 'refresh token', req.body.profile, done)
      }),
  })
  const told: string[] = []
  host.invites.events.on('accepted', ({ acceptance }) => told.push(`accepted ${acceptance.inviteId}`))
  host.invites.events.on('revoked', ({ invite }) => told.push(`revoked ${invite.inviteId} ${invite.status}`))
  const logIn = (profile: Profile, inviteCode?: string) =>
    request(host.app).post('/callback').send({ profile, inviteCode })
  return { host, users, told, logIn }
}

const stateOf = async ({ invites }: Host, inviteId: string) => {
  const status = ['pending', 'accepted', 'expired', 'revoked'] as const
  const { items } = await invites.list({ status: [...status], limit: 100 })
  const invite = items.find((item) => item.inviteId === inviteId)
  return [invite?.status, invite?.uses, invite?.delivery.state]
}

const isPending = ['pending', 0, 'queued']
const isClosed = ['revoked', 0, 'canceled']

describe('the invite of an address that joins by another one', () => {
  it('R-31 is revoked with its mail where the provider asserts that address, and listeners hear of it', async () => {
    const { host, logIn, told } = await openHostWithProvider()
    const bound = await sendInvite(host, { email: 'Ada@Example.com', orgId: 'clinic' })
    const link = await sendInvite(host, { orgId: 'clinic', maxUses: 10 })
    await logIn(says('ADA@example.com'), link.inviteCode).expect(200)
    expect(await stateOf(host, bound.inviteId)).to.deep.equal(isClosed)
    expect(told).to.deep.equal([`accepted ${link.inviteId}`, `revoked ${bound.inviteId} revoked`])
    const late = await host.signup({ inviteCode: bound.inviteCode, email: ADA })
    expect([late.status, late.body.code]).to.deep.equal([403, 'invite_invalid'])
    expect(await host.invites.deliver(), 'no mail is due').to.equal(0)
  })

  it("R-31 is revoked in a callback of the host's own too", async () => {
    const { host } = await openHostWithProvider()
    const bound = await sendInvite(host, { email: ADA })
    const { inviteCode } = await sendInvite(host)
    const req = { query: { inviteCode }, headers: {}, app: { get: () => undefined }, get: () => undefined }
    await host.invites.admit(req as never, {
      profile: { email: ADA, email_verified: true },
      findUser: () => null,
      createUser: () => ({ id: 'ada' }),
    })
    expect(await stateOf(host, bound.inviteId)).to.deep.equal(isClosed)
  })

  const untrusted: Readonly<Record<string, Profile>> = {
    'says that their address is not verified': says(ADA, false),
    'does not say whether it is': { id: ADA, _json: { email: ADA } },
    'asserts another address': says('eve@example.com'),
  }
  for (const [what, profile] of Object.entries(untrusted)) {
    it(`R-31 stays where the provider ${what}`, async () => {
      const { host, logIn, told } = await openHostWithProvider()
      const bound = await sendInvite(host, { email: ADA })
      const link = await sendInvite(host)
      await logIn(profile, link.inviteCode).expect(200)
      expect(await stateOf(host, bound.inviteId)).to.deep.equal(isPending)
      expect(told).to.deep.equal([`accepted ${link.inviteId}`])
    })
  }

  it('R-31 stays where somebody only types that address: strangers revoke nothing', async () => {
    const { host } = await openHostWithProvider()
    const bound = await sendInvite(host, { email: ADA })
    const { inviteCode } = await sendInvite(host, { maxUses: 3 })
    await host.signup({ inviteCode, email: ADA }).expect(201)
    const byPassword = await openHostWithProvider({ store: host.store }, { email: undefined })
    const local: RequestHandler = (req, res, next) =>
      admit<User>(byPassword.host.invites, { findUser: () => null, createUser: () => ({ id: 'eve', orgId: null }) })(
        req,
        ADA,
        'password',
        (error: unknown, user: unknown) => (error ? next(error) : res.json(user)),
      )
    const app = express().post('/local', express.json(), local)
    await request(app).post('/local').send({ inviteCode }).expect(200)
    expect(await stateOf(host, bound.inviteId)).to.deep.equal(isPending)
    await host.signup({ inviteCode: bound.inviteCode, email: ADA }).expect(201)
  })

  it('R-31 stays in another organization and in another app', async () => {
    const apps = { default: {}, other: {} }
    const { host, logIn } = await openHostWithProvider({ apps })
    const elsewhere = await sendInvite(host, { email: ADA, orgId: 'lab' })
    const inNone = await sendInvite(host, { email: ADA })
    const inOther = await sendInvite(host, { email: ADA, orgId: 'clinic' }, 'other')
    const { inviteCode } = await sendInvite(host, { orgId: 'clinic' })
    await logIn(says(ADA), inviteCode).expect(200)
    for (const { inviteId } of [elsewhere, inNone]) expect(await stateOf(host, inviteId)).to.deep.equal(isPending)
    expect(await host.invites.retrieve(inOther.inviteId, { appId: 'other' })).to.include({ status: 'pending' })
  })

  it('R-31 stays acceptable for somebody who is signing up with it at that moment', async () => {
    const { host, logIn } = await openHostWithProvider()
    const bound = await sendInvite(host, { email: ADA })
    const { inviteCode } = await sendInvite(host)
    const claim = await host.invites.claim({ inviteCode: bound.inviteCode, email: ADA })
    await logIn(says(ADA), inviteCode).expect(200)
    expect(await claim.accept({ userId: 'ada too' })).to.include({ inviteId: bound.inviteId })
  })

  it('R-31 is revoked by a claim of code without HTTP that says so, also where another process accepts it', async () => {
    const { host, told } = await openHostWithProvider()
    const link = await sendInvite(host, { maxUses: null })
    for (const emailAsserted of [true, false, undefined]) {
      for (const byKey of [true, false]) {
        const email = `${emailAsserted}-${byKey}@example.com`
        const bound = await sendInvite(host, { email })
        const claim = await host.invites.claim({ inviteCode: link.inviteCode, email, emailAsserted })
        expect(claim.emailVerified, 'which only the mailed proof makes it').to.equal(false)
        told.length = 0
        if (byKey) await host.invites.accept(JSON.parse(JSON.stringify(claim)))
        else await claim.accept()
        expect(await stateOf(host, bound.inviteId)).to.deep.equal(emailAsserted ? isClosed : isPending)
        const closing = emailAsserted ? [`revoked ${bound.inviteId} revoked`] : []
        expect(told).to.deep.equal([`accepted ${link.inviteId}`, ...closing])
      }
    }
  })

  it('R-31 stays where the user could not be made', async () => {
    const createUser = () => {
      throw new Error('the users are down')
    }
    const { host, logIn, told } = await openHostWithProvider({}, { createUser })
    const bound = await sendInvite(host, { email: ADA })
    const link = await sendInvite(host)
    await logIn(says(ADA), link.inviteCode).expect(500)
    expect(await stateOf(host, bound.inviteId)).to.deep.equal(isPending)
    expect(await host.invites.retrieve(link.inviteId)).to.include({ uses: 0 })
    expect(told).to.deep.equal([])
  })
})

/** Accounts beside the invites, one for each address, made in one transaction with the use; which is accepted twice. */
interface Accounts {
  /** Rejects where the address has one. */
  signUp(email: string, claim: Claim): Promise<void>
  count(): Promise<number>
}

const TABLE = 'create table accounts (email text primary key)'

const accountsIn: Readonly<Record<keyof typeof databases, (url: string) => Promise<Accounts>>> = {
  async SQLite(file) {
    const db = new Database(file)
    afterThis(() => db.close())
    db.exec(TABLE)
    return {
      async signUp(email, claim) {
        db.transaction(() => {
          for (let times = 0; times < 2; times++) claim.acceptSync({ userId: email, trx: db })
          db.prepare('insert into accounts values (?)').run(email)
        }).immediate()
      },
      count: async () => db.prepare('select count(*) from accounts').pluck().get() as number,
    }
  },
  async Postgres(connectionString) {
    const pool = new pg.Pool({ connectionString })
    afterThis(() => pool.end())
    await pool.query(TABLE)
    return {
      async signUp(email, claim) {
        const client = await pool.connect()
        try {
          await client.query('begin')
          for (let times = 0; times < 2; times++) await claim.accept({ userId: email, trx: client })
          await client.query('insert into accounts values ($1)', [email])
          await client.query('commit')
        } catch (error) {
          await client.query('rollback')
          throw error
        } finally {
          client.release()
        }
      },
      count: async () => (await pool.query('select count(*)::int as count from accounts')).rows[0].count,
    }
  },
}

for (const [kind, open] of Object.entries(databases)) {
  describe(`where the account and its use commit together, on ${kind},`, () => {
    async function openAccounts() {
      const { store, url, ledger } = await open()
      const accounts = await accountsIn[kind as keyof typeof databases](url)
      return { store, accounts, ledger }
    }

    it('R-31 an address that has an account is reported by the host, and uses nothing up', async () => {
      const { store, accounts, ledger } = await openAccounts()
      const host = await openHost({
        invites: { store },
        async signup(req, res) {
          const failure = await accounts.signUp(req.body.email, req.invite as Claim).catch((error: Error) => error)
          if (failure) res.status(409).json({ code: 'has_account' })
          else res.sendStatus(201)
        },
      })
      const first = await sendInvite(host, { email: ADA })
      await host.signup({ inviteCode: first.inviteCode, email: ADA }).expect(201)
      const again = await sendInvite(host, { email: ADA })
      for (const tries of [1, 2]) {
        const res = await host.signup({ inviteCode: again.inviteCode, email: ADA })
        expect([res.status, res.body.code], `try ${tries}`).to.deep.equal([409, 'has_account'])
        expect(await ledger.uses(again.inviteId)).to.deep.equal({ uses: 0, held: 0, claims: 0 })
      }
      expect(await accounts.count()).to.equal(1)
      expect((await host.invites.acceptances()).items).to.have.length(1)
    })

    it('R-31 the sibling is closed where it is committed, told of then, and stays where it is rolled back', async () => {
      const { store, accounts } = await openAccounts()
      const { host, logIn, told } = await openHostWithProvider(
        { store },
        {
          findUser: () => null,
          async createUser({ id, _json }, invite) {
            await accounts.signUp(String(_json.email), invite as Claim)
            expect(told, 'not before it is known to be committed').to.deep.equal([])
            return { id, orgId: null }
          },
        },
      )
      const link = await sendInvite(host, { maxUses: 5 })
      const bound = await sendInvite(host, { email: ADA })
      await logIn(says(ADA), link.inviteCode).expect(200)
      expect(await stateOf(host, bound.inviteId)).to.deep.equal(isClosed)
      expect(told).to.deep.equal([`accepted ${link.inviteId}`, `revoked ${bound.inviteId} revoked`])

      told.length = 0
      const anew = await sendInvite(host, { email: ADA })
      const another = await sendInvite(host)
      await logIn(says(ADA), another.inviteCode).expect(500) // she has an account, which her host did not find
      expect(await stateOf(host, anew.inviteId)).to.deep.equal(isPending)
      expect(await host.invites.retrieve(another.inviteId)).to.include({ uses: 0 })
      expect(told).to.deep.equal([])
      expect(await accounts.count()).to.equal(1)
    })

    it('R-31 the sibling of an existing account is told of when the answer is sent', async () => {
      const { store, accounts } = await openAccounts()
      const { host, told } = await openHostWithProvider({ store })
      const app = express().post(
        '/join',
        express.json(),
        requireInvite(host.invites, { existing: () => ({ id: 'ada', email: ADA, emailVerified: true }) }),
        (req, res, next) => {
          const joining = accounts.signUp('membership of ada', req.invite as Claim)
          joining.then(() => res.sendStatus(told.length === 0 ? 204 : 500), next)
        },
      )
      const link = await sendInvite(host)
      const bound = await sendInvite(host, { email: ADA })
      await request(app).post('/join').send({ inviteCode: link.inviteCode }).expect(204)
      expect(told).to.deep.equal([`accepted ${link.inviteId}`, `revoked ${bound.inviteId} revoked`])
    })
  })
}

describe('somebody who has an account', () => {
  it('R-31 logs in by a provider, and uses nothing up: an invite of theirs stays for joining with it', async () => {
    const { host, users, logIn, told } = await openHostWithProvider()
    users.push({ id: ADA, orgId: null })
    const own = await sendInvite(host, { email: ADA, orgId: 'clinic' })
    const link = await sendInvite(host, { orgId: 'clinic' })
    for (const { inviteCode } of [own, link]) await logIn(says(ADA), inviteCode).expect(200)
    expect(users).to.have.length(1)
    expect(await stateOf(host, own.inviteId)).to.deep.equal(isPending)
    expect(await stateOf(host, link.inviteId)).to.deep.equal(['pending', 0, 'none'])
    expect(told).to.deep.equal([])
  })
})
