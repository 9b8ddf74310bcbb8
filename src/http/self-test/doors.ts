// The doors that a host declares to its self-test, and what is wrong with a declaration.
import { checkNames } from '../../option-names.js'
import type { Awaitable } from '../../options.js'
import type { SendInvite } from '../../use-cases/send.js'

/** One try to sign up, as the functions of a door are given it. */
export interface SignupTry {
  /** Where the app is served meanwhile, such as `http://127.0.0.1:40123`. */
  readonly url: string
  /** To be sent as the code; `undefined`: this try is without an invite. */
  readonly inviteCode: string | undefined
  /** An address that no other try has. */
  readonly email: string
  /** Nine digits that no other try has, for a user name or an id. */
  readonly unique: string
}

/** What every door may say. */
export interface DoorOptions {
  /** How the report calls it. Default: `POST /signup`, or the strategy's name. */
  readonly name?: string | undefined
  /** What the invites of its tries grant, for a signup that does not go without. Default: nothing. */
  readonly invite?: Pick<SendInvite, 'role' | 'orgId' | 'metadata'> | undefined
}

/** A door that is a route: whoever sends this signs up. */
export interface RouteDoor extends DoorOptions {
  /** The path of the route, such as `/signup`. */
  readonly path: string
  /** Default: `POST`. */
  readonly method?: 'POST' | 'PUT' | 'PATCH' | undefined
  /** `json`, or `form` as browsers send it. Default: `json`. */
  readonly type?: 'json' | 'form' | undefined
  /**
   * What is sent. In an object, addresses, `username` and `id` are made different for each try, and the code is added
   * as `inviteCode`; a function sees to both itself.
   */
  readonly body: object | ((signup: SignupTry) => Awaitable<object>)
  /** Headers to send, such as a session and its CSRF token. */
  readonly headers?:
    | Readonly<Record<string, string>>
    | ((signup: SignupTry) => Awaitable<Readonly<Record<string, string>>>)
    | undefined
}

/** A door that is a Passport strategy, tried as if its provider had sent somebody back. */
export interface StrategyDoor extends DoorOptions {
  /** The strategy as it was given to `passport.use`, or the callback that `admit` returned. */
  readonly strategy: object
  /**
   * Who logs in, as the provider tells; `{ username, password }` for a local login. In an object, addresses, `username`
   * and `id` are made different for each try; a function sees to that itself.
   */
  readonly profile?: object | ((signup: SignupTry) => Awaitable<object>) | undefined
  /** All that the strategy gives its verify callback between `req` and `done`, where it is not known from `profile`. */
  readonly values?: ((signup: SignupTry) => Awaitable<readonly unknown[]>) | undefined
}

/** Any other door, such as GraphQL or a form of several pages. */
export interface CustomDoor extends DoorOptions {
  /** How the report calls it. */
  readonly name: string
  /** Signs up, and resolves with the answer: a `Response`, anything with a `status`, or nothing. */
  readonly try: (signup: SignupTry) => unknown
}

/** A way to sign up with a host's app. */
export type Door = RouteDoor | StrategyDoor | CustomDoor

export function isRoute(door: Door): door is RouteDoor {
  return 'path' in door && door.path !== undefined
}

export function isStrategy(door: Door): door is StrategyDoor {
  return 'strategy' in door && door.strategy !== undefined
}

/** How doors are tried. */
export interface SelfTestOptions {
  /** Every way to sign up, each tried in turn. */
  readonly doors: readonly Door[]
  /** The app that is signed up to. Default: the only one, or `default`. */
  readonly appId?: string | undefined
  /**
   * How many accounts there are. With it, a door is also judged by the accounts that it made: one that makes some for
   * whom it refused, or counts an invite and makes none, is found whatever it answers.
   */
  readonly accounts?: (() => Awaitable<number>) | undefined
  /** How long a try may take, in ms. Default: 10 seconds. */
  readonly timeoutMs?: number | undefined
}

