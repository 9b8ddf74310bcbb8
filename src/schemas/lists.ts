// What a list of invites may say, and how it may be asked for.
import * as v from 'valibot'
import { addressSchema } from './fields.js'
import { sendSchema } from './invites.js'

const { maxUses: _uses, emailDomain: _domain, oncePerPerson: _once, customCode: _code, ...fields } = sendSchema.entries
const flagRule = 'must be true or false'
const perHourRule = 'must be a whole number from 1 to 1000000'

/** `sendMany`: one of many. As `send` has it, for one address. */
export const rowSchema = v.strictObject({
  ...fields,
  /** Whom it is for. */
  email: addressSchema,
})

/** Many of them. */
export const rowsSchema = v.array(rowSchema)

/** `sendMany`: how. */
export const sendManySchema = v.strictObject({
  /** Whether to say what would become of the list, and change nothing. Default: false. */
  dryRun: v.optional(
    v.union(
      [
        v.boolean(),
        v.pipe(
          v.picklist(['true', 'false']),
          v.transform((text) => text === 'true'),
        ),
      ],
      flagRule,
    ),
    false,
  ),
  /** How many mails are due an hour, after those that already wait. Default: all at once. */
  perHour: v.optional(
    v.pipe(
      v.union([v.number(), v.pipe(v.string(), v.regex(/^\d{1,7}$/), v.transform(Number))], perHourRule),
      v.integer(perHourRule),
      v.minValue(1, perHourRule),
      v.maxValue(1_000_000, perHourRule),
    ),
  ),
})
