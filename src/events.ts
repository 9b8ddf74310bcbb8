// What happens to invites, as typed events.
import { EventEmitter } from 'node:events'
import type { Acceptance, InviteSummary } from './types.js'
import { warnOnce } from './warnings.js'

/** The events of `invites.events`, by name. No payload carries a code, a proof or a link. */
export interface InviteEvents {
  /** An invite was made; its mail, if any, is queued. */
  created: [event: { readonly invite: InviteSummary }]
  /** The mail server took the mail. */
  sent: [event: { readonly invite: InviteSummary }]
  /** A try to mail failed; `final` when it was the last. */
  failed: [event: { readonly invite: InviteSummary; readonly error: string; readonly final: boolean }]
  /** An account was made with an invite. */
  accepted: [event: { readonly acceptance: Acceptance }]
  /** An invite was taken back. */
  revoked: [event: { readonly invite: InviteSummary }]
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
