// nothing here takes a redirect target from a request, so no evasion of a check is of any use.
import { request as httpRequest } from 'node:http'
import { expect } from 'chai'
import request from 'supertest'
import { InviteError } from '../../src/index.js'
import { sendInvite } from '../support/host.js'
import { openSite, openSiteForBrowsers, type Site } from '../support/site.js'

const names = [
  ...[
    'next',
    'returnTo',
    'return_to',
    'returnUrl',
    'return',
    'redirect',
    'redirect_uri',
    'redirectUri',
    'redirect_url',
  ],
  ...['redirectTo', 'url', 'uri', 'continue', 'dest', 'destination', 'target', 'to', 'goto', 'go', 'callback'],
  ...['callbackUrl', 'failureRedirect', 'successRedirect', 'signupUrl', 'baseUrl', 'appUrl', 'from', 'RelayState'],
  ...['state', 'service', 'forward', 'Location', 'Refresh', 'referer', 'host'],
]

const evasions = [
  'https://evil.example',
  'HTTPS://EVIL.EXAMPLE',
  'http:evil.example',
  '//evil.example',
  '///evil.example',
  '////evil.example',
  '/\\evil.example',
  '\\\\evil.example',
  '\\/evil.example',
  '/\t/evil.example',
  '/\n/evil.example',
  '/%2fevil.example',
  '%2f%2fevil.example',
  '/%5cevil.example',
  '/%09/evil.example',
  'https://acme.dev@evil.example',
  'https://acme.dev:443@evil.example',
  'https://acme.dev%40evil.example',
  'https://acme.dev.evil.example',
  'https://evil.example/acme.dev',
  'https://evil.example?https://acme.dev',
  'https://evil.example#acme.dev',
  'https://evil.example\\.acme.dev',
  'https:/\\evil.example',
  '/..//evil.example',
  './/evil.example',
  '?//evil.example',
  'javascript:alert("evil.example")',
  'java\tscript:alert("evil.example")',
  'data:text/html,<script>location="//evil.example"</script>',
  '/signup\r\nLocation: https://evil.example',
  '%0d%0aLocation:%20https://evil.example',
  '/signup%E5%98%8A%E5%98%8DLocation:%20https://evil.example', // cut to bytes, these are CR and LF
  '\u2028//evil.example',
  'https://ｅｖｉｌ.example',
]

type Fields = Readonly<Record<string, string>>
type Send = (query: string, body: Fields) => request.Test

/** Every route of ours that redirects, or shows links: with what it was sent of the table beside what it needs. */
async function openRoutes(): Promise<{ site: Site; routes: Readonly<Record<string, Send>> }> {
  const site = await openSite({
    invites: { limits: { wrongCodes: { limit: 10_000 } } },
    errors: { signInUrl: '/login', askUrl: 'https://acme.dev/ask' },
    before: (app) => void app.all('/refused', (_req, _res, next) => next(new InviteError('invite_email_mismatch'))),
  })
  const { host } = site
  const { inviteCode } = await sendInvite(host, { maxUses: null })
  const { inviteId } = await sendInvite(host, { email: 'ada@example.com' })
  const html = (test: request.Test) => test.set('Accept', 'text/html').redirects(0)
  const form = (path: string, own: Fields) => (query: string, body: Fields) =>
    html(
      request(site.app)
        .post(path + query)
        .type('form')
        .send({ ...body, ...own }),
    )
  const desk = (path: string, own: Fields) => (query: string, body: Fields) =>
    html(
      request(host.app)
        .post(`/admin/invites${path}${query}`)
        .set('X-Who', 'Bearer supervisor')
        .type('form')
        .send({ ...body, ...own }),
    )
  const join = '/invites/app/default/join'
  return {
    site,
    routes: {
      'GET join': (query) => html(request(site.app).get(`${join}/${inviteCode}${query}`)),
      'POST join, by a browser': form(join, { inviteCode }),
      'POST join, by a program': (query, body) =>
        request(site.app)
          .post(join + query)
          .type('form')
          .send({ ...body, inviteCode })
          .redirects(0),
      'POST join, wrong': form(join, { inviteCode: 'wrong' }),
      'POST signup, refused': form('/signup', {}),
      'GET refused': (query) => html(request(site.app).get(`/refused${query}`)),
      'POST refused': form('/refused', {}),
      'GET dashboard': (query) =>
        html(request(host.app).get(`/admin/invites/${query}`).set('X-Who', 'Bearer supervisor')),
      'POST dashboard resend': desk(`/invites/${inviteId}/resend`, {}),
      'POST dashboard mode': desk('/mode', { mode: 'invite-only' }),
      'POST dashboard mode, wrong': desk('/mode', { mode: 'nonsense' }),
    },
  }
}

