// The benchmark: runs its cases, prints their tables, and says which targets are missed. `npm run bench -- --help`
import { writeFileSync } from 'node:fs'
import { bulk } from './cases/bulk.js'
import type { Case } from './cases/case.js'
import { footprint } from './cases/footprint.js'
import { gate } from './cases/gate.js'
import { mail } from './cases/mail.js'
import { routes } from './cases/routes.js'
import { rows } from './cases/rows.js'
import { scale } from './cases/scale.js'
import { start } from './cases/start.js'
import { store } from './cases/store.js'
import { createDatabases } from './databases.js'
import { describeMachine } from './machine.js'
import { describePeers } from './peers/install.js'
import { describeTarget, isKept, printTable, type Table } from './report.js'
import { helpText, readSettings } from './settings.js'

const cases: readonly Case[] = [gate, ...routes, store, scale, bulk, rows, mail, start, footprint]
const names = cases.map(({ name }) => name)
const settings = readSettings(process.argv.slice(2), names)

if (settings === 'help') {
  console.log(helpText(names))
  for (const { name, about } of cases) console.log(`  ${name.padEnd(12)}${about}`)
} else {
  const machine = [...describeMachine(), `peers, where they install: ${describePeers()}`]
  for (const line of machine) console.log(line)
  const { rounds, requests, quick } = settings
  console.log(
    `${rounds} rounds of ${requests} requests${quick ? ': too few to trust, --quick only shows that all runs' : ''}`,
  )
  const databases = createDatabases()
  const tables: Table[] = []
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => void databases.remove().finally(() => process.exit(1)))
  }
  try {
    const say = (what: string) => process.stderr.write(`… ${what}\n`)
    for (const { name, run } of cases) {
      if (settings.only.length > 0 && !settings.only.includes(name)) continue
      try {
        for await (const table of run({ settings, databases, say })) {
          printTable(table)
          tables.push(table)
        }
      } catch (error) {
        process.exitCode = 1 // the others are worth having
        console.error(`${name} failed:`, error)
      }
    }
  } finally {
    await databases.remove()
  }
  const missed = tables.flatMap(({ title, targets = [] }) =>
    targets.filter((target) => !isKept(target)).map((target) => `${title}: ${describeTarget(target)}`),
  )
  console.log(missed.length === 0 ? '\nEvery target is kept.' : `\n${missed.join('\n')}`)
  if (settings.json !== undefined) writeFileSync(settings.json, JSON.stringify({ machine, settings, tables }, null, 2))
}
