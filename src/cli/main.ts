#!/usr/bin/env node
// The program `express-invite-only`: runs one command, tells what went wrong, and exits.
import { CommanderError } from 'commander'
import { plain } from '../plain-text.js'
import { createCli } from './cli.js'
import { exitCodes, problemOf } from './failures.js'
import { addCommands, createProgram } from './program.js'
import { json } from './text.js'

const args = process.argv.slice(2).map(String)

// Whatever the host's module prints while it loads must not get between the lines of an answer.
const stdout = process.stdout.write.bind(process.stdout)
process.stdout.write = process.stderr.write.bind(process.stderr)
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1)) // `| head`
const write = (text: string) => new Promise<void>((resolve) => stdout(text, () => resolve()))

// What the library warns a running app of is in the command's own answer, or its failure.
process.removeAllListeners('warning')
process.on('warning', (warning) => {
  if (warning.name !== 'ExpressInviteOnly') process.stderr.write(`${plain(`${warning.name}: ${warning.message}`)}\n`)
})

const program = createProgram((text) => void stdout(text))
const cli = createCli(() => program.opts(), write)
addCommands(program, cli)
const exitCode = await run()
process.exit(exitCode) // a host's module may have opened things that would keep the process alive

async function run(): Promise<number> {
  try {
    await program.parseAsync(idsLast(args), { from: 'user' })
    return cli.exitCode
  } catch (error) {
    if (error instanceof CommanderError && error.code === 'commander.help') return exitCodes.wrongUsage // told already
    if (error instanceof CommanderError && error.exitCode === 0) return 0 // --help, --version
    const { problem, exitCode } = problemOf(error)
    const asJson = args.includes('--json') // also where the flags could not be read
    process.stderr.write(`${asJson ? json(problem) : `error: ${plain(problem.detail)} [${problem.code}]`}\n`)
    return exitCode
  } finally {
    await cli.close()
  }
}

/**
 * One id in 64 begins with a dash. Such a one is moved behind `--`, where it is not taken for an option, or where it is
 * the value of an option, such as an organization's, tied to that.
 */
function idsLast(words: readonly string[]): readonly string[] {
  if (words.includes('--')) return words
  const first: string[] = []
  const ids: string[] = []
  for (const word of words) {
    const before = first.at(-1) ?? ''
    if (!/^-[\w][\w-]{19}$/.test(word)) first.push(word)
    else if (takesValue(before)) first.splice(-1, 1, `${before}=${word}`)
    else ids.push(word)
  }
  return ids.length === 0 ? first : [...first, '--', ...ids]
}

function takesValue(flag: string): boolean {
  const options = [program, ...program.commands].flatMap((command) => command.options)
  return options.some(({ long, required }) => long === flag && required)
}
