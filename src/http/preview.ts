// What a signup page may show of the invite that its visitor came with.
import type { Request } from 'express'
import { appOf } from '../context.js'
import { InviteError, type InviteErrorCode } from '../errors.js'
import { isHumanCode } from '../human-codes.js'
import { contextOf } from '../invites.js'
import type { InvitePreview } from '../types.js'
import { checkInvite } from '../use-cases/check.js'
import type { Invites } from './invites.js'
import { credentialsFor } from './join-cookie.js'
import { throttleOf } from './throttle.js'

const QUIET: readonly InviteErrorCode[] = ['invite_not_found', 'rate_limited']

/**
 * For signup pages made on the server: the invite of the join link that this visitor followed, to greet them and fill
 * the form in. `undefined` where there is none, or it would not let them in. Changes nothing.
 * Pages made in the browser ask `POST …/invite/check` instead.
 */
export async function previewInvite(
  invites: Invites,
  req: Request,
  options: { readonly appId?: string | undefined } = {},
): Promise<InvitePreview | undefined> {
  const context = contextOf(invites)
  const { appId } = appOf(context, options.appId)
  const credentials = credentialsFor(context, req, appId, undefined)
  if (credentials === undefined) return undefined
  try {
    const look = () => checkInvite(context, credentials, { appId })
    if (!isHumanCode(context, credentials.inviteCode)) return await look()
    return await throttleOf(context).attempt({ req, appId, code: credentials.inviteCode }, look)
  } catch (error) {
    if (error instanceof InviteError && QUIET.includes(error.code)) return undefined
    throw error
  }
}
