// What a store keeps, as it hands it over.

/** A point in time: milliseconds since 1970, UTC. Stores never read a clock of their own. */
export type Timestamp = number

/** An invite as it is kept. */
export interface InviteRecord {
  readonly id: string
  readonly appId: string
  /** The address as it was given; mail goes there and nowhere else. `null`: shareable. */
  readonly email: string | null
  /** `email` in the form addresses are compared in. */
  readonly emailCanonical: string | null
  /** Only addresses of this domain may use it. */
  readonly emailDomain: string | null
  /** What its code is looked up by. Unique over all apps. */
  readonly codeHash: string
  /** The code, encrypted. Opaque to the store. */
  readonly codeSealed: string
  /** Counts the codes this invite has had; mailed proofs of an earlier one are void. Starts at 1. */
  readonly codeGeneration: number
  readonly role: string | null
  readonly orgId: string | null
  readonly inviterId: string | null
  readonly inviterEmail: string | null
  readonly inviterName: string | null
  readonly message: string | null
  readonly locale: string | null
  readonly metadata: Readonly<Record<string, unknown>> | null
  /** `null`: unlimited. */
  readonly maxUses: number | null
  /** Accepted uses. */
  readonly uses: number
  /** Uses that claims hold. Always the number of claim rows, lapsed ones included until the next claim clears them. */
  readonly held: number
  readonly createdAt: Timestamp
  /** How long it admits from when it is sent, in ms; sending it again gives this much again. `null`: for ever. */
  readonly termMs: number | null
  /** The first moment at which it no longer admits. `null`: never. */
  readonly expiresAt: Timestamp | null
  readonly revokedAt: Timestamp | null
  /** The newest mail of this invite. */
  readonly delivery: DeliveryRecord | null
}

/** A mail in the outbox. What it says is made when it is sent; nothing of it is kept. */
export interface DeliveryRecord {
  readonly id: string
  readonly inviteId: string
  readonly attempts: number
  readonly lastError: string | null
  readonly nextAttemptAt: Timestamp
  /** Somebody is delivering it until then. */
  readonly leasedUntil: Timestamp | null
  readonly sentAt: Timestamp | null
  readonly failedAt: Timestamp | null
  readonly canceledAt: Timestamp | null
}

/** An accepted use. */
export interface AcceptanceRecord {
  readonly id: string
  readonly inviteId: string
  readonly appId: string
  readonly claimId: string
  readonly userId: string | null
  readonly email: string | null
  readonly role: string | null
  readonly orgId: string | null
  readonly inviterId: string | null
  readonly inviterEmail: string | null
  readonly inviterName: string | null
  readonly acceptedAt: Timestamp
  readonly reopenedAt: Timestamp | null
}

/** What a new invite is made of; counters and states start at nothing. */
export type NewInvite = Omit<InviteRecord, 'codeGeneration' | 'uses' | 'held' | 'revokedAt' | 'delivery'>

/** An invite as a claim found it. Its mail is not looked up on the way through the gate. */
export type ClaimedInvite = Omit<InviteRecord, 'delivery'>
