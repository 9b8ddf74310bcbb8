// The command line as a whole: its commands, and the flags that they share. A new command is a file and a line here.
import { createRequire } from 'node:module'
import { Command } from 'commander'
import type { Cli } from './cli.js'
import { addDoctor } from './commands/doctor.js'
import { addList } from './commands/list.js'
import { addLog } from './commands/log.js'
import { addMigrate } from './commands/migrate.js'
import { addMode } from './commands/mode.js'
import { addRevoke } from './commands/revoke.js'
import { addSend } from './commands/send.js'
import { addStats } from './commands/stats.js'

const commands: readonly ((program: Command, cli: Cli) => void)[] = [
  addMigrate,
  addSend,
  addList,
  addRevoke,
  addMode,
  addStats,
  addLog,
  addDoctor,
]

const FOOTER = `
Which invites:
  A module of your app that exports \`invites\`, what createInvites() returned,
  serves best: its store, secret, mailer and templates are used. Name it with
  --config, or call it express-invite-only.config.js (or .mjs). It is imported, so
  it must not start your server. Without one, say where the database is.

Environment:
  INVITE_DATABASE, INVITE_SCHEMA, INVITE_BASE_URL, INVITE_SIGNUP_URL
                 as the flags; a URL with a password belongs here
  INVITE_SECRET  your app's \`secret\`; there is no flag for it

Exit codes:
  0  done
  1  refused or failed; the reason is on standard error, with its code
  2  wrong usage or configuration`

/** `write` is where help goes. What commander throws is told by whoever runs the program. */
export function createProgram(write: (text: string) => void): Command {
  return new Command('express-invite-only')
    .description('Looks after the invites of an app that uses express-invite-only.')
    .version(version())
    .option('--config <file>', 'the module of your app that exports `invites`')
    .option('--database <path or url>', 'the SQLite file or postgres:// URL, where there is no such module')
    .option('--schema <name>', 'the Postgres schema, likewise (default: the first of the search path)')
    .option('--base-url <url>', 'where inviteRouter is reachable, likewise')
    .option('--signup-url <url>', 'your signup page, likewise')
    .option('--app <id>', 'the app, where there are several')
    .option('--json', 'answer with one JSON document, in the shapes of the HTTP routes')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({ writeOut: write, outputError: () => undefined })
    .exitOverride()
    .addHelpText('after', FOOTER)
}

export function addCommands(program: Command, cli: Cli): void {
  for (const add of commands) add(program, cli)
}

function version(): string {
  const manifest: { readonly version: string } = createRequire(import.meta.url)('express-invite-only/package.json')
  return manifest.version
}
