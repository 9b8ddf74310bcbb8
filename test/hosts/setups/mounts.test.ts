// Where a host may mount the parts: prefixes, routers in routers, apps in apps, and behind a reverse proxy.
import { createServer, request as forward } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect } from 'chai'
import express, { type Express, type Router } from 'express'
import helmet from 'helmet'
import request from 'supertest'
import { inviteDashboard, inviteRouter, requireInvite } from '../../../src/index.js'
import { afterThis } from '../../support/cleanup.js'
import { authorize, type Host, openHost } from '../../support/host.js'

interface Mounted {
  /** Where the parts are, as the outside sees them. */
  readonly router: string
  readonly dashboard: string
  readonly signup: string
}

const where: Mounted = { router: '/api/v1/invites', dashboard: '/back/office', signup: '/t/acme/signup' }
const parse = [express.json(), express.urlencoded({ extended: false })]

/** Mounts everything at the places of `where`; the way there is what is tried. */
type Mount = (app: Express, host: Host) => unknown

const partsOf = ({ invites }: Host) => ({
  router: inviteRouter(invites, { authorize }),
  dashboard: inviteDashboard(invites, { authorize }),
  gate: requireInvite(invites),
})
const welcome: express.RequestHandler = (req, res) => {
  res.status(201).json({ tenant: req.params.tenant, role: req.invite?.role })
}

const mounts: Readonly<Record<string, Mount>> = {
  'under prefixes': (app, host) => {
    const { router, dashboard, gate } = partsOf(host)
    app.use('/api/v1/invites', router).use('/back/office', dashboard)
    app.post('/t/:tenant/signup', parse, gate, welcome)
  },
  'in sub-routers, the gate with mergeParams': (app, host) => {
    const { router, dashboard, gate } = partsOf(host)
    const api = express.Router().use('/invites', router)
    const tenant = express.Router({ mergeParams: true }).post('/signup', parse, gate, welcome)
    app.use('/api', express.Router().use('/v1', api))
    app.use('/back', express.Router().use('/office', dashboard))
    app.use('/t/:tenant', tenant)
  },
  'in sub-apps': (app, host) => {
    const { router, dashboard, gate } = partsOf(host)
    app.use('/api/v1', express().use('/invites', router))
    app.use('/back', express().use('/office', dashboard))
    const tenant = express.Router({ mergeParams: true }).use(parse).use(gate).post('/signup', welcome)
    app.use('/t/:tenant', tenant)
  },
  'by app.route()': (app, host) => {
    const { router, dashboard, gate } = partsOf(host)
    app.use('/api/v1/invites', router).use('/back/office', dashboard)
    app.route('/t/:tenant/signup').post(parse, gate, welcome)
  },
  'in a strict, case-sensitive app': (app, host) => {
    const { router, dashboard, gate } = partsOf(host)
    const strict = (): Router => express.Router({ strict: true, caseSensitive: true })
    app.set('strict routing', true).set('case sensitive routing', true)
    app.use('/api/v1', strict().use('/invites', router)).use('/back', strict().use('/office', dashboard))
    app.use('/t/:tenant', express.Router({ mergeParams: true, strict: true }).post('/signup', parse, gate, welcome))
  },
  'with helmet before everything': (app, host) => {
    app.use(helmet())
    mounts['under prefixes']?.(app, host)
  },
}

async function openMounted(mount: Mount) {
  const host = await openHost({
    invites: { baseUrl: 'https://acme.dev/api/v1/invites', signupUrl: 'https://acme.dev/t/acme/signup' },
  })
  const app = express().set('env', 'test') // with which Express prints no error that it answers itself
  mount(app, host)
  return { app, host }
}

