// The store contract: what a database must guarantee for the gate to hold. Implemented by the adapters, and by you
// for any other database: pass the contract suite (`express-invite-only/adapters/contract`) and it will do.
import type { AcceptanceRecord, Approval, InviteRecord, NewInvite, Timestamp } from './records.js'
import type { AccessRequestStore } from './store-access-requests.js'
import type { KeyedRequestStore } from './store-keyed-requests.js'
import type { AppKeyStore } from './store-keys.js'
import type { ListStore } from './store-lists.js'
import type { MailRefusalStore, MailsExceeded } from './store-mails.js'
import type { LogNote } from './store-notes.js'
import type { OutboxStore } from './store-outbox.js'
import type { PrivacyStore } from './store-privacy.js'
import type { ReadingStore } from './store-reading.js'
import type { RecordStore } from './store-record.js'
import type {
  AcceptRequest,
  AcceptResult,
  ClaimRequest,
  ClaimResult,
  CreateInviteOptions,
  InviteChange,
  InviteKey,
  PagePosition,
  PruneRequest,
  PruneResult,
  ReleaseRequest,
} from './store-requests.js'
import type { QuotaState, QuotaStore, SettingsStore } from './store-settings.js'
import type { WebhookStore } from './store-webhooks.js'

export type * from './records.js'
export type * from './store-access-requests.js'
export type * from './store-keyed-requests.js'
export type * from './store-keys.js'
export type * from './store-lists.js'
export type * from './store-mails.js'
export type * from './store-notes.js'
export type * from './store-outbox.js'
export type * from './store-privacy.js'
export type * from './store-reading.js'
export type * from './store-record.js'
export type * from './store-requests.js'
export type * from './store-settings.js'
export type * from './store-webhooks.js'

/**
 * Where invites are kept.
 *
 * Each method is one atomic step: it happens wholly or not at all, whatever else runs, in this process or another.
 * A method that cannot be carried out rejects, and has then changed nothing; it never answers as if it had found
 * nothing. Time is an argument of every method, never the store's own clock. A change that comes with a `note` is
 * logged so in the same step, where it was made, and a webhook is queued for each endpoint that the note names for it.
 */
