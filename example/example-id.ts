// "Sign in with Example ID": a login at another site. New users are made when it answers, so there is the gate (gate).
import type { Express } from 'express'
import { admit, InviteError, type Invites, type LoginDetails, type Refusal } from 'express-invite-only'
import passport from 'passport'
import OpenIdConnectStrategy from 'passport-openidconnect'
import type { Person, Provider } from './provider.js'
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
  const verify = admit<User>(invites, {
    // (gate) Whoever is found here logs in, and no invite is asked for.
    async findUser(_profile, details) {
      const { providerId, email, isVerified } = identityIn(details)
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
    async createUser(_profile, invite, details) {
      const { providerId, email: asserted, isVerified } = identityIn(details)
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

  app.get('/login/example-id', passport.authenticate('example-id'))
  app.get(CALLBACK, (req, res, next) => {
    const answer = (error: unknown, user?: User | false, info?: Partial<Refusal>) => {
      if (error) return next(error)
      if (user) return req.login(user, (failed) => (failed ? next(failed) : res.redirect('/member')))
      if (info?.code !== undefined) return next(toError(info as Refusal)) // (gate) told as on the signup form
      res.status(401).send(views.loginPage({ note: 'You did not sign in.' })) // cancelled there, or an old answer
    }
    passport.authenticate('example-id', answer)(req, res, next)
  })
}

/** Who came, by the ID token, which the strategy has looked over; its profile leaves out whether the address is verified. */
function identityIn({ values }: LoginDetails) {
  const [issuer, , , idToken] = values
  const [, payload = ''] = String(idToken).split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as Person
  return { providerId: `${issuer} ${claims.sub}`, email: claims.email, isVerified: claims.email_verified === true }
}

function toError({ code, message }: Refusal): InviteError {
  const hint = code === 'invite_email_mismatch' ? ' Only an address that Example ID has verified counts.' : ''
  return new InviteError(code, { detail: message + hint })
}

function taken(): InviteError {
  return new InviteError('not_allowed', { detail: views.TAKEN })
}
