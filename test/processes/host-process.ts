// A host app in a process of its own: users and invites in one database. Prints its port once it listens.
//
// DATABASE and INVITE_SECRET are required. WORK_MS is the most that a handler takes before it makes the account. A
// signup says in `accept` how the use is counted: `inside` the transaction of its user row, or `after` it. WEBHOOK_URL
// is told of everything, signed with WEBHOOK_SECRET, by POST /deliver.
import type { AddressInfo } from 'node:net'
import { setTimeout as work } from 'node:timers/promises'
import express, { type ErrorRequestHandler } from 'express'
import { createInvites, InviteError, requireInvite } from '../../src/index.js'
import { openHostDatabase } from './host-database.js'

const { DATABASE = '', INVITE_SECRET, WORK_MS = '0', GROUP_SIZE, WEBHOOK_URL, WEBHOOK_SECRET = '' } = process.env

const { store, signUp } = await openHostDatabase(DATABASE, GROUP_SIZE ? Number(GROUP_SIZE) : undefined)
await store.migrate()
const invites = createInvites({
  store,
  secret: INVITE_SECRET,
  baseUrl: 'https://acme.dev/invites',
  signupUrl: 'https://acme.dev/signup',
  deliver: false,
  ...(WEBHOOK_URL !== undefined && { webhooks: { url: WEBHOOK_URL, secret: WEBHOOK_SECRET } }),
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

const app = express()
app.use(express.json())
app.post('/signup', requireInvite(invites), async (req, res) => {
  const { body, invite } = req
  if (body.hold) await untilTold()
  else if (WORK_MS !== '0') await work(Math.random() * Number(WORK_MS))
  if (invite === undefined) throw new Error('this host admits nobody without an invite')
  if (body.fail) res.status(422).json({ code: 'password_too_short' })
  else res.status(201).json({ userId: await signUp(String(body.email), invite, body.accept) })
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
app.post('/revoke', async (req, res) => {
  const { inviteId, inviterId } = req.body
  if (inviteId) await invites.revoke(inviteId)
  else await invites.revokeAll({ inviterId })
  res.sendStatus(204)
})
app.post('/deliver', async (_req, res) => {
  await invites.deliver()
  res.sendStatus(204)
})
app.post('/mode', async (req, res) => {
  await invites.settings({ mode: req.body.mode })
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
