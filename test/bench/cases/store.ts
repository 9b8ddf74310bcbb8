// The store alone, without HTTP: what it gains by doing together what comes at once.

import type { Measures } from '../contest.js'
import { contest } from '../contest.js'
import { short, withSpread } from '../report.js'
import { type Case, withHosts } from './case.js'

export const store: Case = {
  name: 'store',
  about: 'durable claims and accepts, 64 in flight and one by one',
  async *run(bench) {
    const { settings, databases, say } = bench
    for (const kind of settings.databases) {
      say(`store, ${kind}`)
      const specs = [{ variant: 'ours', database: await databases.make(kind) }]
      const run = await withHosts(bench, specs, async ([host]) => {
        const contestants = ['one by one', 'together'].map((name) => {
          return { name, turn: async () => (await host?.ask<Measures>(name, settings.requests)) ?? {} }
        })
        return await contest(contestants, settings.rounds)
      })
      const ratio = (measure: string) => run.ratio('together', 'one by one', measure)
      yield {
        title: `store: ${kind === 'sqlite' ? 'SQLite, synchronous=FULL' : 'Postgres, fsync on'}`,
        columns: ['step', 'one by one, /s', '64 in flight, /s', 'ratio'],
        rows: ['claims', 'accepts'].map((measure) => [
          measure,
          short(run.spread('one by one', measure).median),
          short(run.spread('together', measure).median),
          withSpread(ratio(measure)),
        ]),
        targets: [{ what: 'claims together, of one by one', value: ratio('claims').median, atLeast: 8 }],
        figures: run.turns,
      }
    }
  },
}
