// The SQLite store: the contract, and what is SQLite's own.
import { execFileSync } from 'node:child_process'
import { chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect } from 'chai'
import { CamelCasePlugin, Kysely, SqliteDialect } from 'kysely'
import { storeContract } from '../../adapters/contract.js'
import { sqliteStore } from '../../adapters/sqlite.js'
import { InviteError } from '../../src/errors.js'
import { afterThis, temporaryFolder } from '../support/cleanup.js'
import { openHost, refusal, sendInvite } from '../support/host.js'

const reasonOf = (error: unknown) => String((error as Error).cause)

describe('sqliteStore', () => {
  describe('in WAL mode', () => {
    storeContract({ describe, it }, async () => {
      const file = join(temporaryFolder(), 'app.db')
      const db = openDatabase(file)
      db.pragma('journal_mode = wal')
      const store = sqliteStore(db)
      await store.migrate()
      return store
    })
  })

  describe('with a rollback journal, without groups', () => {
    storeContract({ describe, it }, async () => {
      const store = sqliteStore(join(temporaryFolder(), 'app.db'), { groupSize: 1 })
      await store.migrate()
      return store
    })
  })

  it('works in memory', async () => {
    const host = await openHost({ invites: { store: sqliteStore(':memory:') } })
    const { inviteCode } = await sendInvite(host)
    await host.signup({ inviteCode }).expect(201)
  })

  it('says what is wrong with where it should keep invites', () => {
    const folder = temporaryFolder()
    expect(() => sqliteStore(join(folder, 'missing', 'app.db'))).to.throw(TypeError, /cannot open.*missing.*directory/)
    expect(() => sqliteStore(undefined as never)).to.throw(TypeError, "sqliteStore('app.db')")
    expect(() => sqliteStore('')).to.throw(TypeError, 'the path of a SQLite file')
    expect(() => sqliteStore(openDatabase(':memory:'))).to.throw(TypeError, 'lives in the memory of another')
    expect(() => sqliteStore(':memory:', { prefix: 'x' } as never)).to.throw(TypeError, 'unknown option `prefix`')
    expect(() => sqliteStore(':memory:', { tablePrefix: 'x"; drop' })).to.throw(TypeError, '`tablePrefix`')
    expect(() => sqliteStore(':memory:', { busyTimeoutMs: -1 })).to.throw(TypeError, '`busyTimeoutMs`')
  })

  it('says to migrate where that was forgotten', async () => {
    const store = sqliteStore(join(temporaryFolder(), 'app.db'))
    afterThis(() => store.close())
    const error = await store.getSettings('default').catch((thrown: unknown) => thrown)
    expect(error).to.be.instanceOf(InviteError)
    expect(reasonOf(error)).to.contain('call `await store.migrate()`')
  })

  it('refuses a database that a newer release has migrated, and leaves it as it is', async () => {
    const file = join(temporaryFolder(), 'app.db')
    const store = sqliteStore(file)
    afterThis(() => store.close())
    await store.migrate()
    const db = openDatabase(file)
    db.prepare('insert into invite_only_migrations (version) values (99)').run()
    const error = await store.migrate().catch((thrown: unknown) => thrown)
    expect(String(error)).to.match(/schema version 99.*Update express-invite-only/)
  })

  it('brings a database of version 1 up to date and keeps what is in it', async () => {
    const file = join(temporaryFolder(), 'app.db')
    const db = openDatabase(file)
    db.exec(readFileSync(new URL('version-1.sql', import.meta.url), 'utf8')) // as the release before wrote it
    const tables = () => db.prepare("select name from sqlite_master where type = 'table'").pluck().all()
    const rows = (names: readonly unknown[]) => names.map((name) => db.prepare(`select * from "${name}"`).all())
    const before = tables().filter((name) => name !== 'invite_only_migrations')
    const kept = JSON.parse(JSON.stringify(rows(before)))
    const added = {
      deliveries: { request_id: null },
      acceptances: { approval: null, decided_at: null },
      settings: { next_mode: null, next_mode_at: null, limits: null },
      invites: { source: null, past_expiry: null, once_per_person: 0, quota_cost: 0, quota_back: 0 },
    }
    for (const [table, columns] of Object.entries(added))
      for (const row of kept[before.indexOf(`invite_only_${table}`)]) Object.assign(row, columns)
    const host = await openHost({ file })
    expect(rows(before)).to.deep.equal(kept)
    expect(tables()).to.include('invite_only_keyed_requests')
    const steps = db.prepare('select version from invite_only_migrations').pluck().all()
    expect(steps).to.have.length.above(9)
    expect(steps).to.deep.equal(steps.map((_, index) => index + 1))
    const signup = { email: 'ada@example.com', inviteCode: 'STHM-29H5-Q0ZD-3AQW-YJ42-V30M-9FKT' }
    expect((await host.signup(signup)).body).to.include({ email: 'ada@example.com', role: 'nurse' })
    const invite = await host.manage.post('default/invite', {}).set('Idempotency-Key', 'key')
    expect(invite.status).to.equal(201)
  })

  it('says that a read-only file cannot be written', () => {
    const folder = temporaryFolder()
    const file = join(folder, 'app.db')
    openDatabase(file).exec('create table t (x)')
    chmodSync(file, 0o444)
    chmodSync(folder, 0o755)
    const script = `
      import { sqliteStore } from ${JSON.stringify(new URL('../../adapters/sqlite.ts', import.meta.url).href)}
      sqliteStore(${JSON.stringify(file)}).migrate().then(() => console.log('migrated'), (error) => console.log(String(error), String(error.cause)))`
    // Root may write anything, so that a root's tests ask somebody else.
    const as = process.getuid?.() === 0 ? { uid: 65534, gid: 65534, env: { ...process.env, HOME: folder } } : {}
    const args = ['--import', 'tsx', '--input-type=module', '-e', script]
    expect(execFileSync(process.execPath, args, { encoding: 'utf8', ...as })).to.match(/cannot be written.*app\.db/)
  })

  it('names a file that is no database', async () => {
    const file = join(temporaryFolder(), 'app.db')
    writeFileSync(file, 'this is a text, and long enough not to be taken for an empty file'.repeat(20))
    const attempt = async () => {
      const store = sqliteStore(file)
      afterThis(() => store.close())
      await store.migrate()
    }
    const error = await attempt().catch((thrown: unknown) => thrown)
    expect(`${error} ${reasonOf(error)}`).to.match(/not a database.*app\.db|app\.db.*not a database/)
  })

  it('waits for a lock that is let go, without stopping the process, and answers 503 for one that is not', async () => {
    const host = await openHost()
    const quick = sqliteStore(host.database.file, { busyTimeoutMs: 60 })
    afterThis(() => quick.close())
    const db = openDatabase(host.database.file)
    db.exec('begin immediate')
    const waiting = host.store.changeSettings({ appId: 'default', change: { mode: 'open' }, now: 1 })
    const error = await quick
      .changeSettings({ appId: 'default', change: { mode: 'closed' }, now: 1 })
      .catch((thrown: unknown) => thrown)
    expect(error).to.be.instanceOf(InviteError)
    expect(error).to.include({ code: 'store_unavailable', status: 503 })
    expect(reasonOf(error)).to.contain('locked by another connection')
    db.exec('rollback')
    await waiting
    expect(await host.store.getSettings('default')).to.deep.equal({ mode: 'open' })
  })

  it('waits for nobody to release what is not held, and for the host to release what it may roll back', async () => {
    const host = await openHost()
    const db = openDatabase(host.database.file)
    db.pragma('journal_mode = wal')
    const { inviteCode } = await sendInvite(host, { maxUses: null })
    const [accepted, joining] = [await host.invites.claim({ inviteCode }), await host.invites.claim({ inviteCode })]
    await accepted.accept({ userId: 1 })
    const quick = sqliteStore(host.database.file, { busyTimeoutMs: 60 })
    afterThis(() => quick.close())
    db.exec('begin immediate')
    joining.acceptSync({ userId: 2, trx: db })
    expect(await quick.release({ claimId: accepted.claimId, inviteId: accepted.id })).to.equal(false)
    const error = await quick
      .release({ claimId: joining.claimId, inviteId: joining.id })
      .catch((thrown: unknown) => thrown)
    expect(reasonOf(error)).to.contain('locked by another connection')
    const released = joining.release()
    db.exec('rollback')
    expect(await released).to.equal(true)
  })

  it('leaves a host whose own transaction waits alone, however many claims wait for it', async () => {
    const host = await openHost()
    const db = openDatabase(host.database.file)
    db.pragma('journal_mode = wal')
    const { inviteCode } = await sendInvite(host, { maxUses: null })
    db.exec('begin immediate')
    const claims = Array.from({ length: 200 }, () => host.invites.claim({ inviteCode }))
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 1))
    db.exec('commit')
    expect(await Promise.all(claims)).to.have.length(200)
  })

  it('leaves the host’s pragmas and connection alone', async () => {
    const db = openDatabase(join(temporaryFolder(), 'app.db'))
    const pragmas = () =>
      ['journal_mode', 'synchronous', 'foreign_keys'].map((name) => db.pragma(name, { simple: true }))
    db.pragma('foreign_keys = off')
    const before = pragmas()
    const store = sqliteStore(db)
    await store.migrate()
    await store.changeSettings({ appId: 'default', change: { mode: 'open' }, now: 1 })
    await store.close()
    expect(pragmas()).to.deep.equal(before)
    expect(db.open).to.equal(true)
  })

  it('keeps its tables under a prefix', async () => {
    const file = join(temporaryFolder(), 'app.db')
    const store = sqliteStore(file, { tablePrefix: 'beta_' })
    afterThis(() => store.close())
    await store.migrate()
    await store.changeSettings({ appId: 'default', change: { mode: 'open' }, now: 1 })
    const names = openDatabase(file)
      .prepare("select name from sqlite_master where name not like 'sqlite_%'")
      .pluck()
      .all()
    expect(names).to.include('beta_invites')
    expect(names.every((name) => String(name).startsWith('beta_'))).to.equal(true)
  })

  describe('in the host’s transaction', () => {
    async function claimed() {
      const host = await openHost()
      const db = openDatabase(host.database.file)
      db.exec('create table users (id integer primary key, email text)')
      const invite = await sendInvite(host, { email: 'ada@example.com' })
      const claim = await host.invites.claim({ inviteCode: invite.inviteCode, email: 'ada@example.com' })
      const users = () => db.prepare('select count(*) from users').pluck().get()
      const state = () => db.prepare('select uses, held from invite_only_invites').get()
      return { host, db, claim, users, state }
    }

    it('R-06 acceptSync commits or rolls back with the user row of better-sqlite3', async () => {
      const { db, claim, users, state, host } = await claimed()
      const signUp = db.transaction((fail: boolean) => {
        db.prepare("insert into users (email) values ('ada@example.com')").run()
        claim.acceptSync({ userId: 1, trx: db })
        if (fail) throw new Error('the host changed its mind')
      })
      expect(() => signUp(true)).to.throw('changed its mind')
      expect([users(), state()]).to.deep.equal([0, { uses: 0, held: 1 }])
      signUp(false)
      expect([users(), state()]).to.deep.equal([1, { uses: 1, held: 0 }])
      db.transaction(() => claim.acceptSync({ userId: 1, trx: db }))()
      expect(state()).to.deep.equal({ uses: 1, held: 0 })
      expect((await host.invites.acceptances()).items).to.have.length(1)
    })

    it('R-06 accept joins a Kysely transaction, whatever its plugins', async () => {
      const { db, claim, users, state } = await claimed()
      const kysely = new Kysely<{ users: { id: number; email: string } }>({
        dialect: new SqliteDialect({ database: db }),
        plugins: [new CamelCasePlugin()],
      })
      const signUp = (fail: boolean) =>
        kysely.transaction().execute(async (trx) => {
          await trx.insertInto('users').values({ id: 1, email: 'ada@example.com' }).execute()
          await claim.accept({ userId: 1, trx })
          if (fail) throw new Error('the host changed its mind')
        })
      const failed = await signUp(true).catch((error: unknown) => error)
      expect(String(failed)).to.contain('changed its mind')
      expect([users(), state()]).to.deep.equal([0, { uses: 0, held: 1 }])
      await signUp(false)
      expect([users(), state()]).to.deep.equal([1, { uses: 1, held: 0 }])
    })

    it('R-06 works on a connection whose integers are bigint', async () => {
      const { db, claim, state } = await claimed()
      db.defaultSafeIntegers(true)
      for (const _time of [1, 2]) db.transaction(() => claim.acceptSync({ userId: 7n, trx: db }))()
      db.defaultSafeIntegers(false)
      expect(state()).to.deep.equal({ uses: 1, held: 0 })
    })

    it('R-06 refuses a `trx` that is no transaction, or another database’s', async () => {
      const { db, claim, state } = await claimed()
      const thrown = async (trx: unknown) => claim.accept({ userId: 1, trx }).catch((error: unknown) => error)
      for (const wrong of [{}, 'trx', 7, null, db]) expect(await thrown(wrong)).to.be.instanceOf(TypeError)
      expect(String(await thrown(db))).to.contain('no transaction open')
      const other = openDatabase(join(temporaryFolder(), 'other.db'))
      other.exec('begin')
      expect(String(await thrown(other))).to.contain('invites are kept in')
      expect(() => claim.acceptSync({ userId: 1 })).to.throw(TypeError, 'acceptSync({ trx }) takes')
      expect(state()).to.deep.equal({ uses: 0, held: 1 })
    })

    it('R-06 tells a lost claim by throwing, so that the host rolls back', async () => {
      const { host, db, claim, users } = await claimed()
      host.clock.advance(2 * 60_000)
      const rival = await host.invites.claim({ inviteCode: await codeOf(host), email: 'ada@example.com' })
      await rival.accept({ userId: 2 })
      const signUp = db.transaction(() => {
        db.prepare("insert into users (email) values ('ada@example.com')").run()
        claim.acceptSync({ userId: 1, trx: db })
      })
      expect(() => signUp())
        .to.throw(InviteError)
        .with.property('code', 'invite_claim_lost')
      expect(users()).to.equal(0)
      expect(await refusal(claim.accept({ userId: 1 }))).to.equal('invite_claim_lost')
    })
  })
})

async function codeOf(host: Awaited<ReturnType<typeof openHost>>): Promise<string> {
  const { items } = await host.invites.list()
  return items[0]?.inviteCode ?? ''
}

function openDatabase(file: string): Database.Database {
  const db = new Database(file)
  afterThis(() => db.close())
  return db
}
