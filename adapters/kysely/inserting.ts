// Adding many rows, by statements that are compiled once: all at once where rows can be sent so, else one by one.
//
// SQLite keeps a copy of each page that a statement changes which inserts what it selects, or returns rows, in case that
// fails halfway. A statement of mere VALUES spares it that, which is a third of the work.
import { type RawBuilder, sql } from 'kysely'
import { type Change, change, type Operation, prepare, prepareChanges, prepareMany, raw } from './operation.js'
import type { Dialect, ListedType, Tables } from './schema.js'

type ColumnTypes = Readonly<Record<string, ListedType>>
type RowOf<Columns> = { readonly [Name in keyof Columns]: unknown }

/** Adds rows of these columns. */
export function prepareInserts<Columns extends ColumnTypes>(
  dialect: Dialect,
  table: keyof Tables,
  columns: Columns,
): (rows: readonly RowOf<Columns>[]) => Operation<unknown> {
  const write = prepareChanges(dialect, { rows: additionOf(dialect, table, columns) })
  return (rows) => write({ rows })
}

/** As `prepareInserts`, but for rows that another is in the way of. Returns the ids of those that were added. */
export function prepareInsertsOfNew<Columns extends ColumnTypes & { readonly id: 'text' }>(
  dialect: Dialect,
  table: keyof Tables,
  columns: Columns,
): (rows: readonly (RowOf<Columns> & { readonly id: string })[]) => Operation<ReadonlySet<string>> {
  if (dialect.listed.atOnce) {
    const ending = sql`on conflict do nothing returning id`
    const insert = prepareMany(dialect, columns, (listed) =>
      raw(dialect, insertOf(dialect, table, columns, listed, ending)),
    )
    return function* (rows) {
      return new Set((yield* insert(rows)).map(({ id }) => id))
    }
  }
  const insert = prepare((p: RowOf<Columns>) =>
    raw(dialect, insertOf(dialect, table, columns, p, sql`on conflict do nothing`)),
  )
  const changes = prepare((_p: object) => raw(dialect, sql<{ rows: number }>`select changes() as rows`))
  return function* (rows) {
    const added = new Set<string>()
    for (const row of rows) {
      yield* insert(row)
      const [changed] = yield* changes({})
      if (changed?.rows === 1) added.add(row.id)
    }
    return added
  }
}

/** Adds rows of these columns, as one of several changes. */
export function additionOf<const Columns extends ColumnTypes>(
  dialect: Dialect,
  table: keyof Tables,
  columns: Columns,
): Change<Columns> {
  return change(columns, {
    many: (listed) => insertOf(dialect, table, columns, listed),
    one: (row) => insertOf(dialect, table, columns, row),
  })
}

/** @param rows What stands for them in a FROM; or the values of one. */
function insertOf<Columns extends ColumnTypes>(
  { tables, quote }: Dialect,
  table: keyof Tables,
  columns: Columns,
  rows: RawBuilder<unknown> | RowOf<Columns>,
  ending = sql``,
) {
  const names = Object.keys(columns)
  const list = sql.join(names.map((name) => sql.ref(name)))
  // `where true`: else what follows could be read as the condition of a join.
  const source =
    'compile' in rows
      ? sql`select ${list} from ${rows as RawBuilder<unknown>} where true`
      : sql`values (${sql.join(names.map((name) => rows[name]))})`
  return sql<{ id: string }>`insert into ${sql.raw(quote(tables[table]))} (${list}) ${source} ${ending}`
}
