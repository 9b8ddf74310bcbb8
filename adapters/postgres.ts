// The Postgres store, on pg: for hosts that run in more than one process, or have a Postgres already.
import {
  CompiledQuery,
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  sql,
} from 'kysely'
import type pg from 'pg'
import { checkNames } from '../src/option-names.js'
import type { InviteStore } from '../src/store.js'
import { checkGroupSize, GROUP_SIZE } from './kysely/groups.js'
import { migrationStatements } from './kysely/migrations.js'
import { type DbJson, type DbTime, type Dialect, type Tables, tableNames } from './kysely/schema.js'
import { kyselyStore } from './kysely/store.js'
import { hear, type PgClient, type PgPool, type PgPoolClient } from './postgres/clients.js'
import { loadDriver } from './postgres/driver.js'
import { postgresRunner, SILENCE_MS } from './postgres/runner.js'
import { decodeJson, decodeTime } from './postgres/values.js'

export type { PgClient, PgPool, PgPoolClient }

/** Where in the database our tables are, and how long is waited for it. */
export interface PostgresStoreOptions {
  /** The schema that our tables are in, made by `migrate()` where it is missing. Default: the first of the search path. */
  readonly schema?: string | undefined
  /** What the names of our tables start with, since they live in your database. Default: `invite_only_`. */
  readonly tablePrefix?: string | undefined
  /** How long to wait, in ms, for a free connection and for a row that another transaction holds; then 503. Default: 5000. */
  readonly busyTimeoutMs?: number | undefined
  /** How many claims and accepts that come at the same time share a transaction at most; 1: none. Default: 64. */
  readonly groupSize?: number | undefined
}

const listedTypes = { text: 'text', integer: 'integer', long: 'bigint', time: 'timestamptz', json: 'jsonb' } as const
const IDENTIFIER = /^[A-Za-z_][A-Za-z0-9_]{0,31}$/

/**
 * Keeps invites in Postgres 15 or newer, alone or behind PgBouncer in transaction mode.
 *
 * @param database A connection string, for a pool of the store's own that `close()` ends; or your `pg.Pool`, which it
 *   never ends. `undefined` is refused, as an environment variable that is not set. Listen to that one's `error` event, as pg asks: a connection that breaks while idle is told there.
 * @throws TypeError where an option is wrong or `database` is neither.
 */
export function postgresStore(database: string | PgPool | undefined, options: PostgresStoreOptions = {}): InviteStore {
  const { schema, tablePrefix, busyTimeoutMs, groupSize } = checkOptions(options)
  const dialect = postgresDialect(schema, tablePrefix)
  const own = typeof database === 'string' ? openPool(database, busyTimeoutMs) : undefined
  const runner = postgresRunner({
    pool: own ?? checkPool(database),
    schema,
    busyTimeoutMs,
    end: async () => own?.end(),
  })
  return kyselyStore(dialect, runner, groupSize).store
}

/**
 * The SQL that `migrate()` runs on a database that has no invite tables yet, for whoever may not make tables from the
 * app. Run it in one transaction.
 * @throws TypeError where an option is wrong.
 */
export function postgresMigration(options: Pick<PostgresStoreOptions, 'schema' | 'tablePrefix'> = {}): string {
  const { schema, tablePrefix } = checkOptions(options)
  const makeSchema = schema === undefined ? [] : [`create schema if not exists "${schema}"`]
  const statements = [...makeSchema, ...migrationStatements(postgresDialect(schema, tablePrefix))]
  return statements.map((statement) => `${statement.trim()};\n`).join('\n')
}

function postgresDialect(schema: string | undefined, tablePrefix: string): Dialect {
  const db = new Kysely<Tables>({
    dialect: {
      createAdapter: () => new PostgresAdapter(),
      createDriver: () => new DummyDriver(),
      createIntrospector: (kysely) => new PostgresIntrospector(kysely),
      createQueryCompiler: () => new PostgresQueryCompiler(),
    },
  })
  const quote = (name: string) => (schema === undefined ? `"${name}"` : `"${schema}"."${name}"`)
  return {
    db: schema === undefined ? db : db.withSchema(schema),
    tables: tableNames(tablePrefix),
    textType: 'text collate "C"',
    timeType: 'timestamptz',
    longType: 'bigint',
    jsonType: 'jsonb',
    rowLocks: true,
    now: 'clock_timestamp()',
    listed: {
      atOnce: true,
      // The planner takes them for 100, for which it reads whole tables; of a limit that it cannot know, for 10. And so it
      // plans once for however many there are.
      from: ({ json }, columns) => {
        const typed = Object.entries(columns).map(([name, type]) => sql`${sql.ref(name)} ${sql.raw(listedTypes[type])}`)
        return sql`(select * from json_to_recordset(${json}::json) as rows(${sql.join(typed)}) limit (select 1000000000)) as listed`
      },
    },
    dayOf: (column) => `cast(floor(extract(epoch from ${column}) / 86400) as integer)`,
    msBetween: (later, earlier) => `cast(round(extract(epoch from ${later} - ${earlier}) * 1000) as bigint)`,
    tableOptions: '',
    quote,
    findTable: (name) => CompiledQuery.raw('select 1 where to_regclass($1) is not null', [quote(name)]),
    encodeTime: (timestamp) => new Date(timestamp).toISOString() as unknown as DbTime,
    decodeTime,
    encodeJson: (value) => JSON.stringify(value) as unknown as DbJson,
    decodeJson,
  }
}

function openPool(connectionString: string, busyTimeoutMs: number): pg.Pool {
  if (!/^postgres(?:ql)?:\/\//.test(connectionString)) throw notADatabase()
  const { Pool } = loadDriver()
  // Connecting to a server that says nothing must not take up a place of the pool for ever.
  const pool = new Pool({ connectionString, connectionTimeoutMillis: busyTimeoutMs + SILENCE_MS })
  pool.on('error', () => undefined) // a connection broke while idle: the pool has dropped it, and makes another
  pool.on('connect', hear) // one may break as it opens, before whoever asked for it can listen
  return pool
}

function checkPool(database: unknown): PgPool {
  const candidate = database as Partial<Record<'connect' | 'totalCount', unknown>> | null | undefined
  if (typeof candidate?.connect !== 'function' || typeof candidate.totalCount !== 'number') throw notADatabase()
  return database as PgPool
}

function notADatabase(): TypeError {
  return new TypeError(
    'postgresStore takes a connection string, such as postgres://user:password@localhost/app, or a pg.Pool.',
  )
}

function checkOptions(options: PostgresStoreOptions) {
  checkNames('postgresStore', options, ['schema', 'tablePrefix', 'busyTimeoutMs', 'groupSize'])
  const { schema, tablePrefix = 'invite_only_', busyTimeoutMs = 5000, groupSize = GROUP_SIZE } = options
  for (const [name, value] of Object.entries({ schema, tablePrefix })) {
    if (value !== undefined && !IDENTIFIER.test(value)) {
      throw new TypeError(
        `postgresStore: \`${name}\` must be 1 to 32 letters, digits or _, and not start with a digit.`,
      )
    }
  }
  if (!Number.isInteger(busyTimeoutMs) || busyTimeoutMs < 1) {
    throw new TypeError('postgresStore: `busyTimeoutMs` must be a whole number of milliseconds, 1 or more.')
  }
  checkGroupSize('postgresStore', groupSize)
  return { schema, tablePrefix, busyTimeoutMs, groupSize }
}
