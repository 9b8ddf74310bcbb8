// A real Postgres: started once for the test run from the binaries that npm brought, or the one of TEST_POSTGRES_URL.
import pg from 'pg'
import { afterThis } from './cleanup.js'
import { createServer, type PostgresServer } from './postgres-server.js'

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

/** No test cuts the power: what a killed process wrote is safe without waiting for the disk. */
async function startShared(): Promise<string> {
  shared = await createServer({ settings: { fsync: 'off' } })
  return shared.url
}

after(() => shared?.remove())
