// What a store keeps of how much is mailed, and of who wants no mail.
import type { Timestamp } from './records.js'
import type { LogNote } from './store-notes.js'

/** One limit on mails, and what it counts. */
export interface MailCount {
  /** Whose mails: a digest, so that what is kept is no list of addresses. */
  readonly id: string
  /** How many there may be. */
  readonly limit: number
  /** In how much time from the first of them, in ms. */
  readonly windowMs: number
}

/** A mail too many. */
export interface MailsExceeded {
  /** The `id` of the limit that is reached; of several, that which lasts longest. */
  readonly id: string
  /** The first moment at which there is room again. */
  readonly until: Timestamp
}

/** What a change of a refusal is logged as, where it changed something: in the app whose mail had the link. */
export interface RefusalNote {
  /** The app. */
  readonly appId: string
  /** The note itself. */
  readonly note: LogNote
}

/** Refusals of mail, as a part of a store. Each `id` is a digest of an address. */
export interface MailRefusalStore {
  /** Notes that this address wants no more mail. Again: changes nothing. */
  refuseMail(request: {
    readonly id: string
    readonly now: Timestamp
    readonly logged?: RefusalNote | undefined
  }): Promise<void>
  /** Takes refusals back, under whichever of these ids there is one. */
  allowMail(request: {
    readonly ids: readonly string[]
    readonly now: Timestamp
    readonly logged?: RefusalNote | undefined
  }): Promise<void>
  /** Whether there is a refusal under one of these ids. */
  refusesMail(request: { readonly ids: readonly string[] }): Promise<boolean>
}
