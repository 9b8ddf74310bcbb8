// An OAuth 2 and OpenID Connect provider on loopback, which says of whoever logs in what a test tells it to.
import { type MutableResponse, type MutableToken, OAuth2Server } from 'oauth2-mock-server'
import type { Person } from './door-host.js'

export interface Provider {
  readonly issuer: string
  /** For strategies: the endpoints, and the client `app`. */
  readonly endpoints: {
    readonly authorizationURL: string
    readonly tokenURL: string
    readonly clientID: string
    readonly clientSecret: string
  }
  readonly userinfoURL: string
  /** In its userinfo and, unless `isInUserinfoOnly`, its ID token. */
  says(person: Person, isInUserinfoOnly?: boolean): void
  /** An ID token of whoever logs in. */
  idToken(): Promise<string>
}

/** Starts before the tests, and stops after them. */
export function useProvider(): Provider {
  const server = new OAuth2Server()
  let claims: Record<string, unknown> = {}
  let idTokenClaims = claims
  before(async () => {
    await server.issuer.keys.generate('RS256')
    await server.start(0, '127.0.0.1')
    server.service.on('beforeUserinfo', (answer: MutableResponse) => {
      answer.body = claims
    })
    server.service.on('beforeTokenSigning', ({ payload }: MutableToken) => {
      Object.assign(payload, idTokenClaims, { aud: 'app' })
    })
  })
  after(() => server.stop())
  const at = (path: string) => `${server.issuer.url}${path}`
  return {
    get issuer() {
      return at('')
    },
    get endpoints() {
      const client = { clientID: 'app', clientSecret: 'secret' }
      return { authorizationURL: at('/authorize'), tokenURL: at('/token'), ...client }
    },
    get userinfoURL() {
      return at('/userinfo')
    },
    idToken: () =>
      server.issuer.buildToken({ scopesOrTransform: (_header, payload) => Object.assign(payload, idTokenClaims) }),
    says({ id, email, verified }, isInUserinfoOnly = false) {
      claims = { sub: id, ...(email && { email }), ...(verified !== undefined && { email_verified: verified }) }
      idTokenClaims = isInUserinfoOnly ? { sub: id } : claims
    },
  }
}
