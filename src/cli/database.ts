// From what `--database` says to a store. Another kind of database is another line here.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { InviteStore } from '../store.js'
import { CliError, messageOf } from './failures.js'

export interface OpenStoreOptions {
  /** Of Postgres; `undefined`: the first of its search path. */
  readonly schema: string | undefined
  /** Whether a file that is not there may be made. A mistyped path must not look like an app without invites. */
  readonly mayCreate: boolean
}

/** @throws CliError where there is none, or it cannot be opened. */
export async function openStore(database: string, options: OpenStoreOptions): Promise<InviteStore> {
  const scheme = /^([a-z][a-z0-9+]+):\/\//i.exec(database)?.[1]?.toLowerCase()
  if (scheme === 'postgres' || scheme === 'postgresql') return await openPostgres(database, options)
  if (scheme !== undefined) {
    const takes = 'the path of a SQLite file, such as app.db, or a postgres:// URL'
    throw new CliError('config_invalid', `--database takes ${takes}, and no ${scheme}: URL.`)
  }
  if (options.schema !== undefined) {
    throw new CliError('config_invalid', '--schema is for Postgres: leave it out with a SQLite file.')
  }
  return await openSqlite(database, options)
}

async function openPostgres(url: string, { schema }: OpenStoreOptions): Promise<InviteStore> {
  try {
    const { postgresStore } = await import('../../adapters/postgres.js')
    return postgresStore(url, { schema })
  } catch (error) {
    throw new CliError('config_invalid', messageOf(error), error)
  }
}

/** As it may be shown. */
export function withoutPassword(database: string): string {
  return database.replace(/^(\w+:\/\/[^/@]*?):[^/]*@/, '$1:…@')
}

async function openSqlite(database: string, { mayCreate }: OpenStoreOptions): Promise<InviteStore> {
  const file = resolve(database)
  if (!mayCreate && !existsSync(file)) {
    throw new CliError(
      'config_invalid',
      `There is no SQLite file ${file}. Check --database or INVITE_DATABASE; \`express-invite-only migrate\` would make it.`,
    )
  }
  try {
    const { sqliteStore } = await import('../../adapters/sqlite.js')
    return sqliteStore(file)
  } catch (error) {
    throw new CliError('config_invalid', messageOf(error), error)
  }
}
