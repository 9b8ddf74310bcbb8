// What a signup page may show of an invite before anybody signs up. Changes nothing, and tells the listeners.
import { addressHint } from '../addresses.js'
import { appOf, type Context, type KnownScope } from '../context.js'
import { InviteError } from '../errors.js'
import { hashOfTyped } from '../human-codes.js'
import { modeAt } from '../modes.js'
import { isProven } from '../proofs.js'
import type { InvitePreview } from '../types.js'
import { inviterOf, statusOf } from '../views.js'

/** The secrets that somebody came with. */
export interface Credentials {
  /** As it was typed: case, spaces and dashes do not matter. */
  readonly inviteCode: string
  /** The mailed proof, from the join link of a mail. */
  readonly proof?: string | undefined
}

/** @throws InviteError `invite_not_found` for any code that would not let somebody in now, all alike. */
export async function checkInvite(
  context: Context,
  { inviteCode, proof }: Credentials,
  scope: Pick<KnownScope, 'appId'>,
): Promise<InvitePreview> {
  const app = appOf(context, scope.appId)
  const { store, config } = context
  const now = config.clock()
  const codeHash = await hashOfTyped(context, app.appId, inviteCode)
  const { invite, settings, isPaused } = await store.lookUp({ appId: app.appId, codeHash })
  const isShut = isPaused || modeAt(settings, app.mode, now) === 'closed'
  if (invite === undefined || isShut || statusOf(invite, now) !== 'pending') throw new InviteError('invite_not_found')
  context.emit('opened', { appId: app.appId, inviteId: invite.id })
  const inviter = inviterOf(invite)
  return {
    appId: app.appId,
    appName: app.appName,
    email: isProven(context, invite, proof) ? invite.email : null,
    emailHint: invite.email === null ? null : addressHint(invite.email),
    inviter: inviter && { name: inviter.name },
    role: invite.role,
    orgId: invite.orgId,
    expiresAt: invite.expiresAt === null ? null : new Date(invite.expiresAt).toISOString(),
  }
}
