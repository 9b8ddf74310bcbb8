// Checks of what is stored: that it can be read and written, that the secret opens it, that mail gets out.
import { CLOCK_TOLERANCE_MS } from '../../clocks.js'
import type { Invite } from '../../types.js'
import { problemOf } from '../failures.js'
import type { Install } from '../install.js'
import { count, readableSpan } from '../text.js'
import { type Check, failed, ofInstall, ok, skipped } from './check.js'

const PAGES = 20
const OVERDUE_MS = 10 * 60_000 // a worker looks every few seconds

export const database: Check = ofInstall({
  name: 'database',
  readme: 'SQLite',
  async run({ context, scope }) {
    try {
      await context.store.getSettings(scope.appId)
      await context.store.release({ claimId: 'doctor', inviteId: 'doctor' }) // a write that finds nothing to change
      return ok('readable, writable and migrated')
    } catch (error) {
      return failed('cannot be used', problemOf(error).problem.detail)
    }
  },
})

export const secret: Check = ofInstall({
  name: 'secret',
  readme: 'Options of createInvites',
  async run(install) {
    if (!install.knows.secret) return skipped('not given: set INVITE_SECRET')
    const { config } = install.context
    if (config.origin.startsWith('https:') && config.secrets.some((each) => each.startsWith('for development only'))) {
      return failed("is the README's, which everybody knows", 'Make one: openssl rand -base64 32')
    }
    const pending = await newestPending(install)
    if (pending.length === 0) return ok('long enough; there is no pending invite to try it on')
    const opened = pending.filter(({ inviteCode }) => inviteCode !== null).length
    const share = `opens ${opened} of ${count(pending.length, 'pending invite')}`
    if (opened === pending.length) return ok(share)
    return failed(share, 'List the one they were made under too, secret: [new, old], or send them again.')
  },
})

export const outbox: Check = ofInstall({
  name: 'outbox',
  readme: 'INVITE_DELIVERY_STALLED',
  async run(install) {
    const { context } = install
    const due = await context.store.nextDeliveryAt()
    const overdueMs = due === undefined ? 0 : context.config.clock() - due
    if (overdueMs > OVERDUE_MS) {
      return failed(
        `the oldest mail has been due for ${readableSpan(overdueMs)}`,
        'Let a process of your app run with a mailer and without `deliver: false`.',
      )
    }
    const pending = await newestPending(install)
    const refused = pending.filter(({ delivery }) => delivery.state === 'failed')
    const retried = pending.filter(({ delivery }) => delivery.state === 'queued' && delivery.lastError !== null)
    const [stuck] = [...refused, ...retried]
    if (stuck === undefined) return ok(due === undefined ? 'empty' : 'moving')
    return failed(
      `${count(refused.length, 'mail')} refused, ${retried.length} being retried; one was told: ${stuck.delivery.lastError}`,
      'Mend the mailer or the address, then send those invites again.',
    )
  },
})

export const webhooks: Check = ofInstall({
  name: 'webhooks',
  readme: 'INVITE_WEBHOOK_FAILED',
  async run({ invites, context, scope }) {
    const { config, store } = context
    const { items, nextCursor } = await invites.failedWebhooks({ limit: 100 }, scope)
    const [newest] = items
    if (newest !== undefined) {
      return failed(
        `${nextCursor === null ? '' : 'more than '}${count(items.length, 'webhook')} given up; the newest: ${newest.lastError}`,
        'Mend the endpoint, then run: express-invite-only webhooks --retry',
      )
    }
    const endpoints = [...(config.apps.get(scope.appId)?.webhooks.endpoints.keys() ?? [])]
    const due = await Promise.all(endpoints.map((endpoint) => store.nextWebhookAt(endpoint)))
    const overdueMs = Math.max(...due.map((at) => (at === undefined ? 0 : config.clock() - at)), 0)
    if (overdueMs > OVERDUE_MS) {
      return failed(
        `the oldest has been due for ${readableSpan(overdueMs)}`,
        'Let a process of your app run without `deliver: false`.',
      )
    }
    return ok(due.every((at) => at === undefined) ? 'none given up' : 'none given up; some wait')
  },
})

export const clock: Check = ofInstall({
  name: 'clock',
  readme: 'INVITE_CLOCK_SKEW',
  async run(install) {
    const { config } = install.context
    const cure = 'Set the machine by NTP, and leave the option `clock` to tests.'
    if (Math.abs(config.clock() - Date.now()) > CLOCK_TOLERANCE_MS) return failed("`clock` is not the machine's", cure)
    const apartMs = Math.abs((await install.context.store.time()) - Date.now())
    if (apartMs > CLOCK_TOLERANCE_MS) return failed(`the database's is ${readableSpan(apartMs)} apart`, cure)
    const [newest] = await newestPending(install)
    const aheadMs = newest === undefined ? 0 : Date.parse(newest.createdAt) - Date.now()
    if (aheadMs > CLOCK_TOLERANCE_MS) return failed(`an invite was made ${readableSpan(aheadMs)} from now`, cure)
    return ok(new Date(config.clock()).toISOString())
  },
})

const pages = new WeakMap<Install, Promise<readonly Invite[]>>()

/** Newest first; read once for all checks. */
function newestPending(install: Install): Promise<readonly Invite[]> {
  const known = pages.get(install) ?? readPending(install)
  pages.set(install, known)
  return known
}

async function readPending({ invites, scope }: Install): Promise<readonly Invite[]> {
  const found: Invite[] = []
  let cursor: string | undefined
  for (let page = 0; page < PAGES; page++) {
    const { items, nextCursor } = await invites.list({ limit: 100, cursor }, scope)
    found.push(...items)
    if (nextCursor === null) break
    cursor = nextCursor
  }
  return found
}
