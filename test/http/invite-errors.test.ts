// `inviteErrors`: who is answered with a page and who with a problem document, what they are told, and what goes on.
import { createHash } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import express, { type ErrorRequestHandler, type Express } from 'express'
import helmet from 'helmet'
import request from 'supertest'
import { InviteError, type InviteErrorCode, inviteErrors, requireInvite } from '../../src/index.js'
import { temporaryFolder } from '../support/cleanup.js'
import { MINUTE, openHost, SECRET, sendInvite } from '../support/host.js'
import { tagsOf, textOf } from '../support/html.js'
import { openSite, type SiteOptions } from '../support/site.js'

const BROWSER = 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8'
const links = { signInUrl: '/login', askUrl: 'mailto:hello@acme.dev?subject=Invite' }

/** A site whose GET /refused fails with this. */
function refusing(error: unknown, options: SiteOptions = {}): Promise<{ app: Express; passedOn: unknown[] }> {
  return openSite({
    errors: links,
    ...options,
    before: (app) => void app.get('/refused', (_req, _res, next) => next(error)),
  })
}

const visit = (app: Express, accept = BROWSER) => request(app).get('/refused').set('Accept', accept)

/** The page for this failure. */
async function pageOf(error: InviteError, options?: SiteOptions): Promise<request.Response> {
  const res = await visit((await refusing(error, options)).app)
  expect([res.status, res.type]).to.deep.equal([error.status, 'text/html'])
  return res
}

const unescaped = (value: string) => value.replaceAll('&#x3D;', '=').replaceAll('&amp;', '&')
const hrefsOf = (html: string) =>
  [...html.matchAll(/(?:href|action|src)="([^"]*)"/g)].map(([, to = '']) => unescaped(to))

/** The links of a page, by what they say. */
function linksOf(html: string): Readonly<Record<string, string>> {
  const found = html.matchAll(/<a href="([^"]*)"[^>]*>([^<]*)<\/a>/g)
  return Object.fromEntries([...found].map(([, href = '', label = '']) => [label, unescaped(href)]))
}

const actionOf = (html: string) => /<form method="post" action="([^"]*)"/.exec(html)?.[1]
const headingOf = (html: string) => textOf(/<h1>[^<]*<\/h1>/.exec(html)?.[0] ?? '').trim()

