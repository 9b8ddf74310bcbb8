// What may be asked for of invites and of who joined.
import * as v from 'valibot'
import { canonicalDomain } from '../addresses.js'
import { normalizeHumanCode } from '../codes.js'
import { isPlainObject } from '../input.js'
import { canonicalLocale } from '../locales.js'
import { inviteStatuses } from '../types.js'
import { addressSchema, integer, line, MAX_INTEGER, MAX_TERM_MS } from './fields.js'

const MAX_METADATA_BYTES = 4096
// As JSON escapes it: NUL and half surrogates, which Postgres keeps out of its `jsonb`.
const UNSTORABLE = /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/
const MAX_PAGE = 100

const domainRule = 'must be a domain, such as example.com'
const customCodeRule = 'must be 6 to 24 letters and digits, with dashes between if you like'
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
  /** Whether each address may use it once; whoever signs up must name theirs. Default: false. For shareable invites. */
  oncePerPerson: v.optional(v.boolean('must be true or false')),
  /** A code of your own, such as `LAUNCH-2026`; needs the option `humanCodes`, and a supervisor. Default: a random one. */
  customCode: v.optional(
    v.pipe(
      v.string(customCodeRule),
      v.regex(/^[0-9A-Za-z]+(?:-[0-9A-Za-z]+)*$/, customCodeRule),
      v.check((code) => normalizeHumanCode(code) !== undefined, customCodeRule),
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

/** A page of a list. */
export const pageSchema = v.strictObject({
  /** How many on one page, 1 to 100. Default: 25. */
  limit,
  /** The `nextCursor` of the page before. Default: the first page. */
  cursor,
})

/** `acceptances`: a page of who joined. */
export const acceptancesSchema = v.strictObject({
  /** Only those of this inviter's invites. */
  inviterId: v.optional(line(255)),
  /** Only those of this new user, by the host's id. */
  userId: v.optional(line(255)),
  /** Only those whose approval stands so. */
  approval: v.optional(v.picklist(['pending', 'approved', 'declined'])),
  ...pageSchema.entries,
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

/** `check`. */
export const checkSchema = v.strictObject({ inviteCode: v.optional(v.string('must be an invite code, as a string')) })

/** A request without fields. */
export const emptySchema = v.strictObject({})

function jsonBytes(value: unknown): number {
  try {
    return Buffer.byteLength(JSON.stringify(value))
  } catch {
    return Number.POSITIVE_INFINITY // nested deeper than the stack is
  }
}
