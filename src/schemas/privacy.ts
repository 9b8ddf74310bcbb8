// What may be asked for of a person.
import * as v from 'valibot'
import { addressSchema } from './fields.js'

/** `export` and `forget`: whom. */
export const personSchema = v.strictObject({
  /** Their address. */
  email: addressSchema,
})
