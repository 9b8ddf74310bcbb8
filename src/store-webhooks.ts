// What a store keeps of webhooks that are to be sent.
import type { AcceptanceRecord, InviteRecord, Timestamp } from './records.js'
import type { DeliveryOutcome } from './store-outbox.js'
import type { LogRecord } from './store-record.js'
import type { PagePosition } from './store-requests.js'

/** A webhook in the outbox. What it says is made when it is sent; nothing of it is kept. */
export interface WebhookRecord {
  /** Its `entryId`, a dot and its `endpoint`. */
  readonly id: string
  /** The entry of the log that it tells of; for `invite.accept` the acceptance. */
  readonly entryId: string
  /** Whom it is for. */
  readonly endpoint: string
  /** The app of that entry. */
  readonly appId: string
  /** What that entry is logged as. */
  readonly action: string
  /** When that was done. */
  readonly at: Timestamp
  /** Tries so far, one that is under way included. Names the lease: `finishWebhook` must give it again. */
  readonly attempts: number
  /** What the last failed try was told; `null`: none has failed. */
  readonly lastError: string | null
  /** It is not due before. */
  readonly nextAttemptAt: Timestamp
  /** Somebody is sending it until then. */
  readonly leasedUntil: Timestamp | null
  /** When it was taken. */
  readonly sentAt: Timestamp | null
  /** When it was given up. */
  readonly failedAt: Timestamp | null
}

/** A webhook that somebody is to send, with what it tells of, as that stands now. */
export interface LeasedWebhook {
  /** The webhook, this try counted. */
  readonly webhook: WebhookRecord
  /** Its entry of the log; `undefined`: that is gone. */
  readonly entry: LogRecord | undefined
  /** The invite of that entry; `undefined`: it has none, or it was removed. */
  readonly invite: InviteRecord | undefined
  /** The acceptance of that entry; `undefined`: it has none. */
  readonly acceptance: AcceptanceRecord | undefined
}

/** The outbox of webhooks, as a part of a store. Each endpoint is served by itself, so that none waits for another. */
export interface WebhookStore {
  /** When the next webhook for this endpoint is due; `undefined` where none waits. Leases that have run out count as due. */
  nextWebhookAt(endpoint: string): Promise<Timestamp | undefined>

  /**
   * Takes up to `limit` webhooks for this endpoint that are due, counts a try for each, and keeps every other caller
   * from them until `leasedUntil`.
   */
  leaseWebhooks(request: {
    readonly endpoint: string
    readonly now: Timestamp
    readonly leasedUntil: Timestamp
    readonly limit: number
  }): Promise<readonly LeasedWebhook[]>

  /** Records what became of a try. Ignored where the lease was lost to somebody else (`attempts` differs). */
  finishWebhook(
    webhook: Pick<WebhookRecord, 'id' | 'attempts'>,
    outcome: Exclude<DeliveryOutcome, { readonly canceledAt: Timestamp }>,
  ): Promise<void>

  /** One page of the app's webhooks that were given up, newest entry first, then by id, descending. */
  listFailedWebhooks(query: {
    readonly appId: string
    readonly limit: number
    readonly after?: PagePosition | undefined
  }): Promise<readonly WebhookRecord[]>

  /** Makes up to `limit` of the app's webhooks that were given up due again, as if new. Returns how many. */
  retryWebhooks(request: { readonly appId: string; readonly now: Timestamp; readonly limit: number }): Promise<number>
}
