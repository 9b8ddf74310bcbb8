// The gate as a developer writes it by hand, whichever the database: a table of hashed codes, each good once, and of who
// came with which. As much as can be left out is: no modes, no bound addresses, no holds, no log.
import { randomUUID } from 'node:crypto'
import type { Express } from 'express'
import type { Sent } from '../host-process.js'
import { badCodes, type Host, hashOf, makeCode, newEmail, signupWith } from './kinds.js'

/** Its tables, in SQL that both databases read. */
export const BY_HAND_TABLES = `
  create table if not exists hand_invites (id text primary key, code_hash text not null unique, email text, role text,
    max_uses integer not null, uses integer not null default 0, claimed_until bigint not null default 0,
    created_at bigint not null, expires_at bigint not null);
  create index if not exists hand_invites_by_age on hand_invites (created_at, id);
  create unique index if not exists hand_invites_by_email on hand_invites (email);
  create table if not exists hand_acceptances (id text primary key, invite_id text not null, user_id bigint not null,
    email text not null, accepted_at bigint not null);
  create index if not exists hand_acceptances_by_invite on hand_acceptances (invite_id);
  create table if not exists hand_deliveries (id text primary key, invite_id text not null, attempts integer not null,
    next_attempt_at bigint not null);
  create index if not exists hand_deliveries_due on hand_deliveries (next_attempt_at)`

export interface HandInvite {
  readonly id: string
  readonly codeHash: string
  readonly email: string | null
  readonly maxUses: number
  readonly createdAt: number
  readonly expiresAt: number
}

type Awaitable<Result> = Result | Promise<Result>

/** What is done in the database. */
export interface Desk {
  /** The id of the new user; `undefined`: not let in. */
  signUp(email: string, codeHash: string): Awaitable<number | undefined>
  find(
    codeHash: string,
    now: number,
  ): Awaitable<{ readonly role: string | null; readonly expiresAt: number } | undefined>
  /** With its mail, in one transaction. */
  create(invite: HandInvite, deliveryId: string): Awaitable<unknown>
  /** Without mails, all in one transaction. */
  createMany(invites: readonly HandInvite[]): Awaitable<unknown>
}

const TERM_MS = 7 * 24 * 60 * 60 * 1000
const HOT_USES = 100_000

export function byHandApp(app: Express, desk: Desk): Express {
  app.post('/signup', async (req, res) => {
    const userId = await desk.signUp(req.body.email, hashOf(req.body.inviteCode))
    if (userId === undefined) res.status(403).json({ code: 'invite_invalid' })
    else res.status(201).json({ id: userId, email: req.body.email })
  })
  app.post('/check', async (req, res) => {
    const found = await desk.find(hashOf(req.body.inviteCode), Date.now())
    if (found === undefined) res.status(404).json({ code: 'invite_not_found' })
    else res.json({ role: found.role, expiresAt: new Date(found.expiresAt).toISOString() })
  })
  app.post('/invite', async (req, res) => {
    const code = makeCode()
    const invite = newInvite(code, { email: req.body.email })
    await desk.create(invite, randomUUID())
    res.status(201).json({ inviteId: invite.id, inviteCode: code, email: invite.email, used: false })
  })
  return app
}

export function prepareByHand(desk: Pick<Desk, 'createMany'>): Host['prepare'] {
  const codes = async (count: number, maxUses = 1) => {
    const made = Array.from({ length: count }, () => makeCode())
    await desk.createMany(made.map((code) => newInvite(code, { maxUses })))
    return made
  }
  let hot: Promise<readonly string[]> | undefined
  return {
    signup: async (count) => (await codes(count)).map((code) => signupWith(code)),
    bad: badCodes,
    async hot(count) {
      hot ??= codes(1, HOT_USES)
      const [code = ''] = await hot
      return Array.from({ length: count }, () => signupWith(code))
    },
    check: async (count) =>
      (await codes(count)).map((inviteCode) => ({ path: '/check', body: JSON.stringify({ inviteCode }), status: 200 })),
    create: (count) =>
      Array.from({ length: count }, (): Sent => {
        return { path: '/invite', body: JSON.stringify({ email: newEmail() }), status: 201 }
      }),
  }
}

function newInvite(code: string, changes: Partial<HandInvite>): HandInvite {
  const createdAt = Date.now()
  const expiresAt = createdAt + TERM_MS
  return { id: randomUUID(), codeHash: hashOf(code), email: null, maxUses: 1, createdAt, expiresAt, ...changes }
}
