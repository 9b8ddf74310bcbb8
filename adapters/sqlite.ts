// The SQLite store, on better-sqlite3: the embedded default for hosts that run on one machine.
import { realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type Sqlite from 'better-sqlite3'
import { CompiledQuery, DummyDriver, Kysely, SqliteAdapter, SqliteIntrospector, SqliteQueryCompiler, sql } from 'kysely'
import { InviteError } from '../src/errors.js'
import { checkNames } from '../src/option-names.js'
import type { InviteStore } from '../src/store.js'
import { checkGroupSize, GROUP_SIZE } from './kysely/groups.js'
import { type Operation, run, runSync } from './kysely/operation.js'
import type { Runner } from './kysely/runner.js'
import { type DbJson, type DbTime, type Dialect, type Tables, tableNames } from './kysely/schema.js'
import { kyselyStore } from './kysely/store.js'
import { isKyselyTransaction, queryIn } from './kysely/transaction.js'
import { loadDriver } from './sqlite/driver.js'
import { durabilityOf, type Synchronous } from './sqlite/durability.js'
import { explain, isBusy } from './sqlite/errors.js'
import { releaseIfHeld } from './sqlite/releases.js'
import { queryOn, type SqliteDatabase } from './sqlite/statements.js'

export type { SqliteDatabase, SqliteStatement } from './sqlite/statements.js'

/** The options of `sqliteStore`. */
export interface SqliteStoreOptions {
  /** What the names of our tables start with, since they live in your database. Default: `invite_only_`. */
  readonly tablePrefix?: string | undefined
  /** How long to keep trying, in ms, while another connection holds the database; then 503. Default: 5000. */
  readonly busyTimeoutMs?: number | undefined
  /** How many claims and accepts that come at the same time share a transaction at most; 1: none. Default: 64. */
  readonly groupSize?: number | undefined
}

// A synchronous wait, however short, stops the whole process, and with it the very transaction that is waited for.
const DRIVER_TIMEOUT_MS = 0
const OPENING_TIMEOUT_MS = 2000 // at start it may wait: setting a pragma reads the file, which another process may be writing
const RETRY_MS = { from: 2, to: 25 }
const TABLE_PREFIX = /^[A-Za-z_][A-Za-z0-9_]{0,31}$/

/**
 * Keeps invites in a SQLite file.
 *
 * @param database A path (the file is made if it is not there) or your better-sqlite3 `Database`. The store works on
 *   a connection of its own to that file, so it never joins a transaction of yours by accident; your connection and
 *   its pragmas are left alone, and `close()` does not close it.
 * @throws TypeError where an option is wrong, the `Database` lives in memory, the file cannot be opened, or
 *   better-sqlite3 is missing or cannot run on this Node.
 */
export function sqliteStore(database: string | SqliteDatabase, options: SqliteStoreOptions = {}): InviteStore {
  const { tablePrefix, busyTimeoutMs, groupSize } = checkOptions(options)
  const file = fileOf(database)
  const connection = open(file)
  const dialect = sqliteDialect(tablePrefix)
  const runner = sqliteRunner(connection, file, busyTimeoutMs)
  const { store, claims } = kyselyStore(dialect, runner, groupSize)
  return {
    ...store,
    release: releaseIfHeld(dialect, queryOn(connection), store.release),
    acceptSync: (request, trx) => {
      const host = hostTransaction(trx, file)
      if (host === undefined) throw notATransaction('acceptSync')
      return runSync(claims.accept(request), queryOn(host))
    },
  }
}

function sqliteDialect(tablePrefix: string): Dialect {
  return {
    db: new Kysely<Tables>({
      dialect: {
        createAdapter: () => new SqliteAdapter(),
        createDriver: () => new DummyDriver(),
        createIntrospector: (db) => new SqliteIntrospector(db),
        createQueryCompiler: () => new SqliteQueryCompiler(),
      },
    }),
    tables: tableNames(tablePrefix),
    textType: 'text',
    timeType: 'integer',
    longType: 'integer',
    jsonType: 'text',
    now: "cast(unixepoch('now', 'subsec') * 1000 as integer)",
    rowLocks: false,
    listed: {
      atOnce: false,
      from: (row, columns) =>
        sql`(select ${sql.join(columns.map((name) => sql`${row[name]} as ${sql.ref(name)}`))}) as listed`,
    },
    dayOf: (column) => `(${column} / 86400000)`,
    msBetween: (later, earlier) => `(${later} - ${earlier})`,
    tableOptions: 'strict',
    findTable: (name) => CompiledQuery.raw("select 1 from sqlite_master where type = 'table' and name = ?", [name]),
    quote: (name) => `"${name}"`,
    encodeTime: (timestamp) => timestamp as unknown as DbTime,
    decodeTime: (value) => value as unknown as number,
    encodeJson: (value) => JSON.stringify(value) as unknown as DbJson,
    decodeJson: (value) => JSON.parse(value as unknown as string) as Record<string, unknown>,
  }
}

function sqliteRunner(connection: Sqlite.Database, file: string, busyTimeoutMs: number): Runner {
  const query = queryOn(connection)
  const beginWrite = connection.prepare('begin immediate') // begun as a reader, it could fail on its first write
  const beginRead = connection.prepare('begin')
  const commit = connection.prepare('commit')
  const rollback = connection.prepare('rollback')
  const durability = durabilityOf(connection)

  function attempt<Result>(
    begin: Sqlite.Statement,
    operation: () => Operation<Result>,
    synchronous: Synchronous,
  ): Result {
    durability.set(synchronous)
    begin.run()
    try {
      const result = runSync(operation(), query)
      commit.run()
      return result
    } finally {
      if (connection.inTransaction) rollback.run()
    }
  }

  async function persist<Result>(
    begin: Sqlite.Statement,
    operation: () => Operation<Result>,
    synchronous: Synchronous = 'full',
  ): Promise<Result> {
    const giveUpAt = performance.now() + busyTimeoutMs
    for (let wait = RETRY_MS.from; ; wait = Math.min(wait * 2, RETRY_MS.to)) {
      try {
        return attempt(begin, operation, synchronous)
      } catch (error) {
        if (!isBusy(error) || performance.now() >= giveUpAt) throw explain(error, file)
      }
      await delay(wait * (0.5 + Math.random()))
    }
  }

  return {
    read: (operation) => persist(beginRead, operation),
    write: (operation) => persist(beginWrite, operation),
    writeLightly: (operation) => persist(beginWrite, operation, 'normal'),
    hasWaited: (error) => error instanceof InviteError && isBusy(error.cause),
    migrate: (operation) => persist(beginWrite, operation),
    async join(trx, operation) {
      if (isKyselyTransaction(trx)) return await run(operation(), queryIn(trx))
      const host = hostTransaction(trx, file)
      if (host === undefined) throw notATransaction('accept')
      return runSync(operation(), queryOn(host))
    },
    async close() {
      connection.close()
    },
  }
}

function checkOptions(options: SqliteStoreOptions) {
  checkNames('sqliteStore', options, ['tablePrefix', 'busyTimeoutMs', 'groupSize'])
  const { tablePrefix = 'invite_only_', busyTimeoutMs = 5000, groupSize = GROUP_SIZE } = options
  if (!TABLE_PREFIX.test(tablePrefix)) {
    throw new TypeError('sqliteStore: `tablePrefix` must be 1 to 32 letters, digits or _, and not start with a digit.')
  }
  if (!Number.isFinite(busyTimeoutMs) || busyTimeoutMs < 0) {
    throw new TypeError('sqliteStore: `busyTimeoutMs` must be a number of milliseconds, 0 or more.')
  }
  checkGroupSize('sqliteStore', groupSize)
  return { tablePrefix, busyTimeoutMs, groupSize }
}

function fileOf(database: string | SqliteDatabase): string {
  if (typeof database === 'string' && database !== '') return database === ':memory:' ? database : resolve(database)
  if (!isSqliteDatabase(database)) {
    throw new TypeError(
      "sqliteStore takes the path of a SQLite file, such as sqliteStore('app.db'), or a better-sqlite3 Database.",
    )
  }
  if (database.memory) {
    throw new TypeError(
      'sqliteStore works on a connection of its own, and this Database lives in the memory of another. ' +
        "Pass a Database of a file, or sqliteStore(':memory:') for invites that need not last.",
    )
  }
  return resolve(database.name)
}

function open(file: string): Sqlite.Database {
  const Driver = loadDriver()
  try {
    const connection = new Driver(file, { timeout: OPENING_TIMEOUT_MS })
    connection.pragma('foreign_keys = on')
    connection.pragma('cache_size = -16000')
    connection.pragma('wal_autocheckpoint = 8000') // 32 MB: pages that a list touches again and again are copied once
    connection.pragma('temp_store = memory') // else a statement that changes many pages keeps how they were in a file
    connection.pragma('synchronous = full') // of this connection alone: an accepted use must survive a power cut
    connection.pragma(`busy_timeout = ${DRIVER_TIMEOUT_MS}`)
    return connection
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new TypeError(`sqliteStore cannot open the SQLite file ${file}: ${why}`, { cause })
  }
}

function isSqliteDatabase(value: unknown): value is SqliteDatabase {
  const candidate = value as Partial<SqliteDatabase> | null | undefined
  return typeof candidate?.name === 'string' && typeof candidate.prepare === 'function'
}

/** The host's `Database`, where it is one on our file with a transaction open. */
function hostTransaction(trx: unknown, file: string): SqliteDatabase | undefined {
  if (!isSqliteDatabase(trx) || file === ':memory:') return undefined
  if (!trx.inTransaction) {
    throw new TypeError(
      '`trx` is a better-sqlite3 Database with no transaction open: call it inside db.transaction(…).',
    )
  }
  if (!isOn(trx, file)) {
    throw new TypeError(`\`trx\` is a Database on ${trx.name}, but the invites are kept in ${file}.`)
  }
  return trx
}

// Asked once: a connection stays on the file that it was opened on, and the file system takes longer than a statement.
const filesOf = new WeakMap<SqliteDatabase, Set<string>>()

function isOn(database: SqliteDatabase, file: string): boolean {
  const files = filesOf.get(database) ?? new Set<string>()
  if (files.has(file)) return true
  if (realpathSync(database.name) !== realpathSync(file)) return false
  filesOf.set(database, files.add(file))
  return true
}

function notATransaction(method: string): TypeError {
  const kinds = method === 'acceptSync' ? '' : 'a Kysely transaction or '
  return new TypeError(`${method}({ trx }) takes ${kinds}a better-sqlite3 Database with a transaction open.`)
}
