// Who did what, and who invited whom: the log, the tree, and pausing an inviter.
import { supervisorsOnly } from '../actors.js'
import { appOf, type Context, type KnownScope } from '../context.js'
import { readCursor, toPage } from '../cursors.js'
import { InviteError } from '../errors.js'
import { type InputOf, read } from '../input.js'
import { noteOf } from '../notes.js'
import type { AuditEntry, InviterState, InviteTree } from '../record-types.js'
import { auditSchema, inviterSchema, treeSchema } from '../schemas/record.js'
import type { LogRecord } from '../store.js'
import type { Page } from '../types.js'
import { isoTime } from '../views.js'

/**
 * Which page of the log.
 * @interface
 */
export type AuditQuery = InputOf<typeof auditSchema>
/**
 * What is to change about an inviter.
 * @interface
 */
export type InviterChange = InputOf<typeof inviterSchema>
/**
 * Which part of the tree.
 * @interface
 */
export type TreeQuery = InputOf<typeof treeSchema>

const TREE_USERS = 1000

export async function listAudit(context: Context, query: AuditQuery, scope: KnownScope): Promise<Page<AuditEntry>> {
  const { appId } = appOf(context, scope.appId)
  supervisorsOnly(scope.actor)
  const { actor: actorId, limit, cursor, ...filters } = read(auditSchema, query)
  const after = readCursor(cursor)
  const records = await context.store.listLog({ ...filters, appId, actorId, limit: limit + 1, after })
  const { items, nextCursor } = toPage(records, limit, ({ at, id }) => ({ at, id }))
  return { items: items.map(entryView), nextCursor }
}

export async function getTree(context: Context, query: TreeQuery, scope: KnownScope): Promise<InviteTree> {
  const { appId } = appOf(context, scope.appId)
  supervisorsOnly(scope.actor)
  const { rootId, depth } = read(treeSchema, query)
  const { levels, users } = await context.store.getTree({ appId, rootId, depth, limit: TREE_USERS })
  return { appId, rootId, joined: levels.reduce((sum, count) => sum + count, 0), levels, users }
}

/** How an inviter stands; a member may ask that of itself. */
export async function getInviter(context: Context, inviterId: string, scope: KnownScope): Promise<InviterState> {
  const { appId } = appOf(context, scope.appId)
  if (scope.actor?.access === 'member' && scope.actor.id !== inviterId) throw new InviteError('not_allowed')
  return inviterView(appId, inviterId, await context.store.findPause({ appId, inviterId }))
}

export async function changeInviter(
  context: Context,
  inviterId: string,
  change: InviterChange,
  scope: KnownScope,
): Promise<InviterState> {
  const { appId } = appOf(context, scope.appId)
  supervisorsOnly(scope.actor)
  const { paused } = read(inviterSchema, change)
  const note = noteOf(context, paused ? 'inviter.pause' : 'inviter.resume', scope, { inviterId })
  const now = context.config.clock()
  return inviterView(appId, inviterId, await context.store.pauseInviter({ appId, inviterId, paused, now, note }))
}

function inviterView(appId: string, inviterId: string, pausedAt: number | null): InviterState {
  return { appId, inviterId, pausedAt: pausedAt === null ? null : isoTime(pausedAt) }
}

function entryView(record: LogRecord): AuditEntry {
  const { id: entryId, appId, at, action, actor, inviteId, acceptanceId, details } = record
  return { entryId, appId, at: isoTime(at), action, actor, inviteId, acceptanceId, details }
}
