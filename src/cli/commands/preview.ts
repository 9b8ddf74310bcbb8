// `preview`: the invite mail as the app's templates make it, with sample values. Nothing is sent.
import { writeFileSync } from 'node:fs'
import type { Command } from 'commander'
import { appOf } from '../../context.js'
import { canonicalLocale } from '../../locales.js'
import { composeSample, languagesWithout } from '../../mail/sample.js'
import type { MailMessage } from '../../options.js'
import { columns, plain } from '../../plain-text.js'
import type { Cli } from '../cli.js'
import { CliError, messageOf } from '../failures.js'
import { examples } from '../text.js'

interface PreviewOptions {
  readonly locale?: string
  readonly bare?: boolean
  readonly html?: boolean
  readonly to?: string
}

export function addPreview(program: Command, cli: Cli): void {
  program
    .command('preview')
    .description("show the invite mail as your app's templates make it, with sample values; sends nothing")
    .option('--locale <tag>', 'for an invitee of this language, such as de-CH')
    .option('--bare', 'of an invite without inviter, role, organization and note')
    .option('--html', 'print the HTML, in place of subject and text')
    .option('--to <file>', 'write the HTML to this file too, for a browser: mail.html')
    .addHelpText('after', examples('preview', 'preview --locale de --to mail.html'))
    .action(async ({ locale, bare = false, html, to }: PreviewOptions) => {
      if (locale !== undefined && canonicalLocale(locale) === undefined) {
        throw new CliError('usage_invalid', `--locale must be a language tag, such as en or de-CH, and not ${locale}.`)
      }
      if (to !== undefined && !/\.html?$/i.test(to)) {
        throw new CliError('usage_invalid', `--to takes a file for a browser, such as mail.html, and not ${to}.`)
      }
      const { context, scope } = await cli.open(['module'])
      const app = appOf(context, scope.appId)
      const mail = composeSample(context, app, { locale, bare })
      const { from, subject, text } = mail
      if (to !== undefined) write(to, mail.html)
      await cli.answer({ from, to: mail.to, subject, text, html: mail.html }, html ? shown(mail.html) : describe(mail))
      cli.note('The values are samples: the code and the link let nobody in.')
      const languages = locale === undefined ? undefined : languagesWithout(app, locale)
      if (languages !== undefined)
        cli.note(`There are no templates in ${locale}${others(languages)}: such an invitee gets these.`)
      if (to !== undefined) cli.note(`The HTML is in ${to}.`)
    })
}

function write(file: string, html: string): void {
  try {
    writeFileSync(file, html)
  } catch (error) {
    throw new CliError('usage_invalid', `--to: ${messageOf(error)}`, error)
  }
}

function describe({ from, to, subject, text }: MailMessage): string {
  const head = columns([
    ['from', from === '' ? '(your app has no option `from`)' : from],
    ['to', to],
    ['subject', subject],
  ])
  return `${head}\n\n${shown(text)}`
}

/** Line by line, with nothing that a terminal would obey. */
function shown(text: string): string {
  const lines = text.trimEnd().split(/\r?\n/)
  return lines.map((line) => line.split('\t').map(plain).join('\t')).join('\n')
}

function others(languages: readonly string[]): string {
  return languages.length === 0 ? '' : `, but in ${languages.join(', ')}`
}
