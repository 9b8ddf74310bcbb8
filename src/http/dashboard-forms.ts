// What the dashboard's forms for new invites ask for, and why one could not be made, in the words of the form.
import type { PageValues } from '../dashboard-page.js'
import type { InviteError } from '../errors.js'
import type { SendInvite } from '../use-cases/send.js'
import type { readForm } from './body.js'

/** What keeps a form from being carried out and is said beside it; the rest is answered with a page of its own. */
export const shownBeside: readonly string[] = ['input_invalid', 'invite_exists', 'quota_exceeded']

type FormFields = Awaited<ReturnType<typeof readForm>>

interface Wanted {
  readonly invite: SendInvite
  /** What the form is filled in with when it is shown again. */
  readonly typed: Partial<PageValues>
  readonly error: 'sendError' | 'linkError'
}

/** An invite for an address. */
export function wantedBySend({ email, role }: FormFields): Wanted {
  const typed = String(email ?? '').trim()
  return { invite: { email: typed, ...roleIn(role) }, typed: { typed }, error: 'sendError' }
}

/** A link to share; for any number of people where none is typed. */
export function wantedByLink({ uses, role }: FormFields): Wanted {
  const typedUses = String(uses ?? '').trim()
  const maxUses = typedUses === '' ? null : Number(typedUses)
  return { invite: { maxUses, ...roleIn(role) }, typed: { typedUses }, error: 'linkError' }
}

function roleIn(role: unknown): Pick<SendInvite, 'role'> {
  return role === undefined || role === '' ? {} : { role: String(role) }
}

/** Why the invite could not be made. */
export function explainForm({ email }: SendInvite, error: InviteError): string {
  const wrong = (field: string) => error.errors?.some(({ pointer }) => pointer === `#/${field}`)
  if (wrong('email')) {
    return email === ''
      ? 'Type the e-mail address to invite.'
      : `${email} is not an e-mail address. It must look like ada@example.com.`
  }
  if (!wrong('maxUses')) return error.message
  return error.message.includes('each account counts')
    ? 'Say how many: each account counts towards your invites.'
    : 'Type a whole number, 1 or more, or nothing for any number.'
}
