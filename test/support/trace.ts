// What a request makes the database and the hashes do, so that two can be told to be alike inside too.
import crypto from 'node:crypto'
import { syncBuiltinESMExports } from 'node:module'
import Database from 'better-sqlite3'
import pg from 'pg'
import { afterThis } from './cleanup.js'

/** A query, or a batch of them. */
interface Asked {
  readonly text?: string
  readonly queries?: readonly Asked[]
}

/** What the database is told to do and what is hashed while `run` runs. */
export async function trace(run: () => PromiseLike<unknown>): Promise<readonly string[]> {
  const steps: string[] = []
  const database = new Database(':memory:')
  const statement = Object.getPrototypeOf(database.prepare('select 1')) as Record<string, unknown>
  database.close()
  const { createHash, hash } = crypto
  const own = { all: statement.all, run: statement.run }
  const client = pg.Client.prototype as unknown as Record<string, unknown>
  const { query } = client
  const restore = () => {
    Object.assign(statement, own)
    client.query = query
    Object.assign(crypto, { createHash, hash })
    syncBuiltinESMExports()
  }
  afterThis(restore)
  for (const [name, method] of Object.entries(own)) {
    statement[name] = function (this: Database.Statement, ...args: unknown[]) {
      steps.push(this.source)
      return Reflect.apply(method as () => unknown, this, args)
    }
  }
  client.query = function (this: pg.Client, ...args: [Asked]) {
    for (const { text = '' } of args[0].queries ?? [args[0]]) steps.push(text)
    return Reflect.apply(query as () => unknown, this, args)
  }
  crypto.createHash = (...args) => {
    steps.push(`hash ${args[0]}`)
    return createHash(...args)
  }
  crypto.hash = ((...args: Parameters<typeof hash>) => {
    steps.push(`hash ${args[0]}`)
    return hash(...args)
  }) as typeof hash
  syncBuiltinESMExports()
  await run()
  restore()
  return steps
}
