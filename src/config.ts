// Options checked and completed, once, at start: whatever is wrong is told then, with the answer in it.
import { type AppConfig, appOptionNames, readApps } from './app-config.js'
import { readHumanCodes, readMailLimits } from './limits.js'
import { duration, isExposed, isWithin, optional, readUrl, text, wrong } from './option-checks.js'
import { checkNames } from './option-names.js'
import type { InviteLimits, InvitesOptions, Mailer, MailLimits } from './options.js'
import { KEPT_MS, type KeptFor, readRetention } from './retention.js'
import type { InviteStore } from './store.js'

/** The options of an install, complete. */
export interface Config {
  readonly store: InviteStore
  readonly secrets: readonly string[]
  /** Without a slash at its end. */
  readonly baseUrl: string
  readonly origin: string
  /** Whether `baseUrl` is http, and not this very machine. */
  readonly isExposed: boolean
  readonly mailer: Mailer | undefined
  readonly findInviter: InvitesOptions['findInviter']
  readonly apps: ReadonlyMap<string, AppConfig>
  /** The app meant where none is named; `undefined` where there are several and none is `default`. */
  readonly defaultAppId: string | undefined
  readonly roles: readonly string[] | undefined
  readonly claimTtlMs: number
  readonly deliver: boolean
  readonly retention: KeptFor
  /** Whether processes that deliver prune by themselves. */
  readonly prunes: boolean
  readonly wrongCodes: LimitConfig
  readonly accessRequests: LimitConfig
  /** `undefined`: made-up codes are good for nobody. */
  readonly humanCodes: Readonly<Required<{ perApp: number; overall: number }>> | undefined
  readonly mailLimits: MailLimits
  readonly cookieDomain: string | undefined
  readonly clock: () => number
}

/** A limit, complete. */
export interface LimitConfig {
  readonly limit: number
  readonly windowMs: number
  readonly store: unknown
}

const MIN_SECRET = 32

const optionNames = [
  ...appOptionNames,
  ...(['store', 'secret', 'baseUrl', 'mailer', 'findInviter', 'apps', 'roles'] as const),
  ...(['claimTtlMs', 'deliver', 'retention', 'limits', 'humanCodes', 'cookie', 'clock'] as const),
]

/** @throws TypeError where an option is unknown, missing or wrong; it says which, and what would be right. */
export function readOptions(options: InvitesOptions): Config {
  checkNames('createInvites', options, optionNames)
  const baseUrl = readUrl(
    'baseUrl',
    options.baseUrl,
    'where inviteRouter is reachable, such as https://acme.dev/invites',
  )
  const cookieDomain = readCookie(options, baseUrl)
  const apps = readApps(options, baseUrl, cookieDomain)
  const humanCodes = readHumanCodes(options.humanCodes)
  return {
    store: readStore(options.store),
    secrets: readSecrets(options.secret),
    baseUrl: baseUrl.href.replace(/\/$/, ''),
    origin: baseUrl.origin,
    isExposed: isExposed(baseUrl),
    mailer: readMailer(options.mailer),
    findInviter: optional('findInviter', options.findInviter, 'function', 'a function'),
    apps,
    defaultAppId: apps.has('default') ? 'default' : apps.size === 1 ? [...apps.keys()][0] : undefined,
    roles: readRoles(options.roles),
    claimTtlMs: duration('claimTtlMs', options.claimTtlMs) ?? 2 * 60 * 1000,
    deliver: optional('deliver', options.deliver, 'boolean', 'true or false') ?? true,
    retention: readRetentionOption(options.retention),
    prunes: options.retention !== undefined,
    wrongCodes: readLimit(options.limits, 'wrongCodes', 100, humanCodes !== undefined),
    accessRequests: readLimit(options.limits, 'accessRequests', 20),
    humanCodes,
    mailLimits: readMailLimits(options.limits?.mails),
    cookieDomain,
    clock: readClock(options.clock),
  }
}

