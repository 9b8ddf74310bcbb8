// `export`: what is held on a person.
import type { Command } from 'commander'
import { columns, plain } from '../../plain-text.js'
import type { PersonData } from '../../use-cases/privacy.js'
import type { Cli } from '../cli.js'
import { count, examples, readableTime } from '../text.js'
import { appNames, noteOtherApps, peopleScope } from '../which-person.js'

export function addExport(program: Command, cli: Cli): void {
  program
    .command('export')
    .description('show what is held on a person; of every app, unless --app names one')
    .argument('<email>', 'their address')
    .addHelpText('after', examples('export ada@example.com', 'export ada@example.com --json > ada.json'))
    .action(async (email: string) => {
      const install = await cli.open(['secret'], { anyApp: true }) // that they want no mail is kept under the secret
      const data = await install.invites.export({ email }, peopleScope(cli, install))
      await cli.answer(data, describe(data, appNames(cli, install)))
      cli.note('With --json: all of it, as it may be handed over.')
      noteOtherApps(cli, install)
    })
}

function describe({ email, invites, acceptances, sent, requests, noMoreMail }: PersonData, apps: string): string {
  const rows = [
    ...invites.map(({ appId, inviteId, status, createdAt }) => [appId, 'invite', status, createdAt, inviteId]),
    ...acceptances.map(({ appId, acceptanceId, reopenedAt, acceptedAt }) => [
      ...[appId, 'joined', reopenedAt === null ? 'counted' : 'given back', acceptedAt, acceptanceId],
    ]),
    ...requests.map(({ appId, decision, createdAt }) => [appId, 'request', decision ?? 'waits', createdAt, '-']),
  ].map(([app = '', what = '', state = '', at = '', id = '']) => [app, what, state, readableTime(at), id])
  const lines = [
    `${plain(email)}, in ${apps}: ${rows.length === 0 ? 'nothing is held.' : `${count(rows.length, 'row')}.`}`,
  ]
  if (rows.length > 0) lines.push(columns([['APP', 'WHAT', 'STATE', 'SINCE', 'ID'], ...rows]))
  if (sent > 0) lines.push(`${count(sent, 'invite or acceptance')} named them as the inviter.`)
  if (noMoreMail) lines.push('They asked for no more mail.')
  return lines.join('\n')
}
