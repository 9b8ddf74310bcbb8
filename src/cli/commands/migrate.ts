// `migrate`: makes the invite tables, or brings them up to date; or prints the SQL for whoever may.
import type { Command } from 'commander'
import type { Cli } from '../cli.js'
import { examples } from '../text.js'

export function addMigrate(program: Command, cli: Cli): void {
  program
    .command('migrate')
    .description('make the invite tables, or bring them up to date; safe at any time')
    .option('--print', 'print the SQL that makes them in an empty Postgres, and run nothing')
    .option('--table-prefix <prefix>', "with --print: what the tables' names start with (default: invite_only_)")
    .addHelpText('after', examples('migrate --database app.db', 'migrate --print --schema invites > tables.sql'))
    .action(async ({ print, tablePrefix }: { readonly print?: boolean; readonly tablePrefix?: string }) => {
      if (print) {
        const { postgresMigration } = await import('../../../adapters/postgres.js')
        const sql = postgresMigration({ schema: cli.options().schema, tablePrefix })
        return await cli.answer({ sql }, `begin;\n\n${sql}\ncommit;`)
      }
      const { context } = await cli.open([], { toMigrate: true })
      await context.store.migrate()
      await cli.answer({ upToDate: true }, 'The invite tables are up to date.')
    })
}
