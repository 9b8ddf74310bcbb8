// Runs the operations on a pool of Postgres connections, each in one transaction.
import { setTimeout as delay } from 'node:timers/promises'
import type { CompiledQuery } from 'kysely'
import { storeUnavailable } from '../../src/errors.js'
import { Flight, type Operation, queriesOf, run } from '../kysely/operation.js'
import type { Runner } from '../kysely/runner.js'
import { isKyselyTransaction, queryIn } from '../kysely/transaction.js'
import { explain, explainMigration, hasWaited, isTransient, SilentServer } from './errors.js'
import { encodeParameter, types } from './values.js'

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

interface RunnerOptions {
  readonly pool: PgPool
  readonly schema: string | undefined
  readonly busyTimeoutMs: number
  readonly end: () => Promise<void>
}

type Query = Parameters<PgClient['query']>[0]

const COMMIT: Query = { text: 'commit' }
const TRIES = 6
/** How long is waited beyond `busyTimeoutMs`, after which a server that is there has said that it gives up. */
export const SILENCE_MS = 2000
/** How long one statement may take that changes as many rows as there are. */
const LONG_MS = 10 * 60_000
const MIGRATION_LOCK = 0x696e7669 // of pg_advisory_xact_lock: nobody else migrates meanwhile

export function postgresRunner({ pool, schema, busyTimeoutMs, end }: RunnerOptions): Runner {
  // Stated in full, because a database or a role may have other defaults; local, because of PgBouncer.
  const limits = (statementMs: number) =>
    `set local lock_timeout = ${busyTimeoutMs}; set local statement_timeout = ${statementMs}; ` +
    "set local datestyle = 'ISO, YMD'"
  const longMs = Math.max(LONG_MS, busyTimeoutMs)
  const beginWrite = `begin isolation level read committed read write; ${limits(busyTimeoutMs)}`
  const beginLightly = `${beginWrite}; set local synchronous_commit = off`
  const beginLong = `begin isolation level read committed read write; ${limits(longMs)}`
  const beginRead = `begin isolation level repeatable read read only; ${limits(busyTimeoutMs)}`
  let closed = false

  async function attempt<Result>(begin: string, operation: () => Operation<Result>): Promise<Result> {
    const client = await connect()
    const asked = answering(client, begin === beginLong ? longMs : busyTimeoutMs)
    let broken: Error | undefined
    try {
      return await transact(asked, begin, operation())
    } catch (error) {
      broken = error instanceof SilentServer ? error : await rollback(asked)
      throw error
    } finally {
      client.release(broken)
    }
  }

  /**
   * BEGIN goes with the first queries, and COMMIT with the last where they are known to be. Where BEGIN itself is refused,
   * as by a server that may not be written, so is whatever came with it.
   */
  async function transact<Result>(client: PgClient, begin: string, operation: Operation<Result>): Promise<Result> {
    let opening: Query[] = [{ text: begin }]
    let isOver = false
    for (let step = operation.next(); ; ) {
      if (step.done) {
        if (!isOver) await send(client, [...opening, COMMIT])
        return step.value
      }
      if (isOver) throw new Error('an operation asked for more after its last flight')
      const asked = step.value
      isOver = asked instanceof Flight && asked.isLast
      const queries = queriesOf(asked).map(toQuery)
      const answers = await send(client, [...opening, ...queries, ...(isOver ? [COMMIT] : [])])
      const rows = answers.slice(opening.length, opening.length + queries.length)
      opening = []
      step = operation.next(asked instanceof Flight ? rows : (rows[0] ?? []))
    }
  }

  async function persist<Result>(begin: string, operation: () => Operation<Result>): Promise<Result> {
    for (let tries = 1; ; tries++) {
      try {
        return await attempt(begin, operation)
      } catch (error) {
        if (!isTransient(error) || tries === TRIES) throw explain(error)
      }
      await delay(Math.random() * 2 ** tries)
    }
  }

  /** A connection, but not after an endless wait for one: that would hold up every request of the host. */
  async function connect(): Promise<PgPoolClient> {
    if (closed) throw new Error('The store is closed.')
    const connecting = pool.connect()
    const client = await within(busyTimeoutMs, connecting)
    if (client !== LATE) {
      hear(client)
      return client
    }
    connecting.then((client) => client.release()).catch(() => undefined)
    const detail =
      'No Postgres connection became free: look for clients that are never released, or raise `max` of the pool.'
    throw storeUnavailable(detail)
  }

  /** As `client`, but without an endless wait for a server that has gone silent, as behind a network that is down. */
  function answering(client: PgClient, statementMs: number): PgClient {
    return {
      ...(client.pipeline === true && { pipeline: true }),
      async query(query) {
        const answer = await within(statementMs + SILENCE_MS, client.query(query))
        if (answer === LATE) throw new SilentServer()
        return answer
      },
    }
  }

  async function migrate(operation: () => Operation<void>): Promise<void> {
    const client = await connect()
    let broken: Error | undefined
    try {
      // However long it takes: whoever starts beside it waits.
      const patience = 'set local lock_timeout = 0; set local statement_timeout = 0'
      await client.query({ text: `begin isolation level read committed read write; ${patience}` })
      await client.query({ text: `select pg_advisory_xact_lock(${MIGRATION_LOCK})` })
      if (schema !== undefined) await makeSchema(client, schema)
      await run(operation(), queryOn(client))
      await client.query({ text: 'commit' })
    } catch (error) {
      broken = await rollback(client)
      throw explainMigration(error, schema)
    } finally {
      client.release(broken)
    }
  }

  return {
    read: (operation) => persist(beginRead, operation),
    write: (operation, how) => persist(how?.isLong ? beginLong : beginWrite, operation),
    writeLightly: (operation) => persist(beginLightly, operation),
    hasWaited,
    migrate,
    async join(trx, operation) {
      return await run(operation(), isKyselyTransaction(trx) ? queryIn(trx) : queryOn(await hostTransaction(trx)))
    },
    async close() {
      if (closed) return
      closed = true
      await end()
    },
  }
}

