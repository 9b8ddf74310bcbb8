// The vocabulary of the public interface: people, invites and what became of them, as they stand on the wire.

import type { Approval } from './records.js'

/** How an app lets people in. Switched at run time; see `invites.settings`. */
export type Mode = (typeof modes)[number]
export const modes = ['open', 'invite-only', 'waitlist', 'closed'] as const

/** Derived when read, from timestamps and counters; never stored. */
export type InviteStatus = (typeof inviteStatuses)[number]
export const inviteStatuses = ['pending', 'accepted', 'expired', 'revoked'] as const

/** Somebody who manages invites, as the host's `authorize` or `findInviter` names them. */
export interface Actor {
  /** The host's own id of this user; a number is kept as its digits. */
  readonly id: string | number
  /** Tells their own address from another's in `inviterEmail`, and is kept with the invites they send. */
  readonly email?: string | null
  /** Shown to the invitee: "Ada Lovelace invites you". */
  readonly name?: string | null
  /** A supervisor manages every invite of the app, a member only those given in their name. */
  readonly access: 'supervisor' | 'member'
  /** The roles this actor may grant. Default: every role for a supervisor, none for a member. */
  readonly roles?: readonly string[]
  /** The organizations this actor may invite into. Default: every one for a supervisor, none for a member. */
  readonly orgIds?: readonly string[]
}

/** Who an invite comes from. */
export interface Inviter {
  /** The host's own id of the inviter, as `authorize` or `findInviter` named it. */
  readonly id: string
  /** Their address; `null` where the host gave none. */
  readonly email: string | null
  /** As the mail and the signup page name them; `null` where the host gave none. */
  readonly name: string | null
}

/** Where an invite's mail has got to. */
export interface Delivery {
  /** `none`: nothing to mail. `queued`: waiting for its (next) try. `failed`: given up. `canceled`: overtaken by events. */
  readonly state: 'none' | 'queued' | 'sending' | 'sent' | 'failed' | 'canceled'
  /** Tries so far. */
  readonly attempts: number
  /** What the last failed try was told, without codes. */
  readonly lastError: string | null
  /** ISO 8601, UTC. */
  readonly sentAt: string | null
}

/** An invite as routes and methods return it. Times are ISO 8601, UTC. */
export interface Invite {
  /** Names the invite in routes and methods. No secret: nobody signs up with it. */
  readonly inviteId: string
  /** The secret to sign up with. `null` once used or revoked, or where no listed `secret` opens it. */
  readonly inviteCode: string | null
  /** The address it is bound to, as it was given; `null` for a shareable invite. */
  readonly email: string | null
  /** The app that it lets into; no other app knows it. */
  readonly appId: string
  /** Whether no use is left. */
  readonly used: boolean
  /** As it stood when this was read. */
  readonly status: InviteStatus
  /** Granted to whoever accepts. */
  readonly role: string | null
  /** The organization that the invitee joins; `null`: none. */
  readonly orgId: string | null
  /** `null` where code sent it in nobody's name. */
  readonly inviter: Inviter | null
  /** The host's own data, as it was given; `null`: none. */
  readonly metadata: Readonly<Record<string, unknown>> | null
  /** Of a link: the domain that addresses must be of; `null`: any. */
  readonly emailDomain: string | null
  /** Of a link: whether each address can use it once only. */
  readonly oncePerPerson: boolean
  /** `null`: unlimited. */
  readonly maxUses: number | null
  /** Accepted uses. */
  readonly uses: number
  /** ISO 8601, UTC. */
  readonly createdAt: string
  /** `null`: never. */
  readonly expiresAt: string | null
  /** Its newest mail. */
  readonly delivery: Delivery
  /** The link to pass on by hand. It carries the code only, never the proof that mail carries. */
  readonly joinUrl: string | null
}

/** An invite as events carry it: without anything one could sign up with. */
export type InviteSummary = Omit<Invite, 'inviteCode' | 'joinUrl'>

/** One account that was made with an invite. */
export interface Acceptance {
  /** Names it for `reopen`. */
  readonly acceptanceId: string
  /** The invite that was used. */
  readonly inviteId: string
  /** The app that was joined. */
  readonly appId: string
  /** The host's id of the new user; `null` where the use was counted from the answer alone. */
  readonly userId: string | null
  /** The address the account was made with; `null` where none was given. */
  readonly email: string | null
  /** The role that the invite granted at that moment; `null`: none. */
  readonly role: string | null
  /** The organization that was joined; `null`: none. */
  readonly orgId: string | null
  /** Who the invite came from; `null`: nobody was named. */
  readonly inviter: Inviter | null
  /** ISO 8601, UTC. */
  readonly acceptedAt: string
  /** When a supervisor gave this use back, ISO 8601, UTC; `null`: it counts. */
  readonly reopenedAt: string | null
  /** Where it was accepted with `pendingApproval`: `pending` until a supervisor decides; `null`: it needs none. */
  readonly approval: Approval | null
  /** When a supervisor approved or declined it last, ISO 8601, UTC; `null`: never. */
  readonly decidedAt: string | null
}

