// Looking after invites that were made: finding, listing, sending again, revoking.
import { canGrant, supervisorsOnly } from '../actors.js'
import { canonicalDomain, parseAddress } from '../addresses.js'
import { appOf, type Context, findInviter, type KnownScope } from '../context.js'
import { readCursor, toPage } from '../cursors.js'
import { InviteError } from '../errors.js'
import { hasHumanCode } from '../human-codes.js'
import { type NewId, randomId } from '../ids.js'
import { type InputOf, invalidField, read } from '../input.js'
import { mailCounts, tooManyMails } from '../mail/limits.js'
import { noteOf } from '../notes.js'
import { PAUSED } from '../record-types.js'
import { listSchema, resendSchema, updateSchema } from '../schemas/invites.js'
import { revokeAllSchema } from '../schemas/record.js'
import type { InviteChange, InviteRecord, InviteStore, ListInvites } from '../store.js'
import type { Invite, Page } from '../types.js'
import { isUsed, openCode, statusOf, summaryOf, viewOf } from '../views.js'
import { newCode } from './new-codes.js'
import { checkRole } from './send.js'

/**
 * Which invites to list.
 * @interface
 */
export type ListQuery = InputOf<typeof listSchema>
/**
 * What is to change about an invite; what is absent stays.
 * @interface
 */
export type UpdateInvite = InputOf<typeof updateSchema>
/**
 * How an invite is sent again.
 * @interface
 */
export type ResendOptions = InputOf<typeof resendSchema>
/**
 * Whose invites are taken back.
 * @interface
 */
export type RevokeAll = InputOf<typeof revokeAllSchema>

export async function retrieveInvite(context: Context, inviteId: string, scope: KnownScope): Promise<Invite> {
  const record = await visible(context, inviteId, scope)
  const now = context.config.clock()
  if (isUsed(record) || statusOf(record, now) === 'revoked') throw new InviteError('invite_not_found')
  return viewOf(context, record, now)
}

export async function listInvites(context: Context, query: ListQuery, scope: KnownScope): Promise<Page<Invite>> {
  const app = appOf(context, scope.appId)
  const { status, q, limit, cursor } = read(listSchema, query)
  const now = context.config.clock()
  const search = searchFor(q)
  const records =
    search &&
    (await context.store.listInvites({
      appId: app.appId,
      inviterId: scope.actor?.access === 'member' ? scope.actor.id : undefined,
      statuses: status,
      ...search,
      limit: limit + 1,
      after: readCursor(cursor),
      now,
    }))
  const { items, nextCursor } = toPage(records ?? [], limit, (record) => ({ at: record.createdAt, id: record.id }))
  return { items: items.map((record) => viewOf(context, record, now)), nextCursor }
}

/** Asked again with the same ids, it mails nothing more, and returns the invite as it stands. */
export async function resendInvite(
  context: Context,
  inviteId: string,
  options: ResendOptions,
  scope: KnownScope,
  newId: NewId = randomId,
): Promise<Invite> {
  const { rotate } = read(resendSchema, options)
  const record = await visible(context, inviteId, scope)
  const { config, store } = context
  const now = config.clock()
  if (isUsed(record) || record.revokedAt !== null) throw new InviteError('invite_over')
  await stillGranted(context, record)
  const mailed = record.email !== null && config.mailer !== undefined
  const unreadable = openCode(context, record) === null // sealed under a secret that is gone
  const result = await store.changeInvite({
    appId: record.appId,
    inviteId,
    now,
    expiresAt: record.termMs === null ? null : now + record.termMs,
    code: rotate || unreadable ? newCode(context, record) : undefined,
    deliveryId: mailed ? newId('mail') : undefined,
    note: noteOf(context, 'invite.resend', scope, { rotated: rotate, mailed }),
    mails: mailed ? mailCounts(context, record) : [],
    ...paidBy(context, record, scope),
  })
  const invite = changedInvite(context, record, result)
  if (mailed) context.mailQueued()
  return viewOf(context, invite, now)
}

