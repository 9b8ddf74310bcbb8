// A query as it is sent to Postgres.
import type { types } from './values.js'

export interface Query {
  readonly text: string
  readonly values?: unknown[]
  readonly types?: typeof types
  /** The name that the server keeps it under, where it does. */
  readonly keptAs?: string | undefined
}
