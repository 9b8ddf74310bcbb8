// The fields that requests have in common.
import * as v from 'valibot'
import { type Address, parseAddress } from '../addresses.js'

export const MAX_TERM_MS = 10 * 366 * 24 * 60 * 60 * 1000
export const MAX_INTEGER = 2 ** 31 - 1

const ADDRESS_RULE = 'must be one plain e-mail address, such as ada@example.com'

/** One address, parsed. */
export const addressSchema = v.pipe(
  v.string(ADDRESS_RULE),
  v.rawTransform(({ dataset, addIssue, NEVER }): Address => {
    const address = parseAddress(dataset.value)
    if (address !== undefined) return address
    addIssue({ message: ADDRESS_RULE })
    return NEVER
  }),
)

/** A line of text. */
export const line = (max: number) => {
  const rule = `must be a line of 1 to ${max} characters`
  return v.pipe(
    v.string(rule),
    v.minLength(1, rule),
    v.maxLength(max, rule),
    v.regex(/^[^\p{Cc}\p{Cs}\u2028\u2029]*$/u, rule),
  )
}

/** A whole number, 1 or more, or null. */
export const integer = (max: number, unit = '') => {
  const rule = `must be a whole number from 1 to ${max}${unit}, or null`
  return v.pipe(v.number(rule), v.integer(rule), v.minValue(1, rule), v.maxValue(max, rule))
}

const countRule = `must be a whole number from 0 to ${MAX_INTEGER}, or null`
/** A whole number, 0 or more. */
export const countOf = v.pipe(
  v.number(countRule),
  v.integer(countRule),
  v.minValue(0, countRule),
  v.maxValue(MAX_INTEGER, countRule),
)
export const addRule = `must be a whole number from 1 to ${MAX_INTEGER}`

const timeRule = 'must be a time with its zone, such as 2027-03-01T09:00:00Z'
const ZONED_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/

/** A moment, with its zone; as it was written. */
export const zonedTime = v.pipe(
  v.string(timeRule),
  v.regex(ZONED_TIME, timeRule),
  v.check(isReal, 'must be a time that there is'),
)

/** A moment, with its zone; in ms since 1970. */
export const moment = v.pipe(
  zonedTime,
  v.transform((text) => Date.parse(text)),
)

/** Whether there is that day: `Date.parse` takes 30 February for 2 March. */
function isReal(text: string): boolean {
  const day = text.slice(0, 10)
  const parsed = new Date(`${day}T00:00:00Z`)
  return !Number.isNaN(Date.parse(text)) && parsed.toISOString().startsWith(day)
}
