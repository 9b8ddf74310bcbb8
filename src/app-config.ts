// The options of each app, checked and completed: its own, else the install's, else the default.

import { type BrandingConfig, checkBranding } from './branding.js'
import { read } from './input.js'
import { canonicalLocale } from './locales.js'
import { duration, isWithin, readFolder, readSender, readUrl, text, wrong } from './option-checks.js'
import { checkNames } from './option-names.js'
import type { AppOptions, InvitesOptions, TemplateOptions } from './options.js'
import { type RequestQuestions, readQuestions } from './request-questions.js'
import { quotaRuleSchema } from './schemas/settings.js'
import type { TemplatesConfig } from './templates/templates.js'
import { type Mode, modes, type QuotaRule } from './types.js'
import { readWebhooks, type WebhooksConfig } from './webhooks/endpoints.js'

/** The options of one app, complete. */
export interface AppConfig {
  readonly appId: string
  readonly appName: string
  readonly signupUrl: string
  readonly from: string | undefined
  readonly locale: string
  readonly branding: BrandingConfig
  readonly templates: TemplatesConfig
  readonly mode: Mode
  readonly seats: number | null
  readonly quota: QuotaRule
  readonly requestQuestions: RequestQuestions
  readonly ttlMs: number | null
  readonly webhooks: WebhooksConfig
}

const DAY_MS = 24 * 60 * 60 * 1000
const APP_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/

export const appOptionNames = [
  'appName',
  'signupUrl',
  'from',
  'locale',
  'branding',
  'templates',
  'mode',
  'seats',
  'quota',
  'requestQuestions',
  'ttlMs',
  'webhooks',
] as const

/** The apps of the install, by id. @throws TypeError where an option is unknown, missing or wrong. */
export function readApps(
  options: InvitesOptions,
  baseUrl: URL,
  cookieDomain: string | undefined,
): Map<string, AppConfig> {
  const given = options.apps ?? { default: {} }
  if (typeof given !== 'object' || Object.keys(given).length === 0) {
    wrong('apps', 'an object of at least one app by its id, such as { clinic: { signupUrl: … } }')
  }
  const apps = new Map<string, AppConfig>()
  for (const [appId, own] of Object.entries(given)) {
    if (!APP_ID.test(appId)) wrong(`apps['${appId}']`, 'named by 1 to 64 letters, digits and . _ -')
    checkNames(`createInvites: apps.${appId}`, own, appOptionNames)
    const where = (name: keyof AppOptions) => (own[name] === undefined ? name : `apps.${appId}.${name}`)
    const signupUrl = readSignupUrl(where('signupUrl'), own.signupUrl ?? options.signupUrl, baseUrl, cookieDomain)
    apps.set(appId, {
      appId,
      appName: text(where('appName'), own.appName ?? options.appName) ?? signupUrl.hostname,
      signupUrl: signupUrl.href,
      from: readSender(where('from'), own.from ?? options.from, options.mailer !== undefined),
      locale: readLocale(where('locale'), own.locale ?? options.locale),
      branding: checkBranding(
        { name: 'branding', value: options.branding },
        { name: `apps.${appId}.branding`, value: own.branding },
      ),
      templates: mergeTemplates(
        readTemplates(`apps.${appId}.templates`, own.templates),
        readTemplates('templates', options.templates),
      ),
      mode: readMode(where('mode'), own.mode ?? options.mode),
      seats: readSeats(where('seats'), own.seats === undefined ? options.seats : own.seats),
      quota: readQuota(where('quota'), own.quota === undefined ? options.quota : own.quota),
      requestQuestions: readQuestions(where('requestQuestions'), own.requestQuestions ?? options.requestQuestions),
      ttlMs: readTtl(where('ttlMs'), own.ttlMs === undefined ? options.ttlMs : own.ttlMs),
      webhooks: readWebhooks(where('webhooks'), own.webhooks ?? options.webhooks),
    })
  }
  return apps
}

function readSignupUrl(name: string, value: unknown, baseUrl: URL, cookieDomain: string | undefined): URL {
  const signupUrl = readUrl(name, value, "the URL of the host's signup page")
  const isReached = isWithin(signupUrl.hostname, cookieDomain ?? baseUrl.hostname, cookieDomain !== undefined)
  if (!isReached) {
    throw new TypeError(
      `createInvites: ${name} is on ${signupUrl.hostname} and baseUrl on ${baseUrl.hostname}, so the ` +
        'join cookie would not reach the signup page. Put both on one host, or set cookie: { domain } to the domain they share.',
    )
  }
  if (baseUrl.protocol === 'https:' && signupUrl.protocol === 'http:') {
    wrong(name, 'an https URL, as `baseUrl` is: the join cookie does not travel from https to http')
  }
  return signupUrl
}

function readLocale(name: string, locale: unknown): string {
  if (locale === undefined) return 'en'
  const canonical = typeof locale === 'string' ? canonicalLocale(locale) : undefined
  return canonical ?? wrong(name, 'a language tag, such as en or de-CH')
}

function readTemplates(name: string, given: string | TemplateOptions | undefined): TemplateOptions {
  if (given === undefined) return {}
  if (typeof given === 'string') return { folder: readFolder(name, given) }
  checkNames(`createInvites: ${name}`, given, ['folder', 'helpers', 'allowRaw'])
  const { folder, helpers, allowRaw } = given
  if (helpers !== undefined && !Object.values(helpers).every((each) => typeof each === 'function')) {
    wrong(`${name}.helpers`, 'an object of functions by the name that templates call them by')
  }
  if (allowRaw !== undefined && typeof allowRaw !== 'boolean') wrong(`${name}.allowRaw`, 'true or false')
  return { folder: readFolder(`${name}.folder`, folder), helpers, allowRaw }
}

function mergeTemplates(own: TemplateOptions, shared: TemplateOptions): TemplatesConfig {
  return {
    folders: [own.folder, shared.folder].filter((folder) => folder !== undefined),
    helpers: { ...shared.helpers, ...own.helpers },
    allowRaw: own.allowRaw ?? shared.allowRaw ?? false,
  }
}

function readMode(name: string, mode: unknown): Mode {
  const found = modes.find((each) => each === (mode ?? 'invite-only'))
  return found ?? wrong(name, `one of ${modes.join(', ')}`)
}

function readSeats(name: string, seats: unknown): number | null {
  return seats === null
    ? null
    : (duration(name, seats, 'a whole number of accounts, 1 or more, or null: any number') ?? null)
}

function readQuota(name: string, quota: unknown): QuotaRule {
  const rule = quota === undefined ? 0 : quota
  const given = typeof rule === 'object' && rule !== null ? rule : { start: rule }
  try {
    return read(quotaRuleSchema, given)
  } catch (error) {
    wrong(name, `a number, null, or { start, refill, giveBack }: ${(error as Error).message.replace(/\.$/, '')}`)
  }
}

function readTtl(name: string, ttlMs: unknown): number | null {
  return ttlMs === null
    ? null
    : (duration(name, ttlMs, 'a whole number of milliseconds, 1 or more, or null: for ever') ?? 7 * DAY_MS)
}
