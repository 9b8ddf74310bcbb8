// `acceptances`: who joined, by which invite.
import { type Command, Option } from 'commander'
import { columns } from '../../plain-text.js'
import type { Approval } from '../../store.js'
import type { Acceptance } from '../../types.js'
import type { Cli } from '../cli.js'
import { readCount } from '../durations.js'
import { allPages } from '../pages.js'
import { examples, readableTime } from '../text.js'
import { personOf } from '../which-invite.js'

interface AcceptancesOptions {
  readonly approval?: Approval

  readonly limit: number
  readonly cursor?: string
  readonly all?: boolean
}

export function addAcceptances(program: Command, cli: Cli): void {
  program
    .command('acceptances')
    .description('list who joined, newest first')
    .addOption(
      new Option('--approval <state>', 'only those whose approval stands so').choices([
        'pending',
        'approved',
        'declined',
      ]),
    )
    .option('--limit <number>', 'at most so many, up to 100', readCount, 25)
    .option('--cursor <cursor>', 'the page after one that ended with this cursor')
    .option('--all', 'all of them, whatever --limit says')
    .addHelpText('after', examples('acceptances --limit 100', 'acceptances --approval pending'))
    .action(async ({ approval, limit, cursor, all }: AcceptancesOptions) => {
      const { invites, scope } = await cli.open()
      const page = all
        ? await allPages((query) => invites.acceptances({ approval, ...query }, scope), cursor)
        : await invites.acceptances({ approval, limit, cursor }, scope)
      await cli.answer(page, page.items.length === 0 ? 'Nobody joined by invite.' : table(page.items))
      if (page.nextCursor !== null) cli.note(`There are more: --cursor ${page.nextCursor}, or --all.`)
    })
}

function table(items: readonly Acceptance[]): string {
  const rows = items.map(
    ({ acceptanceId, email, userId, role, inviter, acceptedAt, reopenedAt, approval, inviteId }) => [
      acceptanceId,
      email ?? '-',
      userId ?? '-',
      role ?? '-',
      inviter === null ? '-' : personOf(inviter),
      `${readableTime(acceptedAt)}${noteOf({ reopenedAt, approval })}`,
      inviteId,
    ],
  )
  return columns([['ACCEPTANCE', 'WHO', 'USER', 'ROLE', 'INVITED BY', 'JOINED', 'INVITE'], ...rows])
}

function noteOf({ reopenedAt, approval }: Pick<Acceptance, 'reopenedAt' | 'approval'>): string {
  if (reopenedAt !== null) return ' (given back)'
  return approval === null || approval === 'approved' ? '' : ` (${approval})`
}
