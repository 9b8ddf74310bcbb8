// Who joined, approving those whom the host wants approved, and giving back a use that was counted wrongly.
import { supervisorsOnly } from '../actors.js'
import { appOf, type Context, type KnownScope } from '../context.js'
import { readCursor, toPage } from '../cursors.js'
import { InviteError } from '../errors.js'
import { type InputOf, read } from '../input.js'
import { noteOf } from '../notes.js'
import { acceptancesSchema } from '../schemas/invites.js'
import type { Acceptance, Page } from '../types.js'
import { acceptanceView } from '../views.js'

const NOTHING_TO_DECIDE = 'There is no such acceptance that was pending approval and still counts.'

/**
 * Which page of acceptances.
 * @interface
 */
export type PageQuery = InputOf<typeof acceptancesSchema>

export async function listAcceptances(
  context: Context,
  query: PageQuery,
  scope: KnownScope,
): Promise<Page<Acceptance>> {
  const { appId } = appOf(context, scope.appId)
  supervisorsOnly(scope.actor)
  const { inviterId, userId, approval, limit, cursor } = read(acceptancesSchema, query)
  const after = readCursor(cursor)
  const records = await context.store.listAcceptances({ appId, inviterId, userId, approval, limit: limit + 1, after })
  const { items, nextCursor } = toPage(records, limit, (record) => ({ at: record.acceptedAt, id: record.id }))
  return { items: items.map(acceptanceView), nextCursor }
}

export async function reopenAcceptance(context: Context, acceptanceId: string, scope: KnownScope): Promise<Acceptance> {
  const { appId } = appOf(context, scope.appId)
  supervisorsOnly(scope.actor)
  const note = noteOf(context, 'acceptance.reopen', scope)
  const record = await context.store.reopenAcceptance({ appId, acceptanceId, now: context.config.clock(), note })
  if (record === undefined) throw new InviteError('invite_not_found', { detail: 'There is no such acceptance.' })
  if (record === 'exists') throw new InviteError('invite_exists')
  return acceptanceView(record)
}

/** Tells the listeners, unless it was decided so before. */
export async function decideAcceptance(
  context: Context,
  decision: { readonly acceptanceId: string; readonly approval: 'approved' | 'declined' },
  scope: KnownScope,
): Promise<Acceptance> {
  const { appId } = appOf(context, scope.appId)
  supervisorsOnly(scope.actor)
  const action = decision.approval === 'approved' ? 'acceptance.approve' : 'acceptance.decline'
  const note = noteOf(context, action, scope)
  const decided = await context.store.decideAcceptance({ ...decision, appId, now: context.config.clock(), note })
  if (decided === undefined) throw new InviteError('invite_not_found', { detail: NOTHING_TO_DECIDE })
  const acceptance = acceptanceView(decided.acceptance)
  if (decided.changed) context.emit('decided', { acceptance })
  return acceptance
}
