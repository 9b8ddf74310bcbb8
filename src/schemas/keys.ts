// What may be asked for of keys.
import * as v from 'valibot'
import { type AppKeyScope, appKeyScopes, defaultScopes } from '../app-keys.js'
import { integer, line, MAX_TERM_MS } from './fields.js'

const scopesRule = `must be one or more of ${appKeyScopes.join(', ')}`

const scopesSchema: v.GenericSchema<readonly AppKeyScope[]> = v.pipe(
  v.array(v.picklist(appKeyScopes, scopesRule), scopesRule),
  v.minLength(1, scopesRule),
  v.transform((scopes) => [...new Set(scopes)]),
)

/** `createKey`: a new key. */
export const createKeySchema = v.strictObject({
  /** What people know it by, such as the program that it is for. */
  label: line(64),
  /** What it may be used for. Default: all there is but `settings` and `keys`. */
  scopes: v.optional(scopesSchema, defaultScopes),
  /** Its term in ms; null: it is good until it is revoked. Default: null. */
  expiresInMs: v.optional(v.nullable(integer(MAX_TERM_MS, ' (milliseconds)')), null),
})
