// `doctor`: checks what can be checked from outside the app, and says how to cure what is wrong.
import type { Command } from 'commander'
import { columns } from '../../plain-text.js'
import { type Check, type Finding, failed, type Subject, skipped } from '../checks/check.js'
import { clock, database, outbox, secret, webhooks } from '../checks/database.js'
import { canTryDoors, tryDoors } from '../checks/doors.js'
import { configuration, driver, node } from '../checks/environment.js'
import { baseUrl, mailer, signupUrl, templateFiles } from '../checks/web.js'
import type { Cli } from '../cli.js'
import { exitCodes, messageOf } from '../failures.js'
import { examples } from '../text.js'

const checks: readonly Check[] = [
  node,
  driver,
  configuration,
  database,
  secret,
  baseUrl,
  signupUrl,
  templateFiles,
  mailer,
  outbox,
  webhooks,
  clock,
]

const signs = { ok: '✓', failed: '✗', skipped: '–' } as const

interface DoctorOptions {
  readonly online?: boolean
  readonly doors?: boolean
  readonly yes?: boolean
}

interface Result extends Finding {
  readonly check: string
  readonly readme: string
}

export function addDoctor(program: Command, cli: Cli): void {
  program
    .command('doctor')
    .description('check the set-up, and say how to cure what is wrong; changes nothing, but with --doors')
    .option('--online', 'ask baseUrl and signupUrl too whether they answer')
    .option('--doors', "sign up at each of the module's `doors`, with and without an invite; makes accounts")
    .option('--yes', 'with --doors: without asking')
    .addHelpText('after', examples('doctor --config ./src/invites.js --online'))
    .action(async ({ online = false, doors = false, yes = false }: DoctorOptions) => {
      const opened = await cli.open().catch((failure: unknown) => ({ failure }))
      if (doors && !yes && canTryDoors(opened)) {
        await cli.confirm(`Make accounts and invites in the database of ${opened.origin}? It must be one for tests.`)
      }
      const results: Result[] = []
      for (const check of checks) {
        results.push(await examine(check, { opened, online }, isDown(results)))
      }
      results.push(...(await tryDoors(opened, { asked: doors, isDown: isDown(results) })))
      const ok = results.every(({ state }) => state !== 'failed')
      await cli.answer({ ok, checks: results }, describe(results))
      if (!ok) cli.exitWith(exitCodes.failed)
    })
}

function isDown(results: readonly Result[]): boolean {
  return results.some(({ check, state }) => check === database.name && state === 'failed')
}

/** What a check throws is the database's doing, most often, which was told once then. */
async function examine(check: Check, subject: Subject, isDown: boolean): Promise<Result> {
  const name = { check: check.name, readme: check.readme }
  try {
    return { ...name, ...(await check.run(subject)) }
  } catch (error) {
    if (isDown) return { ...name, ...skipped('not looked at: the database cannot be used') }
    return { ...name, ...failed(messageOf(error), 'See the heading of the README.') }
  }
}

function describe(results: readonly Result[]): string {
  const rows = results.flatMap(({ check, readme, state, detail, cure }) => {
    const row = [signs[state], check, detail]
    return cure === undefined ? [row] : [row, ['', '', `→ ${cure}`], ['', '', `  README: ${readme}`]]
  })
  return columns(rows)
}
