// The store contract: what a database must guarantee for the gate to hold. Implemented by the adapters, and by you
// for any other database: pass the contract suite (`express-invite-only/adapters/contract`) and it will do.
import type { AcceptanceRecord, ClaimedInvite, DeliveryRecord, InviteRecord, NewInvite, Timestamp } from './records.js'
import type { InviteStatus, Mode } from './types.js'

export type * from './records.js'

/** Names one invite: ids are never looked up without their app. */
export interface InviteKey {
  /** The app it is of. */
  readonly appId: string
  /** The invite's own id. */
  readonly inviteId: string
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
}

/** Why a claim was not admitted, judged in this order. */
export type ClaimRefusal = 'closed' | 'unknown' | 'used' | 'expired' | 'email_mismatch' | 'claimed'

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
  /** The time that this step happens at. */
  readonly now: Timestamp
  /** The app's mode where none is stored. */
  readonly defaultMode: Mode
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
}

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

/**
 * Where invites are kept.
 *
 * Each method is one atomic step: it happens wholly or not at all, whatever else runs, in this process or another.
 * A method that cannot be carried out rejects, and has then changed nothing; it never answers as if it had found
 * nothing. Time is an argument of every method, never the store's own clock.
 */
export interface InviteStore {
  /**
   * Brings the schema up to date. Safe at every start and from several processes at once; keeps all data.
   * @throws Error where the schema is newer than this version, or the database cannot be written.
   */
  migrate(): Promise<void>

  /** Ends the store's own connections; never those that it was given. Safe to call twice. */
  close(): Promise<void>

  /**
   * Adds an invite and, in the same transaction, its mail. For an invite with an address: where the same app,
   * organization and canonical address has a pending one, nothing is added and that one is returned as `existing`;
   * an expired one is revoked in the same step.
   */
  createInvite(
    invite: NewInvite,
    deliveryId: string | undefined,
  ): Promise<
    | {
        /** The new invite. */
        created: InviteRecord
      }
    | {
        /** The pending one that stands in its way. */
        existing: InviteRecord
      }
  >

  /** The invite, whatever its state; `undefined` where this app has none of that id. */
  findInvite(key: InviteKey): Promise<InviteRecord | undefined>

  /** The invite of this code, unless revoked; `undefined` for revoked, unknown and other apps' codes alike. */
  findInviteByCode(query: { readonly appId: string; readonly codeHash: string }): Promise<InviteRecord | undefined>

  /** One page, newest first; up to `limit` records. */
  listInvites(query: ListInvites): Promise<readonly InviteRecord[]>

  /**
   * Changes an invite that has a use left and was not revoked (`'over'` otherwise), also an expired one. With a new
   * code its generation goes up by one.
   */
  changeInvite(change: InviteChange): Promise<InviteRecord | 'over' | undefined>

  /**
   * Revokes an invite that has a use left and cancels its waiting mail. From then on no claim on it is admitted,
   * in any process. Returns the invite as it then stands, and whether it was this call that revoked it: one without
   * a use left is unchanged.
   */
  revokeInvite(key: InviteKey & { readonly now: Timestamp }): Promise<
    | {
        /** As it stands now. */
        readonly invite: InviteRecord
        /** Whether this call revoked it. */
        readonly revoked: boolean
      }
    | undefined
  >

  /**
   * Revokes every invite of the app that has a use left, or of one inviter in it, and cancels their waiting mail; as
   * `revokeInvite` does, but all in one step. Returns those that it revoked.
   */
  revokeInvites(request: {
    readonly appId: string
    readonly inviterId?: string | undefined
    readonly now: Timestamp
  }): Promise<readonly InviteRecord[]>

  /**
   * Holds one use. Admits a claim only where, at the moment the invite's row is locked, the app's mode lets it, the
   * invite is not revoked, `now` is before `expiresAt`, the address fits, and `uses + held < maxUses` with lapsed
   * holds not counted. So of any number of claims at once, from any number of processes, exactly as many are
   * admitted as there are uses. Clearing lapsed holds lowers `held` even where the claim is refused.
   *
   * `unknown` stands for revoked and other apps' codes too, and takes the same statements for all three.
   */
  claim(request: ClaimRequest): Promise<ClaimResult>

  /**
   * Turns a hold into an accepted use, for ever. A hold that has not lapsed is always accepted, even if the invite
   * was revoked, has expired or the mode was changed since: the account may exist. One that has lapsed is accepted
   * if the invite would still admit a claim (its address aside). The same claim again, or the same `userId` on the
   * same invite again, changes nothing, gives a hold of its own back, and returns what was recorded.
   *
   * A claim of another invite or another app is none. Where no use is left then, waiting mail is canceled.
   *
   * With `trx`, the host's own open transaction, all of it happens there: committed or rolled back with the rest.
   * @throws TypeError where `trx` is not an open transaction of a kind that the adapter knows.
   */
  accept(request: AcceptRequest, trx?: unknown): Promise<AcceptResult>

  /** As {@link InviteStore.accept}, in a transaction that cannot wait. Absent where the database has none such. */
  acceptSync?(request: AcceptRequest, trx: unknown): AcceptResult

  /** Gives a hold back. Nothing happens where there is none: released, accepted and lapsed ones are left as they are. */
  release(claim: { readonly claimId: string; readonly inviteId: string }): Promise<void>

  /** One page, newest first. */
  listAcceptances(query: {
    readonly appId: string
    readonly limit: number
    readonly after?: PagePosition | undefined
  }): Promise<readonly AcceptanceRecord[]>

  /**
   * Gives an accepted use back and marks the acceptance. `'exists'` where the address has got another pending
   * invite since. Reopening one that is reopened already changes nothing.
   */
  reopenAcceptance(request: {
    readonly appId: string
    readonly acceptanceId: string
    readonly now: Timestamp
  }): Promise<AcceptanceRecord | 'exists' | undefined>

  /** The stored mode; `undefined` where none was ever stored. */
  getMode(appId: string): Promise<Mode | undefined>

  /** Stores the mode. Holds for every claim that begins after it. */
  setMode(appId: string, mode: Mode, now: Timestamp): Promise<void>

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
