// What a store keeps of the waiting list: who asked for access, what they answered, and what was decided.
import type { InviteRecord, NewInvite, Timestamp } from './records.js'
import type { MailCount, MailsExceeded } from './store-mails.js'
import type { LogNote } from './store-notes.js'

/** A request for access as it is kept. */
export interface AccessRequestRecord {
  /** Unique over all apps; made by the caller. */
  readonly id: string
  /** The app that is asked for. */
  readonly appId: string
  /** The address as it was given; mail goes there and nowhere else. */
  readonly email: string
  /** `email` in the form addresses are compared in. One request per app and such an address. */
  readonly emailCanonical: string
  /** What was answered, at most 4 kB as JSON. */
  readonly answers: Readonly<Record<string, string>>
  /** The language of mails, a BCP 47 tag; `null`: none was asked for. */
  readonly locale: string | null
  /** When the address was first asked for. */
  readonly createdAt: Timestamp
  /** When the newest mail for confirming was queued. */
  readonly askedAt: Timestamp
  /** When whoever reads the address's mail confirmed it. `null`: nobody has, and it is nobody's request yet. */
  readonly verifiedAt: Timestamp | null
  /** `null`: it waits. */
  readonly decision: 'approve' | 'decline' | null
  /** When that was decided. */
  readonly decidedAt: Timestamp | null
  /** The host's id of who decided; `null`: nobody was named. */
  readonly decidedBy: string | null
  /** The invite that approving made; `null` where the address had one already, or it was removed since. */
  readonly inviteId: string | null
}

/** Where a confirmed request stands. */
export type AccessRequestState = 'waiting' | 'approved' | 'declined'

/** In which order requests that wait come: as they were confirmed, or as they were first made. */
export type AccessRequestOrder = 'position' | 'createdAt'

/** A request for access, as it comes in. */
export type NewAccessRequest = Pick<
  AccessRequestRecord,
  'id' | 'appId' | 'email' | 'emailCanonical' | 'answers' | 'locale' | 'createdAt'
>

/** Names one request. */
export interface AccessRequestKey {
  /** The app it is of. */
  readonly appId: string
  /** The request's own id. */
  readonly requestId: string
}

/** A decision that is to be made. */
export interface AccessRequestDecision extends AccessRequestKey {
  /** The host's id of who decides; `null`: nobody is named. */
  readonly decidedBy: string | null
  /** The time that this step happens at. */
  readonly now: Timestamp
  /** What it is logged as; the invite that it makes or revokes, likewise in passing. */
  readonly note?: LogNote | undefined
  /** The limits that the mail of an invite that is made counts for. */
  readonly mails?: readonly MailCount[] | undefined
}

/** What became of a decision. */
export interface AccessRequestDecided {
  /** As it now stands. */
  readonly request: AccessRequestRecord
  /** Whether it was this call that decided so. */
  readonly changed: boolean
  /** The invite that this call made, or revoked. */
  readonly invite?: InviteRecord | undefined
}

/** The waiting list, as a part of a store. */
export interface AccessRequestStore {
  /**
   * Keeps a request that nobody has confirmed yet, and in the same transaction queues its mail in place of one that
   * still waits. Where the app has a request of this canonical address, that one is mailed again, and takes the new
   * answers and locale if nobody has confirmed it; where its mail was queued after `quietSince`, nothing happens.
   *
   * Takes the same statements whatever is known of the address, and tells nothing of it.
   */
  askForAccess(
    request: NewAccessRequest,
    mail: {
      /** Unique; made by the caller. */
      readonly deliveryId: string
      /** Who was mailed since then is not mailed again. */
      readonly quietSince: Timestamp
    },
  ): Promise<void>

  /** The request of this id, or of this canonical address, confirmed or not. */
  findAccessRequest(
    query: AccessRequestKey | { readonly appId: string; readonly emailCanonical: string },
  ): Promise<AccessRequestRecord | undefined>

  /**
   * Records that the request was confirmed, as it stood at `askedAt`; one that was asked for anew since is left alone,
   * and one that was confirmed before changes nothing. Returns it as it then stands.
   */
  verifyAccessRequest(
    request: AccessRequestKey & { readonly askedAt: Timestamp; readonly now: Timestamp },
  ): Promise<AccessRequestRecord | undefined>

  /** One page of confirmed requests: those that wait in the order asked for, decided ones with the newest decision first. */
  listAccessRequests(query: {
    readonly appId: string
    readonly state: AccessRequestState
    /** Of those that wait. */
    readonly by: AccessRequestOrder
    readonly limit: number
    /** Only what comes after this one in the list's order; `at` is the time that the order goes by. */
    readonly after?: { readonly at: Timestamp; readonly id: string } | undefined
  }): Promise<readonly AccessRequestRecord[]>

  /** How many requests wait that were confirmed before this one; counts up to `limit`. */
  countAccessRequestsBefore(query: {
    readonly appId: string
    readonly verifiedAt: Timestamp
    readonly requestId: string
    readonly limit: number
  }): Promise<number>

  /**
   * Approves a confirmed request and makes its invite, with its mail, in the same step. Where the address has a pending
   * invite already, none is made. A request that was approved before is left as it is: of any number of approvals at
   * once, exactly one makes an invite. `undefined` where the app has no such confirmed request. While the invite's inviter
   * is paused, nothing is changed, and `'paused'` is returned; nor where one of `mails` is reached, which is returned as
   * `limited`.
   */
  approveAccessRequest(
    decision: AccessRequestDecision,
    invite: NewInvite,
    deliveryId: string | undefined,
  ): Promise<
    | AccessRequestDecided
    | 'paused'
    | {
        /** The limit on mails that is reached. */
        readonly limited: MailsExceeded
      }
    | undefined
  >

  /**
   * Declines a confirmed request; the invite that approving it made is revoked in the same step, as `revokeInvite` does
   * it. Where that one has been used, or it was declined before, nothing is changed.
   */
  declineAccessRequest(decision: AccessRequestDecision): Promise<AccessRequestDecided | undefined>
}
