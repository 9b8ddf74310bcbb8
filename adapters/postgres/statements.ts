// Statements that the server keeps: named once on a connection, and from then on neither parsed nor planned again.
import { createHash } from 'node:crypto'
import type { CompiledQuery } from 'kysely'
import type { PgClient } from './clients.js'

/** How often one is used before it is named, as in the JDBC driver of Postgres: most never are. */
const THRESHOLD = 5

interface Known {
  uses: number
  readonly name: string
}

const knownOf = new WeakMap<object, Known>() // by what it was compiled from, so that those of one use are forgotten
const isNameable = new WeakMap<PgClient, boolean>()
let generation = 1

/** What it is called on every connection; `undefined`: by no name yet. */
export function nameOf({ query, sql }: CompiledQuery): string | undefined {
  let known = knownOf.get(query)
  if (known === undefined) {
    known = { uses: 0, name: createHash('sha256').update(sql).digest('base64url').slice(0, 24) }
    knownOf.set(query, known)
  }
  return ++known.uses > THRESHOLD ? `invite_only_${known.name}_${generation}` : undefined
}

/** Has all statements parsed anew: a table was changed under one, or somebody has thrown them away. */
export function forgetNames(): void {
  generation++
}

/** Whether whatever is named on this connection stays there: behind PgBouncer, each transaction may have another server. */
export async function keepsNames(client: PgClient): Promise<boolean> {
  let keeps = isNameable.get(client)
  if (keeps === undefined) {
    const { rows } = await client.query({ text: 'select pg_backend_pid() as pid' })
    keeps = (rows[0] as { readonly pid: number }).pid === client.processID
    isNameable.set(client, keeps)
  }
  return keeps
}
