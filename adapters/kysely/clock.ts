// The database's own clock.
import { CompiledQuery } from 'kysely'
import type { Operation } from './operation.js'
import type { DbTime, Dialect } from './schema.js'

export function* databaseTime(dialect: Dialect): Operation<number> {
  const [row] = (yield CompiledQuery.raw(`select ${dialect.now} as now`)) as readonly { now: DbTime }[]
  if (row === undefined) throw new Error('The database does not say what time it is.')
  return dialect.decodeTime(row.now)
}
