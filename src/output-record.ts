// What the routes of the record answer with, as schemas.
import * as v from 'valibot'
import { type AuditEntry, type InviterState, type InviteTree, periods, type Statistics } from './record-types.js'
import type { Page } from './types.js'

const text = v.nullable(v.string())
const whole = v.pipe(v.number(), v.integer())
const time = v.pipe(v.string(), v.isoTimestamp())

export const auditEntrySchema = v.strictObject({
  entryId: v.string(),
  appId: v.string(),
  at: time,
  action: v.string(),
  actor: v.strictObject({ kind: v.picklist(['supervisor', 'member', 'code', 'key', 'invitee']), id: text }),
  inviteId: text,
  acceptanceId: text,
  details: v.nullable(v.record(v.string(), v.unknown())),
}) satisfies v.GenericSchema<AuditEntry>

export const auditPageSchema = v.strictObject({
  items: v.array(auditEntrySchema),
  nextCursor: text,
}) satisfies v.GenericSchema<Page<AuditEntry>>

const counts = v.strictObject({
  made: whole,
  mailed: whole,
  failed: whole,
  accepted: whole,
  expired: whole,
  revoked: whole,
})

export const statisticsSchema = v.strictObject({
  appId: v.string(),
  from: time,
  until: time,
  by: v.picklist(periods),
  total: counts,
  periods: v.array(v.strictObject({ from: time, ...counts.entries })),
  medianAcceptMs: v.nullable(whole),
  inviters: v.array(v.strictObject({ inviterId: text, made: whole, accepted: whole })),
  roles: v.array(v.strictObject({ role: text, made: whole, accepted: whole })),
  sources: v.array(v.strictObject({ source: text, made: whole, accepted: whole })),
}) satisfies v.GenericSchema<Statistics>

export const treeViewSchema = v.strictObject({
  appId: v.string(),
  rootId: v.string(),
  joined: whole,
  levels: v.array(whole),
  users: v.array(v.strictObject({ userId: v.string(), inviterId: v.string(), depth: whole, joined: whole })),
}) satisfies v.GenericSchema<InviteTree>

export const inviterStateSchema = v.strictObject({
  appId: v.string(),
  inviterId: v.string(),
  pausedAt: v.nullable(time),
}) satisfies v.GenericSchema<InviterState>
