// Options checked and completed, once, at start: whatever is wrong is told then, with the answer in it.
import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseAddress } from './addresses.js'
import { checkNames } from './option-names.js'
import type { AppOptions, InviteLimits, InvitesOptions, Mailer } from './options.js'
import type { InviteStore } from './store.js'
import { type Mode, modes } from './types.js'

/** The options of one app, complete. */
export interface AppConfig {
  readonly appId: string
  readonly appName: string
  readonly signupUrl: string
  readonly from: string | undefined
  readonly templates: string | undefined
  readonly mode: Mode
  readonly ttlMs: number | null
}

/** The options of an install, complete. */
export interface Config {
  readonly store: InviteStore
  readonly secrets: readonly string[]
  /** Without a slash at its end. */
  readonly baseUrl: string
  readonly origin: string
  readonly mailer: Mailer | undefined
  readonly findInviter: InvitesOptions['findInviter']
  readonly apps: ReadonlyMap<string, AppConfig>
  /** The app meant where none is named; `undefined` where there are several and none is `default`. */
  readonly defaultAppId: string | undefined
  readonly roles: readonly string[] | undefined
  readonly claimTtlMs: number
  readonly deliver: boolean
  readonly wrongCodes: { readonly limit: number; readonly windowMs: number; readonly store: unknown }
  readonly cookieDomain: string | undefined
  readonly clock: () => number
}

const DAY_MS = 24 * 60 * 60 * 1000
const MIN_SECRET = 32
const BREAKS = /[\p{Cc}\p{Zl}\p{Zp}]/u // what could end a line of a mail's head
const APP_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

const appOptionNames = ['appName', 'signupUrl', 'from', 'templates', 'mode', 'ttlMs'] as const
const optionNames = [
  ...appOptionNames,
  ...(['store', 'secret', 'baseUrl', 'mailer', 'findInviter', 'apps', 'roles'] as const),
  ...(['claimTtlMs', 'deliver', 'limits', 'cookie', 'clock'] as const),
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
  return {
    store: readStore(options.store),
    secrets: readSecrets(options.secret),
    baseUrl: baseUrl.href.replace(/\/$/, ''),
    origin: baseUrl.origin,
    mailer: readMailer(options.mailer),
    findInviter: optional('findInviter', options.findInviter, 'function', 'a function'),
    apps,
    defaultAppId: apps.has('default') ? 'default' : apps.size === 1 ? [...apps.keys()][0] : undefined,
    roles: readRoles(options.roles),
    claimTtlMs: duration('claimTtlMs', options.claimTtlMs) ?? 2 * 60 * 1000,
    deliver: optional('deliver', options.deliver, 'boolean', 'true or false') ?? true,
    wrongCodes: readWrongCodes(options.limits),
    cookieDomain,
    clock: optional('clock', options.clock, 'function', 'a function that returns ms since 1970') ?? Date.now,
  }
}

