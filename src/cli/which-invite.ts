// The invite that a command is about, by its id or by the address it is for.
import { parseAddress } from '../addresses.js'
import { InviteError } from '../errors.js'
import { invalidField } from '../input.js'
import type { Invite, Inviter, InviteStatus } from '../types.js'
import { viewOf } from '../views.js'
import { CliError } from './failures.js'
import type { Install } from './install.js'
import { allPages } from './pages.js'

/** How people tell one from another. */
export function nameOf({ email, inviteId, orgId }: Pick<Invite, 'email' | 'inviteId' | 'orgId'>): string {
  return `${email ?? 'whoever holds the link'}${orgId === null ? '' : ` (organization ${orgId})`} [${inviteId}]`
}

export function personOf({ id, name, email }: Inviter): string {
  return email === null ? (name ?? id) : name === null ? email : `${name} <${email}>`
}

export function isAddress(which: string): boolean {
  return which.includes('@')
}

/**
 * Every outstanding invite of an address: it may have one in each organization. Expired ones count: sending them again
 * would revive them.
 * @throws InviteError where there is none.
 */
export async function outstandingOf(install: Install, address: string): Promise<readonly Invite[]> {
  const found = await invitesOf(install, address, ['pending', 'expired'])
  if (found.length > 0) return found
  throw new InviteError('invite_not_found', { detail: `There is no outstanding invite for ${address}.` })
}

/**
 * One invite, whatever became of it; of an address, the outstanding one, else the newest.
 * @throws InviteError where there is none; CliError where several are outstanding.
 */
export async function oneInvite(install: Install, which: string): Promise<Invite> {
  if (!isAddress(which)) return await byId(install, which)
  const [outstanding, ...others] = await invitesOf(install, which, ['pending', 'expired'])
  if (others.length > 0) {
    const names = [outstanding, ...others].map((invite) => invite && nameOf(invite)).join(', ')
    throw new CliError('usage_invalid', `There are several: ${names}. Say which, by its id.`)
  }
  const found = outstanding ?? (await invitesOf(install, which, ['accepted', 'revoked']))[0]
  if (found !== undefined) return found
  throw new InviteError('invite_not_found', { detail: `There is no invite for ${which}.` })
}

/** Used and revoked ones too, which the routes keep from clients. */
async function byId({ context, scope: { appId } }: Install, inviteId: string): Promise<Invite> {
  const record = await context.store.findInvite({ appId, inviteId })
  if (record !== undefined) return viewOf(context, record, context.config.clock())
  const detail = `There is no invite with the id ${inviteId} in ${appId}. \`list\` shows the ids; an address serves too.`
  throw new InviteError('invite_not_found', { detail })
}

async function invitesOf({ invites, scope }: Install, typed: string, status: InviteStatus[]): Promise<Invite[]> {
  const address = parseAddress(typed)
  if (address === undefined) throw invalidField('email', 'must be one plain e-mail address, such as ada@example.com')
  const { items } = await allPages((page) => invites.list({ status, q: typed, ...page }, scope), undefined)
  return items.filter(({ email }) => parseAddress(email ?? '')?.canonical === address.canonical)
}
