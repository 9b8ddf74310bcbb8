// Queries on a connection of better-sqlite3: each compiled once, its rows made to objects.
import type { CompiledQuery } from 'kysely'

/** The part of better-sqlite3's `Database` that is used. */
export interface SqliteDatabase {
  /** The file it was opened on. */
  readonly name: string
  /** Whether it lives in memory, where no second connection can reach it. */
  readonly memory: boolean
  /** Whether it is inside BEGIN. */
  readonly inTransaction: boolean
  /** Compiles one statement. */
  prepare(source: string): SqliteStatement
}

/** The part of better-sqlite3's `Statement` that is used. */
export interface SqliteStatement {
  /** Whether it returns rows. */
  readonly reader: boolean
  /** Whether its integers come as bigint, which a host may have made the default of its connection. */
  safeIntegers(toggle: boolean): unknown
  /** Whether its rows come as lists. */
  raw(toggle: boolean): unknown
  /** The columns of its rows, in order. */
  columns(): readonly {
    /** As the statement names it. */
    readonly name: string
  }[]
  /** Runs it and returns its rows. */
  all(...parameters: unknown[]): unknown[]
  /** Runs it for what it changes. */
  run(...parameters: unknown[]): unknown
}

const preparedOn = new WeakMap<SqliteDatabase, Map<string, Prepared>>()

type Prepared = (parameters: readonly unknown[]) => readonly unknown[]

export function queryOn(database: SqliteDatabase): (query: CompiledQuery) => readonly unknown[] {
  const statements = preparedOn.get(database) ?? new Map<string, Prepared>()
  preparedOn.set(database, statements)
  return ({ sql, parameters }) => {
    let statement = statements.get(sql)
    if (statement === undefined) {
      statement = prepareOn(database, sql)
      statements.set(sql, statement)
    }
    return statement(parameters)
  }
}

function prepareOn(database: SqliteDatabase, source: string): Prepared {
  const statement = database.prepare(source)
  if (!statement.reader) {
    return (parameters) => {
      statement.run(...parameters)
      return []
    }
  }
  statement.safeIntegers(false)
  // Made to objects here: the driver takes longer for it, and makes such as are slow to read.
  statement.raw(true)
  let names: readonly string[] = []
  return (parameters) => {
    const rows = statement.all(...parameters) as readonly (readonly unknown[])[]
    // Another process may have added a column since.
    if (rows[0] !== undefined && rows[0].length !== names.length) names = statement.columns().map(({ name }) => name)
    return rows.map((row) => toObject(names, row))
  }
}

function toObject(names: readonly string[], values: readonly unknown[]): Readonly<Record<string, unknown>> {
  const object: Record<string, unknown> = {}
  for (let place = 0; place < names.length; place++) object[names[place] as string] = values[place]
  return object
}
