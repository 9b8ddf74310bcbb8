// `stats`: what happened over time.
import { type Command, Option } from 'commander'
import { columns } from '../../plain-text.js'
import { periods, type Statistics } from '../../record-types.js'
import type { Cli } from '../cli.js'
import { examples, readableSpan } from '../text.js'

interface StatsOptions {
  readonly from?: string
  readonly until?: string
  readonly by: Statistics['by']
}

export function addStats(program: Command, cli: Cli): void {
  program
    .command('stats')
    .description('count invites that were made, mailed, accepted, expired and revoked')
    .option('--from <time>', 'since then, such as 2027-03-01T00:00:00Z (default: 30 days)')
    .option('--until <time>', 'before then (default: now)')
    .addOption(new Option('--by <period>', 'by days, weeks or months').choices(periods).default('day'))
    .addHelpText('after', examples('stats', 'stats --by month --from 2027-01-01T00:00:00Z'))
    .action(async ({ from, until, by }: StatsOptions) => {
      const { invites, scope } = await cli.open()
      const asked = { by, ...(from !== undefined && { from }), ...(until !== undefined && { until }) }
      const statistics = await invites.stats(asked, scope)
      await cli.answer(statistics, textOf(statistics))
    })
}

function textOf({ total, periods, medianAcceptMs, inviters, sources }: Statistics): string {
  const names = ['made', 'mailed', 'failed', 'accepted', 'expired', 'revoked'] as const
  const rowOf = (name: string, counts: Statistics['total']) => [name, ...names.map((each) => String(counts[each]))]
  const some = periods.filter((period) => names.some((name) => period[name] > 0))
  const rows = some.map((period) => rowOf(period.from.slice(0, 10), period))
  const table = columns([['FROM', ...names.map((name) => name.toUpperCase())], ...rows, rowOf('total', total)])
  const most = inviters.slice(0, 10).map(({ inviterId, made, accepted }) => {
    return [inviterId ?? '(nobody named)', String(made), String(accepted)]
  })
  const median =
    medianAcceptMs === null ? [] : [`Half of those who joined did so within ${readableSpan(medianAcceptMs)}.`]
  const from = sources.slice(0, 10).map(({ source, made, accepted }) => {
    return [source ?? '(none)', String(made), String(accepted)]
  })
  const named = sources.some(({ source }) => source !== null)
  return [
    ...[table, ...median],
    ...(most.length > 0 ? [columns([['INVITER', 'MADE', 'ACCEPTED'], ...most])] : []),
    ...(named ? [columns([['SOURCE', 'MADE', 'ACCEPTED'], ...from])] : []),
  ].join('\n\n')
}
