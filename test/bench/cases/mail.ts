// Mail: how many are rendered a second, and how many the outbox gets to a server that takes them at once, beside
// nodemailer alone in a loop.
import { execFileSync, fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { contest, type Measures } from '../contest.js'
import { pinnedNode } from '../machine.js'
import { short, withSpread } from '../report.js'
import { spreadOf } from '../statistics.js'
import { type Case, withHosts } from './case.js'

const hosts = join(import.meta.dirname, '..', 'hosts')
const tasks = ['nodemailer alone', 'outbox, to the mail server', 'outbox, to a mailer that does nothing']

export const mail: Case = {
  name: 'mail',
  about: 'rendering, and the outbox against a mail server that takes everything at once',
  async *run(bench) {
    const { settings, databases, say } = bench
    say('mail, rendering')
    const rates: number[] = []
    const [command, ...before] = pinnedNode()
    const program = [...before, '--import', import.meta.resolve('tsx'), join(hosts, 'render.ts'), '5000']
    for (let round = 0; round < settings.rounds; round++) {
      rates.push(JSON.parse(execFileSync(command, program, { encoding: 'utf8' })).rate)
    }
    const rendered = spreadOf(rates)
    yield {
      title: 'mail: rendering, from an invite to a message with its HTML and its text',
      columns: ['', 'mails/s'],
      rows: [['rendering', withSpread(rendered)]],
      targets: [{ what: 'mails rendered a second', value: rendered.median, atLeast: 5000 }],
      figures: rates,
    }

    const sink = fork(join(hosts, 'mail-sink.ts'), { execArgv: ['--import', import.meta.resolve('tsx')] })
    try {
      const [port] = await once(sink, 'message')
      process.env.BENCH_SMTP_PORT = String(port) // for the hosts
      for (const kind of settings.databases) {
        say(`mail, ${kind}`)
        const specs = [{ variant: 'ours', database: await databases.make(kind) }]
        const count = Math.ceil(settings.requests / 2)
        const run = await withHosts(bench, specs, async ([host]) => {
          const turns = tasks.map((name) => {
            return { name, turn: async () => (await host?.ask<Measures>(name, count)) ?? {} }
          })
          return await contest(turns, settings.rounds)
        })
        const [alone = '', outbox = ''] = tasks
        yield {
          title: `mail: ${kind === 'sqlite' ? 'SQLite, synchronous=FULL' : 'Postgres, fsync on'}, to a server that takes everything at once`,
          columns: ['', 'mails/s', 'of nodemailer alone', 'CPU µs'],
          rows: run.names.map((name) => [
            name,
            short(run.spread(name, 'rate').median),
            withSpread(run.ratio(name, alone, 'rate')),
            short(run.spread(name, 'cpu').median),
          ]),
          targets: [
            {
              what: 'outbox: throughput of nodemailer alone',
              value: run.ratio(outbox, alone, 'rate').median,
              atLeast: 0.9,
            },
          ],
          figures: run.turns,
        }
      }
    } finally {
      sink.disconnect()
    }
  },
}
