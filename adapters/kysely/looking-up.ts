// What is known of a code that somebody came with: three statements, whether there is such a code or not.
import type { LookedUp } from '../../src/store.js'
import { lastly, type Operation, prepare } from './operation.js'
import { toInvite } from './records.js'
import type { Dialect } from './schema.js'
import type { SettingsOperations } from './settings.js'

interface Code {
  readonly appId: string
  readonly codeHash: string
}

export interface LookingUpOperations {
  lookUp(code: Code): Operation<LookedUp>
}

export function lookingUpOperations(dialect: Dialect, settings: SettingsOperations): LookingUpOperations {
  const { db, tables } = dialect

  const unrevoked = (p: Code) =>
    db
      .selectFrom(tables.invites)
      .where('app_id', '=', p.appId)
      .where('code_hash', '=', p.codeHash)
      .where('revoked_at', 'is', null)

  const ofCode = prepare((p: Code) => unrevoked(p).selectAll())

  const pauses = prepare((p: Code) =>
    db
      .selectFrom(tables.paused_inviters)
      .select('paused_at')
      .where('app_id', '=', p.appId)
      .where('inviter_id', 'in', unrevoked(p).select('inviter_id')),
  )

  function* lookUp(code: Code): Operation<LookedUp> {
    const [[row], stored, paused] = yield* lastly(ofCode(code), settings.getSettings(code.appId), pauses(code))
    return { invite: row && toInvite(dialect, row, null), settings: stored, isPaused: paused.length > 0 }
  }

  return { lookUp }
}
