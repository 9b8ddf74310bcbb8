// The mail of an invite: what its templates are told, and the message they make.
import type { AppConfig } from '../config.js'
import type { Context } from '../context.js'
import type { MailMessage } from '../options.js'
import { makeProof, makeToken } from '../proofs.js'
import type { DeliveryRecord, InviteRecord } from '../store.js'
import { loadTemplate } from '../templates.js'
import { joinUrl } from '../views.js'

/** What the templates of the invite mail may use. */
export interface InviteMailValues {
  readonly appName: string
  /** The invitee's address. */
  readonly email: string
  /** In groups of four, as it is typed. */
  readonly inviteCode: string
  /** The link that signs up: it carries the code and the proof that this mail was read. */
  readonly joinUrl: string
  /** Empty where the inviter has none. */
  readonly inviterName: string
  readonly inviterEmail: string
  readonly role: string
  readonly orgId: string
  /** The inviter's personal note; may have several lines. */
  readonly message: string
  /** `28 November 2026 at 09:00 UTC`; empty where it never expires. */
  readonly expiresAt: string
  /** Where the code can be typed. */
  readonly signupUrl: string
  readonly locale: string
  readonly metadata: Readonly<Record<string, unknown>>
}

/** Makes the messages of one app. */
export type Compose = (invite: InviteRecord, delivery: DeliveryRecord, code: string) => MailMessage

/** @throws TypeError where a template does not compile. */
export function createCompose(context: Context, app: AppConfig): Compose {
  const subject = loadTemplate('email/invite.subject.hbs', app.templates)
  const html = loadTemplate('email/invite.html.hbs', app.templates)
  const text = loadTemplate('email/invite.text.hbs', app.templates)
  const host = new URL(context.config.baseUrl).hostname
  return (invite, delivery, code) => {
    const values = valuesFor(context, app, invite, code)
    return {
      from: app.from ?? '',
      to: values.email,
      subject: oneLine(subject(values)),
      text: text(values),
      html: html(values),
      messageId: `<${delivery.id}@${host}>`,
      headers: { 'Auto-Submitted': 'auto-generated' }, // RFC 3834: no vacation answers
    }
  }
}

function valuesFor(context: Context, app: AppConfig, invite: InviteRecord, code: string): InviteMailValues {
  return {
    appName: app.appName,
    email: invite.email ?? '',
    inviteCode: code,
    joinUrl: joinUrl(context, invite.appId, makeToken(code, makeProof(context, invite))),
    inviterName: oneLine(plain(invite.inviterName)),
    inviterEmail: invite.inviterEmail ?? '',
    role: plain(invite.role),
    orgId: plain(invite.orgId),
    message: plain(invite.message),
    expiresAt: invite.expiresAt === null ? '' : `${dateFormat.format(invite.expiresAt)} UTC`,
    signupUrl: app.signupUrl,
    locale: invite.locale ?? 'en',
    metadata: invite.metadata ?? {},
  }
}

/** One line whatever the values held, so that no value can add a header. */
function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim()
}

/** Without the characters that turn the direction of what follows them: a name must not rearrange the mail. */
function plain(text: string | null): string {
  return (text ?? '').replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
}

const dateFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })
