// The store in memory keeps the contract too.
import { storeContract } from '../../../adapters/contract.js'
import { memoryStore } from './store.js'

describe('a store in memory', () => {
  storeContract({ describe, it }, async () => memoryStore())
})
