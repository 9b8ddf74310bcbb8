// `migrate`: makes the invite tables, or brings them up to date.
import type { Command } from 'commander'
import type { Cli } from '../cli.js'

export function addMigrate(program: Command, cli: Cli): void {
  program
    .command('migrate')
    .description('make the invite tables, or bring them up to date; safe at any time')
    .action(async () => {
      const { context } = await cli.open([], { toMigrate: true })
      await context.store.migrate()
      await cli.answer({ upToDate: true }, 'The invite tables are up to date.')
    })
}
