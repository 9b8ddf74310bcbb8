// What a store keeps of the credentials that programs of an app manage invites with.
import type { Timestamp } from './records.js'
import type { LogNote } from './store-notes.js'
import type { PagePosition } from './store-requests.js'

/** An app's key, as it is kept: what it is compared by, and never the key itself. */
export interface AppKeyRecord {
  /** Unique over all apps; made by the caller. A part of the key, and no secret. */
  readonly id: string
  /** The only app that it is for. */
  readonly appId: string
  /** What people know it by. */
  readonly label: string
  /** What it may be used for: words without spaces, opaque to the store. */
  readonly scopes: readonly string[]
  /** SHA-256 of the key. */
  readonly keyHash: string
  /** The list is ordered by it. */
  readonly createdAt: Timestamp
  /** The first moment at which it is good no longer; `null`: never. */
  readonly expiresAt: Timestamp | null
  /** When it was last noted to be used; `null`: never. */
  readonly lastUsedAt: Timestamp | null
  /** `null`: not revoked. */
  readonly revokedAt: Timestamp | null
}

/** What a new key is made of. */
export type NewAppKey = Omit<AppKeyRecord, 'lastUsedAt' | 'revokedAt'>

/** What there is under the id of a key. */
export interface FoundAppKey {
  /** The app's key of that id, also an expired or revoked one; `undefined`: it has none of that id. */
  readonly key: AppKeyRecord | undefined
  /** Whether the app has any key that was not revoked. */
  readonly hasKeys: boolean
}

/** Keys of apps, as a part of a store. */
export interface AppKeyStore {
  /** Adds a key. @throws Error where there is one of this id, in any app. */
  createAppKey(key: NewAppKey, note?: LogNote): Promise<AppKeyRecord>

  /** The app's key of this id, whatever its state, and whether it has keys at all. */
  findAppKey(query: { readonly appId: string; readonly keyId: string }): Promise<FoundAppKey>

  /** One page of the app's keys, newest first; up to `limit` records. */
  listAppKeys(query: {
    readonly appId: string
    readonly limit: number
    readonly after?: PagePosition | undefined
  }): Promise<readonly AppKeyRecord[]>

  /** Revokes a key. Returns whether it was this call that did; `undefined` where this app has none of that id. */
  revokeAppKey(request: {
    readonly appId: string
    readonly keyId: string
    readonly now: Timestamp
    readonly note?: LogNote | undefined
  }): Promise<boolean | undefined>

  /** Notes that a key was used, unless a later use was noted already. */
  noteAppKeyUse(request: { readonly appId: string; readonly keyId: string; readonly now: Timestamp }): Promise<void>
}
