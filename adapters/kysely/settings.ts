// What can be switched at run time.
import type { InviteStore, StoredSettings } from '../../src/store.js'
import type { Mode } from '../../src/types.js'
import type { LogOperations } from './log.js'
import { type Operation, prepare } from './operation.js'
import type { DbJson, DbTime, Dialect } from './schema.js'

export interface SettingsOperations {
  getSettings(appId: string): Operation<StoredSettings>
  changeSettings(request: ChangeSettings): Operation<StoredSettings>
  /** Keeps every other transaction from what needs this lock, and returns what is stored. */
  lockSettings(appId: string, now: number): Operation<StoredSettings>
}

type ChangeSettings = Parameters<InviteStore['changeSettings']>[0]

interface Row {
  readonly mode: Mode | null
  readonly next_mode: Mode | null
  readonly next_mode_at: DbTime | null
  readonly limits: DbJson | null
}

const columns = ['mode', 'next_mode', 'next_mode_at', 'limits'] as const

export function settingsOperations(dialect: Dialect, log: LogOperations): SettingsOperations {
  const { db, tables } = dialect

  const read = prepare((p: { appId: string }) =>
    db.selectFrom(tables.settings).select(columns).where('app_id', '=', p.appId),
  )

  // An upsert that changes nothing locks the row, and makes it where there is none.
  const lock = prepare((p: { appId: string; now: DbTime }) =>
    db
      .insertInto(tables.settings)
      .values({ app_id: p.appId, updated_at: p.now })
      .onConflict((conflict) => conflict.column('app_id').doUpdateSet((eb) => ({ app_id: eb.ref('excluded.app_id') })))
      .returning(columns),
  )

  const write = prepare((p: Row & { appId: string; now: DbTime }) =>
    db
      .updateTable(tables.settings)
      .set({
        mode: p.mode,
        next_mode: p.next_mode,
        next_mode_at: p.next_mode_at,
        limits: p.limits,
        updated_at: p.now,
      })
      .where('app_id', '=', p.appId),
  )

  function toSettings(row: Row | undefined): StoredSettings {
    if (row === undefined) return {}
    const { mode, next_mode: next, next_mode_at: at, limits } = row
    return {
      ...(mode !== null && { mode }),
      ...(next !== null && at !== null && { schedule: { mode: next, at: dialect.decodeTime(at) } }),
      ...(limits !== null && (dialect.decodeJson(limits) as StoredSettings)),
    }
  }

  function* getSettings(appId: string): Operation<StoredSettings> {
    return toSettings((yield* read({ appId }))[0])
  }

  function* lockSettings(appId: string, now: number): Operation<StoredSettings> {
    return toSettings((yield* lock({ appId, now: dialect.encodeTime(now) }))[0])
  }

  function* changeSettings({ appId, change, now, note }: ChangeSettings): Operation<StoredSettings> {
    const { mode, schedule, ...limits } = merge(yield* lockSettings(appId, now), change, now)
    yield* write({
      appId,
      mode: mode ?? null,
      next_mode: schedule?.mode ?? null,
      next_mode_at: schedule ? dialect.encodeTime(schedule.at) : null,
      limits: dialect.encodeJson(limits),
      now: dialect.encodeTime(now),
    })
    yield* log.logChange(note, { appId, now })
    return yield* getSettings(appId)
  }

  return { getSettings, changeSettings, lockSettings }
}

/** What is stored after the change: a planned switch whose time has come is made first. */
function merge(stored: StoredSettings, change: StoredSettings, now: number): StoredSettings {
  const { schedule, ...rest } = stored
  const before = schedule && schedule.at <= now ? { ...rest, mode: schedule.mode } : stored
  const given = Object.entries(change).filter(([, value]) => value !== undefined)
  return { ...before, ...Object.fromEntries(given) }
}
