// Host apps in processes of their own, and requests to them.
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { afterThis } from '../support/cleanup.js'
import { SECRET } from '../support/host.js'
import { unmeasured } from '../support/project.js'

const ROOT = join(import.meta.dirname, '../..')

export interface HostProcess {
  readonly port: number
  isRunning(): boolean
  /** `kill -9`; resolves once the process is gone. */
  kill(): Promise<void>
}

/** Starts one on this database. */
export async function startHostProcess(options: {
  readonly url: string
  readonly workMs?: number
  /** Of its store. */
  readonly groupSize?: number | undefined
  /** How far a file may grow, in blocks of 512 bytes. Default: without end. */
  readonly maxFileBlocks?: number
  /** Where it sends its webhooks. */
  readonly webhooks?: { readonly url: string; readonly secret: string }
}): Promise<HostProcess> {
  const { webhooks } = options
  const env = {
    DATABASE: options.url,
    INVITE_SECRET: SECRET,
    WORK_MS: String(options.workMs ?? 0),
    GROUP_SIZE: String(options.groupSize ?? ''),
    ...(webhooks && { WEBHOOK_URL: webhooks.url, WEBHOOK_SECRET: webhooks.secret }),
  }
  const child = startProgram('test/processes/host-process.ts', env, options.maxFileBlocks)
  const [line] = await printed(child, /^port \d+$/)
  return {
    port: Number(line.slice('port '.length)),
    isRunning: () => child.exitCode === null && child.signalCode === null,
    kill: () => stop(child, 'SIGKILL'),
  }
}

/** Runs a TypeScript program of this repository; it is killed after the test. */
export function startProgram(file: string, env: NodeJS.ProcessEnv, maxFileBlocks?: number): ChildProcess {
  const program = [process.execPath, '--import', 'tsx', file] as const
  const [command, ...args] =
    maxFileBlocks === undefined
      ? program
      : (['/bin/sh', '-c', `trap '' XFSZ; ulimit -f ${maxFileBlocks}; exec "$@"`, 'sh', ...program] as const)
  const child = spawn(command, args, {
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
