// Auth.js for Express, whose callbacks get no request: its configuration is made for each, with the gate in `signIn`.
import { ExpressAuth, type ExpressAuthConfig, getSession } from '@auth/express'
import type { Request } from 'express'
import { InviteError } from '../../../src/index.js'
import type { Site } from './door-host.js'
import { describeDoor } from './matrix.js'
import { useProvider } from './provider.js'

const provider = useProvider()

function configure({ invites, options }: Site, req: Request): ExpressAuthConfig {
  const users = options(({ sub }: { readonly sub?: string | null }) => sub ?? '')
  return {
    providers: [
      {
        id: 'example',
        name: 'Example',
        type: 'oidc',
        issuer: provider.issuer,
        clientId: 'app',
        clientSecret: 'secret',
      },
    ],
    secret: 'a secret of the host, long enough to be one',
    trustHost: true,
    logger: { error: () => undefined }, // of the errors that these tests make
    callbacks: {
      async signIn({ profile = {} }) {
        try {
          await invites.admit(req, { profile, ...users })
          return true
        } catch (error) {
          if (error instanceof InviteError) return `/refused?code=${error.code}`
          throw error
        }
      },
      jwt({ token, profile }) {
        return profile?.sub ? { ...token, sub: profile.sub } : token
      },
      session({ session, token }) {
        session.user.id = token.sub ?? ''
        return session
      },
    },
  }
}

describeDoor('Auth.js', {
  provider: 'asserts',
  failure: '403', // Auth.js has an answer of its own for whatever `signIn` throws
  says: provider.says,
  mount(site) {
    const { app } = site
    app.use('/auth', (req, res, next) => ExpressAuth(configure(site, req))(req, res, next))
    app.get('/refused', ({ query }, res) => {
      const { status, code, message } = new InviteError(query.code as InviteError['code'])
      res.status(status).json({ code, message })
    })
    return async (req) => (await getSession(req, { ...configure(site, req), basePath: '/auth' }))?.user?.id
  },
  async enter(visitor, origin) {
    const { csrfToken } = JSON.parse((await visitor.open(`${origin}/auth/csrf`)).text)
    return await visitor.submit(`${origin}/auth/signin/example`, { csrfToken })
  },
})