/** The whole way of one invite, from the dashboard's form to the account, against an app or an address. */
async function walk(target: Express | string, host: Host): Promise<void> {
  const who = { Authorization: 'Bearer supervisor' }
  const created = await request(target)
    .post(`${where.router}/app/default/invite`)
    .set(who)
    .send({ email: 'ada@example.com', role: 'nurse' })
  expect(created.status).to.equal(201)
  const own = new URL(created.get('Location') ?? '').pathname
  expect((await request(target).get(own).set(who)).body.inviteId).to.equal(created.body.inviteId)

  const page = await request(target).get(where.dashboard).set(who)
  expect(page.text).to.contain('ada@example.com')
  expect(page.get('Content-Security-Policy')).to.contain("style-src 'self'")
  const css = /<link rel="stylesheet" href="([^"]+)"/.exec(page.text)?.[1] ?? ''
  expect((await request(target).get(css)).type).to.equal('text/css')
  const action = /<form[^>]* action="([^"]+\/send[^"]*)"/.exec(page.text)?.[1] ?? ''
  const sent = await request(target)
    .post(action)
    .set({ ...who, 'Sec-Fetch-Site': 'same-origin', Cookie: 'a=b' })
    .type('form')
    .send({ email: 'bob@example.com' })
  expect(sent.status).to.equal(303)
  expect(
    (
      await request(target)
        .get(sent.get('Location') ?? '')
        .set(who)
    ).text,
  ).to.contain('bob@example.com')

  const joined = await request(target).get(new URL(created.body.joinUrl).pathname)
  expect([joined.status, joined.get('Location')]).to.deep.equal([302, 'https://acme.dev/t/acme/signup'])
  const cookie = joined.get('Set-Cookie')?.[0] ?? ''
  expect(cookie).to.match(/; Path=\//i)
  expect(cookie).not.to.match(/Path=\/\w/i)
  const Cookie = cookie.split(';')[0] ?? ''
  const check = await request(target).post(`${where.router}/app/default/invite/check`).set({ Cookie }).send()
  expect([check.status, check.body.role]).to.deep.equal([200, 'nurse'])

  const post = (body: object, headers = {}) => request(target).post(where.signup).set(headers).type('form').send(body)
  expect((await post({ email: 'ada@example.com' })).status).to.equal(403)
  expect((await post({ email: 'eve@example.com' }, { Cookie })).status).to.equal(403)
  const signup = await post({ email: 'ada@example.com' }, { Cookie })
  expect([signup.status, signup.body]).to.deep.equal([201, { tenant: 'acme', role: 'nurse' }])
  expect(signup.get('Set-Cookie')?.[0]).to.match(/Max-Age=0/)
  expect((await post({ email: 'ada@example.com' }, { Cookie })).status).to.equal(410)
  expect((await host.invites.acceptances()).items.map(({ email }) => email)).to.deep.equal(['ada@example.com'])
}

describe('mounts', () => {
  for (const [name, mount] of Object.entries(mounts)) {
    it(`an invite goes its whole way ${name}`, async () => {
      const { app, host } = await openMounted(mount)
      await walk(app, host)
    })
  }

  it('an invite goes its whole way behind a reverse proxy, which ends TLS and takes a prefix away', async () => {
    const { app, host } = await openMounted((app, host) => {
      const { router, dashboard, gate } = partsOf(host)
      app.set('trust proxy', 1)
      app.use('/v1/invites', router).use('/back/office', dashboard)
      app.post('/t/:tenant/signup', parse, gate, welcome)
    })
    await walk(await startProxy(app), host)
  })

  it('behind a proxy the wrong codes are counted by the address that it tells', async () => {
    const { app } = await openMounted((app, host) => {
      app.set('trust proxy', 1)
      mounts['under prefixes']?.(app, host)
    })
    const url = await startProxy(app)
    const guess = (from: string) =>
      request(url)
        .post(where.signup)
        .set('X-Forwarded-For', from)
        .send({ inviteCode: 'a'.repeat(28), email: 'a@b.c' })
    const statuses = new Set<number>()
    for (let count = 0; count <= 100; count++) statuses.add((await guess(`10.0.0.${count}`)).status)
    expect([...statuses]).to.deep.equal([403, 429]) // what the client itself adds changes nothing
  })

  it('helmet behind the dashboard, or replaced for it, leaves its page as it is', async () => {
    const { app } = await openMounted((app, host) => {
      const { dashboard } = partsOf(host)
      app.use(where.dashboard, helmet({ contentSecurityPolicy: { directives: { styleSrc: ["'none'"] } } }), dashboard)
      app.use(helmet())
    })
    const page = await request(app).get(where.dashboard).set('Authorization', 'Bearer supervisor')
    expect(page.get('Content-Security-Policy')).to.match(/^default-src 'none'; style-src 'self'/)
    expect([page.get('X-Frame-Options'), page.get('Referrer-Policy')]).to.deep.equal(['DENY', 'same-origin'])
  })
})

/** A reverse proxy as hosts have it: it adds X-Forwarded-*, and maps /api/v1 to /v1. Returns its address. */
async function startProxy(app: Express): Promise<string> {
  const inner = app.listen(0, '127.0.0.1')
  await new Promise((resolve) => inner.once('listening', resolve))
  const { port } = inner.address() as AddressInfo
  const outer = createServer((req, res) => {
    const before = req.headers['x-forwarded-for']
    const headers = {
      ...req.headers,
      host: 'app.internal',
      'x-forwarded-for': before ? `${before}, 203.0.113.7` : '203.0.113.7',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'acme.dev',
    }
    const path = req.url?.replace(/^\/api\/v1/, '/v1')
    const upstream = forward({ port, path, method: req.method, headers }, (answer) => {
      res.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(res)
    })
    req.pipe(upstream)
  })
  await new Promise<void>((resolve) => outer.listen(0, '127.0.0.1', resolve))
  afterThis(() => Promise.all([outer, inner].map((server) => new Promise((resolve) => server.close(resolve)))))
  return `http://127.0.0.1:${(outer.address() as AddressInfo).port}`
}
