// What the Postgres store keeps on a connection: statements by name, and the connection itself for a moment.
import { expect } from 'chai'
import type pg from 'pg'
import { acceptOf, claimOf, create } from '../../adapters/contract/fixtures.js'
import { postgresStore } from '../../adapters/postgres.js'
import { openPool, temporarySchema } from '../support/postgres.js'

describe('postgresStore, on one connection', () => {
  it('has the server keep what is asked again and again', async () => {
    const { pool, claimMany } = await openOne()
    await claimMany(3)
    expect(await keptOn(pool), 'and nothing that is asked a few times').to.have.length(0)
    await claimMany(10)
    const kept = await keptOn(pool)
    expect(kept).to.have.length.above(1)
    for (const name of kept) expect(name).to.match(/^invite_only_/)
  })

  it('goes on where a table was changed under what is kept', async () => {
    const { pool, schema, claimMany } = await openOne()
    await claimMany(10)
    await pool.query(`alter table ${schema}.invite_only_invites add column later text`)
    await claimMany(2)
    await pool.query(`alter table ${schema}.invite_only_invites drop column later`)
    await claimMany(2)
  })

  it('goes on where somebody has thrown away what was kept', async () => {
    const { pool, claimMany } = await openOne()
    await claimMany(10)
    await pool.query('deallocate all')
    await claimMany(2)
  })

  it("keeps them in the host's transaction too, and leaves its settings as they were", async () => {
    const { pool, store } = await openOne({ max: 2 })
    const host = await pool.connect()
    const settings = async () => {
      const { rows } = await host.query(
        "select current_setting('enable_seqscan') as scan, current_setting('enable_hashjoin') as join",
      )
      return Object.values(rows[0])
    }
    await host.query('set enable_hashjoin = off')
    for (let made = 0; made < 8; made++) {
      const invite = await create(store)
      const claim = claimOf(invite)
      await store.claim(claim)
      await host.query('begin')
      expect(await store.accept(acceptOf(claim, invite), host)).to.include({ accepted: true })
      expect(await settings()).to.deep.equal(['on', 'off'])
      await host.query('commit')
    }
    expect(await keptOn(host)).to.have.length.above(1)
    host.release()
  })

  it('leaves no timer of a `query_timeout` behind', async () => {
    const { claimMany } = await openOne({ query_timeout: 60_000 })
    await claimMany(1)
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
    const before = timers()
    await claimMany(10)
    expect(timers()).to.equal(before)
  })

  it('leaves it to the host, too, while there are claims enough', async () => {
    const { pool, store } = await openOne({ groupSize: 2 })
    const claims = []
    for (let made = 0; made < 300; made++) claims.push(claimOf(await create(store)))
    let claimed = 0
    const each = claims.map((claim) => store.claim(claim).then(() => claimed++))
    const claiming = Promise.all(each)
    await Promise.race(each)
    await pool.query('select 1')
    expect(claimed).to.be.below(claims.length)
    await claiming
    expect(claimed).to.equal(claims.length)
  })
})

async function openOne({ groupSize, ...poolOptions }: { groupSize?: number } & pg.PoolConfig = {}) {
  const pool = await openPool({ max: 1, ...poolOptions })
  const schema = await temporarySchema()
  const store = postgresStore(pool, { schema, groupSize })
  await store.migrate()
  return {
    pool,
    schema,
    store,
    /** One after the other, each of an invite of its own. */
    async claimMany(count: number) {
      for (let made = 0; made < count; made++) {
        expect(await store.claim(claimOf(await create(store)))).to.include({ admitted: true })
      }
    },
  }
}

async function keptOn(database: pg.Pool | pg.PoolClient): Promise<readonly string[]> {
  const { rows } = await database.query<{ name: string }>(
    "select name from pg_prepared_statements where statement like '%invite%'",
  )
  return rows.map(({ name }) => name)
}
