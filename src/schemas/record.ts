// What may be asked for of the record: the log, statistics, the tree, an inviter.
import * as v from 'valibot'
import { logActions, periods } from '../record-types.js'
import { inviteStatuses } from '../types.js'
import { line, moment } from './fields.js'
import { listSchema, pageSchema } from './invites.js'

const id = v.optional(line(255))
const from = v.optional(moment)
const until = v.optional(moment)

/** `audit`: a page of the log. */
export const auditSchema = v.strictObject({
  /** Only what was done to this invite. */
  inviteId: id,
  /** Only what was done by whoever has this id. */
  actor: id,
  /** Only what is logged so, such as `invite.revoke`. */
  action: v.optional(v.picklist(logActions, `must be one of ${logActions.join(', ')}`)),
  /** ISO 8601, with its zone. Default: since ever. */
  from,
  /** ISO 8601, with its zone: not from then on. Default: until now. */
  until,
  ...pageSchema.entries,
})

/** `stats`: what happened in some time. */
export const statsSchema = v.strictObject({
  /** ISO 8601, with its zone. Default: 30 days before `until`. */
  from,
  /** ISO 8601, with its zone: not from then on. Default: until now. */
  until,
  /** How long each period is. Default: `day`. */
  by: v.optional(v.picklist(periods, `must be one of ${periods.join(', ')}`), 'day'),
})

const MAX_DEPTH = 50
const depthRule = `must be a whole number from 1 to ${MAX_DEPTH}`

/** `tree`: who joined by somebody's invites, and by theirs. */
export const treeSchema = v.strictObject({
  /** The host's id of whoever it begins with. */
  rootId: line(255),
  /** How many steps down, 1 to 50. Default: 5. */
  depth: v.optional(
    v.pipe(
      v.union([v.number(), v.pipe(v.string(), v.regex(/^\d{1,2}$/), v.transform(Number))], depthRule),
      v.integer(depthRule),
      v.minValue(1, depthRule),
      v.maxValue(MAX_DEPTH, depthRule),
    ),
    5,
  ),
})

/** All acceptances, as CSV. */
export const inviterOnlySchema = v.strictObject({
  /** Only those of this inviter's invites. */
  inviterId: id,
})

/** All invites, as CSV. */
export const inviteExportSchema = v.strictObject({
  /** Which; names with commas between. Default: all. */
  status: v.optional(listSchema.entries.status.wrapped, [...inviteStatuses]),
  /** The start of the address, or `@domain`. */
  q: listSchema.entries.q,
})

/** `inviter`: what is to change about one. */
export const inviterSchema = v.strictObject({
  /** Whether their invites admit nobody, and they send none, until this is ended. */
  paused: v.boolean('must be true or false'),
})

/** `revokeAll`: whose invites are taken back. */
export const revokeAllSchema = v.strictObject({
  /** Only invites in this inviter's name. Default: the whole app's. */
  inviterId: id,
  /** Those too of everybody who joined by that inviter's invites, by theirs, and so on. Default: false. */
  branch: v.optional(v.boolean('must be true or false'), false),
})
