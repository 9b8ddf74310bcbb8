// `forget`: removes what names a person.
import type { Command } from 'commander'
import { columns, plain } from '../../plain-text.js'
import type { Cli } from '../cli.js'
import { examples } from '../text.js'
import { appNames, noteOtherApps, peopleScope } from '../which-person.js'

export function addForget(program: Command, cli: Cli): void {
  program
    .command('forget')
    .description('forget a person, and revoke their outstanding invites; of every app, unless --app names one')
    .argument('<email>', 'their address')
    .option('--yes', 'without asking')
    .addHelpText('after', examples('forget ada@example.com', 'forget ada@example.com --app clinic --yes'))
    .action(async (email: string, { yes }: { readonly yes?: boolean }) => {
      const install = await cli.open([], { anyApp: true })
      const apps = appNames(cli, install)
      if (!yes) {
        const what = `everything that names ${plain(email)}, in ${apps}, and revoke what is outstanding`
        await cli.confirm(`Forget ${what}? This cannot be undone.`)
      }
      const forgotten = await install.invites.forget({ email }, peopleScope(cli, install))
      const { invites, acceptances, sent, requests } = forgotten
      const rows = { invites, acceptances, 'as an inviter': sent, 'requests for access': requests }
      const text = columns(Object.entries(rows).map(([name, number]) => [name, `${number} forgotten`]))
      await cli.answer(forgotten, text)
      noteOtherApps(cli, install)
    })
}
