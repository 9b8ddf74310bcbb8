// What a store keeps of mails that are to be sent.
import type { DeliveryRecord, InviteRecord, Timestamp } from './records.js'
import type { AccessRequestRecord } from './store-access-requests.js'
import type { WebhookTargets } from './store-notes.js'

/** What became of a try to mail: taken, given up, to be tried again, or no longer wanted. */
export type DeliveryOutcome =
  | {
      /** When the mail server took it. */
      readonly sentAt: Timestamp
    }
  | {
      /** When it was given up. */
      readonly failedAt: Timestamp
      /** Why. */
      readonly error: string
    }
  | {
      /** When it is due again. */
      readonly retryAt: Timestamp
      /** Why this try failed. */
      readonly error: string
    }
  | {
      /** When it was found that the invite no longer wants it. */
      readonly canceledAt: Timestamp
    }

/** A mail that somebody is to deliver, with what it tells of, as that stands now. */
export type LeasedDelivery = {
  /** The mail, this try counted. */
  readonly delivery: DeliveryRecord
} & (
  | {
      /** Its invite. */
      readonly invite: InviteRecord
      /** It tells of an invite. */
      readonly request?: undefined
    }
  | {
      /** It tells of a request for access. */
      readonly invite?: undefined
      /** Its request for access. */
      readonly request: AccessRequestRecord
    }
)

/** The outbox, as a part of a store. */
export interface OutboxStore {
  /** When the next mail is due; `undefined` where none waits. Leases that have run out count as due. */
  nextDeliveryAt(): Promise<Timestamp | undefined>

  /**
   * Takes up to `limit` mails that are due, counts a try for each, and keeps every other caller from them until
   * `leasedUntil`. Each comes with its invite, or its request for access, as that stands.
   */
  leaseDeliveries(request: {
    readonly now: Timestamp
    readonly leasedUntil: Timestamp
    readonly limit: number
  }): Promise<readonly LeasedDelivery[]>

  /**
   * Records what became of a try. Ignored where the lease was lost to somebody else (`attempts` differs).
   * @param webhooks Whom to tell of an invite's mail that was sent or given up; see {@link LogNote.webhooks}.
   */
  finishDelivery(
    delivery: Pick<DeliveryRecord, 'id' | 'attempts'>,
    outcome: DeliveryOutcome,
    webhooks?: WebhookTargets,
  ): Promise<void>
}
