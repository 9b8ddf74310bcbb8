// That no statement reads what it need not: each of what runs often finds its rows by the index that is there for it.
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect } from 'chai'
import type { CompiledQuery } from 'kysely'
import { acceptOf, claimOf, newInvite } from '../../adapters/contract/fixtures.js'
import { type PgPool, postgresStore } from '../../adapters/postgres.js'
import { sqliteStore } from '../../adapters/sqlite.js'
import type { InviteRecord, InviteStore, ListInvites, ListLog } from '../../src/store.js'
import { inviteStatuses } from '../../src/types.js'
import { afterThis, temporaryFolder } from '../support/cleanup.js'
import { POPULATED_AT, populatePostgres, populateSqlite } from '../support/population.js'
import { openPool, temporarySchema } from '../support/postgres.js'

const SIZE = 10_000
const APP = 'main'
const now = POPULATED_AT
const AFTER = { at: now - 400 * 24 * 60 * 60 * 1000, id: ' ' }

interface Explained {
  readonly store: InviteStore
  /** The plans of what the store runs meanwhile. */
  plansOf(run: () => Promise<unknown>): Promise<readonly string[]>
}

type Query = Pick<CompiledQuery, 'sql' | 'parameters'>

async function recorded(seen: Query[], run: () => Promise<unknown>): Promise<readonly Query[]> {
  seen.length = 0
  await run()
  return seen.filter(({ sql }) => /^\s*(?:select|update|delete|with)/.test(sql))
}

async function noteExpired(store: InviteStore): Promise<void> {
  while ((await store.prune({ what: 'invites', before: 0, now, limit: 1000 })).next !== undefined);
}

async function openSqlite(): Promise<Explained> {
  const file = join(temporaryFolder(), 'app.db')
  const db = new Database(file)
  afterThis(() => db.close())
  const seen: Query[] = []
  const prototype = Object.getPrototypeOf(db)
  const { prepare } = prototype
  afterThis(() => Object.assign(prototype, { prepare }))
  const open = () => {
    const store = sqliteStore(file)
    afterThis(() => store.close())
    return store
  }
  await open().migrate()
  await populateSqlite(file, SIZE)
  await noteExpired(open())
  prototype.prepare = function (this: Database.Database, sql: string) {
    if (this !== db) seen.push({ sql, parameters: [] })
    return prepare.call(this, sql)
  }
  const store = open()
  return {
    store,
    plansOf: async (run) =>
      (await recorded(seen, run)).map(({ sql }) => {
        const values = (sql.match(/\?/g) ?? []).map(() => null)
        const steps = db.prepare(`explain query plan ${sql}`).all(...values) as { detail: string }[]
        return steps.map(({ detail }) => detail).join('\n')
      }),
  }
}

async function openPostgres(): Promise<Explained> {
  const pool = await openPool()
  const schema = await temporarySchema()
  const seen: Query[] = []
  const recording: PgPool = {
    totalCount: 0,
    async connect() {
      const client = await pool.connect()
      return {
        query(query) {
          seen.push({ sql: query.text, parameters: query.values ?? [] })
          return client.query(query)
        },
        release: (error) => client.release(error),
        on: () => undefined, // the pool's own listener hears it
      }
    },
  }
  // Of so few rows, reading them all is sometimes the shortest way.
  const explaining = await openPool({ options: '-c enable_seqscan=off' })
  const store = postgresStore(recording, { schema })
  await store.migrate()
  await populatePostgres(pool, schema, SIZE)
  await noteExpired(store)
  for (const table of ['invites', 'log']) await pool.query(`analyze ${schema}.invite_only_${table}`)
  return {
    store,
    plansOf: async (run) => {
      const plans: string[] = []
      for (const { sql, parameters } of await recorded(seen, run)) {
        const { rows } = await explaining.query(`explain ${sql}`, [...parameters])
        plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'))
      }
      return plans
    },
  }
}

