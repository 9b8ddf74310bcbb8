// Claiming at a door of the host's: what every door has in common, whether a form, an API or a provider's callback.
import type { Request, Response } from 'express'
import { appOf, type Context, modeOf } from '../context.js'
import { InviteError } from '../errors.js'
import type { Awaitable } from '../options.js'
import type { Credentials } from '../use-cases/check.js'
import { type Claim, type ClaimInput, claimInvite } from '../use-cases/claim.js'
import { clearJoinCookie, credentialsFor, hasJoinCookie, holdsAnotherCode } from './join-cookie.js'
import { tellOperator } from './problem.js'
import { noteApp } from './refusals.js'
import { throttleOf } from './throttle.js'

export interface Arrival {
  readonly req: Request
  readonly appId: string
  /** The code that the request names; `undefined`: what is carried counts. */
  readonly explicit: string | undefined
  /** What came back from a provider in a cookie; `null`: nothing good. Default: what the join cookie holds. */
  readonly carried?: Credentials | null | undefined
  /** The address of whoever signs up, and whether it is known to be theirs. Asked only where there is a code. */
  readonly address: () => Awaitable<Pick<ClaimInput, 'email' | 'emailAsserted'>>
  /** Whether an invite is needed in mode `open` too. */
  readonly always?: boolean
  /** Clears the cookies that hold it. */
  readonly forget: () => void
}

const OVER: readonly unknown[] = ['invite_invalid', 'invite_used', 'invite_expired']

/** One use, held; `undefined` where the mode is `open` and no good code came. @throws InviteError else. */
export async function claimAtDoor(context: Context, arrival: Arrival): Promise<Claim | undefined> {
  const { appId, explicit, carried, forget, always } = arrival
  try {
    const claim = await claimFor(context, arrival)
    if (claim === undefined) forget()
    return claim
  } catch (error) {
    if (!(error instanceof InviteError)) throw error
    if (error.status >= 500) {
      noteApp(error, appId)
      tellOperator(context, error)
      throw error
    }
    // A code that was mistyped over a good link takes that away from nobody.
    if (OVER.includes(error.code) && !holdsAnotherCode(context, arrival.req, appId, explicit, carried)) forget()
    // Where anybody may sign up, a cookie left over from some invite keeps nobody out.
    if (explicit === undefined && !always && (await modeOf(context, appOf(context, appId))) === 'open') return undefined
    throw refuse(context, appId, error)
  }
}

/** Tells that somebody is kept out, and returns what to throw. */
export function refuse(context: Context, appId: string, error: InviteError): InviteError {
  context.emit('refused', { appId, code: error.code })
  noteApp(error, appId)
  return error
}

/** Clears the join cookie of this request, if it has one and that can still be told. */
export function forgetCookie(context: Context, req: Request, res: Response, appId: string): void {
  if (hasJoinCookie(context, req, appId) && !res.headersSent) clearJoinCookie(context, res, appId)
}

async function claimFor(context: Context, arrival: Arrival): Promise<Claim | undefined> {
  const { req, appId, explicit, carried, address, always } = arrival
  const credentials = credentialsFor(context, req, appId, explicit, carried)
  if (credentials === undefined) {
    const mode = await modeOf(context, appOf(context, appId))
    if (mode === 'open' && !always) return undefined
    throw new InviteError(mode === 'closed' ? 'signup_closed' : 'invite_required')
  }
  const whose = await address()
  const claim = () => claimInvite(context, { ...credentials, ...whose }, { appId })
  return await throttleOf(context).attempt({ req, appId, code: credentials.inviteCode }, claim)
}