describe('inviteErrors', () => {
  describe('answers as the client prefers:', () => {
    const table: readonly (readonly [accept: string | undefined, kind: 'page' | 'problem'])[] = [
      [undefined, 'problem'],
      ['*/*', 'problem'], // curl, fetch
      ['', 'problem'],
      ['application/json', 'problem'],
      ['application/problem+json', 'problem'],
      ['application/json, text/plain, */*', 'problem'], // axios
      ['application/json, text/html;q=0.9', 'problem'],
      ['text/html;q=0.5, application/problem+json', 'problem'],
      ['text/plain', 'problem'],
      ['image/png', 'problem'],
      ['nonsense', 'problem'],
      [BROWSER, 'page'],
      ['text/html', 'page'],
      ['text/html, application/json;q=0.9', 'page'],
      ['text/*', 'page'],
      ['TEXT/HTML', 'page'],
    ]
    for (const [accept, kind] of table) {
      it(`${accept ?? 'no Accept'}: a ${kind}`, async () => {
        const { app } = await refusing(new InviteError('invite_required'))
        const asked = request(app).get('/refused')
        const res = await (accept === undefined ? asked.unset('Accept') : asked.set('Accept', accept))
        expect(res.status).to.equal(403)
        expect(res.type).to.equal(kind === 'page' ? 'text/html' : 'application/problem+json')
        expect(res.headers).to.include({
          vary: 'Accept',
          'cache-control': 'no-store',
          'referrer-policy': 'no-referrer',
          'x-robots-tag': 'noindex',
        })
      })
    }

    it('the problem is what the routes answer', async () => {
      const { app } = await openSite()
      const wrong = { inviteCode: 'ABCD-EFGH' }
      const ours = await request(app).post('/invites/app/default/join').send(wrong)
      const theirs = await request(app).post('/signup').send(wrong)
      expect(theirs.body).to.include({ code: 'invite_invalid', status: 403 })
      expect(theirs.body).to.deep.equal(ours.body)
      expect(theirs.get('Content-Type')).to.equal(ours.get('Content-Type'))
    })
  })

  describe('leaves to the host', () => {
    it('whatever is no InviteError, untouched', async () => {
      const impostor = Object.assign(new Error('no'), { name: 'InviteError', code: 'invite_required', status: 403 })
      const others = [new Error('boom'), impostor, { code: 'invite_required', status: 403 }, 'text', 0]
      const authentication = Object.assign(new Error('Unauthorized'), { name: 'AuthenticationError', status: 401 })
      for (const error of [...others, authentication]) {
        const { app, passedOn } = await refusing(error)
        if (error === 0) continue // falsy: no error to Express
        const res = await visit(app)
        expect([res.status, res.text]).to.deep.equal([500, 'an answer of the host'])
        expect(passedOn[0], String(error)).to.equal(error)
        expect(res.headers).not.to.have.any.keys('vary', 'content-security-policy', 'x-robots-tag')
      }
    })

    it('what comes once the head of an answer is out', async () => {
      const error = new InviteError('invite_required')
      const { app, passedOn } = await openSite({
        before: (app) =>
          void app.set('env', 'test').get('/refused', (_req, res, next) => {
            res.status(200).write('begun')
            next(error)
          }),
      })
      const broken = await visit(app).catch((thrown: Error) => thrown)
      expect(broken).to.be.instanceOf(Error)
      expect(passedOn).to.deep.equal([error])
    })

    it('everything, where it is not mounted: next(error) is the InviteError itself', async () => {
      const host = await openHost()
      const passed: unknown[] = []
      const app = express()
      app.post('/signup', express.json(), requireInvite(host.invites))
      app.use(((error, _req, res, _next) => {
        passed.push(error)
        res.status(418).end()
      }) satisfies ErrorRequestHandler)
      const res = await request(app).post('/signup').set('Accept', BROWSER).send({})
      expect(res.status).to.equal(418)
      expect(passed[0]).to.be.instanceOf(InviteError).with.property('code', 'invite_required')
      expect(res.headers).not.to.have.any.keys('vary', 'content-security-policy', 'cache-control')
    })
  })

  describe('R-16 refuses at start', () => {
    const wrong: readonly (readonly [object, string])[] = [
      [{ signinUrl: '/login' }, 'inviteErrors: unknown option `signinUrl`. Did you mean `signInUrl`?'],
      [{ appId: 'nowhere' }, 'inviteErrors: `appId` must be one of default, or a function.'],
      [{ appId: 7 }, 'inviteErrors: `appId` must be one of default, or a function.'],
      ...[
        'login',
        '//evil.example',
        '/\\evil.example',
        '/\t/evil.example',
        'javascript:alert(1)',
        '',
        'mailto:a@b.c',
        7,
      ].map(
        (signInUrl) =>
          [{ signInUrl }, '`signInUrl` must be a path of your site, or an absolute http or https URL.'] as const,
      ),
      ...['ask', ' javascript:alert(1)', 'data:text/html,x', 'tel:123', null].map(
        (askUrl) => [{ askUrl }, '`askUrl` must be a path of your site, or an absolute http or https URL, or'] as const,
      ),
    ]
    for (const [options, why] of wrong) {
      it(JSON.stringify(options), async () => {
        const { invites } = await openHost()
        expect(() => inviteErrors(invites, options)).to.throw(TypeError, why)
      })
    }

    it('and takes what is right', async () => {
      const { invites } = await openHost()
      for (const url of ['/login', '/login?from=invite#top', 'https://id.acme.dev/', 'http://localhost:3000/login']) {
        inviteErrors(invites, { signInUrl: url, askUrl: url })
      }
      inviteErrors(invites, { askUrl: 'mailto:hello@acme.dev', appId: 'default' })
      inviteErrors(invites, { appId: () => undefined })
      expect(() => inviteErrors({} as never)).to.throw(TypeError, 'createInvites()')
    })
  })

  describe('shows for each code its way forward:', () => {
    const SIGNUP = 'https://acme.dev/signup'
    const signIn = 'https://acme.dev/login'
    const ask = 'mailto:hello@acme.dev?subject=Invite'
    interface Told {
      readonly headline: string
      readonly form?: true
      readonly links?: Readonly<Record<string, string>>
    }
    const told: Readonly<Record<InviteErrorCode, Told>> = {
      invite_required: { headline: 'You need an invite', form: true, links: { 'Ask for one': ask, 'Sign in': signIn } },
      invite_invalid: {
        headline: 'This code does not work',
        form: true,
        links: { 'Ask for a new link': ask, 'Sign in': signIn },
      },
      invite_expired: {
        headline: 'Your invite has expired',
        form: true,
        links: { 'Ask for a new link': ask, 'Sign in': signIn },
      },
      invite_used: {
        headline: 'This invite is used up',
        form: true,
        links: { 'Sign in': signIn, 'Ask for a new link': ask },
      },
      invite_email_mismatch: {
        headline: 'This invite is for another address',
        form: true,
        links: { 'Sign up with it': SIGNUP, 'Ask for an invite of your own': ask, 'Sign in': signIn },
      },
      invite_claimed: { headline: 'One moment, please', links: { 'Try again': SIGNUP, 'Sign in': signIn } },
      invite_claim_lost: { headline: 'That took too long', form: true, links: { 'Ask for a new link': ask } },
      signup_closed: { headline: 'Closed for now', links: { 'Sign in': signIn } },
      rate_limited: { headline: 'Too many tries', links: { 'Back to the signup page': SIGNUP, 'Sign in': signIn } },
      input_invalid: { headline: 'Something is not right', links: { 'Back to the signup page': SIGNUP } },
      not_authenticated: { headline: 'You are not signed in', links: { 'Sign in': signIn } },
      not_allowed: { headline: 'That is not for you to do', links: { 'Sign in': signIn } },
      store_unavailable: { headline: 'Sorry, that is our fault', links: { 'Try again': SIGNUP } },
      invite_not_found: { headline: 'Nothing to be found here', links: { 'Back to the signup page': SIGNUP } },
      invite_exists: { headline: 'There is an invite already' },
      invite_over: { headline: 'This invite is over' },
      quota_exceeded: { headline: 'No invites left' },
      idempotency_conflict: { headline: 'One moment, please' },
    }
    for (const [code, { headline, form, links = {} }] of Object.entries(told)) {
      it(code, async () => {
        const error = new InviteError(code as InviteErrorCode)
        const { text } = await pageOf(error)
        expect(headingOf(text)).to.equal(headline)
        expect(text).to.include(`<title>${headline} · Acme</title>`).and.include('<html lang="en">')
        expect(textOf(text)).to.include(error.message)
        expect(linksOf(text)).to.deep.equal(links)
        expect(actionOf(text)).to.equal(form && 'https://acme.dev/invites/app/default/join')
        expect(text).not.to.include('role="alert"')
      })
    }

    it('without links of the host, only what there is; and in words where a new link comes from', async () => {
      const bare: SiteOptions = { errors: {} }
      for (const code of ['invite_used', 'invite_email_mismatch', 'invite_expired'] as const) {
        const { text } = await pageOf(new InviteError(code), bare)
        expect(Object.values(linksOf(text)).filter((href) => href !== SIGNUP)).to.deep.equal([])
        expect(textOf(text)).to.match(/[Ww]hoever invited you/)
      }
      expect((await pageOf(new InviteError('signup_closed'), bare)).text).not.to.match(/<a |<form|<ul/)
    })

    it('with the time to wait, in words, and as a header', async () => {
      const times = { 1: '1 second.', 60: '60 seconds.', 91: '2 minutes.', 900: '15 minutes.' }
      for (const [seconds, words] of Object.entries(times)) {
        const res = await pageOf(new InviteError('rate_limited', { headers: { 'Retry-After': seconds } }))
        expect(textOf(res.text)).to.include(`You can try again in ${words}`)
        expect(res.get('Retry-After')).to.equal(seconds)
      }
    })

    it('with the fields that were wrong', async () => {
      const { app, host } = await openSite()
      const { inviteCode } = await sendInvite(host)
      const res = await request(app)
        .post(`/signup?inviteCode=other`)
        .set('Accept', BROWSER)
        .type('form')
        .send({ inviteCode })
      expect(res.status).to.equal(400)
      expect(textOf(res.text)).to.include('inviteCode must be the same in the body and in the query')
    })

    it('and never what lies beneath', async () => {
      const cause = new Error('password authentication failed for user "postgres"')
      const error = new InviteError('store_unavailable', { detail: 'no route to 10.1.2.3', cause })
      const { text } = await pageOf(error)
      expect(text).not.to.match(/password|postgres|10\.1\.2\.3|at .*\.ts/)
      expect(textOf(text)).to.include('Nothing was changed; try again.')
    })
  })

  it('answers what the gate refuses, and keeps what the gate has set', async () => {
    const { app, host } = await openSite({ errors: links })
    const { inviteCode, joinUrl } = await sendInvite(host, { expiresInMs: MINUTE })
    const cookie = (await request(app).get(new URL(joinUrl).pathname)).get('Set-Cookie')?.[0]?.split(';')[0] ?? ''
    host.clock.advance(MINUTE)
    const res = await request(app)
      .post('/signup')
      .set({ Accept: BROWSER, Cookie: cookie })
      .type('form')
      .send({ email: 'ada@example.com' })
    expect([res.status, headingOf(res.text)]).to.deep.equal([410, 'Your invite has expired'])
    expect(res.get('Set-Cookie')?.[0]).to.match(/^__Host-invite_only\.default=; Max-Age=0/)
    expect(res.text).not.to.include(inviteCode)
  })

  describe('its page', () => {
    const policyOf = (res: request.Response) =>
      Object.fromEntries(
        (res.get('Content-Security-Policy') ?? '').split('; ').map((directive) => {
          const [name = '', ...sources] = directive.split(' ')
          return [name, sources.join(' ')]
        }),
      )
    const hashOf = (html: string) => {
      const style = /<style>([\s\S]*)<\/style>/.exec(html)?.[1] ?? ''
      return `'sha256-${createHash('sha256').update(style).digest('base64')}'`
    }
    const strict = { 'default-src': "'none'", 'base-uri': "'none'", 'frame-ancestors': "'none'" }

    it('runs nothing and loads nothing but the logo, whatever helmet said before', async () => {
      const logoUrl = 'https://cdn.acme.dev/logo.png?v=1'
      const { app } = await openSite({
        invites: { branding: { logoUrl } },
        before: (app) => {
          app.use(helmet({ contentSecurityPolicy: { directives: { scriptSrc: ['*', "'unsafe-inline'"] } } }))
        },
      })
      const res = await request(app).post('/signup').set('Accept', BROWSER).type('form').send({})
      expect(policyOf(res)).to.deep.equal({
        ...strict,
        'style-src': hashOf(res.text),
        'img-src': 'https://cdn.acme.dev',
        'form-action': 'https://acme.dev',
      })
      expect(res.headers).to.include({
        'x-frame-options': 'DENY',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
      })
      expect(res.text).to.include(unescaped(logoUrl).replace('=', '&#x3D;'))
      expect(res.text).not.to.match(/<script|<iframe|<base|\sstyle=|\son\w+=|javascript:/i)
    })

    it('posts to where the router is, though that is another host than the signup page', async () => {
      const invites = { baseUrl: 'https://api.acme.dev/invites', cookie: { domain: 'acme.dev' } }
      const res = await pageOf(new InviteError('invite_required'), { invites })
      expect(policyOf(res)).to.include({ 'form-action': 'https://api.acme.dev' })
      expect(actionOf(res.text)).to.equal('https://api.acme.dev/invites/app/default/join')
    })

    it('says nothing of the body that was not sent', async () => {
      const { app } = await openSite({
        before: (app) =>
          void app.get('/refused', (_req, res, next) => {
            res.set({
              'Content-Encoding': 'br',
              'Content-Disposition': 'attachment',
              'Content-Length': '3',
              ETag: '"x"',
            })
            next(new InviteError('invite_required'))
          }),
      })
      const res = await visit(app)
      expect(res.headers).not.to.have.any.keys('content-encoding', 'content-disposition')
      expect(headingOf(res.text)).to.equal('You need an invite')
    })

    it('has the colours of the branding', async () => {
      const res = await pageOf(new InviteError('invite_required'), { invites: { branding: { color: '#facc15' } } })
      expect(res.text).to.include('--brand: #facc15;').and.include('--on-brand: #000000;')
      expect(policyOf(res)['style-src']).to.equal(hashOf(res.text))
    })

    it("is the host's own, file by file, and may load what is at the host's site", async () => {
      const templates = temporaryFolder()
      mkdirSync(join(templates, 'pages/partials'), { recursive: true })
      writeFileSync(join(templates, 'pages/partials/style.html.hbs'), 'h1 { color: {{color}} }')
      const styled = await pageOf(new InviteError('invite_required'), { invites: { templates } })
      expect(styled.text).to.include('<style>h1 { color: #4338ca }</style>').and.include('<form')
      const own = '<link rel="stylesheet" href="/site.css"><h1>{{code}} at {{appName}}</h1><style>\r\nb {}</style>'
      writeFileSync(join(templates, 'pages/refused.html.hbs'), own)
      const res = await pageOf(new InviteError('invite_required'), { invites: { templates } })
      expect(textOf(res.text)).to.include('invite_required at Acme')
      const hash = createHash('sha256').update('\nb {}').digest('base64')
      expect(policyOf(res)).to.deep.equal({
        ...strict,
        'style-src': `'self' 'sha256-${hash}'`,
        'img-src': "'self'",
        'font-src': "'self'",
        'form-action': 'https://acme.dev',
      })
    })

    const wrong: Readonly<Record<string, readonly [file: string, content: string, why: string]>> = {
      'an unknown variable': ['pages/refused.html.hbs', '{{headlin}}', 'Did you mean `headline`?'],
      'one of a way': ['pages/refused.html.hbs', '{{#each ways}}{{herf}}{{/each}}', 'Did you mean `href`?'],
      'a text as a link': [
        'pages/refused.html.hbs',
        '<a href="{{detail}}">',
        'is a text that anybody may have written',
      ],
      'raw output': ['pages/refused.html.hbs', '{{{detail}}}', 'never written raw'],
      'a text as a style': ['pages/partials/style.html.hbs', 'b { color: {{detail}} }', 'would be read as a style'],
      'a name that nothing uses': ['pages/refuse.html.hbs', '', 'Did you mean `pages/refused.html.hbs`?'],
      'another language': ['pages/de/refused.html.hbs', '', 'is used by nothing'],
    }
    for (const [what, [file, content, why]] of Object.entries(wrong)) {
      it(`R-16 is refused at start for ${what}`, async () => {
        const templates = temporaryFolder()
        mkdirSync(join(templates, file, '..'), { recursive: true })
        writeFileSync(join(templates, file), content)
        const error = await openHost({ invites: { templates } }).catch((thrown: unknown) => thrown)
        expect(error).to.be.instanceOf(TypeError).with.property('message').that.includes(why)
      })
    }
  })

  describe('R-35 keeps every value inert:', () => {
    const values = [
      '</b><a href=//evil>',
      '</title><script>alert(1)</script>',
      '"><img src=x onerror=alert(1)>',
      '" autofocus onfocus="alert(1)',
      "' onmouseover='alert(1)",
      '</p></li></ul><form action=//evil>',
      '<!-- <style>',
      '</style><script>alert(1)</script>',
      '{{7*7}}',
      '{{{email}}}',
      'javascript:alert(1)',
      '&lt;b&gt; & "Bob" `o\'neil`=',
    ]
    const refusedWith = async (value: string) => {
      const errors = [{ pointer: `#/${value}`, detail: value }]
      const error = new InviteError('input_invalid', { detail: value, errors })
      return await pageOf(error, { invites: { appName: value } })
    }
    for (const value of values) {
      it(value, async () => {
        const { text, headers } = await refusedWith(value)
        const plain = await refusedWith('plain')
        expect(tagsOf(text)).to.deep.equal(tagsOf(plain.text))
        const shown = textOf(text)
        expect(shown.split(value).length, 'in the title, as the name, twice in words').to.be.greaterThan(4)
        expect(shown).to.include(`${value.replaceAll('/', '.')} ${value}`)
        expect(hrefsOf(text)).to.deep.equal(hrefsOf(plain.text))
        expect(headers['content-security-policy']).to.equal(plain.headers['content-security-policy'])
      })

      it(`${value} as it was typed`, async () => {
        const { app } = await openSite()
        const paste = (inviteCode: string) =>
          request(app).post('/invites/app/default/join').set('Accept', BROWSER).type('form').send({ inviteCode })
        const { text } = await paste(value)
        expect(tagsOf(text)).to.deep.equal(tagsOf((await paste('plain')).text))
        expect(textOf(/ value="([^"]*)"/.exec(text)?.[1] ?? '')).to.equal(value)
      })
    }
  })

  describe('with several apps', () => {
    const apps = {
      clinic: { appName: 'St. Mary', signupUrl: 'https://acme.dev/clinic', branding: { color: '#0f766e' } },
      school: { appName: 'Hillside', signupUrl: 'https://acme.dev/school' },
    }
    const gate = { appId: (req: express.Request) => req.get('X-App') }
    const signUp = (app: Express, appId: string, inviteCode = '') =>
      request(app).post('/signup').set({ Accept: BROWSER, 'X-App': appId }).type('form').send({ inviteCode })

    it('speaks of the one whose door refused', async () => {
      const { app } = await openSite({ invites: { apps }, gate, errors: { signInUrl: '/login' } })
      for (const [appId, { appName, signupUrl }] of Object.entries(apps)) {
        for (const code of ['', 'ABCD']) {
          const { text } = await signUp(app, appId, code)
          expect(text).to.include(`· ${appName}</title>`)
          expect(actionOf(text)).to.equal(`https://acme.dev/invites/app/${appId}/join`)
          expect(linksOf(text)['Sign in']).to.equal('https://acme.dev/login')
          expect(signupUrl).to.include(appId)
        }
      }
      expect((await signUp(app, 'clinic')).text).to.include('--brand: #0f766e')
    })

    it('speaks of the one that the host names, where that is one', async () => {
      const named = async (appId: (req: express.Request) => string | undefined) => {
        const { app } = await openSite({ invites: { apps }, gate, errors: { appId } })
        return (await signUp(app, 'clinic')).text
      }
      expect(await named(() => 'school')).to.include('· Hillside</title>')
      expect(await named(() => undefined)).to.include('· St. Mary</title>')
      expect(
        await named(() => {
          throw new Error('the session is gone')
        }),
      ).to.include('· St. Mary</title>')
      expect(await named(() => 'nowhere')).to.include('<title>You need an invite</title>')
    })

    it('does without the name, rather than failing, where it is not known', async () => {
      const errors = { signInUrl: '/login', askUrl: 'https://acme.dev/ask' }
      const { app } = await openSite({
        invites: { apps },
        gate,
        errors,
        before: (app) => void app.get('/refused', (_req, _res, next) => next(new InviteError('invite_email_mismatch'))),
      })
      const res = await visit(app)
      expect(res.text).to.include('<title>This invite is for another address</title>').and.not.include('class="app"')
      expect(actionOf(res.text)).to.equal(undefined)
      expect(linksOf(res.text)).to.deep.equal({
        'Ask for an invite of your own': 'https://acme.dev/ask',
        'Sign in': '/login',
      })
      const unknown = await signUp(app, 'nowhere')
      expect([unknown.status, headingOf(unknown.text)]).to.deep.equal([404, 'Nothing to be found here'])
    })

    it('gives each the links that it was mounted with, also where a pasted code is wrong', async () => {
      const { invites } = await openHost({ invites: { apps, secret: SECRET }, gate: { appId: 'clinic' } })
      const { app, host } = await openSite({
        invites: { apps },
        gate,
        errors: { appId: 'school', signInUrl: '/school/login' },
      })
      inviteErrors(host.invites, { appId: 'clinic', signInUrl: '/clinic/login' })
      inviteErrors(invites, { signInUrl: '/elsewhere' })
      for (const appId of Object.keys(apps)) {
        const res = await request(app)
          .post(`/invites/app/${appId}/join`)
          .set('Accept', BROWSER)
          .type('form')
          .send({ inviteCode: 'x' })
        expect(linksOf(res.text)['Sign in']).to.equal(`https://acme.dev/${appId}/login`)
      }
    })
  })
})
