// What webhooks say: the name of each event on the wire, and what comes with it.
import type { AuditActor, LogAction } from './record-types.js'
import type { Acceptance, InviteSummary } from './types.js'

/** What each entry of the log is called on the wire. */
export const webhookTypes = {
  'invite.create': 'invite.created',
  'invite.update': 'invite.updated',
  'invite.resend': 'invite.resent',
  'invite.revoke': 'invite.revoked',
  'invite.supersede': 'invite.superseded',
  'invite.accept': 'invite.accepted',
  'mail.sent': 'mail.sent',
  'mail.failed': 'mail.failed',
  'acceptance.reopen': 'acceptance.reopened',
  'acceptance.approve': 'acceptance.approved',
  'acceptance.decline': 'acceptance.declined',
  'settings.write': 'settings.changed',
  'quota.write': 'quota.changed',
  'quota.grant': 'quota.granted',
  'inviter.pause': 'inviter.paused',
  'inviter.resume': 'inviter.resumed',
  'request.approve': 'request.approved',
  'request.decline': 'request.declined',
  'person.forget': 'person.forgotten',
  'mail.refuse': 'mail.refused',
  'mail.allow': 'mail.allowed',
  'key.create': 'key.created',
  'key.revoke': 'key.revoked',
} as const satisfies Readonly<Record<LogAction, string>>

/** The name of a webhook event, such as `invite.accepted`: one for each {@link LogAction}. */
export type WebhookType = (typeof webhookTypes)[LogAction]

/** Of the events, those that tell of somebody who joined. */
export const acceptanceWebhookTypes = [
  'invite.accepted',
  'acceptance.reopened',
  'acceptance.approved',
  'acceptance.declined',
] as const

/** Of the events, those that tell of an app and of none of its invites. */
export const appWebhookTypes = [
  'settings.changed',
  'quota.changed',
  'quota.granted',
  'inviter.paused',
  'inviter.resumed',
  'person.forgotten',
  'mail.refused',
  'mail.allowed',
  'key.created',
  'key.revoked',
] as const

/** A {@link WebhookType} of somebody who joined, was approved or declined then, or whose use was given back. */
export type AcceptanceWebhookType = (typeof acceptanceWebhookTypes)[number]

/** A {@link WebhookType} of an app, and none of its invites. */
export type AppWebhookType = (typeof appWebhookTypes)[number]

/** A {@link WebhookType} of an invite, its mail, or the request for access that it answers. */
export type InviteWebhookType = Exclude<WebhookType, AcceptanceWebhookType | AppWebhookType>

/** What every webhook says: the entry of the log that it tells of. */
export interface AppWebhookData {
  /** The entry's id, as `GET …/audit` has it. */
  readonly entryId: string
  /** The app it is about. */
  readonly appId: string
  /** Who did it. */
  readonly actor: AuditActor
  /** What else is worth knowing, such as `{ "role": "nurse" }`; `null`: nothing. */
  readonly details: Readonly<Record<string, unknown>> | null
}

/** What a webhook about an invite says. */
export interface InviteWebhookData extends AppWebhookData {
  /** The invite as it stood when this was sent, without its code; `null`: there is none, or it was removed since. */
  readonly invite: InviteSummary | null
}

/** What a webhook about somebody who joined says. */
export interface AcceptanceWebhookData extends InviteWebhookData {
  /** Who joined, as it stood when this was sent. */
  readonly acceptance: Acceptance
}

/** A webhook's body, in the form of Standard Webhooks. */
export interface WebhookMessage<Type extends WebhookType, Data extends AppWebhookData> {
  /** What happened. */
  readonly type: Type
  /** When it happened, ISO 8601, UTC; the header `webhook-timestamp` says when it was sent. */
  readonly timestamp: string
  /** What it happened to. */
  readonly data: Data
}

/** What a webhook of this type says. */
export type WebhookData<Type extends WebhookType> = Type extends AcceptanceWebhookType
  ? AcceptanceWebhookData
  : Type extends AppWebhookType
    ? AppWebhookData
    : InviteWebhookData

/** The body of every webhook, told apart by `type`. It carries no code, no proof and no link. */
export type WebhookEvent = { [Type in WebhookType]: WebhookMessage<Type, WebhookData<Type>> }[WebhookType]

/** A webhook that was given up. */
export interface FailedWebhook {
  /** The `webhook-id` that it had at every try. */
  readonly webhookId: string
  /** The app it is about. */
  readonly appId: string
  /** The `id` of the endpoint that did not take it. */
  readonly endpoint: string
  /** What it tells, or what a later version calls it. */
  readonly type: string
  /** When that happened, ISO 8601, UTC. */
  readonly timestamp: string
  /** How often it was tried. */
  readonly attempts: number
  /** Why the last try failed. */
  readonly lastError: string | null
  /** When it was given up, ISO 8601, UTC. */
  readonly failedAt: string
}
