// `revoke`: takes an invite back, by its id or by the address it is for.
import type { Command } from 'commander'
import { parseAddress } from '../../addresses.js'
import { InviteError } from '../../errors.js'
import { invalidField } from '../../input.js'
import { plain } from '../../plain-text.js'
import type { Invite, InviteSummary } from '../../types.js'
import type { Cli } from '../cli.js'
import type { Install } from '../install.js'

export function addRevoke(program: Command, cli: Cli): void {
  program
    .command('revoke')
    .description('take an invite back; it admits nobody from then on')
    .argument('<invite>', 'its id, or the address it is for')
    .option('--yes', 'without asking')
    .action(async (which: string, { yes }: { readonly yes?: boolean }) => {
      const install = await cli.open()
      const found = which.includes('@') ? await byAddress(install, which) : [await byId(install, which)]
      const names = found.map(nameOf).join(', ')
      if (!yes) await cli.confirm(`Revoke the invite for ${names}? This cannot be undone.`)

      const revoked: InviteSummary[] = []
      install.invites.events.on('revoked', ({ invite }) => void revoked.push(invite))
      for (const { inviteId } of found) await install.invites.revoke(inviteId, install.scope)
      if (revoked.length === 0) throw new InviteError('invite_over', { detail: `${names}: used or revoked meanwhile.` })
      await cli.answer(
        { items: revoked },
        revoked.map((invite) => `Revoked the invite for ${nameOf(invite)}.`).join('\n'),
      )
    })
}

async function byId({ invites, scope }: Install, inviteId: string): Promise<Invite> {
  return await invites.retrieve(inviteId, scope)
}

/** One address may have an invite in each organization. Expired ones count: sending them again would revive them. */
async function byAddress({ invites, scope }: Install, typed: string): Promise<readonly Invite[]> {
  const address = parseAddress(typed)
  if (address === undefined) throw invalidField('email', 'must be one plain e-mail address, such as ada@example.com')
  const found: Invite[] = []
  let cursor: string | undefined
  do {
    const page = await invites.list({ status: ['pending', 'expired'], q: typed, limit: 100, cursor }, scope)
    found.push(...page.items.filter(({ email }) => parseAddress(email ?? '')?.canonical === address.canonical))
    cursor = page.nextCursor ?? undefined
  } while (cursor !== undefined)
  if (found.length > 0) return found
  throw new InviteError('invite_not_found', { detail: `There is no outstanding invite for ${typed}.` })
}

function nameOf({ email, inviteId, orgId }: Pick<Invite, 'email' | 'inviteId' | 'orgId'>): string {
  return plain(`${email ?? 'whoever holds the link'}${orgId === null ? '' : ` (organization ${orgId})`} [${inviteId}]`)
}
