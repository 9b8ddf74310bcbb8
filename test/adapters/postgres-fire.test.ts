// Postgres under fire: restarted, cut off and crowded, under load. Each signup ends in an answer that is true, and what
// was not used can be used after it.
import { expect } from 'chai'
import pg from 'pg'
import { postgresStore } from '../../adapters/postgres.js'
import { afterThis } from '../support/cleanup.js'
import { type Host, MINUTE, openHost, refusal, sendInvite } from '../support/host.js'
import { execute, openPool, postgresUrl, temporarySchema } from '../support/postgres.js'
import { createServer } from '../support/postgres-server.js'
import { startProxy } from '../support/proxy.js'

const CLAIM_TTL_MS = 2 * MINUTE
const COMMIT = 'commit\0' // as it ends on the wire; a transaction also begins as `read committed`
const WRITE = 'insert into' // with which the commit is sent
const NAME = 'under_fire'

/** The pool of a host that does what pg asks of it, and no more. */
function plainPool(connectionString: string, options: pg.PoolConfig = {}): pg.Pool {
  const pool = new pg.Pool({ connectionString, application_name: NAME, ...options })
  pool.on('error', () => undefined)
  afterThis(() => pool.end())
  return pool
}

async function openPostgresHost(pool: pg.Pool, options: { busyTimeoutMs?: number; groupSize?: number } = {}) {
  const schema = await temporarySchema()
  const store = postgresStore(pool, { schema, ...options })
  return { schema, store, host: await openHost({ invites: { store } }) }
}

/** How often invites were used and are held, counted in each of the ways that there are. */
async function stateOf(pool: pg.Pool, schema: string) {
  const { rows } = await pool.query(
    `select id, max_uses as "maxUses", uses, held,
       (select count(*)::int from ${schema}.invite_only_claims where invite_id = invites.id) as claims,
       (select count(*)::int from ${schema}.invite_only_acceptances where invite_id = invites.id) as acceptances
     from ${schema}.invite_only_invites as invites order by id`,
  )
  return rows as { id: string; maxUses: number; uses: number; held: number; claims: number; acceptances: number }[]
}

async function expectTrueCounters(pool: pg.Pool, schema: string): Promise<void> {
  for (const { maxUses, uses, held, claims, acceptances } of await stateOf(pool, schema)) {
    expect({ held, uses }).to.deep.equal({ held: claims, uses: acceptances })
    expect(uses).to.be.at.most(maxUses)
  }
}

interface Issued {
  readonly inviteId: string
  readonly inviteCode: string
}

/** Once the holds of what was cut off have lapsed, each invite that was not used lets somebody in, and one only. */
async function expectIntact(host: Host, pool: pg.Pool, schema: string, issued: readonly Issued[]): Promise<void> {
  host.clock.advance(CLAIM_TTL_MS)
  const used = new Set((await stateOf(pool, schema)).filter(({ uses }) => uses > 0).map(({ id }) => id))
  for (const { inviteId, inviteCode } of issued) {
    await host.signup({ inviteCode }).expect(used.has(inviteId) ? 410 : 201)
    await host.signup({ inviteCode }).expect(410)
  }
  expect((await stateOf(pool, schema)).map(({ uses, held }) => [uses, held])).to.deep.equal(issued.map(() => [1, 0]))
}

