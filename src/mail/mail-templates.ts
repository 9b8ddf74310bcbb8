// The templates of one kind of mail: subject, HTML and text, in every language that there is a folder for.
import type { AppConfig } from '../app-config.js'
import { canonicalLocale, lookupOrder } from '../locales.js'
import type { Shape } from '../templates/shape.js'
import { openTemplates, type Render, type Templates } from '../templates/templates.js'

/** A mail in one language. */
export interface MailTemplates<Values> {
  readonly language: string
  readonly subject: Render<Values>
  readonly html: Render<Values>
  readonly text: Render<Values>
}

/**
 * Loads the mail called `name`, and returns what chooses its templates by the invitee's locale: those of that locale,
 * else of the app's, else those in no locale's folder.
 * @throws TypeError where a template does not compile, or a locale has some of them only.
 */
export function loadMailTemplates<Values>(
  app: AppConfig,
  name: string,
  shape: Shape<Values>,
): (locale: string) => MailTemplates<Values> {
  const templates = openTemplates(app.templates)
  const files = filesOf(name)
  const load = (language: string, locale?: string): MailTemplates<Values> => ({
    language,
    subject: templates.load(files.subject, shape, locale),
    html: templates.load(files.html, shape, locale),
    text: templates.load(files.text, shape, locale),
  })
  const common = load(templates.isOwn(templates.find(files.html)) ? app.locale : 'en')
  const byLocale = new Map<string, MailTemplates<Values>>()
  for (const locale of templates.locales('email')) {
    needAll(templates, files, locale)
    byLocale.set(locale, load(locale, locale))
  }
  return (locale) => {
    const wanted = [locale, app.locale].flatMap((each) => lookupOrder(canonicalLocale(each)))
    const found = wanted.find((each) => byLocale.has(each))
    return (found !== undefined && byLocale.get(found)) || common
  }
}

function filesOf(name: string) {
  return { subject: `email/${name}.subject.hbs`, html: `email/${name}.html.hbs`, text: `email/${name}.text.hbs` }
}

/** A mail is in one language: a locale has all of its files, or none (and perhaps partials). */
function needAll(templates: Templates, files: Readonly<Record<string, string>>, locale: string): void {
  const missing = Object.values(files).filter((file) => templates.find(file, locale) === templates.find(file))
  if (missing.length === 0 || missing.length === Object.keys(files).length) return
  throw new TypeError(`The templates have a mail in ${locale} that lacks ${missing.join(' and ')} in that language.`)
}
