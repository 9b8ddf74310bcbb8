// `list`: which invites there are.
import type { Command } from 'commander'
import { columns } from '../../plain-text.js'
import type { Invite, Page } from '../../types.js'
import type { Cli } from '../cli.js'
import { readCount } from '../durations.js'
import type { Install } from '../install.js'
import { allPages } from '../pages.js'
import { examples, readableTime } from '../text.js'

interface ListOptions {
  readonly status: string
  readonly query?: string
  readonly limit: number
  readonly cursor?: string
  readonly all?: boolean
  readonly links?: boolean
}

export function addList(program: Command, cli: Cli): void {
  program
    .command('list')
    .description('list invites, newest first')
    .option('--status <list>', 'pending, accepted, expired, revoked; several with commas between', 'pending')
    .option('--query <text>', 'only addresses that start so, or @domain')
    .option('--limit <number>', 'at most so many, up to 100', readCount, 25)
    .option('--cursor <cursor>', 'the page after one that ended with this cursor')
    .option('--all', 'all of them, whatever --limit says')
    .option('--links', 'with the links to pass on (needs the secret and the base URL)')
    .addHelpText('after', examples('list', 'list --status expired,revoked --query @acme.dev --all'))
    .action(async (options: ListOptions) => {
      const install = await cli.open(options.links ? ['secret', 'baseUrl'] : [])
      const { items, nextCursor } = await pageOf(install, options)
      await cli.answer({ items, nextCursor }, items.length === 0 ? nothing(options) : table(items, options))
      if (nextCursor !== null) cli.note(`There are more: --cursor ${nextCursor}, or --all.`)
    })
}

async function pageOf(install: Install, { status, query, limit, cursor, all }: ListOptions): Promise<Page<Invite>> {
  const fetch = (page: { readonly limit: number; readonly cursor: string | undefined }) =>
    install.invites.list({ status, q: query, ...page }, install.scope)
  const found = all ? await allPages(fetch, cursor) : await fetch({ limit, cursor })
  return { ...found, items: found.items.map((invite) => install.show(invite)) }
}

function table(items: readonly Invite[], { links }: ListOptions): string {
  const rows = items.map(({ inviteId, email, status, role, expiresAt, delivery, uses, maxUses, joinUrl }) => [
    inviteId,
    email ?? `(link, ${uses} of ${maxUses ?? 'any'} used)`,
    status,
    role ?? '-',
    readableTime(expiresAt),
    delivery.state === 'none' ? '-' : delivery.state,
    ...(links ? [joinUrl ?? '-'] : []),
  ])
  return columns([['INVITE', 'FOR', 'STATUS', 'ROLE', 'EXPIRES', 'MAIL', ...(links ? ['LINK'] : [])], ...rows])
}

function nothing({ status, query, cursor }: ListOptions): string {
  const which = status.split(',').join(' or ')
  if (cursor !== undefined) return `No further ${which} invites.`
  return query === undefined ? `No ${which} invites.` : `No ${which} invites for ${query}.`
}
