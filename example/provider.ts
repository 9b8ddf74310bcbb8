// "Example ID": a toy OpenID Connect provider, so that a login at somebody else's site can be clicked through offline.
// It believes whatever it is told and asks for no password. Nothing of it belongs into an app of your own.
import { createHash } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type Request } from 'express'
import Handlebars from 'handlebars'
import { type MutableRedirectUri, type MutableToken, OAuth2Issuer, OAuth2Service } from 'oauth2-mock-server'

export interface Provider {
  readonly url: string
  /** What its users are known under, beside their subject: the same at every start, whatever the port. */
  readonly issuer: string
  /** Where it sends people back; nobody is sent elsewhere. */
  readonly callbackUrl: string
  close(): Promise<void>
}

/** What its ID tokens say of somebody. */
interface Person {
  readonly sub: string
  readonly email: string
  readonly email_verified: boolean
}

const ISSUER = 'https://id.example.com'

interface Client {
  readonly name: string
  readonly callbackUrl: string
}

/** Starts it for one client. It listens on 127.0.0.1: to browsers, that is another site than localhost. */
export async function startProvider({ name, callbackUrl }: Client): Promise<Provider> {
  const issuer = new OAuth2Issuer()
  issuer.url = ISSUER
  await issuer.keys.generate('RS256')
  const service = new OAuth2Service(issuer)

  const signedIn = new Map<string, Person>() // by the code that stands for them, which is good once
  service.on('beforeAuthorizeRedirect', ({ url }: MutableRedirectUri, { query }: Request) => {
    const code = url.searchParams.get('code')
    if (code !== null && query.cancel === undefined && typeof query.email === 'string' && query.email !== '') {
      return void signedIn.set(code, personOf(query.email, query.email_verified === 'true'))
    }
    url.searchParams.delete('code')
    url.searchParams.set('error', 'access_denied')
  })
  service.on('beforeTokenSigning', ({ payload }: MutableToken, { body }: Request) => {
    Object.assign(payload, signedIn.get(body.code))
  })
  service.on('beforeResponse', (answer: { statusCode: number; body: object }, { body }: Request) => {
    if (!signedIn.delete(body.code)) Object.assign(answer, { statusCode: 400, body: { error: 'invalid_grant' } })
  })

  const app = express()
  app.get('/', (_req, res) => void res.send(page('<h1>Nobody is signing in</h1><p>Start at the app.</p>')))
  app.get(['/sign-in', '/authorize'], (req, res, next) => {
    if (req.query.redirect_uri === callbackUrl) return next()
    res.status(400).send(page('<h1>Example ID does not know this app</h1><p>Nobody is sent back to it.</p>'))
  })
  app.get('/sign-in', (req, res) => void res.send(signInPage(name, req.query)))
  app.use(service.requestHandler)

  const server = createServer(app)
  await new Promise<void>((resolve, reject) => {
    server.on('error', reject)
    server.listen(0, '127.0.0.1', resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    issuer: ISSUER,
    callbackUrl,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

/** The same address is the same person, now and after a restart. */
function personOf(email: string, isVerified: boolean): Person {
  const sub = createHash('sha256').update(email.toLowerCase()).digest('hex').slice(0, 16)
  return { sub, email, email_verified: isVerified }
}

function signInPage(client: string, query: Request['query']): string {
  const hidden = Object.entries(query).map(
    ([key, value]) => `<input type="hidden" name="${escapeHtml(key)}" value="${escapeHtml(value)}">`,
  )
  return page(`<h1>Who are you?</h1><p>${escapeHtml(client)} wants to know.</p>
<form action="/authorize">${hidden.join('')}
<label>E-mail address<input name="email" type="email" autocomplete="email" required></label>
<label class="check"><input name="email_verified" type="checkbox" value="true" checked><span>Example ID has verified this address</span></label>
<button>Continue as this person</button> <button class="quiet" name="cancel" formnovalidate>Cancel</button></form>`)
}

const escapeHtml = (value: unknown) => Handlebars.escapeExpression(String(value))

const page = (body: string) => `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Example ID</title><link rel="icon" href="data:,"><style>${STYLE}</style></head>
<body><header>Example ID</header><main>${body}</main>
<footer>A toy for trying things out, on this machine alone. You are whoever you say, and no password is asked for.</footer></body></html>`

const STYLE = `
:root { color-scheme: light dark; font: 16px/1.5 Georgia, 'Times New Roman', serif; }
body { margin: 0; min-height: 100vh; display: grid; align-content: center; justify-items: center; gap: 20px;
  background: light-dark(#e9e7f6, #14122b); color: light-dark(#1d1a39, #e8e6f7); }
header { font-size: 22px; font-style: italic; color: light-dark(#4a3fb3, #b5adff); }
main { box-sizing: border-box; width: min(400px, 100vw - 32px); padding: 28px 32px 32px; background: light-dark(#fff, #211e42);
  border-top: 6px solid #6a5cff; }
h1 { margin: 0; font-size: 26px; font-weight: 400; } p { margin: 4px 0 0; }
form { display: grid; gap: 16px; margin-top: 20px; } label { display: grid; gap: 4px; }
input { font: inherit; padding: 9px 11px; border: 1px solid light-dark(#8d87b5, #8078b8); background: none; accent-color: #6a5cff; }
.check { grid-template-columns: auto 1fr; gap: 10px; align-items: center; }
button { font: inherit; padding: 11px; border: 1px solid #4a3fb3; background: #4a3fb3; color: #fff; cursor: pointer; }
.quiet { background: none; color: inherit; border-color: light-dark(#4a3fb3, #8078b8); }
footer { max-width: 400px; padding: 0 16px; font-size: 14px; text-align: center; }
`
