// What the package costs a process before its first request, and what it leaves behind after `close()`.
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { contest, type Measures } from '../contest.js'
import { short, withSpread } from '../report.js'
import type { Case } from './case.js'

const root = join(import.meta.dirname, '..', '..', '..')

const TIME = (imports: readonly string[]) => `
  const began = performance.now()
  const before = process.cpuUsage()
  ${imports.map((name) => `await import('${name}')`).join('\n')}
  const ms = performance.now() - began
  const { user, system } = process.cpuUsage(before)
  console.log(JSON.stringify({ ms, cpu: (user + system) / 1000 }))`

const CLOSE = `
  const { createInvites, requireInvite, inviteRouter } = await import('express-invite-only')
  const { sqliteStore } = await import('express-invite-only/adapters/sqlite')
  const before = process.getActiveResourcesInfo()
  const store = sqliteStore(':memory:')
  await store.migrate()
  const invites = createInvites({
    store, secret: 'a secret of the benchmark, long enough', baseUrl: 'https://acme.dev/i', signupUrl: 'https://acme.dev/s',
    mailer: { sendMail: async () => undefined }, from: 'hello@acme.dev',
  })
  requireInvite(invites)
  inviteRouter(invites, { authorize: () => null })
  await invites.send({ email: 'ann@example.com' })
  await invites.deliver()
  await invites.close()
  await store.close()
  const left = process.getActiveResourcesInfo()
  for (const name of before) left.splice(left.indexOf(name), left.includes(name) ? 1 : 0)
  console.log(JSON.stringify(left))`

const contestants: Readonly<Record<string, readonly string[]>> = {
  'express alone': ['express'],
  'and express-invite-only': ['express', 'express-invite-only'],
  'and its SQLite store': ['express', 'express-invite-only', 'express-invite-only/adapters/sqlite'],
  'and its Postgres store': ['express', 'express-invite-only', 'express-invite-only/adapters/postgres'],
}

export const start: Case = {
  name: 'start',
  about: 'ms of importing it beyond Express, and what is left after close()',
  async *run({ settings, say }) {
    say('start')
    const turns = Object.entries(contestants).map(([name, imports]) => {
      return { name, turn: async () => JSON.parse(node(TIME(imports))) as Measures }
    })
    const run = await contest(turns, settings.rounds)
    const [alone = '', ours = ''] = run.names
    const left = JSON.parse(node(CLOSE)) as readonly string[]
    yield {
      title: 'start: a process that imports it',
      columns: ['import', 'ms', 'of Express alone', 'ms of CPU', 'of Express alone'],
      rows: [
        ...run.names.map((name) => [
          name,
          ...['ms', 'cpu'].flatMap((measure) => [
            withSpread(run.spread(name, measure)),
            withSpread(run.ratio(name, alone, measure)),
          ]),
        ]),
        ['left after close()', left.length === 0 ? 'nothing' : left.join(', '), '', '', ''],
      ],
      targets: [
        {
          // Of CPU, because a busy machine tells that apart from waiting; an idle one takes as long.
          what: `ms of CPU beyond Express (which takes ${short(run.spread(alone, 'cpu').median)})`,
          value: run.spread(ours, 'cpu').median - run.spread(alone, 'cpu').median,
          atMost: 60,
        },
        { what: 'timers and handles left after close()', value: left.length, atMost: 0 },
      ],
      figures: { turns: run.turns, left },
    }
  },
}

function node(program: string): string {
  return execFileSync(process.execPath, ['--input-type=module', '--eval', program], { cwd: root, encoding: 'utf8' })
}
