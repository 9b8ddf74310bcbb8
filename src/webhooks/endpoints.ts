// The endpoints that an app's webhooks go to, checked and completed.
import { createHash } from 'node:crypto'
import { isExposed, readUrl, wrong } from '../option-checks.js'
import { checkNames } from '../option-names.js'
import type { WebhookEndpoint } from '../options.js'
import type { WebhookTargets } from '../store.js'
import { type WebhookType, webhookTypes } from '../webhook-types.js'

/** An endpoint, complete. */
export interface EndpointConfig {
  readonly id: string
  readonly url: string
  /** The keys to sign with. */
  readonly keys: readonly Buffer[]
  /** Whether what is sent there can be read on its way. */
  readonly isExposed: boolean
}

/** Webhooks of one app. */
export interface WebhooksConfig {
  readonly endpoints: ReadonlyMap<string, EndpointConfig>
  /** `undefined`: nobody is told anything. */
  readonly targets: WebhookTargets | undefined
}

const MIN_KEY = 24
const MAX_KEY = 64
const ID = /^[A-Za-z0-9_-]{1,64}$/
const allTypes: readonly WebhookType[] = Object.values(webhookTypes)

/** @throws TypeError where something is unknown, missing or wrong. */
export function readWebhooks(name: string, given: unknown): WebhooksConfig {
  const list: readonly unknown[] = given === undefined ? [] : Array.isArray(given) ? given : [given]
  const endpoints = new Map<string, EndpointConfig>()
  const targets: Record<string, string[]> = {}
  for (const [index, each] of list.entries()) {
    const where = Array.isArray(given) ? `${name}[${index}]` : name
    checkNames(`createInvites: ${where}`, each, ['url', 'secret', 'events', 'id'])
    const { url: givenUrl, secret, events, id: givenId } = each as WebhookEndpoint
    const url = readUrl(`${where}.url`, givenUrl, 'where webhooks are posted to')
    const id = readId(`${where}.id`, givenId) ?? createHash('sha256').update(url.href).digest('base64url').slice(0, 16)
    if (endpoints.has(id)) wrong(`${where}.${givenId === undefined ? 'url' : 'id'}`, "another one than the others'")
    endpoints.set(id, { id, url: url.href, keys: readKeys(`${where}.secret`, secret), isExposed: isExposed(url) })
    const wanted = readEvents(`${where}.events`, events)
    for (const [action, type] of Object.entries(webhookTypes)) {
      if (wanted.includes(type)) targets[action] = [...(targets[action] ?? []), id]
    }
  }
  return { endpoints, targets: endpoints.size === 0 ? undefined : targets }
}

function readId(name: string, id: unknown): string | undefined {
  if (id === undefined) return undefined
  return typeof id === 'string' && ID.test(id) ? id : wrong(name, '1 to 64 letters, digits, _ and -')
}

function readKeys(name: string, secret: unknown): readonly Buffer[] {
  const secrets: readonly unknown[] = Array.isArray(secret) ? secret : [secret]
  const advice =
    `\`whsec_\` and ${MIN_KEY} to ${MAX_KEY} random bytes in base64, or a list of such, newest first; make one with ` +
    '`echo whsec_$(openssl rand -base64 32)`'
  if (secrets.length === 0) wrong(name, advice)
  return secrets.map((each) => {
    const base64 = typeof each === 'string' ? /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(each)?.[1] : undefined
    const key = Buffer.from(base64 ?? '', 'base64')
    return key.length < MIN_KEY || key.length > MAX_KEY ? wrong(name, advice) : key
  })
}

function readEvents(name: string, events: unknown): readonly WebhookType[] {
  if (events === undefined) return allTypes
  const isKnown = (each: unknown) => allTypes.some((type) => type === each)
  if (!Array.isArray(events) || events.length === 0 || !events.every(isKnown)) {
    wrong(name, `a list of at least one of ${allTypes.join(', ')}`)
  }
  return events as readonly WebhookType[]
}
