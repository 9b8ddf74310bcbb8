// From the records of the store to what callers see.
import type { Context } from './context.js'
import type { AcceptanceRecord, DeliveryRecord, InviteRecord } from './store.js'
import type { Acceptance, Delivery, Invite, Inviter, InviteStatus, InviteSummary } from './types.js'

/** Whether no use is left. */
export function isUsed(record: Pick<InviteRecord, 'uses' | 'maxUses'>): boolean {
  return record.maxUses !== null && record.uses >= record.maxUses
}

export function statusOf(
  record: Pick<InviteRecord, 'uses' | 'maxUses' | 'revokedAt' | 'expiresAt'>,
  now: number,
): InviteStatus {
  if (record.revokedAt !== null) return 'revoked'
  if (isUsed(record)) return 'accepted'
  return record.expiresAt !== null && record.expiresAt <= now ? 'expired' : 'pending'
}

export function inviterOf(record: Pick<InviteRecord, 'inviterId' | 'inviterEmail' | 'inviterName'>): Inviter | null {
  return record.inviterId === null
    ? null
    : { id: record.inviterId, email: record.inviterEmail, name: record.inviterName }
}

/** An invite's code; `null` where no listed secret opens it. */
export function openCode(
  { keyring }: Context,
  record: Pick<InviteRecord, 'appId' | 'id' | 'codeSealed'>,
): string | null {
  return keyring.open('code-seal', record.codeSealed, sealContext(record)) ?? null
}

/** What a sealed code is bound to, so that it opens nowhere else. */
export function sealContext(record: Pick<InviteRecord, 'appId' | 'id'>): readonly string[] {
  return [record.appId, record.id]
}

/** The link that carries `token` to the signup page. */
export function joinUrl({ config }: Context, appId: string, token: string): string {
  return `${config.baseUrl}/app/${encodeURIComponent(appId)}/join/${encodeURIComponent(token)}`
}

export function summaryOf(record: InviteRecord, now: number): InviteSummary {
  return {
    inviteId: record.id,
    email: record.email,
    appId: record.appId,
    used: isUsed(record),
    status: statusOf(record, now),
    role: record.role,
    orgId: record.orgId,
    inviter: inviterOf(record),
    metadata: record.metadata,
    emailDomain: record.emailDomain,
    oncePerPerson: record.oncePerPerson,
    maxUses: record.maxUses,
    uses: record.uses,
    createdAt: isoTime(record.createdAt),
    expiresAt: record.expiresAt === null ? null : isoTime(record.expiresAt),
    delivery: deliveryOf(record.delivery, now),
  }
}

export function viewOf(context: Context, record: InviteRecord, now: number): Invite {
  const { inviteId, ...rest } = summaryOf(record, now)
  const live = rest.status === 'pending' || rest.status === 'expired'
  const inviteCode = live ? openCode(context, record) : null
  return {
    inviteId,
    inviteCode,
    ...rest,
    joinUrl: inviteCode === null ? null : joinUrl(context, record.appId, inviteCode),
  }
}

export function acceptanceView(record: AcceptanceRecord): Acceptance {
  return {
    acceptanceId: record.id,
    inviteId: record.inviteId,
    appId: record.appId,
    userId: record.userId,
    email: record.email,
    role: record.role,
    orgId: record.orgId,
    inviter: inviterOf(record),
    acceptedAt: isoTime(record.acceptedAt),
    reopenedAt: record.reopenedAt === null ? null : isoTime(record.reopenedAt),
    approval: record.approval,
    decidedAt: record.decidedAt === null ? null : isoTime(record.decidedAt),
  }
}

function deliveryOf(delivery: DeliveryRecord | null, now: number): Delivery {
  if (delivery === null) return { state: 'none', attempts: 0, lastError: null, sentAt: null }
  return {
    state: deliveryState(delivery, now),
    attempts: delivery.attempts,
    lastError: delivery.lastError,
    sentAt: delivery.sentAt === null ? null : isoTime(delivery.sentAt),
  }
}

function deliveryState(delivery: DeliveryRecord, now: number): Delivery['state'] {
  if (delivery.sentAt !== null) return 'sent'
  if (delivery.failedAt !== null) return 'failed'
  if (delivery.canceledAt !== null) return 'canceled'
  return delivery.leasedUntil !== null && delivery.leasedUntil > now ? 'sending' : 'queued'
}

export function isoTime(timestamp: number): string {
  return new Date(timestamp).toISOString()
}
