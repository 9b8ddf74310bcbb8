// What a run of the benchmark is asked for on the command line.
import { parseArgs } from 'node:util'

export type DatabaseKind = 'sqlite' | 'postgres'

export interface Settings {
  /** The names of the cases to run; all where it is empty. */
  readonly only: readonly string[]
  readonly databases: readonly DatabaseKind[]
  /** How often each contestant of a case has its turn. */
  readonly rounds: number
  /** How many requests a turn has. */
  readonly requests: number
  /** How many rows the large cases have. */
  readonly rows: number
  readonly quick: boolean
  /** Where all figures are written to. */
  readonly json: string | undefined
  /** The folder that the hosts write their CPU profiles to, into one of its own each. */
  readonly profile: string | undefined
}

const options = {
  only: { type: 'string' },
  db: { type: 'string' },
  rounds: { type: 'string' },
  requests: { type: 'string' },
  rows: { type: 'string' },
  quick: { type: 'boolean', default: false },
  json: { type: 'string' },
  profile: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const

const HELP = `npm run bench -- [options]

  --only gate,link      only these cases; all: CASES
  --db sqlite           only this database: sqlite or postgres
  --rounds 15           how often each contestant has its turn
  --requests 2000       how many requests a turn has
  --rows 1000000        how many rows the large cases have
  --quick               a few short rounds and small tables: whether all of it runs, and roughly what comes out
  --json FILE           all figures, for comparing two runs
  --profile FOLDER      CPU profiles, a folder each host: CPU.*.PID.0.*.cpuprofile is its main thread, others its loader's
  --help                this text

Every figure is noisy, and a machine's milliseconds mean little on another: compare ratios, which come from turns that
alternate, or count instructions.`

/** @throws TypeError where an option is unknown or wrong. */
export function readSettings(args: readonly string[], cases: readonly string[]): Settings | 'help' {
  const { values } = parseArgs({ args: [...args], options })
  if (values.help) return 'help'
  const { quick } = values
  const only = values.only?.split(',') ?? []
  for (const name of only) {
    if (!cases.includes(name)) throw new TypeError(`--only: ${name} is none of ${cases.join(', ')}.`)
  }
  const { db } = values
  if (db !== undefined && db !== 'sqlite' && db !== 'postgres') throw new TypeError('--db is sqlite or postgres.')
  return {
    only,
    databases: db === undefined ? ['sqlite', 'postgres'] : [db],
    rounds: count('rounds', values.rounds, quick ? 3 : 15),
    requests: count('requests', values.requests, quick ? 600 : 2000),
    rows: count('rows', values.rows, quick ? 50_000 : 1_000_000),
    quick,
    json: values.json,
    profile: values.profile,
  }
}

export function helpText(cases: readonly string[]): string {
  return HELP.replace('CASES', cases.join(', '))
}

function count(name: string, value: string | undefined, otherwise: number): number {
  const number = value === undefined ? otherwise : Number(value)
  if (!Number.isInteger(number) || number < 1) throw new TypeError(`--${name} is a whole number, 1 or more.`)
  return number
}
