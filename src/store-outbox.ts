// What a store keeps of mails that are to be sent.
import type { DeliveryRecord, InviteRecord, Timestamp } from './records.js'

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

/** The outbox, as a part of a store. */
export interface OutboxStore {
  /** When the next mail is due; `undefined` where none waits. Leases that have run out count as due. */
  nextDeliveryAt(): Promise<Timestamp | undefined>

  /**
   * Takes up to `limit` mails that are due, counts a try for each, and keeps every other caller from them until
   * `leasedUntil`. Each comes with its invite as it stands.
   */
  leaseDeliveries(request: {
    readonly now: Timestamp
    readonly leasedUntil: Timestamp
    readonly limit: number
  }): Promise<
    readonly {
      /** The mail, this try counted. */
      readonly delivery: DeliveryRecord
      /** Its invite, as it stands now. */
      readonly invite: InviteRecord
    }[]
  >

  /** Records what became of a try. Ignored where the lease was lost to somebody else (`attempts` differs). */
  finishDelivery(delivery: Pick<DeliveryRecord, 'id' | 'attempts'>, outcome: DeliveryOutcome): Promise<void>
}
