// The built program, run as a child process with no terminal: what it prints, and what it exits with.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { SECRET } from '../support/host.js'
import { root } from '../support/project.js'

const MAIN = join(root, 'dist/src/cli/main.js')

/** What the environment says where the app's own module does not. */
export const known = { INVITE_SECRET: SECRET, INVITE_BASE_URL: 'https://acme.dev/invites' }

export const SECRET_OF_ANOTHER = 'the secret of another app, long enough to be one'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface RunOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** The program. Default: this repository's build. */
  readonly main?: string
}

/** Runs the program with `command`, split at spaces. */
export function runProgram(command: string, { cwd, env = {}, main = MAIN }: RunOptions): Promise<Ended> {
  const child = spawn(process.execPath, [main, ...command.split(' ').filter((word) => word !== '')], {
    cwd,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []]
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk))
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      resolve({ code, stdout: Buffer.concat(stdout).toString('utf8'), stderr: Buffer.concat(stderr).toString('utf8') })
    })
  })
}
