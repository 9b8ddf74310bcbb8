// The vocabulary of the record: what is logged, counted and drawn as a tree, as it stands on the wire.
import type { Counts, LogActorKind } from './store.js'

/** What the log calls what was done. */
export type LogAction = (typeof logActions)[number]
export const logActions = [
  'invite.create',
  'invite.update',
  'invite.resend',
  'invite.revoke',
  'invite.supersede',
  'invite.accept',
  'mail.sent',
  'mail.failed',
  'acceptance.reopen',
  'acceptance.approve',
  'acceptance.decline',
  'settings.write',
  'quota.write',
  'quota.grant',
  'inviter.pause',
  'inviter.resume',
  'request.approve',
  'request.decline',
  'person.forget',
  'mail.refuse',
  'mail.allow',
  'key.create',
  'key.revoke',
] as const

export const periods = ['day', 'week', 'month'] as const

/** What is said where an inviter is paused. */
export const PAUSED = 'Whoever sent this invite is paused.'

/** One line of the log: who did what. It holds ids and no address, so it stays as it is when personal data is removed. */
export interface AuditEntry {
  /** Names the entry. */
  readonly entryId: string
  /** The app it is about. */
  readonly appId: string
  /** ISO 8601, UTC. */
  readonly at: string
  /** What was done: a {@link LogAction}, or one that a later version logs. */
  readonly action: string
  /** Who did it. */
  readonly actor: AuditActor
  /** The invite it was done to, which may have been removed since; `null`: none. */
  readonly inviteId: string | null
  /** The acceptance it was done to, or that it was; `null`: none. */
  readonly acceptanceId: string | null
  /** What else is worth knowing, such as `{ "role": "nurse" }`; `null`: nothing. */
  readonly details: Readonly<Record<string, unknown>> | null
}

/** Who did something. */
export interface AuditActor {
  /** `code` is the host's own code, the command line and the outbox; `invitee` whoever joined. */
  readonly kind: LogActorKind
  /** As the host named them to `authorize`, or to `accept`; `null`: nobody in particular. */
  readonly id: string | null
}

/** An inviter of an app. */
export interface InviterState {
  /** The app. */
  readonly appId: string
  /** The host's id of the inviter. */
  readonly inviterId: string
  /** Since when their invites admit nobody and they send none, ISO 8601, UTC; `null`: they are not paused. */
  readonly pausedAt: string | null
}

/** What happened in some time. Times are ISO 8601, UTC. */
export interface Statistics {
  /** The app. */
  readonly appId: string
  /** The first moment that counts. */
  readonly from: string
  /** The first moment after it that does not. */
  readonly until: string
  /** How long each of `periods` is: a day, a week from Monday on, or a month; all in UTC. */
  readonly by: (typeof periods)[number]
  /** All of it together. */
  readonly total: Counts
  /** One after another, those without anything too. */
  readonly periods: readonly PeriodCounts[]
  /** From making an invite to each of its uses that were accepted then: half of them took less. In ms; `null`: there were none. */
  readonly medianAcceptMs: number | null
  /** The 50 inviters with the most accepted. */
  readonly inviters: readonly InviterCounts[]
  /** The 50 roles with the most accepted. */
  readonly roles: readonly RoleCounts[]
  /** The 50 sources with the most accepted: `metadata.source` as each invite was made with it. */
  readonly sources: readonly SourceCounts[]
}

/** What happened in one period. */
export interface PeriodCounts extends Counts {
  /** When it begins; the first one counts from the `from` of the whole on. */
  readonly from: string
}

/** What came of one inviter's invites. */
export interface InviterCounts {
  /** The host's id; `null`: of invites in nobody's name. */
  readonly inviterId: string | null
  /** Invites that were made. */
  readonly made: number
  /** Uses that were accepted. */
  readonly accepted: number
}

/** What came of the invites with one role. */
export interface RoleCounts {
  /** The role; `null`: none. */
  readonly role: string | null
  /** Invites that were made. */
  readonly made: number
  /** Uses that were accepted. */
  readonly accepted: number
}

/** What came of the invites from one source. */
export interface SourceCounts {
  /**
   * `metadata.source` as it was when the invite was made: 1 to 64 letters, digits, spaces and `. _ : / + -`; `null`: none,
   * or another text.
   */
  readonly source: string | null
  /** Invites that were made. */
  readonly made: number
  /** Uses that were accepted. */
  readonly accepted: number
}

/** Who joined by somebody's invites, and by theirs. */
export interface InviteTree {
  /** The app. */
  readonly appId: string
  /** The host's id of whoever it begins with. */
  readonly rootId: string
  /** How many there are below, to the depth asked for. */
  readonly joined: number
  /** How many there are at each depth, from 1 on: those whom the root invited. */
  readonly levels: readonly number[]
  /** The first 1,000 of them, by depth and then by id. */
  readonly users: readonly InvitedUser[]
}

/** Somebody in the tree. */
export interface InvitedUser {
  /** The host's id of the user. */
  readonly userId: string
  /** The host's id of who invited them. */
  readonly inviterId: string
  /** How many steps below the root, from 1. */
  readonly depth: number
  /** How many they invited themselves who joined. */
  readonly joined: number
}
