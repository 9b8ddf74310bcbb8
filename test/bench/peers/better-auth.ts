// What the peers have in common: better-auth as its guide has it on Express, without what would only slow it down here
// (rate limits, telemetry, and hashing passwords, which costs more than all else together).
import { createHmac } from 'node:crypto'
import type { RequestListener } from 'node:http'
import { pathToFileURL } from 'node:url'
import Database from 'better-sqlite3'
import express, { type Express } from 'express'
import pg from 'pg'
import type { HostSpec } from '../host-process.js'

const SECRET = 'a secret of the benchmark, long enough'
const ORIGIN = 'http://127.0.0.1:3000'

type Made = Readonly<Record<string, unknown>>

/** The part of better-auth that is used, which is not there when this is compiled. */
interface Auth {
  readonly options: object
  readonly api: { createSystemInvite(request: object): Promise<{ readonly token: string }> }
  readonly $context: Promise<{
    readonly adapter: {
      create(row: { model: string; data: Made; forceAllowId?: boolean }): Promise<{ readonly id: string }>
    }
    readonly internalAdapter: {
      createUser(user: Made, ...rest: unknown[]): Promise<{ readonly id: string }>
      createSession(userId: string, ...rest: unknown[]): Promise<{ readonly token: string }>
    }
  }>
}

interface Peers {
  betterAuth(options: object): Auth
  toNodeHandler(auth: Auth): RequestListener
  getMigrations(options: object): Promise<{ runMigrations(): Promise<void> }>
  admin(): unknown
  organization(options: object): unknown
  betterEnrollment(options: object): unknown
}

export const HEADERS = { origin: ORIGIN }

export async function openAuth(
  { database, synchronous = 'full', peers = '' }: HostSpec,
  plugins: (from: Peers) => readonly unknown[],
) {
  const from = (await import(pathToFileURL(peers).href)) as Peers
  const { connection, close } = connect(database, synchronous)
  const hashing = { hash: async () => 'unhashed', verify: async () => true }
  const auth = from.betterAuth({
    database: connection,
    secret: SECRET,
    baseURL: ORIGIN,
    logger: { disabled: true },
    telemetry: { enabled: false },
    rateLimit: { enabled: false },
    emailAndPassword: { enabled: true, disableSignUp: true, password: hashing },
    plugins: plugins(from),
  })
  const { runMigrations } = await from.getMigrations(auth.options)
  await runMigrations()
  const app: Express = express()
  app.all('/api/auth/*splat', from.toNodeHandler(auth))
  return { auth, app, close }
}

function connect(database: string, synchronous: 'full' | 'normal') {
  if (database.startsWith('postgres:')) {
    const pool = new pg.Pool({ connectionString: database })
    pool.on('error', () => undefined)
    return { connection: pool, close: () => pool.end() }
  }
  const db = new Database(database)
  db.pragma(`synchronous = ${synchronous}`)
  return { connection: db, close: async () => void db.close() }
}

/** The cookie of a session, signed as better-auth does it. */
export function sessionCookie(token: string): string {
  const signature = createHmac('sha256', SECRET).update(token).digest('base64')
  return `better-auth.session_token=${encodeURIComponent(`${token}.${signature}`)}`
}