describe('postgresStore under fire', () => {
  it('a server that stops, crashes and comes back under load: 201, 409, 410 or 503, and every 201 is recorded', async function () {
    this.timeout(60_000)
    const server = await createServer({ settings: { fsync: 'off' } })
    afterThis(() => server.remove())
    const pool = plainPool(server.url, { max: 8 })
    const store = postgresStore(pool, { schema: 'gate' })
    const host = await openHost({ invites: { store } })
    const issued: Issued[] = []
    while (issued.length < 200) issued.push(await sendInvite(host))

    const statuses = new Map<number, number>()
    const signedUp: string[] = []
    let next = 0
    let over = false
    const client = async () => {
      while (!over) {
        const { inviteCode, inviteId } = issued[next++ % issued.length] as Issued
        const { status, body } = await host.signup({ inviteCode })
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        if (status === 201) signedUp.push(inviteId)
        if (status === 503) expect(body.code).to.equal('store_unavailable')
      }
    }
    const clients = Array.from({ length: 12 }, client)
    const more = async (count: number) => {
      const enough = signedUp.length + count
      while (signedUp.length < enough) await new Promise(setImmediate)
    }
    for (const how of ['fast', 'immediate'] as const) {
      await more(20)
      await server.stop(how)
      await server.start()
    }
    await more(20)
    over = true
    await Promise.all(clients)

    console.log(`      ${JSON.stringify(Object.fromEntries(statuses))}`)
    expect([...statuses.keys()].sort()).to.include.members([201, 503])
    for (const status of statuses.keys()) expect(status).to.be.oneOf([201, 409, 410, 503])
    expect(new Set(signedUp).size, 'nobody twice').to.equal(signedUp.length)
    await expectTrueCounters(pool, 'gate')
    const used = (await stateOf(pool, 'gate')).filter(({ uses }) => uses === 1).map(({ id }) => id)
    expect(used).to.include.members(signedUp)
    await expectIntact(host, pool, 'gate', issued)
  })

  // With groups what is plain goes in one flight, commit and all; without, in one that reads and one that writes.
  for (const [groupSize, text, when] of [64, 1].flatMap((size) =>
    ['begin', 'for update', WRITE, COMMIT].flatMap((sent) => [
      [size, sent, 'before'] as const,
      [size, sent, 'after'] as const,
    ]),
  )) {
    const lost = `${when === 'before' ? '' : 'the answer to '}\`${text.replace('\0', '')}\`, in groups of ${groupSize}`
    const isDone = when === 'after' && (groupSize > 1 || text === WRITE || text === COMMIT)

    it(`a claim that is cut off with ${lost}: 503, and the use is free or held until it lapses`, async () => {
      const proxy = await startProxy(await postgresUrl())
      const { host, schema } = await openPostgresHost(plainPool(proxy.url), { groupSize })
      const issued = await sendInvite(host)
      const cut = proxy.cut(when, text)
      expect(await refusal(host.invites.claim({ inviteCode: issued.inviteCode }))).to.equal('store_unavailable')
      await cut
      const pool = await openPool()
      await settled()
      await expectTrueCounters(pool, schema)
      expect((await stateOf(pool, schema))[0]?.held).to.equal(isDone ? 1 : 0)
      if (isDone) await host.signup({ inviteCode: issued.inviteCode }).expect(409)
      else await host.signup({ inviteCode: issued.inviteCode }).expect(201)
      await expectIntact(host, pool, schema, [issued])
    })

    it(`an accept that is cut off with ${lost}: 503, and repeating it counts the use once`, async () => {
      const proxy = await startProxy(await postgresUrl())
      const { host, schema } = await openPostgresHost(plainPool(proxy.url), { groupSize })
      const { inviteCode } = await sendInvite(host)
      const claim = await host.invites.claim({ inviteCode })
      const cut = proxy.cut(when, text)
      expect(await refusal(claim.accept({ userId: 'u1' }))).to.equal('store_unavailable')
      await cut
      const pool = await openPool()
      await settled()
      await expectTrueCounters(pool, schema)
      expect((await stateOf(pool, schema))[0]).to.include(isDone ? { uses: 1, held: 0 } : { uses: 0, held: 1 })
      const acceptance = await claim.accept({ userId: 'u1' })
      expect(await host.invites.acceptances()).to.deep.include({ items: [acceptance] })
      await claim.release()
      expect((await stateOf(pool, schema))[0]).to.include({ uses: 1, held: 0, acceptances: 1 })
    })
  }

  it('claims that share a commit whose answer is lost are made again, and find what they hold', async () => {
    const proxy = await startProxy(await postgresUrl())
    const { host, schema } = await openPostgresHost(plainPool(proxy.url))
    const issued = [await sendInvite(host), await sendInvite(host)]
    const cut = proxy.cut('after', COMMIT)
    const claims = await Promise.all(issued.map(({ inviteCode }) => host.invites.claim({ inviteCode })))
    await cut
    const pool = await openPool()
    expect((await stateOf(pool, schema)).map(({ held, claims: rows }) => [held, rows])).to.deep.equal([
      [1, 1],
      [1, 1],
    ])
    for (const claim of claims) await claim.accept()
    await expectIntact(host, pool, schema, issued)
  })

  it('a signup whose accept is cut off at its commit is not told that it is in; one that comes again hears how it stands', async () => {
    const proxy = await startProxy(await postgresUrl())
    const schema = await temporarySchema()
    const store = postgresStore(plainPool(proxy.url), { schema })
    for (const [when, again] of [
      ['before', 201],
      ['after', 410],
    ] as const) {
      let cut: Promise<void> | undefined
      const host = await openHost({
        invites: { store },
        signup: (_req, res) => {
          cut ??= proxy.cut(when, COMMIT) // the next is that of the accept
          res.status(201).json({})
        },
      })
      const { inviteCode } = await sendInvite(host)
      const refused = await host.signup({ inviteCode })
      await cut
      expect([refused.status, refused.body.code]).to.deep.equal([503, 'store_unavailable'])
      await settled()
      host.clock.advance(CLAIM_TTL_MS)
      await host.signup({ inviteCode }).expect(again)
      await expectTrueCounters(await openPool(), schema)
    }
  })

  for (const own of [true, false]) {
    it(`a network that swallows everything: 503, and another way serves on (${own ? "the store's own pool" : "the host's"})`, async () => {
      const proxy = await startProxy(await postgresUrl())
      const store = postgresStore(own ? proxy.url : plainPool(proxy.url, { connectionTimeoutMillis: 1000 }), {
        schema: await temporarySchema(),
        busyTimeoutMs: 200,
      })
      const host = await openHost({ invites: { store } })
      const { inviteCode } = await sendInvite(host)
      proxy.mute()
      // By the connection that was open, and by one that is only being made.
      for (const _time of [1, 2]) {
        expect(await refusal(host.invites.claim({ inviteCode }))).to.equal('store_unavailable')
      }
      proxy.unmute()
      await host.signup({ inviteCode }).expect(201)
    })
  }

  it("R-06 a host's COMMIT whose answer is lost: accepting again counts the use once, with the user row", async () => {
    for (const when of ['before', 'after'] as const) {
      const proxy = await startProxy(await postgresUrl())
      const pool = plainPool(proxy.url)
      const { host, schema } = await openPostgresHost(pool)
      await pool.query(`create table ${schema}.users (id text primary key)`)
      const { inviteCode } = await sendInvite(host)
      const claim = await host.invites.claim({ inviteCode })
      const signUp = async () => {
        const client = await pool.connect()
        client.on('error', () => undefined)
        try {
          await client.query('begin')
          await client.query(`insert into ${schema}.users values ('u1') on conflict do nothing`)
          await claim.accept({ userId: 'u1', trx: client })
          await client.query('COMMIT')
          client.release()
        } catch (error) {
          client.release(true)
          throw error
        }
      }
      const cut = proxy.cut(when, 'COMMIT\0')
      expect(String(await signUp().catch((error: unknown) => error))).to.include('terminated')
      await cut
      await settled()
      const before = { uses: when === 'after' ? 1 : 0, held: when === 'after' ? 0 : 1 }
      expect((await stateOf(pool, schema))[0]).to.include(before)
      await signUp()
      expect((await stateOf(pool, schema))[0]).to.include({ uses: 1, held: 0, acceptances: 1 })
      expect((await pool.query(`select * from ${schema}.users`)).rows).to.deep.equal([{ id: 'u1' }])
    }
  })

  it('a pool that is exhausted under load: 503 for those who waited too long, and nothing is lost or leaked', async () => {
    const pool = plainPool(await postgresUrl(), { max: 2 })
    const { host, schema } = await openPostgresHost(pool, { busyTimeoutMs: 200 })
    const issued: Issued[] = []
    while (issued.length < 30) issued.push(await sendInvite(host))
    const holders = [await pool.connect(), await pool.connect()]
    const refused = await Promise.all(issued.map(({ inviteCode }) => host.signup({ inviteCode })))
    expect(refused.map(({ status, body }) => `${status} ${body.code}`)).to.deep.equal(
      issued.map(() => '503 store_unavailable'),
    )
    for (const holder of holders) holder.release()
    // On a busy machine some wait too long again: they hear so, and try once more.
    for (const { inviteCode } of issued) {
      while ((await host.signup({ inviteCode })).status === 503);
    }
    expect([pool.totalCount, pool.idleCount, pool.waitingCount]).to.deep.equal([2, 2, 0])
    await expectIntact(host, pool, schema, issued)
  })

  it('connections that are ended under load, again and again: nobody hears a 500', async () => {
    const pool = plainPool(await postgresUrl(), { max: 6 })
    const { host, schema } = await openPostgresHost(pool)
    const issued: Issued[] = []
    while (issued.length < 120) issued.push(await sendInvite(host))
    const url = await postgresUrl()
    let over = false
    let ended = 0 // not as they open: nobody can listen to those yet
    const killer = (async () => {
      while (!over) {
        const { rowCount } = await execute(
          url,
          `select pg_terminate_backend(pid) from pg_stat_activity where application_name = '${NAME}'
           and backend_start < clock_timestamp() - interval '0.1 s' order by state = 'idle', random() limit 2`,
        )
        ended += rowCount ?? 0
      }
    })()
    const waiting = [...issued]
    const statuses: number[] = []
    const signedUp: string[] = []
    const client = async () => {
      for (let signup = waiting.shift(); signup !== undefined; signup = waiting.shift()) {
        const { status } = await host.signup({ inviteCode: signup.inviteCode })
        statuses.push(status)
        if (status === 201) signedUp.push(signup.inviteId)
      }
    }
    await Promise.all(Array.from({ length: 8 }, client))
    over = true
    await killer
    expect(ended).to.be.greaterThan(0)
    for (const status of statuses) expect(status).to.be.oneOf([201, 503])
    expect(statuses).to.include(201)
    await expectTrueCounters(await openPool(), schema)
    const used = (await stateOf(await openPool(), schema)).filter(({ uses }) => uses === 1).map(({ id }) => id)
    expect(used).to.include.members(signedUp)
    await expectIntact(host, pool, schema, issued)
  })
})

/** Resolves once none of those connections is in the middle of a transaction: the server has seen which were cut. */
async function settled(): Promise<void> {
  const text = `select 1 from pg_stat_activity where application_name = '${NAME}' and state <> 'idle'`
  const pool = await openPool()
  while ((await pool.query(text)).rows.length > 0);
}
