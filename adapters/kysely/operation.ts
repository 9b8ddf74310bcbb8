// Operations: what a store method does, as a generator that yields queries and is handed their rows.
//
// Written so, the rules know no driver: one text runs on a connection that answers at once (better-sqlite3), on one
// that must be awaited (pg), and in the host's own transaction of either kind.
import { type CompiledQuery, type RawBuilder, sql } from 'kysely'
import { storable } from './records.js'
import type { Dialect, ListedType } from './schema.js'

type Rows = readonly unknown[]

/** Yields queries, is resumed with each one's rows, and returns its result. Nothing in it waits or runs by itself. */
export type Operation<Result> = Generator<CompiledQuery | Together, Result, readonly unknown[]>

/** Operations that may be carried out side by side. Resumed with their results. */
class Together {
  constructor(
    readonly operations: readonly Operation<unknown>[],
    /** Whether nothing is asked after what they ask. */
    readonly isLast = false,
  ) {}
}

interface Compilable<Row> {
  compile(): CompiledQuery<Row>
}

/** What is written in SQL, as what can be prepared. */
export function raw<Row>({ db }: Dialect, query: RawBuilder<Row>): Compilable<Row> {
  return { compile: () => query.compile(db) }
}

/** The rows of one query. */
export function* all<Row>(query: Compilable<Row>): Operation<readonly Row[]> {
  return (yield query.compile()) as readonly Row[]
}

class Slot {
  constructor(readonly name: string) {}
}

/**
 * A query that is compiled once and run with other values each time. `build` is given stand-ins for the values; it
 * must put them into the query as they are, and must not look at them.
 */
export function prepare<Params extends object, Row>(
  build: (slots: Params) => Compilable<Row>,
): (params: Params) => Operation<readonly Row[]> {
  const slots = new Proxy({}, { get: (_target, name) => new Slot(String(name)) }) as Params
  let compiled: CompiledQuery<Row> | undefined // once it is needed: there are many, and an import shall be quick
  return function* (params) {
    compiled ??= build(slots).compile()
    const values = params as Record<string, unknown>
    const parameters = compiled.parameters.map((value) => (value instanceof Slot ? values[value.name] : value))
    const { query, queryId, sql } = compiled // not spread, which costs more than all the rest
    return (yield { query, queryId, sql, parameters }) as readonly Row[]
  }
}

/**
 * A query over many rows that are sent along, compiled once: `build` is given what stands for them in its FROM, under
 * the name `listed`.
 */
export function prepareMany<Columns extends Readonly<Record<string, ListedType>>, Row>(
  { listed }: Dialect,
  columns: Columns,
  build: (listed: RawBuilder<unknown>) => Compilable<Row>,
): (rows: readonly { readonly [Name in keyof Columns]: unknown }[]) => Operation<readonly Row[]> {
  if (listed.atOnce) {
    const statement = prepare((p: { json: string }) => build(listed.from(p, columns)))
    return function* (rows) {
      return rows.length === 0 ? [] : yield* statement({ json: jsonOf(rows) })
    }
  }
  const names = Object.keys(columns)
  const statement = prepare((p: { readonly [Name in keyof Columns]: unknown }) => build(listed.from(p, names)))
  return function* (rows) {
    const found: Row[] = []
    for (const row of rows) found.push(...(yield* statement(row)))
    return found
  }
}

/** How rows are written: all of them at once, where they can be sent so, or one by one. */
export interface Change<Columns extends Readonly<Record<string, ListedType>>> {
  readonly columns: Columns
  /** Whose FROM has the rows under the name `listed`. */
  many(listed: RawBuilder<unknown>): RawBuilder<unknown>
  one(row: { readonly [Name in keyof Columns]: unknown }): RawBuilder<unknown>
}

type Changes = Readonly<Record<string, Change<Readonly<Record<string, ListedType>>>>>

type RowsOf<All extends Changes> = {
  readonly [Name in keyof All]: readonly { readonly [Column in keyof All[Name]['columns']]: unknown }[]
}

/** One of `prepareChanges`. */
export function change<const Columns extends Readonly<Record<string, ListedType>>>(
  columns: Columns,
  how: Omit<Change<Columns>, 'columns'>,
): Change<Columns> {
  return { columns, ...how }
}

/**
 * Changes of several tables, of which none needs what another does: in one statement where the database can. A change
 * that has no rows is left out.
 */
