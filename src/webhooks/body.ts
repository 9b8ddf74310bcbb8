// What a webhook says, made when it is sent, from what is there then.
import type { LeasedWebhook } from '../store.js'
import { acceptanceView, isoTime, summaryOf } from '../views.js'
import {
  type AppWebhookData,
  acceptanceWebhookTypes,
  appWebhookTypes,
  type WebhookEvent,
  type WebhookType,
  webhookTypes,
} from '../webhook-types.js'

/** What an entry of the log is called on the wire; `undefined`: this version knows no such entries. */
export function typeOf(action: string): WebhookType | undefined {
  return Object.hasOwn(webhookTypes, action) ? webhookTypes[action as keyof typeof webhookTypes] : undefined
}

/** `undefined` where what it tells of is gone. */
export function bodyOf(type: WebhookType, leased: LeasedWebhook, now: number): WebhookEvent | undefined {
  const { entry, acceptance } = leased
  if (entry === undefined) return undefined
  const timestamp = isoTime(entry.at)
  const { id: entryId, appId, actor, details } = entry
  const data: AppWebhookData = { entryId, appId, actor, details }
  if (isOneOf(appWebhookTypes, type)) return { type, timestamp, data }
  const invite = leased.invite === undefined ? null : summaryOf(leased.invite, now)
  if (!isOneOf(acceptanceWebhookTypes, type)) return { type, timestamp, data: { ...data, invite } }
  if (acceptance === undefined) return undefined
  return { type, timestamp, data: { ...data, invite, acceptance: acceptanceView(acceptance) } }
}

function isOneOf<Type extends string>(types: readonly Type[], type: string): type is Type {
  return types.some((each) => each === type)
}
