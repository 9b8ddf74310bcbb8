// `prune`: removes what has been over for long.
import { type Command, Option } from 'commander'
import { columns } from '../../plain-text.js'
import type { Cli } from '../cli.js'
import { readDays } from '../durations.js'
import { examples, readableTerm } from '../text.js'

const KEPT = '90d'

export function addPrune(program: Command, cli: Cli): void {
  program
    .command('prune')
    .description('remove invites that expired or were revoked long ago, and were never used; of every app')
    .addOption(
      new Option('--older-than <days>', 'what has been over for longer')
        .argParser(readDays)
        .default(readDays(KEPT), KEPT),
    )
    .option('--yes', 'without asking, as once a day by cron')
    .addHelpText('after', examples('prune --older-than 365d', 'prune --yes'))
    .action(async ({ olderThan, yes }: { readonly olderThan: number; readonly yes?: boolean }) => {
      const { invites, origin } = await cli.open([], { anyApp: true })
      if (!yes) {
        const what = `every invite that has been over for ${readableTerm(olderThan)} and was never used`
        await cli.confirm(`Remove ${what}, of every app, from the database of ${origin}? This cannot be undone.`)
      }
      const pruned = await invites.prune({ olderThanMs: olderThan })
      const { invites: removed, deliveries, claims, keyedRequests, ...others } = pruned
      const rows = { invites: removed, mails: deliveries, claims, 'Idempotency-Keys': keyedRequests, ...others }
      await cli.answer(pruned, columns(Object.entries(rows).map(([name, number]) => [name, `${number} removed`])))
    })
}
