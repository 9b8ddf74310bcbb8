// What the routes about one person answer with, as schemas.
import * as v from 'valibot'
import { acceptanceSchema, inviteSchema } from './output.js'
import type { Forgotten, PersonData } from './use-cases/privacy.js'

const text = v.nullable(v.string())
const whole = v.pipe(v.number(), v.integer())
const time = v.pipe(v.string(), v.isoTimestamp())
const { inviteCode: _code, joinUrl: _link, ...summary } = inviteSchema.entries

export const personDataSchema = v.strictObject({
  email: v.string(),
  invites: v.array(v.strictObject({ ...summary, message: text, locale: text })),
  acceptances: v.array(acceptanceSchema),
  sent: whole,
  requests: v.array(
    v.strictObject({
      appId: v.string(),
      answers: v.record(v.string(), v.string()),
      locale: text,
      createdAt: time,
      verifiedAt: v.nullable(time),
      decision: v.nullable(v.picklist(['approve', 'decline'])),
    }),
  ),
  noMoreMail: v.boolean(),
}) satisfies v.GenericSchema<PersonData>

export const forgottenSchema = v.strictObject({
  invites: whole,
  acceptances: whole,
  sent: whole,
  requests: whole,
}) satisfies v.GenericSchema<Forgotten>
