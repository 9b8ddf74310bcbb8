// What the routes answer with, as schemas: the description of the routes is made from them, and tests hold the
// answers against them. Each is tied to the type that it describes.
import * as v from 'valibot'
import { type AppKey, appKeyScopes } from './app-keys.js'
import {
  type Acceptance,
  type AccessRequest,
  type Invite,
  type InvitePreview,
  inviteStatuses,
  modes,
  type Page,
  type Quota,
  type Settings,
} from './types.js'
import type { SentMany, SentRow } from './use-cases/send-many.js'

const text = v.nullable(v.string())
const whole = v.pipe(v.number(), v.integer())
const time = v.pipe(v.string(), v.isoTimestamp())
const inviter = v.nullable(v.strictObject({ id: v.string(), email: text, name: text }))

export const noMoreMailSchema = v.strictObject({ noMoreMail: v.boolean() })

export const inviteSchema = v.strictObject({
  inviteId: v.string(),
  inviteCode: text,
  email: text,
  appId: v.string(),
  used: v.boolean(),
  status: v.picklist(inviteStatuses),
  role: text,
  orgId: text,
  inviter,
  metadata: v.nullable(v.record(v.string(), v.unknown())),
  emailDomain: text,
  oncePerPerson: v.boolean(),
  maxUses: v.nullable(v.pipe(v.number(), v.integer())),
  uses: v.pipe(v.number(), v.integer()),
  createdAt: time,
  expiresAt: v.nullable(time),
  delivery: v.strictObject({
    state: v.picklist(['none', 'queued', 'sending', 'sent', 'failed', 'canceled']),
    attempts: v.pipe(v.number(), v.integer()),
    lastError: text,
    sentAt: v.nullable(time),
  }),
  joinUrl: text,
}) satisfies v.GenericSchema<Invite>

export const acceptanceSchema = v.strictObject({
  acceptanceId: v.string(),
  inviteId: v.string(),
  appId: v.string(),
  userId: text,
  email: text,
  role: text,
  orgId: text,
  inviter,
  acceptedAt: time,
  reopenedAt: v.nullable(time),
  approval: v.nullable(v.picklist(['pending', 'approved', 'declined'])),
  decidedAt: v.nullable(time),
}) satisfies v.GenericSchema<Acceptance>

export const previewSchema = v.strictObject({
  appId: v.string(),
  appName: v.string(),
  email: text,
  emailHint: text,
  inviter: v.nullable(v.strictObject({ name: text })),
  role: text,
  orgId: text,
  expiresAt: v.nullable(time),
}) satisfies v.GenericSchema<InvitePreview>

const sentRow = v.strictObject({
  line: whole,
  status: v.picklist(['created', 'skipped', 'invalid']),
  inviteId: text,
  reason: v.nullable(v.picklist(['invite_exists', 'already_joined', 'no_more_mail'])),
  errors: v.array(v.strictObject({ pointer: v.string(), detail: v.string() })),
}) satisfies v.GenericSchema<SentRow>

export const sentManySchema = v.strictObject({
  dryRun: v.boolean(),
  created: whole,
  skipped: v.strictObject({ invite_exists: whole, already_joined: whole, no_more_mail: whole }),
  invalid: whole,
  rows: v.array(sentRow),
}) satisfies v.GenericSchema<SentMany & { readonly rows: readonly SentRow[] }>

export const appSettingsSchema = v.strictObject({
  appId: v.string(),
  mode: v.picklist(modes),
  schedule: v.nullable(v.strictObject({ mode: v.picklist(modes), at: time })),
  seats: v.nullable(whole),
  quota: v.strictObject({
    start: v.nullable(whole),
    refill: v.nullable(v.strictObject({ amount: whole, everyMs: whole, cap: whole })),
    giveBack: v.boolean(),
  }),
}) satisfies v.GenericSchema<Settings>

export const appQuotaSchema = v.strictObject({
  appId: v.string(),
  inviterId: v.string(),
  left: v.nullable(whole),
  refillsAt: v.nullable(time),
}) satisfies v.GenericSchema<Quota>

export const grantedSchema = v.strictObject({ granted: whole })

export const invitePageSchema = v.strictObject({
  items: v.array(inviteSchema),
  nextCursor: text,
}) satisfies v.GenericSchema<Page<Invite>>

export const acceptancePageSchema = v.strictObject({
  items: v.array(acceptanceSchema),
  nextCursor: text,
}) satisfies v.GenericSchema<Page<Acceptance>>

export const appKeyPageSchema = v.strictObject({
  items: v.array(
    v.strictObject({
      keyId: v.string(),
      appId: v.string(),
      label: v.string(),
      scopes: v.array(v.picklist(appKeyScopes)),
      state: v.picklist(['active', 'expired', 'revoked']),
      createdAt: time,
      expiresAt: v.nullable(time),
      lastUsedAt: v.nullable(time),
      revokedAt: v.nullable(time),
    }),
  ),
  nextCursor: text,
}) satisfies v.GenericSchema<Page<AppKey>>
const requestSchema = v.strictObject({
  requestId: v.string(),
  appId: v.string(),
  email: v.string(),
  answers: v.record(v.string(), v.string()),
  status: v.picklist(['waiting', 'approved', 'declined']),
  position: v.nullable(whole),
  createdAt: time,
  verifiedAt: time,
  decidedAt: v.nullable(time),
  decidedBy: text,
  inviteId: text,
}) satisfies v.GenericSchema<AccessRequest>

export const requestPageSchema = v.strictObject({
  items: v.array(requestSchema),
  nextCursor: text,
}) satisfies v.GenericSchema<Page<AccessRequest>>

export const decidedSchema = v.strictObject({ decided: whole, items: v.array(requestSchema) })

export const askedSchema = v.strictObject({ detail: v.string() })

/** RFC 9457. */
export const problemSchema = v.strictObject({
  type: v.string(),
  title: v.string(),
  status: v.pipe(v.number(), v.integer()),
  code: v.string(),
  detail: v.string(),
  errors: v.optional(v.array(v.strictObject({ pointer: v.string(), detail: v.string() }))),
})
