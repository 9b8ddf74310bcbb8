// What may be asked for: the schemas from which validation, types and the description of the routes come.
import * as v from 'valibot'
import { type Address, canonicalDomain, parseAddress } from './addresses.js'
import { type FieldError, InviteError } from './errors.js'
import { canonicalLocale } from './locales.js'
import { inviteStatuses, modes, type PlannedSwitch, type QuotaRule, type QuotaRuleInput } from './types.js'

const MAX_TERM_MS = 10 * 366 * 24 * 60 * 60 * 1000
const MAX_INTEGER = 2 ** 31 - 1
const MAX_METADATA_BYTES = 4096
// As JSON escapes it: NUL and half surrogates, which Postgres keeps out of its `jsonb`.
const UNSTORABLE = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/
const MAX_PAGE = 100

const ADDRESS_RULE = 'must be one plain e-mail address, such as ada@example.com'

/** One address, parsed. */
const addressSchema = v.pipe(
  v.string(ADDRESS_RULE),
  v.rawTransform(({ dataset, addIssue, NEVER }): Address => {
    const address = parseAddress(dataset.value)
    if (address !== undefined) return address
    addIssue({ message: ADDRESS_RULE })
    return NEVER
  }),
)

const line = (max: number) => {
  const rule = `must be a line of 1 to ${max} characters`
  return v.pipe(
    v.string(rule),
    v.minLength(1, rule),
    v.maxLength(max, rule),
    v.regex(/^[^\p{Cc}\p{Cs}\u2028\u2029]*$/u, rule),
  )
}

const integer = (max: number, unit = '') => {
  const rule = `must be a whole number from 1 to ${max}${unit}, or null`
  return v.pipe(v.number(rule), v.integer(rule), v.minValue(1, rule), v.maxValue(max, rule))
}

const domainRule = 'must be a domain, such as example.com'
const messageRule = 'must be a text of up to 1000 characters without control characters'
const localeRule = 'must be a language tag, such as en or de-CH'
const metadataCharactersRule = 'must be without NUL and half surrogates, which not every database can keep'
const metadataRule = `must be an object of at most ${MAX_METADATA_BYTES} bytes as JSON, or null`

const expiresInMs = v.optional(v.nullable(integer(MAX_TERM_MS, ' (milliseconds)')))
const metadata = v.nullish(
  v.pipe(
    v.custom<Readonly<Record<string, unknown>>>(isPlainObject, metadataRule),
    v.check((value) => jsonBytes(value) <= MAX_METADATA_BYTES, metadataRule),
    v.check((value) => !UNSTORABLE.test(JSON.stringify(value)), metadataCharactersRule),
  ),
)

/** `send`: a new invite. */
export const sendSchema = v.strictObject({
  /** Whom it is for. Absent or null: a shareable invite, for whoever holds it. */
  email: v.nullish(addressSchema),
  /** Granted to whoever accepts. */
  role: v.nullish(line(64)),
  /** The organization that the invitee joins. */
  orgId: v.nullish(line(255)),
  /** In whose name it is sent. Default: whoever asks. */
  inviterEmail: v.optional(addressSchema),
  /** A personal note in the mail. */
  message: v.nullish(
    v.pipe(
      v.string(messageRule),
      v.maxLength(1000, messageRule),
      v.regex(/^(?:[^\p{Cc}\p{Cs}]|[\r\n\t])*$/u, messageRule),
    ),
  ),
  /** The language of the mail. */
  locale: v.nullish(
    v.pipe(
      v.string(localeRule),
      v.maxLength(35, localeRule),
      v.check((tag) => canonicalLocale(tag) !== undefined, localeRule),
    ),
  ),
  /** Its term in ms; null: it never expires. Default: the app's. */
  expiresInMs,
  /** How many may use it; null: any number. Default: 1, and always 1 with an address. */
  maxUses: v.optional(v.nullable(integer(MAX_INTEGER))),
  /** Only addresses of this domain may use it. */
  emailDomain: v.nullish(
    v.pipe(
      v.string(domainRule),
      v.rawTransform(({ dataset, addIssue, NEVER }): string => {
        const domain = canonicalDomain(dataset.value.replace(/^@/, ''))
        if (domain !== undefined) return domain
        addIssue({ message: domainRule })
        return NEVER
      }),
    ),
  ),
  /** Anything of the host's, handed back with the claim. */
  metadata,
  /** Whether it is mailed. Default: true where it has an address and there is a mailer. */
  sendEmail: v.optional(v.boolean('must be true or false')),
})

