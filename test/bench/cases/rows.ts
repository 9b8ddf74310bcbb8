// What a store's steps cost among a million invites and a million acceptances, against a thousand of each: medians with
// the 10th and 90th percentile, in ms, and their ratio.
import { performance } from 'node:perf_hooks'
import { postgresStore } from 'express-invite-only/adapters/postgres'
import { sqliteStore } from 'express-invite-only/adapters/sqlite'
import pg from 'pg'
import type { InviteStore } from '../../../src/store.js'
import { POPULATED_AT, populatePostgres, populateSqlite } from '../../support/population.js'
import { short, type Table, type Target, withSpread } from '../report.js'
import type { DatabaseKind } from '../settings.js'
import { spreadOf } from '../statistics.js'
import type { Bench, Case } from './case.js'
import { type Step, stepsOf } from './rows-steps.js'

const SMALL = 1000
const ROUNDS = 4 // for each round of the others: a step is short
const PAGE_MS = { sqlite: 1, postgres: 1.5 } as const

type Size = 'small' | 'large'
type Times = Readonly<Record<Size, number[]>>

export const rows: Case = {
  name: 'rows',
  about: 'pages, searches, claims and the rest among a million rows, against a thousand',
  async *run(bench) {
    for (const kind of bench.settings.databases) {
      bench.say(`rows, ${kind}: filling ${bench.settings.rows} rows`)
      const small = await open(bench, kind, SMALL)
      const large = await open(bench, kind, bench.settings.rows)
      try {
        yield await measure(bench, kind, { small: small.store, large: large.store })
      } finally {
        for (const { close } of [small, large]) await close()
      }
    }
  },
}

async function open({ databases }: Bench, kind: DatabaseKind, size: number) {
  const database = await databases.make(kind)
  if (kind === 'sqlite') {
    const store = sqliteStore(database) // never analyzed, as most are
    await store.migrate()
    await populateSqlite(database, size)
    await housekeep(store)
    return { store, close: () => store.close() }
  }
  const pool = new pg.Pool({ connectionString: database })
  pool.on('error', () => undefined) // as pg asks of every host
  const store = postgresStore(pool, { schema: 'public', busyTimeoutMs: 600_000 })
  await store.migrate()
  await populatePostgres(pool, 'public', size)
  await housekeep(store)
  await pool.query('vacuum analyze public.invite_only_invites') // as autovacuum does within a minute
  return { store, close: () => pool.end() }
}

/** As after each night: what has expired is noted. Nothing is old enough to be removed. */
async function housekeep(store: InviteStore): Promise<void> {
  const request = { what: 'invites', before: 0, now: POPULATED_AT, limit: 5000 } as const
  while ((await store.prune(request)).next !== undefined);
}

async function measure(
  { settings, say }: Bench,
  kind: DatabaseKind,
  stores: Readonly<Record<Size, InviteStore>>,
): Promise<Table> {
  const steps = { small: await stepsOf(stores.small, SMALL), large: await stepsOf(stores.large, settings.rows) }
  const times: readonly Times[] = steps.small.map(() => ({ small: [], large: [] }))
  say(`rows, ${kind}: ${times.length} steps`)
  for (let round = -3; round < settings.rounds * ROUNDS; round++) {
    for (const [index, taken] of times.entries()) {
      for (const size of round % 2 ? (['small', 'large'] as const) : (['large', 'small'] as const)) {
        const { prepare, run } = steps[size][index] as Step
        const prepared = await prepare?.(round)
        const began = performance.now()
        await run(round, prepared)
        if (round >= 0) taken[size].push(performance.now() - began)
      }
    }
  }
  return {
    title: `rows: ${kind === 'sqlite' ? 'SQLite, synchronous=FULL, never analyzed' : 'Postgres, fsync on'}`,
    columns: ['step, in ms', `${SMALL} invites`, `${settings.rows} invites`, 'ratio'],
    rows: times.map(({ small, large }, index) => [
      nameOf(steps.small[index], steps.large[index]),
      withSpread(spreadOf(small)),
      withSpread(spreadOf(large)),
      short(spreadOf(large).median / spreadOf(small).median),
    ]),
    targets: targetsOf(kind, steps, times),
    figures: Object.fromEntries(steps.small.map(({ name }, index) => [name, times[index]])),
  }
}

function nameOf(small: Step | undefined, large: Step | undefined): string {
  return small?.rows === large?.rows ? `${small?.name}` : `${small?.name} (${small?.rows} and ${large?.rows} rows)`
}

function targetsOf(
  kind: DatabaseKind,
  { small: steps, large }: Readonly<Record<Size, readonly Step[]>>,
  times: readonly Times[],
): readonly Target[] {
  // A page of more rows takes longer, whatever it is read from.
  const isAlike = (step: Step, index: number) => step.rows === large[index]?.rows
  const worst = (which: (name: string) => boolean, value: (times: Times) => number) =>
    steps
      .map((step, index) => ({
        name: step.name,
        value: which(step.name) && isAlike(step, index) ? value(times[index] as Times) : 0,
      }))
      .reduce((one, other) => (other.value > one.value ? other : one))
  const ms = ({ large }: Times) => spreadOf(large).median
  const ratio = ({ small, large }: Times) => spreadOf(large).median / spreadOf(small).median
  const isPage = (name: string) => name.endsWith(' page')
  const isSearch = (name: string) => name.startsWith('q=')
  const list = worst((name) => isPage(name) && !isSearch(name), ms)
  const listRatio = worst((name) => isPage(name) && !isSearch(name), ratio)
  const rest = worst((name) => isSearch(name) || ['check', 'claim and release'].includes(name), ratio)
  return [
    { what: `the slowest page (${list.name}), ms`, value: list.value, atMost: PAGE_MS[kind] },
    { what: `the page that grows most (${listRatio.name}), of its cost at 1,000`, value: listRatio.value, atMost: 1.3 },
    { what: `search, check, claim: what grows most (${rest.name})`, value: rest.value, atMost: 2 },
  ]
}
