// Who joined: listing accepted uses, approving them, and giving one back.
import { type SqlBool, sql } from 'kysely'
import type { AcceptanceRecord, InviteStore } from '../../src/store.js'
import { isOfApp, type LogOperations } from './log.js'
import { all, type Operation, prepare } from './operation.js'
import type { ReadingOperations } from './reading.js'
import { toAcceptance } from './records.js'
import type { RevokingOperations } from './revoking.js'
import type { DbTime, Dialect } from './schema.js'

export interface AcceptanceOperations {
  listAcceptances(query: List): Operation<readonly AcceptanceRecord[]>
  reopenAcceptance(request: Reopen): Operation<AcceptanceRecord | 'exists' | undefined>
  decideAcceptance(request: Decide): Operation<Awaited<ReturnType<InviteStore['decideAcceptance']>>>
}

type List = Parameters<InviteStore['listAcceptances']>[0]
type Decide = Parameters<InviteStore['decideAcceptance']>[0]
type Reopen = Parameters<InviteStore['reopenAcceptance']>[0]

export function acceptanceOperations(
  dialect: Dialect,
  { reading, revoking, log }: { reading: ReadingOperations; revoking: RevokingOperations; log: LogOperations },
): AcceptanceOperations {
  const { db, tables } = dialect

  const byId = prepare((p: { appId: string; id: string }) =>
    db.selectFrom(tables.acceptances).selectAll().where('app_id', '=', p.appId).where('id', '=', p.id),
  )

  const markReopened = prepare((p: { id: string; now: DbTime }) =>
    db
      .updateTable(tables.acceptances)
      .set({ reopened_at: p.now })
      .where('id', '=', p.id)
      .where('reopened_at', 'is', null)
      .returningAll(),
  )

  const decide = prepare((p: { appId: string; id: string; approval: Decide['approval']; now: DbTime }) =>
    db
      .updateTable(tables.acceptances)
      .set({ approval: p.approval, decided_at: p.now })
      .where('app_id', '=', p.appId)
      .where('id', '=', p.id)
      .where('reopened_at', 'is', null)
      .where('approval', '<>', p.approval) // nor where none was asked for
      .returningAll(),
  )

  // Nothing where the address has a pending invite already: then this one must stay used.
  const giveBack = prepare((p: { inviteId: string }) =>
    db
      .updateTable(`${tables.invites} as given`)
      .set((eb) => ({ uses: eb('uses', '-', 1) }))
      .where('id', '=', p.inviteId)
      .where(({ not, exists, selectFrom }) =>
        not(
          exists(
            selectFrom(`${tables.invites} as other`)
              .select('other.id')
              .whereRef('other.app_id', '=', 'given.app_id')
              .whereRef('other.email_canonical', '=', 'given.email_canonical')
              .where(sql<SqlBool>`coalesce(other.org_id, '') = coalesce(given.org_id, '')`)
              .where('other.revoked_at', 'is', null)
              .where(sql<SqlBool>`other.uses = 0`) // as the unique index has it: a parameter would not match
              .whereRef('other.id', '<>', 'given.id'),
          ),
        ),
      )
      .returning('id'),
  )

  function* listAcceptances(query: List): Operation<readonly AcceptanceRecord[]> {
    const { after, inviterId, userId, approval } = query
    let select = db
      .selectFrom(tables.acceptances)
      .selectAll()
      .where(isOfApp(query.appId, userId !== undefined))
    if (inviterId !== undefined) select = select.where('inviter_id', '=', inviterId)
    if (userId !== undefined) select = select.where('user_id', '=', userId)
    if (approval !== undefined) select = select.where('approval', '=', approval)
    if (after) {
      const position = dialect.encodeTime(after.at)
      select = select.where((eb) => eb(eb.refTuple('accepted_at', 'id'), '<', eb.tuple(position, after.id)))
    }
    const rows = yield* all(select.orderBy('accepted_at', 'desc').orderBy('id', 'desc').limit(query.limit))
    return rows.map((row) => toAcceptance(dialect, row))
  }

  function* reopenAcceptance(request: Reopen): Operation<AcceptanceRecord | 'exists' | undefined> {
    const [seen] = yield* byId({ appId: request.appId, id: request.acceptanceId })
    if (seen === undefined) return undefined
    yield* reading.lock({ inviteId: seen.invite_id })
    const [found] = yield* byId({ appId: request.appId, id: request.acceptanceId })
    if (found === undefined || found.reopened_at !== null) return found && toAcceptance(dialect, found)
    const invite = yield* reading.rowOf({ appId: request.appId, inviteId: found.invite_id })
    if (invite?.email_canonical != null) {
      const place = { appId: invite.app_id, email: invite.email_canonical, orgId: invite.org_id }
      yield* revoking.makeRoom(place, request.now, request.note)
    }
    const [given] = yield* giveBack({ inviteId: found.invite_id })
    if (given === undefined) return 'exists'
    const [reopened] = yield* markReopened({ id: found.id, now: dialect.encodeTime(request.now) })
    if (reopened === undefined) return undefined
    if (invite) yield* log.logInvite(request.note, invite, request.now, found.id)
    return toAcceptance(dialect, reopened)
  }

  function* decideAcceptance(request: Decide): ReturnType<AcceptanceOperations['decideAcceptance']> {
    const { appId, acceptanceId, approval, now, note } = request
    const [decided] = yield* decide({ appId, id: acceptanceId, approval, now: dialect.encodeTime(now) })
    const row = decided ?? (yield* byId({ appId, id: acceptanceId }))[0]
    if (row === undefined || row.approval === null || row.reopened_at !== null) return undefined
    const invite = decided && (yield* reading.rowOf({ appId, inviteId: row.invite_id }))
    if (invite) yield* log.logInvite(note, invite, now, row.id)
    return { acceptance: toAcceptance(dialect, row), changed: decided !== undefined }
  }

  return { listAcceptances, reopenAcceptance, decideAcceptance }
}
