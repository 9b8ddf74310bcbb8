// `decide`: approves or declines who joined pending approval.
import { Argument, type Command } from 'commander'
import { columns } from '../../plain-text.js'
import type { Acceptance } from '../../types.js'
import type { Cli } from '../cli.js'
import { count, examples } from '../text.js'

export function addDecide(program: Command, cli: Cli): void {
  program
    .command('decide')
    .description('approve or decline who joined pending approval; it can be decided otherwise later')
    .addArgument(new Argument('<decision>', 'what they are told').choices(['approve', 'decline']))
    .argument('<acceptances...>', 'their ids, as `acceptances --approval pending` lists them')
    .addHelpText('after', examples('decide approve AQ8kpzN3rT7wYc2mXd4Ve', 'decide decline AQ8kpzN3rT7wYc2mXd4Ve'))
    .action(async (decision: 'approve' | 'decline', ids: readonly string[]) => {
      const { invites, scope } = await cli.open()
      const items: Acceptance[] = []
      for (const id of ids) {
        items.push(
          await (decision === 'approve' ? invites.approveAcceptance(id, scope) : invites.declineAcceptance(id, scope)),
        )
      }
      const rows = items.map(({ email, userId, role, acceptanceId }) => [
        email ?? userId ?? '-',
        role ?? '-',
        acceptanceId,
      ])
      const done = decision === 'approve' ? 'Approved' : 'Declined'
      await cli.answer({ items }, `${done} ${count(items.length, 'new member')}.\n${columns(rows)}`)
    })
}