function readApps(options: InvitesOptions, baseUrl: URL, cookieDomain: string | undefined): Map<string, AppConfig> {
  const given = options.apps ?? { default: {} }
  if (typeof given !== 'object' || Object.keys(given).length === 0) {
    wrong('apps', 'an object of at least one app by its id, such as { clinic: { signupUrl: … } }')
  }
  const apps = new Map<string, AppConfig>()
  for (const [appId, own] of Object.entries(given)) {
    if (!APP_ID.test(appId)) wrong(`apps['${appId}']`, 'named by 1 to 64 letters, digits and . _ -')
    checkNames(`createInvites: apps.${appId}`, own, appOptionNames)
    const where = (name: keyof AppOptions) => (own[name] === undefined ? name : `apps.${appId}.${name}`)
    const signupUrl = readUrl(
      where('signupUrl'),
      own.signupUrl ?? options.signupUrl,
      "the URL of the host's signup page",
    )
    const isReached = isWithin(signupUrl.hostname, cookieDomain ?? baseUrl.hostname, cookieDomain !== undefined)
    if (!isReached) {
      throw new TypeError(
        `createInvites: ${where('signupUrl')} is on ${signupUrl.hostname} and baseUrl on ${baseUrl.hostname}, so the ` +
          'join cookie would not reach the signup page. Put both on one host, or set cookie: { domain } to the domain they share.',
      )
    }
    if (baseUrl.protocol === 'https:' && signupUrl.protocol === 'http:') {
      wrong(where('signupUrl'), 'an https URL, as `baseUrl` is: the join cookie does not travel from https to http')
    }
    apps.set(appId, {
      appId,
      appName: text(where('appName'), own.appName ?? options.appName) ?? signupUrl.hostname,
      signupUrl: signupUrl.href,
      from: readSender(where('from'), own.from ?? options.from, options.mailer !== undefined),
      templates: readFolder(where('templates'), own.templates ?? options.templates),
      mode: readMode(where('mode'), own.mode ?? options.mode),
      ttlMs: readTtl(where('ttlMs'), own.ttlMs === undefined ? options.ttlMs : own.ttlMs),
    })
  }
  return apps
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

function readUrl(name: string, value: unknown, what: string): URL {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) wrong(name, `${what}: an absolute http or https URL`)
  if (url.hash || url.username || (name === 'baseUrl' && url.search))
    wrong(name, 'a URL without credentials, query or fragment')
  return url
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

/** Whether browsers send a cookie of `domain` to `host` (RFC 6265, 5.1.3). */
function isWithin(host: string, domain: string, subdomains = true): boolean {
  return host === domain || (subdomains && host.endsWith(`.${domain}`))
}

function readMailer(mailer: unknown): Mailer | undefined {
  if (mailer === undefined) return undefined
  if (typeof (mailer as Partial<Mailer> | null)?.sendMail !== 'function') {
    wrong('mailer', 'an object with sendMail(), such as nodemailer.createTransport(…)')
  }
  return mailer as Mailer
}

function readSender(name: string, from: unknown, required: boolean): string | undefined {
  if (from === undefined && !required) return undefined
  const sender = typeof from === 'string' ? from : ''
  const address = /<([^<>]*)>$/.exec(sender)?.[1] ?? sender
  if (BREAKS.test(sender) || parseAddress(address) === undefined) {
    wrong(name, 'the sender of mails, such as `Acme <hello@acme.dev>`')
  }
  return sender
}

function readFolder(name: string, folder: unknown): string | undefined {
  if (folder === undefined) return undefined
  if (typeof folder !== 'string' || !existsSync(folder) || !statSync(folder).isDirectory()) {
    wrong(name, `a folder that exists; ${String(folder)} does not`)
  }
  return resolve(folder)
}

function readMode(name: string, mode: unknown): Mode {
  const found = modes.find((each) => each === (mode ?? 'invite-only'))
  return found ?? wrong(name, `one of ${modes.join(', ')}`)
}

function readTtl(name: string, ttlMs: unknown): number | null {
  return ttlMs === null ? null : (duration(name, ttlMs) ?? 7 * DAY_MS)
}

function readRoles(roles: unknown): readonly string[] | undefined {
  if (roles === undefined) return undefined
  if (!Array.isArray(roles) || !roles.every((role) => typeof role === 'string' && role !== '')) {
    wrong('roles', "a list of the roles there are, such as ['admin', 'nurse']")
  }
  return roles as readonly string[]
}

function readWrongCodes(limits: InviteLimits | undefined): Config['wrongCodes'] {
  if (limits !== undefined) checkNames('createInvites: limits', limits, ['wrongCodes'])
  const own = limits?.wrongCodes ?? {}
  checkNames('createInvites: limits.wrongCodes', own, ['limit', 'windowMs', 'store'])
  const store = own.store as { get?: unknown; increment?: unknown } | undefined
  if (store !== undefined && (typeof store.get !== 'function' || typeof store.increment !== 'function')) {
    wrong('limits.wrongCodes.store', 'an express-rate-limit store with `get` and `increment`')
  }
  return {
    limit: duration('limits.wrongCodes.limit', own.limit) ?? 100,
    windowMs: duration('limits.wrongCodes.windowMs', own.windowMs) ?? 15 * 60 * 1000,
    store,
  }
}

function duration(name: string, value: unknown): number | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) wrong(name, 'a whole number, 1 or more')
  return value
}

function text(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value.trim() === '' || BREAKS.test(value)) wrong(name, 'a line of text')
  return value
}

function optional<T>(name: string, value: T | undefined, type: string, what: string): T | undefined {
  if (value !== undefined && typeof value !== type) wrong(name, what)
  return value
}

function wrong(name: string, what: string): never {
  throw new TypeError(`createInvites: \`${name}\` must be ${what}.`)
}
