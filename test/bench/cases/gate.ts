// What a gated signup costs beside one that only inserts its user, by hand and with ours, at 16 and at 64 in flight.
import { type Contest, contest } from '../contest.js'
import type { HostSpec } from '../host-process.js'
import { drive } from '../load.js'
import { pinClient, unpinClient } from '../machine.js'
import { short, type Table, type Target, withSpread } from '../report.js'
import type { DatabaseKind } from '../settings.js'
import { type Bench, type Case, withHosts } from './case.js'

const variants: Readonly<Record<DatabaseKind, readonly string[]>> = {
  sqlite: ['bare', 'floor', 'by hand', 'three commits', 'ours', 'ours in its transaction'],
  postgres: ['bare', 'floor', 'by hand', 'by hand, one statement', 'three commits', 'ours', 'ours in its transaction'],
}
const durabilities = { sqlite: ['full', 'normal'], postgres: ['full'] } as const

export const gate: Case = {
  name: 'gate',
  about: 'a gated signup against one that only inserts its user',
  async run(bench) {
    const tables: Table[] = []
    for (const kind of bench.settings.databases) {
      for (const synchronous of durabilities[kind]) tables.push(...(await measure(bench, kind, synchronous)))
    }
    return tables
  },
}

async function measure(bench: Bench, kind: DatabaseKind, synchronous: 'full' | 'normal'): Promise<readonly Table[]> {
  const { settings, databases, say } = bench
  const specs: HostSpec[] = []
  for (const variant of variants[kind]) specs.push({ variant, database: await databases.make(kind), synchronous })
  return await withHosts(bench, specs, async (hosts) => {
    const tables: Table[] = []
    pinClient()
    for (const inFlight of [16, 64]) {
      say(`gate, ${kind}, ${synchronous}, ${inFlight} in flight`)
      const contestants = hosts.map((host, index) => ({
        name: specs[index]?.variant ?? '',
        turn: async () => drive(host, await host.prepare('signup', settings.requests), inFlight),
      }))
      tables.push(tableOf(kind, synchronous, inFlight, await contest(contestants, settings.rounds, 2)))
    }
    unpinClient()
    return tables
  })
}

function tableOf(kind: DatabaseKind, synchronous: 'full' | 'normal', inFlight: number, run: Contest): Table {
  const where = kind === 'sqlite' ? `SQLite, synchronous=${synchronous.toUpperCase()}` : 'Postgres, fsync on'
  return {
    title: `gate: ${where}, ${inFlight} in flight`,
    columns: ['signup', 'req/s', 'of the floor', 'p50 ms', 'p99 ms', 'p99, × floor', 'CPU µs', 'CPU, × floor'],
    rows: run.names.map((name) => [
      name,
      short(run.spread(name, 'rate').median),
      withSpread(run.ratio(name, 'floor', 'rate')),
      short(run.spread(name, 'p50').median),
      short(run.spread(name, 'p99').median),
      short(run.ratio(name, 'floor', 'p99').median),
      short(run.spread(name, 'cpu').median),
      withSpread(run.ratio(name, 'floor', 'cpu')),
    ]),
    targets: targetsOf(kind, run),
    figures: run.turns,
  }
}

function targetsOf(kind: DatabaseKind, run: Contest): readonly Target[] {
  const ratio = (name: string, measure: string, to = 'floor') => run.ratio(name, to, measure).median
  const inTrx = 'ours in its transaction'
  const both = [{ what: 'ours: p99 of the floor', value: ratio('ours', 'p99'), atMost: 1.3 }]
  if (kind === 'postgres') {
    return [
      { what: 'ours: throughput of the floor', value: ratio('ours', 'rate'), atLeast: 0.85 },
      ...both,
      { what: `${inTrx}: throughput of by hand`, value: ratio(inTrx, 'rate', 'by hand'), atLeast: 1 },
    ]
  }
  return [
    { what: 'ours: throughput of the floor', value: ratio('ours', 'rate'), atLeast: 0.92 },
    { what: 'ours: CPU of the floor', value: ratio('ours', 'cpu'), atMost: 1.15 },
    ...both,
    { what: `${inTrx}: throughput of the floor`, value: ratio(inTrx, 'rate'), atLeast: 0.92 },
  ]
}
