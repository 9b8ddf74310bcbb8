// The host's own users, in its own tables of the SQLite file that the invites live in too.
import { randomBytes, scryptSync, timingSafeEqual } from 'node:crypto'
import type { Database } from 'better-sqlite3'

export interface User {
  readonly id: number
  readonly email: string
  readonly supervisor: 0 | 1
  readonly role: string | null
  readonly invited_by: string | null
}

export interface NewUser {
  readonly email: string
  readonly password: string
  readonly supervisor?: boolean
  readonly role?: string | null
  readonly invitedBy?: string | null
}

export function createUsers(db: Database) {
  db.exec(`create table if not exists users (
    id integer primary key,
    email text not null unique collate nocase,
    password text not null,
    supervisor integer not null default 0,
    role text,
    invited_by text
  )`)
  return {
    byId: (id: number) => db.prepare<[number], User>('select * from users where id = ?').get(id),
    byEmail: (email: string) => db.prepare<[string], User>('select * from users where email = ?').get(email),
    add({ email, password, supervisor = false, role = null, invitedBy = null }: NewUser): User {
      const insert = db.prepare<unknown[], User>(
        'insert into users (email, password, supervisor, role, invited_by) values (?, ?, ?, ?, ?) returning *',
      )
      const user = insert.get(email, hash(password), supervisor ? 1 : 0, role, invitedBy)
      if (user === undefined) throw new Error('the user was not added')
      return user
    },
    withPassword(email: string, password: string): User | undefined {
      const user = db.prepare<[string], User & { password: string }>('select * from users where email = ?').get(email)
      return user && matches(password, user.password) ? user : undefined
    },
  }
}

export type Users = ReturnType<typeof createUsers>

function hash(password: string, salt = randomBytes(16)): string {
  return `${salt.toString('hex')}:${scryptSync(password, salt, 32).toString('hex')}`
}

function matches(password: string, stored: string): boolean {
  const [salt = ''] = stored.split(':')
  return timingSafeEqual(Buffer.from(hash(password, Buffer.from(salt, 'hex'))), Buffer.from(stored))
}
