// An invite that nobody was sent, to see the templates with.
import type { AppConfig } from '../app-config.js'
import { generateCode } from '../codes.js'
import type { Context } from '../context.js'
import { canonicalLocale, lookupOrder } from '../locales.js'
import type { MailMessage } from '../options.js'
import type { DeliveryRecord, InviteRecord } from '../store.js'
import { openTemplates } from '../templates/templates.js'
import { createCompose } from './message.js'

export interface Sample {
  /** The invitee's language, as it was asked for; the app's own by default. */
  readonly locale: string | undefined
  /** Without what an invite may lack: inviter, role, organization and note. */
  readonly bare: boolean
}

/** The invite mail of `app`, with values that are made up. */
export function composeSample(context: Context, app: AppConfig, sample: Sample): MailMessage {
  const now = context.config.clock()
  const invite = sampleInvite(app, sample, { now, role: context.config.roles?.[0] ?? 'member' })
  return createCompose(context, app)(invite, sampleDelivery(invite, now), generateCode())
}

/** The languages that there are mails in, if `locale` is served by none of them. */
export function languagesWithout(app: AppConfig, locale: string): readonly string[] | undefined {
  const languages = openTemplates(app.templates).locales('email')
  return lookupOrder(canonicalLocale(locale)).some((each) => languages.includes(each)) ? undefined : languages
}

function sampleInvite(
  { appId, ttlMs }: AppConfig,
  { locale = null, bare }: { readonly locale?: string | null | undefined; readonly bare: boolean },
  { now, role }: { readonly now: number; readonly role: string },
): InviteRecord {
  const unlessBare = (value: string) => (bare ? null : value)
  return {
    id: 'sample',
    appId,
    email: 'ada@example.com',
    emailCanonical: 'ada@example.com',
    emailDomain: null,
    oncePerPerson: false,
    source: null,
    codeHash: '',
    codeSealed: '',
    codeGeneration: 1,
    role: unlessBare(role),
    orgId: unlessBare('analytical-engines'),
    inviterId: unlessBare('grace'),
    inviterEmail: unlessBare('grace@example.com'),
    inviterName: unlessBare('Grace Hopper'),
    message: unlessBare('We would love to have you with us.\nGrace'),
    locale,
    metadata: null,
    maxUses: 1,
    uses: 0,
    held: 0,
    createdAt: now,
    termMs: ttlMs,
    expiresAt: ttlMs === null ? null : now + ttlMs,
    revokedAt: null,
    delivery: null,
  }
}

function sampleDelivery({ id }: InviteRecord, now: number): DeliveryRecord {
  return {
    id: 'sample',
    inviteId: id,
    requestId: null,
    attempts: 1,
    lastError: null,
    nextAttemptAt: now,
    leasedUntil: null,
    sentAt: null,
    failedAt: null,
    canceledAt: null,
  }
}
