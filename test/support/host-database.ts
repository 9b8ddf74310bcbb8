// The database under a test's host: a SQLite file, or a schema of Postgres where TEST_STORE says so.
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { postgresStore } from '../../adapters/postgres.js'
import { sqliteStore } from '../../adapters/sqlite.js'
import type { InviteStore } from '../../src/store.js'
import { temporaryFolder } from './cleanup.js'
import { openPool, temporarySchema } from './postgres.js'

export type Rows = readonly Readonly<Record<string, unknown>>[]

export interface HostDatabase {
  /** The SQLite file; empty on Postgres. */
  readonly file: string
  openStore(): InviteStore
  /** Every row of every invite table, read past the library. */
  tables(): Promise<Readonly<Record<string, Rows>>>
}

const onPostgres = process.env.TEST_STORE === 'postgres'

/** For what is about SQLite itself. */
export const itOnSqlite = onPostgres ? it.skip : it

export async function openHostDatabase(file?: string): Promise<HostDatabase> {
  return onPostgres && file === undefined ? await onSchema() : onFile(file ?? join(temporaryFolder(), 'app.db'))
}

function onFile(file: string): HostDatabase {
  return {
    file,
    openStore: () => sqliteStore(file),
    async tables() {
      const db = new Database(file, { readonly: true })
      try {
        const names = db.prepare("select name from sqlite_master where type = 'table'").pluck().all() as string[]
        return Object.fromEntries(names.map((name) => [name, db.prepare(`select * from "${name}"`).all() as Rows]))
      } finally {
        db.close()
      }
    },
  }
}

async function onSchema(): Promise<HostDatabase> {
  const pool = await openPool()
  const schema = await temporarySchema()
  return {
    file: '',
    openStore: () => postgresStore(pool, { schema }),
    async tables() {
      const { rows } = await pool.query('select tablename from pg_tables where schemaname = $1', [schema])
      const names: readonly string[] = rows.map(({ tablename }) => tablename)
      const tables = names.map(async (name) => [name, (await pool.query(`select * from ${schema}."${name}"`)).rows])
      return Object.fromEntries(await Promise.all(tables))
    },
  }
}
