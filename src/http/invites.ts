// `createInvites`: an install of the gate, with what needs a request or an app of Express's.
import type { Request } from 'express'
import { InviteError } from '../errors.js'
import { type CoreInvites, contextOf, createCore } from '../invites.js'
import type { InvitesOptions } from '../options.js'
import { type AdmitOptions, checkAdmitOptions, logIn } from './login.js'
import { isRefusal, noteRefusal } from './refusals.js'

/** Who logs in where the host has a callback of its own, and how it finds and makes its users. */
export interface AdmitLogin<User, Profile> extends AdmitOptions<User, Profile> {
  /** Who logs in, as the provider told it: verified claims, or a profile. Given to the functions. */
  readonly profile: Profile
}

/** An install of the gate. */
export interface Invites extends CoreInvites {
  /**
   * The gate inside a login callback of your own, such as `afterCallback` of express-openid-connect: whoever has a user
   * is returned, and no invite is looked at; anybody else needs one, which is held while `createUser` runs.
   * @throws InviteError where that is refused, nobody was made then; `not_authenticated` where `findUser` said `false`.
   * @throws TypeError where an option is unknown, missing or wrong.
   */
  admit<User extends object, Profile>(req: Request, login: AdmitLogin<User, Profile>): Promise<User>
}

/**
 * An install of the gate. Starts the worker that delivers mail, unless there is no mailer or `deliver` is false.
 * @throws TypeError where an option is unknown, missing or wrong, or a template does not compile.
 */
export function createInvites(options: InvitesOptions): Invites {
  const core = createCore(options)
  const context = contextOf(core)
  return Object.assign(core, {
    async admit<User extends object, Profile>(req: Request, login: AdmitLogin<User, Profile>): Promise<User> {
      const { profile, ...rest } = login
      const app = checkAdmitOptions('invites.admit', context, rest)
      try {
        const user = await logIn(context, app, rest, profile, { req, values: [] })
        if (user === false) throw new InviteError('not_authenticated')
        return user
      } catch (error) {
        if (isRefusal(error)) noteRefusal(req, error)
        throw error
      }
    },
  })
}
