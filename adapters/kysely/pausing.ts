// Inviters that are paused: their invites admit nobody meanwhile, and they send none.
import type { InviterKey, InviteStore } from '../../src/store.js'
import type { LogOperations } from './log.js'
import { type Operation, prepare } from './operation.js'
import type { DbTime, Dialect } from './schema.js'

export interface PausingOperations {
  pauseInviter(request: Parameters<InviteStore['pauseInviter']>[0]): Operation<number | null>
  findPause(key: InviterKey): Operation<number | null>
}

export function pausingOperations(dialect: Dialect, log: LogOperations): PausingOperations {
  const { db, tables } = dialect

  const read = prepare((p: InviterKey) =>
    db
      .selectFrom(tables.paused_inviters)
      .select('paused_at')
      .where('app_id', '=', p.appId)
      .where('inviter_id', '=', p.inviterId),
  )

  const insert = prepare((p: InviterKey & { now: DbTime }) =>
    db
      .insertInto(tables.paused_inviters)
      .values({ app_id: p.appId, inviter_id: p.inviterId, paused_at: p.now })
      .onConflict((conflict) => conflict.doNothing())
      .returning('app_id'),
  )

  const remove = prepare((p: InviterKey) =>
    db
      .deleteFrom(tables.paused_inviters)
      .where('app_id', '=', p.appId)
      .where('inviter_id', '=', p.inviterId)
      .returning('app_id'),
  )

  function* findPause(key: InviterKey): Operation<number | null> {
    const [row] = yield* read({ appId: key.appId, inviterId: key.inviterId })
    return row ? dialect.decodeTime(row.paused_at) : null
  }

  function* pauseInviter(request: Parameters<InviteStore['pauseInviter']>[0]): Operation<number | null> {
    const { appId, inviterId, now, paused, note } = request
    const changed = paused
      ? yield* insert({ appId, inviterId, now: dialect.encodeTime(now) })
      : yield* remove({ appId, inviterId })
    if (changed.length > 0) yield* log.logChange(note, request)
    return yield* findPause(request)
  }

  return { pauseInviter, findPause }
}