const EXAMPLE = "selfTest(app, { doors: [{ path: '/signup', body: { email: 'test@example.com', password: '…' } }] })"

/** @throws TypeError where an option is unknown, missing or wrong. */
export function checkSelfTestOptions(options: SelfTestOptions): void {
  checkNames('selfTest', options ?? {}, ['doors', 'appId', 'accounts', 'timeoutMs'])
  const { doors, accounts, timeoutMs } = options ?? {}
  if (!Array.isArray(doors) || doors.length === 0) {
    throw new TypeError(`selfTest: \`doors\` must name the ways to sign up, as in ${EXAMPLE}.`)
  }
  if (accounts !== undefined && typeof accounts !== 'function') {
    throw new TypeError('selfTest: `accounts` must be a function that says how many accounts there are.')
  }
  if (timeoutMs !== undefined && !(Number.isSafeInteger(timeoutMs) && timeoutMs > 0)) {
    throw new TypeError('selfTest: `timeoutMs` must be a whole number of milliseconds, 1 or more.')
  }
  for (const [at, door] of doors.entries()) checkDoor(`doors[${at}]`, door)
}

const common = ['name', 'invite']
const kinds = {
  path: ['path', 'method', 'type', 'body', 'headers'],
  strategy: ['strategy', 'profile', 'values'],
  try: ['try'],
} as const

function checkDoor(at: string, door: unknown): void {
  const wrong = (what: string) => new TypeError(`selfTest: ${at}${what}.`)
  if (!isObject(door)) throw wrong(' must be an object')
  const [kind, ...more] = (['path', 'strategy', 'try'] as const).filter((name) => door[name] !== undefined)
  if (kind === undefined || more.length > 0) {
    throw wrong(' must have one of `path`, `strategy` (for Passport) and `try` (for anything else)')
  }
  checkNames(`selfTest: ${at}`, door, [...common, ...kinds[kind]])
  const { name, invite } = door
  if (name !== undefined && (typeof name !== 'string' || name === '')) throw wrong('.name must be a text')
  if (invite !== undefined) checkNames(`selfTest: ${at}.invite`, invite, ['role', 'orgId', 'metadata'])
  if (kind === 'path') checkRoute(wrong, door)
  if (kind === 'strategy') checkStrategy(wrong, door)
  if (kind === 'try' && typeof door.try !== 'function') throw wrong('.try must be a function that signs up')
  if (kind === 'try' && name === undefined) throw wrong('.name must say how to call it in the report')
}

type Wrong = (what: string) => TypeError
type Fields = Readonly<Record<string, unknown>>

function checkRoute(wrong: Wrong, { path, method = 'POST', type = 'json', body, headers }: Fields): void {
  if (typeof path !== 'string' || !/^\/(?!\/)/.test(path))
    throw wrong(".path must begin with a slash, as '/signup' does")
  if (!['POST', 'PUT', 'PATCH'].includes(String(method))) throw wrong('.method must be POST, PUT or PATCH')
  if (!['json', 'form'].includes(String(type))) throw wrong(".type must be 'json' or 'form'")
  if (!isObject(body) && typeof body !== 'function') {
    throw wrong(".body must be what your signup is sent, such as { email: 'test@example.com', password: '…' }")
  }
  if (headers !== undefined && !isObject(headers) && typeof headers !== 'function') {
    throw wrong('.headers must be an object, or a function that returns one')
  }
}

function checkStrategy(wrong: Wrong, { strategy, profile, values }: Fields): void {
  if (!isObject(strategy) && typeof strategy !== 'function') throw wrong('.strategy must be a Passport strategy')
  if (values !== undefined && typeof values !== 'function') {
    throw wrong('.values must be a function that returns what the strategy passes between `req` and `done`')
  }
  if (values === undefined && !isObject(profile) && typeof profile !== 'function') {
    throw wrong(
      ".profile must be who logs in, such as { id: '1', emails: [{ value: 'test@example.com', verified: true }] }",
    )
  }
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
