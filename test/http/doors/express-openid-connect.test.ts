// express-openid-connect, which is not of Passport's: the gate stands in its `afterCallback`.
import { expect } from 'chai'
import { auth } from 'express-openid-connect'
import { decodeJwt } from 'jose'
import { type Door, openDoor } from './door-host.js'
import { describeDoor } from './matrix.js'
import { useProvider } from './provider.js'
import { Visitor } from './visitor.js'

interface Claims {
  readonly sub: string
}

const provider = useProvider()
const door: Door = {
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
          await invites.admit(req, { profile: decodeJwt<Claims>(session.id_token), ...users })
          return session
        },
      }),
    )
    return (req) => req.oidc.user?.sub
  },
}

describeDoor('express-openid-connect', door)

it('R-11 express-openid-connect: who logs in beside a user that is logged in already is judged by themselves', async () => {
  const opened = await openDoor(door)
  opened.users.push({ id: 7, login: 'bob', email: null, role: null })
  const visitor = new Visitor()
  expect((await opened.logIn({ id: 'bob' }, null, visitor)).me).to.equal('bob')
  const beside = await opened.logIn({ id: 'eve', email: 'eve@example.com', verified: true }, null, visitor)
  expect(beside).to.deep.include({ code: 'invite_required', me: 'bob' })
})
