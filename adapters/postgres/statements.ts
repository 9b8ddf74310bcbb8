// Statements that the server keeps: named once on a connection, and from then on neither parsed nor planned again.
import type { CompiledQuery } from 'kysely'
import type { Query } from './query.js'
import { encodeParameter, types } from './values.js'

/** How often one is used before it is named, as in the JDBC driver of Postgres: most never are. */
const THRESHOLD = 5

interface Known {
  uses: number
  name?: string
}

const copy = Math.random().toString(36).slice(2) // of this module: two may share a pool
let count = 0
const knownOf = new WeakMap<object, Known>() // by what it was compiled from, so that those of one use are forgotten

/** What it is called on every connection; `undefined`: by no name yet. */
function nameOf({ query }: CompiledQuery): string | undefined {
  const known = knownOf.get(query) ?? { uses: 0 }
  knownOf.set(query, known)
  if (++known.uses <= THRESHOLD) return undefined
  known.name ??= newName()
  return known.name
}

/** A statement without values. */
export function toKept(text: string): Query {
  return { text, keptAs: newName() }
}

function newName(): string {
  return `invite_only_${copy}_${++count}`
}

export function toQuery(query: CompiledQuery): Query {
  return { text: query.sql, values: query.parameters.map(encodeParameter), types, keptAs: nameOf(query) }
}
