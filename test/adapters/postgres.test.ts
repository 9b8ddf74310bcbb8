// The Postgres store: the contract, and what is Postgres's own.
import { readFileSync } from 'node:fs'
import { expect } from 'chai'
import { CamelCasePlugin, Kysely, PostgresDialect } from 'kysely'
import pg from 'pg'
import { storeContract } from '../../adapters/contract.js'
import { postgresMigration, postgresStore } from '../../adapters/postgres.js'
import { InviteError } from '../../src/errors.js'
import { afterThis } from '../support/cleanup.js'
import { openHost, refusal, sendInvite } from '../support/host.js'
import { execute, openPool, postgresUrl, temporarySchema } from '../support/postgres.js'

const ADA = 'ada@example.com'

async function openStore(options: { pool?: pg.Pool; busyTimeoutMs?: number; groupSize?: number } = {}) {
  const pool = options.pool ?? (await openPool())
  const schema = await temporarySchema()
  const store = postgresStore(pool, { schema, busyTimeoutMs: options.busyTimeoutMs, groupSize: options.groupSize })
  await store.migrate()
  return { pool, schema, store }
}

async function openPostgresHost(options: Parameters<typeof openStore>[0] = {}) {
  const opened = await openStore(options)
  return { ...opened, host: await openHost({ invites: { store: opened.store } }) }
}

const reasonOf = (error: unknown) => String((error as Error).cause)
const caught = (promise: Promise<unknown>): Promise<unknown> => promise.catch((error: unknown) => error)

/** Expects a 503 that says why. */
async function expectUnavailable(promise: Promise<unknown>, why: string | RegExp): Promise<void> {
  const error = await caught(promise)
  expect(error).to.be.instanceOf(InviteError)
  expect(error).to.include({ code: 'store_unavailable', status: 503 })
  expect(String(error), 'nothing of it is for clients').to.include('cannot be looked up right now')
  if (typeof why === 'string') expect(reasonOf(error)).to.include(why)
  else expect(reasonOf(error)).to.match(why)
}

