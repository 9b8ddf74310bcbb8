// From rows to the records of the store contract, and back.
import type { Selectable } from 'kysely'
import type { AcceptanceRecord, AccessRequestRecord, DeliveryRecord, InviteRecord, NewInvite } from '../../src/store.js'
import type { AcceptanceTable, AccessRequestTable, DbTime, DeliveryTable, Dialect, InviteTable } from './schema.js'

export type InviteRow = Selectable<InviteTable>
export type DeliveryRow = Selectable<DeliveryTable>
export type AcceptanceRow = Selectable<AcceptanceTable>
export type AccessRequestRow = Selectable<AccessRequestTable>

const time = (dialect: Dialect, value: DbTime | null) => (value === null ? null : dialect.decodeTime(value))

export function toInvite(dialect: Dialect, row: InviteRow, delivery: DeliveryRecord | null): InviteRecord {
  return {
    id: row.id,
    appId: row.app_id,
    email: row.email,
    emailCanonical: row.email_canonical,
    emailDomain: row.email_domain,
    oncePerPerson: row.once_per_person === 1,
    codeHash: row.code_hash,
    codeSealed: row.code_sealed,
    codeGeneration: row.code_generation,
    role: row.role,
    orgId: row.org_id,
    inviterId: row.inviter_id,
    inviterEmail: row.inviter_email,
    inviterName: row.inviter_name,
    message: row.message,
    locale: row.locale,
    metadata: row.metadata === null ? null : dialect.decodeJson(row.metadata),
    source: row.source,
    maxUses: row.max_uses,
    uses: row.uses,
    held: row.held,
    createdAt: dialect.decodeTime(row.created_at),
    termMs: row.term_ms,
    expiresAt: time(dialect, row.expires_at),
    revokedAt: time(dialect, row.revoked_at),
    delivery,
  }
}

export function toDelivery(dialect: Dialect, row: DeliveryRow): DeliveryRecord {
  return {
    id: row.id,
    inviteId: row.invite_id,
    requestId: row.request_id,
    attempts: row.attempts,
    lastError: row.last_error,
    nextAttemptAt: dialect.decodeTime(row.next_attempt_at),
    leasedUntil: time(dialect, row.leased_until),
    sentAt: time(dialect, row.sent_at),
    failedAt: time(dialect, row.failed_at),
    canceledAt: time(dialect, row.canceled_at),
  }
}

export function toAcceptance(dialect: Dialect, row: AcceptanceRow): AcceptanceRecord {
  return {
    id: row.id,
    inviteId: row.invite_id,
    appId: row.app_id,
    claimId: row.claim_id,
    userId: row.user_id,
    email: row.email,
    role: row.role,
    orgId: row.org_id,
    inviterId: row.inviter_id,
    inviterEmail: row.inviter_email,
    inviterName: row.inviter_name,
    acceptedAt: dialect.decodeTime(row.accepted_at),
    reopenedAt: time(dialect, row.reopened_at),
    approval: row.approval,
    decidedAt: time(dialect, row.decided_at),
  }
}

export function toAccessRequest(dialect: Dialect, row: AccessRequestRow): AccessRequestRecord {
  return {
    id: row.id,
    appId: row.app_id,
    email: row.email,
    emailCanonical: row.email_canonical,
    answers: dialect.decodeJson(row.answers) as Record<string, string>,
    locale: row.locale,
    createdAt: dialect.decodeTime(row.created_at),
    askedAt: dialect.decodeTime(row.asked_at),
    verifiedAt: time(dialect, row.verified_at),
    decision: row.decision,
    decidedAt: time(dialect, row.decided_at),
    decidedBy: row.decided_by,
    inviteId: row.invite_id,
  }
}

/** The row of a new invite. */
export function fromNewInvite(dialect: Dialect, invite: NewInvite, deliveryId: string | undefined): InviteRow {
  return {
    id: invite.id,
    app_id: invite.appId,
    email: invite.email,
    email_canonical: invite.emailCanonical,
    email_at: invite.emailCanonical?.slice(invite.emailCanonical.lastIndexOf('@') + 1) ?? null,
    email_domain: invite.emailDomain,
    once_per_person: invite.oncePerPerson ? 1 : 0,
    code_hash: invite.codeHash,
    code_sealed: invite.codeSealed,
    code_generation: 1,
    role: invite.role,
    org_id: invite.orgId,
    inviter_id: invite.inviterId,
    inviter_email: invite.inviterEmail,
    inviter_name: invite.inviterName,
    message: invite.message,
    locale: invite.locale,
    metadata: invite.metadata === null ? null : dialect.encodeJson(invite.metadata),
    source: invite.source ?? null,
    max_uses: invite.maxUses,
    uses: 0,
    held: 0,
    created_at: dialect.encodeTime(invite.createdAt),
    term_ms: invite.termMs,
    expires_at: invite.expiresAt === null ? null : dialect.encodeTime(invite.expiresAt),
    revoked_at: null,
    delivery_id: deliveryId ?? null,
    quota_cost: 0,
    quota_back: 0,
    past_expiry: null,
  }
}

/** What the host said of somebody, without what no database keeps in a JSON document: NUL and half surrogates. */
export function storable(text: string | null): string | null {
  return text?.replace(/[\0\p{Cs}]/gu, '\uFFFD') ?? null
}
