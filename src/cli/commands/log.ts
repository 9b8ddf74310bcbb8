// `log`: who did what to which invite.
import { type Command, Option } from 'commander'
import { columns } from '../../plain-text.js'
import { type AuditEntry, type LogAction, logActions } from '../../record-types.js'
import type { Cli } from '../cli.js'
import { readCount } from '../durations.js'
import { examples, readableTime } from '../text.js'

interface LogOptions {
  readonly invite?: string
  readonly actor?: string
  readonly action?: LogAction
  readonly limit: number
  readonly cursor?: string
}

export function addLog(program: Command, cli: Cli): void {
  program
    .command('log')
    .description('show who did what, newest first')
    .option('--invite <id>', 'only what was done to this invite')
    .option('--actor <id>', 'only what was done by whoever has this id')
    .addOption(new Option('--action <action>', 'only this').choices(logActions))
    .option('--limit <number>', 'at most so many, up to 100', readCount, 25)
    .option('--cursor <cursor>', 'the page after one that ended with this cursor')
    .addHelpText('after', examples('log', 'log --action invite.revoke', 'log --actor key:9fK2 --json'))
    .action(async ({ invite: inviteId, actor, action, limit, cursor }: LogOptions) => {
      const { invites, scope } = await cli.open()
      const given = Object.entries({ inviteId, actor, action, limit, cursor }).filter(
        ([, value]) => value !== undefined,
      )
      const page = await invites.audit(Object.fromEntries(given), scope)
      await cli.answer(page, page.items.length === 0 ? 'Nothing was logged.' : table(page.items))
      if (page.nextCursor !== null) cli.note(`There is more: --cursor ${page.nextCursor}.`)
    })
}

function table(items: readonly AuditEntry[]): string {
  const rows = items.map(({ at, action, actor, inviteId, details }) => [
    readableTime(at),
    action,
    actor.id === null ? actor.kind : `${actor.kind} ${actor.id}`,
    inviteId ?? '-',
    details === null ? '' : JSON.stringify(details),
  ])
  return columns([['AT', 'ACTION', 'WHO', 'INVITE', 'DETAILS'], ...rows])
}
