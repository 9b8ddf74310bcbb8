// The command line as a whole: its commands, and the flags that they share. A new command is a file and a line here.
import { createRequire } from 'node:module'
import { Command } from 'commander'
import type { Cli } from './cli.js'
import { addAcceptances } from './commands/acceptances.js'
import { addApprove } from './commands/approve.js'
import { addDecide } from './commands/decide.js'
import { addDoctor } from './commands/doctor.js'
import { addExport } from './commands/export.js'
import { addForget } from './commands/forget.js'
import { addKeys } from './commands/keys.js'
import { addList } from './commands/list.js'
import { addLog } from './commands/log.js'
import { addMigrate } from './commands/migrate.js'
import { addMode } from './commands/mode.js'
import { addPreview } from './commands/preview.js'
import { addPrune } from './commands/prune.js'
import { addQuota } from './commands/quota.js'
import { addReopen } from './commands/reopen.js'
import { addResend } from './commands/resend.js'
import { addRevoke } from './commands/revoke.js'
import { addSeats } from './commands/seats.js'
import { addSeed } from './commands/seed.js'
import { addSend } from './commands/send.js'
import { addShow } from './commands/show.js'
import { addStats } from './commands/stats.js'
import { addWebhooks } from './commands/webhooks.js'

type AddCommand = (program: Command, cli: Cli) => void

/** In the order in which they are needed. */
const groups: readonly (readonly [heading: string, commands: readonly AddCommand[]])[] = [
  ['Set up:', [addMigrate, addDoctor, addPreview]],
  ['Invites:', [addSend, addSeed, addList, addShow, addResend, addRevoke]],
  ['Who joined:', [addAcceptances, addDecide, addReopen]],
  ['Who may join, and invite:', [addMode, addSeats, addQuota, addApprove]],
  ['What happened:', [addStats, addLog, addWebhooks]],
  ['Programs:', [addKeys]],
  ['What is kept:', [addExport, addForget, addPrune]],
]

const FOOTER = `
The first account:
  Nobody can invite the first supervisor, so your command line does:
    express-invite-only send you@example.com --role admin
  Sign up with its link. On accepting, your app stores the role
  (\`req.invite.role\`); from then on its \`authorize\` makes you a supervisor.

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
  2  wrong usage or configuration
  130  stopped by Ctrl+C, after the batch`

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
    .configureHelp({ showGlobalOptions: true, subcommandTerm: calledAs })
    .configureOutput({ writeOut: write, outputError: () => undefined })
    .exitOverride()
    .addHelpText('after', FOOTER)
}

export function addCommands(program: Command, cli: Cli): void {
  for (const [heading, commands] of groups) {
    program.commandsGroup(heading)
    for (const add of commands) add(program, cli)
  }
  program.helpCommand('help [command]', 'tell how to use a command, as its --help does')
}

/** As the list of commands has it: that it takes options is told by its own help. */
function calledAs(command: Command): string {
  const names = command.registeredArguments.map((each) => (each.required ? `<${each.name()}>` : `[${each.name()}]`))
  return [command.name(), ...names].join(' ')
}

function version(): string {
  const manifest: { readonly version: string } = createRequire(import.meta.url)('express-invite-only/package.json')
  return manifest.version
}