export async function updateInvite(
  context: Context,
  inviteId: string,
  change: UpdateInvite,
  scope: KnownScope,
): Promise<Invite> {
  const { role, expiresInMs, metadata } = read(updateSchema, change)
  const record = await visible(context, inviteId, scope)
  const { config, store } = context
  if (isUsed(record) || record.revokedAt !== null) throw new InviteError('invite_over')
  if (role != null && role !== record.role) {
    checkRole(context, role, [scope.actor])
    await stillGranted(context, { ...record, role })
  }
  if (expiresInMs === null && record.email === null && hasHumanCode(record)) {
    throw invalidField('expiresInMs', 'must be a number: the code was made up, and can be guessed')
  }
  const now = config.clock()
  const term =
    expiresInMs === undefined ? {} : { termMs: expiresInMs, expiresAt: expiresInMs === null ? null : now + expiresInMs }
  const result = await store.changeInvite({
    appId: record.appId,
    inviteId,
    now,
    role,
    metadata,
    ...term,
    note: noteOf(context, 'invite.update', scope, {
      role,
      expiresInMs,
      ...(metadata !== undefined && { metadata: true }),
    }),
    ...paidBy(context, record, scope),
  })
  return viewOf(context, changedInvite(context, record, result), now)
}

/** Whom an invite costs again that had expired and given its uses back: the member that asks for it. */
function paidBy(context: Context, { appId }: InviteRecord, { actor }: KnownScope): Pick<InviteChange, 'defaultQuota'> {
  return actor?.access === 'member' ? { defaultQuota: appOf(context, appId).quota } : {}
}

function changedInvite(
  context: Context,
  record: InviteRecord,
  result: Awaited<ReturnType<InviteStore['changeInvite']>>,
): InviteRecord {
  if (result === undefined) throw new InviteError('invite_not_found')
  if (result === 'paused') throw new InviteError('not_allowed', { detail: PAUSED })
  if (result === 'over') throw new InviteError('invite_over')
  if (result === 'quota_exceeded') throw new InviteError('quota_exceeded')
  if ('limited' in result) throw tooManyMails(context, record, result.limited)
  return result
}

/** Whether this call revoked it. */
export async function revokeInvite(context: Context, inviteId: string, scope: KnownScope): Promise<boolean> {
  const { appId } = await visible(context, inviteId, scope)
  const now = context.config.clock()
  const note = noteOf(context, 'invite.revoke', scope)
  const result = await context.store.revokeInvite({ appId, inviteId, now, note })
  if (result === undefined) throw new InviteError('invite_not_found')
  if (result.revoked) context.emit('revoked', { invite: summaryOf(result.invite, now) })
  return result.revoked
}

/** Revokes all of the app, of one inviter, or of one and all below. Returns how many there were. */
export async function revokeAllInvites(context: Context, which: RevokeAll, scope: KnownScope): Promise<number> {
  const { appId } = appOf(context, scope.appId)
  supervisorsOnly(scope.actor)
  const { inviterId, branch } = read(revokeAllSchema, which)
  if (branch && inviterId === undefined) throw invalidField('branch', 'needs an inviterId, whose branch it is')
  const now = context.config.clock()
  const note = noteOf(context, 'invite.revoke', scope, { all: true, inviterId, ...(branch && { branch }) })
  const revoked = await context.store.revokeInvites({ appId, inviterId, branch, now, note })
  for (const record of revoked) context.emit('revoked', { invite: summaryOf(record, now) })
  return revoked.length
}

/**
 * Whether whoever an invite comes from may still grant its role and invite into its organization, asked anew of the host.
 * @throws InviteError `not_allowed` where not.
 */
export async function stillGranted(context: Context, invite: Omit<InviteRecord, 'delivery'>): Promise<void> {
  const { role, orgId, inviterId } = invite
  if (context.config.findInviter === undefined || inviterId === null || (role === null && orgId === null)) return
  const inviter = await findInviter(context, { appId: invite.appId, id: inviterId })
  if (inviter && canGrant(inviter, invite)) return
  const lost = inviter && canGrant(inviter, { role }) ? 'invite into its organization' : 'grant its role'
  throw new InviteError('not_allowed', { detail: `Whoever sent this invite may no longer ${lost}.` })
}

/** The invite, if this actor may see it. @throws InviteError `invite_not_found`, alike for all it may not. */
async function visible(context: Context, inviteId: string, { appId, actor }: KnownScope): Promise<InviteRecord> {
  const app = appOf(context, appId)
  const record = await context.store.findInvite({ appId: app.appId, inviteId })
  const hidden = actor?.access === 'member' && record?.inviterId !== actor.id
  if (record === undefined || hidden) throw new InviteError('invite_not_found')
  return record
}

/** What to look for, or `undefined` where nothing can match. */
export function searchFor(q: string | undefined): Pick<ListInvites, 'emailPrefix' | 'domain'> | undefined {
  if (q === undefined || q === '') return {}
  if (!q.startsWith('@')) return { emailPrefix: parseAddress(q)?.canonical ?? q.normalize('NFC').toLowerCase() }
  const domain = canonicalDomain(q.slice(1))
  return domain === undefined ? undefined : { domain }
}
