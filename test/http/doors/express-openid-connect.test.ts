// express-openid-connect, which is not of Passport's: the gate stands in its `afterCallback`.
import { auth } from 'express-openid-connect'
import { describeDoor } from './matrix.js'
import { useProvider } from './provider.js'

interface Claims {
  readonly sub: string
}

const provider = useProvider()

describeDoor('express-openid-connect', {
  provider: 'asserts',
  says: provider.says,
  mount({ app, origin, invites, options }) {
    const users = options(({ sub }: Claims) => sub)
    app.use(
      auth({
        issuerBaseURL: provider.issuer,
        baseURL: origin,
        clientID: 'app',
        clientSecret: 'secret',
        secret: 'a secret of the host, long enough to be one',
        authRequired: false,
        routes: { callback: '/login/callback' },
        authorizationParams: { response_type: 'code', scope: 'openid email' },
        async afterCallback(req, _res, session) {
          await invites.admit(req, { profile: req.oidc.user as Claims, ...users })
          return session
        },
      }),
    )
    return (req) => req.oidc.user?.sub
  },
})
