// The Postgres store behind a real PgBouncer in transaction mode, where one is installed: no npm package brings it.
import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { storeContract } from '../../adapters/contract.js'
import { postgresStore } from '../../adapters/postgres.js'
import { afterThis, temporaryFolder } from '../support/cleanup.js'
import { openPool, postgresUrl, temporarySchema } from '../support/postgres.js'
import { freePort } from '../support/postgres-server.js'

const isInstalled = isThere('pgbouncer')
if (!isInstalled) console.warn('SKIPPED: the Postgres store behind PgBouncer, because there is no `pgbouncer` here.')

describe('postgresStore behind PgBouncer in transaction mode', function () {
  if (!isInstalled) return void it.skip('needs `pgbouncer`')
  this.timeout(60_000)

  storeContract({ describe, it }, async () => {
    const pool = await openPool({ connectionString: await startBouncer() })
    const store = postgresStore(pool, { schema: await temporarySchema() })
    await store.migrate()
    return store
  })
})

/** Two server connections for any number of clients, so that no client can count on keeping one. */
async function startBouncer(): Promise<string> {
  const { hostname, port, username, password } = new URL(await postgresUrl())
  const folder = temporaryFolder()
  const listenPort = await freePort()
  writeFileSync(join(folder, 'users.txt'), `"${username}" "${password}"\n`)
  writeFileSync(
    join(folder, 'pgbouncer.ini'),
    `[databases]
postgres = host=${hostname} port=${port} user=${username} password=${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${listenPort}
unix_socket_dir =
auth_type = plain
auth_file = ${join(folder, 'users.txt')}
pool_mode = transaction
default_pool_size = 2
max_client_conn = 200
`,
  )
  chmodSync(folder, 0o755)
  const asRoot = process.getuid?.() === 0 ? { uid: 65534, gid: 65534 } : {} // it refuses to run as root
  const child = spawn('pgbouncer', [join(folder, 'pgbouncer.ini')], { stdio: ['ignore', 'ignore', 'pipe'], ...asRoot })
  afterThis(async () => {
    child.kill('SIGKILL')
    await once(child, 'exit')
  })
  let log = ''
  for await (const chunk of child.stderr) {
    log += chunk
    if (!log.includes('process up')) continue
    child.stderr.resume()
    return `postgres://${username}:${password}@127.0.0.1:${listenPort}/postgres`
  }
  throw new Error(`PgBouncer did not start:\n${log}`)
}

function isThere(program: string): boolean {
  try {
    execFileSync(program, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
