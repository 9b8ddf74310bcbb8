// Statements that the server keeps: named once on a connection, and from then on neither parsed nor planned again.
import { createHash } from 'node:crypto'
import type { CompiledQuery } from 'kysely'
import type { PgClient, Query } from './clients.js'

/** How often one is used before it is named, as in the JDBC driver of Postgres: most never are. */
const THRESHOLD = 5

interface Known {
  uses: number
  name?: string
}

const knownOf = new WeakMap<object, Known>() // by what it was compiled from, so that those of one use are forgotten
const keepsTheirs = new WeakMap<PgClient, boolean>()

/** What it is called on every connection; `undefined`: by no name yet. */
export function nameOf({ query, sql }: CompiledQuery): string | undefined {
  const known = knownOf.get(query) ?? { uses: 0 }
  knownOf.set(query, known)
  if (++known.uses <= THRESHOLD) return undefined
  known.name ??= nameOfText(sql)
  return known.name
}

/** A statement without values. */
export function toKept(text: string): Query {
  return { text, keptAs: nameOfText(text) }
}

/** By what it says, so that no two that differ have one name. */
function nameOfText(text: string): string {
  return `invite_only_${createHash('sha256').update(text).digest('base64url').slice(0, 24)}`
}

/** Whether whatever is named on this connection stays there: behind PgBouncer, each transaction may have another server. */
export async function keepsStatements(client: PgClient): Promise<boolean> {
  let keeps = keepsTheirs.get(client)
  if (keeps === undefined) {
    const { rows } = await client.query({ text: 'select pg_backend_pid() as pid' })
    keeps = (rows[0] as { readonly pid: number }).pid === client.processID
    keepsTheirs.set(client, keeps)
  }
  return keeps
}