/** What is run, and the indexes that it is meant to use; no other table or index may be read. */
const cases: readonly (readonly [name: string, run: (store: InviteStore) => Promise<unknown>, ...indexes: string[]])[] =
  [
    ['the pending', list({ statuses: ['pending'] }), 'invites_state'],
    ['the expired', list({ statuses: ['expired'] }), 'invites_state', 'invites_term'],
    ['the accepted, deep', list({ statuses: ['accepted'], after: AFTER }), 'invites_state'],
    ['all, deep', list({ after: AFTER }), 'invites_state'],
    ["an inviter's", list({ inviterId: 'big' }), 'invites_inviter_state'],
    [
      "an inviter's pending, deep",
      list({ inviterId: 'big', statuses: ['pending'], after: AFTER }),
      'invites_inviter_state',
    ],
    ['of a domain', list({ domain: 'example.com', after: AFTER }), 'invites_domain_state'],
    ['of a common start', list({ emailPrefix: 'us' }), 'invites_place', 'invites_initial_state'],
    ['of an address', list({ emailPrefix: 'abc' }), 'invites_place'],
    ['the acceptances', (store) => store.listAcceptances({ appId: APP, limit: 11 }), 'acceptances_list'],
    [
      'the acceptances, deep',
      (store) => store.listAcceptances({ appId: APP, limit: 11, after: AFTER }),
      'acceptances_list',
    ],
    ['a key', (store) => store.findAppKey({ appId: APP, keyId: 'none' }), 'app_keys_live'],
    ['keys', (store) => store.listAppKeys({ appId: APP, limit: 11, after: AFTER }), 'app_keys_list'],
    [
      "the acceptances of an inviter's invites",
      (store) => store.listAcceptances({ appId: APP, inviterId: 'big', limit: 11, after: AFTER }),
      'acceptances_inviter',
    ],
    ['the log', log({}), 'acceptances_list', 'log_list'],
    ['the log, deep', log({ after: AFTER }), 'acceptances_list', 'log_list'],
    ['the log of a time', log({ from: now - 1e9, until: now }), 'acceptances_list', 'log_list'],
    ['the log of an invite', log({ inviteId: 'one', after: AFTER }), 'acceptances_invite', 'log_invite'],
    ['the log of an actor', log({ actorId: 'big', after: AFTER }), 'acceptances_by_user', 'log_actor'],
    ['the log of an action', log({ action: 'invite.revoke', after: AFTER }), 'log_action'],
    ['the log of accepting', log({ action: 'invite.accept', after: AFTER }), 'acceptances_list'],
    [
      'who waits for approval',
      (store) => store.listAcceptances({ appId: APP, approval: 'pending', limit: 9 }),
      'acceptances_approval',
    ],
    ['a new user', (store) => store.listAcceptances({ appId: APP, userId: 'u1', limit: 9 }), 'acceptances_by_user'],
    ['the tree', (store) => store.getTree({ appId: APP, rootId: 'big', depth: 5, limit: 9 }), 'acceptances_inviter'],
    ['check', (store) => store.lookUp({ appId: APP, codeHash: 'code' }), 'invites_code'],
    ['what is due', (store) => store.leaseDeliveries({ now: 0, leasedUntil: 1, limit: 5 }), 'deliveries_due'],
    ['when it is due', (store) => store.nextDeliveryAt(), 'deliveries_due'],
    ['when a webhook is due', (store) => store.nextWebhookAt('main'), 'webhooks_due'],
    [
      'what webhooks are due',
      (store) => store.leaseWebhooks({ endpoint: 'main', now: 0, leasedUntil: 1, limit: 5 }),
      'webhooks_due',
    ],
    ['failed webhooks', (store) => store.listFailedWebhooks({ appId: APP, limit: 5, after: AFTER }), 'webhooks_failed'],
    ['trying them again', (store) => store.retryWebhooks({ appId: APP, now: 0, limit: 5 }), 'webhooks_failed'],
    ['pruning webhooks', (store) => store.prune({ what: 'webhooks', before: 0, now, limit: 5 }), 'webhooks_over'],
    [
      'revoking all of an inviter',
      (store) => store.revokeInvites({ appId: APP, inviterId: 'gone', now }),
      'invites_inviter_state',
    ],
    ['pruning deliveries', (store) => store.prune({ what: 'deliveries', before: 0, now, limit: 5 }), 'deliveries_over'],
    [
      'pruning keyed requests',
      (store) => store.prune({ what: 'keyedRequests', before: 0, now, limit: 5 }),
      'keyed_requests_started',
    ],
  ]

function log(query: Partial<ListLog>) {
  return (store: InviteStore) => store.listLog({ appId: APP, limit: 11, ...query })
}

function list(query: Partial<ListInvites>) {
  return (store: InviteStore) => store.listInvites({ appId: APP, statuses: inviteStatuses, limit: 11, now, ...query })
}