export interface InviteStore
  extends SettingsStore,
    QuotaStore,
    OutboxStore,
    KeyedRequestStore,
    AppKeyStore,
    AccessRequestStore,
    ListStore,
    ReadingStore,
    RecordStore,
    MailRefusalStore,
    PrivacyStore,
    WebhookStore {
  /**
   * Brings the schema up to date. Safe at every start and from several processes at once; keeps all data.
   * @throws Error where the schema is newer than this version, or the database cannot be written.
   */
  migrate(): Promise<void>

  /** Ends the store's own connections; never those that it was given. Safe to call twice. */
  close(): Promise<void>

  /**
   * Adds an invite and, in the same transaction, its mail. For an invite with an address: where the same app,
   * organization and canonical address has a pending one, nothing is added and that one is returned as `existing`;
   * an expired one is revoked in the same step. Where this app has an invite of this very id, nothing is changed and
   * that one is returned as `created`, as it stands now.
   *
   * With `charge`, the uses that the invite has are taken from that quota in the same step; where so many are not left, or
   * the invite's uses are unlimited and the quota is not, nothing is added and the quota is returned as `exceeded`. Of any
   * number at once, from any number of processes, exactly as many are added as the quota pays for. What is not added
   * costs nothing. While its inviter is paused nothing is added either, and `paused` is returned.
   *
   * With `mails` and a `deliveryId`, its mail counts for each of these limits in the same step; where one of them is
   * reached, nothing is added and it is returned as `limited`. So of any number at once, no more are mailed.
   *
   * Where another invite has or had this very code, nothing is added, and `codeTaken` is returned.
   */
  createInvite(
    invite: NewInvite,
    deliveryId: string | undefined,
    options?: CreateInviteOptions,
  ): Promise<
    | {
        /** The new invite. */
        created: InviteRecord
      }
    | {
        /** The pending one that stands in its way. */
        existing: InviteRecord
      }
    | {
        /** The quota that does not suffice. */
        exceeded: QuotaState
      }
    | {
        /** Its inviter is paused. */
        paused: true
      }
    | {
        /** The limit on mails that is reached. */
        limited: MailsExceeded
      }
    | {
        /** Its code is another's. */
        codeTaken: true
      }
  >

  /**
   * Changes an invite that has a use left and was not revoked (`'over'` otherwise), also an expired one. With a new
   * code its generation goes up by one. Where it has had a mail of this very `deliveryId`, the change was made before:
   * nothing is changed, and it is returned as it stands now. With `defaultQuota`, an expired invite that gave uses back
   * takes them from its inviter's quota again when its term is moved; where so many are not left, nothing is changed.
   * While its inviter is paused it is not mailed: nothing is changed then.
   * With `mails`, a new mail counts for each of these limits; where one is reached, nothing is changed.
   */
  changeInvite(change: InviteChange): Promise<
    | InviteRecord
    | 'over'
    | 'quota_exceeded'
    | 'paused'
    | {
        /** The limit on mails that is reached. */
        limited: MailsExceeded
      }
    | undefined
  >

  /**
   * Revokes an invite that has a use left and cancels its waiting mail. From then on no claim on it is admitted,
   * in any process. Returns the invite as it then stands, and whether it was this call that revoked it: one without
   * a use left is unchanged.
   */
  revokeInvite(key: InviteKey & { readonly now: Timestamp; readonly note?: LogNote | undefined }): Promise<
    | {
        /** As it stands now. */
        readonly invite: InviteRecord
        /** Whether this call revoked it. */
        readonly revoked: boolean
      }
    | undefined
  >

  /**
   * Revokes every invite of the app that has a use left, or of one inviter in it, and cancels their waiting mail; as
   * `revokeInvite` does, but all in one step. With `branch`, also those of everybody who joined by that inviter's
   * invites, by theirs, and so on; reopened acceptances aside. Returns those that it revoked; each is logged by itself.
   */
  revokeInvites(request: {
    readonly appId: string
    readonly inviterId?: string | undefined
    readonly branch?: boolean | undefined
    readonly now: Timestamp
    readonly note?: LogNote | undefined
  }): Promise<readonly InviteRecord[]>

  /**
   * Holds one use. Admits a claim only where, at the moment the invite's row is locked, the app's mode lets it, of its
   * seats (accepted uses that were not reopened, and live holds, of all its invites) one is left, the invite is not revoked, its inviter not paused, `now` is before `expiresAt`, the address fits, for an invite that is once per person was given and has neither used nor holds it, and `uses + held < maxUses` with lapsed
   * holds not counted. So of any number of claims at once, from any number of processes, exactly as many are
   * admitted as there are uses. Clearing lapsed holds lowers `held` even where the claim is refused.
   *
   * `unknown` stands for revoked and other apps' codes too, and takes the same statements for all three.
   */
  claim(request: ClaimRequest): Promise<ClaimResult>

  /**
   * Turns a hold into an accepted use, for ever. A hold that has not lapsed is always accepted, even if the invite
   * was revoked, has expired or the mode was changed since: the account may exist. One that has lapsed is accepted
   * if the invite would still admit a claim (its address aside, unless it is once per person). The same claim again, or the same `userId` on the
   * same invite again, changes nothing, gives a hold of its own back, and returns what was recorded.
   *
   * A claim of another invite or another app is none. Where no use is left then, waiting mail is canceled.
   *
   * Where a use is newly counted, `verifiedEmail` is given and the invite has no address of its own, the other invite
   * of that address in the same app and organization, if there is one that was neither used nor revoked, is revoked in
   * the same step, as `revokeInvite` does it: it is left over, since an address joins once.
   *
   * With `trx`, the host's own open transaction, all of it happens there: committed or rolled back with the rest.
   * @throws TypeError where `trx` is not an open transaction of a kind that the adapter knows.
   */
  accept(request: AcceptRequest, trx?: unknown): Promise<AcceptResult>

  /** As {@link InviteStore.accept}, in a transaction that cannot wait. Absent where the database has none such. */
  acceptSync?(request: AcceptRequest, trx: unknown): AcceptResult

  /**
   * Gives a hold back, and returns whether there was one. Nothing happens where there is none: released and accepted
   * ones, and lapsed ones that were cleared, are left as they are.
   */
  release(request: ReleaseRequest): Promise<boolean>

  /** One page, newest first. */
  listAcceptances(query: {
    readonly appId: string
    /** Only those of this inviter's invites. */
    readonly inviterId?: string | undefined
    /** Only those of this new user. */
    readonly userId?: string | undefined
    /** Only those whose approval stands so. */
    readonly approval?: Approval | undefined
    readonly limit: number
    readonly after?: PagePosition | undefined
  }): Promise<readonly AcceptanceRecord[]>

  /**
   * Approves or declines an acceptance that was recorded as pending approval and not reopened; `undefined` where there is
   * none such. It can be decided otherwise later. Returns it as it then stands, and whether this call changed it.
   */
  decideAcceptance(request: {
    readonly appId: string
    readonly acceptanceId: string
    readonly approval: Exclude<Approval, 'pending'>
    readonly now: Timestamp
    readonly note?: LogNote | undefined
  }): Promise<
    | {
        /** As it stands now. */
        readonly acceptance: AcceptanceRecord
        /** False where it was decided so before. */
        readonly changed: boolean
      }
    | undefined
  >

  /**
   * Gives an accepted use back and marks the acceptance. `'exists'` where the address has got another pending
   * invite since. Reopening one that is reopened already changes nothing.
   */
  reopenAcceptance(request: {
    readonly appId: string
    readonly acceptanceId: string
    readonly now: Timestamp
    readonly note?: LogNote | undefined
  }): Promise<AcceptanceRecord | 'exists' | undefined>

  /** The database's own clock. Only ever compared with the caller's, to tell that they are apart. */
  time(): Promise<Timestamp>

  /**
   * Removes one batch of what was over at `before` already. Never needed for correctness, and safe at any time.
   *
   * - `invites`: revoked or expired ones that nobody has ever used, with their mails. One that has an acceptance stays,
   *   reopened or not, since the record of who joined names it; so does one that a claim still holds, and one whose
   *   uses are yet to be given back to a quota.
   * - `deliveries`: mails that were sent, given up or canceled, except the newest one of an invite that may yet be used.
   * - `claims`: holds that lapsed; `held` is lowered by as many.
   * - `keyedRequests`: those that were begun then or earlier.
   * - `accessRequests`: those that nobody confirmed, counted from their newest mail, and those that were decided.
   * - `webhooks`: of what was done then or earlier, whether they were sent or not.
   * - `addresses`: of those who joined then or earlier. Their acceptances lose them, and their own invites all but times,
   *   role and state, as in `forgetPerson`, unless they may yet be used. Nothing is removed but that.
   * - `mailCounts`: those whose time had ended by then.
   *
   * What another transaction works on is passed over. Batches that each begin at the `next` of the one before come to
   * an end.
   */
  prune(request: PruneRequest): Promise<PruneResult>
}
