// `approve`: shows who waits for access, and decides who gets it.
import { type Command, Option } from 'commander'
import { columns } from '../../plain-text.js'
import type { AccessRequest } from '../../types.js'
import type { DecidedRequests } from '../../use-cases/request-decisions.js'
import type { Cli } from '../cli.js'
import { readCount, readDuration } from '../durations.js'
import { CliError } from '../failures.js'
import type { Install } from '../install.js'
import { count, examples, readableTime } from '../text.js'

interface ApproveOptions {
  readonly next?: number
  readonly by: 'position' | 'createdAt'
  readonly decline?: boolean
  readonly role?: string
  readonly org?: string
  readonly inviter?: string
  readonly message?: string
  readonly expiresIn?: number
}

const AT_ONCE = 500 // as many as one call takes
const SHOWN = 100

export function addApprove(program: Command, cli: Cli): void {
  program
    .command('approve')
    .description('show the waiting list; or invite those on it, or decline them')
    .argument('[requests...]', 'their addresses, or the ids of their requests')
    .option('--next <number>', 'the next so many of those that wait', readCount)
    .addOption(
      new Option('--by <order>', 'who is next: as they were confirmed, or first asked')
        .choices(['position', 'createdAt'])
        .default('position'),
    )
    .option('--decline', 'decline them, without a mail; takes back the invite of one that was approved')
    .option('--role <role>', 'granted to whoever accepts')
    .option('--org <id>', 'the organization that they join')
    .option('--inviter <email>', 'in whose name (needs `findInviter` in your module)')
    .option('--message <text>', 'a personal note in the mails')
    .option('--expires-in <duration>', '30m, 12h, 7d or never (default: as your app says)', readDuration)
    .addHelpText(
      'after',
      examples(
        'approve',
        'approve --next 100',
        'approve ada@example.com --role nurse',
        'approve --decline eve@example.com',
      ),
    )
    .action(async (requests: readonly string[], options: ApproveOptions) => {
      const { next, by, decline } = options
      if (requests.length === 0 && next === undefined) {
        if (decline) throw new CliError('usage_invalid', 'Say whom to decline: addresses, ids, or --next 10.')
        return await show(cli, by)
      }
      if (requests.length > 0 && next !== undefined) {
        throw new CliError('usage_invalid', 'Addresses and ids, or --next, not both.')
      }
      const install = await cli.open(decline ? [] : ['secret', 'baseUrl'])
      const done = await decide(install, requests, options)
      await cli.answer(done, describe(done, decline === true))
      if (!decline && done.decided > 0) cli.note('Their mails are queued: your app delivers them.')
    })
}

async function show(cli: Cli, by: ApproveOptions['by']): Promise<void> {
  const { invites, scope } = await cli.open()
  const page = await invites.listRequests({ limit: SHOWN, by }, scope)
  const rows = page.items.map(({ requestId, email, position, verifiedAt, createdAt, answers }) => [
    String(position ?? '-'),
    email,
    readableTime(by === 'position' ? verifiedAt : createdAt),
    requestId,
    Object.entries(answers)
      .map(([name, answer]) => `${name}: ${answer}`)
      .join('; '),
  ])
  const head = ['PLACE', 'FOR', by === 'position' ? 'CONFIRMED' : 'ASKED', 'REQUEST', 'ANSWERS']
  await cli.answer(page, rows.length === 0 ? 'Nobody waits.' : columns([head, ...rows]))
  if (page.nextCursor !== null) cli.note(`There are more than these ${SHOWN}.`)
}

async function decide(
  install: Install,
  requests: readonly string[],
  { next = 0, by, decline, role, org, inviter, message, expiresIn }: ApproveOptions,
): Promise<DecidedRequests> {
  const { invites, scope, context } = install
  if (!decline && context.config.mailer === undefined) {
    const detail =
      'Who is approved is told by mail, and there is no mailer here. Name the module of your app: --config.'
    throw new CliError('config_invalid', detail)
  }
  const granted = { role, orgId: org, inviterEmail: inviter, message, expiresInMs: limit(expiresIn) }
  const some = (
    which: { readonly requests: string[] } | { readonly next: number; readonly by: ApproveOptions['by'] },
  ) => (decline ? invites.declineRequests(which, scope) : invites.approveRequests({ ...which, ...granted }, scope))
  if (requests.length > 0) return await some({ requests: [...requests] })

  const items: AccessRequest[] = []
  let decided = 0
  while (items.length < next) {
    const wanted = Math.min(next - items.length, AT_ONCE)
    const done = await some({ next: wanted, by })
    items.push(...done.items)
    decided += done.decided
    if (done.items.length < wanted) break
  }
  return { decided, items }
}

/** On the wire, `null` stands for no limit. */
function limit(number: number | undefined): number | null | undefined {
  return number === Number.POSITIVE_INFINITY ? null : number
}

function describe({ decided, items }: DecidedRequests, isDeclined: boolean): string {
  if (items.length === 0) return 'Nobody waits.'
  const rest = items.length - decided
  const lines = [`${isDeclined ? 'Declined' : 'Approved'} ${count(decided, 'request')}.`]
  if (rest > 0) {
    const why = isDeclined ? 'declined before, or they have joined' : 'approved before'
    lines.push(`${count(rest, 'request')} left alone: ${why}.`)
  }
  return [...lines, columns(items.map(({ email, status, requestId }) => [email, status, requestId]))].join('\n')
}
