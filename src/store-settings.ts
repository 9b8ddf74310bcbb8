// What a store keeps of settings that are switched at run time, and of quotas.
import type { Timestamp } from './records.js'
import type { LogNote } from './store-notes.js'
import type { Mode, QuotaRule } from './types.js'

/** What was stored of an app's settings; what is absent never was, and the options count. */
export interface StoredSettings {
  /** How it lets people in. */
  readonly mode?: Mode
  /** A switch that is planned: from its time on, that is the mode. `null`: none. */
  readonly schedule?: {
    /** The mode from then on. */
    readonly mode: Mode
    /** When. */
    readonly at: Timestamp
  } | null
  /** How many uses may be accepted or held at once, in all; `null`: any number. */
  readonly seats?: number | null
  /** How many invites each member may send. */
  readonly quota?: QuotaRule
}

/** How a quota stands. */
export interface QuotaBalance {
  /** How many uses may still be given away; `null`: any number. */
  readonly left: number | null
  /** When the period began that is running. */
  readonly refilledAt: Timestamp
}

/** Whose quota, and by which rule where none is stored. */
export interface QuotaKey {
  /** The app it is of. */
  readonly appId: string
  /** The host's id of the inviter. */
  readonly inviterId: string
  /** The app's rule where none is stored. */
  readonly defaultQuota: QuotaRule
}

/** How a quota stands, and by which rule. */
export interface QuotaState extends QuotaBalance {
  /** The rule in force. */
  readonly rule: QuotaRule
}

/** Settings, as a part of a store. */
export interface SettingsStore {
  /** What was stored of the app's settings; nothing where nothing ever was. */
  getSettings(appId: string): Promise<StoredSettings>

  /**
   * Stores what the change names and keeps the rest; returns what is stored then. A planned switch whose time has come
   * is made first, so that a mode that is stored now wins over it. Holds for every claim that begins after it.
   */
  changeSettings(request: {
    readonly appId: string
    readonly change: StoredSettings
    readonly now: Timestamp
    readonly note?: LogNote | undefined
  }): Promise<StoredSettings>
}

/** Quotas, as a part of a store. */
export interface QuotaStore {
  /**
   * How a quota stands at `now`, with what was refilled since and what expired invites give back. One that was never
   * used or set is as its rule begins.
   */
  getQuota(request: QuotaKey & { readonly now: Timestamp }): Promise<QuotaState>

  /** Sets what is left of a quota; its period begins anew. Returns how it stands then. */
  setQuota(
    request: QuotaKey & { readonly left: number | null; readonly now: Timestamp; readonly note?: LogNote | undefined },
  ): Promise<QuotaState>

  /**
   * Adds to the quotas of everybody who joined the app in that time, or of one inviter; an unlimited one stays so. All
   * in one step. Returns how many got more.
   */
  grantQuota(request: {
    readonly appId: string
    readonly add: number
    /** One inviter, or the users of the acceptances from one moment until before another. */
    readonly to: { readonly inviterId: string } | { readonly joinedFrom: Timestamp; readonly joinedUntil: Timestamp }
    readonly defaultQuota: QuotaRule
    readonly now: Timestamp
    readonly note?: LogNote | undefined
  }): Promise<number>
}
