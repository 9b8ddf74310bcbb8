// What happens on Postgres between two statements of one step: each test holds a row, and lets something pass by.
import { expect } from 'chai'
import pg from 'pg'
import {
  acceptOf,
  claimOf,
  create,
  found,
  HOLD,
  madeOrThere,
  NOW,
  newInvite,
  TERM,
} from '../../adapters/contract/fixtures.js'
import { postgresStore } from '../../adapters/postgres.js'
import type { InviteRecord } from '../../src/store.js'
import { afterThis } from '../support/cleanup.js'
import { execute, openPool, postgresUrl, temporarySchema } from '../support/postgres.js'

// Nobody is freed from a deadlock, so that one is a 503 instead of a second's delay.
const UNRESOLVED = '-c deadlock_timeout=60000'

async function openStore() {
  const pool = await openPool({ options: UNRESOLVED, max: 20 })
  const schema = await temporarySchema()
  const store = postgresStore(pool, { schema, busyTimeoutMs: 2000 })
  await store.migrate()

  /** Holds the invite's row while `meanwhile` runs; `waiting` started before, and ends after. */
  async function whileHeld<Result>(
    invite: InviteRecord,
    start: () => Promise<Result>,
    meanwhile: (holder: pg.PoolClient) => Promise<unknown>,
  ): Promise<Result> {
    const holder = await pool.connect()
    try {
      await holder.query('begin')
      await holder.query(`select 1 from ${schema}.invite_only_invites where id = $1 for update`, [invite.id])
      const started = start()
      await waiting(pool, schema, 1)
      await meanwhile(holder)
      await holder.query('commit')
      return await started
    } finally {
      holder.release()
    }
  }
  return { pool, schema, store, whileHeld }
}

/** Resolves once so many of our statements on this schema wait for a lock. */
async function waiting(pool: pg.Pool, schema: string, count: number): Promise<void> {
  const text = `select count(*)::int as waiting from pg_stat_activity
    where wait_event_type = 'Lock' and query like '%' || $1 || '%' and pid <> pg_backend_pid()`
  while ((await pool.query(text, [schema])).rows[0].waiting < count);
}

describe('postgresStore between two statements', () => {
  it('R-08 judges the mode when it has the row, not before it waited for it', async () => {
    const { store, whileHeld } = await openStore()
    const invite = await create(store)
    const claim = await whileHeld(
      invite,
      () => store.claim(claimOf(invite)),
      () => store.changeSettings({ appId: invite.appId, change: { mode: 'closed' }, now: NOW }),
    )
    expect(claim).to.deep.equal({ admitted: false, reason: 'closed' })
    expect((await found(store, invite)).held).to.equal(0)
  })

  for (const [change, reason] of [
    ['revoked_at = now()', 'unknown'],
    ["code_hash = 'another'", 'unknown'],
    ["expires_at = 'epoch'", 'expired'],
    ["email_domain = 'example.com'", 'email_mismatch'],
    ['uses = 1', 'used'],
  ]) {
    it(`R-08 judges what the row has become while it waited: ${change}`, async () => {
      const { schema, store, whileHeld } = await openStore()
      const invite = await create(store)
      const claim = await whileHeld(
        invite,
        () => store.claim(claimOf(invite)),
        (holder) => holder.query(`update ${schema}.invite_only_invites set ${change}`),
      )
      expect(claim).to.deep.include({ admitted: false, reason })
    })
  }

  it('R-17 a revoke that waited for an accept tells how the invite stands after it', async () => {
    const { schema, store, whileHeld } = await openStore()
    const invite = await create(store)
    const revoke = () => store.revokeInvite({ appId: invite.appId, inviteId: invite.id, now: NOW })
    const revocation = await whileHeld(invite, revoke, (holder) =>
      holder.query(`update ${schema}.invite_only_invites set uses = 1`),
    )
    expect(revocation).to.deep.include({ revoked: false })
    expect(revocation?.invite).to.include({ uses: 1, revokedAt: null })
  })

  it('R-38 keys that are asked for again after they were forgotten never wait for each other', async () => {
    const { store } = await openStore()
    const ids = Array.from({ length: 8 }, (_none, index) => `key${index}`)
    const keyed = (id: string, now: number) => ({
      id,
      fingerprint: 'body',
      now,
      leasedUntil: now + HOLD,
      forgetUntil: now - TERM,
    })
    for (let round = 0; round < 20; round++) {
      const now = NOW + round * 2 * TERM
      const begun = await Promise.all(ids.map((id) => store.beginKeyedRequest(keyed(id, now))))
      expect(begun.map(({ state }) => state)).to.deep.equal(ids.map(() => 'begun'))
    }
  })

  it('makes invites of one address while others revoke and use them: each gets one, or hears of one', async () => {
    const { store } = await openStore()
    const email = 'ada@example.com'
    const makers = Array.from({ length: 6 }, async (_none, maker) => {
      for (let round = 0; round < 25; round++) {
        const result = await store.createInvite(newInvite({ email }), `mail-${maker}-${round}`)
        const invite = madeOrThere(result)
        const key = { appId: invite.appId, inviteId: invite.id, now: NOW }
        if (round % 2 === 0) await store.revokeInvite(key)
        else await store.accept(acceptOf(claimOf(invite), invite, { userId: `${maker}-${round}` }))
      }
    })
    await Promise.all(makers)
  })

  it('R-17 revokes all while claims, accepts and workers run, without a deadlock', async () => {
    const { store } = await openStore()
    const invites: InviteRecord[] = []
    for (let index = 0; index < 30; index++) {
      invites.push(await create(store, newInvite({ email: `u${index}@example.com` }), `mail-${index}`))
    }
    const use = invites.map(async (invite) => {
      const claim = claimOf(invite, { withoutEmail: true })
      if ((await store.claim(claim)).admitted) await store.accept(acceptOf(claim, invite))
    })
    const revoke = Array.from({ length: 4 }, () => store.revokeInvites({ appId: 'app', now: NOW }))
    const lease = Array.from({ length: 8 }, (_none, index) =>
      store.leaseDeliveries({ now: NOW + index, leasedUntil: NOW + index + 1, limit: 5 }),
    )
    await Promise.all([...use, ...revoke, ...lease])
    for (const invite of invites) {
      const { uses, held, revokedAt } = await found(store, invite)
      expect([uses === 1 || revokedAt !== null, held]).to.deep.equal([true, 0])
    }
  })

  it('R-17 two that revoke all lock in one order, however the planner reads the table', async () => {
    const { schema, store } = await openStore()
    for (let index = 0; index < 400; index++) await create(store, newInvite({ createdAt: NOW - index }))
    const plans = ['enable_indexscan', 'enable_seqscan'].map(
      (off) => `${UNRESOLVED} -c enable_bitmapscan=off -c ${off}=off`,
    )
    const pools = await Promise.all(plans.map((options) => openPool({ options })))
    const stores = pools.map((pool) => postgresStore(pool, { schema, busyTimeoutMs: 2000 }))
    const revoked = await Promise.all(stores.map((each) => each.revokeInvites({ appId: 'app', now: NOW })))
    expect(revoked.flat()).to.have.length(400)
  })
})

