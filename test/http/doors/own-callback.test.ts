// A login that the host wrote by hand: its callback fetches the tokens itself, and has the gate by `invites.admit`.
import { randomUUID } from 'node:crypto'
import session from 'express-session'
import { describeDoor } from './matrix.js'
import { useProvider } from './provider.js'

declare module 'express-session' {
  interface SessionData {
    state: string
    login: string
  }
}

interface Userinfo {
  readonly sub: string
}

const provider = useProvider()

describeDoor("a callback of the host's own", {
  provider: 'asserts',
  says: provider.says,
  mount({ app, origin, invites, options }) {
    const users = options(({ sub }: Userinfo) => sub)
    const redirect_uri = `${origin}/login/callback`
    app.use(session({ secret: 'cat', resave: false, saveUninitialized: false }))
    app.get('/login', (req, res) => {
      req.session.state = randomUUID()
      const query = {
        response_type: 'code',
        client_id: 'app',
        scope: 'openid email',
        state: req.session.state,
        redirect_uri,
      }
      res.redirect(`${provider.endpoints.authorizationURL}?${new URLSearchParams(query)}`)
    })
    app.get('/login/callback', (req, res, next) => {
      async function logIn(): Promise<void> {
        const { code, state } = req.query as Record<string, string>
        if (code === undefined || state !== req.session.state) throw new Error('this login was not begun here')
        const body = new URLSearchParams({ grant_type: 'authorization_code', code, redirect_uri, client_id: 'app' })
        const tokens = await (await fetch(provider.endpoints.tokenURL, { method: 'POST', body })).json()
        const headers = { Authorization: `Bearer ${(tokens as { access_token: string }).access_token}` }
        const profile = (await (await fetch(provider.userinfoURL, { headers })).json()) as Userinfo
        const user = await invites.admit(req, { profile, ...users })
        await new Promise((resolve) => req.session.regenerate(resolve))
        req.session.login = user.login
        res.redirect('/')
      }
      logIn().catch(next)
    })
    return (req) => req.session.login
  },
})
