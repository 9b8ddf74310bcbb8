// `createInvites`: an install of the gate, with what needs a request or an app of Express's.
import type { Request } from 'express'
import { appOf, type Scope } from '../context.js'
import { InviteError } from '../errors.js'
import { type CoreInvites, contextOf, createCore } from '../invites.js'
import type { InvitesOptions } from '../options.js'
import type { SelfTestReport } from '../self-test-report.js'
import type { Credentials } from '../use-cases/check.js'
import { type AdmitOptions, checkAdmitOptions, logIn } from './login.js'
import { isRefusal, noteRefusal } from './refusals.js'
import type { SelfTestOptions } from './self-test/doors.js'
import type { ServableApp } from './self-test/serve.js'
import { loadLimiter, throttleOf } from './throttle.js'

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
  /**
   * Tries the ways to sign up with `app`, each with no invite, with a revoked one, with a good one and with that one
   * again, and tells which stood. For tests of the host's, on a database for tests: a door that stands has made an
   * account then, and used an invite whose metadata has `selfTest: true`. Listeners of `events` hear of it all. The app
   * is served on a loopback port meanwhile.
   * @throws TypeError where an option is unknown, missing or wrong; InviteError where no invite can be made.
   */
  selfTest(app: ServableApp, options: SelfTestOptions): Promise<SelfTestReport>
}

/**
 * An install of the gate. Starts the worker that delivers mail, unless there is no mailer or `deliver` is false.
 * @throws TypeError where an option is unknown, missing or wrong, or a template does not compile.
 */
export function createInvites(options: InvitesOptions): Invites {
  loadLimiter() // now, and not while somebody waits
  const core = createCore(options)
  const context = contextOf(core)
  const { check, claim } = core
  // Without a request, made-up codes have the budgets of their app and of all apps.
  const guessing = (input: unknown, scope: Pick<Scope, 'appId'> = {}) => {
    const { inviteCode } = input as Partial<Credentials>
    const code = typeof inviteCode === 'string' ? inviteCode : ''
    return { req: undefined, appId: appOf(context, scope.appId).appId, code }
  }
  return Object.assign(core, {
    check: async (...given: Parameters<typeof check>) =>
      await throttleOf(context).attempt(guessing(...given), () => check(...given)),
    claim: async (...given: Parameters<typeof claim>) =>
      await throttleOf(context).attempt(guessing(...given), () => claim(...given)),
    async selfTest(app: ServableApp, options: SelfTestOptions): Promise<SelfTestReport> {
      const { selfTest } = await import('./self-test/self-test.js') // for tests: no app that runs loads it
      return await selfTest(context, core.events, app, options)
    },
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