export function prepareChanges<All extends Changes>(
  dialect: Dialect,
  changes: All,
): (rows: RowsOf<All>) => Operation<void> {
  const { listed } = dialect
  const all = Object.entries(changes)
  if (!listed.atOnce) {
    const each = all.map(([name, { one }]) => ({
      name,
      make: prepare((row: Readonly<Record<string, unknown>>) => raw(dialect, one(row))),
    }))
    return function* (rows) {
      for (const { name, make } of each) for (const row of rows[name] ?? []) yield* make(row)
    }
  }

  type Documents = Readonly<Record<string, string>>
  const statements = new Map<string, (documents: Documents) => Operation<readonly unknown[]>>()
  const statementOf = (names: readonly string[]) =>
    prepare((documents: Documents) => {
      const asked = all.filter(([name]) => names.includes(name))
      const parts = asked.map(([name, { columns, many }]) =>
        many(listed.from({ json: documents[name] ?? '' }, columns)),
      )
      const others = parts.slice(1).map((part, place) => sql`${sql.ref(`change_${place}`)} as (${part})`)
      return raw(dialect, others.length === 0 ? sql`${parts[0]}` : sql`with ${sql.join(others)} ${parts[0]}`)
    })
  return function* (rows) {
    const names = all.map(([name]) => name).filter((name) => (rows[name] ?? []).length > 0)
    if (names.length === 0) return
    const key = names.join()
    const statement = statements.get(key) ?? statementOf(names)
    statements.set(key, statement)
    yield* statement(Object.fromEntries(names.map((name) => [name, jsonOf(rows[name] ?? [])])))
  }
}

/** Carries out operations of which none needs what another finds out. */
export function* together<Results extends readonly unknown[]>(
  ...operations: { readonly [Place in keyof Results]: Operation<Results[Place]> }
): Operation<Results> {
  return (yield new Together(operations)) as unknown as Results
}

/** As `together`, of operations that ask once at the most, and are the last of the transaction. */
export function* lastly<Results extends readonly unknown[]>(
  ...operations: { readonly [Place in keyof Results]: Operation<Results[Place]> }
): Operation<Results> {
  return (yield new Together(operations, true)) as unknown as Results
}

/** What no text of a JSON document can be, becomes what a parameter of its own would be kept as. */
function jsonOf(rows: readonly object[]): string {
  const json = JSON.stringify(rows)
  if (!/\\u(?:0000|d[89a-f])/.test(json)) return json
  return JSON.stringify(rows, (_name, value: unknown) => (typeof value === 'string' ? storable(value) : value))
}

/** Runs an operation on a connection that answers at once. */
export function runSync<Result>(operation: Operation<Result>, query: (query: CompiledQuery) => Rows): Result {
  let step = operation.next()
  while (!step.done) {
    const asked = step.value
    step = operation.next(
      asked instanceof Together ? asked.operations.map((each) => runSync(each, query)) : query(asked),
    )
  }
  return step.value
}

/** Runs an operation on a connection that must be awaited, a query at a time. */
export async function run<Result>(
  operation: Operation<Result>,
  query: (query: CompiledQuery) => Promise<Rows>,
): Promise<Result> {
  let step = operation.next()
  while (!step.done) {
    const asked = step.value
    if (asked instanceof Together) {
      const results: unknown[] = []
      for (const each of asked.operations) results.push(await run(each, query))
      step = operation.next(results)
    } else step = operation.next(await query(asked))
  }
  return step.value
}

/** Queries that are sent together. */
interface Flight {
  readonly queries: readonly CompiledQuery[]
  /** Whether nothing is asked after these, so that the transaction may be committed with them. */
  readonly isLast: boolean
}

type Flights<Result> = Generator<Flight, Result, readonly Rows[]>

/** An operation as the flights that it takes, each resumed with the rows of its queries. */
export function* inFlights<Result>(operation: Operation<Result>): Flights<Result> {
  let step = operation.next()
  while (!step.done) {
    const asked = step.value
    if (asked instanceof Together) step = operation.next(yield* sideBySide(asked))
    else {
      const [rows = []] = yield { queries: [asked], isLast: false }
      step = operation.next(rows)
    }
  }
  return step.value
}

/** At each step, what all of them ask is one flight. */
function* sideBySide({ operations, isLast }: Together): Flights<readonly unknown[]> {
  const results: unknown[] = []
  let asking = operations.map((operation, place) => {
    const flights = inFlights(operation)
    return { flights, place, step: flights.next() }
  })
  for (;;) {
    const asked = asking.flatMap(({ flights, place, step }) => {
      if (!step.done) return [{ flights, place, queries: step.value.queries }]
      results[place] = step.value
      return []
    })
    if (asked.length === 0) return results
    const rows = yield { queries: asked.flatMap(({ queries }) => queries), isLast }
    let from = 0
    asking = asked.map(({ flights, place, queries }) => {
      const own = rows.slice(from, from + queries.length)
      from += queries.length
      return { flights, place, step: flights.next(own) }
    })
  }
}
