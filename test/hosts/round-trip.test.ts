// The code over a provider's page in a real browser: the provider is another site, and answers by redirect or by a form.
import { createHmac, randomBytes } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import express, { type ErrorRequestHandler, type Express } from 'express'
import { OAuth2Server } from 'oauth2-mock-server'
import passport from 'passport'
import OAuth2Strategy from 'passport-oauth2'
import type { BrowserContext, Page } from 'playwright-core'
import { admit, type CarryInviteOptions, carryInvite, inviteRouter, requireInvite } from '../../src/index.js'
import { openPage, useBrowser } from '../support/browser.js'
import { afterThis } from '../support/cleanup.js'
import { authorize, openHost, sendInvite } from '../support/host.js'

type Answer = 'redirect' | 'form'

/** Serves an app that is made once it is known where. */
async function serve(host: string, make: (url: string) => Express | Promise<Express>): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  afterThis(() => new Promise((resolve) => server.close(resolve)).finally(() => undefined))
  afterThis(() => server.closeAllConnections())
  const url = `http://${host}:${(server.address() as AddressInfo).port}`
  server.on('request', await make(url))
  return url
}

const html = (body: string) => `<!doctype html><html lang="en"><title>Example ID</title><body>${body}</body></html>`
const escapeHtml = (text: string) => text.replace(/[&"<]/g, (each) => `&#${each.charCodeAt(0)};`)
const hidden = (fields: Readonly<Record<string, string>>) =>
  Object.entries(fields).map(([name, value]) => `<input type="hidden" name="${name}" value="${escapeHtml(value)}">`)

/** The provider's pages: one that asks, and one that answers by itself, or by a button where there is no script. */
function startProvider(answer: Answer): Promise<string> {
  return serve('127.0.0.1', () => {
    const app = express().use(express.urlencoded({ extended: false }))
    app.get('/authorize', (req, res) => {
      const { state = '', redirect_uri = '' } = req.query as Record<string, string>
      res.send(
        html(`<form method="post" action="/allow">${hidden({ state, redirect_uri })}<button>Allow</button></form>`),
      )
    })
    app.post('/allow', (req, res) => {
      const { state, redirect_uri } = req.body as Record<string, string>
      const fields = { code: randomBytes(8).toString('hex'), state: state ?? '' }
      if (answer === 'redirect') return res.redirect(303, `${redirect_uri}?${new URLSearchParams(fields)}`)
      const form = `<form method="post" action="${redirect_uri}">${hidden(fields)}<button>Continue</button></form>`
      res.send(html(`${form}<script>document.forms[0].submit()</script>`))
    })
    app.get('/forged', (req, res) => {
      res.send(html(`<form method="post" action="${String(req.query.to)}"><button>Win</button></form>`))
    })
    return app
  })
}

// A state that shows by itself that it was made here: a Lax session cookie would not come with a form of another site.
const sign = (nonce: string) => `${nonce}.${createHmac('sha256', 'cat').update(nonce).digest('hex')}`
const stateless = {
  store: (_req: unknown, done: (error: null, state: string) => void) =>
    done(null, sign(randomBytes(16).toString('hex'))),
  verify: (_req: unknown, state: string, done: (error: null, ok: boolean) => void) =>
    done(null, state === sign(state.split('.')[0] ?? '')),
}

let tokens: OAuth2Server

async function openSite(answer: Answer, carry: CarryInviteOptions | undefined) {
  const provider = await startProvider(answer)
  const joinUrls: string[] = []
  const site = await serve('localhost', async (url) => {
    const host = await openHost({ invites: { baseUrl: `${url}/invites`, signupUrl: `${url}/signup` } })
    for (const role of ['nurse', 'doctor']) joinUrls.push((await sendInvite(host, { role })).joinUrl)
    const verify = admit<{ role: string | null }, unknown>(host.invites, {
      findUser: () => null,
      createUser: (_profile, invite) => ({ role: invite?.role ?? null }),
    })
    const urls = {
      authorizationURL: `${provider}/authorize`,
      tokenURL: `${tokens.issuer.url}/token`,
      callbackURL: `${url}/auth/callback`,
    }
    const client = { clientID: 'app', clientSecret: 'secret', passReqToCallback: true as const }
    const login = new passport.Passport()
    login.use('example', new OAuth2Strategy({ ...urls, ...client, store: stateless as never }, verify))

    const app = express().use(express.urlencoded({ extended: false }))
    app.use('/invites', inviteRouter(host.invites, { authorize }))
    app.get('/signup', (_req, res) => void res.send(html('<a href="/auth">Sign in with Example ID</a>')))
    app.post('/signup', requireInvite(host.invites), (_req, res) => void res.send('in'))
    if (carry) app.use('/auth', carryInvite(host.invites, carry))
    app.get('/auth', login.authenticate('example'))
    app.all('/auth/callback', (req, res, next) =>
      login.authenticate('example', (error: unknown, user: { role: string } | false, info: { code?: string }) => {
        if (error) return next(error)
        res.send(html(`<main>${user ? `in as ${user.role}` : info.code}</main>`))
      })(req, res, next),
    )
    app.use(((error, _req, res, _next) => {
      res.status(error.status ?? 500).send(html(`<main>${error.code ?? error.message}</main>`))
    }) satisfies ErrorRequestHandler)
    return app
  })
  return { site, provider, joinUrls }
}

/** Follows the link and goes to the provider's page. */
async function toProvider(page: Page, joinUrl: string | undefined): Promise<void> {
  await page.goto(joinUrl ?? '')
  await page.getByRole('link', { name: 'Sign in with Example ID' }).click()
  await page.getByRole('button', { name: 'Allow' }).waitFor()
}

/** Allows it, and returns what the host says in the end. */
async function allow(page: Page, hasButton: boolean): Promise<string | null> {
  await page.getByRole('button', { name: 'Allow' }).click()
  if (hasButton) await page.getByRole('button', { name: 'Continue' }).click()
  await page.waitForURL(/\/auth\/callback/)
  return await page.locator('main').textContent()
}

const cookies = async (context: BrowserContext) =>
  (await context.cookies()).map(({ name, path, httpOnly, secure, sameSite }) => ({
    name: name.replace(/[\w-]{16}$/, 'HASH'),
    path,
    httpOnly,
    secure,
    sameSite,
  }))

describe('a round trip in the browser', function () {
  this.timeout(60_000)
  useBrowser()
  before(async () => {
    tokens = new OAuth2Server()
    await tokens.issuer.keys.generate('RS256')
    await tokens.start(0, '127.0.0.1')
  })
  after(() => tokens.stop())

  const joinCookie = { name: 'invite_only.default', path: '/', httpOnly: true, secure: false, sameSite: 'Lax' }
  const tripCookie = { ...joinCookie, name: 'invite_only_trip.default.HASH' }
  const cases: readonly (readonly [Answer, CarryInviteOptions | undefined, outcome: string, cookies: object[]])[] = [
    ['redirect', undefined, 'in as nurse', [joinCookie]],
    ['redirect', {}, 'in as nurse', [joinCookie, tripCookie]],
    ['form', undefined, 'invite_required', [joinCookie]],
    ['form', {}, 'invite_required', [joinCookie, tripCookie]],
    ['form', { formPost: true }, 'in as nurse', [joinCookie, { ...tripCookie, secure: true, sameSite: 'None' }]],
  ]
  for (const javaScriptEnabled of [true, false]) {
    for (const [answer, carry, outcome, held] of cases) {
      const how = carry === undefined ? 'without carryInvite' : `with carryInvite(${JSON.stringify(carry)})`
      it(`R-12 by ${answer}, ${how}, JavaScript ${javaScriptEnabled ? 'on' : 'off'}: ${outcome}`, async () => {
        const { joinUrls } = await openSite(answer, carry)
        const page = await openPage({ javaScriptEnabled })
        await toProvider(page, joinUrls[0])
        expect(await cookies(page.context())).to.deep.equal(held)
        expect(await allow(page, answer === 'form' && !javaScriptEnabled)).to.equal(outcome)
        // What a form of another site does not bring, it does not take away: by now that may be another tab's.
        const left = outcome === 'invite_required' ? held : answer === 'form' ? [joinCookie] : []
        expect(await cookies(page.context())).to.deep.equal(left)
      })
    }
  }

  it('R-12 in two tabs, each ends with its own invite', async () => {
    const { joinUrls } = await openSite('form', { formPost: true })
    const first = await openPage()
    const second = await first.context().newPage()
    await toProvider(first, joinUrls[0])
    await toProvider(second, joinUrls[1])
    expect(await allow(first, false)).to.equal('in as nurse')
    expect(await allow(second, false)).to.equal('in as doctor')
    expect(await cookies(first.context())).to.deep.equal([joinCookie])
  })

  it("R-12 a form of another site that posts to the host's signup does not get in by it", async () => {
    const { site, provider, joinUrls } = await openSite('form', { formPost: true })
    const page = await openPage()
    await toProvider(page, joinUrls[0])
    await page.goto(`${provider}/forged?to=${site}/signup`)
    await page.getByRole('button', { name: 'Win' }).click()
    await page.waitForURL(`${site}/signup`)
    expect(await page.locator('main').textContent()).to.equal('invite_required')
    expect(await cookies(page.context())).to.have.length(2)
  })
})
