// Runs the operations on a pool of Postgres connections, each in one transaction.
import { setTimeout as delay } from 'node:timers/promises'
import { inFlights, type Operation, run } from '../kysely/operation.js'
import type { Nature, Runner } from '../kysely/runner.js'
import { isKyselyTransaction, queryIn } from '../kysely/transaction.js'
import { forgetStatements } from './batch.js'
import {
  type Ask,
  hostTransaction,
  keepsStatements,
  type PgClient,
  type PgPool,
  type PgPoolClient,
  queryOn,
  send,
} from './clients.js'
import { connections } from './connections.js'
import { explain, explainMigration, hasWaited, isStale, isTransient, SilentServer } from './errors.js'
import type { Query } from './query.js'
import { toKept, toQuery } from './statements.js'
import { LATE, within } from './within.js'

interface RunnerOptions {
  readonly pool: PgPool
  readonly schema: string | undefined
  readonly busyTimeoutMs: number
  readonly end: () => Promise<void>
}

/** How a transaction is begun, and what is to be known of the statements in it. */
interface Begin {
  readonly queries: readonly Query[]
  /** How long each statement may take. */
  readonly statementMs: number
  /** Whether the server keeps them. */
  readonly isKept: boolean
}

// A plan that is kept was made when the tables held less, perhaps nothing: by an index it is good for any size, and for
// any values, so that it need not be made for the first ones.
const BY_INDEX = {
  enable_seqscan: 'off',
  enable_bitmapscan: 'off',
  enable_hashjoin: 'off',
  enable_mergejoin: 'off',
  plan_cache_mode: 'force_generic_plan',
}

/** In a transaction of the host's, which goes on as it was: around each flight, what was set is noted and set again. */
const ASIDE = {
  begin: toKept(
    `select ${setAll(
      Object.entries(BY_INDEX).flatMap(([name, value]) => [
        [noteOf(name), current(name)],
        [name, `'${value}'`],
      ]),
    )}`,
  ),
  end: toKept(`select ${setAll(Object.keys(BY_INDEX).map((name) => [name, current(noteOf(name))]))}`),
}
const READ = 'begin isolation level repeatable read read only'
const WRITE = 'begin isolation level read committed read write'
const COMMIT: Query = { text: 'commit' }
const TRIES = 6
/** How long is waited beyond `busyTimeoutMs`, after which a server that is there has said that it gives up. */
export const SILENCE_MS = 2000
/** How long one statement may take that changes as many rows as there are. */
const LONG_MS = 10 * 60_000
const MIGRATION_LOCK = 0x696e7669 // of pg_advisory_xact_lock: nobody else migrates meanwhile

