// A host app in a process of its own, seen from the benchmark: started, asked over IPC, stopped.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { pinnedNode } from './machine.js'

/** What a host process is to be: a name in `hosts/host.ts`, and the database that it works on. */
export interface HostSpec {
  readonly variant: string
  /** The path of a SQLite file, or `postgres://…`. */
  readonly database: string
  /** Of all its SQLite connections. */
  readonly synchronous?: 'full' | 'normal'
  /** The file that exports the peers. */
  readonly peers?: string | undefined
}

/** One request, and the status that it is answered with. */
export interface Sent {
  readonly method?: 'GET' | 'POST'
  readonly path: string
  readonly body?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly status: number
}

/** What its requests do: sign up with a code each, with bad ones, or all with one; look at a code; make an invite. */
export type RequestKind = 'signup' | 'bad' | 'hot' | 'check' | 'create'

export interface HostProcess {
  readonly origin: string
  /** Makes what so many requests need, and returns these: each is to be sent once. */
  prepare(kind: RequestKind, count: number): Promise<readonly Sent[]>
  /** What else it can do, by name. */
  ask<Result>(task: string, count?: number): Promise<Result>
  /** The µs of CPU that it has used so far. */
  cpu(): Promise<number>
  stop(): Promise<void>
}

const program = join(import.meta.dirname, 'hosts', 'host.ts')

export async function startHost(
  spec: HostSpec,
  { core, profile }: { readonly core?: number | undefined; readonly profile?: string | undefined } = {},
): Promise<HostProcess> {
  const [command, ...before] = pinnedNode(core)
  const name = `${spec.variant.replaceAll(/\W+/g, '-')}-${spec.database.split('/').at(-1)}` // databases have names of their own
  // A folder each, and no name: the thread of tsx's loader would write its profile over the one of the host.
  const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${join(profile, name)}`]
  const loader = import.meta.resolve('tsx')
  const child = spawn(command, [...before, ...profiling, '--import', loader, program, JSON.stringify(spec)], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: Error): void }>()
  let asked = 0
  child.on('message', ({ id, result, error }: { id: number; result?: unknown; error?: string }) => {
    const { resolve, reject } = waiting.get(id) ?? {}
    waiting.delete(id)
    if (error === undefined) resolve?.(result)
    else reject?.(new Error(`${spec.variant}: ${error}`))
  })
  child.on('exit', (code) => {
    for (const { reject } of waiting.values()) reject(new Error(`${spec.variant}: the host ended with ${code}`))
  })
  const ask = <Result>(task: string, count?: number, kind?: RequestKind) =>
    new Promise<Result>((resolve, reject) => {
      waiting.set(++asked, { resolve: resolve as (value: unknown) => void, reject })
      child.send({ id: asked, task, count, kind })
    })
  return {
    origin: `http://127.0.0.1:${await ask<number>('port')}`,
    prepare: (kind, count) => ask('prepare', count, kind),
    ask,
    cpu: () => ask('cpu'),
    async stop() {
      const exited = once(child, 'exit')
      ask('stop').catch(() => undefined)
      await exited
    },
  }
}
