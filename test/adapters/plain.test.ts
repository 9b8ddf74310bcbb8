// The plain way, in which Postgres judges and writes what nothing speaks against in one statement.
import { expect } from 'chai'
import { acceptOf, claimOf, create, found, HOLD, NOW, newInvite } from '../../adapters/contract/fixtures.js'
import { postgresStore } from '../../adapters/postgres.js'
import type { InviteRecord, InviteStore } from '../../src/store.js'
import { openPool, temporarySchema } from '../support/postgres.js'
import { trace } from '../support/trace.js'

const GATE = 4711 // an advisory lock
const NOBODYS = claimOf({ appId: 'app', codeHash: 'nobody has it' })

async function open() {
  const [pool, schema] = [await openPool(), await temporarySchema()]
  const store = postgresStore(pool, { schema })
  await store.migrate()
  await store.claim(NOBODYS) // asks, once on a connection, what is behind it
  return { pool, schema, store }
}

/** A claim, its accept, another claim and its release, by what is sent for each. */
async function stepsOf(store: InviteStore, invite: InviteRecord) {
  const [first, second] = [claimOf(invite), claimOf(invite)]
  return {
    claim: await trace(() => store.claim(first)),
    accept: await trace(() => store.accept(acceptOf(first, invite))),
    'another claim': await trace(() => store.claim(second)),
    release: await trace(() => store.release({ claimId: second.claimId, inviteId: invite.id })),
    'release of nothing': await trace(() => store.release({ claimId: second.claimId, inviteId: invite.id })),
    'claim with a code that nobody has': await trace(() => store.claim(NOBODYS)),
  }
}

describe('the plain way', () => {
  it('takes one statement, sent with the begin and the commit of its transaction', async () => {
    const { store } = await open()
    const invite = await create(store, newInvite({ maxUses: 5 }))
    for (const [name, steps] of Object.entries(await stepsOf(store, invite))) {
      const words = steps.map((step) => step.trim().split(' ')[0])
      expect(words, name).to.deep.equal(['begin', 'select', 'with', 'commit'])
    }
    expect(await found(store, invite)).to.include({ uses: 1, held: 0 })
  })

  it('finds each row by its own index, though the plan is made while the tables are new', async () => {
    const { pool, schema, store } = await open()
    const steps = await stepsOf(store, await create(store, newInvite({ maxUses: null })))
    const statements = new Set(Object.values(steps).flatMap((each) => each.filter((step) => /^\s*with/.test(step))))
    expect(statements.size).to.equal(3)
    // In another schema, whose tables nobody has looked at yet.
    const fresh = await temporarySchema()
    await postgresStore(pool, { schema: fresh }).migrate()
    const client = await pool.connect()
    for (const way of ['seqscan', 'bitmapscan', 'hashjoin', 'mergejoin']) await client.query(`set enable_${way} = off`)
    await client.query('set plan_cache_mode = force_generic_plan')
    for (const [place, statement] of [...statements].entries()) {
      await client.query(`prepare plain_${place} as ${statement.replaceAll(schema, fresh)}`)
      const { rows } = await client.query(`explain execute plain_${place} ('[]')`)
      const plan = rows.map((row) => row['QUERY PLAN']).join('\n')
      const scans = plan.match(/(?:Seq|Index(?: Only)?|Bitmap \w+) Scan .*\n.*/g) ?? []
      expect(scans.length, plan).to.be.greaterThan(2)
      for (const scan of scans) {
        expect(scan, plan).to.match(/_(?:pkey|code|by_user|claims_invite|deliveries_invite)\b.*\n\s+Index Cond: /)
      }
    }
    client.release()
  })

  it('R-02 can tell by the row of an invite that one hold took the place of another', async () => {
    const { pool, schema, store } = await open()
    const invite = await create(store, newInvite({ expiresAt: null }))
    await store.claim(claimOf(invite))
    const version = async () =>
      (await pool.query(`select ctid, uses, held from ${schema}.invite_only_invites`)).rows[0] as { ctid: string }
    const before = await version()
    expect(await store.claim(claimOf(invite, { now: NOW + HOLD }))).to.deep.include({ admitted: true })
    const after = await version()
    expect({ ...after, ctid: '' }).to.deep.equal({ ...before, ctid: '' })
    expect(after.ctid).not.to.equal(before.ctid)
  })

  it('R-02 leaves to the rules what somebody has changed since it looked', async () => {
    const { pool, schema, store } = await open()
    const invite = await create(store, newInvite(), 'first mail')
    await pool.query(`update ${schema}.invite_only_deliveries set sent_at = now()`)
    const claim = claimOf(invite)
    await store.claim(claim)
    // The statement has taken its view once it waits at the gate, which is before it locks the invite.
    await pool.query(`
      alter table ${schema}.invite_only_deliveries rename to mails;
      create view ${schema}.invite_only_deliveries with (security_barrier) as
        select * from ${schema}.mails where pg_advisory_xact_lock_shared(${GATE}) is not null`)
    const client = await pool.connect()
    await client.query(`select pg_advisory_lock(${GATE})`)
    const accepted = store.accept(acceptOf(claim, invite))
    const waiting = `select 1 from pg_locks where locktype = 'advisory' and objid = ${GATE} and not granted`
    while ((await pool.query(waiting)).rowCount === 0);
    await pool.query(`
      insert into ${schema}.mails (id, invite_id, attempts, next_attempt_at) values ('again', '${invite.id}', 0, now());
      update ${schema}.invite_only_invites set delivery_id = 'again'`)
    await client.query(`select pg_advisory_unlock(${GATE})`)
    client.release()
    expect((await accepted).accepted).to.equal(true)
    const { rows } = await pool.query(`select id from ${schema}.mails where canceled_at is not null`)
    expect(rows, 'the mail of an invite that is used up is taken back').to.deep.equal([{ id: 'again' }])
  })
})
