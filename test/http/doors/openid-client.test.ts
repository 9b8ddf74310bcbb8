// The Passport strategy of openid-client: of version 6, which gives tokens, and of version 5, which adds the userinfo.
import {
  allowInsecureRequests,
  discovery,
  type TokenEndpointResponse,
  type TokenEndpointResponseHelpers,
} from 'openid-client'
import { Strategy } from 'openid-client/passport'
import { type IdTokenClaims, Issuer, Strategy as OldStrategy } from 'openid-client-5'
import { admit } from '../../../src/index.js'
import { describeDoor } from './matrix.js'
import { mountPassport } from './passport-host.js'
import { useProvider } from './provider.js'

type Tokens = TokenEndpointResponse & TokenEndpointResponseHelpers

const provider = useProvider()

let config: Awaited<ReturnType<typeof discovery>>
let issuer: Issuer
before(async () => {
  const execute = [allowInsecureRequests] // http, on loopback
  config = await discovery(new URL(provider.issuer), 'app', 'secret', undefined, { execute })
  issuer = await Issuer.discover(provider.issuer)
})

describeDoor('openid-client 6', {
  provider: 'asserts',
  says: provider.says,
  mount(site) {
    const callbackURL = `${site.origin}/login/callback`
    const verify = admit(
      site.invites,
      site.options((tokens: Tokens) => tokens.claims()?.sub ?? ''),
    )
    const options = { config, callbackURL, scope: 'openid email', passReqToCallback: true as const }
    return mountPassport(site, new Strategy(options, verify))
  },
})

for (const arity of [undefined, 3]) {
  describeDoor(`openid-client 5 (${arity ? 'tokens only' : 'with userinfo'})`, {
    provider: 'asserts',
    says: provider.says,
    mount(site) {
      const redirect_uris = [`${site.origin}/login/callback`]
      const client = new issuer.Client({ client_id: 'app', client_secret: 'secret', redirect_uris })
      interface Told {
        readonly sub?: string
        claims?(): IdTokenClaims
      }
      const options = site.options((told: Told) => told.claims?.().sub ?? told.sub ?? '')
      const verify = admit(site.invites, { ...options, arity })
      return mountPassport(site, new OldStrategy({ client, passReqToCallback: true }, verify))
    },
  })
}
