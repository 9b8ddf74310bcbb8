// Who joined: listing accepted uses and giving one back.
import { type SqlBool, sql } from 'kysely'
import type { AcceptanceRecord, PagePosition } from '../../src/store.js'
import { all, type Operation, prepare } from './operation.js'
import type { ReadingOperations } from './reading.js'
import { toAcceptance } from './records.js'
import type { RevokingOperations } from './revoking.js'
import type { DbTime, Dialect } from './schema.js'

export interface AcceptanceOperations {
  listAcceptances(query: {
    readonly appId: string
    readonly limit: number
    readonly after?: PagePosition | undefined
  }): Operation<readonly AcceptanceRecord[]>
  reopenAcceptance(request: {
    readonly appId: string
    readonly acceptanceId: string
    readonly now: number
  }): Operation<AcceptanceRecord | 'exists' | undefined>
}

export function acceptanceOperations(
  dialect: Dialect,
  { reading, revoking }: { reading: ReadingOperations; revoking: RevokingOperations },
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

  function* listAcceptances(query: {
    readonly appId: string
    readonly limit: number
    readonly after?: PagePosition | undefined
  }): Operation<readonly AcceptanceRecord[]> {
    const { after } = query
    let select = db.selectFrom(tables.acceptances).selectAll().where('app_id', '=', query.appId)
    if (after) {
      const position = dialect.encodeTime(after.at)
      select = select.where((eb) => eb(eb.refTuple('accepted_at', 'id'), '<', eb.tuple(position, after.id)))
    }
    const rows = yield* all(select.orderBy('accepted_at', 'desc').orderBy('id', 'desc').limit(query.limit))
    return rows.map((row) => toAcceptance(dialect, row))
  }

  function* reopenAcceptance(request: {
    readonly appId: string
    readonly acceptanceId: string
    readonly now: number
  }): Operation<AcceptanceRecord | 'exists' | undefined> {
    const [seen] = yield* byId({ appId: request.appId, id: request.acceptanceId })
    if (seen === undefined) return undefined
    yield* reading.lock({ inviteId: seen.invite_id })
    const [found] = yield* byId({ appId: request.appId, id: request.acceptanceId })
    if (found === undefined || found.reopened_at !== null) return found && toAcceptance(dialect, found)
    const invite = yield* reading.rowOf({ appId: request.appId, inviteId: found.invite_id })
    if (invite?.email_canonical != null) {
      const place = { appId: invite.app_id, email: invite.email_canonical, orgId: invite.org_id }
      yield* revoking.makeRoom(place, request.now)
    }
    const [given] = yield* giveBack({ inviteId: found.invite_id })
    if (given === undefined) return 'exists'
    const [reopened] = yield* markReopened({ id: found.id, now: dialect.encodeTime(request.now) })
    return reopened && toAcceptance(dialect, reopened)
  }

  return { listAcceptances, reopenAcceptance }
}
