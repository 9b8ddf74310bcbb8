// The limits on mails, as the store counts them: under digests, which are the same for every process.
import type { Context } from '../context.js'
import { InviteError } from '../errors.js'
import type { MailLimits } from '../options.js'
import type { InviteRecord, MailCount, MailsExceeded } from '../store.js'

type Mailed = Pick<InviteRecord, 'appId' | 'emailCanonical' | 'inviterId'>

const details: Readonly<Record<keyof MailLimits, string>> = {
  perRecipient: 'This address has been sent as many invites as it may be for now.',
  perInviter: 'As many invites were mailed in this name as may be for now.',
  perApp: 'This app has mailed as many invites as it may for now.',
  overall: 'As many invites were mailed as may be for now.',
}

/** What a mail of this invite counts for. */
export function mailCounts(context: Context, invite: Mailed): readonly MailCount[] {
  return limitsOf(context, invite).map(({ name: _name, ...count }) => count)
}

/** Why this invite cannot be mailed now. */
export function tooManyMails(context: Context, invite: Mailed, { id, until }: MailsExceeded): InviteError {
  const name = limitsOf(context, invite).find((each) => each.id === id)?.name ?? 'overall'
  const seconds = Math.max(1, Math.ceil((until - context.config.clock()) / 1000))
  return new InviteError('rate_limited', { detail: details[name], headers: { 'Retry-After': String(seconds) } })
}

function limitsOf({ config, keyring }: Context, { appId, emailCanonical, inviterId }: Mailed) {
  const whose: Readonly<Record<keyof MailLimits, readonly string[] | undefined>> = {
    perRecipient: emailCanonical === null ? undefined : [emailCanonical],
    perInviter: inviterId === null ? undefined : [appId, inviterId],
    perApp: [appId],
    overall: [],
  }
  return (Object.keys(whose) as (keyof MailLimits)[]).flatMap((name) => {
    const parts = whose[name]
    const limit = config.mailLimits[name]
    if (parts === undefined || limit === undefined) return []
    return { name, id: keyring.digest('mail-limit', [name, ...parts]), ...limit }
  })
}
