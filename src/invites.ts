// `createCore`: an install of the gate, and everything that code without HTTP may do with it.
import type { AppKey, CreatedAppKey } from './app-keys.js'
import { compareClocks } from './clocks.js'
import { type Config, readOptions } from './config.js'
import { appOf, type Context, guardStore, readScope, type Scope } from './context.js'
import { InviteError } from './errors.js'
import { createEvents, type InviteEventEmitter } from './events.js'
import { createHousekeeping } from './housekeeping.js'
import { createKeyring } from './keyring.js'
import { createCompose } from './mail/message.js'
import { createRequestCompose } from './mail/request-message.js'
import { createWorker } from './mail/worker.js'
import type { InvitesOptions, PruneOptions } from './options.js'
import type { AuditEntry, InviterState, InviteTree, Statistics } from './record-types.js'
import type { Acceptance, AccessRequest, Invite, InvitePreview, Page, Quota, Settings } from './types.js'
import { decideAcceptance, listAcceptances, type PageQuery, reopenAcceptance } from './use-cases/acceptances.js'
import { type AccessRequestInput, askForAccess } from './use-cases/access-requests.js'
import { type Credentials, checkInvite } from './use-cases/check.js'
import {
  type AcceptOptions,
  acceptClaim,
  type Claim,
  type ClaimInput,
  type ClaimKey,
  claimInvite,
  releaseClaim,
} from './use-cases/claim.js'
import { type CreateKey, createKey, listKeys, revokeKey } from './use-cases/keys.js'
import {
  type ListQuery,
  listInvites,
  type ResendOptions,
  type RevokeAll,
  resendInvite,
  retrieveInvite,
  revokeAllInvites,
  revokeInvite,
  type UpdateInvite,
  updateInvite,
} from './use-cases/manage.js'
import { exportPerson, type Forgotten, forgetPerson, type Person, type PersonData } from './use-cases/privacy.js'
import { type Pruned, prune } from './use-cases/prune.js'
import {
  getQuota,
  grantQuota,
  type QuotaChange,
  type QuotaGrant,
  type QuotaGranted,
  setQuota,
} from './use-cases/quotas.js'
import {
  type AuditQuery,
  changeInviter,
  getInviter,
  getTree,
  type InviterChange,
  listAudit,
  type TreeQuery,
} from './use-cases/record.js'
import {
  type AccessRequestQuery,
  type ApproveRequests,
  approveRequests,
  type DecidedRequests,
  type DeclineRequests,
  declineRequests,
  listRequests,
} from './use-cases/request-decisions.js'
import { type SendInvite, sendInvite } from './use-cases/send.js'
import {
  listRows,
  readSendMany,
  type SendManyOptions,
  type SendManyRow,
  type SentMany,
  sendMany,
} from './use-cases/send-many.js'
import { getSettings, type SettingsChange, updateSettings } from './use-cases/settings.js'
import { getStatistics, type StatsQuery } from './use-cases/statistics.js'
import { listFailedWebhooks, retryWebhooks } from './use-cases/webhooks.js'
import type { FailedWebhook } from './webhook-types.js'
import { createWebhookWorkers } from './webhooks/worker.js'

/**
 * What code may do without a request at hand. Every method rejects with an `InviteError` where what was asked cannot be;
 * `scope` names the app (default: the only one, or `default`) and whose access counts (default: your code's, which may
 * do everything).
 */
