// Connections of pg: what is used of them, and how queries are sent on one.
import type { CompiledQuery } from 'kysely'
import { Batch } from './batch.js'
import type { Query } from './query.js'
import { toQuery } from './statements.js'
import type { types } from './values.js'

/** The part of pg's `Pool` that is used. */
export interface PgPool {
  /** How many connections it has. A client has none such, by which the two are told apart. */
  readonly totalCount: number
  /** A connection of the pool, to be released. */
  connect(): Promise<PgPoolClient>
}

/** The part of pg's `Client` that is used. */
export interface PgClient {
  /** Runs a query. `types` says how values are parsed. */
  query(query: {
    /** The SQL; without values it may be several statements. */
    readonly text: string
    /** Its parameters. */
    readonly values?: unknown[]
    /** In place of the parsers that are set for the whole process. */
    readonly types?: typeof types
  }): Promise<{
    /** By column name. */
    readonly rows: readonly unknown[]
  }>
  /** Whether it sends queries on without waiting for the answers to those before. An option of pg, since 8.23. */
  readonly pipeline?: boolean
  /** The process that serves it, as it was told when it connected: that of the pooler where there is one between. */
  readonly processID?: number | null
  /** What a batch of queries speaks to. Without it they go one by one. */
  readonly connection?: object
  /** `I`dle, in a `T`ransaction, or in one that has failed (`E`). Since pg 8.17. */
  getTransactionStatus?(): string | null
}

/** The part of what pg's `Pool.connect()` gives that is used. */
export interface PgPoolClient extends PgClient {
  /** Gives it back. With an error, the connection is closed instead of used again. */
  release(error?: Error | boolean): void
  /** Listens to its breaking. */
  on(event: 'error', listener: () => void): unknown
}

/** As pg's cursors are sent. */
interface BatchClient extends PgClient {
  query(query: Query | Batch): Promise<{ readonly rows: readonly unknown[] }>
}

/** The rows of each. */
export type Ask = (queries: readonly Query[]) => Promise<readonly (readonly unknown[])[]>

const heard = new WeakSet<PgPoolClient>()

/**
 * A connection that breaks tells so twice: to its query, and by an event that ends the process if nobody listens. The
 * event may come after the connection was given back as broken, when the pool listens no more: so, for its whole life.
 */
export function hear(client: PgPoolClient): void {
  if (heard.has(client)) return
  heard.add(client)
  client.on('error', () => undefined)
}

/**
 * In one batch where pg lets us; else without waiting in between where the client pipelines, or one by one. The first that
 * fails is told.
 * @param areKept Whether the server is to keep those that have a name.
 */
export async function send(
  client: PgClient,
  queries: readonly Query[],
  areKept = false,
): Promise<readonly (readonly unknown[])[]> {
  if (client.connection && !client.pipeline) {
    const batch = new Batch(queries, areKept)
    ;(client as BatchClient).query(batch)
    return await batch.answered
  }
  const answers: (readonly unknown[])[] = []
  if (!client.pipeline) {
    for (const query of queries) answers.push((await client.query(query)).rows)
    return answers
  }
  for (const answer of await Promise.allSettled(queries.map((query) => client.query(query)))) {
    if (answer.status === 'rejected') throw answer.reason
    answers.push(answer.value.rows)
  }
  return answers
}

export function queryOn(client: PgClient): (query: CompiledQuery) => Promise<readonly unknown[]> {
  return async (query) => (await client.query(toQuery(query))).rows
}

const keepsTheirs = new WeakMap<PgClient, boolean>()

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

/** The host's pg client, where it has a transaction open. */
export async function hostTransaction(trx: unknown): Promise<PgClient> {
  const client = trx as Partial<PgClient & Record<'totalCount', unknown>> | null | undefined
  if (typeof client?.query !== 'function' || client.totalCount !== undefined) {
    throw new TypeError('accept({ trx }) takes a Kysely transaction or a pg client (no Pool) inside BEGIN.')
  }
  const isOpen = client.getTransactionStatus
    ? client.getTransactionStatus() === 'T'
    : await (client as PgClient).query({ text: 'savepoint invite_only' }).then(
        () => true,
        () => false,
      )
  if (!isOpen)
    throw new TypeError(
      '`trx` is a pg client with no transaction open, or a failed one: call it between BEGIN and COMMIT.',
    )
  return client as PgClient
}
