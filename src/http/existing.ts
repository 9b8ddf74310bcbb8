// Who has an account already and joins another app or organization with it: the account, never what the body says.
import type { Request } from 'express'
import { parseAddress } from '../addresses.js'
import { InviteError } from '../errors.js'
import { type ClaimInput, isUserId } from '../use-cases/claim.js'
import type { FromRequest } from './credentials.js'

/** The account of somebody who is logged in. */
export interface ExistingAccount {
  /** The host's id of it. Joining twice by one invite counts once. */
  readonly id: string | number | bigint
  /** Its address, which an invite for one address must be for. Without one, that takes the mailed link. */
  readonly email?: string | null | undefined
  /**
   * Whether you know that this address is theirs. Joining by a shareable invite then closes the one that was sent to
   * it. Default: false.
   */
  readonly emailVerified?: boolean | undefined
}

/** Where the account is; `true`: `id` and `email` of `req.user`. */
export type ExistingOption = true | FromRequest<ExistingAccount | null>

/**
 * The account of this request.
 * @throws InviteError `not_authenticated` where nobody is logged in; TypeError where the account has no id.
 */
export async function existingAccount(req: Request, existing: ExistingOption): Promise<ExistingAccount> {
  const found: unknown = existing === true ? Reflect.get(req, 'user') : await existing(req)
  if (found === undefined || found === null || found === false) throw new InviteError('not_authenticated')
  const { id, email, emailVerified } = found as Partial<ExistingAccount>
  if (!isUserId(id)) throw withoutId(existing)
  // One that cannot be mailed to, as where a name stands in its place, keeps nobody from a shareable invite.
  const address = typeof email === 'string' && parseAddress(email) ? email : undefined
  return { id, email: address, emailVerified: existing !== true && emailVerified === true }
}

/** The address that the claim is judged by. */
export function addressOf({ email, emailVerified }: ExistingAccount): Pick<ClaimInput, 'email' | 'emailAsserted'> {
  return { email: email ?? undefined, emailAsserted: emailVerified }
}

function withoutId(existing: ExistingOption): TypeError {
  const where = existing === true ? '`req.user` has' : '`existing` returned an account with'
  return new TypeError(
    `requireInvite: ${where} no \`id\` that is a string or a whole number. ` +
      'Say where it is: existing: (req) => req.user && { id: req.user.userId, email: req.user.email }.',
  )
}
