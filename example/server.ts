// Starts the example: `npm start`. PORT, DATABASE_PATH or DATABASE_URL, and SMTP_URL configure it; without them it runs
// by itself.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createInvites } from 'express-invite-only'
import { createTransport } from 'nodemailer'
import { createApp } from './app.js'
import { callbackUrlOf } from './example-id.js'
import { startMailServer } from './mail-server.js'
import { openPostgres } from './postgres.js'
import { startProvider } from './provider.js'
import { openSqlite } from './sqlite.js'

const { PORT = '3000', DATABASE_PATH = '.data/example.db', DATABASE_URL, SMTP_URL } = process.env
if (!/^\d{1,5}$/.test(PORT) || Number(PORT) > 65535) {
  console.error(`PORT must be a number from 0 to 65535 (0: any free one), not ${PORT}.`)
  process.exit(1)
}
const SUPERVISOR = { email: 'supervisor@example.com', password: 'orchard-dev' }
// Good for a machine of your own. An app that others can reach needs secrets that nobody can read here.
const DEVELOPMENT_SECRET = 'this-secret-is-public-and-only-for-development'

const { users, store, place, close } = await (DATABASE_URL ? openPostgres(DATABASE_URL) : openSqlite(DATABASE_PATH))
if (!(await users.byEmail(SUPERVISOR.email))) await users.add({ ...SUPERVISOR, supervisor: true })

const mailServer = SMTP_URL ? undefined : await startMailServer()
const mailer = createTransport(SMTP_URL || mailServer?.url)

const server = createServer()
server.on('error', (error: NodeJS.ErrnoException) => {
  const why = error.code === 'EADDRINUSE' ? `Port ${PORT} is taken. Choose another: PORT=3001 npm start` : error.message
  console.error(why)
  process.exit(1)
})
await new Promise<void>((resolve) => server.listen(Number(PORT), resolve))
const url = `http://localhost:${(server.address() as AddressInfo).port}`

await store.migrate()
const invites = createInvites({
  store,
  secret: process.env.INVITE_SECRET ?? DEVELOPMENT_SECRET,
  baseUrl: `${url}/invites`,
  signupUrl: `${url}/signup`,
  appName: 'Orchard',
  quota: 5, // invites that each member may send
  requestQuestions: { plan: { label: 'What would you like to grow?', maxLength: 200 } }, // asked in mode waitlist
  from: 'Orchard <hello@example.com>',
  mailer,
})
const sessionSecret = process.env.SESSION_SECRET ?? DEVELOPMENT_SECRET
const provider = await startProvider({ name: 'Orchard', callbackUrl: callbackUrlOf(url) })
server.on('request', createApp({ users, invites, provider, sessionSecret, mails: mailServer?.mails }))

console.log(`
  Orchard, an invite-only example app, is running.

  Open              ${url}
  Sign in as        ${SUPERVISOR.email}, password ${SUPERVISOR.password} (development supervisor)
  Or as anybody     by Example ID, a toy provider that runs beside it at ${provider.url}
  Send an invite    ${url}/admin/invites
  Read the mail     ${mailServer ? `${url}/inbox` : 'at the server in SMTP_URL'}

  Data is in ${place}. Stop with Ctrl+C.
`)

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, async () => {
    server.close()
    server.closeAllConnections()
    await invites.close()
    await provider.close()
    await mailServer?.close()
    await close()
    process.exit(0)
  })
}
