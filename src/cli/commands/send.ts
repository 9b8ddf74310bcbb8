// `send`: makes an invite, mails it at once where there is a mailer, and says what became of the mail.
import type { Command } from 'commander'
import type { Cli } from '../cli.js'
import { limit, readDuration, readUses } from '../durations.js'
import { CliError } from '../failures.js'
import { checkMailed, describeSent, mailed } from '../mailing.js'
import { examples } from '../text.js'

interface SendOptions {
  readonly link?: boolean
  readonly role?: string
  readonly org?: string
  readonly inviter?: string
  readonly message?: string
  readonly locale?: string
  readonly expiresIn?: number
  readonly maxUses?: number
  readonly emailDomain?: string
  readonly mail: boolean
}

export function addSend(program: Command, cli: Cli): void {
  program
    .command('send')
    .description('invite somebody; prints the code and the link')
    .argument('[email]', 'whom to invite')
    .option('--link', 'a link for whoever holds it, in place of an address')
    .option('--role <role>', 'granted to whoever accepts')
    .option('--org <id>', 'the organization that the invitee joins')
    .option('--inviter <email>', 'in whose name (needs `findInviter` in your module)')
    .option('--message <text>', 'a personal note in the mail')
    .option('--locale <tag>', 'the language of the mail, such as de-CH')
    .option('--expires-in <duration>', '30m, 12h, 7d or never (default: as your app says)', readDuration)
    .option('--max-uses <number>', 'how many may use a link, or unlimited (default: 1)', readUses)
    .option('--email-domain <domain>', 'who may use a link: addresses of this domain')
    .option('--no-mail', 'without a mail: you pass the link on')
    .addHelpText(
      'after',
      examples(
        'send ada@example.com --role admin',
        'send --link --max-uses 50 --email-domain acme.dev --expires-in 7d',
      ),
    )
    .action(async (email: string | undefined, options: SendOptions) => {
      if ((email === undefined) === !options.link) {
        const detail = email === undefined ? 'Say whom to invite, or --link.' : 'An address or --link, not both.'
        throw new CliError('usage_invalid', detail)
      }
      const install = await cli.open(['secret', 'baseUrl'])
      const invite = await mailed(install, await install.invites.send(fieldsOf(email, options), install.scope))
      const noMail = options.mail ? undefined : 'none, as you said: pass the link on'
      await cli.answer(invite, describeSent(invite, { done: 'invited', noMail }))
      checkMailed(invite, 'The invite was made')
    })
}

function fieldsOf(email: string | undefined, options: SendOptions) {
  const { role, org, inviter, message, locale, expiresIn, maxUses, emailDomain, mail } = options
  return {
    email,
    role,
    orgId: org,
    inviterEmail: inviter,
    message,
    locale,
    expiresInMs: expiresIn === undefined ? undefined : limit(expiresIn),
    maxUses: maxUses === undefined ? undefined : limit(maxUses),
    emailDomain,
    sendEmail: mail ? undefined : false,
  }
}
