// passport-google-oauth20, at a provider that answers as Google's userinfo does.
import { Strategy as GoogleStrategy, type Profile } from 'passport-google-oauth20'
import { admit } from '../../../src/index.js'
import { describeDoor } from './matrix.js'
import { mountPassport } from './passport-host.js'
import { useProvider } from './provider.js'

const provider = useProvider()

for (const arity of [undefined, 5]) {
  describeDoor(`passport-google-oauth20 ${arity ? '(without params)' : ''}`, {
    provider: 'asserts',
    says: provider.says,
    mount(site) {
      const options = {
        ...provider.endpoints,
        userProfileURL: provider.userinfoURL,
        callbackURL: `${site.origin}/login/callback`,
        scope: ['openid', 'email'],
        passReqToCallback: true as const,
      }
      const verify = admit(site.invites, { ...site.options(({ id }: Profile) => id), arity })
      return mountPassport(site, new GoogleStrategy(options, verify))
    },
  })
}
