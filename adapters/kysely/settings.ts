// What can be switched at run time.
import type { Mode } from '../../src/types.js'
import { type Operation, prepare } from './operation.js'
import type { DbTime, Dialect } from './schema.js'

export interface SettingsOperations {
  getMode(appId: string): Operation<Mode | undefined>
  setMode(appId: string, mode: Mode, now: number): Operation<void>
}

export function settingsOperations(dialect: Dialect): SettingsOperations {
  const { db, tables } = dialect

  const read = prepare((p: { appId: string }) =>
    db.selectFrom(tables.settings).select('mode').where('app_id', '=', p.appId),
  )

  const write = prepare((p: { appId: string; mode: Mode; now: DbTime }) =>
    db
      .insertInto(tables.settings)
      .values({ app_id: p.appId, mode: p.mode, updated_at: p.now })
      .onConflict((conflict) =>
        conflict.column('app_id').doUpdateSet((eb) => ({
          mode: eb.ref('excluded.mode'),
          updated_at: eb.ref('excluded.updated_at'),
        })),
      ),
  )

  return {
    *getMode(appId) {
      const [settings] = yield* read({ appId })
      return settings?.mode
    },
    *setMode(appId, mode, now) {
      yield* write({ appId, mode, now: dialect.encodeTime(now) })
    },
  }
}
