// What a host keeps in its database, of either kind: the invites, and the users that they let in.
import Database from 'better-sqlite3'
import pg from 'pg'
import { postgresStore } from '../../adapters/postgres.js'
import { sqliteStore } from '../../adapters/sqlite.js'
import type { Claim, InviteStore } from '../../src/index.js'

/** How a host counts the use: in one transaction with its user row, or after it. */
export type Accept = 'inside' | 'after'

export interface HostDatabase {
  readonly store: InviteStore
  /** Makes an account for whoever holds the claim, and returns its id. */
  signUp(email: string, claim: Pick<Claim, 'id' | 'accept' | 'acceptSync'>, accept: Accept): Promise<number>
  close(): Promise<void>
}

// Unique on nothing but the id: an invite that lets two in shows as two rows.
const USERS = (id: string) => `create table if not exists users (id ${id}, email text not null, invite_id text)`

/** @param url `postgres://…`, or the path of a SQLite file in WAL mode. */
export async function openHostDatabase(url: string, groupSize?: number): Promise<HostDatabase> {
  return url.startsWith('postgres://') ? await openPostgres(url, groupSize) : openSqlite(url, groupSize)
}

function openSqlite(file: string, groupSize: number | undefined): HostDatabase {
  const db = new Database(file)
  db.exec(USERS('integer primary key'))
  const insert = db.prepare<[string, string], { id: number }>(
    'insert into users (email, invite_id) values (?, ?) returning id',
  )
  return {
    store: sqliteStore(db, { groupSize }),
    async signUp(email, claim, accept) {
      const add = () => insert.get(email, claim.id)?.id ?? 0
      if (accept === 'after') {
        const userId = add()
        await claim.accept({ userId })
        return userId
      }
      const signUp = db.transaction(() => {
        const userId = add()
        claim.acceptSync({ userId, trx: db })
        return userId
      })
      return signUp.immediate()
    },
    async close() {
      db.close()
    },
  }
}

async function openPostgres(connectionString: string, groupSize: number | undefined): Promise<HostDatabase> {
  const pool = new pg.Pool({ connectionString })
  pool.on('error', () => undefined) // as pg asks of every host
  // Two processes that make one table at once would fail on its name.
  await pool.query(`select pg_advisory_lock(1); ${USERS('serial primary key')}; select pg_advisory_unlock(1)`)
  const insert = async (client: pg.Pool | pg.PoolClient, email: string, inviteId: string): Promise<number> => {
    const text = 'insert into users (email, invite_id) values ($1, $2) returning id'
    return (await client.query(text, [email, inviteId])).rows[0].id
  }
  return {
    store: postgresStore(pool, { groupSize }),
    async signUp(email, claim, accept) {
      if (accept === 'after') {
        const userId = await insert(pool, email, claim.id)
        await claim.accept({ userId })
        return userId
      }
      const client = await pool.connect()
      client.on('error', () => undefined) // a connection that breaks in use is told by the query too
      try {
        await client.query('begin')
        const userId = await insert(client, email, claim.id)
        await claim.accept({ userId, trx: client })
        await client.query('commit')
        client.release()
        return userId
      } catch (error) {
        client.release(true) // which rolls back
        throw error
      }
    },
    close: () => pool.end(),
  }
}
