// The machine and the versions that figures come from, and who runs on which of its cores.
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { cpus, loadavg, release, totalmem, type } from 'node:os'
import { join } from 'node:path'

const modules = join(import.meta.dirname, '..', '..', 'node_modules')
const cores = cpus().length

/** Whether server and client can have a core each. */
const canPin = cores > 1 && process.platform === 'linux' && works('taskset', '--version')

/** The command that runs Node: on the first core where it can be pinned. */
export function pinnedNode(core = 0): readonly [string, ...string[]] {
  return canPin ? ['taskset', '--cpu-list', String(core % cores), process.execPath] : [process.execPath]
}

/** Moves this process, which is the client, to the last core. What was started before stays where it is. */
export function pinClient(): void {
  if (canPin) taskset(String(cores - 1))
}

/** Lets this process, and what it starts from now on, run anywhere again. */
export function unpinClient(): void {
  if (canPin) taskset(`0-${cores - 1}`)
}

function taskset(list: string): void {
  execFileSync('taskset', ['--all-tasks', '--pid', '--cpu-list', list, String(process.pid)], { stdio: 'ignore' })
}

function works(command: string, ...args: readonly string[]): boolean {
  try {
    execFileSync(command, args, { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

export function describeMachine(): readonly string[] {
  const [cpu] = cpus()
  const memory = Math.round(totalmem() / 2 ** 30)
  const version = (name: string) =>
    `${name} ${JSON.parse(readFileSync(join(modules, name, 'package.json'), 'utf8')).version}`
  const packages = ['express', 'better-sqlite3', 'pg', 'kysely', 'undici'].map(version).join(', ')
  return [
    `${cores} × ${cpu?.model}, ${memory} GB, ${type()} ${release()}, load ${loadavg()[0]?.toFixed(1)} at the start`,
    `Node ${process.versions.node}, ${packages}`,
    canPin
      ? `the host process on core 0, the client on core ${cores - 1}, Postgres on any`
      : 'host process and client on any core: pinning needs Linux, two cores and taskset',
  ]
}