export interface CoreInvites {
  /** What happens: `created`, `sent`, `failed`, `accepted`, `revoked`, `refused`. */
  readonly events: InviteEventEmitter
  /** Makes an invite and, where it has an address, mails it. @throws InviteError `invite_exists`, `not_allowed`, `input_invalid`. */
  send(invite: SendInvite, scope?: Scope): Promise<Invite>
  /**
   * Makes invites by the thousand, from a list or anything that yields rows, in batches: what was made stays, whatever
   * comes after. Whoever has a pending invite or has joined is skipped, so that the same list may be sent again, and
   * goes on where it was cut off. A wrong row stops none of the others; `onRows` is told of each.
   * @throws InviteError `not_allowed` for members, `input_invalid` where an option is wrong.
   */
  sendMany(
    rows: Iterable<SendManyRow> | AsyncIterable<SendManyRow>,
    options?: SendManyOptions,
    scope?: Scope,
  ): Promise<SentMany>
  /** A page of invites, newest first. Default: the pending ones. */
  list(query?: ListQuery, scope?: Scope): Promise<Page<Invite>>
  /** An invite that has a use left. @throws InviteError `invite_not_found`. */
  retrieve(inviteId: string, scope?: Scope): Promise<Invite>
  /** Edits its role, its term or its metadata. @throws InviteError `invite_over`, `not_allowed`, `input_invalid`. */
  update(inviteId: string, change: UpdateInvite, scope?: Scope): Promise<Invite>
  /** Mails it again and gives it its full term again, also when it had expired. @throws InviteError `invite_over`, `not_allowed`. */
  resend(inviteId: string, options?: ResendOptions, scope?: Scope): Promise<Invite>
  /** Takes it back. False, without effect, where no use is left or it was revoked before. @throws InviteError `invite_not_found`. */
  revoke(inviteId: string, scope?: Scope): Promise<boolean>
  /**
   * Takes back every invite that has a use left: the app's, one inviter's, or with `branch` also those of whoever joined
   * by their invites, and so on. All in one step. Resolves with how many there were.
   */
  revokeAll(which?: RevokeAll, scope?: Scope): Promise<number>
  /** What a signup page may show to whoever holds the code. Changes nothing. @throws InviteError `invite_not_found`. */
  check(credentials: Credentials, scope?: Pick<Scope, 'appId'>): Promise<InvitePreview>
  /** Holds one use while an account is being made. For signups that are no Express route; those take `requireInvite`. */
  claim(claim: ClaimInput, scope?: Pick<Scope, 'appId'>): Promise<Claim>
  /** Accepts a claim by what names it: also in another process than the one that claimed. */
  accept(claim: ClaimKey, options?: Omit<AcceptOptions, 'trx'>): Promise<Acceptance>
  /** Gives a claim back by what names it, and says whether it was still held. */
  release(claim: Pick<ClaimKey, 'claimId' | 'id'>): Promise<boolean>
  /** A page of who joined, newest first. */
  acceptances(query?: PageQuery, scope?: Scope): Promise<Page<Acceptance>>
  /** Gives a wrongly counted use back. @throws InviteError `invite_exists` where its address has another invite by now. */
  reopen(acceptanceId: string, scope?: Scope): Promise<Acceptance>
  /** Approves who joined pending approval. Declining later is possible. @throws InviteError `invite_not_found`. */
  approveAcceptance(acceptanceId: string, scope?: Scope): Promise<Acceptance>
  /** Declines who joined pending approval; the use stays counted: `reopen` gives it back. @throws InviteError `invite_not_found`. */
  declineAcceptance(acceptanceId: string, scope?: Scope): Promise<Acceptance>
  /** Whether an inviter is paused; with a change, after it. While they are, their invites are refused as `not_allowed`. */
  inviter(inviterId: string, change?: InviterChange, scope?: Scope): Promise<InviterState>
  /** Who joined by somebody's invites, by theirs, and so on. */
  tree(query: TreeQuery, scope?: Scope): Promise<InviteTree>
  /** A page of the log, newest first: who did what to which invite. */
  audit(query?: AuditQuery, scope?: Scope): Promise<Page<AuditEntry>>
  /** How many invites were made, mailed, accepted, expired and revoked, over time. It takes as long as there is to count. */
  stats(query?: StatsQuery, scope?: Scope): Promise<Statistics>
  /** The app's settings; with a change, after it. */
  settings(change?: SettingsChange, scope?: Scope): Promise<Settings>
  /** How many invites a member may still send; with a change, after it. */
  quota(inviterId: string, change?: QuotaChange, scope?: Scope): Promise<Quota>
  /** Gives one inviter, or everybody who joined in some time, more invites to send. */
  grantQuota(grant: QuotaGrant, scope?: Scope): Promise<QuotaGranted>
  /**
   * Makes a key, with which a program manages the app's invites: `Authorization: Basic appId:key`. Several may be good at
   * once, so that one can be replaced without a gap. The key is in this answer and nowhere else.
   * @throws InviteError `input_invalid`.
   */
  createKey(key: CreateKey, scope?: Scope): Promise<CreatedAppKey>
  /** A page of the app's keys, newest first, also of expired and revoked ones. */
  listKeys(query?: PageQuery, scope?: Scope): Promise<Page<AppKey>>
  /** Ends a key at once, in every process. False where it was revoked before. @throws InviteError `invite_not_found`. */
  revokeKey(keyId: string, scope?: Scope): Promise<boolean>
  /**
   * Asks for access, as `POST …/access-request` does: mails a link that confirms the address, and tells nothing of what
   * is known of it. @throws InviteError `signup_closed` unless the mode is `waitlist` and there is a mailer; `input_invalid`.
   */
  requestAccess(request: AccessRequestInput, scope?: Pick<Scope, 'appId'>): Promise<void>
  /** A page of confirmed requests for access. Default: those that wait, in their order. */
  listRequests(query?: AccessRequestQuery, scope?: Scope): Promise<Page<AccessRequest>>
  /**
   * Approves requests for access, and invites each. Those approved before are left as they are. Each is decided in a
   * step of its own. @throws InviteError `invite_not_found` where one is not there, and then none is approved.
   */
  approveRequests(which: ApproveRequests, scope?: Scope): Promise<DecidedRequests>
  /**
   * Declines requests for access, without a mail. One that was approved has its invite revoked, unless that was used;
   * then it is left as it is. @throws InviteError `invite_not_found` where one is not there, and then none is declined.
   */
  declineRequests(which: DeclineRequests, scope?: Scope): Promise<DecidedRequests>
  /** A page of the webhooks that were given up, those of the newest events first. */
  failedWebhooks(query?: Omit<PageQuery, 'inviterId'>, scope?: Scope): Promise<Page<FailedWebhook>>
  /** Makes every webhook of the app that was given up due again. Resolves with how many there were. */
  retryWebhooks(scope?: Scope): Promise<number>
  /** Delivers the mail and the webhooks that are due, once. For processes without the worker; resolves with the number of tries. */
  deliver(): Promise<number>
  /**
   * Removes what has been over for long, of every app: invites that expired or were revoked with nobody having used
   * them, their mails and those of used ones, lapsed claims, old `Idempotency-Key`s, requests for access that nobody
   * confirmed or that were decided. Who joined, and by which invite,
   * is kept. To be called once a day or so, by one process, where the option `retention` does not see to it; it works in small batches, beside everything else, and
   * nothing depends on it but the size of the database and the speed of its lists. From then on the code of a removed
   * invite is `invite_invalid`. @throws TypeError where an option is unknown or wrong.
   */
  prune(options?: PruneOptions): Promise<Pruned>
  /**
   * What is held on an address: invites for it, accounts made with it, whether it wants no mail. Of the app that `scope`
   * names, else of every app. @throws InviteError `input_invalid`, `not_allowed`.
   */
  export(person: Person, scope?: Scope): Promise<PersonData>
  /**
   * Forgets an address, and everything else that names its owner: outstanding invites for it are revoked; of all that
   * were for it, times, roles and states stay, to be counted, and so do the ids of users, which are the host's. That it
   * wants no mail is kept, as a keyed digest. Of the app that `scope` names, else of every app. @throws InviteError `input_invalid`, `not_allowed`.
   */
  forget(person: Person, scope?: Scope): Promise<Forgotten>
  /** Lets the worker finish what it holds, stops it, and ends the store's own connections. */
  close(): Promise<void>
}

