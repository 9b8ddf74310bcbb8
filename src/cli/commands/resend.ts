// `resend`: mails an outstanding invite again, and gives it its full term again.
import type { Command } from 'commander'
import type { Invite } from '../../types.js'
import type { Cli } from '../cli.js'
import { CliError } from '../failures.js'
import type { Install } from '../install.js'
import { checkMailed, describeSent, mailed } from '../mailing.js'
import { examples } from '../text.js'
import { oneInvite } from '../which-invite.js'

export function addResend(program: Command, cli: Cli): void {
  program
    .command('resend')
    .description('mail an invite again; it gets its full term again, also if it had expired')
    .argument('<invite>', 'its id, or the address it is for')
    .option('--rotate', 'with a new code; the old one, and every link with it, ends at once')
    .addHelpText('after', examples('resend ada@example.com', 'resend ada@example.com --rotate'))
    .action(async (which: string, { rotate = false }: { readonly rotate?: boolean }) => {
      const install = await cli.open(['secret', 'baseUrl'])
      const { invites, scope } = install
      const before = await oneInvite(install, which)
      if (!rotate) checkSecret(install, before)
      const invite = await mailed(install, await invites.resend(before.inviteId, { rotate }, scope))
      const aboutCode = invite.inviteCode === before.inviteCode ? '' : ' (new; the old one has ended)'
      await cli.answer(invite, describeSent(invite, { done: 'renewed', aboutCode }))
      checkMailed(invite, 'The invite has its full term again')
    })
}

/** An invite whose code no secret opens gets a new one. Where the secret was typed, a wrong one must not do that. */
function checkSecret({ module }: Install, { status, inviteCode }: Invite): void {
  const isOutstanding = status === 'pending' || status === 'expired'
  if (module !== undefined || !isOutstanding || inviteCode !== null) return
  throw new CliError(
    'config_invalid',
    'INVITE_SECRET does not open the code of this invite. Is it the `secret` of your app? With --rotate it gets a new code.',
  )
}
