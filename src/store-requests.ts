// What a store is asked, and what it answers.
import type { AcceptanceRecord, ClaimedInvite, InviteRecord, Timestamp } from './records.js'
import type { MailCount } from './store-mails.js'
import type { LogNote, WebhookTargets } from './store-notes.js'
import type { QuotaKey } from './store-settings.js'
import type { InviteStatus, Mode, QuotaRule } from './types.js'

/** Names one invite: ids are never looked up without their app. */
export interface InviteKey {
  /** The app it is of. */
  readonly appId: string
  /** The invite's own id. */
  readonly inviteId: string
}

/** What making an invite takes, and leaves, besides it. */
export interface CreateInviteOptions {
  /** The quota that its uses are taken from. */
  readonly charge?: QuotaKey | undefined
  /** The limits that its mail counts for. */
  readonly mails?: readonly MailCount[] | undefined
  /** What it is logged as. */
  readonly note?: LogNote | undefined
}

/** Which page of invites to read. */
export interface ListInvites {
  /** Only this app's invites. */
  readonly appId: string
  /** Only invites in this inviter's name. */
  readonly inviterId?: string | undefined
  /** Only invites that have one of these at `now`. */
  readonly statuses: readonly InviteStatus[]
  /** Only canonical addresses that start so. */
  readonly emailPrefix?: string | undefined
  /** Only canonical addresses at this domain. */
  readonly domain?: string | undefined
  /** How many at the most. */
  readonly limit: number
  /** Only what comes after this one in the list's order: newest first, then by id, descending. */
  readonly after?: PagePosition | undefined
  /** What tells pending from expired. */
  readonly now: Timestamp
}

/** A place in a list that is ordered by time and id. */
export interface PagePosition {
  /** When that item was made. */
  readonly at: Timestamp
  /** Its id: the order among those of one moment. */
  readonly id: string
}

/** Who wants to hold a use, of which code. */
export interface ClaimRequest {
  /** Unique; made by the caller. */
  readonly claimId: string
  /** The app that is signed up to. */
  readonly appId: string
  /** What the code that was given is looked up by. */
  readonly codeHash: string
  /** The canonical address of whoever signs up, and its domain; `null` where the host passes none. */
  readonly email: {
    /** In the form addresses are compared in. */
    readonly canonical: string
    /** What stands behind its `@`. */
    readonly domain: string
  } | null
  /** Whether a bound invite is admitted without an address: the caller has or will have another proof. */
  readonly withoutEmail: boolean
  /** The time that this step happens at. */
  readonly now: Timestamp
  /** When the claim lapses by itself. */
  readonly lapsesAt: Timestamp
  /** The app's mode where none is stored. */
  readonly defaultMode: Mode
  /** The app's seats where none are stored; `null`: any number. */
  readonly defaultSeats: number | null
}

/** Why a claim was not admitted, judged in this order. */
export type ClaimRefusal = 'closed' | 'full' | 'unknown' | 'used' | 'expired' | 'email_mismatch' | 'paused' | 'claimed'

/** What became of a claim. */
export type ClaimResult =
  | {
      /** One use is held. */
      readonly admitted: true
      /** The invite, with this hold counted. */
      readonly invite: ClaimedInvite
    }
  | {
      /** Nothing is held. */
      readonly admitted: false
      /** The first that applies, in the order of {@link ClaimRefusal}. */
      readonly reason: ClaimRefusal
      /** With `claimed`: when the first hold lapses. */
      readonly lapsesAt?: Timestamp
    }

/** Which claim is accepted, and for whom. */
export interface AcceptRequest {
  /** As it was given to `claim`. */
  readonly claimId: string
  /** The invite that the claim holds a use of. */
  readonly inviteId: string
  /** The app of both. */
  readonly appId: string
  /** Unique; made by the caller. */
  readonly acceptanceId: string
  /** The host's id of the new user; `null`: not told. */
  readonly userId: string | null
  /** The canonical address of the new account, for the case that the claim's row is gone. */
  readonly email: string | null
  /** The canonical address that is known to be the new user's, and not only typed by them; `null`: none is known. */
  readonly verifiedEmail: string | null
  /** Recorded as pending approval. Default: false. */
  readonly pendingApproval?: boolean | undefined
  /** The time that this step happens at. */
  readonly now: Timestamp
  /** The app's mode where none is stored. */
  readonly defaultMode: Mode
  /** The app's seats where none are stored; `null`: any number. */
  readonly defaultSeats: number | null
  /** Whom to tell of a newly counted use, and of the invite that it closes; see {@link LogNote.webhooks}. */
  readonly webhooks?: WebhookTargets | undefined
}

/** What is given back. */
export interface ReleaseRequest {
  /** As it was given to `claim`. */
  readonly claimId: string
  /** The invite that the claim holds a use of. */
  readonly inviteId: string
}

/** What became of accepting; not accepted where the hold lapsed and the use is gone. */
export type AcceptResult =
  | {
      /** The use is counted. */
      readonly accepted: true
      /** What is recorded of it. */
      readonly acceptance: AcceptanceRecord
      /** False where this very acceptance was recorded before. */
      readonly fresh: boolean
      /** The other invite of that address, as it stands now, where this very step revoked it. */
      readonly closed?: InviteRecord | undefined
    }
  | {
      /** Nothing was counted. */
      readonly accepted: false
    }

/** What is to change about an invite; what is absent stays. */
export interface InviteChange extends InviteKey {
  /** The time that this step happens at. */
  readonly now: Timestamp
  /** The new role; `null`: none. */
  readonly role?: string | null | undefined
  /** The host's own data, in place of what it had; `null`: none. */
  readonly metadata?: Readonly<Record<string, unknown>> | null | undefined
  /** The new term, in ms; `null`: for ever. */
  readonly termMs?: number | null | undefined
  /** The first moment at which it no longer admits; `null`: never. */
  readonly expiresAt?: Timestamp | null | undefined
  /** A new code, in place of the one it has. */
  readonly code?:
    | {
        /** What it is looked up by; see {@link InviteRecord.codeHash}. */
        readonly hash: string
        /** The code, encrypted; opaque to the store. */
        readonly sealed: string
      }
    | undefined
  /** The mail to queue, in place of one that still waits. */
  readonly deliveryId?: string | undefined
  /** The limits that the mail counts for. */
  readonly mails?: readonly MailCount[] | undefined
  /** The app's rule of quotas where none is stored: what an expired invite gave back is taken again when it is revived. */
  readonly defaultQuota?: QuotaRule | undefined
  /** What it is logged as. */
  readonly note?: LogNote | undefined
}

/** What housekeeping removes. */
export type PruneTarget =
  | 'invites'
  | 'deliveries'
  | 'claims'
  | 'keyedRequests'
  | 'accessRequests'
  | 'mailCounts'
  | 'webhooks'
  | 'addresses'

/** One batch of housekeeping. */
export interface PruneRequest {
  /** What to remove. */
  readonly what: PruneTarget
  /** Only what was over then or earlier. At least a day before `now`. */
  readonly before: Timestamp
  /** The time that this step happens at. */
  readonly now: Timestamp
  /** How many to look at, at the most. */
  readonly limit: number
  /** Where the batch before ended: its `next`. Absent: at the beginning. */
  readonly after?: PagePosition | undefined
}

/** What a batch of housekeeping came to. */
export interface PruneResult {
  /** How many were removed. */
  readonly removed: number
  /** Where the next batch begins; `undefined`: that was all. Opaque to the caller. */
  readonly next: PagePosition | undefined
}
