// The Postgres store: the contract, and what is Postgres's own.
import { storeContract } from '../../adapters/contract.js'
import { postgresStore } from '../../adapters/postgres.js'
import { openPool, temporarySchema } from '../support/postgres.js'

describe('postgresStore', () => {
  storeContract({ describe, it }, async () => {
    const store = postgresStore(await openPool(), { schema: await temporarySchema() })
    await store.migrate()
    return store
  })
})
