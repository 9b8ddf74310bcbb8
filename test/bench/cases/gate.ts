// What a gated signup costs beside one that only inserts its user, by hand and with ours, at 16 and at 64 in flight.
import { type Contest, contest } from '../contest.js'
import type { HostSpec } from '../host-process.js'
import { drive } from '../load.js'
import { pinClient, unpinClient } from '../machine.js'
import { installPeers } from '../peers/install.js'
import { short, type Table, type Target, withSpread } from '../report.js'
import type { DatabaseKind } from '../settings.js'
import { type Bench, type Case, withHosts } from './case.js'

const AGAIN = 'floor, again' // the same twice: how much two figures differ by chance
const variants: Readonly<Record<DatabaseKind, readonly string[]>> = {
  sqlite: ['bare', 'floor', AGAIN, 'by hand', 'three commits', 'ours', 'ours in its transaction'],
  postgres: [
    'bare',
    'floor',
    AGAIN,
    'by hand',
    'by hand, one statement',
    'three commits',
    'ours',
    'ours in its transaction',
  ],
}
const peers = ['better-auth, organization', 'better-enrollment']
const PEERS_SHARE = 4 // they have fewer requests a turn by so much, because they are slower by as much
const durabilities = { sqlite: ['full', 'normal'], postgres: ['full'] } as const

export const gate: Case = {
  name: 'gate',
  about: 'a gated signup against one that only inserts its user',
  async *run(bench) {
    for (const kind of bench.settings.databases) {
      for (const synchronous of durabilities[kind]) yield* await measure(bench, kind, synchronous)
    }
  },
}

async function measure(bench: Bench, kind: DatabaseKind, synchronous: 'full' | 'normal'): Promise<readonly Table[]> {
  const { settings, databases, say } = bench
  const entry = installPeers()
  if (entry === undefined) say('gate: the peers cannot be installed, and are left out')
  const specs: HostSpec[] = []
  for (const variant of [...variants[kind], ...(entry === undefined ? [] : peers)]) {
    specs.push({ variant, database: await databases.make(kind), synchronous, peers: entry })
  }
  return await withHosts(bench, specs, async (hosts) => {
    const tables: Table[] = []
    pinClient()
    for (const inFlight of [16, 64]) {
      say(`gate, ${kind}, ${synchronous}, ${inFlight} in flight`)
      const contestants = hosts.map((host, index) => {
        const name = specs[index]?.variant ?? ''
        const requests = Math.ceil(settings.requests / (peers.includes(name) ? PEERS_SHARE : 1))
        return { name, turn: async () => drive(host, await host.prepare('signup', requests), inFlight) }
      })
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
    rows: [...run.names, ...peers.filter((name) => !run.names.includes(name))].map((name) => [
      run.names.includes(name) ? name : `${name}: not installed`,
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
  const both: readonly Target[] = [
    { what: 'ours: p99 of the floor', value: ratio('ours', 'p99'), atMost: 1.3 },
    ...(run.names.includes('better-enrollment')
      ? [
          { what: 'ours: throughput of better-auth', value: ratio('ours', 'rate', peers[0]), atLeast: 11 },
          { what: 'ours: throughput of better-enrollment', value: ratio('ours', 'rate', peers[1]), atLeast: 8 },
        ]
      : []),
  ]
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
