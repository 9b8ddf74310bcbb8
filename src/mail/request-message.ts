// The mail that has an address confirmed for the waiting list: what its templates are told, and the message they make.
import type { AppConfig } from '../app-config.js'
import type { Context } from '../context.js'
import type { MailMessage } from '../options.js'
import { requestUrl } from '../request-tokens.js'
import type { AccessRequestRecord, DeliveryRecord } from '../store.js'
import type { Shape } from '../templates/shape.js'
import { loadMailTemplates } from './mail-templates.js'
import { oneLine } from './message.js'
import { noMoreHeaders, noMoreUrl } from './no-more.js'

/** What the templates of the mail to who asks for access, `email/request.*.hbs`, may use. */
export interface RequestMailValues {
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
  /** The address that is to be confirmed. */
  readonly email: string
  /** The link that leads to the page that confirms it. */
  readonly confirmUrl: string
  /** Where whoever reads it can have no more mail of this kind, from anybody. */
  readonly noMoreUrl: string
  /** The locale that was asked for, else the app's. */
  readonly locale: string
  /** The locale of the templates: that of their folder, else the app's, or `en` where they are ours. */
  readonly language: string
}

const shape: Shape<RequestMailValues> = {
  appName: 'text',
  logoUrl: 'url',
  color: 'color',
  textOnColor: 'color',
  footer: 'text',
  email: 'text',
  confirmUrl: 'url',
  noMoreUrl: 'url',
  locale: 'text',
  language: 'text',
}

/** @throws TypeError where a template does not compile, or a locale has some of them only. */
export function createRequestCompose(
  context: Context,
  app: AppConfig,
): (request: AccessRequestRecord, delivery: DeliveryRecord, token: string) => MailMessage {
  const templatesIn = loadMailTemplates(app, 'request', shape)
  const host = new URL(context.config.baseUrl).hostname
  const { logoUrl, color, textOnColor, footer } = app.branding
  return (request, delivery, token) => {
    const locale = request.locale ?? app.locale
    const templates = templatesIn(locale)
    const values: RequestMailValues = {
      appName: app.appName,
      logoUrl: logoUrl ?? '',
      color,
      textOnColor,
      footer,
      email: request.email,
      confirmUrl: requestUrl(context, app.appId, token),
      noMoreUrl: noMoreUrl(context, app.appId, request.emailCanonical),
      locale,
      language: templates.language,
    }
    return {
      from: app.from ?? '',
      to: request.email,
      subject: oneLine(templates.subject(values)),
      text: templates.text(values),
      html: templates.html(values),
      messageId: `<${delivery.id}@${host}>`,
      // RFC 3834: no vacation answers.
      headers: { 'Auto-Submitted': 'auto-generated', ...noMoreHeaders(values.noMoreUrl) },
    }
  }
}
