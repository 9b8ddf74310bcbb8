// An address joins by a link while its own invite is used, revoked, sent again or made anew: on Postgres, each of these
// locks rows that another one wants.
import { expect } from 'chai'
import type pg from 'pg'
import {
  acceptOf,
  address,
  claimOf,
  create,
  found,
  HOLD,
  madeOrThere,
  NOW,
  newInvite,
} from '../../adapters/contract/fixtures.js'
import { type PgPool, postgresStore } from '../../adapters/postgres.js'
import type { AcceptResult, InviteRecord, InviteStore } from '../../src/store.js'
import { openHost } from '../support/host.js'
import { openPool, temporarySchema } from '../support/postgres.js'

const ROUNDS = 40
const ADA = 'ada@example.com'
const APP = 'app'

/** Two processes of one host, as the database sees them. */
async function openStores(deadlockTimeoutMs: number) {
  const schema = await temporarySchema()
  const pools = [0, 1].map(() => openPool({ options: `-c deadlock_timeout=${deadlockTimeoutMs}`, max: 10 }))
  const [pool, another] = (await Promise.all(pools)) as [pg.Pool, pg.Pool]
  const [one, two] = [pool, another].map((each) => postgresStore(each, { schema, busyTimeoutMs: 5000 })) as [
    InviteStore,
    InviteStore,
  ]
  await one.migrate()
  return { one, two, pool }
}

/** A link and an invite to Ada beside it, of which the first or the second has the smaller id. */
async function makePair(store: InviteStore, round: number) {
  const makeLink = () => create(store, newInvite({ maxUses: null }))
  const makeBound = () => create(store, newInvite({ email: ADA }), `mail-${round}`)
  if (round % 2 === 0) return { link: await makeLink(), bound: await makeBound() }
  const bound = await makeBound()
  return { bound, link: await makeLink() }
}

/** With a pool, in a transaction of the host's, which nobody retries. */
async function joinBy(
  store: InviteStore,
  invite: InviteRecord,
  userId: string,
  pool?: pg.Pool,
): Promise<AcceptResult | undefined> {
  const claim = claimOf(invite, { email: address(ADA) })
  if (!(await store.claim(claim)).admitted) return undefined
  const request = acceptOf(claim, invite, { userId, verifiedEmail: ADA })
  if (pool === undefined) return await store.accept(request)
  const client = await pool.connect()
  try {
    await client.query('begin')
    const result = await store.accept(request, client)
    await client.query('commit')
    return result
  } finally {
    client.release()
  }
}

const closedBy = (result: AcceptResult | undefined) => (result?.accepted ? (result.closed?.id ?? '') : '')