const statusRule = `must be one or more of ${inviteStatuses.join(', ')}, with commas between`
const limitRule = `must be a whole number from 1 to ${MAX_PAGE}`
const limit = v.optional(
  v.pipe(
    v.union([v.number(), v.pipe(v.string(), v.regex(/^\d{1,4}$/), v.transform(Number))], limitRule),
    v.integer(limitRule),
    v.minValue(1, limitRule),
    v.maxValue(MAX_PAGE, limitRule),
  ),
  25,
)
const cursor = v.optional(v.string('must be the nextCursor of the page before'))

/** `list`: a page of invites. */
export const listSchema = v.strictObject({
  /** Which to list; a list, or names with commas between. Default: `pending`. */
  status: v.optional(
    v.pipe(
      v.union(
        [
          v.array(v.string()),
          v.pipe(
            v.string(),
            v.transform((text) => text.split(',')),
          ),
        ],
        statusRule,
      ),
      v.array(v.picklist(inviteStatuses, statusRule)),
      v.minLength(1, statusRule),
    ),
    ['pending'],
  ),
  /** The start of the address, or `@domain`. */
  q: v.optional(v.pipe(v.string('must be a string'), v.maxLength(254, 'must be at most 254 characters'))),
  /** How many on one page, 1 to 100. Default: 25. */
  limit,
  /** The `nextCursor` of the page before. Default: the first page. */
  cursor,
})

/** `acceptances`: a page of who joined. */
export const pageSchema = v.strictObject({
  /** How many on one page, 1 to 100. Default: 25. */
  limit,
  /** The `nextCursor` of the page before. Default: the first page. */
  cursor,
})

/** `update`: what is to change; the rest stays. */
export const updateSchema = v.strictObject({
  /** Granted to whoever accepts; null: none. */
  role: v.nullish(line(64)),
  /** Its term from now on, in ms; null: it never expires. */
  expiresInMs,
  /** In place of all it had; null: none. */
  metadata,
})

/** `resend`. */
export const resendSchema = v.strictObject({
  /** Whether to make a new code, which ends the old one. Default: false. */
  rotate: v.optional(v.boolean('must be true or false'), false),
})

const modeRule = `must be one of ${modes.join(', ')}`
const timeRule = 'must be a time with its zone, such as 2027-03-01T09:00:00Z'
const ZONED_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d)$/

const countRule = `must be a whole number from 0 to ${MAX_INTEGER}, or null`
const countOf = v.pipe(
  v.number(countRule),
  v.integer(countRule),
  v.minValue(0, countRule),
  v.maxValue(MAX_INTEGER, countRule),
)
const addRule = `must be a whole number from 1 to ${MAX_INTEGER}`

const quotaRule = v.strictObject(
  {
    start: v.nullable(countOf),
    refill: v.optional(
      v.nullable(
        v.strictObject(
          {
            amount: integer(MAX_INTEGER),
            everyMs: integer(MAX_TERM_MS, ' (milliseconds)'),
            cap: integer(MAX_INTEGER),
          },
          'must be { amount, everyMs, cap }, or null',
        ),
      ),
      null,
    ),
    giveBack: v.optional(v.boolean('must be true or false'), false),
  },
  'must be { start, refill, giveBack }',
)

/** A rule of quotas that stands alone, as an option does. */
export const quotaRuleSchema = v.strictObject(quotaRule.entries)

// Named types, so that what is documented at them is said once.
const plannedSwitch: v.GenericSchema<PlannedSwitch> = v.strictObject(
  { mode: v.picklist(modes, modeRule), at: v.pipe(v.string(timeRule), v.regex(ZONED_TIME, timeRule)) },
  'must be { mode, at }, or null',
)
const quotaRuleInput: v.GenericSchema<QuotaRuleInput, QuotaRule> = quotaRule

