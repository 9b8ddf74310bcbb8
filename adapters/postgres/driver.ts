// The way to pg, loaded only for a pool of the store's own: a missing one is told in a sentence.
import { createRequire } from 'node:module'
import type pg from 'pg'

const require = createRequire(import.meta.url)

/** @throws TypeError where pg is not installed; it says what to install. */
export function loadDriver(): typeof pg {
  try {
    return require('pg') as typeof pg
  } catch (cause) {
    throw new TypeError('postgresStore needs pg, which cannot be loaded: run `npm install pg`.', { cause })
  }
}
