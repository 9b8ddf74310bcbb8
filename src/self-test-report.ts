// What a self-test found, and how it is shown: a table of the doors, and under it what is wrong and how to mend it.
import { columns } from './plain-text.js'

/** What came of trying the doors of an app. */
export interface SelfTestReport {
  /** Whether every door stood. False where none could be tried, too. */
  readonly ok: boolean
  /** All of it as text, for a terminal or a log. Holds no code. */
  readonly table: string
  /** The doors, as they were declared. Empty where none was tried, as in mode `open` or `closed`. */
  readonly doors: readonly DoorReport[]
}

/** What came of one door. */
export interface DoorReport {
  /** Its name. */
  readonly name: string
  /** Whether it kept out whom it should, and let in whom it should. */
  readonly stood: boolean
  /** In the order of `no invite`, dead, good, used; those that no longer made sense are left out. */
  readonly tries: readonly DoorTry[]
}

/** One try to sign up. */
export interface DoorTry {
  /** With no invite, with a revoked one, with a good one, or once more with the one that was used then. */
  readonly invite: 'none' | 'dead' | 'good' | 'used'
  /** Whether it came out as it should. */
  readonly stood: boolean
  /** How it came out, such as `refused (403)` or `LET IN (201)`. */
  readonly answer: string
  /** What was wrong with that. */
  readonly why?: string
  /** What to do about it. */
  readonly cure?: string
}

const heads = { none: 'no invite', dead: 'dead invite', good: 'good invite', used: 'used invite' } as const
const signs = (stood: boolean) => (stood ? '✓' : '✗')

/** The whole report of these doors. */
export function reportOf(doors: readonly DoorReport[]): SelfTestReport {
  const rows = doors.map(({ name, stood, tries }) => [signs(stood), name, ...Object.keys(heads).map(answerTo(tries))])
  const table = columns([['', 'door', ...Object.values(heads)], ...rows])
  const faults = doors.flatMap((door) => faultsOf(door).map(describe(door.name)))
  return { ok: doors.every(({ stood }) => stood), table: [table, ...faults].join('\n\n'), doors }
}

/** The tries that came out wrong, but for those whose cure was told with one before. */
export function faultsOf({ tries }: DoorReport): readonly DoorTry[] {
  const wrong = tries.filter(({ stood }) => !stood)
  return wrong.filter(({ cure }, at) => wrong.findIndex((each) => each.cure === cure) === at)
}

/** What was wrong with a try, as a line. */
export function faultIn({ invite, why = '' }: DoorTry): string {
  return `${heads[invite]}: ${why}`
}

function answerTo(tries: readonly DoorTry[]): (invite: string) => string {
  return (invite) => tries.find((each) => each.invite === invite)?.answer ?? '–'
}

function describe(name: string): (fault: DoorTry) => string {
  return (fault) =>
    columns([
      [signs(false), `${name}, ${faultIn(fault)}`],
      ['', `→ ${fault.cure}`],
    ])
}
