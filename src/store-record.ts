// What a store keeps of who did what, and what it tells of it: the log, statistics, the tree of who invited whom.
import type { Timestamp } from './records.js'
import type { LogNote } from './store-notes.js'
import type { PagePosition } from './store-requests.js'

/** An entry of the log. */
export interface LogRecord extends Omit<LogNote, 'webhooks'> {
  /** The app it is about. */
  readonly appId: string
  /** When it was done. The log is ordered by it. */
  readonly at: Timestamp
  /** The invite it was done to; `null`: none. It may have been removed since. */
  readonly inviteId: string | null
  /** The acceptance it was done to, or that it was; `null`: none. */
  readonly acceptanceId: string | null
}

/** Which page of the log to read. */
export interface ListLog {
  /** Only of this app. */
  readonly appId: string
  /** Only what was done to this invite. */
  readonly inviteId?: string | undefined
  /** Only what was done by whoever has this id. */
  readonly actorId?: string | undefined
  /** Only what is logged so. */
  readonly action?: string | undefined
  /** Not before this moment. */
  readonly from?: Timestamp | undefined
  /** Before this moment. */
  readonly until?: Timestamp | undefined
  /** How many at the most. */
  readonly limit: number
  /** Only what comes after this one in the log's order: newest first, then by id, descending. */
  readonly after?: PagePosition | undefined
}

/** An inviter of an app. */
export interface InviterKey {
  /** The app. */
  readonly appId: string
  /** The host's id of the inviter. */
  readonly inviterId: string
}

/** How often what happened. */
export interface Counts {
  /** Invites that were made. */
  readonly made: number
  /** Mails that a mail server took. */
  readonly mailed: number
  /** Mails that were given up. */
  readonly failed: number
  /** Uses that were accepted, and not reopened since. */
  readonly accepted: number
  /** Invites whose term ended with a use left. */
  readonly expired: number
  /** Invites that were revoked. */
  readonly revoked: number
}

/** What was counted of one day. */
export interface DayCounts extends Counts {
  /** When that day began, UTC. */
  readonly day: Timestamp
}

/** What was counted of the invites of one inviter, one role, or one source. */
export interface ShareCounts {
  /** The host's id of the inviter, the role, or the source; `null`: of those without. */
  readonly of: string | null
  /** Invites that were made. */
  readonly made: number
  /** Uses that were accepted, and not reopened since. */
  readonly accepted: number
}

/** What happened in some time. */
export interface StatisticsRecord {
  /** By day, the days on which nothing happened left out; oldest first. */
  readonly days: readonly DayCounts[]
  /** From making an invite to each use of it, in ms, of the uses accepted in that time; `null`: there were none. */
  readonly medianAcceptMs: number | null
  /** By inviter, those with the most accepted first, then with the most made. */
  readonly inviters: readonly ShareCounts[]
  /** By role, in the same order. */
  readonly roles: readonly ShareCounts[]
  /** By source, in the same order: that which each invite was made with. */
  readonly sources: readonly ShareCounts[]
}

/** Somebody whom the tree has: a user, and by whom they were invited. */
export interface TreeRecord {
  /** The host's id of the user. */
  readonly userId: string
  /** The host's id of who invited them; of several, the first in order. */
  readonly inviterId: string
  /** How many steps below the root, from 1. */
  readonly depth: number
  /** How many they invited themselves who joined. */
  readonly joined: number
}

/** The tree below one user. */
export interface TreeResult {
  /** How many there are at each depth, from 1 on. */
  readonly levels: readonly number[]
  /** The first of them, by depth and then by id. */
  readonly users: readonly TreeRecord[]
}

/** The record of who did what, as a part of a store. */
export interface RecordStore {
  /**
   * One page of the log, newest first: every change that came with a note, and was made; every acceptance, as
   * `invite.accept` by its user; every mail that was sent or given up, as `mail.sent` and `mail.failed` by `code`.
   * An entry is there exactly if its change is. Nothing changes or removes one.
   *
   * An invite that is revoked in passing is logged too: `invite.supersede` where a new one took the place of an expired
   * one, `invite.revoke` by the invitee where accepting closed it.
   */
  listLog(query: ListLog): Promise<readonly LogRecord[]>

  /**
   * Pauses an inviter, or ends that; returns since when they are paused, `null` where they are not. Pausing one who is
   * paused changes nothing. Holds for every claim that begins after it.
   */
  pauseInviter(
    request: InviterKey & { readonly paused: boolean; readonly now: Timestamp; readonly note?: LogNote | undefined },
  ): Promise<Timestamp | null>

  /** Since when an inviter is paused; `null`: they are not. */
  findPause(key: InviterKey): Promise<Timestamp | null>

  /** What happened from one moment until before another; at most `top` of inviters, roles and sources. What has not ended by `now` has not expired. */
  getStatistics(query: {
    readonly appId: string
    readonly from: Timestamp
    readonly until: Timestamp
    readonly now: Timestamp
    readonly top: number
  }): Promise<StatisticsRecord>

  /**
   * Who joined by the invites of `rootId`, of those who did so, and so on, `depth` steps down; each once, nearest to the
   * root. Reopened acceptances count for nothing, and somebody who is above themselves ends the search there. At most
   * `limit` users.
   */
  getTree(query: {
    readonly appId: string
    readonly rootId: string
    readonly depth: number
    readonly limit: number
  }): Promise<TreeResult>
}
