// What webhooks say, as schemas: the description of the routes is made from them, and tests hold what is sent against them.
import * as v from 'valibot'
import { acceptanceSchema, inviteSchema } from './output.js'
import { auditEntrySchema } from './output-record.js'
import {
  type AcceptanceWebhookData,
  type AppWebhookData,
  acceptanceWebhookTypes,
  appWebhookTypes,
  type InviteWebhookData,
  webhookTypes,
} from './webhook-types.js'

const { entryId, appId, actor, details, at } = auditEntrySchema.entries

const aboutApp = v.strictObject({ entryId, appId, actor, details }) satisfies v.GenericSchema<AppWebhookData>

const aboutInvite = v.strictObject({
  ...aboutApp.entries,
  invite: v.nullable(v.omit(inviteSchema, ['inviteCode', 'joinUrl'])),
}) satisfies v.GenericSchema<InviteWebhookData>

const aboutAcceptance = v.strictObject({
  ...aboutInvite.entries,
  acceptance: acceptanceSchema,
}) satisfies v.GenericSchema<AcceptanceWebhookData>

/** The body of each webhook, by its name. */
export const webhookSchemas: ReadonlyMap<string, v.GenericSchema> = new Map(
  Object.values(webhookTypes).map((type) => {
    const isOf = (types: readonly string[]) => types.includes(type)
    const data = isOf(appWebhookTypes) ? aboutApp : isOf(acceptanceWebhookTypes) ? aboutAcceptance : aboutInvite
    return [type, v.strictObject({ type: v.literal(type), timestamp: at, data })]
  }),
)
