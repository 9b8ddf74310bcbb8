// What a store gives out and forgets of a person.
import type { AcceptanceRecord, InviteRecord, Timestamp } from './records.js'
import type { AccessRequestRecord } from './store-access-requests.js'
import type { LogNote } from './store-notes.js'

/** Somebody, by their address. */
export interface PersonKey {
  /** In this app. */
  readonly appId: string
  /** The address in the form addresses are compared in. */
  readonly email: string
  /** Ways to write it in which it may be kept as an inviter's, A to Z in lower case. */
  readonly spellings: readonly string[]
}

/** How much of a person was found, or forgotten. */
export interface PersonCounts {
  /** Invites that were for them. */
  readonly invites: number
  /** Acceptances with their address. */
  readonly acceptances: number
  /** Invites and acceptances that name them as the inviter. */
  readonly sent: number
  /** Requests for access of their address. */
  readonly requests: number
}

/** Privacy, as a part of a store. */
export interface PrivacyStore {
  /** Everything that is held on a person, but what they sent: that is counted. */
  findPerson(person: PersonKey): Promise<{
    /** Invites for them, whatever their state. */
    readonly invites: readonly InviteRecord[]
    /** What was accepted with their address. */
    readonly acceptances: readonly AcceptanceRecord[]
    /** How many invites and acceptances name them as the inviter. */
    readonly sent: number
    /** Requests for access, confirmed or not. */
    readonly requests: readonly AccessRequestRecord[]
  }>

  /**
   * Forgets up to `limit` of each: what is left of an invite for them is its times, its role and its state, revoked
   * where it had a use left, and without a code; an acceptance loses the address; what they sent, their address and
   * name; a request for access is removed, with its mails. Nothing is left to forget once all counts are 0.
   */
  forgetPerson(
    request: PersonKey & {
      readonly now: Timestamp
      readonly limit: number
      /** What it is logged as, where there was something to forget. */
      readonly note?: LogNote | undefined
    },
  ): Promise<PersonCounts>
}