/** All that says where a browser may go from an answer. */
function waysOf({ status, headers, text }: request.Response): unknown {
  const { location, refresh, link, 'content-location': contentLocation, 'content-security-policy': policy } = headers
  const attributes = [...(text ?? '').matchAll(/\s(?:href|action|formaction|src|content|http-equiv)="[^"]*"/g)].map(
    String,
  )
  return { status, location, refresh, link, contentLocation, policy, attributes }
}

describe('R-37 redirects', () => {
  it('has a table of 25 evasions and more', () => {
    expect(new Set(evasions).size).to.be.at.least(25)
    expect(new Set(names).size).to.equal(names.length)
  })

  it('lead where they always do, whatever a request asks for by whatever name', async () => {
    const { routes } = await openRoutes()
    for (const [route, send] of Object.entries(routes)) {
      const usual = waysOf(await send('', {}))
      expect(JSON.stringify(usual), `${route} leads somewhere`).to.match(/location":"\w+:|location":"\/|href=|action=/)
      for (const evasion of evasions) {
        const fields = Object.fromEntries(names.map((name) => [name, evasion]))
        const query = `?${new URLSearchParams(fields)}`
        for (const res of [await send(query, {}), await send('', fields), await send(query, fields)]) {
          expect(waysOf(res), `${route} with ${evasion}`).to.deep.equal(usual)
          expect(JSON.stringify(res.headers)).not.to.match(/evil/i)
        }
      }
    }
  }).timeout(60_000)

  it('lead there though the names come one at a time, or as lists', async () => {
    const { routes } = await openRoutes()
    for (const [route, send] of Object.entries(routes)) {
      const usual = waysOf(await send('', {}))
      for (const name of names) {
        const twice = `?${name}=//evil.example&${name}=/%5Cevil.example&${name}[]=//evil.example`
        expect(waysOf(await send(twice, { [name]: '//evil.example' })), `${route} with ${name}`).to.deep.equal(usual)
      }
    }
  }).timeout(60_000)

  describe('with line breaks and slashes in the path', () => {
    const parts = [
      '%0d%0aLocation:%20https://evil.example',
      '%0aSet-Cookie:%20evil=1',
      '%0d%0a%0d%0a%3Cscript%3Ealert(1)%3C/script%3E',
      '%E5%98%8A%E5%98%8DLocation:%20evil',
      '%2f%2fevil.example',
      '..%2f..%2f..%2fevil.example',
      '%5c%5cevil.example',
      '@evil.example',
      '%00',
    ]

    /** As it is written: clients of their own would mend the path. */
    function raw(url: string, path: string): Promise<{ status: number; headers: Record<string, unknown> }> {
      return new Promise((resolve, reject) => {
        const { hostname, port } = new URL(url)
        httpRequest({ hostname, port, path, headers: { Accept: 'text/html' } }, (res) => {
          res.resume().on('end', () => resolve({ status: res.statusCode ?? 0, headers: res.headers }))
        })
          .on('error', reject)
          .end()
      })
    }

    for (const part of parts) {
      it(part, async () => {
        const { url } = await openSiteForBrowsers()
        const asToken = await raw(url, `/invites/app/default/join/${part}`)
        expect([302, 404]).to.include(asToken.status) // 404 where it is more than one part
        if (asToken.status === 302) expect(asToken.headers.location).to.equal(`${url}/signup`)
        const asApp = await raw(url, `/invites/app/${part}/join/ABCD`)
        expect(asApp.status).to.equal(404)
        expect(asApp.headers).not.to.have.property('location')
        for (const { headers } of [asToken, asApp]) {
          expect(headers).not.to.have.property('set-cookie')
          expect(JSON.stringify(headers)).not.to.match(/evil|script/)
        }
      })
    }
  })
})
