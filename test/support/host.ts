// A host app as a backend developer would write it, on a database of its own, with a clock that tests move.
import express, { type ErrorRequestHandler, type Express, type Request } from 'express'
import request from 'supertest'
import {
  type Actor,
  createInvites,
  InviteError,
  type Invites,
  type InvitesOptions,
  inviteDashboard,
  inviteRouter,
  type RequireInviteOptions,
  requireInvite,
} from '../../src/index.js'
import type { InviteStore } from '../../src/store.js'
import { afterThis } from './cleanup.js'
import { type HostDatabase, openHostDatabase } from './host-database.js'

export const SECRET = 'a secret of the tests, long enough to be one'
export const START = Date.UTC(2026, 10, 21, 9, 0, 0)
export const MINUTE = 60_000
export const DAY = 24 * 60 * MINUTE

interface Clock {
  (): number
  /** Moves on by so many ms. */
  advance(ms: number): void
}

function createClock(start = START): Clock {
  let now = start
  return Object.assign(() => now, {
    advance(ms: number) {
      now += ms
    },
  })
}

/** An account that the host's signup made. */
interface Account {
  readonly id: number
  readonly email: unknown
  readonly role: string | null
  readonly emailVerified: boolean | undefined
}

export interface Host {
  readonly app: Express
  readonly invites: Invites
  readonly store: InviteStore
  readonly clock: Clock
  readonly database: HostDatabase
  /** The accounts that POST /signup has made. */
  readonly accounts: Account[]
  /** Errors that reached the host's own error handler. */
  readonly errors: unknown[]
  /** Posts to the signup route. */
  signup(body: object): request.Test
  /** The management routes, as the supervisor. */
  manage: ReturnType<typeof manager>
}

export interface HostOptions {
  readonly invites?: Partial<InvitesOptions>
  readonly gate?: RequireInviteOptions
  /** Mounts more before the gate's own routes. */
  readonly before?: (app: Express) => void
  /** Replaces the handler of POST /signup. */
  readonly signup?: express.RequestHandler
  /** Uses the database of this one instead of a new one, as another process of the same host does. */
  readonly beside?: Host
  /** Uses this SQLite file. */
  readonly file?: string
}

/** `Authorization: Bearer supervisor`, `Bearer member:ID` or `Bearer other:ID` say who is asking. */
export function authorize(req: Request): Actor | null {
  const who = /^Bearer (\w+):?(.*)$/.exec(req.get('Authorization') ?? req.get('X-Who') ?? '')
  if (who?.[1] === 'supervisor') {
    return { id: who[2] || 'boss', email: 'boss@example.com', name: 'Bo Boss', access: 'supervisor' }
  }
  if (who?.[1] === 'member') return { id: who[2] ?? '', email: `${who[2]}@example.com`, access: 'member' }
  return null
}

export async function openHost(options: HostOptions = {}): Promise<Host> {
  const database = options.beside?.database ?? (await openHostDatabase(options.file))
  const store = options.invites?.store ?? database.openStore()
  await store.migrate()
  const clock = createClock()
  const invites = createInvites({
    store,
    secret: SECRET,
    baseUrl: 'https://acme.dev/invites',
    signupUrl: 'https://acme.dev/signup',
    from: 'Acme <hello@acme.dev>',
    deliver: false,
    clock,
    ...options.invites,
  })
  afterThis(() => invites.close())

  const accounts: Account[] = []
  const errors: unknown[] = []
  const app = express()
  options.before?.(app)
  app.use('/invites', inviteRouter(invites, { authorize }))
  app.use('/admin/invites', inviteDashboard(invites, { authorize }))
  app.post(
    '/signup',
    express.json(),
    express.urlencoded({ extended: true }),
    requireInvite(invites, options.gate),
    passingOn(options.signup) ??
      ((req, res) => {
        const { invite } = req
        const account = {
          id: accounts.length + 1,
          email: req.body?.email ?? invite?.email,
          role: invite?.role ?? null,
          emailVerified: invite?.emailVerified,
        }
        accounts.push(account)
        res.status(201).json(account)
      }),
  )
  app.use(((error, _req, res, next) => {
    errors.push(error)
    if (res.headersSent) return next(error)
    const status = error instanceof InviteError ? error.status : 500
    res
      .status(status)
      .set(error.headers ?? {})
      .json({ code: error.code, message: error.message, errors: error.errors })
  }) satisfies ErrorRequestHandler)

  return {
    app,
    invites,
    store,
    clock,
    database,
    accounts,
    errors,
    signup: (body) => request(app).post('/signup').send(body),
    manage: manager(app),
  }
}

/** What `createInvites` says of these options; fails where it takes them. */
export async function refusedOptions(invites: Partial<InvitesOptions>): Promise<string> {
  const error: unknown = await openHost({ invites }).catch((thrown: unknown) => thrown)
  if (error instanceof TypeError) return error.message
  throw new Error('it was not refused')
}

/** What an async handler throws goes to `next`: the test is to run on Express 4 too, which does not see to it. */
function passingOn(handler: express.RequestHandler | undefined): express.RequestHandler | undefined {
  return (
    handler &&
    (async (req, res, next) => {
      try {
        await handler(req, res, next)
      } catch (error) {
        next(error)
      }
    })
  )
}

/** Requests to the management routes of `app`, as `who`. */
export function manager(app: Express, who = 'supervisor') {
  const as = (test: request.Test) => test.set('Authorization', `Bearer ${who}`)
  const under = (path: string) => `/invites/app/${path}`
  return {
    get: (path: string) => as(request(app).get(under(path))),
    post: (path: string, body?: object) => as(request(app).post(under(path)).send(body)),
    put: (path: string, body?: object) => as(request(app).put(under(path)).send(body)),
    patch: (path: string, body?: object) => as(request(app).patch(under(path)).send(body)),
    delete: (path: string) => as(request(app).delete(under(path))),
  }
}

/** An invite that was just sent, with the code it must have. */
export async function sendInvite(host: Host, fields: Parameters<Invites['send']>[0] = {}, appId?: string) {
  const invite = await host.invites.send(fields, { appId })
  if (invite.inviteCode === null || invite.joinUrl === null) throw new Error('a new invite has a code')
  return { ...invite, inviteCode: invite.inviteCode, joinUrl: invite.joinUrl }
}

/** The code that a promise is refused with; fails where it is not. */
export async function refusal(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (error instanceof InviteError) return error.code
    throw error
  }
  throw new Error('it was not refused')
}
