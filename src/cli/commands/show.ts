// `show`: one invite, whatever became of it.
import type { Command } from 'commander'
import { columns } from '../../plain-text.js'
import type { Delivery, Invite } from '../../types.js'
import type { Cli } from '../cli.js'
import type { Install } from '../install.js'
import { examples, readableTime } from '../text.js'
import { oneInvite, personOf } from '../which-invite.js'

export function addShow(program: Command, cli: Cli): void {
  program
    .command('show')
    .description('show one invite, also a used or revoked one')
    .argument('<invite>', 'its id, or the address it is for')
    .addHelpText('after', examples('show ada@example.com'))
    .action(async (which: string) => {
      const install = await cli.open()
      const invite = install.show(await oneInvite(install, which))
      await cli.answer(invite, describe(invite, install))
    })
}

function describe(invite: Invite, install: Install): string {
  const { inviteId, email, status, role, orgId, inviter, uses, maxUses, metadata } = invite
  const rows: (readonly [string, string | null])[] = [
    ['invite', inviteId],
    ['for', email ?? 'whoever holds the link'],
    ['status', status],
    ['role', role],
    ['organization', orgId],
    ['invited by', inviter && personOf(inviter)],
    ['used', email === null || maxUses !== 1 ? `${uses} of ${maxUses ?? 'any number'}` : null],
    ['made', readableTime(invite.createdAt)],
    [status === 'expired' ? 'expired' : 'expires', readableTime(invite.expiresAt)],
    ['mail', describeMail(invite.delivery)],
    ['metadata', metadata && JSON.stringify(metadata)],
    ...(status === 'pending' || status === 'expired' ? secretsOf(invite, install) : []),
  ]
  return columns(rows.flatMap(([name, value]) => (value === null ? [] : [[name, value]])))
}

function secretsOf({ inviteCode, joinUrl }: Invite, { knows }: Install): [string, string | null][] {
  if (inviteCode !== null)
    return [
      ['code', inviteCode],
      ['link', joinUrl ?? '(not known without --base-url)'],
    ]
  return [
    [
      'code',
      knows.secret
        ? '(no secret given opens it: resend --rotate makes a new one)'
        : '(not known without INVITE_SECRET)',
    ],
  ]
}

function describeMail({ state, attempts, lastError, sentAt }: Delivery): string | null {
  if (state === 'none') return null
  if (state === 'sent') return `sent ${readableTime(sentAt)}`
  return lastError === null ? state : `${state} after ${attempts === 1 ? '1 try' : `${attempts} tries`}: ${lastError}`
}
