// What every command is handed: the install it works on, and the ways to answer.
import { createInterface } from 'node:readline'
import { plain } from '../plain-text.js'
import { CliError } from './failures.js'
import type { Install, Need } from './install.js'
import { type GlobalOptions, readSource } from './source.js'
import { json } from './text.js'

export interface Cli {
  /** The flags that every command takes, as they were given. */
  options(): GlobalOptions
  /** The install that flags, module and environment name; opened once. @throws CliError where something is missing. */
  open(needs?: readonly Need[], how?: { readonly toMigrate?: boolean; readonly anyApp?: boolean }): Promise<Install>
  /** The answer, on standard output: one JSON document with `--json`, else text. */
  answer(document: object, text: string): Promise<void>
  /** What people should know beside the answer, on standard error; nothing with `--json`. */
  note(text: string): void
  /** Asks before what cannot be undone. @throws CliError where the answer is no, or nobody can be asked. */
  confirm(question: string): Promise<void>
  /** Has the program exit with `code`, though nothing is thrown. */
  exitWith(code: number): void
}

export interface RunningCli extends Cli {
  readonly exitCode: number
  close(): Promise<void>
}

/** `write` is standard output: the process's own is kept from whatever the host's module prints. */
export function createCli(options: () => GlobalOptions, write: (text: string) => Promise<void>): RunningCli {
  let install: Install | undefined
  let exitCode = 0
  return {
    options,
    async open(needs = [], { toMigrate = false, anyApp = toMigrate } = {}) {
      const given = options()
      const source = readSource(given, process.env, process.cwd())
      const { openInstall } = await import('./install.js') // not before: help and typing errors come at once
      install ??= await openInstall(source, { needs, appId: given.app, toMigrate, anyApp })
      return install
    },
    answer: (document, text) => write(`${options().json ? json(document, 2) : text}\n`),
    note(text) {
      if (!options().json) process.stderr.write(`${plain(text)}\n`)
    },
    async confirm(question) {
      if (!process.stdin.isTTY) {
        throw new CliError('usage_invalid', `${question} Nobody can be asked here: say --yes. Nothing was changed.`)
      }
      if (!(await ask(`${question} [y/N] `))) throw new CliError('not_confirmed', 'Nothing was changed.')
    },
    exitWith(code) {
      exitCode = code
    },
    get exitCode() {
      return exitCode
    },
    async close() {
      await install?.invites.close()
    },
  }
}

function ask(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  return new Promise<boolean>((resolve) => {
    terminal.once('close', () => resolve(false)) // Ctrl-C and Ctrl-D mean no
    terminal.question(question, (answer) => {
      resolve(/^y(es)?$/i.test(answer.trim()))
      terminal.close()
    })
  })
}
