// What a store keeps, as it hands it over.

/** A point in time: milliseconds since 1970, UTC. Stores never read a clock of their own. */
export type Timestamp = number

/** An invite as it is kept. */
export interface InviteRecord {
  /** Unique over all apps; made by the caller. */
  readonly id: string
  /** The app it is for. */
  readonly appId: string
  /** The address as it was given; mail goes there and nowhere else. `null`: shareable. */
  readonly email: string | null
  /** `email` in the form addresses are compared in. */
  readonly emailCanonical: string | null
  /** Only addresses of this domain may use it. */
  readonly emailDomain: string | null
  /** Whether an address may use it once only, and must be given. */
  readonly oncePerPerson: boolean
  /** What its code is looked up by. Unique over all apps. */
  readonly codeHash: string
  /** The code, encrypted. Opaque to the store. */
  readonly codeSealed: string
  /** Counts the codes this invite has had; mailed proofs of an earlier one are void. Starts at 1. */
  readonly codeGeneration: number
  /** Granted to whoever accepts; `null`: none. */
  readonly role: string | null
  /** The organization that the invitee joins; `null`: none. */
  readonly orgId: string | null
  /** The host's id of whoever sent it; `null`: nobody was named. */
  readonly inviterId: string | null
  /** The inviter's address, as the host gave it. */
  readonly inviterEmail: string | null
  /** The inviter's name, as the host gave it. */
  readonly inviterName: string | null
  /** The inviter's note in the mail; `null`: none. */
  readonly message: string | null
  /** The mail's language, a BCP 47 tag; `null`: none was asked for. */
  readonly locale: string | null
  /** The host's own data, at most 4 kB as JSON; handed back as it came. */
  readonly metadata: Readonly<Record<string, unknown>> | null
  /** Where it comes from: the label in the metadata that it was made with, to be counted by; `null`: none. Nothing changes it. */
  readonly source: string | null
  /** `null`: unlimited. */
  readonly maxUses: number | null
  /** Accepted uses. */
  readonly uses: number
  /** Uses that claims hold. Always the number of claim rows, lapsed ones included until the next claim clears them. */
  readonly held: number
  /** The list is ordered by it. */
  readonly createdAt: Timestamp
  /** How long it admits from when it is sent, in ms; sending it again gives this much again. `null`: for ever. */
  readonly termMs: number | null
  /** The first moment at which it no longer admits. `null`: never. */
  readonly expiresAt: Timestamp | null
  /** `null`: not revoked. */
  readonly revokedAt: Timestamp | null
  /** The newest mail of this invite. */
  readonly delivery: DeliveryRecord | null
}

/** A mail in the outbox. What it says is made when it is sent; nothing of it is kept. */
export interface DeliveryRecord {
  /** Unique; made by the caller. The same for every try. */
  readonly id: string
  /** The invite that is mailed; `null`: a request for access is. */
  readonly inviteId: string | null
  /** The request for access whose address is to be confirmed; `null`: an invite is mailed. */
  readonly requestId: string | null
  /** Tries so far, one that is under way included. Names the lease: `finishDelivery` must give it again. */
  readonly attempts: number
  /** What the last failed try was told; `null`: none has failed. */
  readonly lastError: string | null
  /** It is not due before. */
  readonly nextAttemptAt: Timestamp
  /** Somebody is delivering it until then. */
  readonly leasedUntil: Timestamp | null
  /** When the mail server took it. */
  readonly sentAt: Timestamp | null
  /** When it was given up. */
  readonly failedAt: Timestamp | null
  /** When it was overtaken before it got out: the invite was used or revoked, had expired, or was mailed anew. */
  readonly canceledAt: Timestamp | null
}

/** An accepted use. */
export interface AcceptanceRecord {
  /** Unique; made by the caller. */
  readonly id: string
  /** The invite that was used. */
  readonly inviteId: string
  /** The app that was joined. */
  readonly appId: string
  /** The claim that it was. One claim is accepted at most once. */
  readonly claimId: string
  /** The host's id of the new user; `null`: not told. */
  readonly userId: string | null
  /** The canonical address that the account was made with; `null`: none was given. */
  readonly email: string | null
  /** The invite's role at that moment. */
  readonly role: string | null
  /** The invite's organization at that moment. */
  readonly orgId: string | null
  /** The invite's inviter at that moment. */
  readonly inviterId: string | null
  /** The inviter's address, as the host gave it. */
  readonly inviterEmail: string | null
  /** The inviter's name, as the host gave it. */
  readonly inviterName: string | null
  /** The list is ordered by it. */
  readonly acceptedAt: Timestamp
  /** When the use was given back; `null`: it counts. */
  readonly reopenedAt: Timestamp | null
  /** Whether the host's approval was asked for, and what became of it; `null`: it was not. */
  readonly approval: Approval | null
  /** When it was approved or declined last; `null`: it was not. */
  readonly decidedAt: Timestamp | null
}

/** What became of joining that the host wants approved by somebody. */
export type Approval = 'pending' | 'approved' | 'declined'

/** What a new invite is made of; counters and states start at nothing. */
export type NewInvite = Omit<
  InviteRecord,
  'codeGeneration' | 'uses' | 'held' | 'revokedAt' | 'delivery' | 'oncePerPerson' | 'source'
> & {
  /** See {@link InviteRecord.oncePerPerson}. Default: false. */
  readonly oncePerPerson?: boolean | undefined
  /** See {@link InviteRecord.source}. Default: none. */
  readonly source?: string | null | undefined
}

/** An invite as a claim found it. Its mail is not looked up on the way through the gate. */
export type ClaimedInvite = Omit<InviteRecord, 'delivery'>
