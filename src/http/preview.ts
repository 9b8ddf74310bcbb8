// What a signup page may show of the invite that its visitor came with.
import type { Request } from 'express'
import { appOf } from '../context.js'
import { InviteError } from '../errors.js'
import { contextOf } from '../invites.js'
import type { InvitePreview } from '../types.js'
import type { Invites } from './invites.js'
import { credentialsFor } from './join-cookie.js'

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
    return await invites.check(credentials, { appId })
  } catch (error) {
    if (error instanceof InviteError && error.code === 'invite_not_found') return undefined
    throw error
  }
}