const LATE = Symbol('late')

async function within<Result>(ms: number, work: Promise<Result>): Promise<Result | typeof LATE> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<typeof LATE>((resolve) => {
    timer = setTimeout(resolve, ms, LATE).unref()
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

const heard = new WeakSet<PgPoolClient>()

/**
 * A connection that breaks tells so twice: to its query, and by an event that ends the process if nobody listens. The
 * event may come after the connection was given back as broken, when the pool listens no more: so, for its whole life.
 */
function hear(client: PgPoolClient): void {
  if (heard.has(client)) return
  heard.add(client)
  client.on('error', () => undefined)
}

/** What kept it from being rolled back: such a connection is of no more use. */
async function rollback(client: PgClient): Promise<Error | undefined> {
  return await client.query({ text: 'rollback' }).then(
    () => undefined,
    (error: Error) => error,
  )
}

/** Asked first: `if not exists` needs the right to make one even where there is one. */
async function makeSchema(client: PgClient, schema: string): Promise<void> {
  const { rows } = await client.query({ text: 'select 1 from pg_namespace where nspname = $1', values: [schema] })
  if (rows.length === 0) await client.query({ text: `create schema "${schema}"` })
}

function toQuery({ sql, parameters }: CompiledQuery): Query {
  return { text: sql, values: parameters.map(encodeParameter), types }
}

/** Without waiting in between where the client pipelines. The first that fails is told: those behind it fail by it. */
async function send(client: PgClient, queries: readonly Query[]): Promise<readonly (readonly unknown[])[]> {
  const answers: (readonly unknown[])[] = []
  if (client.pipeline !== true) {
    for (const query of queries) answers.push((await client.query(query)).rows)
    return answers
  }
  for (const answer of await Promise.allSettled(queries.map((query) => client.query(query)))) {
    if (answer.status === 'rejected') throw answer.reason
    answers.push(answer.value.rows)
  }
  return answers
}

function queryOn(client: PgClient): (query: CompiledQuery) => Promise<readonly unknown[]> {
  return async (query) => (await client.query(toQuery(query))).rows
}

/** The host's pg client, where it has a transaction open. */
async function hostTransaction(trx: unknown): Promise<PgClient> {
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
