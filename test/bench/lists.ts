// How fast a list of a million is invited, with its mails queued, and what that costs the process: rows a second, memory
// above idle, and how long the event loop was blocked at the most. Run it with
//
//   npm run bench:lists                          both databases, a million rows each
//   npm run bench:lists -- --only sqlite         or postgres
//   npm run bench:lists -- --rows 100000         fewer rows
//   npm run bench:lists -- --fsync off           Postgres without waiting for the disk
import { mkdtempSync, rmSync } from 'node:fs'
import { cpus, loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { Readable } from 'node:stream'
import { parseArgs } from 'node:util'
import Database from 'better-sqlite3'
import { postgresStore } from '../../adapters/postgres.js'
import { sqliteStore } from '../../adapters/sqlite.js'
import { createInvites, type InviteStore, type Invites } from '../../src/index.js'
import { contextOf } from '../../src/invites.js'
import { readList } from '../../src/lists/read.js'
import { sendMany } from '../../src/use-cases/send-many.js'
import { createServer } from '../support/postgres-server.js'

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rows: { type: 'string', default: '1000000' },
    fsync: { type: 'string', default: 'on' },
  },
})
const total = Number(values.rows)

const [cpu] = cpus()
console.log(
  `Node ${process.versions.node}; ${cpus().length} × ${cpu?.model}; load ${loadavg()[0]?.toFixed(1)}; ${total} rows`,
)
console.log(
  '\n| run | rows a second | µs of CPU a row, in this process | memory above idle, MB | longest block, ms |\n|---|---:|---:|---:|---:|',
)
if (values.only !== 'postgres') await benchSqlite()
if (values.only !== 'sqlite') await benchPostgres()

async function benchSqlite(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'invite-only-bench-'))
  try {
    const file = join(folder, 'app.db')
    const db = new Database(file)
    db.pragma('journal_mode = wal')
    db.close()
    await bench('SQLite, WAL', sqliteStore(file))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

async function benchPostgres(): Promise<void> {
  const server = await createServer({ settings: { fsync: values.fsync } })
  try {
    await bench(`Postgres, fsync=${values.fsync}`, postgresStore(server.url))
  } finally {
    await server.remove()
  }
}

async function bench(title: string, store: InviteStore): Promise<void> {
  await store.migrate()
  const invites = createInvites({
    store,
    secret: 'a secret of the benchmark, long enough',
    baseUrl: 'https://acme.dev/invites',
    signupUrl: 'https://acme.dev/signup',
    mailer: { sendMail: async () => undefined },
    from: 'Acme <hello@acme.dev>',
    deliver: false,
    apps: { default: {}, other: {} },
  })
  await measure(`${title}, dry run`, invites, { dryRun: true })
  await measure(`${title}, first import, in a host`, invites, {})
  await measure(`${title}, the same again, in a host`, invites, {})
  const seed = { blockMs: 250 } // as the command has it
  await measure(`${title}, first import, \`seed\``, invites, { ...seed, appId: 'other' })
  await measure(`${title}, the same again, \`seed\``, invites, { ...seed, appId: 'other' })
  await invites.close()
}

interface Run {
  readonly dryRun?: boolean
  readonly blockMs?: number
  readonly appId?: string
}

async function measure(title: string, invites: Invites, { appId = 'default', ...options }: Run): Promise<void> {
  global.gc?.()
  const idle = process.memoryUsage.rss()
  let peak = idle
  const loop = monitorEventLoopDelay({ resolution: 1 })
  loop.enable()
  const cpuBefore = process.cpuUsage()
  const began = performance.now()
  const onRows = () => {
    peak = Math.max(peak, process.memoryUsage.rss())
  }
  const list = readList(Readable.from(csv()), {})
  const result = await sendMany(contextOf(invites), list, { ...options, onRows }, { appId })
  const { user, system } = process.cpuUsage(cpuBefore)
  const seconds = (performance.now() - began) / 1000
  loop.disable()
  const done = result.created + result.skipped.invite_exists
  if (done !== total) throw new Error(`${done} rows instead of ${total}`)
  const rate = Math.round(total / seconds).toLocaleString('en-US')
  console.log(
    `| ${title} | ${rate} | ${((user + system) / total).toFixed(0)} | ${Math.round((peak - idle) / 2 ** 20)} | ${(loop.max / 1e6).toFixed(0)} |`,
  )
}

/** Addresses in no order, as lists have them. */
function* csv(): Generator<Buffer> {
  yield Buffer.from('E-Mail,Role\n')
  for (let from = 0; from < total; from += 1000) {
    let text = ''
    for (let at = from; at < Math.min(from + 1000, total); at++) {
      text += `${((at * 2654435761) % 4294967296).toString(36)}.${at}@d${at % 500}.example,beta\n`
    }
    yield Buffer.from(text)
  }
}
