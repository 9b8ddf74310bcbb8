// What happens to invites, as typed events.
import { EventEmitter } from 'node:events'
import type { InviteErrorCode } from './errors.js'
import type { Acceptance, InviteSummary } from './types.js'
import { warnOnce } from './warnings.js'

/** What happened to an invite. */
export interface InviteEvent {
  /** The invite, as it stood right after. */
  readonly invite: InviteSummary
}

/** A signup page that was opened with an invite. */
export interface OpenedEvent {
  /** The app that is to be signed up to. */
  readonly appId: string
  /** The invite that it was opened with. */
  readonly inviteId: string
}

/** A mail that did not get out. */
export interface DeliveryFailedEvent extends InviteEvent {
  /** What the mailer said, without the code or the proof in it. */
  readonly error: string
  /** Whether it was given up; else it is tried again. */
  readonly final: boolean
}

/** An account that was made. */
export interface AcceptedEvent {
  /** What was recorded of it. */
  readonly acceptance: Acceptance
}

/** Somebody who joined pending approval was approved or declined. */
export interface DecidedEvent {
  /** As it stands now; `approval` says which. */
  readonly acceptance: Acceptance
}

/** A signup that was kept out. */
export interface RefusedEvent {
  /** The app that was to be signed up to. */
  readonly appId: string
  /** Why, as `InviteError` has it. */
  readonly code: InviteErrorCode
}

/** A webhook that was not taken. */
export interface WebhookFailedEvent {
  /** Its `webhook-id`, the same for every try. */
  readonly webhookId: string
  /** The app it tells of. */
  readonly appId: string
  /** The `id` of the endpoint. */
  readonly endpoint: string
  /** What it tells, such as `invite.accepted`. */
  readonly type: string
  /** What went wrong. */
  readonly error: string
  /** Whether it was given up; else it is tried again. */
  readonly final: boolean
}

/** Made-up codes are being guessed. */
export interface GuessingEvent {
  /** The app whose budget of wrong codes is spent; `null`: that of all apps together. */
  readonly appId: string | null
  /** How many wrong codes that took. */
  readonly wrongCodes: number
}

/** The events of `invites.events`, by name. No payload carries a code, a proof or a link. */
export interface InviteEvents {
  /** An invite was made; its mail, if any, is queued. */
  created: [event: InviteEvent]
  /** The mail server took the mail. */
  sent: [event: InviteEvent]
  /** A try to mail failed; `final` when it was the last. */
  failed: [event: DeliveryFailedEvent]
  /** A signup page asked about an invite that would let somebody in, or its code was pasted: whoever has it is there. */
  opened: [event: OpenedEvent]
  /** An account was made with an invite. */
  accepted: [event: AcceptedEvent]
  /** A supervisor approved or declined who had joined pending approval. */
  decided: [event: DecidedEvent]
  /** An invite was taken back, or closed because its address has joined by another one. */
  revoked: [event: InviteEvent]
  /** A door of the host's, or `invites.claim`, refused somebody; not told of a store that is down. */
  refused: [event: RefusedEvent]
  /** Made-up codes are being guessed: `humanCodes` has a budget, and it is spent. Once for each time that it lasts. */
  guessing: [event: GuessingEvent]
  /** A try to send a webhook failed; `final` when it was the last. */
  webhookFailed: [event: WebhookFailedEvent]
}

/** Where to listen: `invites.events.on('accepted', ({ acceptance }) => …)`. */
export type InviteEventEmitter = EventEmitter<InviteEvents>

/** Tells the listeners. What a listener throws is its own affair: it never undoes or fails what was done. */
export type Emit = <Name extends keyof InviteEvents>(name: Name, ...event: InviteEvents[Name]) => void

export function createEvents(): { events: InviteEventEmitter; emit: Emit } {
  const events: InviteEventEmitter = new EventEmitter<InviteEvents>()
  const failed = (name: string, error: unknown) =>
    warnOnce(events, 'INVITE_LISTENER_FAILED', `A listener of invites.events '${name}' failed: ${String(error)}`)
  const emit: Emit = (name, ...event) => {
    for (const listener of events.rawListeners(name)) {
      try {
        const result: unknown = Reflect.apply(listener, events, event)
        if (result instanceof Promise) result.catch((error: unknown) => failed(name, error))
      } catch (error) {
        failed(name, error)
      }
    }
  }
  return { events, emit }
}
