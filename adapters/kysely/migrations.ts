// The schema, as numbered steps that are only ever added to.
import { CompiledQuery } from 'kysely'
import { createTables } from './migrations/1-tables.js'
import { createKeyedRequests } from './migrations/2-keyed-requests.js'
import { indexByState } from './migrations/3-indexes.js'
import { addLimits } from './migrations/4-limits.js'
import { createAppKeys } from './migrations/5-keys.js'
import { addAccessRequests } from './migrations/6-access-requests.js'
import { indexJoined } from './migrations/7-joined.js'
import { addRecord } from './migrations/8-record.js'
import { addLinks } from './migrations/9-links.js'
import { addWebhooks } from './migrations/10-webhooks.js'
import { addApproval } from './migrations/11-approval.js'
import { addSource } from './migrations/12-source.js'
import { mergeIndexes } from './migrations/13-fewer-indexes.js'
import { all, type Operation } from './operation.js'
import type { Dialect } from './schema.js'

const steps: readonly ((dialect: Dialect) => readonly string[])[] = [
  createTables,
  createKeyedRequests,
  indexByState,
  addLimits,
  createAppKeys,
  addAccessRequests,
  indexJoined,
  addRecord,
  addLinks,
  addWebhooks,
  addApproval,
  addSource,
  mergeIndexes,
]

function createMigrations({ quote, tables }: Dialect): string {
  return `create table ${quote(tables.migrations)} (version integer primary key)`
}

/** The statements that make the tables of a database that has none, and note that they were made. */
export function migrationStatements(dialect: Dialect): readonly string[] {
  const { quote, tables } = dialect
  return [
    createMigrations(dialect),
    ...steps.flatMap((step, index) => [
      ...step(dialect),
      `insert into ${quote(tables.migrations)} (version) values (${index + 1})`,
    ]),
  ]
}

/** Runs the steps that this database has not had. Must run in one transaction that nobody else migrates in. */
export function* migrate(dialect: Dialect): Operation<void> {
  const { db, tables } = dialect
  // Asked first: `if not exists` needs the right to make one even where there is one.
  const [known] = yield dialect.findTable(tables.migrations)
  if (known === undefined) yield CompiledQuery.raw(createMigrations(dialect))
  const done = yield* all(db.selectFrom(tables.migrations).select('version'))
  const version = Math.max(0, ...done.map((row) => row.version))
  if (version > steps.length) {
    throw new Error(
      `The invite tables (${tables.invites}, …) have schema version ${version}, and this express-invite-only knows ` +
        `versions up to ${steps.length}: a newer release has migrated this database. Update express-invite-only.`,
    )
  }
  for (const [index, statements] of steps.entries()) {
    if (index < version) continue
    for (const statement of statements(dialect)) yield CompiledQuery.raw(statement)
    yield* all(db.insertInto(tables.migrations).values({ version: index + 1 }))
  }
}
