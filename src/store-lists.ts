// What a store does for lists of thousands: many invites in one step.
import type { NewInvite, Timestamp } from './records.js'
import type { LogNote } from './store-notes.js'

/** An address and an organization of one app. */
export interface Invitee {
  /** The canonical address. */
  readonly email: string
  /** The organization to join; `null`: none. */
  readonly orgId: string | null
  /** What a refusal of mail by this address may be kept under; absent or empty: nobody is asked. */
  readonly refusalIds?: readonly string[] | undefined
}

/** Where an invitee stands: pending invite, account, no more mail to that address, or none of these. */
export type InviteeState = 'new' | 'invited' | 'joined' | 'refusing'

/** Many invites, of one app. */
export interface NewInvites {
  /** The app that all of them are for. */
  readonly appId: string
  /** Each with the id of its mail; `undefined`: none is sent. */
  readonly invites: readonly {
    /** As `createInvite` takes it. */
    readonly invite: NewInvite
    /** Unique; made by the caller. */
    readonly deliveryId: string | undefined
    /** What a refusal of that mail may be kept under; absent or empty: nobody is asked. */
    readonly refusalIds?: readonly string[] | undefined
  }[]
  /** The time that this step happens at. */
  readonly now: Timestamp
  /** Spreads their mails over time. Default: all are due at once. */
  readonly spread?: MailSpread | undefined
  /** What each is logged as, under ids that begin with its own. */
  readonly note?: LogNote | undefined
}

/** When the mails of a list are due. */
export interface MailSpread {
  /** The first. */
  readonly from: Timestamp
  /** From one to the next, in ms; may be a fraction. */
  readonly everyMs: number
}

/** What became of one invite of many. */
export type NewInviteOutcome =
  | {
      /** It was added, as it stands here: where its mail is due later, it expires as much later. */
      readonly created: NewInvite
    }
  | {
      /** The id of the pending invite that stands in its way, of another one of this very list too. */
      readonly existing: string
    }
  | {
      /** Its address has joined this app and organization. */
      readonly joined: true
    }
  | {
      /** Its address refuses mail. */
      readonly refusing: true
    }
  | {
      /** Its inviter is paused. */
      readonly paused: true
    }

/** Lists, as a part of a store. */
export interface ListStore {
  /**
   * Adds many invites and their mails in one step, each under the guarantees of `createInvite`, without a quota. One
   * whose address has an acceptance that was not reopened, in the same app and organization, is not added; nor is one under
   * whose `refusalIds` there is a refusal of mail. Where
   * several are for the same address and organization, the first is. Answers in the order of the request.
   */
  createInvites(request: NewInvites): Promise<readonly NewInviteOutcome[]>

  /** Where these invitees stand, in their order. Changes nothing. */
  findInvitees(request: {
    readonly appId: string
    readonly invitees: readonly Invitee[]
    readonly now: Timestamp
  }): Promise<readonly InviteeState[]>

  /** When the last of the mails is due that wait for their first try; `undefined` where none does. */
  lastDeliveryAt(): Promise<Timestamp | undefined>
}
