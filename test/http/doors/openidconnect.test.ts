// passport-openidconnect, for each number of parameters that it knows with a request.
import OpenIdConnectStrategy from 'passport-openidconnect'
import { admit } from '../../../src/index.js'
import { describeDoor } from './matrix.js'
import { mountPassport } from './passport-host.js'
import { useProvider } from './provider.js'

const provider = useProvider()

for (const arity of [undefined, 10]) {
  describeDoor(`passport-openidconnect (arity ${arity ?? 'left out'})`, {
    provider: 'asserts',
    says: provider.says,
    mount(site) {
      const { endpoints, issuer, userinfoURL } = provider
      const callbackURL = `${site.origin}/login/callback`
      const options = { ...endpoints, issuer, userInfoURL: userinfoURL, callbackURL, passReqToCallback: true }
      const verify = admit(site.invites, { ...site.options(({ id }: { id: string }) => id), arity })
      return mountPassport(site, new OpenIdConnectStrategy(options, verify))
    },
  })
}
