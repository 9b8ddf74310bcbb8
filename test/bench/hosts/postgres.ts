// The hosts on Postgres: what they would be without a gate, with hand-written ones, and with ours.
import { randomUUID } from 'node:crypto'
import { postgresStore } from 'express-invite-only/adapters/postgres'
import pg from 'pg'
import type { HostSpec } from '../host-process.js'
import { BY_HAND_TABLES, byHandApp, type Desk, type HandInvite, prepareByHand } from './by-hand.js'
import { CLAIM_MS, type Host, hashOf, jsonApp, unchecked, type Variants } from './kinds.js'
import { gatedApp, openOurs, ourHost } from './ours.js'

const INSERT_USER = 'insert into users (email, created_at) values ($1, $2) returning id'
const USE = `update hand_invites set uses = uses + 1 where code_hash = $1 and uses < max_uses and expires_at > $2
  returning id`
const RECORD = 'insert into hand_acceptances values ($1, $2, $3, $4, $5)'
const SIGN_UP = `with used as (${USE}), made as (
    insert into users (email, created_at) select $3, $2 from used returning id
  ), recorded as (
    insert into hand_acceptances select $4, used.id, made.id, $3, $2 from used, made
  ) select id from made`
const ACCEPT = `with used as (update hand_invites set uses = uses + 1, claimed_until = 0 where id = $2)
  insert into hand_acceptances values ($1, $2, $3, $4, $5)`
const CLAIM = `update hand_invites set claimed_until = $1 where code_hash = $2 and uses < max_uses and claimed_until < $3
  and expires_at > $3 returning id`
const FIND = `select role, expires_at as "expiresAt" from hand_invites where code_hash = $1 and uses < max_uses
  and expires_at > $2`
const COLUMNS = 'id, code_hash, email, max_uses, created_at, expires_at'
const CREATE = `with made as (insert into hand_invites (${COLUMNS}) values ($1, $2, $3, $4, $5, $6))
  insert into hand_deliveries values ($7, $1, 0, $5)`
const CREATE_MANY = `insert into hand_invites (${COLUMNS}) select * from json_to_recordset($1) as listed
  (id text, "codeHash" text, email text, "maxUses" integer, "createdAt" bigint, "expiresAt" bigint)`

async function open({ database }: HostSpec) {
  const pool = new pg.Pool({ connectionString: database })
  pool.on('error', () => undefined)
  await pool.query(
    'create table if not exists users (id bigserial primary key, email text not null unique, created_at bigint)',
  )
  const insertUser = async (client: pg.Pool | pg.PoolClient, email: string): Promise<number> =>
    (await client.query(named('insert-user', INSERT_USER, [email, Date.now()]))).rows[0].id
  return { pool, insertUser, close: () => pool.end() }
}

/** Prepared on each connection, as whoever cares for speed has it. */
function named(name: string, text: string, values: unknown[]) {
  return { name, text, values }
}

async function openByHand(spec: HostSpec) {
  const { pool, insertUser, close } = await open(spec)
  await pool.query(BY_HAND_TABLES)
  const desk: Desk = {
    signUp: (email, codeHash) =>
      inTransaction(pool, async (client) => {
        const now = Date.now()
        const [invite] = (await client.query(named('use', USE, [codeHash, now]))).rows
        if (invite === undefined) return undefined
        const userId = await insertUser(client, email)
        await client.query(named('record', RECORD, [randomUUID(), invite.id, userId, email, now]))
        return userId
      }),
    find: async (codeHash, now) => {
      const [found] = (await pool.query(named('find', FIND, [codeHash, now]))).rows
      return found && { role: found.role, expiresAt: Number(found.expiresAt) }
    },
    create: ({ id, codeHash, email, maxUses, createdAt, expiresAt }, deliveryId) =>
      pool.query(named('create', CREATE, [id, codeHash, email, maxUses, createdAt, expiresAt, deliveryId])),
    createMany: (invites: readonly HandInvite[]) => pool.query(CREATE_MANY, [JSON.stringify(invites)]),
  }
  return { pool, insertUser, desk, close }
}

async function inTransaction<Result>(pool: pg.Pool, work: (client: pg.PoolClient) => Promise<Result>): Promise<Result> {
  const client = await pool.connect()
  try {
    await client.query('begin')
    const result = await work(client)
    await client.query('commit')
    client.release()
    return result
  } catch (error) {
    client.release(true) // which rolls back
    throw error
  }
}

async function floor(spec: HostSpec): Promise<Host> {
  const { pool, insertUser, close } = await open(spec)
  const app = jsonApp()
  app.post('/signup', async (req, res) => {
    const { email } = req.body
    res.status(201).json({ id: await insertUser(pool, email), email })
  })
  return { app, prepare: { signup: unchecked }, close }
}

export const postgresVariants: Variants = {
  async bare(spec) {
    const { close } = await open(spec)
    const app = jsonApp()
    app.post('/signup', (req, res) => void res.status(201).json({ id: 1, email: req.body.email }))
    return { app, prepare: { signup: unchecked }, close }
  },

  floor,
  'floor, again': floor,

  async 'by hand'(spec) {
    const { desk, close } = await openByHand(spec)
    return { app: byHandApp(jsonApp(), desk), prepare: prepareByHand(desk), close }
  },

  async 'by hand, one statement'(spec) {
    const { pool, desk, close } = await openByHand(spec)
    const signUp = async (email: string, codeHash: string) =>
      (await pool.query(named('sign-up', SIGN_UP, [codeHash, Date.now(), email, randomUUID()]))).rows[0]?.id
    return { app: byHandApp(jsonApp(), { ...desk, signUp }), prepare: prepareByHand(desk), close }
  },

  async 'three commits'(spec) {
    const { pool, insertUser, desk, close } = await openByHand(spec)
    const app = jsonApp()
    app.post(
      '/signup',
      async (req, res, next) => {
        const now = Date.now()
        const values = [now + CLAIM_MS, hashOf(req.body.inviteCode), now]
        const [invite] = (await pool.query(named('claim', CLAIM, values))).rows
        if (invite === undefined) return void res.status(403).json({ code: 'invite_invalid' })
        res.locals.inviteId = invite.id
        next()
      },
      async (req, res) => {
        const { email } = req.body
        const id = await insertUser(pool, email)
        await pool.query(named('accept', ACCEPT, [randomUUID(), res.locals.inviteId, id, email, Date.now()]))
        res.status(201).json({ id, email })
      },
    )
    return { app, prepare: prepareByHand(desk), close }
  },

  async ours(spec) {
    const { pool, insertUser, close } = await open(spec)
    const ours = await openOurs(postgresStore(pool))
    const app = gatedApp(ours.invites, async (req, res) => {
      const { email } = req.body
      const id = await insertUser(pool, email)
      await req.invite?.accept({ userId: id })
      res.status(201).json({ id, email })
    })
    return ourHost(app, ours, close)
  },

  async 'ours in its transaction'(spec) {
    const { pool, insertUser, close } = await open(spec)
    const ours = await openOurs(postgresStore(pool))
    const app = gatedApp(ours.invites, async (req, res) => {
      const { email } = req.body
      const id = await inTransaction(pool, async (trx) => {
        const userId = await insertUser(trx, email)
        await req.invite?.accept({ userId, trx })
        return userId
      })
      res.status(201).json({ id, email })
    })
    return ourHost(app, ours, close)
  },
}