function readRetentionOption(retention: InvitesOptions['retention']): KeptFor {
  const given = retention === undefined ? {} : readRetention('createInvites: retention', retention)
  return { olderThanMs: KEPT_MS, ...given }
}

function readStore(store: unknown): InviteStore {
  const candidate = store as Partial<InviteStore> | null | undefined
  if (typeof candidate?.claim !== 'function' || typeof candidate.accept !== 'function') {
    wrong('store', "a store, such as sqliteStore('app.db') from express-invite-only/adapters/sqlite")
  }
  return store as InviteStore
}

function readSecrets(secret: unknown): readonly string[] {
  const secrets: readonly unknown[] = Array.isArray(secret) ? secret : [secret]
  const advice = `at least ${MIN_SECRET} characters that nobody can guess; make one with \`openssl rand -base64 32\``
  if (secret === undefined || secrets.length === 0)
    throw new TypeError(`createInvites: \`secret\` is missing. It must be ${advice}.`)
  for (const each of secrets) {
    if (typeof each !== 'string' || each.length < MIN_SECRET) {
      const length = typeof each === 'string' ? ` This one has ${each.length}.` : ''
      throw new TypeError(`createInvites: \`secret\` must be ${advice}, or a list of such, newest first.${length}`)
    }
  }
  return secrets as readonly string[]
}

function readCookie(options: InvitesOptions, baseUrl: URL): string | undefined {
  if (options.cookie === undefined) return undefined
  checkNames('createInvites: cookie', options.cookie, ['domain'])
  const domain = text('cookie.domain', options.cookie.domain)
  if (domain !== undefined && !isWithin(baseUrl.hostname, domain)) {
    wrong('cookie.domain', `the domain that ${baseUrl.hostname} and the signup page share, such as example.com`)
  }
  return domain
}

function readClock(clock: InvitesOptions['clock']): () => number {
  const what = 'a function that returns ms since 1970, as Date.now does'
  if (clock !== undefined && (typeof clock !== 'function' || !Number.isSafeInteger(clock()))) wrong('clock', what)
  return clock ?? Date.now
}

function readMailer(mailer: unknown): Mailer | undefined {
  if (mailer === undefined) return undefined
  if (typeof (mailer as Partial<Mailer> | null)?.sendMail !== 'function') {
    wrong('mailer', 'an object with sendMail(), such as nodemailer.createTransport(…)')
  }
  return mailer as Mailer
}

function readRoles(roles: unknown): readonly string[] | undefined {
  if (roles === undefined) return undefined
  if (!Array.isArray(roles) || !roles.every((role) => typeof role === 'string' && role !== '')) {
    wrong('roles', "a list of the roles there are, such as ['admin', 'nurse']")
  }
  return roles as readonly string[]
}

function readLimit(
  limits: InviteLimits | undefined,
  name: 'wrongCodes' | 'accessRequests',
  usual: number,
  withDecrement = false,
): LimitConfig {
  if (limits !== undefined) checkNames('createInvites: limits', limits, ['wrongCodes', 'accessRequests', 'mails'])
  const own = limits?.[name] ?? {}
  checkNames(`createInvites: limits.${name}`, own, ['limit', 'windowMs', 'store'])
  const store = own.store as { get?: unknown; increment?: unknown; decrement?: unknown } | undefined
  if (store !== undefined && (typeof store.get !== 'function' || typeof store.increment !== 'function')) {
    wrong(`limits.${name}.store`, 'an express-rate-limit store with `get` and `increment`')
  }
  if (store !== undefined && withDecrement && typeof store.decrement !== 'function') {
    wrong(`limits.${name}.store`, 'an express-rate-limit store with `decrement` too, because of `humanCodes`')
  }
  return {
    limit: duration(`limits.${name}.limit`, own.limit, 'a whole number, 1 or more') ?? usual,
    windowMs: duration(`limits.${name}.windowMs`, own.windowMs) ?? 15 * 60 * 1000,
    store,
  }
}
