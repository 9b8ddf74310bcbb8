// `prune`: removes what has been over for long.
import type { Command } from 'commander'
import { columns } from '../../plain-text.js'
import type { Cli } from '../cli.js'
import { readDays } from '../durations.js'
import { examples, readableTerm } from '../text.js'

interface PruneFlags {
  readonly olderThan?: number
  readonly forgetAfter?: number
  readonly yes?: boolean
}

export function addPrune(program: Command, cli: Cli): void {
  program
    .command('prune')
    .description('remove invites that expired or were revoked long ago, and were never used; of every app')
    .option('--older-than <days>', 'what has been over for longer (default: as your app says, or 90d)', readDays)
    .option(
      '--forget-after <days>',
      'also forget the addresses of those who joined longer ago (default: as your app says, or never)',
      readDays,
    )
    .option('--yes', 'without asking, as once a day by cron')
    .addHelpText('after', examples('prune --older-than 365d', 'prune --forget-after 730d', 'prune --yes'))
    .action(async ({ olderThan, forgetAfter, yes }: PruneFlags) => {
      const { invites, origin, context } = await cli.open([], { anyApp: true })
      const { olderThanMs, forgetAfterMs } = {
        ...context.config.retention,
        ...(olderThan !== undefined && { olderThanMs: olderThan }),
        ...(forgetAfter !== undefined && { forgetAfterMs: forgetAfter }),
      }
      if (!yes) {
        const what = `every invite that has been over for ${readableTerm(olderThanMs)} and was never used`
        const who = `the addresses of those who joined over ${readableTerm(forgetAfterMs ?? 0)} ago`
        const all = forgetAfterMs === undefined ? what : `${what}, and ${who}`
        await cli.confirm(`Remove ${all}, of every app, from the database of ${origin}? This cannot be undone.`)
      }
      const pruned = await invites.prune({ olderThanMs, forgetAfterMs })
      const { invites: removed, deliveries, claims, keyedRequests, ...others } = pruned
      const rows = { invites: removed, mails: deliveries, claims, 'Idempotency-Keys': keyedRequests, ...others }
      await cli.answer(pruned, columns(Object.entries(rows).map(([name, number]) => [name, `${number} removed`])))
    })
}
