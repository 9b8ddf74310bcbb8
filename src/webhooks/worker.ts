// Sends webhooks: one worker for each endpoint, so that one that is down keeps no other waiting.
import type { Context } from '../context.js'
import { afterFailure, createOutboxWorker, type Worker } from '../outbox-worker.js'
import type { LeasedWebhook } from '../store.js'
import { warnOnce } from '../warnings.js'
import { bodyOf, typeOf } from './body.js'
import type { EndpointConfig } from './endpoints.js'
import { signedHeaders, webhookIdOf } from './signature.js'

const AT_ONCE = 10
const TIMEOUT_MS = 15_000
const LEASE_MS = 45_000 // longer than a try can take, so that no other process makes it beside it
const GONE = 410

type Outcome = Parameters<Context['store']['finishWebhook']>[1]

/** A worker for each endpoint of any app. */
export function createWebhookWorkers(context: Context): readonly Worker[] {
  const endpoints = [...context.config.apps.values()].flatMap(({ webhooks }) => [...webhooks.endpoints.values()])
  if (endpoints.some(({ isExposed }) => isExposed)) {
    warnOnce(
      context,
      'INVITE_INSECURE_WEBHOOK',
      'A `url` of `webhooks` is plain http: addresses travel unencrypted. Serve it by https.',
    )
  }
  return [...new Set(endpoints.map(({ id }) => id))].map((id) => createWorker(context, id))
}

function createWorker(context: Context, endpoint: string): Worker {
  const { config, store } = context

  async function deliver(leased: LeasedWebhook): Promise<void> {
    const { webhook } = leased
    const outcome = await attempt(leased)
    await store.finishWebhook(webhook, outcome)
    if ('sentAt' in outcome) return
    const { error } = outcome
    warnOnce(context, 'INVITE_WEBHOOK_FAILED', `A webhook failed: ${error} Others may; listen to 'webhookFailed'.`)
    context.emit('webhookFailed', {
      webhookId: webhookIdOf(webhook),
      ...{ appId: webhook.appId, endpoint, type: typeOf(webhook.action) ?? webhook.action },
      ...{ error, final: 'failedAt' in outcome },
    })
  }

  async function attempt(leased: LeasedWebhook): Promise<Outcome> {
    const { webhook } = leased
    const to = config.apps.get(webhook.appId)?.webhooks.endpoints.get(endpoint)
    const type = typeOf(webhook.action)
    // Another process may know it: a newer one, or one with that app.
    if (to === undefined || type === undefined) return failed(leased, 'No process that tried knows what it is about.')
    const event = bodyOf(type, leased, config.clock())
    if (event === undefined) return { failedAt: config.clock(), error: 'What it tells of is gone.' }
    try {
      const status = await post(to, webhookIdOf(webhook), JSON.stringify(event), config.clock())
      if (status >= 200 && status < 300) return { sentAt: config.clock() }
      const error = `The endpoint answered ${status}.`
      return status === GONE ? { failedAt: config.clock(), error } : failed(leased, error)
    } catch (thrown) {
      return failed(leased, reasonOf(thrown))
    }
  }

  const failed = ({ webhook }: LeasedWebhook, error: string): Outcome => afterFailure(webhook, error, config.clock())

  return createOutboxWorker(config.clock, {
    nextAt: () => store.nextWebhookAt(endpoint),
    atOnce: AT_ONCE,
    lease: (now, limit) => store.leaseWebhooks({ endpoint, now, leasedUntil: now + LEASE_MS, limit }),
    deliver,
    stalled: (why) =>
      warnOnce(context, 'INVITE_DELIVERY_STALLED', `Webhooks are not being sent, and will be tried again: ${why}`),
  })
}

async function post({ url, keys }: EndpointConfig, webhookId: string, body: string, now: number): Promise<number> {
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'user-agent': 'express-invite-only',
      ...signedHeaders(webhookId, body, { keys, now }),
    },
    body,
    redirect: 'manual', // what is signed for one is nobody else's to read
    signal: AbortSignal.timeout(TIMEOUT_MS),
  })
  await response.body?.cancel().catch(() => undefined) // only the status counts
  return response.status
}

/** In one line, without the URL, in which there may be a token. */
function reasonOf(thrown: unknown): string {
  const { name, cause } = thrown as { readonly name?: unknown; readonly cause?: { readonly code?: unknown } }
  if (name === 'TimeoutError') return `The endpoint did not answer within ${TIMEOUT_MS / 1000} seconds.`
  return typeof cause?.code === 'string' ? `The endpoint cannot be reached: ${cause.code}.` : 'The request failed.'
}
