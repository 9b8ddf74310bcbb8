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
  db.exec(`create table if not exists users (
    id integer primary key,
    email text not null unique collate nocase,
    password text not null,
    supervisor integer not null default 0,
    role text,
    invited_by text
  )`)
  const find = db.prepare<[string], UserRow>('select * from users where email = ?')
  return {
    users: {
      async byId(id) {
        return toUser(db.prepare<[number], UserRow>('select * from users where id = ?').get(id))
      },
      async byEmail(email) {
        return toUser(find.get(email))
      },
      async withPassword(email, password) {
        const row = find.get(email)
        return row && matches(password, row.password) ? toUser(row) : undefined
      },
      async add({ email, password, supervisor = false }, invite) {
        const insert = db.prepare<unknown[], UserRow>(
          'insert into users (email, password, supervisor, role, invited_by) values (?, ?, ?, ?, ?) returning *',
        )
        const { role = null, inviter = null } = invite ?? {}
        const signUp = db.transaction(() => {
          const user = toUser(insert.get(email, hash(password), supervisor ? 1 : 0, role, inviter?.name ?? null))
          if (user === undefined) throw new Error('the user was not added')
          invite?.acceptSync({ userId: user.id, trx: db }) // (gate)
          return user
        })
        return signUp.immediate()
      },
    },
    store: sqliteStore(db),
    place: file,
    async close() {
      db.close()
    },
  }
}
