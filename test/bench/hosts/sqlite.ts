// The hosts on SQLite: what they would be without a gate, with hand-written ones, and with ours.
import { randomUUID } from 'node:crypto'
import Database from 'better-sqlite3'
import type { Request } from 'express'
import { sqliteStore } from 'express-invite-only/adapters/sqlite'
import type { HostSpec } from '../host-process.js'
import { BY_HAND_TABLES, byHandApp, type Desk, type HandInvite, prepareByHand } from './by-hand.js'
import { CLAIM_MS, type Host, hashOf, jsonApp, unchecked, type Variants } from './kinds.js'
import { gatedApp, openOurs, ourHost } from './ours.js'

function open({ database, synchronous = 'full' }: HostSpec) {
  if (synchronous === 'normal') beNormal()
  const db = new Database(database)
  db.pragma('journal_mode = wal')
  db.pragma(`synchronous = ${synchronous}`)
  db.exec('create table if not exists users (id integer primary key, email text not null unique, created_at integer)')
  const insert = db.prepare<[string, number], { id: number }>(
    'insert into users (email, created_at) values (?, ?) returning id',
  )
  const insertUser = (email: string) => insert.get(email, Date.now())?.id ?? 0
  return { db, insertUser, close: async () => void db.close() }
}

/** Our store always waits for the disk. So that both can be compared at less, its connections are kept from asking. */
function beNormal(): void {
  const { pragma, prepare, exec } = Database.prototype
  const lower = (source: string) => source.replace(/(pragma\s+)?synchronous\s*=\s*full/i, '$1synchronous = normal')
  Database.prototype.pragma = function (source, options) {
    return pragma.call(this, lower(source), options)
  }
  Database.prototype.prepare = function (this: Database.Database, source: string) {
    return prepare.call(this, lower(source))
  } as typeof prepare
  Database.prototype.exec = function (source) {
    return exec.call(this, lower(source))
  }
}

function openByHand(spec: HostSpec) {
  const { db, insertUser, close } = open(spec)
  db.exec(BY_HAND_TABLES)
  const use = db.prepare<[string, number], { id: string }>(
    'update hand_invites set uses = uses + 1 where code_hash = ? and uses < max_uses and expires_at > ? returning id',
  )
  const record = db.prepare('insert into hand_acceptances values (?, ?, ?, ?, ?)')
  const select = db.prepare<[string, number], { role: string | null; expiresAt: number }>(
    'select role, expires_at as "expiresAt" from hand_invites where code_hash = ? and uses < max_uses and expires_at > ?',
  )
  const insert = db.prepare(
    `insert into hand_invites (id, code_hash, email, max_uses, created_at, expires_at)
     values (@id, @codeHash, @email, @maxUses, @createdAt, @expiresAt)`,
  )
  const queue = db.prepare('insert into hand_deliveries values (?, ?, 0, ?)')
  const signUp = db.transaction((email: string, codeHash: string) => {
    const now = Date.now()
    const invite = use.get(codeHash, now)
    if (invite === undefined) return undefined
    const userId = insertUser(email)
    record.run(randomUUID(), invite.id, userId, email, now)
    return userId
  }).immediate
  const create = db.transaction((invite: HandInvite, deliveryId: string) => {
    insert.run(invite)
    queue.run(deliveryId, invite.id, invite.createdAt)
  }).immediate
  const createMany = db.transaction((invites: readonly HandInvite[]) => {
    for (const invite of invites) insert.run(invite)
  }).immediate
  const desk: Desk = { signUp, create, createMany, find: (codeHash, now) => select.get(codeHash, now) }
  return { db, insertUser, record, desk, close }
}

async function floor(spec: HostSpec): Promise<Host> {
  const { insertUser, close } = open(spec)
  const app = jsonApp()
  app.post('/signup', (req, res) => {
    const { email } = req.body
    res.status(201).json({ id: insertUser(email), email })
  })
  return { app, prepare: { signup: unchecked }, close }
}

export const sqliteVariants: Variants = {
  async bare(spec) {
    const { close } = open(spec)
    const app = jsonApp()
    app.post('/signup', (req, res) => void res.status(201).json({ id: 1, email: req.body.email }))
    return { app, prepare: { signup: unchecked }, close }
  },

  floor,
  'floor, again': floor,

  async 'by hand'(spec) {
    const { desk, close } = openByHand(spec)
    return { app: byHandApp(jsonApp(), desk), prepare: prepareByHand(desk), close }
  },

  async 'three commits'(spec) {
    const { db, insertUser, record, desk, close } = openByHand(spec)
    const claim = db.prepare<[number, string, number, number], { id: string }>(
      `update hand_invites set claimed_until = ? where code_hash = ? and uses < max_uses and claimed_until < ?
       and expires_at > ? returning id`,
    )
    const use = db.prepare('update hand_invites set uses = uses + 1, claimed_until = 0 where id = ?')
    const accept = db.transaction((inviteId: string, userId: number, email: string) => {
      use.run(inviteId)
      record.run(randomUUID(), inviteId, userId, email, Date.now())
    }).immediate
    const app = jsonApp()
    app.post(
      '/signup',
      (req, res, next) => {
        const now = Date.now()
        const invite = claim.get(now + CLAIM_MS, hashOf(req.body.inviteCode), now, now)
        if (invite === undefined) return void res.status(403).json({ code: 'invite_invalid' })
        res.locals.inviteId = invite.id
        next()
      },
      (req, res) => {
        const { email } = req.body
        const id = insertUser(email)
        accept(res.locals.inviteId, id, email)
        res.status(201).json({ id, email })
      },
    )
    return { app, prepare: prepareByHand(desk), close }
  },

  async ours(spec) {
    const { db, insertUser, close } = open(spec)
    const ours = await openOurs(sqliteStore(db))
    const app = gatedApp(ours.invites, async (req, res) => {
      const { email } = req.body
      const id = insertUser(email)
      await req.invite?.accept({ userId: id })
      res.status(201).json({ id, email })
    })
    return ourHost(app, ours, close)
  },

  async 'ours in its transaction'(spec) {
    const { db, insertUser, close } = open(spec)
    const ours = await openOurs(sqliteStore(db))
    const signUp = db.transaction((req: Request) => {
      const userId = insertUser(req.body.email)
      req.invite?.acceptSync({ userId, trx: db })
      return userId
    }).immediate
    const app = gatedApp(
      ours.invites,
      (req, res) => void res.status(201).json({ id: signUp(req), email: req.body.email }),
    )
    return ourHost(app, ours, close)
  },
}