describe('postgresStore on a pool as pg makes it', () => {
  it('outlives a connection that breaks in the middle of a step, also where nobody listens to its errors', async () => {
    const schema = await temporarySchema()
    const url = await postgresUrl()
    const pool = new pg.Pool({ connectionString: url }) // the pool of a host that listens to the pool alone
    pool.on('error', () => undefined)
    afterThis(() => pool.end())
    for (const database of [pool, url]) {
      const store = postgresStore(database, { schema })
      afterThis(() => store.close())
      await store.migrate()
      const invite = await create(store)
      const holder = await (await openPool()).connect()
      afterThis(() => holder.release())
      await holder.query(`begin; select 1 from ${schema}.invite_only_invites for update`)
      const claim = store.claim(claimOf(invite)).catch((error: unknown) => error)
      const others = await openPool()
      await waiting(others, schema, 1)
      await execute(
        url,
        "select pg_terminate_backend(pid) from pg_stat_activity where wait_event_type = 'Lock' and pid <> pg_backend_pid()",
      )
      expect(await claim).to.include({ code: 'store_unavailable' })
      await holder.query('rollback')
      expect((await store.claim(claimOf(invite))).admitted).to.equal(true)
    }
  })

  it('reads times whatever the style of dates, and works under the weirdest defaults of the host', async () => {
    const schema = await temporarySchema()
    const defaults = {
      datestyle: 'German',
      timezone: 'Asia/Kathmandu',
      intervalstyle: 'iso_8601',
      search_path: 'nowhere',
      default_transaction_isolation: 'serializable',
      default_transaction_read_only: 'on',
      default_transaction_deferrable: 'on',
      statement_timeout: '3600000',
      lock_timeout: '1',
      extra_float_digits: '-15',
      bytea_output: 'escape',
      standard_conforming_strings: 'on',
    }
    const options = Object.entries(defaults)
      .map(([name, value]) => `-c ${name}=${value}`)
      .join(' ')
    const store = postgresStore(await openPool({ options }), { schema })
    await store.migrate()
    const invite = await create(store, newInvite({ metadata: { a: [1] } }), 'mail')
    expect(invite).to.include({ createdAt: NOW, expiresAt: NOW + TERM })
    const claim = claimOf(invite)
    expect((await store.claim(claim)).admitted).to.equal(true)
    const accepted = await store.accept(acceptOf(claim, invite))
    expect(accepted.accepted && accepted.acceptance.acceptedAt).to.equal(NOW)
  })

  it('migrates under a statement_timeout that is shorter than the wait for its turn', async () => {
    const schema = await temporarySchema()
    const other = await (await openPool()).connect()
    afterThis(() => other.release())
    await other.query('begin; select pg_advisory_xact_lock(1768846953)')
    const pool = await openPool({ options: '-c statement_timeout=50 -c lock_timeout=50' })
    const store = postgresStore(pool, { schema })
    const migrated = store.migrate().then(
      () => 'migrated',
      (error: unknown) => String(error),
    )
    await waitingForAdvisory(other)
    await other.query('select pg_sleep(0.1)')
    await other.query('commit')
    expect(await migrated).to.equal('migrated')
  })
})

async function waitingForAdvisory(client: pg.PoolClient): Promise<void> {
  const text = "select 1 from pg_locks where locktype = 'advisory' and objid = 1768846953 and not granted"
  while ((await client.query(text)).rows.length === 0);
}