const contexts = new WeakMap<CoreInvites, Context>()
let workersMayStart = true

/** @throws TypeError where an option is unknown, missing or wrong, or a template does not compile. */
export function createCore(options: InvitesOptions): CoreInvites {
  const config: Config = readOptions(options)
  const { events, emit } = createEvents()
  const ends: (() => void)[] = []
  const wakeWebhooks = () => {
    for (const each of webhooks) each.wake()
  }
  const context: Context = {
    config,
    store: guardStore(config.store, wakeWebhooks),
    keyring: createKeyring(config.secrets),
    emit,
    isHeard: (name) => events.listenerCount(name) > 0,
    mailQueued: () => worker?.wake(),
    webhooksQueued: wakeWebhooks,
    onClose: (end) => void ends.push(end),
  }
  const worker = config.mailer && createWorker(context, config.mailer)
  const webhooks = createWebhookWorkers(context)
  // Without a mailer too, so that a host's templates are wrong in development as they would be in production.
  if (worker === undefined)
    for (const app of config.apps.values()) {
      if (app.templates.folders.length === 0) continue
      createCompose(context, app)
      createRequestCompose(context, app)
    }
  const housekeeping = config.prunes ? createHousekeeping(context) : undefined
  const workers = [worker, ...webhooks, housekeeping]
  if (config.deliver && workersMayStart) for (const each of workers) each?.start()
  if (options.clock === undefined) void compareClocks(context)

  const invites: CoreInvites = {
    events,
    send: async (invite, scope = {}) => sendInvite(context, invite, readScope(scope)),
    sendMany: async (rows, options = {}, scope = {}) =>
      sendMany(context, listRows(rows), readSendMany(options), readScope(scope)),
    list: async (query = {}, scope = {}) => listInvites(context, query, readScope(scope)),
    retrieve: async (inviteId, scope = {}) => retrieveInvite(context, inviteId, readScope(scope)),
    update: async (inviteId, change, scope = {}) => updateInvite(context, inviteId, change, readScope(scope)),
    resend: async (inviteId, options = {}, scope = {}) => resendInvite(context, inviteId, options, readScope(scope)),
    revoke: async (inviteId, scope = {}) => revokeInvite(context, inviteId, readScope(scope)),
    revokeAll: async (which = {}, scope = {}) => revokeAllInvites(context, which, readScope(scope)),
    check: async (credentials, scope = {}) => checkInvite(context, credentials, readScope(scope)),
    async claim(claim, scope = {}) {
      const { appId } = appOf(context, readScope(scope).appId)
      try {
        return await claimInvite(context, claim, { appId })
      } catch (error) {
        if (error instanceof InviteError && error.status < 500) emit('refused', { appId, code: error.code })
        throw error
      }
    },
    accept: (claim, options) => acceptClaim(context, claim, options),
    release: (claim) => releaseClaim(context, claim),
    acceptances: async (query = {}, scope = {}) => listAcceptances(context, query, readScope(scope)),
    reopen: async (acceptanceId, scope = {}) => reopenAcceptance(context, acceptanceId, readScope(scope)),
    approveAcceptance: async (acceptanceId, scope = {}) =>
      decideAcceptance(context, { acceptanceId, approval: 'approved' }, readScope(scope)),
    declineAcceptance: async (acceptanceId, scope = {}) =>
      decideAcceptance(context, { acceptanceId, approval: 'declined' }, readScope(scope)),
    inviter: async (inviterId, change, scope = {}) =>
      change === undefined
        ? getInviter(context, inviterId, readScope(scope))
        : changeInviter(context, inviterId, change, readScope(scope)),
    tree: async (query, scope = {}) => getTree(context, query, readScope(scope)),
    audit: async (query = {}, scope = {}) => listAudit(context, query, readScope(scope)),
    stats: async (query = {}, scope = {}) => getStatistics(context, query, readScope(scope)),
    settings: async (change, scope = {}) =>
      change === undefined ? getSettings(context, readScope(scope)) : updateSettings(context, change, readScope(scope)),
    quota: async (inviterId, change, scope = {}) =>
      change === undefined
        ? getQuota(context, inviterId, readScope(scope))
        : setQuota(context, inviterId, change, readScope(scope)),
    grantQuota: async (grant, scope = {}) => grantQuota(context, grant, readScope(scope)),
    createKey: async (key, scope = {}) => createKey(context, key, readScope(scope)),
    listKeys: async (query = {}, scope = {}) => listKeys(context, query, readScope(scope)),
    revokeKey: async (keyId, scope = {}) => revokeKey(context, keyId, readScope(scope)),
    requestAccess: async (request, scope = {}) => askForAccess(context, request, readScope(scope)),
    listRequests: async (query = {}, scope = {}) => listRequests(context, query, readScope(scope)),
    approveRequests: async (which, scope = {}) => approveRequests(context, which, readScope(scope)),
    declineRequests: async (which, scope = {}) => declineRequests(context, which, readScope(scope)),
    failedWebhooks: async (query = {}, scope = {}) => listFailedWebhooks(context, query, readScope(scope)),
    retryWebhooks: async (scope = {}) => retryWebhooks(context, readScope(scope)),
    async deliver() {
      const mails = (await worker?.deliverDue()) ?? 0 // first: webhooks tell of them
      const sent = await Promise.all(webhooks.map((each) => each.deliverDue()))
      return sent.reduce((sum, tries) => sum + tries, mails)
    },
    export: async (person, scope = {}) => exportPerson(context, person, readScope(scope)),
    forget: async (person, scope = {}) => forgetPerson(context, person, readScope(scope)),
    prune: async (options = {}) => prune(context, options),
    async close() {
      await Promise.all(workers.map((each) => each?.close()))
      for (const end of ends.splice(0)) end()
      await config.store.close()
    },
  }
  contexts.set(invites, context)
  return invites
}

/** The inside of an install, for the middleware. @throws TypeError where it is none. */
export function contextOf(invites: CoreInvites): Context {
  const context = contexts.get(invites)
  if (context === undefined) throw new TypeError('The first argument must be what createInvites() returned.')
  return context
}

/** From now on no install of this process delivers by itself. For the command line: listing must not send mail. */
export function keepWorkersIdle(): void {
  workersMayStart = false
}