describe('postgresStore, where an address joins by a link beside its invite,', () => {
  it(`R-31 never comes to a deadlock with claims, accepts, resends and revokes of all: ${ROUNDS} rounds`, async function () {
    this.timeout(120_000)
    const { one, two, pool } = await openStores(60_000) // nobody is freed from a deadlock, so that one is a 503
    let closings = 0
    for (let round = 0; round < ROUNDS; round++) {
      const { link, bound } = await makePair(one, round)
      const resend = { appId: APP, inviteId: bound.id, now: NOW, deliveryId: `again-${round}` }
      const [first, second, own, revokedByOne, revokedByTwo] = await Promise.all([
        joinBy(one, link, 'ada', pool),
        joinBy(two, link, 'ada too'),
        joinBy(two, bound, 'ada'),
        round % 4 === 0 ? [] : one.revokeInvites({ appId: APP, now: NOW }), // else it is always revoked before
        round % 4 === 0 ? [] : two.revokeInvites({ appId: APP, now: NOW }),
        two.changeInvite(resend),
        one.leaseDeliveries({ now: NOW, leasedUntil: NOW + HOLD, limit: 5 }),
      ])
      const after = await found(one, bound)
      const tellsOf = [...revokedByOne, ...revokedByTwo].map(({ id }) => id).concat(closedBy(first), closedBy(second))
      const times = tellsOf.filter((id) => id === bound.id).length
      expect(times, 'one revoked it, unless it was used before').to.equal(after.revokedAt === null ? 0 : 1)
      expect([after.uses, after.held]).to.deep.equal([own?.accepted ? 1 : 0, 0])
      const uses = [first, second].filter((result) => result?.accepted).length
      expect(await found(one, link)).to.include({ uses, held: 0 })
      if (closedBy(first) || closedBy(second)) closings++
    }
    expect(closings, 'it was not always revoked before').to.be.greaterThan(0)
  })

  it(`R-31 frees itself where another invite takes the sibling's place meanwhile: ${ROUNDS} rounds`, async function () {
    this.timeout(120_000)
    const { one, two } = await openStores(20)
    for (let round = 0; round < ROUNDS; round++) {
      const { link, bound } = await makePair(one, round)
      const remake = async (store: InviteStore, name: string) => {
        await store.revokeInvite({ appId: APP, inviteId: bound.id, now: NOW })
        const made = await store.createInvite(newInvite({ email: ADA }), `mail-${round}-${name}`)
        return madeOrThere(made).id
      }
      const [first, second, ...made] = await Promise.all([
        joinBy(one, link, 'ada'),
        joinBy(two, link, 'ada too'),
        remake(one, 'one'),
        remake(two, 'two'),
        two.revokeInvites({ appId: APP, now: NOW }),
      ])
      const pending = await one.listInvites({ appId: APP, statuses: ['pending'], limit: 10, now: NOW })
      const ofAda = pending.filter(({ email }) => email === ADA)
      expect(ofAda.length).to.be.at.most(1)
      for (const { id } of ofAda) expect(made, 'made after all that could close it').to.include(id)
      expect(closedBy(first), 'closed twice').to.not.equal(closedBy(second) || 'none')
      await one.revokeInvites({ appId: APP, now: NOW })
    }
  })

  it('R-31 costs statements only where an address is verified and the invite is for anybody', async () => {
    const schema = await temporarySchema()
    const pool = await openPool()
    let statements = 0
    const counting: PgPool = {
      totalCount: 0,
      async connect() {
        const client = await pool.connect()
        return {
          query(query) {
            statements++
            return client.query(query)
          },
          release: (error) => client.release(error),
          on: () => undefined,
        }
      },
    }
    const { invites } = await openHost({ invites: { store: postgresStore(counting, { schema }) } })
    const costOf = async (to: string | null, email: string, emailAsserted?: boolean) => {
      const { inviteCode } = await invites.send({ email: to })
      const claim = await invites.claim({ inviteCode: inviteCode ?? '', email, emailAsserted })
      statements = 0
      await claim.accept({ userId: 'ada' })
      return statements
    }
    const typed = await costOf(null, 'typed@example.com')
    const bound = await costOf('ada@example.com', 'ada@example.com')
    expect(await costOf('eve@example.com', 'eve@example.com', true)).to.equal(bound)
    expect([bound, await costOf(null, 'bob@example.com', true)]).to.deep.equal([typed, typed + 4])
  })

  it('R-31 closes what took the place of the sibling while it waited for the link', async () => {
    const schema = await temporarySchema()
    const pool = await openPool()
    const store = postgresStore(pool, { schema, busyTimeoutMs: 5000 })
    await store.migrate()
    const { link, bound } = await makePair(store, 0)
    const claim = claimOf(link, { email: address(ADA) })
    await store.claim(claim)
    const holder = await pool.connect()
    await holder.query(`begin; select 1 from ${schema}.invite_only_invites where id = '${link.id}' for update`)
    const accepting = store.accept(acceptOf(claim, link, { verifiedEmail: ADA }))
    const text = `select count(*)::int as waiting from pg_stat_activity
      where wait_event_type = 'Lock' and query like '%' || $1 || '%' and pid <> pg_backend_pid()`
    while ((await pool.query(text, [schema])).rows[0].waiting < 1);
    await store.revokeInvite({ appId: APP, inviteId: bound.id, now: NOW })
    const anew = await create(store, newInvite({ email: ADA }))
    await holder.query('commit')
    holder.release()
    expect(closedBy(await accepting)).to.equal(anew.id)
    expect((await found(store, anew)).revokedAt).to.equal(NOW)
  })
})
