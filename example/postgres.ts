// The example on Postgres: `DATABASE_URL=postgres://… npm start`.
import { postgresStore } from 'express-invite-only/adapters/postgres'
import pg from 'pg'
import { type Database, hash, matches, toUser, type UserRow } from './users.js'

export async function openPostgres(connectionString: string): Promise<Database> {
  const pool = new pg.Pool({ connectionString })
  pool.on('error', (error) => console.error(`A connection to Postgres broke while idle: ${error.message}`))
  await pool.query(`create table if not exists users (
    id integer generated always as identity primary key,
    email text not null,
    password text,
    supervisor boolean not null default false,
    role text,
    invited_by text
  )`)
  await pool.query('create unique index if not exists users_email on users (lower(email))')
  // Apart, for tables from before there were providers.
  await pool.query(`alter table users
    alter column password drop not null,
    add column if not exists email_verified boolean not null default false,
    add column if not exists provider_id text unique`)
  const find = async (email: string) =>
    (await pool.query<UserRow>('select * from users where lower(email) = lower($1)', [email])).rows[0]
  return {
    users: {
      async byId(id) {
        return toUser((await pool.query<UserRow>('select * from users where id = $1', [id])).rows[0])
      },
      byEmail: async (email) => toUser(await find(email)),
      async byProviderId(providerId) {
        return toUser((await pool.query<UserRow>('select * from users where provider_id = $1', [providerId])).rows[0])
      },
      async withPassword(email, password) {
        const row = await find(email)
        return row && matches(password, row.password) ? toUser(row) : undefined
      },
      async add({ email, emailVerified = false, password, providerId, supervisor = false }, invite) {
        const row = [
          email,
          emailVerified,
          password === undefined ? null : hash(password),
          providerId ?? null,
          supervisor,
          invite?.role ?? null,
          invite?.inviter?.name ?? invite?.inviter?.email ?? null,
        ]
        const client = await pool.connect()
        try {
          await client.query('begin')
          const { rows } = await client.query<UserRow>(
            `insert into users (email, email_verified, password, provider_id, supervisor, role, invited_by)
              values ($1, $2, $3, $4, $5, $6, $7) returning *`,
            row,
          )
          const user = toUser(rows[0])
          if (user === undefined) throw new Error('the user was not added')
          await invite?.accept({ userId: user.id, trx: client }) // (gate)
          await client.query('commit')
          return user
        } catch (error) {
          await client.query('rollback')
          throw error
        } finally {
          client.release()
        }
      },
      async link(user, providerId) {
        await pool.query('update users set provider_id = $1 where id = $2', [providerId, user.id])
        return user
      },
    },
    store: postgresStore(pool),
    place: new URL(connectionString).pathname.slice(1),
    close: () => pool.end(),
  }
}
