// Programs that manage invites with a key of their app: `Authorization: Basic appId:key`.
import type { Request } from 'express'
import type { KnownActor } from '../actors.js'
import { appKeyActorId, scopeOf } from '../app-keys.js'
import { type Context, noSuchApp } from '../context.js'
import { InviteError } from '../errors.js'
import type { Action } from '../types.js'
import { judgeKey } from '../use-cases/keys.js'
import { changes, isCrossSite } from './authorization.js'
import { warnOfExposedKey } from './misconfiguration.js'
import { throttleOf } from './throttle.js'

// RFC 7617: a token68, and the user ends at the first colon. An app's id has none.
const BASIC = /^Basic +([A-Za-z0-9._~+/-]+=*) *$/i
const CHALLENGE = { 'WWW-Authenticate': 'Basic realm="invites", charset="UTF-8"' }

/**
 * The program that asks, or `undefined` where this is for the host to say: only what names an app that has keys as its
 * user is ours, so that users of a host that takes Basic itself stay the host's.
 *
 * A key is judged before anything is counted: whoever guesses beside it never locks it out.
 * @throws InviteError `not_authenticated`, `rate_limited` for a wrong key; `invite_not_found` for every app but its own,
 *   whether there is such an app or not; `not_allowed` for what its scopes do not name.
 */
export async function askAppKey(
  context: Context,
  req: Request,
  appId: string,
  action: Action,
): Promise<KnownActor | undefined> {
  const given = readBasic(req)
  if (given === undefined || !context.config.apps.has(given.appId)) return undefined
  const key = await judgeKey(context, given)
  if (key === undefined) return undefined
  warnOfExposedKey(context)
  if (key === 'wrong') {
    await throttleOf(context).wrongKey(req)
    const detail = `This is no key of ${given.appId}, or it has expired or was revoked.`
    throw new InviteError('not_authenticated', { detail, headers: CHALLENGE })
  }
  if (key.appId !== appId) throw noSuchApp()
  const scope = scopeOf(action)
  if (!key.scopes.includes(scope)) {
    throw new InviteError('not_allowed', { detail: `This needs a key with the scope ${scope}.` })
  }
  // No cookie is needed: browsers remember what was typed into their dialog, and send it along whoever asks.
  if (changes(req) && req.get('Sec-Fetch-Site') !== undefined && isCrossSite(context, req)) {
    throw new InviteError('not_allowed', { detail: 'Keys are for programs: no page of another site may use one.' })
  }
  return { id: appKeyActorId(key.id), name: key.label, access: 'supervisor' }
}

function readBasic(req: Request): { readonly appId: string; readonly password: string } | undefined {
  const [, token = ''] = BASIC.exec(req.get('Authorization') ?? '') ?? []
  const [appId = '', ...rest] = Buffer.from(token, 'base64').toString('utf8').split(':')
  return rest.length === 0 ? undefined : { appId, password: rest.join(':') }
}
