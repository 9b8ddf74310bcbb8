// The waiting list: deciding who is invited.
import type {
  AccessRequestDecided,
  AccessRequestDecision,
  InviteKey,
  InviteRecord,
  InviteStore,
  LogNote,
  NewInvite,
} from '../../src/store.js'
import type { InviteOperations } from './invites.js'
import { inPassing, type LogOperations } from './log.js'
import { type Operation, prepare } from './operation.js'
import { type AccessRequestRow, toAccessRequest } from './records.js'
import type { RevokingOperations } from './revoking.js'
import type { DbTime, Dialect } from './schema.js'

type Approved = Awaited<ReturnType<InviteStore['approveAccessRequest']>>

export interface AccessDecisionOperations {
  approveAccessRequest(
    decision: AccessRequestDecision,
    invite: NewInvite,
    deliveryId: string | undefined,
  ): Operation<Approved>
  declineAccessRequest(decision: AccessRequestDecision): Operation<AccessRequestDecided | undefined>
}

export function accessDecisionOperations(
  dialect: Dialect,
  { revoking, invites, log }: { revoking: RevokingOperations; invites: InviteOperations; log: LogOperations },
): AccessDecisionOperations {
  const { db, tables } = dialect

  const lockConfirmed = prepare((p: { appId: string; id: string }) =>
    db
      .selectFrom(tables.access_requests)
      .selectAll()
      .where('app_id', '=', p.appId)
      .where('id', '=', p.id)
      .where('verified_at', 'is not', null)
      .$if(dialect.rowLocks, (query) => query.forUpdate()),
  )

  const decide = prepare(
    (p: {
      id: string
      decision: 'approve' | 'decline'
      now: DbTime
      decidedBy: string | null
      inviteId: string | null
    }) =>
      db
        .updateTable(tables.access_requests)
        .set({ decision: p.decision, decided_at: p.now, decided_by: p.decidedBy, invite_id: p.inviteId })
        .where('id', '=', p.id)
        .returningAll(),
  )

  // The request's row is locked first, and then its invite's: whoever decides on the same one waits here.
  function* approveAccessRequest(
    { appId, requestId, decidedBy, now, note, mails }: AccessRequestDecision,
    invite: NewInvite,
    deliveryId: string | undefined,
  ): Operation<Approved> {
    const [row] = yield* lockConfirmed({ appId, id: requestId })
    if (row === undefined || row.decision === 'approve') return row && unchanged(row)
    const made = yield* invites.createInvite(invite, deliveryId, { mails, note: inPassing(note, 'invite.create') })
    if ('paused' in made) return 'paused'
    if ('limited' in made) return made
    if ('codeTaken' in made) throw new Error('Another invite has this code.')
    const created = 'created' in made ? made.created : undefined
    const inviteId = created?.id ?? null
    const changes = { id: row.id, decision: 'approve', now: dialect.encodeTime(now), decidedBy, inviteId } as const
    yield* logDecision(note, { appId, now }, created)
    return decided((yield* decide(changes))[0], created)
  }

  function* declineAccessRequest({
    appId,
    requestId,
    decidedBy,
    now,
    note,
  }: AccessRequestDecision): Operation<AccessRequestDecided | undefined> {
    const [row] = yield* lockConfirmed({ appId, id: requestId })
    if (row === undefined || row.decision === 'decline') return row && unchanged(row)
    const taken = row.invite_id === null ? undefined : yield* takeBack({ appId, inviteId: row.invite_id, now, note })
    if (taken === 'used') return unchanged(row)
    const changes = {
      id: row.id,
      decision: 'decline',
      now: dialect.encodeTime(now),
      decidedBy,
      inviteId: null,
    } as const
    yield* logDecision(note, { appId, now }, taken)
    return decided((yield* decide(changes))[0], taken)
  }

  function* logDecision(
    note: LogNote | undefined,
    at: { readonly appId: string; readonly now: number },
    invite: InviteRecord | undefined,
  ): Operation<void> {
    if (invite === undefined) return yield* log.logChange(note, at)
    const { id, appId, inviterId, role, source } = invite
    yield* log.logInvite(note, { id, app_id: appId, inviter_id: inviterId, role, source }, at.now)
  }

  function* takeBack({ note, ...key }: InviteKey & { readonly now: number; readonly note: LogNote | undefined }) {
    const result = yield* revoking.revokeInvite({ ...key, note: inPassing(note, 'invite.revoke') })
    if (result === undefined || result.revoked) return result?.invite
    return result.invite.revokedAt === null ? 'used' : undefined
  }

  function decided(row: AccessRequestRow | undefined, invite: AccessRequestDecided['invite']): AccessRequestDecided {
    if (row === undefined) throw new Error('A request for access is gone that was locked.')
    return { request: toAccessRequest(dialect, row), changed: true, invite }
  }

  const unchanged = (row: AccessRequestRow): AccessRequestDecided => ({
    request: toAccessRequest(dialect, row),
    changed: false,
  })

  return { approveAccessRequest, declineAccessRequest }
}
