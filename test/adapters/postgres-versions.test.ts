// The contract on every Postgres that is installed here beside npm's: the oldest that is supported must keep it too.
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import pg from 'pg'
import { storeContract } from '../../adapters/contract.js'
import { postgresStore } from '../../adapters/postgres.js'
import { afterThis } from '../support/cleanup.js'
import { execute } from '../support/postgres.js'
import { createServer, type PostgresServer } from '../support/postgres-server.js'

const OLDEST = 15
const INSTALLED = '/usr/lib/postgresql' // where Debian and Ubuntu keep them, by major version

const versions = existsSync(INSTALLED) ? readdirSync(INSTALLED).filter((version) => Number(version) >= OLDEST) : []

describe('postgresStore on other versions of Postgres', () => {
  if (!versions.includes(String(OLDEST))) {
    it(`Postgres ${OLDEST}, the oldest supported: SKIPPED, it is not installed in ${INSTALLED}`)
  }

  for (const version of versions) {
    describe(`on Postgres ${version}`, () => {
      let server: PostgresServer
      let schemas = 0

      before(async function () {
        this.timeout(60_000)
        server = await createServer({ binaries: join(INSTALLED, version, 'bin'), settings: { fsync: 'off' } })
      })
      after(() => server.remove())

      it('is that version', async () => {
        const { rows } = await execute(server.url, 'show server_version')
        if (!String(rows[0].server_version).startsWith(version)) throw new Error(`it is ${rows[0].server_version}`)
      })

      storeContract({ describe, it }, async () => {
        const pool = new pg.Pool({ connectionString: server.url })
        afterThis(() => pool.end())
        const store = postgresStore(pool, { schema: `v${++schemas}` })
        await store.migrate()
        return store
      })
    })
  }
})
