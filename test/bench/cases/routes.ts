// Other routes beside what a developer writes by hand: refusing a bad code, looking at one, making an invite with its
// mail; and one link that all come with beside a code for each.
import { contest } from '../contest.js'
import type { RequestKind } from '../host-process.js'
import { drive } from '../load.js'
import { pinClient, unpinClient } from '../machine.js'
import { short, type Table, withSpread } from '../report.js'
import type { DatabaseKind } from '../settings.js'
import { type Bench, type Case, withHosts } from './case.js'

interface Contender {
  readonly label: string
  readonly variant: 'ours' | 'by hand'
  readonly kind: RequestKind
}

interface Duel {
  readonly name: string
  readonly about: string
  readonly inFlight: number
  readonly contenders: readonly Contender[]
  /** The labels of what is compared, and how much of the second one's throughput the first one's is to be. */
  readonly target: { readonly ours: string; readonly baseline: string; readonly atLeast: number }
}

const both = (kind: RequestKind) => [
  { label: 'by hand', variant: 'by hand', kind } as const,
  { label: 'ours', variant: 'ours', kind } as const,
]

const duels: readonly Duel[] = [
  {
    name: 'refuse',
    about: 'refusing a bad code, against by hand',
    inFlight: 16,
    contenders: both('bad'),
    target: { ours: 'ours', baseline: 'by hand', atLeast: 1 },
  },
  {
    name: 'check',
    about: '`check`, against a hand-written select behind the same kind of route',
    inFlight: 16,
    contenders: both('check'),
    target: { ours: 'ours', baseline: 'by hand', atLeast: 1 },
  },
  {
    name: 'create',
    about: 'making an invite with its mail in the outbox, against two rows by hand',
    inFlight: 16,
    contenders: both('create'),
    target: { ours: 'ours', baseline: 'by hand', atLeast: 0.9 },
  },
  {
    name: 'link',
    about: 'one link with 100,000 uses, against a code for each',
    inFlight: 64,
    contenders: [
      { label: 'by hand, a code each', variant: 'by hand', kind: 'signup' },
      { label: 'by hand, one link', variant: 'by hand', kind: 'hot' },
      { label: 'ours, a code each', variant: 'ours', kind: 'signup' },
      { label: 'ours, one link', variant: 'ours', kind: 'hot' },
    ],
    target: { ours: 'ours, one link', baseline: 'ours, a code each', atLeast: 0.8 },
  },
]

export const routes: readonly Case[] = duels.map((duel) => ({
  name: duel.name,
  about: duel.about,
  async *run(bench) {
    for (const kind of bench.settings.databases) yield await measure(bench, kind, duel)
  },
}))

async function measure(bench: Bench, kind: DatabaseKind, duel: Duel): Promise<Table> {
  const { settings, databases, say } = bench
  const { name, about, inFlight, contenders, target } = duel
  say(`${name}, ${kind}`)
  const specs = []
  for (const { variant } of contenders) specs.push({ variant, database: await databases.make(kind) })
  const run = await withHosts(bench, specs, async (hosts) => {
    pinClient()
    const contestants = hosts.map((host, index) => {
      const { label, kind: requests } = contenders[index] as Contender
      return {
        name: label,
        turn: async () => await drive(host, await host.prepare(requests, settings.requests), inFlight),
      }
    })
    return await contest(contestants, settings.rounds, 2).finally(unpinClient)
  })
  const ratio = (label: string, measure: string) => run.ratio(label, target.baseline, measure)
  return {
    title: `${name}: ${about}; ${kind === 'sqlite' ? 'SQLite, synchronous=FULL' : 'Postgres, fsync on'}, ${inFlight} in flight`,
    columns: ['', 'req/s', `of ${target.baseline}`, 'p50 ms', 'p99 ms', 'CPU µs', 'CPU, ×'],
    rows: run.names.map((label) => [
      label,
      short(run.spread(label, 'rate').median),
      withSpread(ratio(label, 'rate')),
      short(run.spread(label, 'p50').median),
      short(run.spread(label, 'p99').median),
      short(run.spread(label, 'cpu').median),
      withSpread(ratio(label, 'cpu')),
    ]),
    targets: [
      {
        what: `${target.ours}: throughput of ${target.baseline}`,
        value: ratio(target.ours, 'rate').median,
        atLeast: target.atLeast,
      },
    ],
    figures: run.turns,
  }
}
