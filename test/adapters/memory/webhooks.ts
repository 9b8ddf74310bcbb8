// Webhooks in memory: who is sending them, what they tell of, and what became of them.
import type {
  AcceptanceRecord,
  InviteRecord,
  InviteStore,
  LogRecord,
  WebhookRecord,
  WebhookStore,
  WebhookTargets,
} from '../../../src/store.js'
import type { Kept, Step } from './step.js'

interface Parts {
  readonly invites: ReadonlyMap<string, InviteRecord>
  readonly acceptances: ReadonlyMap<string, AcceptanceRecord>
  /** The log, acceptances too. */
  readonly entries: () => readonly LogRecord[]
}

export function memoryWebhooks({ invites, acceptances, entries }: Parts) {
  const webhooks = new Map<string, Kept<WebhookRecord>>()
  const all = () => [...webhooks.values()]

  function queue(targets: WebhookTargets | undefined, entry: Pick<LogRecord, 'id' | 'appId' | 'action' | 'at'>): void {
    const { id: entryId, appId, action, at } = entry
    for (const endpoint of targets?.[action] ?? []) {
      const id = `${entryId}.${endpoint}`
      const never = { attempts: 0, lastError: null, leasedUntil: null, sentAt: null, failedAt: null }
      webhooks.set(id, { id, entryId, endpoint, appId, action, at, nextAttemptAt: at, ...never })
    }
  }

  const waiting = (endpoint: string) =>
    all()
      .filter((each) => each.endpoint === endpoint && each.sentAt === null && each.failedAt === null)
      .sort((a, b) => a.nextAttemptAt - b.nextAttemptAt)

  const failed = (appId: string) => all().filter((each) => each.appId === appId && each.failedAt !== null)

  const methods = (step: Step): Pick<InviteStore, keyof WebhookStore> => ({
    nextWebhookAt: step((endpoint) => waiting(endpoint)[0]?.nextAttemptAt),

    leaseWebhooks: step(({ endpoint, now, leasedUntil, limit }) => {
      const due = waiting(endpoint).filter(({ nextAttemptAt }) => nextAttemptAt <= now)
      return due.slice(0, limit).map((webhook) => {
        Object.assign(webhook, { attempts: webhook.attempts + 1, leasedUntil, nextAttemptAt: leasedUntil })
        const entry = entries().find(({ id }) => id === webhook.entryId)
        const acceptance = acceptances.get(entry?.acceptanceId ?? '')
        return { webhook, entry, invite: invites.get(entry?.inviteId ?? ''), acceptance }
      })
    }),

    finishWebhook: step(({ id, attempts }, outcome) => {
      const webhook = webhooks.get(id)
      if (webhook?.attempts !== attempts || webhook.sentAt !== null || webhook.failedAt !== null) return
      webhook.leasedUntil = null
      webhook.lastError = 'error' in outcome ? outcome.error : null
      if ('sentAt' in outcome) webhook.sentAt = outcome.sentAt
      else if ('failedAt' in outcome) webhook.failedAt = outcome.failedAt
      else webhook.nextAttemptAt = outcome.retryAt
    }),

    listFailedWebhooks: step(({ appId, limit, after }) =>
      failed(appId)
        .filter(({ at, id }) => after === undefined || at < after.at || (at === after.at && id < after.id))
        .sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1))
        .slice(0, limit),
    ),

    retryWebhooks: step(({ appId, now, limit }) => {
      const some = failed(appId).slice(0, limit)
      for (const each of some) {
        Object.assign(each, { attempts: 0, lastError: null, nextAttemptAt: now, failedAt: null })
      }
      return some.length
    }),
  })

  /** Of what was done by then. Each with what removes it. */
  function over(before: number): (() => void)[] {
    return all().flatMap(({ id, at }) => (at <= before ? () => void webhooks.delete(id) : []))
  }

  return { queue, over, methods }
}
