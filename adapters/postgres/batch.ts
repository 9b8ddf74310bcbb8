// Queries that are sent in one packet and answered in one: pg has a hook for what speaks the protocol by itself, as its
// cursors do. The server takes them one after the other, and none after one that fails.
import type { Query } from './query.js'
import { isNumber } from './values.js'

/** The part of pg's `Connection` that is used. */
interface Connection {
  readonly stream: { cork?(): void; uncork?(): void }
  parse(query: { readonly text: string; readonly name: string; readonly types: readonly number[] }): void
  bind(bound: { readonly statement: string; readonly values: readonly (string | null)[] }): void
  describe(portal: { readonly type: 'P' }): void
  execute(portal: object): void
  close(statement: { readonly type: 'S'; readonly name: string }): void
  sync(): void
}

interface Column {
  readonly name: string
  readonly isNumber: boolean
}

/** What a connection keeps. */
interface Kept {
  readonly generation: number
  /** The columns of each statement, by its name. */
  readonly columns: Map<string, readonly Column[]>
  /** Names that may be taken, and by what is of no more use. */
  readonly doubtful: Set<string>
}

type Rows = readonly unknown[]

const keptOn = new WeakMap<object, Kept>()
let generation = 0

/** Has all statements parsed anew: a table was changed under one, or somebody has thrown them away. */
export function forgetStatements(): void {
  generation++
}

export class Batch {
  /** Set by pg where the pool has a `query_timeout`: ends that. */
  callback: ((error?: unknown) => void) | undefined
  /** The rows of each query. */
  readonly answered: Promise<readonly Rows[]>
  readonly #areKept: boolean
  readonly #rows: unknown[][]
  readonly #columns: (readonly Column[])[]
  readonly #new = new Map<string, number>() // names that are given in this batch, and to which of the queries
  #kept: Kept | undefined
  #at = 0
  #settle: { resolve(rows: readonly Rows[]): void; reject(error: unknown): void } | undefined

  /** @param areKept Whether the server is to keep those that have a name. */
  constructor(
    readonly queries: readonly Query[],
    areKept: boolean,
  ) {
    this.#areKept = areKept
    this.#rows = queries.map(() => [])
    this.#columns = queries.map(() => [])
    this.answered = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject }
    })
  }

  submit(connection: Connection): void {
    const kept = keptOf(connection)
    this.#kept = kept
    connection.stream.cork?.()
    try {
      this.#send(connection, kept)
    } finally {
      connection.stream.uncork?.()
    }
  }

  #send(connection: Connection, kept: Kept): void {
    for (const name of kept.doubtful) connection.close({ type: 'S', name }) // no error where there is none
    kept.doubtful.clear()
    for (const [place, { text, keptAs, values = [] }] of this.queries.entries()) {
      const name = (this.#areKept && keptAs) || ''
      const columns = kept.columns.get(name)
      if (columns) this.#columns[place] = columns
      else if (!this.#new.has(name)) {
        connection.parse({ text, name, types: [] })
        if (name !== '') this.#new.set(name, place)
      }
      connection.bind({ statement: name, values: values.map(toText) })
      if (!columns) connection.describe({ type: 'P' })
      connection.execute({})
    }
    connection.sync()
  }

  handleRowDescription({ fields }: { readonly fields: readonly { name: string; dataTypeID: number }[] }): void {
    this.#columns[this.#at] = fields.map(({ name, dataTypeID }) => ({ name, isNumber: isNumber(dataTypeID) }))
  }

  handleDataRow({ fields: values }: { readonly fields: readonly (string | null)[] }): void {
    const row: Record<string, unknown> = {}
    let place = 0
    for (const { name, isNumber } of this.#columns[this.#at] ?? []) {
      const value = values[place++] ?? null
      row[name] = isNumber && value !== null ? Number(value) : value
    }
    this.#rows[this.#at]?.push(row)
  }

  handleCommandComplete(): void {
    this.#at++
  }

  handleEmptyQuery(): void {
    this.#at++
  }

  handlePortalSuspended(): void {}

  /** Of the server, or of the connection. Of what was to be kept some may be, and some not. */
  handleError(error: unknown): void {
    for (const name of this.#new.keys()) this.#kept?.doubtful.add(name)
    this.#new.clear()
    this.#settle?.reject(error)
    this.callback?.(error)
  }

  handleReadyForQuery(): void {
    for (const [name, place] of this.#new) this.#kept?.columns.set(name, this.#columns[place] ?? [])
    this.#new.clear()
    this.#settle?.resolve(this.#rows)
    this.callback?.()
  }
}

function keptOf(connection: Connection): Kept {
  const known = keptOn.get(connection)
  if (known?.generation === generation) return known
  const made = { generation, columns: new Map(), doubtful: new Set(known?.columns.keys()) }
  keptOn.set(connection, made)
  return made
}

function toText(value: unknown): string | null {
  return value === null || value === undefined ? null : String(value)
}
