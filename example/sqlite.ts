// The example on an embedded SQLite file: the default, which needs nothing installed.
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import Sqlite from 'better-sqlite3'
import { sqliteStore } from 'express-invite-only/adapters/sqlite'
import { type Database, hash, matches, toUser, type UserRow } from './users.js'

export async function openSqlite(file: string): Promise<Database> {
  mkdirSync(dirname(file), { recursive: true })
  const db = new Sqlite(file)
  db.pragma('journal_mode = wal')
  createUsers(db)
  const find = db.prepare<[string], UserRow>('select * from users where email = ?')
  return {
    users: {
      async byId(id) {
        return toUser(db.prepare<[number], UserRow>('select * from users where id = ?').get(id))
      },
      async byEmail(email) {
        return toUser(find.get(email))
      },
      async byProviderId(providerId) {
        return toUser(db.prepare<[string], UserRow>('select * from users where provider_id = ?').get(providerId))
      },
      async withPassword(email, password) {
        const row = find.get(email)
        return row && matches(password, row.password) ? toUser(row) : undefined
      },
      async add({ email, emailVerified, password, providerId, supervisor }, invite) {
        const insert = db.prepare<unknown[], UserRow>(
          `insert into users (email, email_verified, password, provider_id, supervisor, role, invited_by)
            values (?, ?, ?, ?, ?, ?, ?) returning *`,
        )
        const row = [
          email,
          emailVerified ? 1 : 0,
          password === undefined ? null : hash(password),
          providerId ?? null,
          supervisor ? 1 : 0,
          invite?.role ?? null,
          invite?.inviter?.name ?? invite?.inviter?.email ?? null,
        ]
        const signUp = db.transaction(() => {
          const user = toUser(insert.get(row))
          if (user === undefined) throw new Error('the user was not added')
          invite?.acceptSync({ userId: user.id, trx: db }) // (gate)
          return user
        })
        return signUp.immediate()
      },
      async link(user, providerId) {
        db.prepare('update users set provider_id = ? where id = ?').run(providerId, user.id)
        return user
      },
    },
    store: sqliteStore(db),
    place: file,
    async close() {
      db.close()
    },
  }
}

function createUsers(db: Sqlite.Database): void {
  const columns = db.pragma('table_info(users)') as readonly { readonly name: string }[]
  // Of a file from before there were providers: SQLite cannot make its `password` optional, so it is copied.
  const isOld = columns.length > 0 && !columns.some(({ name }) => name === 'provider_id')
  db.transaction(() => {
    if (isOld) db.exec('alter table users rename to users_before')
    db.exec(`create table if not exists users (
      id integer primary key,
      email text not null unique collate nocase,
      email_verified integer not null default 0,
      password text,
      provider_id text unique,
      supervisor integer not null default 0,
      role text,
      invited_by text
    )`)
    if (!isOld) return
    const kept = 'id, email, password, supervisor, role, invited_by'
    db.exec(`insert into users (${kept}) select ${kept} from users_before; drop table users_before`)
  }).immediate()
}
