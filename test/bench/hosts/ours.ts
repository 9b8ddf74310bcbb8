// What the hosts have in common that use the package, whichever the database.
import type { ErrorRequestHandler, Express, RequestHandler } from 'express'
import {
  createInvites,
  InviteError,
  type InviteStore,
  type Invites,
  inviteRouter,
  requireInvite,
} from 'express-invite-only'
import type { Sent } from '../host-process.js'
import { bulkTasks } from './bulk-tasks.js'
import { badCodes, type Host, jsonApp, newEmail, signupWith } from './kinds.js'
import { createMail } from './mail-tasks.js'
import { storeTasks } from './store-tasks.js'

const HOT_USES = 100_000
const UNLIMITED = 1e9

interface Ours {
  readonly store: InviteStore
  readonly invites: Invites
  readonly mail: ReturnType<typeof createMail>
}

/** The package as its README has it. Where wrong codes are counted, none of them is one too many. */
export async function openOurs(store: InviteStore): Promise<Ours> {
  await store.migrate()
  const mail = createMail()
  const invites = createInvites({
    store,
    secret: 'a secret of the benchmark, long enough',
    baseUrl: 'https://acme.dev/invites',
    signupUrl: 'https://acme.dev/signup',
    mailer: mail.mailer,
    from: 'Acme <hello@acme.dev>',
    deliver: false,
    limits: { wrongCodes: { limit: UNLIMITED } },
  })
  return { store, invites, mail }
}

export function gatedApp(invites: Invites, signup: RequestHandler): Express {
  const app = jsonApp()
  app.post('/signup', requireInvite(invites), signup)
  app.get('/ping', (_req, res) => void res.json({ ok: true }))
  app.use('/invites', inviteRouter(invites, { authorize: () => ({ id: 'boss', access: 'supervisor' }) }))
  app.use(((error, _req, res, _next) => {
    const refused = error instanceof InviteError
    if (!refused || error.status >= 500) console.error(error)
    res.status(refused ? error.status : 500).json({ code: refused ? error.code : 'internal' })
  }) satisfies ErrorRequestHandler)
  return app
}

function prepareOurs(invites: Invites): Host['prepare'] {
  let hot: Promise<string> | undefined
  const makeOne = async (maxUses: number) => (await invites.send({ email: null, maxUses })).inviteCode ?? ''
  const codes = (count: number) => Promise.all(Array.from({ length: count }, () => makeOne(1)))
  return {
    signup: async (count) => (await codes(count)).map((code) => signupWith(code)),
    bad: badCodes,
    async hot(count) {
      hot ??= makeOne(HOT_USES)
      const code = await hot
      return Array.from({ length: count }, () => signupWith(code))
    },
    async check(count) {
      const path = '/invites/app/default/invite/check'
      return (await codes(count)).map((inviteCode) => ({ path, body: JSON.stringify({ inviteCode }), status: 200 }))
    },
    create: (count) =>
      Array.from({ length: count }, (): Sent => {
        return { path: '/invites/app/default/invite', body: JSON.stringify({ email: newEmail() }), status: 201 }
      }),
  }
}

/** @param close Of the host's own database. */
export function ourHost(app: Express, { store, invites, mail }: Ours, close: () => Promise<void>): Host {
  return {
    app,
    prepare: prepareOurs(invites),
    tasks: { ...storeTasks(store, invites), ...bulkTasks(invites), ...mail.tasks(invites) },
    async close() {
      mail.close()
      await invites.close()
      await store.close()
      await close()
    },
  }
}