/** One page of a list. */
export interface Page<Item> {
  /** At most `limit` of them. */
  readonly items: readonly Item[]
  /** Pass as `cursor` for the next page; `null` on the last. */
  readonly nextCursor: string | null
}

/** What can be changed about an app at run time. */
export interface Settings {
  /** The app they are of. */
  readonly appId: string
  /** The mode in force: the stored one, else the option's. */
  readonly mode: Mode
  /** The switch that is planned; `null`: none. */
  readonly schedule: PlannedSwitch | null
  /** How many may join by invite, in all; `null`: any number. */
  readonly seats: number | null
  /** How many invites each member may send. */
  readonly quota: QuotaRule
}

/** A switch of the mode that is to be made at a time. */
export interface PlannedSwitch {
  /** The mode from then on. */
  readonly mode: Mode
  /** ISO 8601; with its zone where it is given, in UTC where it is returned. */
  readonly at: string
}

/** How many invites each member may send, unless it was given another number. */
export interface QuotaRule {
  /** To begin with; `null`: any number. */
  readonly start: number | null
  /** What time gives; `null`: nothing. */
  readonly refill: QuotaRefill | null
  /** Whether uses that are left when an invite expires are given back. */
  readonly giveBack: boolean
}

/** What time gives to a quota. */
export interface QuotaRefill {
  /** How many more with each period. */
  readonly amount: number
  /** The period, in ms, from the member's first invite on. */
  readonly everyMs: number
  /** No more than this by refilling; what is above it stays. */
  readonly cap: number
}

/** A {@link QuotaRule} as it is given. Default: no refill, and nothing is given back. */
export type QuotaRuleInput = Pick<QuotaRule, 'start'> & Partial<QuotaRule>

/** How many invites a member may still send. */
export interface Quota {
  /** The app it is of. */
  readonly appId: string
  /** The host's id of the member. */
  readonly inviterId: string
  /** How many: each account that may be made counts. `null`: any number. */
  readonly left: number | null
  /** When there will be more by itself, ISO 8601, UTC; `null`: never, or there is no need. */
  readonly refillsAt: string | null
}

/** A request for access that was confirmed by mail. */
export interface AccessRequest {
  /** Names the request in routes and methods. */
  readonly requestId: string
  /** The app that is asked for. */
  readonly appId: string
  /** Whose it is, as it was given. */
  readonly email: string
  /** What was answered to the app's questions, by their names. */
  readonly answers: Readonly<Record<string, string>>
  /** Whether it waits, or what was decided. */
  readonly status: 'waiting' | 'approved' | 'declined'
  /**
   * Its place among those that wait, from 1. `null` where it does not wait, beyond 10,000, and in a list by `createdAt`.
   */
  readonly position: number | null
  /** When it was first made, ISO 8601, UTC. */
  readonly createdAt: string
  /** When its address was confirmed, ISO 8601, UTC. */
  readonly verifiedAt: string
  /** ISO 8601, UTC; `null`: it waits. */
  readonly decidedAt: string | null
  /** The host's id of who decided; `null`: nobody has, or code did in nobody's name. */
  readonly decidedBy: string | null
  /** The invite that approving it made; `null` where the address had one already, or it was removed since. */
  readonly inviteId: string | null
}

/** What a signup page may show of an invite to somebody who holds its code. */
export interface InvitePreview {
  /** The app that the invite lets into. */
  readonly appId: string
  /** Its name, as the `appName` option has it. */
  readonly appName: string
  /** The whole address, only to somebody who came by the mailed link. */
  readonly email: string | null
  /** `a•••@example.com`; `null` for a shareable invite. */
  readonly emailHint: string | null
  /** Who the invite comes from; `null` where nobody was named. Their id and address are not shown. */
  readonly inviter: {
    /** `null` where the host gave none. */
    readonly name: string | null
  } | null
  /** Granted to whoever accepts; `null`: none. */
  readonly role: string | null
  /** The organization that the invitee joins; `null`: none. */
  readonly orgId: string | null
  /** ISO 8601, UTC; `null`: never. */
  readonly expiresAt: string | null
}

/** What `authorize` is asked about. */
export type Action =
  | `invite.${'create' | 'list' | 'read' | 'update' | 'resend' | 'revoke' | 'bulk'}`
  | `acceptance.${'list' | 'reopen' | 'decide'}`
  | `settings.${'read' | 'write'}`
  | `quota.${'read' | 'write'}`
  | `request.${'list' | 'decide'}`
  | 'stats.read'
  | 'audit.read'
  | `person.${'export' | 'forget'}`
  | 'key.manage'
