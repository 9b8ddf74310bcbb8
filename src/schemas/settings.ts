// What may be asked for of settings and quotas.
import * as v from 'valibot'
import { modes, type PlannedSwitch, type QuotaRule, type QuotaRuleInput } from '../types.js'
import { addRule, countOf, integer, line, MAX_INTEGER, MAX_TERM_MS, moment, zonedTime } from './fields.js'

const modeRule = `must be one of ${modes.join(', ')}`
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
  { mode: v.picklist(modes, modeRule), at: zonedTime },
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

/** `grantQuota`: one inviter, or everybody who joined from one time until before another, gets more. */
export const grantSchema = v.strictObject({
  /** How many more. */
  add: v.pipe(v.number(addRule), v.integer(addRule), v.minValue(1, addRule), v.maxValue(MAX_INTEGER, addRule)),
  /** The host's id of the inviter. */
  inviterId: v.optional(line(255)),
  /** ISO 8601, with its zone. Default: since ever. */
  joinedFrom: v.optional(moment),
  /** ISO 8601, with its zone: not from then on. Default: until now. */
  joinedUntil: v.optional(moment),
})
