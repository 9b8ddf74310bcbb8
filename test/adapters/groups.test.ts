// Claims, accepts and releases that share a transaction: each keeps its own outcome.
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect } from 'chai'
import { acceptOf, address, claimOf, create, found, HOLD, NOW, newInvite } from '../../adapters/contract/fixtures.js'
import { postgresStore } from '../../adapters/postgres.js'
import { sqliteStore } from '../../adapters/sqlite.js'
import type { ClaimRequest, ClaimResult, InviteStore } from '../../src/store.js'
import { afterThis, temporaryFolder } from '../support/cleanup.js'
import { openPool, temporarySchema } from '../support/postgres.js'
import { trace } from '../support/trace.js'

interface Options {
  readonly groupSize?: number
}

async function openSqlite(options: Options = {}): Promise<InviteStore> {
  const file = join(temporaryFolder(), 'app.db')
  const db = new Database(file)
  db.pragma('journal_mode = wal')
  afterThis(() => db.close())
  const store = sqliteStore(file, options)
  afterThis(() => store.close())
  await store.migrate()
  return store
}

async function openPostgres(options: Options = {}) {
  const [pool, schema] = [await openPool(), await temporarySchema()]
  const store = postgresStore(pool, { schema, ...options })
  await store.migrate()
  return { store, pool, schema }
}

const open = { SQLite: openSqlite, Postgres: async (options?: Options) => (await openPostgres(options)).store }

const outcome = (result: ClaimResult) => (result.admitted ? 'admitted' : result.reason)
const commits = (steps: readonly string[]) => steps.filter((step) => step === 'commit').length

