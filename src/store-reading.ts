// What a store tells of invites.
import type { ClaimedInvite, InviteRecord } from './records.js'
import type { InviteKey, ListInvites } from './store-requests.js'
import type { StoredSettings } from './store-settings.js'

/** What is known of a code that somebody came with. */
export interface LookedUp {
  /** As a claim finds it; `undefined` for revoked, unknown and other apps' codes alike. */
  readonly invite: ClaimedInvite | undefined
  /** The app's, as stored. */
  readonly settings: StoredSettings
  /** Whether the invite's inviter is paused. */
  readonly isPaused: boolean
}

/** Invites as they stand, as a part of a store. */
export interface ReadingStore {
  /** The invite, whatever its state; `undefined` where this app has none of that id. */
  findInvite(key: InviteKey): Promise<InviteRecord | undefined>

  /** One page, newest first; up to `limit` records. */
  listInvites(query: ListInvites): Promise<readonly InviteRecord[]>

  /** What is known of a code, in one consistent view. Takes the same statements whether there is such a code or not. */
  lookUp(query: { readonly appId: string; readonly codeHash: string }): Promise<LookedUp>
}
