// An outstanding invite on the dashboard: every value ready to be shown.
import { type ShownTime, shownTime, shownTimeShape } from './shown-time.js'
import type { Shape } from './templates/shape.js'
import type { Delivery, Invite } from './types.js'

export interface InviteRow {
  readonly id: string
  /** The address, or what kind of link it is. */
  readonly title: string
  readonly email: string | null
  readonly expired: boolean
  readonly uses: string
  readonly role: string | null
  readonly inviter: string | null
  readonly sentOn: ShownTime
  readonly expires: ShownTime | null
  readonly delivery: { readonly state: Delivery['state']; readonly label: string; readonly error: string | null }
  readonly joinUrl: string | null
  /** What sending it again is called; absent where it would do nothing. */
  readonly again?: string
}

export const inviteRowShape: Shape<InviteRow> = {
  id: 'text',
  title: 'text',
  email: 'text',
  expired: 'text',
  uses: 'text',
  role: 'text',
  inviter: 'text',
  sentOn: shownTimeShape,
  expires: shownTimeShape,
  delivery: { state: 'text', label: 'text', error: 'text' },
  joinUrl: 'url',
  again: 'text',
}

const deliveryLabels: Readonly<Record<Delivery['state'], string>> = {
  none: 'Not mailed',
  queued: 'Waiting to be mailed',
  sending: 'Being mailed',
  sent: 'Mailed',
  failed: 'Could not be mailed',
  canceled: 'Mail canceled',
}

export function inviteRow(invite: Invite, mails: boolean): InviteRow {
  const { delivery, maxUses } = invite
  const isMailed = mails && invite.email !== null
  return {
    id: invite.inviteId,
    title: invite.email ?? 'Shareable link',
    email: invite.email,
    expired: invite.status === 'expired',
    uses: maxUses === 1 ? '' : `${invite.uses} of ${maxUses ?? 'unlimited'} used`,
    role: invite.role,
    inviter: invite.inviter?.name ?? invite.inviter?.email ?? null,
    sentOn: shownTime(invite.createdAt),
    expires: invite.expiresAt === null ? null : shownTime(invite.expiresAt),
    delivery: {
      state: delivery.state,
      label:
        delivery.state === 'queued' && delivery.attempts > 0
          ? 'Mailing failed, will be tried again'
          : deliveryLabels[delivery.state],
      error: delivery.state === 'sent' ? null : delivery.lastError,
    },
    joinUrl: invite.status === 'expired' ? null : invite.joinUrl,
    ...(isMailed && { again: 'Send again' }),
    ...(!isMailed && invite.status === 'expired' && { again: 'Renew' }),
  }
}
