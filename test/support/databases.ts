// A new database of each kind, as the processes of one host share it, and what is read in it past the library.
import { join } from 'node:path'
import Database from 'better-sqlite3'
import pg from 'pg'
import { type HostDatabase, openHostDatabase } from '../processes/host-database.js'
import { afterThis, temporaryFolder } from './cleanup.js'
import { execute, postgresUrl, temporarySchema } from './postgres.js'

export interface TestDatabase extends HostDatabase {
  /** For the processes of the host. */
  readonly url: string
  readonly ledger: Ledger
}

/** What is in the database, read past the library. */
export interface Ledger {
  uses(inviteId: string): Promise<{ readonly uses: number; readonly held: number; readonly claims: number }>
  /** The ids of the users that an invite let in, as the host has them. */
  users(inviteId: string): Promise<readonly number[]>
  acceptances(inviteId: string): Promise<readonly { readonly userId: number; readonly email: string }[]>
  /** All claim rows that are left. */
  claims(): Promise<number>
}

type Read = <Row>(sql: string, ...parameters: string[]) => Promise<readonly Row[]>

/** Makes a database for the running test. */
export const databases: Readonly<Record<'SQLite' | 'Postgres', (groupSize?: number) => Promise<TestDatabase>>> = {
  async SQLite(groupSize) {
    const file = join(temporaryFolder(), 'app.db')
    // Here, once: two processes that switch a new file over at once lock each other out.
    const db = new Database(file)
    db.pragma('journal_mode = wal')
    afterThis(() => db.close())
    return await opened(
      file,
      groupSize,
      async <Row>(sql: string, ...parameters: string[]) => db.prepare(sql).all(...parameters) as Row[],
    )
  },

  async Postgres(groupSize) {
    const schema = await temporarySchema()
    await execute(await postgresUrl(), `create schema ${schema}`)
    const url = new URL(await postgresUrl())
    url.searchParams.set('options', `-c search_path=${schema}`)
    const pool = new pg.Pool({ connectionString: url.href, max: 2 })
    pool.on('error', () => undefined)
    afterThis(() => pool.end())
    return await opened(
      url.href,
      groupSize,
      async (sql, ...parameters) => (await pool.query(sql.replace('?', '$1'), parameters)).rows,
    )
  },
}

async function opened(url: string, groupSize: number | undefined, read: Read): Promise<TestDatabase> {
  const database = await openHostDatabase(url, groupSize)
  afterThis(() => database.close())
  return { ...database, url, ledger: ledgerOf(read) }
}

function ledgerOf(read: Read): Ledger {
  return {
    async uses(inviteId) {
      const [row] = await read<Awaited<ReturnType<Ledger['uses']>>>(
        `select uses, held, (select cast(count(*) as integer) from invite_only_claims where invite_id = invites.id) as claims
         from invite_only_invites as invites where id = ?`,
        inviteId,
      )
      if (row === undefined) throw new Error(`there is no invite ${inviteId}`)
      return row
    },
    async users(inviteId) {
      return (await read<{ id: number }>('select id from users where invite_id = ? order by id', inviteId)).map(
        ({ id }) => id,
      )
    },
    acceptances: (inviteId) =>
      read(
        `select cast(user_id as integer) as "userId", email from invite_only_acceptances where invite_id = ?
         order by cast(user_id as integer)`,
        inviteId,
      ),
    async claims() {
      const [row] = await read<{ count: number }>('select cast(count(*) as integer) as count from invite_only_claims')
      return row?.count ?? 0
    },
  }
}
