// Giving a use back on SQLite. Most often there is nothing to give, because the host's own transaction has counted the use,
// and to see that takes one statement, where to change something takes a write transaction.
import type { CompiledQuery } from 'kysely'
import type { InviteStore } from '../../src/store.js'
import { prepare, runSync } from '../kysely/operation.js'
import type { Dialect } from '../kysely/schema.js'

/** A hold that is gone never comes back, so whoever finds none need not look again under a lock. */
export function releaseIfHeld(
  { db, tables }: Dialect,
  query: (query: CompiledQuery) => readonly unknown[],
  release: InviteStore['release'],
): InviteStore['release'] {
  const findHold = prepare((p: { claimId: string }) =>
    db.selectFrom(tables.claims).select('id').where('id', '=', p.claimId),
  )

  function mayBeHeld(claimId: string): boolean {
    try {
      return runSync(findHold({ claimId }), query).length > 0
    } catch {
      return true // the transaction waits for who keeps the database busy, and says what else is wrong
    }
  }

  return async (request) => mayBeHeld(request.claimId) && (await release(request))
}