for (const [database, openStore] of Object.entries(open)) {
  describe(`a group on ${database}`, () => {
    it('shares a transaction, and without groups each has its own', async () => {
      for (const [groupSize, transactions] of [
        [64, 1],
        [4, 3],
        [1, 10],
      ] as const) {
        const store = await openStore({ groupSize })
        const invite = await create(store, newInvite({ maxUses: null }))
        const claims = Array.from({ length: 10 }, () => claimOf(invite))
        const steps = await trace(() => Promise.all(claims.map((claim) => store.claim(claim))))
        expect(commits(steps), `groups of ${groupSize}`).to.equal(transactions)
        expect((await found(store, invite)).held).to.equal(10)
      }
    })

    it('deals out the last uses in order of arrival', async () => {
      const store = await openStore()
      const [few, many] = [
        await create(store, newInvite({ maxUses: 3 })),
        await create(store, newInvite({ maxUses: 9 })),
      ]
      const claims = Array.from({ length: 12 }, (_, place) => claimOf(place % 2 === 0 ? few : many))
      const outcomes = (await Promise.all(claims.map((claim) => store.claim(claim)))).map(outcome)
      const ofFew = outcomes.filter((_, place) => place % 2 === 0)
      expect(ofFew).to.deep.equal(['admitted', 'admitted', 'admitted', 'claimed', 'claimed', 'claimed'])
      expect(outcomes.filter((_, place) => place % 2 === 1)).to.deep.equal(Array(6).fill('admitted'))
      expect((await found(store, few)).held).to.equal(3)
    })

    it('tells each claim the invite with its own hold counted, and the refused when the first lapses', async () => {
      const store = await openStore()
      const invite = await create(store, newInvite({ maxUses: 2 }))
      const claims = [HOLD, HOLD - 1, HOLD].map((ms) => claimOf(invite, { lapsesAt: NOW + ms }))
      const results = await Promise.all(claims.map((claim) => store.claim(claim)))
      expect(results.map((result) => result.admitted && result.invite.held)).to.deep.equal([1, 2, false])
      expect(results[2]).to.deep.equal({ admitted: false, reason: 'claimed', lapsesAt: NOW + HOLD - 1 })
    })

    it('harms no neighbour of one that fails', async () => {
      const store = await openStore()
      const [one, two] = [await create(store), await create(store)]
      const taken = claimOf(one)
      expect((await store.claim(taken)).admitted).to.equal(true)
      const good = claimOf(two)
      const impossible = claimOf(await create(store), { claimId: taken.claimId }) // its id is another's
      const [failed, ...others] = await Promise.allSettled([
        store.claim(impossible),
        store.claim(good),
        store.claim({ ...good, claimId: 'another' }),
      ])
      expect(failed.status).to.equal('rejected')
      const outcomes = others.map((other) => (other.status === 'fulfilled' ? outcome(other.value) : 'failed'))
      expect(outcomes).to.have.members(['admitted', 'claimed'])
      expect((await found(store, two)).held).to.equal(1)
    })

    it('accepts and gives back first, and what is given back is free', async () => {
      const store = await openStore()
      const invite = await create(store, newInvite({ maxUses: 2 }))
      const [first, second, late, later] = [claimOf(invite), claimOf(invite), claimOf(invite), claimOf(invite)]
      await store.claim(first)
      await store.claim(second)
      const outcomes: unknown[] = []
      const steps = await trace(async () => {
        const [third, accepted, released, fourth] = await Promise.all([
          store.claim(late),
          store.accept(acceptOf(first, invite)),
          store.release({ claimId: second.claimId, inviteId: invite.id }),
          store.claim(later),
        ])
        outcomes.push(outcome(third), accepted.accepted, released, outcome(fourth))
      })
      expect(outcomes).to.deep.equal(['admitted', true, true, 'claimed'])
      expect(commits(steps), 'on Postgres one more for the refusal').to.equal(database === 'SQLite' ? 1 : 2)
      expect(await found(store, invite)).to.include({ uses: 1, held: 1 })
    })

    it('accepts what is given back at the same time', async () => {
      const store = await openStore()
      const invite = await create(store)
      const [claim, other] = [claimOf(invite, { email: address('ada@example.com') }), claimOf(invite)]
      await store.claim(claim)
      const [released, accepted, refused] = await Promise.all([
        store.release({ claimId: claim.claimId, inviteId: invite.id }),
        store.accept(acceptOf(claim, invite, { verifiedEmail: 'ada@example.com' })),
        store.claim(other),
      ])
      expect([released, accepted.accepted, outcome(refused)]).to.deep.equal([false, true, 'used'])
    })

    it('clears holds that have lapsed with each new one', async () => {
      const store = await openStore()
      const invite = await create(store, newInvite({ maxUses: 5, expiresAt: null }))
      await Promise.all([store.claim(claimOf(invite)), store.claim(claimOf(invite))])
      const later = claimOf(invite, { now: NOW + HOLD, lapsesAt: NOW + 2 * HOLD })
      expect(await store.claim(later)).to.deep.include({ admitted: true })
      expect((await found(store, invite)).held).to.equal(1)
    })

    it('gives one claim back once', async () => {
      const store = await openStore()
      const invite = await create(store, newInvite({ maxUses: null }))
      const [twice, ...others] = Array.from({ length: 6 }, () => claimOf(invite)) as [ClaimRequest]
      await Promise.all([twice, ...others].map((claim) => store.claim(claim)))
      const release = () => store.release({ claimId: twice.claimId, inviteId: invite.id })
      expect((await Promise.all([release(), release(), release()])).sort()).to.deep.equal([false, false, true])
      expect(await found(store, invite)).to.include({ uses: 0, held: 5 })
    })

    it('R-05 counts one user once, and one claim once', async () => {
      const store = await openStore()
      const invite = await create(store, newInvite({ maxUses: null }))
      const claims = [claimOf(invite), claimOf(invite), claimOf(invite)]
      await Promise.all(claims.map((claim) => store.claim(claim)))
      const [one, two, three] = claims.map((claim) => acceptOf(claim, invite, { userId: 'ada' })) as [
        ReturnType<typeof acceptOf>,
        ReturnType<typeof acceptOf>,
        ReturnType<typeof acceptOf>,
      ]
      const again = { ...one, acceptanceId: 'again', userId: null }
      const results = await Promise.all([one, two, again, three].map((request) => store.accept(request)))
      expect(results.map((result) => result.accepted && result.fresh)).to.deep.equal([true, false, false, false])
      const ids = results.map((result) => result.accepted && result.acceptance.id)
      expect(new Set(ids)).to.deep.equal(new Set([one.acceptanceId]))
      expect(await found(store, invite)).to.include({ uses: 1, held: 0 })
    })

    it('holds one use for a person, and lets one in, where an invite is once per person', async () => {
      const store = await openStore()
      const invite = await create(store, newInvite({ maxUses: null, oncePerPerson: true }))
      const of = (email: string) => claimOf(invite, { email: address(email) })
      const claims = [of('ada@example.com'), of('ada@example.com'), of('bob@example.com')] as const
      const results = await Promise.all(claims.map((claim) => store.claim(claim)))
      expect(results.map(outcome)).to.deep.equal(['admitted', 'claimed', 'admitted'])
      // Both lapsed ones of one person ask at once.
      const late = { now: NOW + HOLD, email: 'ada@example.com' }
      const accepts = [claims[0], claims[1]].map((claim, at) => acceptOf(claim, invite, { ...late, userId: `${at}` }))
      const accepted = await Promise.all(accepts.map((request) => store.accept(request)))
      expect(accepted.map((result) => result.accepted)).to.deep.equal([true, false])
      expect(await found(store, invite)).to.include({ uses: 1, held: 0 }) // what lapsed is cleared
    })

    it('takes as many seats as there are, of all invites', async () => {
      const store = await openStore()
      const invites = await Promise.all(Array.from({ length: 6 }, () => create(store)))
      const held = claimOf(invites[0] as (typeof invites)[0])
      await store.claim({ ...held, defaultSeats: 3 })
      const [released, ...results] = await Promise.all([
        store.release({ claimId: held.claimId, inviteId: invites[0]?.id ?? '' }),
        ...invites.slice(1).map((invite) => store.claim(claimOf(invite, { defaultSeats: 3 }))),
      ])
      expect(released).to.equal(true)
      expect(results.map(outcome)).to.deep.equal(['admitted', 'admitted', 'admitted', 'full', 'full'])
    })

    it('lets a request judge by its own time', async () => {
      const store = await openStore()
      const invite = await create(store, newInvite({ expiresAt: NOW + 10, termMs: 10 }))
      const lapsing = claimOf(invite, { lapsesAt: NOW + 5 })
      await store.claim(lapsing)
      const at = (now: number) => claimOf(invite, { now, lapsesAt: now + 1 })
      const results = await Promise.all([at(NOW + 4), at(NOW + 10), at(NOW + 5)].map((claim) => store.claim(claim)))
      expect(results.map(outcome)).to.deep.equal(['claimed', 'expired', 'admitted'])
      expect((await found(store, invite)).held).to.equal(1)
    })

    it('is carried out before the store closes', async () => {
      const store = await openStore()
      const invite = await create(store)
      const claiming = store.claim(claimOf(invite))
      await store.close()
      expect((await claiming).admitted).to.equal(true)
    })
  })
}

