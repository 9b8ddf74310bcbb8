// A host app in a process of its own: users and invites in one SQLite file. Prints its port once it listens.
//
// DATABASE_FILE (in WAL mode) and INVITE_SECRET are required. ACCEPT is `sync` (account and use in one transaction) or `async` (the
// account first, then `await accept`). WORK_MS is the most that a handler takes before it makes the account.
import type { AddressInfo } from 'node:net'
import { setTimeout as work } from 'node:timers/promises'
import Database from 'better-sqlite3'
import express, { type ErrorRequestHandler, type Request } from 'express'
import { sqliteStore } from '../../adapters/sqlite.js'
import { createInvites, InviteError, requireInvite } from '../../src/index.js'

const { DATABASE_FILE = '', INVITE_SECRET, ACCEPT = 'sync', WORK_MS = '0' } = process.env

const db = new Database(DATABASE_FILE)
// Unique on nothing but the id: an invite that lets two in shows as two rows.
db.exec('create table if not exists users (id integer primary key, email text not null, invite_id text)')
const insertUser = db.prepare<[string, string | null], { id: number }>(
  'insert into users (email, invite_id) values (?, ?) returning id',
)

const store = sqliteStore(db)
await store.migrate()
const invites = createInvites({
  store,
  secret: INVITE_SECRET,
  baseUrl: 'https://acme.dev/invites',
  signupUrl: 'https://acme.dev/signup',
  deliver: false,
})

const heldSignups: (() => void)[] = []
const askedForHeld: (() => void)[] = []

/** Waits for POST /go, and lets POST /held tell that it waits. */
function untilTold(): Promise<void> {
  return new Promise((resolve) => {
    heldSignups.push(resolve)
    for (const tell of askedForHeld.splice(0)) tell()
  })
}

async function makeAccount(req: Request): Promise<number> {
  const { invite } = req
  const insert = () => {
    const user = insertUser.get(String(req.body.email), invite?.id ?? null)
    if (user === undefined) throw new Error('the user was not added')
    return user.id
  }
  if (ACCEPT === 'async') {
    const userId = insert()
    await invite?.accept({ userId })
    return userId
  }
  const signUp = db.transaction(() => {
    const userId = insert()
    invite?.acceptSync({ userId, trx: db })
    return userId
  })
  return signUp.immediate()
}

const app = express()
app.use(express.json())
app.post('/signup', requireInvite(invites), async (req, res) => {
  if (req.body.hold) await untilTold()
  else if (WORK_MS !== '0') await work(Math.random() * Number(WORK_MS))
  if (req.body.fail) res.status(422).json({ code: 'password_too_short' })
  else res.status(201).json({ userId: await makeAccount(req) })
})
app.post('/held', (_req, res) => {
  const tell = () => void res.sendStatus(204)
  if (heldSignups.length > 0) tell()
  else askedForHeld.push(tell)
})
app.post('/go', (_req, res) => {
  for (const go of heldSignups.splice(0)) go()
  res.sendStatus(204)
})
app.use(((error, _req, res, next) => {
  if (res.headersSent) return next(error)
  const { status, headers, code } = error instanceof InviteError ? error : { status: 500, headers: {}, code: 'bug' }
  res.status(status).set(headers).json({ code, message: error.message })
}) satisfies ErrorRequestHandler)

const server = app.listen(0, '127.0.0.1', () => {
  console.log(`port ${(server.address() as AddressInfo).port}`)
})
