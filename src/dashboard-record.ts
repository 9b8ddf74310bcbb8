// The dashboard's log, and who joined: every value ready to be shown.
import {
  type FrameInput,
  type FrameValues,
  frameShape,
  frameValues,
  type PagerValues,
  pagerShape,
  pagerValues,
} from './dashboard-frame.js'
import type { AuditEntry, LogAction } from './record-types.js'
import { type ShownTime, shownTime, shownTimeShape } from './shown-time.js'
import type { Shape } from './templates/shape.js'
import type { Acceptance, Page } from './types.js'

export interface LogValues extends FrameValues, PagerValues {
  readonly entries: readonly {
    readonly what: string
    readonly who: string
    readonly at: ShownTime
    readonly inviteId: string | null
    readonly details: readonly { readonly name: string; readonly value: string }[]
  }[]
}

export const logShape: Shape<LogValues> = {
  ...frameShape,
  ...pagerShape,
  entries: [
    {
      what: 'text',
      who: 'text',
      at: shownTimeShape,
      inviteId: 'text',
      details: [{ name: 'text', value: 'text' }],
    },
  ],
}

export interface JoinedValues extends FrameValues, PagerValues {
  readonly acceptances: readonly {
    /** The address, else the user's id. */
    readonly title: string
    /** Where the title is the address. */
    readonly userId: string | null
    readonly role: string | null
    readonly inviter: string | null
    readonly joined: ShownTime
    readonly reopened: ShownTime | null
  }[]
}

export const joinedShape: Shape<JoinedValues> = {
  ...frameShape,
  ...pagerShape,
  acceptances: [
    {
      title: 'text',
      userId: 'text',
      role: 'text',
      inviter: 'text',
      joined: shownTimeShape,
      reopened: shownTimeShape,
    },
  ],
}

// One that a later version logs is shown by its name.
const words: Readonly<Record<LogAction, string>> = {
  'invite.create': 'Invite made',
  'invite.update': 'Invite edited',
  'invite.resend': 'Invite sent again',
  'invite.revoke': 'Invite revoked',
  'invite.supersede': 'Expired invite replaced by a new one',
  'invite.accept': 'Invite accepted',
  'mail.sent': 'Mail sent',
  'mail.failed': 'Mail given up',
  'acceptance.reopen': 'Use given back',
  'acceptance.approve': 'New member approved',
  'acceptance.decline': 'New member declined',
  'settings.write': 'Settings changed',
  'quota.write': 'Quota set',
  'quota.grant': 'Quota raised',
  'inviter.pause': 'Inviter paused',
  'inviter.resume': 'Inviter no longer paused',
  'request.approve': 'Request for access approved',
  'request.decline': 'Request for access declined',
  'person.forget': 'Person forgotten',
  'mail.refuse': 'Somebody asked for no more mail',
  'mail.allow': 'Somebody allowed mail again',
  'key.create': 'Key made',
  'key.revoke': 'Key revoked',
}

const kinds: Readonly<Record<AuditEntry['actor']['kind'], string>> = {
  supervisor: 'Supervisor',
  member: 'Member',
  code: 'The app itself',
  key: 'Program',
  invitee: 'Invitee',
}

interface ListInput<Item> extends FrameInput {
  readonly page: Page<Item>
  readonly paged: boolean
}

export function logPage(input: ListInput<AuditEntry>): LogValues {
  const { items, nextCursor } = input.page
  return {
    ...frameValues(input, 'log'),
    ...pagerValues(input, 'log', { paged: input.paged, nextCursor }),
    entries: items.map(({ action, actor, at, inviteId, details }) => ({
      what: words[action as LogAction] ?? action,
      who: actor.id === null ? kinds[actor.kind] : `${kinds[actor.kind]} ${actor.id}`,
      at: shownTime(at),
      inviteId,
      // Nothing is worth a word only where it is what somebody set.
      details: Object.entries(details ?? {})
        .filter(([, value]) => value !== null || action === 'settings.write')
        .map(([name, value]) => ({ name, value: spell(value) })),
    })),
  }
}

function spell(value: unknown): string {
  if (value === null) return 'none'
  const { mode, at } = value as { mode?: unknown; at?: unknown }
  if (typeof mode === 'string' && typeof at === 'string') return `${mode} from ${shownTime(at).text} on`
  return typeof value === 'string' ? value : JSON.stringify(value)
}

export function joinedPage(input: ListInput<Acceptance>): JoinedValues {
  const { items, nextCursor } = input.page
  return {
    ...frameValues(input, 'joined'),
    ...pagerValues(input, 'joined', { paged: input.paged, nextCursor }),
    acceptances: items.map(({ email, userId, role, inviter, acceptedAt, reopenedAt }) => ({
      title: email ?? (userId === null ? 'Somebody without an address' : `User ${userId}`),
      userId: email === null ? null : userId,
      role,
      inviter: inviter?.name ?? inviter?.email ?? inviter?.id ?? null,
      joined: shownTime(acceptedAt),
      reopened: reopenedAt === null ? null : shownTime(reopenedAt),
    })),
  }
}
