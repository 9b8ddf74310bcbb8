// `send`: makes an invite, mails it at once where there is a mailer, and says what became of the mail.
import type { Command } from 'commander'
import { columns } from '../../plain-text.js'
import type { Delivery, Invite } from '../../types.js'
import type { Cli } from '../cli.js'
import { readDuration, readUses } from '../durations.js'
import { CliError } from '../failures.js'
import type { Install } from '../install.js'
import { readableTime } from '../text.js'

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

const WAIT_MS = 65_000 // a little longer than the mailer is given for one mail

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
    .action(async (email: string | undefined, options: SendOptions) => {
      if ((email === undefined) === !options.link) {
        const detail = email === undefined ? 'Say whom to invite, or --link.' : 'An address or --link, not both.'
        throw new CliError('usage_invalid', detail)
      }
      const install = await cli.open(['secret', 'baseUrl'])
      const made = await install.invites.send(fieldsOf(email, options), install.scope)
      const invite = install.show(made.delivery.state === 'queued' ? await delivered(install, made) : made)
      await cli.answer(invite, describe(invite, options))
      if (invite.delivery.state === 'failed') {
        throw new CliError('mail_failed', `The invite was made, but its mail was refused: ${invite.delivery.lastError}`)
      }
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
    expiresInMs: limit(expiresIn),
    maxUses: limit(maxUses),
    emailDomain,
    sendEmail: mail ? undefined : false,
  }
}

/** On the wire, `null` stands for no limit. */
function limit(number: number | undefined): number | null | undefined {
  return number === Number.POSITIVE_INFINITY ? null : number
}

/** The invite after its mail was tried. What else is due is delivered on the way, oldest first. */
async function delivered({ invites, scope }: Install, made: Invite): Promise<Invite> {
  let timer: NodeJS.Timeout | undefined
  const tried = new Promise<void>((resolve) => {
    const listen = ({ invite }: { readonly invite: { readonly inviteId: string } }) => {
      if (invite.inviteId === made.inviteId) resolve()
    }
    invites.events.on('sent', listen).on('failed', listen)
    timer = setTimeout(resolve, WAIT_MS)
  })
  await Promise.race([tried, invites.deliver().catch(() => undefined)]) // the invite is made, whatever becomes of its mail
  clearTimeout(timer)
  return await invites.retrieve(made.inviteId, scope)
}

function describe(invite: Invite, { mail }: SendOptions): string {
  const { email, role, inviteCode, joinUrl, expiresAt, delivery, maxUses } = invite
  const uses = maxUses === null ? 'any number of people' : maxUses === 1 ? 'one person' : `${maxUses} people`
  const rows = [
    ['invited', `${email ?? `whoever holds the link, ${uses}`}${role === null ? '' : ` as ${role}`}`],
    ['code', inviteCode ?? ''],
    ['link', joinUrl ?? ''],
    ['expires', readableTime(expiresAt)],
  ]
  if (email !== null) rows.push(['mail', mail ? describeMail(delivery) : 'none, as you said: pass the link on'])
  return columns(rows)
}

function describeMail({ state, lastError }: Delivery): string {
  if (state === 'none') return 'none: there is no mailer here, so pass the link on'
  if (state === 'queued' && lastError !== null) return `queued: ${lastError} (your app will try again)`
  if (state === 'queued' || state === 'sending') return 'queued: your app will deliver it'
  return state === 'failed' ? `failed: ${lastError}` : state
}
