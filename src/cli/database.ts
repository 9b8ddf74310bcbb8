// From what `--database` says to a store. Another kind of database is another line here.
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import type { InviteStore } from '../store.js'
import { CliError, messageOf } from './failures.js'

export interface OpenStoreOptions {
  /** Whether a file that is not there may be made. A mistyped path must not look like an app without invites. */
  readonly mayCreate: boolean
}

/** @throws CliError where there is none, or it cannot be opened. */
export async function openStore(database: string, options: OpenStoreOptions): Promise<InviteStore> {
  const scheme = /^([a-z][a-z0-9+]+):\/\//i.exec(database)?.[1]?.toLowerCase()
  if (scheme === undefined) return await openSqlite(database, options)
  const isPostgres = scheme === 'postgres' || scheme === 'postgresql'
  throw new CliError(
    'config_invalid',
    isPostgres
      ? 'Postgres is not supported yet: it comes in a later release. --database takes the path of a SQLite file.'
      : `--database takes the path of a SQLite file, such as app.db, and no ${scheme}: URL.`,
  )
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
