// What a store's steps cost among a million invites and a million acceptances, against a thousand of each. Prints one
// table a database: medians with the 10th and 90th percentile, and their ratio. Run it with
//
//   npm run bench:long                              both databases, about five minutes and 3 GB of temporary files
//   npm run bench:long -- --only postgres           or sqlite
//   npm run bench:long -- --size 100000 --rounds 20 fewer invites, fewer rounds
//   npm run bench:long -- --fsync off               Postgres without waiting for the disk
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import Database from 'better-sqlite3'
import pg from 'pg'
import { postgresStore } from '../../adapters/postgres.js'
import { sqliteStore } from '../../adapters/sqlite.js'
import type { InviteStore } from '../../src/store.js'
import { POPULATED_AT, populatePostgres, populateSqlite } from '../support/population.js'
import { createServer } from '../support/postgres-server.js'
import { type Case, casesOf } from './long-life-cases.js'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    size: { type: 'string', default: '1000000' },
    rounds: { type: 'string', default: '60' },
    fsync: { type: 'string', default: 'on' },
  },
})
const sizes = { small: 1000, large: Number(values.size) }
const rounds = Number(values.rounds)
type Size = keyof typeof sizes

if (values.only !== 'postgres') await benchSqlite()
if (values.only !== 'sqlite') await benchPostgres()

async function benchSqlite(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'invite-only-bench-'))
  const open = async (size: Size) => {
    const file = join(folder, `${size}.db`)
    const db = new Database(file)
    db.pragma('journal_mode = wal')
    db.close()
    const store = sqliteStore(file)
    await store.migrate()
    await populateSqlite(file, sizes[size])
    return store
  }
  try {
    const version = new Database(':memory:').prepare('select sqlite_version()').pluck().get()
    await bench(`SQLite ${version}, WAL, synchronous=FULL, never analyzed`, {
      small: await open('small'),
      large: await open('large'),
    })
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function benchPostgres(): Promise<void> {
  const server = await createServer({ settings: { fsync: values.fsync } })
  const pool = new pg.Pool({ connectionString: server.url })
  const open = async (size: Size) => {
    const store = postgresStore(pool, { schema: size, busyTimeoutMs: 600_000 })
    await store.migrate()
    await populatePostgres(pool, size, sizes[size])
    return store
  }
  try {
    const { rows } = await pool.query('show server_version')
    const stores = { small: await open('small'), large: await open('large') }
    for (const [size, store] of Object.entries(stores)) {
      await housekeep(store)
      await pool.query(`vacuum analyze ${size}.invite_only_invites`) // as autovacuum does within a minute
    }
    await bench(`Postgres ${rows[0].server_version}, its defaults, fsync=${values.fsync}, over TCP`, stores)
  } finally {
    await pool.end()
    await server.remove()
  }
}

async function bench(title: string, stores: Readonly<Record<Size, InviteStore>>): Promise<void> {
  const cases: Record<Size, readonly Case[]> = { small: [], large: [] }
  for (const size of ['small', 'large'] as const) {
    await housekeep(stores[size])
    cases[size] = await casesOf(stores[size], sizes[size])
  }
  const times = cases.small.map(() => ({ small: [] as number[], large: [] as number[] }))
  for (let round = -3; round < rounds; round++) {
    for (const [index, taken] of times.entries()) {
      for (const size of round % 2 ? (['small', 'large'] as const) : (['large', 'small'] as const)) {
        const { prepare, run } = cases[size][index] as Case
        const prepared = await prepare?.(round)
        const began = performance.now()
        await run(round, prepared)
        if (round >= 0) taken[size].push(performance.now() - began)
      }
    }
  }
  print(title, cases, times)
  for (const store of Object.values(stores)) await store.close()
}

/** As after each night: what has expired is noted. Nothing is old enough to be removed. */
async function housekeep(store: InviteStore): Promise<void> {
  const request = { what: 'invites', before: 0, now: POPULATED_AT, limit: 5000 } as const
  while ((await store.prune(request)).next !== undefined);
}

function print(
  title: string,
  cases: Readonly<Record<Size, readonly Case[]>>,
  times: readonly Readonly<Record<Size, number[]>>[],
): void {
  const [cpu] = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  console.log(
    `\n${title}; Node ${process.versions.node}; ${cpus().length} × ${cpu?.model}, ${memory} GB; ${rounds} rounds`,
  )
  console.log(`\n| step, in ms | ${sizes.small} invites | ${sizes.large} invites | ratio |\n|---|---:|---:|---:|`)
  for (const [index, { small, large }] of times.entries()) {
    const rows = (size: Size) => cases[size][index]?.rows
    const counts = rows('small') === rows('large') ? '' : ` (${rows('small')} and ${rows('large')} rows)`
    const ratio = (quantile(large, 0.5) / quantile(small, 0.5)).toFixed(1)
    console.log(`| ${cases.small[index]?.name}${counts} | ${spread(small)} | ${spread(large)} | ${ratio} |`)
  }
}

function spread(sample: readonly number[]): string {
  const [low, middle, high] = [0.1, 0.5, 0.9].map((part) => quantile(sample, part).toFixed(2))
  return `${middle} (${low}–${high})`
}

function quantile(sample: readonly number[], part: number): number {
  return sample.toSorted((a, b) => a - b)[Math.floor(part * (sample.length - 1))] ?? Number.NaN
}