const primaryKey = /(?:sqlite_autoindex_invite_only_\w+?_1|_pkey)$/

// Claims, settings and keyed requests are few rows here, which Postgres rightly reads from end to end. Where an index has nothing but what is
// looked for, in order, reading it from its beginning is right too.
const wholeTable =
  /(?:Seq Scan on|SCAN) (?:(?:i|a|d|own|other)\b|invite_only_(?!claims|settings|keyed_requests|deliveries USING (?:COVERING )?INDEX invite_only_deliveries_due))/

/** All acceptances of an app, though it is an inviter's that are looked for. */
const wholeApp = /acceptances_inviter \(app_id=\?\)/

/** The indexes that are read, without the primary keys. */
function indexesOf(plans: readonly string[]): readonly string[] {
  const names = plans.flatMap((plan) =>
    [...plan.matchAll(/(?:INDEX|using|Bitmap Index Scan on) "?(\w+)/g)].map(([, name]) => name ?? ''),
  )
  const own = names.filter((name) => !primaryKey.test(name)).map((name) => name.replace('invite_only_', ''))
  return [...new Set(own)].sort()
}

for (const [database, open] of [
  ['SQLite', openSqlite],
  ['Postgres', openPostgres],
] as const) {
  describe(`on ${database}, among ${SIZE} invites,`, () => {
    it('finds by an index what is listed, looked up or pruned', async () => {
      const { store, plansOf } = await open()
      for (const [name, run, ...indexes] of cases) {
        const plans = await plansOf(() => run(store))
        const text = `${name}:\n${plans.join('\n\n')}`
        expect(indexesOf(plans), text).to.deep.equal([...indexes].sort())
        expect(plans.join('\n'), text).not.to.match(wholeTable)
        expect(plans.join('\n'), text).not.to.match(wholeApp)
      }
    })

    it('counts what happened in some time, and finds a branch, by the indexes that are there for it', async () => {
      const { store, plansOf } = await open()
      const month = { from: now - 30 * 24 * 60 * 60 * 1000, until: now }
      const plans = [...(await plansOf(() => store.getStatistics({ appId: APP, ...month, now, top: 9 })))]
      const branch = { appId: APP, inviterId: 'gone', branch: true, now }
      plans.push(...(await plansOf(() => store.revokeInvites(branch)))) // then those of its inviters, or all that are open
      expect(plans.join('\n\n')).not.to.match(wholeTable)
      // In the log, that of the action or that of all: most of it is counted.
      expect(indexesOf(plans)).to.include.members(['acceptances_list', 'invites_term', 'acceptances_inviter'])
    })

    it('claims, accepts, creates and prunes without reading a table from end to end', async () => {
      const { store, plansOf } = await open()
      const address = { email: 'ada@example.com', emailCanonical: 'ada@example.com' }
      const plans = await plansOf(async () => {
        const result = await store.createInvite(newInvite({ appId: APP, ...address, createdAt: now }), 'mail')
        if (!('created' in result)) throw new Error('The address is new.')
        const invite: InviteRecord = result.created
        await store.createInvite(newInvite({ appId: APP, ...address, createdAt: now }), undefined)
        const claim = claimOf(invite, { now, lapsesAt: now + 1, withoutEmail: true })
        await store.claim(claim)
        await store.accept(acceptOf(claim, invite, { userId: 'ada' }))
        const link = await store.createInvite(newInvite({ appId: APP, createdAt: now, orgId: 'org' }), undefined)
        if (!('created' in link)) throw new Error('It has no address.')
        await store.createInvite(newInvite({ appId: APP, ...address, createdAt: now, orgId: 'org' }), 'mail too')
        const join = claimOf(link.created, { now, lapsesAt: now + 1 })
        await store.claim(join)
        const joined = await store.accept(acceptOf(join, link.created, { verifiedEmail: address.email }))
        if (!joined.accepted || joined.closed === undefined) throw new Error('It closes a sibling.')
        await store.prune({ what: 'invites', before: now - 1e10, now, limit: 20 })
      })
      expect(plans.join('\n\n')).not.to.match(wholeTable)
      const used = [
        'invites_code',
        'invites_place',
        'invites_term',
        'invites_over',
        'acceptances_claim',
        'acceptances_invite',
      ]
      expect(indexesOf(plans)).to.include.members(used)
    })
  })
}
