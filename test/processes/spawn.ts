// Host apps in processes of their own, requests to them, and what they leave in the file that they share.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import Database from 'better-sqlite3'
import { afterThis } from '../support/cleanup.js'
import { SECRET } from '../support/host.js'
import { unmeasured } from '../support/project.js'

const ROOT = join(import.meta.dirname, '../..')

/** How the host counts the use: in one transaction with its user row, or after it. */
export type Accept = 'sync' | 'async'

export interface HostProcess {
  readonly port: number
  /** `kill -9`; resolves once the process is gone. */
  kill(): Promise<void>
}

export async function startHostProcess(options: {
  readonly file: string
  readonly accept: Accept
  readonly workMs?: number
}): Promise<HostProcess> {
  // Here, one after the other: two processes that switch a new file over at once lock each other out.
  const db = new Database(options.file)
  db.pragma('journal_mode = wal')
  db.close()
  const child = startProgram('test/processes/host-process.ts', {
    DATABASE_FILE: options.file,
    INVITE_SECRET: SECRET,
    ACCEPT: options.accept,
    WORK_MS: String(options.workMs ?? 0),
  })
  const [line] = await printed(child, /^port \d+$/)
  return { port: Number(line.slice('port '.length)), kill: () => stop(child, 'SIGKILL') }
}

/** Runs a TypeScript program of this repository; it is killed after the test. */
export function startProgram(file: string, env: NodeJS.ProcessEnv): ChildProcess {
  const child = spawn(process.execPath, ['--import', 'tsx', file], {
    cwd: ROOT,
    env: { ...unmeasured, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  afterThis(() => stop(child, 'SIGKILL'))
  return child
}

/** The lines of its output up to and with the one that matches, that one first; rejects where it ends before. */
export async function printed(child: ChildProcess, wanted: RegExp): Promise<readonly [string, ...string[]]> {
  const lines: string[] = []
  const errors: string[] = []
  child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk.toString('utf8')))
  if (child.stdout === null) throw new Error('its output is not read')
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line)
    if (wanted.test(line)) return [line, ...lines]
  }
  throw new Error(`It ended without printing ${wanted}:\n${[...lines, ...errors].join('\n')}`)
}

async function stop(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const exited = once(child, 'exit')
  child.kill(signal)
  await exited
}

export interface Answer {
  readonly status: number
  /** What the body says went wrong; `undefined` also where the connection broke before the body's end. */
  readonly code: string | undefined
  readonly userId: number | undefined
  readonly retryAfter: string | undefined
}

/** Posts over a connection of its own. `undefined` where no answer came. */
export function post(port: number, path: string, body: object = {}): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const options = { port, path, method: 'POST', agent: false, headers: { 'Content-Type': 'application/json' } }
    const req = request(options, (res) => {
      const chunks: Buffer[] = []
      const finish = () => {
        const { code, userId } = readJson(Buffer.concat(chunks).toString('utf8'))
        resolve({ status: res.statusCode ?? 0, code, userId, retryAfter: res.headers['retry-after'] })
      }
      res.on('data', (chunk: Buffer) => chunks.push(chunk))
      res.on('end', finish)
      res.on('error', finish) // the head was received all the same
    })
    req.on('error', () => resolve(undefined))
    req.end(JSON.stringify(body))
  })
}

function readJson(text: string): Partial<{ code: string; userId: number }> {
  try {
    return JSON.parse(text)
  } catch {
    return {}
  }
}

/** What is in the file, read past the library. */
export interface Ledger {
  uses(inviteId: string): { readonly uses: number; readonly held: number; readonly claims: number }
  /** The ids of the users that an invite let in, as the host has them. */
  users(inviteId: string): readonly number[]
  acceptances(inviteId: string): readonly { readonly userId: number; readonly email: string }[]
  /** All claim rows that are left. */
  claims(): number
}

export function openLedger(file: string): Ledger {
  const db = new Database(file, { readonly: true })
  afterThis(() => db.close())
  const uses = db.prepare<[string], ReturnType<Ledger['uses']>>(
    `select uses, held, (select count(*) from invite_only_claims where invite_id = invites.id) as claims
     from invite_only_invites as invites where id = ?`,
  )
  const users = db.prepare<[string], { id: number }>('select id from users where invite_id = ? order by id')
  const acceptances = db.prepare<[string], { userId: number; email: string }>(
    'select cast(user_id as integer) as userId, email from invite_only_acceptances where invite_id = ? order by 1',
  )
  const claims = db.prepare<[], { count: number }>('select count(*) as count from invite_only_claims')
  return {
    uses(inviteId) {
      const row = uses.get(inviteId)
      if (row === undefined) throw new Error(`there is no invite ${inviteId}`)
      return row
    },
    users: (inviteId) => users.all(inviteId).map(({ id }) => id),
    acceptances: (inviteId) => acceptances.all(inviteId),
    claims: () => claims.get()?.count ?? 0,
  }
}
