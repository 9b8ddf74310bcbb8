// `revoke`: takes an invite back, by its id or by the address it is for.
import type { Command } from 'commander'
import { InviteError } from '../../errors.js'
import { plain } from '../../plain-text.js'
import type { InviteSummary } from '../../types.js'
import type { Cli } from '../cli.js'
import { examples } from '../text.js'
import { isAddress, nameOf, outstandingOf } from '../which-invite.js'

export function addRevoke(program: Command, cli: Cli): void {
  program
    .command('revoke')
    .description('take an invite back; it admits nobody from then on')
    .argument('<invite>', 'its id, or the address it is for')
    .option('--yes', 'without asking')
    .addHelpText('after', examples('revoke ada@example.com'))
    .action(async (which: string, { yes }: { readonly yes?: boolean }) => {
      const install = await cli.open()
      const { invites, scope } = install
      const found = isAddress(which) ? await outstandingOf(install, which) : [await invites.retrieve(which, scope)]
      const names = found.map((invite) => plain(nameOf(invite))).join(', ')
      if (!yes) await cli.confirm(`Revoke the invite for ${names}? This cannot be undone.`)

      const revoked: InviteSummary[] = []
      invites.events.on('revoked', ({ invite }) => void revoked.push(invite))
      for (const { inviteId } of found) await invites.revoke(inviteId, scope)
      if (revoked.length === 0) throw new InviteError('invite_over', { detail: `${names}: used or revoked meanwhile.` })
      await cli.answer(
        { items: revoked },
        revoked.map((invite) => plain(`Revoked the invite for ${nameOf(invite)}.`)).join('\n'),
      )
    })
}