describe('a group on SQLite', () => {
  it('waits for the disk where something is accepted, and else only without WAL', async () => {
    const seen: unknown[] = []
    const db = new Database(':memory:')
    const statement = Object.getPrototypeOf(db.prepare('commit'))
    db.close()
    const { run } = statement
    afterThis(() => Object.assign(statement, { run }))
    statement.run = function (this: Database.Statement, ...parameters: unknown[]) {
      if (this.source === 'commit') seen.push(this.database.pragma('synchronous', { simple: true }))
      return Reflect.apply(run, this, parameters)
    }
    const [FULL, NORMAL] = [2, 1]
    const rollback = sqliteStore(join(temporaryFolder(), 'app.db'))
    afterThis(() => rollback.close())
    await rollback.migrate()
    for (const [store, holding] of [
      [await openSqlite(), NORMAL],
      [rollback, FULL],
    ] as const) {
      const invite = await create(store, newInvite({ maxUses: 3 }))
      const [one, two] = [claimOf(invite), claimOf(invite)]
      seen.length = 0
      await Promise.all([store.claim(one), store.claim(two)])
      await store.accept(acceptOf(one, invite))
      await store.release({ claimId: two.claimId, inviteId: invite.id })
      await Promise.all([store.claim(claimOf(invite)), store.accept(acceptOf(one, invite))])
      await create(store)
      expect(seen).to.deep.equal([holding, FULL, holding, FULL, FULL])
    }
  })
})

describe('a group on Postgres', () => {
  it('waits for the disk where something is accepted', async () => {
    const { store } = await openPostgres()
    const invite = await create(store)
    const claim = claimOf(invite)
    const isLight = (steps: readonly string[]) => steps.some((step) => step.includes('synchronous_commit'))
    expect(isLight(await trace(() => store.claim(claim)))).to.equal(true)
    expect(isLight(await trace(() => store.accept(acceptOf(claim, invite))))).to.equal(false)
    expect(isLight(await trace(() => store.release({ claimId: claim.claimId, inviteId: invite.id })))).to.equal(true)
  })

  it('waits for no row that another transaction has; who asks for that one waits alone', async () => {
    const { store, pool, schema } = await openPostgres()
    const [one, two] = [await create(store, newInvite({ maxUses: null })), await create(store)]
    const accepting = claimOf(one)
    await store.claim(accepting)
    const holder = await pool.connect()
    afterThis(() => holder.release())
    await holder.query(`begin; select 1 from ${schema}.invite_only_invites where id = '${one.id}' for update`)
    const waiting = [store.claim(claimOf(one)), store.accept(acceptOf(accepting, one)), store.claim(claimOf(one))]
    const other = await store.claim(claimOf(two))
    const unknown = await store.claim(claimOf(two, { codeHash: 'none' }))
    expect([outcome(other), outcome(unknown)]).to.deep.equal(['admitted', 'unknown'])
    expect(await Promise.race([...waiting, Promise.resolve('still')])).to.equal('still')
    await holder.query('commit')
    await Promise.all(waiting)
    expect(await found(store, one)).to.include({ uses: 1, held: 2 })
  })
})

describe('groupSize', () => {
  it('is a whole number from 1 to 1000', () => {
    for (const groupSize of [0, 1001, 1.5, '64', null] as unknown as number[]) {
      expect(() => sqliteStore(':memory:', { groupSize })).to.throw(TypeError, 'sqliteStore: `groupSize`')
      const pool = { totalCount: 0, connect: () => Promise.reject(new Error('not asked')) }
      expect(() => postgresStore(pool, { groupSize })).to.throw(TypeError, 'postgresStore: `groupSize`')
    }
  })
})
