// What may be asked for of the waiting list.
import * as v from 'valibot'
import { addressSchema, line } from './fields.js'
import { pageSchema, sendSchema } from './invites.js'

const MAX_NAMED = 500
const MAX_NEXT = 500 // each is a step of its own, and the request waits for them all
const requestStates = ['waiting', 'approved', 'declined'] as const
const requestOrders = ['position', 'createdAt'] as const

const stateRule = `must be one of ${requestStates.join(', ')}`
const orderRule = `must be ${requestOrders.join(' or ')}`
const namedRule = `must be a list of 1 to ${MAX_NAMED} ids or addresses`
const nextRule = `must be a whole number from 1 to ${MAX_NEXT}`

const by = v.optional(v.picklist(requestOrders, orderRule), 'position')

/** `requestAccess`: who asks. */
export const accessRequestSchema = v.strictObject({
  /** Where the link that confirms is mailed to. */
  email: addressSchema,
  /** What is answered to the app's questions, by their names. */
  answers: v.optional(
    v.record(v.string(), v.string('must be a text'), 'must be an object of the answers by their names'),
  ),
  /** The language of the mails. */
  locale: sendSchema.entries.locale,
})

/** `listRequests`: a page of requests for access. */
export const requestListSchema = v.strictObject({
  /** Which to list. Default: `waiting`. */
  status: v.optional(v.picklist(requestStates, stateRule), 'waiting'),
  /** In which order those that wait come: as they were confirmed, or first made. Default: `position`. */
  by,
  ...pageSchema.entries,
})

const chosen = {
  /** The ids of the requests, or their addresses. */
  requests: v.optional(
    v.pipe(v.array(line(254), namedRule), v.minLength(1, namedRule), v.maxLength(MAX_NAMED, namedRule)),
  ),
  /** How many of those that wait, from the first on; in place of `requests`. */
  next: v.optional(
    v.pipe(v.number(nextRule), v.integer(nextRule), v.minValue(1, nextRule), v.maxValue(MAX_NEXT, nextRule)),
  ),
  /** Which are first: those that were confirmed first, or first made. Default: `position`. */
  by,
}

const { role, orgId, inviterEmail, message, expiresInMs, metadata } = sendSchema.entries

/** `declineRequests`: which. */
export const declineSchema = v.strictObject(chosen)

/** `approveRequests`: which, and what their invites hand out. */
export const approveSchema = v.strictObject({
  ...chosen,
  /** Granted to whoever accepts. */
  role,
  /** The organization that the invitees join. */
  orgId,
  /** In whose name the invites are sent. Default: whoever asks. */
  inviterEmail,
  /** A personal note in the mails. */
  message,
  /** The invites' term in ms; null: they never expire. Default: the app's. */
  expiresInMs,
  /** Anything of the host's, handed back with the claims. */
  metadata,
})
