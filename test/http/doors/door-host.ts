// A host with users and one door to log in by, on loopback, whatever stands behind that door.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type ErrorRequestHandler, type Express, type Request } from 'express'
import type { Actor, AdmitOptions, Claim, InviteError, Invites, MailMessage } from '../../../src/index.js'
import { inviteRouter } from '../../../src/index.js'
import { afterThis } from '../../support/cleanup.js'
import { authorize, type Host, openHost } from '../../support/host.js'
import { type Page, Visitor } from './visitor.js'

/** A user of the host. */
export interface User {
  readonly id: number
  /** By which they are known to whoever says that it is them. */
  readonly login: string
  readonly email: string | null
  readonly role: string | null
}

/** Who logs in, as the provider is to tell it; `verified: undefined`: it does not say. */
export interface Person {
  readonly id: string
  readonly email?: string | undefined
  readonly verified?: boolean | undefined
}

/** What a door is mounted with. */
export interface Site {
  readonly app: Express
  readonly origin: string
  readonly invites: Invites
  /** Finds and makes the users of this host, by what `idOf` names them by. */
  options<Profile>(idOf: (profile: Profile) => string): AdmitOptions<User, Profile>
}

/** A way to log in, of which the visitor's side is `enter`, and at which the provider is told who it is by `says`. */
export interface Door {
  /** Whether another site says who logs in; then it says which addresses are verified, or the host trusts it with that. */
  readonly provider: 'asserts' | 'trusted' | 'none'
  /** The status where the host fails. Default: 500, by its own error handler. */
  readonly failure?: string
  says(person: Person): void
  /** Mounts it, with GET /login as the way in; returns how to read who is logged in. */
  mount(site: Site): (req: Request) => unknown
  /** What the visitor does to log in. Default: goes to /login, and wherever that leads. */
  enter?(visitor: Visitor, origin: string): Promise<Page>
}

/** What became of a login. */
interface Outcome {
  /** Why not; its status, where the answer names no code. */
  readonly code: string | undefined
  readonly message: string | undefined
  /** The `login` of who is logged in now. */
  readonly me: unknown
}

export interface DoorHost {
  readonly host: Host
  readonly invites: Invites
  readonly users: User[]
  readonly origin: string
  /** Who may invite, by address; changed by a test. */
  readonly inviters: Map<string, Actor>
  /** The join link of the last mail. */
  mailedLink(): Promise<string>
  /** A visitor goes in by the door, by way of this join link. */
  logIn(person: Person, joinUrl?: string | null, visitor?: Visitor): Promise<Outcome>
}

/** What a host has different. */
interface Differently {
  readonly createUser?: () => User
  /** Says it by what `idOf` names somebody by. */
  readonly exempt?: (login: string) => boolean
}

export async function openDoor(door: Door, { createUser, exempt }: Differently = {}): Promise<DoorHost> {
  const app = express()
  const server = createServer(app).listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  afterThis(() => {
    server.closeAllConnections()
    server.close()
  })
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const inviters = new Map<string, Actor>()
  const findInviter = ({ id, email }: { id?: string | undefined; email?: string | undefined }) =>
    [...inviters.values()].find((actor) => actor.id === id || actor.email === email) ?? null
  const mails: MailMessage[] = []
  const mailer = { sendMail: async (message: MailMessage) => void mails.push(message) }
  const urls = { baseUrl: `${origin}/invites`, signupUrl: `${origin}/signup` }
  const host = await openHost({ invites: { apps: { default: {}, school: {} }, findInviter, mailer, ...urls } })
  const { invites } = host
  const users: User[] = []
  const options = <Profile>(idOf: (profile: Profile) => string): AdmitOptions<User, Profile> => ({
    findUser: (profile) => users.find(({ login }) => login === idOf(profile)) ?? null,
    createUser(profile, invite: Claim | undefined) {
      const user = {
        id: users.length + 1,
        login: idOf(profile),
        email: invite?.email ?? null,
        role: invite?.role ?? null,
      }
      users.push(user)
      return user
    },
    appId: 'default',
    ...(createUser && { createUser }),
    ...(exempt && { exempt: (profile: Profile) => exempt(idOf(profile)) }),
  })

  app.use('/invites', inviteRouter(invites, { authorize }))
  app.get('/signup', (_req, res) => void res.json('Sign in with …'))
  const whoAmI = door.mount({ app, origin, invites, options })
  app.get('/me', async (req, res) => void res.json((await whoAmI(req)) ?? null))
  app.get('/', (_req, res) => void res.json('welcome'))
  app.use(((error: Partial<InviteError>, _req, res, _next) => {
    res.status(error.status ?? 500).json({ code: error.code, message: error.message })
  }) satisfies ErrorRequestHandler)

  async function logIn(person: Person, joinUrl?: string | null, visitor = new Visitor()): Promise<Outcome> {
    door.says(person)
    const { meanwhile } = visitor
    visitor.meanwhile = () => undefined
    if (joinUrl) await visitor.open(joinUrl)
    visitor.meanwhile = meanwhile
    const { status, text } = await (door.enter?.(visitor, origin) ?? visitor.open(`${origin}/login`))
    const { code, message } = status >= 400 && text.startsWith('{') ? JSON.parse(text) : {}
    const me = JSON.parse((await visitor.open(`${origin}/me`)).text)
    return { code: status < 400 ? undefined : (code ?? String(status)), message, me }
  }

  async function mailedLink(): Promise<string> {
    await invites.deliver()
    return /http:\S+\/join\/\S+/.exec(mails.at(-1)?.text ?? '')?.[0] ?? ''
  }

  return { host, invites, users, origin, inviters, mailedLink, logIn }
}
