// "Sign in with Example ID": a login at another site. New users are made when it answers, so there is the gate (gate).
import type { Express } from 'express'
import {
  admit,
  assertedAddress,
  carryInvite,
  InviteError,
  type Invites,
  type LoginDetails,
  type Refusal,
} from 'express-invite-only'
import passport from 'passport'
import OpenIdConnectStrategy, { type Profile } from 'passport-openidconnect'
import type { Provider } from './provider.js'
import type { User, Users } from './users.js'
import * as views from './views.js'

const CALLBACK = '/login/example-id/callback'

export const callbackUrlOf = (url: string) => `${url}${CALLBACK}`

export interface ExampleIdParts {
  readonly users: Users
  readonly invites: Invites
  readonly provider: Provider
}

export function addExampleId(app: Express, { users, invites, provider }: ExampleIdParts): void {
  const verify = admit<User, Profile>(invites, {
    // (gate) Whoever is found here logs in, and no invite is asked for.
    async findUser(profile, details) {
      const { providerId, email, isVerified } = identityIn(profile, details)
      const known = await users.byProviderId(providerId)
      if (known || !isVerified) return known ?? null
      const account = await users.byEmail(email)
      if (account === undefined) return null
      // An account is linked only where both sides were shown that the address is theirs. Else somebody could sign up
      // with your address, wait for you to come by Example ID, and share the account with you.
      if (!account.emailVerified) throw taken()
      return await users.link(account, providerId)
    },
    // (gate) `add` makes the account and counts the invite in one transaction.
    async createUser(profile, invite, details) {
      const { providerId, email: asserted, isVerified } = identityIn(profile, details)
      const email = invite?.email ?? asserted // whoever came by the mailed link has the address that it was sent to
      if (await users.byEmail(email)) throw taken()
      return await users.add({ email, emailVerified: isVerified || invite?.emailVerified, providerId }, invite)
    },
  })
  const options = {
    issuer: provider.issuer,
    authorizationURL: `${provider.url}/sign-in`,
    tokenURL: `${provider.url}/token`,
    userInfoURL: `${provider.url}/userinfo`,
    clientID: 'orchard',
    clientSecret: 'not-looked-at',
    callbackURL: provider.callbackUrl,
    scope: 'email',
    passReqToCallback: true,
  }
  passport.use('example-id', new OpenIdConnectStrategy(options, verify))

  // (gate) A code that was typed on the signup page goes there and back.
  const start = [carryInvite(invites), passport.authenticate('example-id')]
  app.get('/login/example-id', start)
  app.post('/login/example-id', start)
  app.get(CALLBACK, (req, res, next) => {
    const answer = (error: unknown, user?: User | false, info?: Partial<Refusal>) => {
      if (error) return next(error)
      if (user) return req.login(user, (failed) => (failed ? next(failed) : res.redirect('/member')))
      if (info?.code) return next(new InviteError(info.code, { detail: info.message ?? '' })) // (gate) told on the signup form
      res.status(401).send(views.loginPage({ note: 'You did not sign in.' })) // cancelled there, or an old answer
    }
    passport.authenticate('example-id', answer)(req, res, next)
  })
}

/** Who came, and whether Example ID has verified their address. */
function identityIn(profile: Profile, details: LoginDetails) {
  const { address, verified = false } = assertedAddress(profile, details) ?? {}
  return { providerId: `${details.values[0]} ${profile.id}`, email: address ?? '', isVerified: verified }
}

function taken(): InviteError {
  return new InviteError('not_allowed', { detail: views.TAKEN })
}
