// Each strategy takes what `admit` returns without a cast, and the profile is typed once, where `findUser` names it.
import { Strategy as SamlStrategy } from '@node-saml/passport-saml'
import { expect } from 'chai'
import { Configuration } from 'openid-client'
import { Strategy as OpenIdClientStrategy } from 'openid-client/passport'
import AppleStrategy from 'passport-apple'
import { Strategy as FacebookStrategy } from 'passport-facebook'
import { Strategy as GitHubStrategy } from 'passport-github2'
import { Strategy as GoogleStrategy, type Profile } from 'passport-google-oauth20'
import { Strategy as LocalStrategy } from 'passport-local'
import OAuth2Strategy from 'passport-oauth2'
import OpenIdConnectStrategy from 'passport-openidconnect'
import { admit } from '../../../src/index.js'
import { openHost } from '../../support/host.js'

describe('the types of admit', () => {
  it('fit every strategy', async () => {
    const { invites } = await openHost()
    const verify = admit(invites, {
      findUser: (profile: Profile) => (profile.id === 'ada' ? { id: 1 } : null),
      // @ts-expect-error: the profile is the one that `findUser` names, which has no such field
      createUser: (profile) => ({ id: profile.nickname.length }),
    })
    const wanted = { passReqToCallback: true } as const
    const client = { clientID: 'app', clientSecret: 'secret', callbackURL: '/callback' }
    const urls = { ...client, authorizationURL: 'https://id.example/authorize', tokenURL: 'https://id.example/token' }
    const oidc = { ...urls, issuer: 'https://id.example', userInfoURL: 'https://id.example/userinfo' }
    const config = new Configuration({ issuer: 'https://id.example' }, 'app')
    const apple = { ...client, teamID: 'TEAM', keyID: 'KEY', privateKeyString: 'key' }
    const saml = { idpCert: 'cert', issuer: 'app', callbackUrl: 'https://acme.dev/callback' }
    const strategies = [
      new LocalStrategy(wanted, verify),
      new OAuth2Strategy({ ...urls, ...wanted }, verify),
      new GoogleStrategy({ ...client, ...wanted }, verify),
      new GitHubStrategy({ ...client, ...wanted }, verify),
      new FacebookStrategy({ ...client, ...wanted }, verify),
      new AppleStrategy({ ...apple, ...wanted }, verify),
      new OpenIdConnectStrategy({ ...oidc, ...wanted }, verify),
      new OpenIdClientStrategy({ config, ...wanted }, verify),
      new SamlStrategy({ ...saml, ...wanted }, verify, verify),
    ]
    expect(new Set(strategies.map(({ name }) => name))).to.have.property('size', strategies.length)
  })
})
