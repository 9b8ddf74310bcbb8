// What a change is logged as, given along with what is to change.

/** Which endpoints are told by webhook, by what is logged: `{ 'invite.create': ['main'] }`. */
export type WebhookTargets = Readonly<Record<string, readonly string[]>>

/** Who did something: the host's own `code` (the command line and the outbox too), or whoever joined (`invitee`). */
export type LogActorKind = 'supervisor' | 'member' | 'code' | 'key' | 'invitee'

/** What a change is logged as. Holds nobody's address or name, only ids. */
export interface LogNote {
  /** Unique; made by the caller. */
  readonly id: string
  /** What was done, such as `invite.create`. */
  readonly action: string
  /** Who did it. */
  readonly actor: {
    /** What they are. */
    readonly kind: LogActorKind
    /** The host's id of them, or the key's; `null`: nobody in particular. */
    readonly id: string | null
  }
  /** What else is worth knowing, without personal data and secrets; `null`: nothing. */
  readonly details: Readonly<Record<string, unknown>> | null
  /** Whom to tell of it, and of what is done in passing. Queued in the same step, and no part of the entry. Default: nobody. */
  readonly webhooks?: WebhookTargets | undefined
}
