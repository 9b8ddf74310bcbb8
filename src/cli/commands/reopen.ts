// `reopen`: gives a use back that was counted wrongly.
import type { Command } from 'commander'
import { plain } from '../../plain-text.js'
import type { Cli } from '../cli.js'
import { examples } from '../text.js'
import { oneInvite } from '../which-invite.js'

const NEXT = {
  pending: 'it admits again',
  expired: 'it has expired: `resend` revives it',
  revoked: 'it is revoked and admits nobody',
  accepted: 'all its uses are counted still',
}

export function addReopen(program: Command, cli: Cli): void {
  program
    .command('reopen')
    .description('give back a use that was counted though no account was made')
    .argument('<acceptance>', 'its id, as `acceptances` lists it')
    .option('--yes', 'without asking')
    .addHelpText('after', examples('acceptances', 'reopen AQ8kpzN3rT7wYc2mXd4Ve'))
    .action(async (acceptanceId: string, { yes }: { readonly yes?: boolean }) => {
      const install = await cli.open()
      if (!yes) await cli.confirm(`Give back the use ${acceptanceId}? Its invite admits somebody again.`)
      const now = install.context.config.clock()
      const acceptance = await install.invites.reopen(acceptanceId, install.scope)
      const { status } = await oneInvite(install, acceptance.inviteId)
      const who = acceptance.email ?? acceptance.userId ?? acceptance.acceptanceId
      const isAgain = Date.parse(acceptance.reopenedAt ?? '') < now
      const done = isAgain ? `The use by ${who} was given back before.` : `Gave back the use by ${who}.`
      await cli.answer(acceptance, plain(`${done} Invite ${acceptance.inviteId}: ${NEXT[status]}.`))
    })
}
