// Mails an invite at once, and says what became of the mail.
import { columns } from '../plain-text.js'
import type { Delivery, Invite } from '../types.js'
import { CliError } from './failures.js'
import type { Install } from './install.js'
import { readableTime } from './text.js'

const WAIT_MS = 65_000 // a little longer than the mailer is given for one mail

/** The invite after its mail, if one is queued, was tried. What else is due is delivered on the way, oldest first. */
export async function mailed(install: Install, made: Invite): Promise<Invite> {
  return install.show(made.delivery.state === 'queued' ? await delivered(install, made) : made)
}

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

/** @throws CliError where the mail was refused for good; `what` says what was done all the same. */
export function checkMailed({ delivery }: Invite, what: string): void {
  if (delivery.state !== 'failed') return
  throw new CliError('mail_failed', `${what}, but its mail was refused: ${delivery.lastError}`)
}

export interface Telling {
  /** What was done: `invited`. */
  readonly done: string
  /** What stands behind the code, if anything does. */
  readonly aboutCode?: string
  /** In place of what became of the mail. */
  readonly noMail?: string | undefined
}

/** The invite with what one passes on of it. */
export function describeSent(invite: Invite, { done, aboutCode = '', noMail }: Telling): string {
  const { email, role, inviteCode, joinUrl, expiresAt, delivery, maxUses } = invite
  const uses = maxUses === null ? 'any number of people' : maxUses === 1 ? 'one person' : `${maxUses} people`
  const rows = [
    [done, `${email ?? `whoever holds the link, ${uses}`}${role === null ? '' : ` as ${role}`}`],
    ['code', `${inviteCode ?? ''}${aboutCode}`],
    ['link', joinUrl ?? ''],
    ['expires', readableTime(expiresAt)],
  ]
  if (email !== null) rows.push(['mail', noMail ?? describeMail(delivery)])
  return columns(rows)
}

function describeMail({ state, lastError }: Delivery): string {
  if (state === 'none') return 'none: there is no mailer here, so pass the link on'
  if (state === 'queued' && lastError !== null) return `queued: ${lastError} (your app will try again)`
  if (state === 'queued' || state === 'sending') return 'queued: your app will deliver it'
  return state === 'failed' ? `failed: ${lastError}` : state
}
