// `POST …/join`: a code that somebody pasted, taken as if they had followed its link.
import type { Request, Response } from 'express'
import { isBlankCode } from '../codes.js'
import { appOf, type Context, modeOf } from '../context.js'
import { InviteError } from '../errors.js'
import { read } from '../input.js'
import { checkSchema } from '../schemas/invites.js'
import { type Credentials, checkInvite } from '../use-cases/check.js'
import { readForm, readJson } from './body.js'
import { linksFor } from './host-links.js'
import { credentialsFor, setJoinCookie } from './join-cookie.js'
import { sendOn, sendRefusal } from './refusal-page.js'
import { throttleOf } from './throttle.js'

/** Puts a good code into the join cookie and goes on to the signup page. Changes no row. */
export async function joinByForm(context: Context, req: Request, res: Response, appId: string): Promise<void> {
  let typed = ''
  try {
    const app = appOf(context, appId)
    if (req.get('Sec-Fetch-Site') === 'cross-site') throw fromAnotherSite()
    typed = (await readCode(req, res)).trim()
    setJoinCookie(context, res, appId, await judge(context, req, appId, typed))
    sendOn(context, req, res, app)
  } catch (error) {
    if (!(error instanceof InviteError)) throw error
    const app = context.config.apps.get(appId)
    sendRefusal(context, req, res, error, { app, links: linksFor(context, appId), typed })
  }
}

/** The secrets that were pasted. @throws InviteError `invite_invalid` for whatever would let nobody in now, all alike. */
async function judge(context: Context, req: Request, appId: string, typed: string): Promise<Credentials> {
  const throttle = throttleOf(context)
  await throttle.check(req)
  if ((await modeOf(context, appOf(context, appId))) === 'closed') throw new InviteError('signup_closed')
  const pasted = tokenIn(context, appId, typed)
  const credentials = isBlankCode(pasted) ? undefined : credentialsFor(context, req, appId, pasted)
  if (credentials === undefined) throw new InviteError('invite_required')
  try {
    const look = () => checkInvite(context, credentials, { appId })
    await throttle.attempt({ req, appId, code: credentials.inviteCode }, look)
    return credentials
  } catch (error) {
    if (!(error instanceof InviteError && error.code === 'invite_not_found')) throw error
    throw new InviteError('invite_invalid')
  }
}

/** It might have a visitor's browser guess until that is locked out, or put an invite of its own into it. */
function fromAnotherSite(): InviteError {
  return new InviteError('not_allowed', {
    detail: 'Another site may not send a code in your name. Type it here yourself.',
  })
}

/** What was typed; empty where nothing was. A form may have fields of the host's own beside it. */
async function readCode(req: Request, res: Response): Promise<string> {
  const isForm = req.is('urlencoded')
  const fields = isForm ? { inviteCode: (await readForm(req, res)).inviteCode } : await readJson(req, res)
  return read(checkSchema, fields).inviteCode ?? ''
}

/** The code in what was pasted, which may be its whole link, as mail programs and people write it down. */
function tokenIn({ config }: Context, appId: string, pasted: string): string {
  const path = `${config.baseUrl.replace(/^https?:\/\//, '')}/app/${appId}/join/`
  const at = pasted.indexOf(path)
  if (at < 0) return pasted
  const [token = ''] = pasted.slice(at + path.length).split(/[\s<>"?#/]/)
  return token
}