export function postgresRunner({ pool, schema, busyTimeoutMs, end }: RunnerOptions): Runner {
  const longMs = Math.max(LONG_MS, busyTimeoutMs)

  const begins = new Map<string, Begin>()

  /** Stated in full, because a database or a role may have other defaults; local, because of PgBouncer. */
  function beginOf(begin: string, { isLong = false, isByIndex = false }: Nature = {}, isLight = false): Begin {
    const key = `${begin} ${isLong} ${isByIndex} ${isLight}`
    const known = begins.get(key)
    if (known) return known
    const statementMs = isLong ? longMs : busyTimeoutMs
    const settings = {
      lock_timeout: busyTimeoutMs,
      statement_timeout: statementMs,
      datestyle: 'ISO, YMD',
      ...(isLight && { synchronous_commit: 'off' }),
      ...(isByIndex && BY_INDEX),
    }
    const set = setAll(Object.entries(settings).map(([name, value]) => [name, `'${value}'`]))
    const queries = [{ text: begin }, toKept(`select ${set}`)]
    const made = { queries, statementMs, isKept: isByIndex }
    begins.set(key, made)
    return made
  }

  const taken = connections(pool, busyTimeoutMs)
  let closed = false

  async function attempt<Result>(
    { queries: begin, statementMs, isKept }: Begin,
    operation: () => Operation<Result>,
  ): Promise<Result> {
    const client = await connect()
    let areKept = false
    const ask = (queries: readonly Query[]) => answered(send(client, queries, areKept), statementMs * queries.length)
    let broken: Error | undefined
    try {
      areKept = isKept && (await keepsStatements(client))
      return await carryOut(operation(), ask, { begin, end: [COMMIT] })
    } catch (error) {
      broken = error instanceof SilentServer ? error : await rollback(ask)
      throw error
    } finally {
      taken.giveBack(client, broken)
    }
  }

  async function persist<Result>(begin: Begin, operation: () => Operation<Result>): Promise<Result> {
    for (let tries = 1; ; tries++) {
      try {
        return await attempt(begin, operation)
      } catch (error) {
        if (!isTransient(error) || tries === TRIES) throw explain(error)
        if (isStale(error)) forgetStatements()
      }
      await delay(Math.random() * 2 ** tries)
    }
  }

  function connect(): Promise<PgPoolClient> {
    if (closed) throw new Error('The store is closed.')
    return taken.take()
  }

  /** Without an endless wait for a server that has gone silent, as behind a network that is down. */
  async function answered<Answer>(work: Promise<Answer>, ms: number): Promise<Answer> {
    const answer = await within(ms + SILENCE_MS, work)
    if (answer === LATE) throw new SilentServer()
    return answer
  }

  async function migrate(operation: () => Operation<void>): Promise<void> {
    const client = await connect()
    let broken: Error | undefined
    try {
      // However long it takes: whoever starts beside it waits.
      const patience = 'set local lock_timeout = 0; set local statement_timeout = 0'
      await client.query({ text: `${WRITE}; ${patience}` })
      await client.query({ text: `select pg_advisory_xact_lock(${MIGRATION_LOCK})` })
      if (schema !== undefined) await makeSchema(client, schema)
      await run(operation(), queryOn(client))
      await client.query({ text: 'commit' })
    } catch (error) {
      broken = await rollback((queries) => send(client, queries))
      throw explainMigration(error, schema)
    } finally {
      taken.giveBack(client, broken)
    }
  }

  return {
    read: (operation, nature) => persist(beginOf(READ, nature), operation),
    write: (operation, nature) => persist(beginOf(WRITE, nature), operation),
    writeLightly: (operation, nature) => persist(beginOf(WRITE, nature, true), operation),
    hasWaited,
    migrate,
    async join(trx, operation) {
      if (isKyselyTransaction(trx)) return await run(operation(), queryIn(trx))
      const client = await hostTransaction(trx)
      const areKept = await keepsStatements(client)
      const ask: Ask = (queries) => send(client, queries, areKept)
      return await carryOut(operation(), areKept ? aside(ask) : ask, { begin: [], end: [] })
    },
    async close() {
      if (closed) return
      closed = true
      await end()
    },
  }
}

function aside(ask: Ask): Ask {
  return async (queries) => (await ask([ASIDE.begin, ...queries, ASIDE.end])).slice(1, -1)
}

/** What goes before an operation with its first queries, and after it: with its last, where they are known to be. */
interface Frame {
  readonly begin: readonly Query[]
  readonly end: readonly Query[]
}

/** Where BEGIN itself is refused, as by a server that may not be written, so is whatever came with it. */
async function carryOut<Result>(operation: Operation<Result>, ask: Ask, { begin, end }: Frame): Promise<Result> {
  const flights = inFlights(operation)
  let isBegun = false
  let isOver = false
  for (let step = flights.next(); ; ) {
    if (step.done) {
      if (isBegun && !isOver && end.length > 0) await ask(end)
      return step.value
    }
    if (isOver) throw new Error('an operation asked for more after its last flight')
    isOver = step.value.isLast
    const queries = step.value.queries.map(toQuery)
    const before = isBegun ? [] : begin
    isBegun = true
    const answers = await ask([...before, ...queries, ...(isOver ? end : [])])
    step = flights.next(answers.slice(before.length, before.length + queries.length))
  }
}

/** What kept it from being rolled back: such a connection is of no more use. */
async function rollback(ask: Ask): Promise<Error | undefined> {
  return await ask([{ text: 'rollback' }]).then(
    () => undefined,
    (error: Error) => error,
  )
}

/** Asked first: `if not exists` needs the right to make one even where there is one. */
async function makeSchema(client: PgClient, schema: string): Promise<void> {
  const { rows } = await client.query({ text: 'select 1 from pg_namespace where nspname = $1', values: [schema] })
  if (rows.length === 0) await client.query({ text: `create schema "${schema}"` })
}

function setAll(settings: readonly (readonly [name: string, value: string])[]): string {
  return settings.map(([name, value]) => `set_config('${name}', ${value}, true)`).join(', ')
}

function current(name: string): string {
  return `current_setting('${name}')`
}

function noteOf(name: string): string {
  return `invite_only.${name}`
}
