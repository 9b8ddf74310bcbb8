// One, two and four host processes on one Postgres: how many claims and accepts a second they do together.
import { cpus } from 'node:os'
import { type Contestant, contest, type Measures } from '../contest.js'
import { short, withSpread } from '../report.js'
import { type Case, withHosts } from './case.js'

const PROCESSES = [1, 2, 4]

export const scale: Case = {
  name: 'scale',
  about: '1, 2 and 4 host processes on one Postgres',
  async *run(bench) {
    const { settings, databases, say } = bench
    if (!settings.databases.includes('postgres')) return
    say('scale')
    const database = await databases.make('postgres')
    const specs = Array.from({ length: Math.max(...PROCESSES) }, () => ({ variant: 'ours', database }))
    const run = await withHosts(
      bench,
      specs,
      async (hosts) => {
        const contestants = PROCESSES.map(
          (count): Contestant => ({
            name: `${count} ${count === 1 ? 'process' : 'processes'}`,
            async turn() {
              const each = Math.ceil(settings.requests / count)
              await Promise.all(hosts.slice(0, count).map((host) => host.ask('make codes', each)))
              const began = performance.now()
              await Promise.all(hosts.slice(0, count).map((host) => host.ask('claim and accept them', each)))
              return { rate: (each * count * 1000) / (performance.now() - began) } satisfies Measures
            },
          }),
        )
        return await contest(contestants, settings.rounds)
      },
      'all cores',
    )
    const [one = ''] = run.names
    yield {
      title: `scale: claims with their accepts, hosts on one Postgres, fsync on, ${cpus().length} cores for all`,
      columns: ['hosts', 'claims and accepts a second', 'of one'],
      rows: run.names.map((name) => [
        name,
        short(run.spread(name, 'rate').median),
        withSpread(run.ratio(name, one, 'rate')),
      ]),
      figures: run.turns,
    }
  },
}
