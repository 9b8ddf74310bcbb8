// `webhooks`: those that were given up, and trying them again.
import type { Command } from 'commander'
import { columns } from '../../plain-text.js'
import type { FailedWebhook } from '../../webhook-types.js'
import type { Cli } from '../cli.js'
import { readCount } from '../durations.js'
import { count, examples, readableTime } from '../text.js'

interface WebhooksOptions {
  readonly retry?: boolean
  readonly limit: number
  readonly cursor?: string
}

export function addWebhooks(program: Command, cli: Cli): void {
  program
    .command('webhooks')
    .description('show the webhooks that were given up, newest first, or have your app send them again')
    .option('--retry', 'make all of them due again')
    .option('--limit <number>', 'at most so many, up to 100', readCount, 25)
    .option('--cursor <cursor>', 'the page after one that ended with this cursor')
    .addHelpText('after', examples('webhooks', 'webhooks --retry'))
    .action(async ({ retry, limit, cursor }: WebhooksOptions) => {
      const { invites, scope } = await cli.open()
      if (retry) {
        const retried = await invites.retryWebhooks(scope)
        return await cli.answer({ retried }, `${count(retried, 'webhook')} due again: your app will send them.`)
      }
      const page = await invites.failedWebhooks({ limit, ...(cursor !== undefined && { cursor }) }, scope)
      await cli.answer(page, page.items.length === 0 ? 'No webhook was given up.' : table(page.items))
      if (page.nextCursor !== null) cli.note(`There is more: --cursor ${page.nextCursor}.`)
    })
}

function table(items: readonly FailedWebhook[]): string {
  const rows = items.map(({ failedAt, type, endpoint, webhookId, lastError }) => [
    readableTime(failedAt),
    type,
    endpoint,
    webhookId,
    lastError ?? '',
  ])
  return columns([['GIVEN UP', 'TYPE', 'ENDPOINT', 'WEBHOOK-ID', 'WHY'], ...rows])
}