describe('postgresStore', () => {
  describe('in a schema of its own', () => {
    storeContract({ describe, it }, async () => (await openStore()).store)
  })

  describe('without groups', () => {
    const grouped = ['claims', 'accepts', 'closes siblings', 'keeps links', 'keeps settings']
    const only = (name: string, define: () => void) => (grouped.includes(name) ? describe(name, define) : undefined)
    storeContract({ describe: only, it }, async () => (await openStore({ groupSize: 1 })).store)
  })

  describe('on a connection string, under a prefix', () => {
    it('keeps invites, and ends its own connections', async () => {
      const tablePrefix = `t${Date.now()}_`
      const url = await postgresUrl()
      afterThis(async () => {
        const { rows } = await execute(url, `select tablename from pg_tables where tablename like '${tablePrefix}%'`)
        for (const { tablename } of rows) await execute(url, `drop table "${tablename}" cascade`)
      })
      const store = postgresStore(url, { tablePrefix })
      await store.migrate()
      await store.changeSettings({ appId: 'default', change: { mode: 'open' }, now: 1 })
      expect(await store.getSettings('default')).to.deep.equal({ mode: 'open' })
      await store.close()
      await expectUnavailable(store.getSettings('default'), 'closed')
    })
  })

  it('leaves the pool of the host open', async () => {
    const { pool, store } = await openStore()
    await store.close()
    expect((await pool.query('select 1 as one')).rows).to.deep.equal([{ one: 1 }])
    expect([pool.totalCount - pool.idleCount, pool.waitingCount]).to.deep.equal([0, 0])
  })

  it('says what is wrong with where it should keep invites', () => {
    const wrong =
      (database: unknown, options = {}) =>
      () =>
        postgresStore(database as string, options)
    for (const database of [undefined, '', 'app.db', {}, 7])
      expect(wrong(database)).to.throw(TypeError, 'takes a connection string, such as postgres://')
    const url = 'postgres://localhost/app'
    expect(wrong(url, { prefix: 'x' })).to.throw(TypeError, 'unknown option `prefix`')
    expect(wrong(url, { schema: 'x"; drop' })).to.throw(TypeError, '`schema` must be 1 to 32 letters')
    expect(wrong(url, { tablePrefix: '1x' })).to.throw(TypeError, '`tablePrefix` must be')
    expect(wrong(url, { busyTimeoutMs: 0 })).to.throw(TypeError, '`busyTimeoutMs` must be')
  })

  describe('migrates', () => {
    it('ten times at once', async () => {
      const schema = await temporarySchema()
      const pools = await Promise.all(Array.from({ length: 10 }, () => openPool({ max: 1 })))
      await Promise.all(pools.map((pool) => postgresStore(pool, { schema }).migrate()))
      const { rows } = await execute(
        await postgresUrl(),
        `select version from ${schema}.invite_only_migrations order by 1`,
      )
      expect(rows).to.have.length.above(9)
      expect(rows).to.deep.equal(rows.map((_, index) => ({ version: index + 1 })))
    })

    it('by the SQL that it prints, and has then nothing left to do', async () => {
      const schema = await temporarySchema()
      const client = await (await openPool()).connect()
      try {
        await client.query(`begin; ${postgresMigration({ schema })}; commit`)
      } finally {
        client.release()
      }
      const store = postgresStore(await openPool(), { schema })
      await store.migrate()
      await store.changeSettings({ appId: 'default', change: { mode: 'closed' }, now: 1 })
      expect(await store.getSettings('default')).to.deep.equal({ mode: 'closed' })
      expect(postgresMigration()).to.include('create table "invite_only_invites"').and.not.include('create schema')
    })

    it('a database of version 2, and keeps what is in it', async () => {
      const schema = await temporarySchema()
      const url = await postgresUrl()
      const before = readFileSync(new URL('version-2-postgres.sql', import.meta.url), 'utf8')
      await execute(url, before.replaceAll('SCHEMA', schema))
      const rows = async () => (await execute(url, `select * from ${schema}.invite_only_invites order by id`)).rows
      const kept = (await rows()).map((invite) => ({
        ...invite,
        past_expiry: null,
        source: null,
        once_per_person: 0,
        quota_cost: 0,
        quota_back: 0,
      }))
      const host = await openHost({ invites: { store: postgresStore(await openPool(), { schema }) } })
      expect(await rows()).to.deep.equal(kept)
      expect((await host.invites.settings()).mode).to.equal('waitlist')
      const signup = { email: ADA, inviteCode: 'STHM-29H5-Q0ZD-3AQW-YJ42-V30M-9FKT' }
      expect((await host.signup(signup)).body).to.include({ email: ADA, role: 'nurse' })
    })

    it('not without the right to, and says what to do; and then works with what it was granted', async () => {
      const { schema } = await openStore()
      const bare = await temporarySchema()
      const url = await postgresUrl()
      const role = `guest_${schema}`
      await execute(url, `create role ${role} login password 'guest'; create schema ${bare}`)
      afterThis(() => execute(url, `drop owned by ${role}; drop role ${role}`))
      await execute(url, `grant usage on schema ${bare}, ${schema} to ${role}`)
      const guest = Object.assign(new URL(url), { username: role, password: 'guest' }).href
      const store = (name: string) => {
        const opened = postgresStore(guest, { schema: name })
        afterThis(() => opened.close())
        return opened
      }
      const error = await caught(store(bare).migrate())
      expect(String(error)).to.include(`in the schema ${bare}`).and.include('migrate --print').and.include('grant')
      await expectUnavailable(store(schema).getSettings('default'), 'lacks a right on the invite tables')
      await execute(url, `grant select, insert, update, delete on all tables in schema ${schema} to ${role}`)
      await store(schema).migrate()
      await store(schema).changeSettings({ appId: 'default', change: { mode: 'open' }, now: 1 })
      expect(await store(schema).getSettings('default')).to.deep.equal({ mode: 'open' })
    })

    it('no database that a newer release has migrated', async () => {
      const { schema, store } = await openStore()
      await execute(await postgresUrl(), `insert into ${schema}.invite_only_migrations values (99)`)
      expect(String(await caught(store.migrate()))).to.match(/schema version 99.*Update express-invite-only/)
    })
  })

  describe('answers 503, and lets nobody in,', () => {
    it('before the tables are there', async () => {
      const store = postgresStore(await openPool(), { schema: await temporarySchema() })
      await expectUnavailable(store.getSettings('default'), 'call `await store.migrate()`')
    })

    it('where there is no server, or no such database', async () => {
      const nowhere = postgresStore('postgres://postgres@127.0.0.1:1/app')
      afterThis(() => nowhere.close())
      await expectUnavailable(nowhere.getSettings('default'), 'ECONNREFUSED')
      const missing = postgresStore(Object.assign(new URL(await postgresUrl()), { pathname: '/missing' }).href)
      afterThis(() => missing.close())
      await expectUnavailable(missing.getSettings('default'), 'database "missing" does not exist')
    })

    it('while the pool has no connection free, and gives back the one that comes too late', async () => {
      const pool = await openPool({ max: 1 })
      const { host } = await openPostgresHost({ pool, busyTimeoutMs: 200 })
      const { inviteCode } = await sendInvite(host)
      const client = await pool.connect()
      const refused = await host.signup({ inviteCode })
      expect([refused.status, refused.body.code]).to.deep.equal([503, 'store_unavailable'])
      client.release()
      await host.signup({ inviteCode }).expect(201)
      expect([pool.totalCount, pool.idleCount]).to.deep.equal([1, 1])
    })

    it('while another transaction holds the row for too long', async () => {
      const { host, pool, schema } = await openPostgresHost({ busyTimeoutMs: 200 })
      const { inviteCode } = await sendInvite(host)
      const client = await pool.connect()
      await client.query(`begin; select 1 from ${schema}.invite_only_invites for update`)
      await expectUnavailable(host.invites.claim({ inviteCode }), 'held by another transaction')
      await client.query('rollback')
      client.release()
      await host.signup({ inviteCode }).expect(201)
    })

    it('while one invite takes too long, but waits for as many as there are', async () => {
      const { host, pool, schema } = await openPostgresHost({ busyTimeoutMs: 300 })
      const { inviteId } = await sendInvite(host)
      await pool.query(`
        create function ${schema}.slow() returns trigger language plpgsql as 'begin perform pg_sleep(0.6); return null; end';
        create trigger slow before update on ${schema}.invite_only_invites execute function ${schema}.slow()`)
      await expectUnavailable(host.invites.revoke(inviteId), /./)
      expect(await host.invites.revokeAll()).to.equal(1)
    })

    it('on a server that only reads', async () => {
      const { store } = await openStore({
        pool: await openPool({ options: '-c default_transaction_read_only=on' }),
      }).catch(() => ({ store: undefined }))
      expect(store, 'its own transactions say that they write').not.to.equal(undefined)
    })

    it('with its connections cut in the middle, and works again after it', async () => {
      const { host, pool, schema } = await openPostgresHost()
      const { inviteCode } = await sendInvite(host, { maxUses: 1 })
      const blocker = await (await openPool()).connect()
      await blocker.query(`begin; select 1 from ${schema}.invite_only_invites for update`)
      const claims = Array.from({ length: 5 }, () => host.signup({ inviteCode }))
      const answers = Promise.all(claims.map((claim) => claim))
      const watcher = await openPool()
      await waitFor(watcher, 5)
      await watcher.query(
        "select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock' and pid <> pg_backend_pid()",
      )
      for (const { status, body } of await answers)
        expect([status, body.code]).to.deep.equal([503, 'store_unavailable'])
      await blocker.query('rollback')
      blocker.release()
      expect(await usesOf(pool, schema)).to.deep.equal({ uses: 0, held: 0, claims: 0 })
      await host.signup({ inviteCode }).expect(201)
    })
  })

  it('reads its own values, whatever parsers the host has set', async () => {
    const { builtins } = pg.types
    const before = [builtins.TIMESTAMPTZ, builtins.INT4, builtins.JSONB].map(
      (oid) => [oid, pg.types.getTypeParser(oid)] as const,
    )
    afterThis(() => {
      for (const [oid, parser] of before) pg.types.setTypeParser(oid, parser)
    })
    for (const [oid] of before) pg.types.setTypeParser(oid, () => 'the host has its own way')
    const { host } = await openPostgresHost()
    const metadata = { b: 1, a: { nested: ['x'] } }
    const sent = await sendInvite(host, { email: ADA, metadata, expiresInMs: 10 * 366 * 24 * 60 * 60 * 1000 })
    const { inviteCode } = sent
    const found = await host.invites.retrieve(sent.inviteId)
    expect(found).to.deep.include({ metadata, createdAt: '2026-11-21T09:00:00.000Z', maxUses: 1 })
    await host.signup({ inviteCode, email: ADA }).expect(201)
  })

  it('finds nothing by an id that no text can be, and refuses what its JSON cannot keep', async () => {
    const { host } = await openPostgresHost()
    expect((await host.manage.get('default/invite/a%00b')).status).to.equal(404)
    expect((await host.manage.get('default/invite?q=a%00')).status).to.be.oneOf([200, 400])
    for (const text of ['\0', '\ud800']) {
      const res = await host.manage.post('default/invite', { metadata: { text } })
      expect([res.status, res.body.errors?.[0]?.pointer]).to.deep.equal([400, '#/metadata'])
    }
    await host.manage.post('default/invite', { metadata: { text: '\\u0000 \u{1F600}' } }).expect(201)
  })

  describe("in the host's transaction", () => {
    async function claimed() {
      const opened = await openPostgresHost()
      const { host, pool, schema } = opened
      await pool.query(`create table ${schema}.users (id integer primary key, email text)`)
      const { inviteCode } = await sendInvite(host, { email: ADA })
      const claim = await host.invites.claim({ inviteCode, email: ADA })
      const state = async () => {
        const { rows } = await pool.query(`select count(*)::int as users from ${schema}.users`)
        return { users: rows[0].users, ...(await usesOf(pool, schema)) }
      }
      return { ...opened, inviteCode, claim, state }
    }
    const before = { users: 0, uses: 0, held: 1, claims: 1 }
    const after = { users: 1, uses: 1, held: 0, claims: 0 }

    it('R-06 accept commits or rolls back with the user row of a pg client', async () => {
      const { claim, pool, schema, state } = await claimed()
      const client = await pool.connect()
      afterThis(() => client.release())
      for (const end of ['rollback', 'commit']) {
        await client.query('begin')
        await client.query(`insert into ${schema}.users values (1, '${ADA}')`)
        await claim.accept({ userId: 1, trx: client })
        await client.query(end)
        expect(await state()).to.deep.equal(end === 'commit' ? after : before)
      }
      await client.query('begin')
      await claim.accept({ userId: 1, trx: client }) // a repeat changes nothing
      await client.query('commit')
      expect(await state()).to.deep.equal(after)
    })

    it('R-06 accept joins a Kysely transaction, whatever its plugins', async () => {
      const { claim, pool, schema, state } = await claimed()
      const kysely = new Kysely<Record<string, { id: number; email: string }>>({
        dialect: new PostgresDialect({ pool }),
        plugins: [new CamelCasePlugin()],
      })
      const signUp = (fail: boolean) =>
        kysely.transaction().execute(async (trx) => {
          await trx.withSchema(schema).insertInto('users').values({ id: 1, email: ADA }).execute()
          const acceptance = await claim.accept({ userId: 1, trx })
          expect(acceptance.acceptedAt).to.equal('2026-11-21T09:00:00.000Z')
          if (fail) throw new Error('the host changed its mind')
        })
      expect(String(await caught(signUp(true)))).to.include('changed its mind')
      expect(await state()).to.deep.equal(before)
      await signUp(false)
      expect(await state()).to.deep.equal(after)
    })

    it('R-06 rolled back by a host that answers 500, the use is free again', async () => {
      const { pool, schema, store } = await openStore()
      await pool.query(`create table ${schema}.users (id integer primary key)`)
      let fail = true
      const host = await openHost({
        invites: { store },
        signup: async (req, res) => {
          const client = await pool.connect()
          try {
            await client.query('begin')
            await client.query(`insert into ${schema}.users values (1)`)
            await req.invite?.accept({ userId: 1, trx: client })
            await client.query(fail ? 'rollback' : 'commit')
          } finally {
            client.release()
          }
          res.sendStatus(fail ? 500 : 201)
        },
      })
      const { inviteCode } = await sendInvite(host)
      await host.signup({ inviteCode }).expect(500)
      expect(await usesOf(pool, schema)).to.deep.equal({ uses: 0, held: 0, claims: 0 })
      fail = false
      await host.signup({ inviteCode }).expect(201)
      expect(await usesOf(pool, schema)).to.deep.equal({ uses: 1, held: 0, claims: 0 })
    })

    it('R-06 refuses a `trx` that is no transaction', async () => {
      const { claim, pool, state } = await claimed()
      const client = await pool.connect()
      afterThis(() => client.release())
      for (const trx of [{}, 'trx', 7, null, pool, client])
        expect(await caught(claim.accept({ userId: 1, trx }))).to.be.instanceOf(TypeError)
      expect(String(await caught(claim.accept({ userId: 1, trx: pool })))).to.include('no Pool')
      expect(String(await caught(claim.accept({ userId: 1, trx: client })))).to.include('no transaction open')
      const old = { query: client.query.bind(client) } // as pg was before it told the state of its transaction
      expect(String(await caught(claim.accept({ userId: 1, trx: old })))).to.include('no transaction open')
      expect(() => claim.acceptSync({ userId: 1, trx: client })).to.throw(TypeError)
      await client.query('begin')
      await claim.accept({ userId: 1, trx: old })
      await client.query('commit')
      expect(await state()).to.deep.equal({ ...after, users: 0 })
    })

    it('R-06 tells a lost claim by rejecting, so that the host rolls back', async () => {
      const { claim, host, pool, inviteCode } = await claimed()
      host.clock.advance(2 * 60_000)
      await (await host.invites.claim({ inviteCode, email: ADA })).accept({ userId: 2 })
      const client = await pool.connect()
      afterThis(() => client.release())
      await client.query('begin')
      expect(await refusal(claim.accept({ userId: 1, trx: client }))).to.equal('invite_claim_lost')
      expect((await client.query('select 1 as still')).rows, 'the transaction goes on').to.have.length(1)
      await client.query('rollback')
    })

    it('R-05 counts the same user once, also by two claims at once', async () => {
      const { pool, schema, store } = await openStore()
      const host = await openHost({ invites: { store } })
      const { inviteCode } = await sendInvite(host, { maxUses: null })
      const claims = await Promise.all(Array.from({ length: 8 }, () => host.invites.claim({ inviteCode })))
      await Promise.all(claims.map((claim) => claim.accept({ userId: 'one' })))
      expect(await usesOf(pool, schema)).to.deep.equal({ uses: 1, held: 0, claims: 0 })
    })

    it('gives a use back once, however often it is reopened at once', async () => {
      const { pool, schema, store } = await openStore()
      const host = await openHost({ invites: { store } })
      const { inviteCode } = await sendInvite(host, { maxUses: 3 })
      for (const userId of [1, 2, 3]) await (await host.invites.claim({ inviteCode })).accept({ userId })
      const [first] = (await host.invites.acceptances()).items
      await Promise.all(Array.from({ length: 8 }, () => host.invites.reopen(first?.acceptanceId ?? '')))
      expect(await usesOf(pool, schema)).to.deep.equal({ uses: 2, held: 0, claims: 0 })
    })
  })
})

async function usesOf(pool: pg.Pool, schema: string) {
  const { rows } = await pool.query(
    `select uses, held, (select count(*)::int from ${schema}.invite_only_claims) as claims from ${schema}.invite_only_invites`,
  )
  return rows[0]
}

/** Resolves once so many connections wait for a lock. */
async function waitFor(pool: pg.Pool, count: number): Promise<void> {
  const text = "select count(*)::int as waiting from pg_stat_activity where wait_event_type = 'Lock'"
  for (;;) {
    const { rows } = await pool.query(text)
    if (rows[0].waiting >= count) return
  }
}