/** `settings`: what is to change; the rest stays. */
export const settingsSchema = v.strictObject({
  /** How the app lets people in from now on, in every process. */
  mode: v.optional(v.picklist(modes, modeRule)),
  /** A switch to be made at a time: `{ mode, at }`, `at` in ISO 8601; null: none. */
  schedule: v.nullish(plannedSwitch),
  /** How many may join by invite, in all; null: any number. */
  seats: v.optional(v.nullable(integer(MAX_INTEGER))),
  /** How many invites each member may send; a whole rule, in place of the one before. */
  quota: v.optional(quotaRuleInput),
})

/** `quota`: what is left of it from now on. */
export const quotaSchema = v.strictObject({
  /** How many; null: any number. */
  left: v.nullable(countOf),
})

const whenRule = 'must be a time with its zone, such as 2027-05-01T00:00:00Z'
const when = v.optional(
  v.pipe(
    v.string(whenRule),
    v.regex(ZONED_TIME, whenRule),
    v.transform((text) => Date.parse(text)),
    v.check((time) => !Number.isNaN(time), 'must be a time that there is'),
  ),
)

/** `grantQuota`: one inviter, or everybody who joined from one time until before another, gets more. */
export const grantSchema = v.strictObject({
  /** How many more. */
  add: v.pipe(v.number(addRule), v.integer(addRule), v.minValue(1, addRule), v.maxValue(MAX_INTEGER, addRule)),
  /** The host's id of the inviter. */
  inviterId: v.optional(line(255)),
  /** ISO 8601, with its zone. Default: since ever. */
  joinedFrom: when,
  /** ISO 8601, with its zone: not from then on. Default: until now. */
  joinedUntil: when,
})

/** `check`. */
export const checkSchema = v.strictObject({ inviteCode: v.optional(v.string('must be an invite code, as a string')) })

/** A request without fields. */
export const emptySchema = v.strictObject({})

type FieldsSchema = v.StrictObjectSchema<v.ObjectEntries, undefined>

type Entries<Schema extends FieldsSchema> = Schema['entries']
type MayBeLeftOut<Schema extends v.GenericSchema> = undefined extends v.InferInput<Schema> ? true : false

/** What a caller passes: `v.InferInput`, written such that each field keeps its one doc comment. */
export type InputOf<Schema extends FieldsSchema> = {
  readonly [Name in keyof Entries<Schema> as MayBeLeftOut<Entries<Schema>[Name]> extends true
    ? Name
    : never]?: v.InferInput<Entries<Schema>[Name]>
} & {
  readonly [Name in keyof Entries<Schema> as MayBeLeftOut<Entries<Schema>[Name]> extends true
    ? never
    : Name]: v.InferInput<Entries<Schema>[Name]>
}

/** Reads `input`. @throws InviteError `input_invalid` naming every field that is wrong. */
export function read<Schema extends FieldsSchema>(schema: Schema, input: unknown): v.InferOutput<Schema> {
  if (!isPlainObject(input)) throw invalid([{ pointer: '#', detail: 'must be a JSON object' }])
  // Sorted out here, since the schema would name only the first.
  const names = Object.keys(input)
  const unknown = names.filter((name) => !Object.hasOwn(schema.entries, name))
  const known = Object.fromEntries(names.filter((name) => !unknown.includes(name)).map((name) => [name, input[name]]))
  const result = v.safeParse(schema, known, { abortPipeEarly: true })
  if (result.success && unknown.length === 0) return result.output
  throw invalid([
    ...(result.issues ?? []).map(({ path, message }) => ({
      pointer: pointerTo((path ?? []).map(({ key }) => key)),
      detail: message,
    })),
    ...unknown.map((name) => ({ pointer: pointerTo([name]), detail: 'is not a field of this request' })),
  ])
}

/** The failure for these fields. */
export function invalid(errors: readonly FieldError[]): InviteError {
  const detail = errors.map(({ pointer, detail }) => `${pointer.slice(2) || 'request'} ${detail}`).join('; ')
  return new InviteError('input_invalid', { errors, detail: `${detail}.` })
}

/** A field's failure. */
export function invalidField(field: string, detail: string): InviteError {
  return invalid([{ pointer: `#/${field}`, detail }])
}

/** RFC 6901, section 6: the URI fragment form. */
function pointerTo(path: readonly unknown[]): string {
  return `#/${path.map((key) => encodeURIComponent(String(key).replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`
}

function jsonBytes(value: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(value))
  } catch {
    return Number.POSITIVE_INFINITY // nested deeper than the stack is
  }
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
