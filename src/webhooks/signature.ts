// The headers of a webhook, as Standard Webhooks has them: https://www.standardwebhooks.com
import { createHash, createHmac } from 'node:crypto'
import type { WebhookRecord } from '../store.js'

/** The same at every try. Without a full stop, which is what separates the parts that are signed. */
export function webhookIdOf({ id }: Pick<WebhookRecord, 'id'>): string {
  return `msg_${createHash('sha256').update(id).digest('base64url').slice(0, 27)}`
}

/** @param now The time of this try. */
export function signedHeaders(
  webhookId: string,
  body: string,
  { keys, now }: { readonly keys: readonly Buffer[]; readonly now: number },
): Readonly<Record<string, string>> {
  const timestamp = Math.floor(now / 1000)
  const signatures = keys.map((key) => {
    const signature = createHmac('sha256', key).update(`${webhookId}.${timestamp}.${body}`).digest('base64')
    return `v1,${signature}`
  })
  return {
    'webhook-id': webhookId,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': signatures.join(' '),
  }
}
