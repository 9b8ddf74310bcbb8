// The mail of an invite: what its templates are told, and the message they make.
import type { AppConfig } from '../app-config.js'
import type { Context } from '../context.js'
import type { MailMessage } from '../options.js'
import { makeProof, makeToken } from '../proofs.js'
import type { DeliveryRecord, InviteRecord } from '../store.js'
import type { Shape } from '../templates/shape.js'
import { joinUrl } from '../views.js'
import { loadMailTemplates } from './mail-templates.js'
import { noMoreHeaders, noMoreUrl } from './no-more.js'

/** What the templates of the invite mail may use. */
export interface InviteMailValues {
  /** The app's. */
  readonly appName: string
  /** The picture in place of the name; empty where there is none. */
  readonly logoUrl: string
  /** Of the button, as `#4338ca`. */
  readonly color: string
  /** What can be read on `color`: black or white. */
  readonly textOnColor: string
  /** What stands under every mail; empty, or lines of text. */
  readonly footer: string
  /** The invitee's address. */
  readonly email: string
  /** In groups of four, as it is typed. */
  readonly inviteCode: string
  /** The link that signs up: it carries the code and the proof that this mail was read. */
  readonly joinUrl: string
  /** Empty where the inviter has none. */
  readonly inviterName: string
  /** Empty where the inviter has none. */
  readonly inviterEmail: string
  /** What is granted; empty where nothing is. */
  readonly role: string
  /** The organization that is joined; empty where there is none. */
  readonly orgId: string
  /** The inviter's personal note; may have several lines. */
  readonly message: string
  /** `28 November 2026 at 09:00 UTC`, in `language`; empty where it never expires. */
  readonly expiresAt: string
  /** `2026-11-28T09:00:00.000Z`; empty where it never expires. */
  readonly expiresAtIso: string
  /** Where the invitee can have no more mail of this kind, from anybody. */
  readonly noMoreUrl: string
  /** Where the code can be typed. */
  readonly signupUrl: string
  /** The invitee's locale: the invite's own, else the app's. */
  readonly locale: string
  /** The locale of the templates: that of their folder, else the app's, or `en` where they are ours. */
  readonly language: string
  /** The invite's own, as it was made with. */
  readonly metadata: Readonly<Record<string, unknown>>
}

const shape: Shape<InviteMailValues> = {
  appName: 'text',
  logoUrl: 'url',
  color: 'color',
  textOnColor: 'color',
  footer: 'text',
  email: 'text',
  inviteCode: 'text',
  joinUrl: 'url',
  inviterName: 'text',
  inviterEmail: 'text',
  role: 'text',
  orgId: 'text',
  message: 'text',
  expiresAt: 'text',
  expiresAtIso: 'text',
  noMoreUrl: 'url',
  signupUrl: 'url',
  locale: 'text',
  language: 'text',
  metadata: 'any',
}

/** Makes the messages of one app. */
export type Compose = (invite: InviteRecord, delivery: DeliveryRecord, code: string) => MailMessage

/** @throws TypeError where a template does not compile, or a locale has some of them only. */
export function createCompose(context: Context, app: AppConfig): Compose {
  const templatesIn = loadMailTemplates(app, 'invite', shape)
  const host = new URL(context.config.baseUrl).hostname
  return (invite, delivery, code) => {
    const locale = invite.locale ?? app.locale
    const templates = templatesIn(locale)
    const values = valuesFor(context, app, invite, { code, locale, language: templates.language })
    return {
      from: app.from ?? '',
      to: values.email,
      subject: oneLine(templates.subject(values)),
      text: templates.text(values),
      html: templates.html(values),
      messageId: `<${delivery.id}@${host}>`,
      // RFC 3834: no vacation answers.
      headers: { 'Auto-Submitted': 'auto-generated', ...noMoreHeaders(values.noMoreUrl) },
    }
  }
}

interface Edition {
  readonly code: string
  readonly locale: string
  readonly language: string
}

function valuesFor(
  context: Context,
  app: AppConfig,
  invite: InviteRecord,
  { code, locale, language }: Edition,
): InviteMailValues {
  const { logoUrl, color, textOnColor, footer } = app.branding
  return {
    appName: app.appName,
    logoUrl: logoUrl ?? '',
    color,
    textOnColor,
    footer,
    email: invite.email ?? '',
    inviteCode: code,
    joinUrl: joinUrl(context, invite.appId, makeToken(code, makeProof(context, invite))),
    inviterName: oneLine(plain(invite.inviterName)),
    inviterEmail: invite.inviterEmail ?? '',
    role: plain(invite.role),
    orgId: plain(invite.orgId),
    message: plain(invite.message),
    expiresAt: invite.expiresAt === null ? '' : `${dateIn(language, invite.expiresAt)} UTC`,
    expiresAtIso: invite.expiresAt === null ? '' : new Date(invite.expiresAt).toISOString(),
    noMoreUrl: noMoreUrl(context, invite.appId, invite.emailCanonical ?? ''),
    signupUrl: app.signupUrl,
    locale,
    language,
    metadata: invite.metadata ?? {},
  }
}

/** One line whatever the values held, so that no value can add a header. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ').trim()
}

/** Without the characters that turn the direction of what follows them: a name must not rearrange the mail. */
function plain(text: string | null): string {
  return (text ?? '').replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, '')
}

const dateFormats = new Map<string, Intl.DateTimeFormat>() // making one takes longer than all the rest of a mail

function dateIn(language: string, timestamp: number): string {
  const locale = language === 'en' ? 'en-GB' : language // without a region, day before month and 24 hours
  const known = dateFormats.get(locale)
  const format = known ?? new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeStyle: 'short', timeZone: 'UTC' })
  if (known === undefined) dateFormats.set(locale, format)
  return format.format(timestamp)
}
