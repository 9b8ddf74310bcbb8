// New databases for the hosts: files in one temporary folder, and databases in one Postgres of the benchmark's own.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import pg from 'pg'
import { createServer, type PostgresServer } from '../support/postgres-server.js'
import type { DatabaseKind } from './settings.js'

export interface Databases {
  /** The path of a new SQLite file in WAL mode, or the URL of a new Postgres database. */
  make(kind: DatabaseKind): Promise<string>
  /** Removes all of them. */
  remove(): Promise<void>
}

export function createDatabases(): Databases {
  const folder = mkdtempSync(join(tmpdir(), 'invite-only-bench-'))
  let server: Promise<PostgresServer> | undefined
  let made = 0
  return {
    async make(kind) {
      const name = `bench_${++made}`
      if (kind === 'sqlite') {
        const file = join(folder, `${name}.db`)
        const db = new Database(file)
        db.pragma('journal_mode = wal')
        db.close()
        return file
      }
      server ??= createServer() // its defaults: fsync and synchronous_commit are on
      const { url } = await server
      const client = new pg.Client({ connectionString: url })
      await client.connect()
      await client.query(`create database ${name}`)
      await client.end()
      return Object.assign(new URL(url), { pathname: `/${name}` }).href
    },
    async remove() {
      await (await server)?.remove()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}
