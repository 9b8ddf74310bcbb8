// A list of a million, invited with their mails queued, by a host that answers other requests all the while.
import { setTimeout as delay } from 'node:timers/promises'
import { request } from 'undici'
import type { Measures } from '../contest.js'
import type { HostProcess } from '../host-process.js'
import { pinClient, unpinClient } from '../machine.js'
import { short, type Table } from '../report.js'
import { quantile } from '../statistics.js'
import { type Case, withHosts } from './case.js'

const PING_MS = 5

interface Run {
  readonly name: string
  readonly measures: Measures
}

export const bulk: Case = {
  name: 'bulk',
  about: 'a long list of people, invited with their mails in the outbox, while the app answers',
  async *run(bench) {
    const { settings, databases, say } = bench
    const { rows } = settings
    for (const kind of settings.databases) {
      const specs = [{ variant: 'ours', database: await databases.make(kind) }]
      const runs = await withHosts(bench, specs, async ([host]) => {
        if (host === undefined) throw new Error('There is no host.')
        pinClient()
        const runs: Run[] = []
        for (const name of ['for the first time', 'the same list again']) {
          say(`bulk, ${kind}, ${rows} rows, ${name}`)
          runs.push({ name, measures: await whileAnswering(host, rows) })
        }
        unpinClient()
        return runs
      })
      yield tableOf(kind === 'sqlite' ? 'SQLite, synchronous=FULL' : 'Postgres, fsync on', rows, runs)
    }
  },
}

/** Pings the host at a steady pace while it works, and takes the time of each answer. */
async function whileAnswering(host: HostProcess, rows: number): Promise<Measures> {
  const times: number[] = []
  let working = true
  const work = host.ask<Measures>('invite a list', rows).finally(() => {
    working = false
  })
  while (working) {
    const began = performance.now()
    const { body } = await request(`${host.origin}/ping`)
    await body.dump()
    times.push(performance.now() - began)
    await delay(PING_MS)
  }
  return { ...(await work), p50: quantile(times, 0.5), p99: quantile(times, 0.99), slowest: Math.max(...times) }
}

function tableOf(where: string, rows: number, runs: readonly Run[]): Table {
  const measures = ['rate', 'cpu', 'memory', 'block', 'p50', 'p99', 'slowest'] as const
  const of = (measure: string, run: Run | undefined) => run?.measures[measure] ?? Number.NaN
  const [first] = runs
  return {
    title: `bulk: ${where}, ${rows.toLocaleString('en-US')} people`,
    columns: [
      ...['list', 'rows/s', 'CPU µs a row', 'MB above idle', 'longest block, ms'],
      ...['other requests: p50 ms', 'p99 ms', 'slowest'],
    ],
    rows: runs.map((run) => [run.name, ...measures.map((measure) => short(of(measure, run)))]),
    targets: [
      { what: 'rows a second', value: of('rate', first), atLeast: 60_000 },
      { what: 'MB above idle', value: of('memory', first), atMost: 150 },
      { what: 'longest block of the event loop, ms', value: of('block', first), atMost: 50 },
    ],
    figures: runs,
  }
}
