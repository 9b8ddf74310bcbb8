// whatever is wrong with the set-up is told at start, with the answer in it.
import { join } from 'node:path'
import { expect } from 'chai'
import { sqliteStore } from '../adapters/sqlite.js'
import { createInvites, type InvitesOptions, inviteDashboard, inviteRouter } from '../src/index.js'
import { temporaryFolder } from './support/cleanup.js'
import { authorize, openHost, SECRET, sendInvite } from './support/host.js'

const store = sqliteStore(':memory:')
const good: InvitesOptions = {
  store,
  secret: SECRET,
  baseUrl: 'https://acme.dev/invites',
  signupUrl: 'https://acme.dev/signup',
}
const starting = (changes: object) => () => createInvites({ ...good, ...changes })

describe('R-16 createInvites refuses', () => {
  after(() => store.close())

  const cases: [string, object, string | RegExp][] = [
    ['an unknown option', { basUrl: 'x' }, 'unknown option `basUrl`. Did you mean `baseUrl`?'],
    ['an option of another case', { signupURL: 'x' }, 'Did you mean `signupUrl`?'],
    ['an option from nowhere', { zzzzzzzzz: 1 }, /unknown option `zzzzzzzzz`. It takes `appName`/],
    ['no store', { store: undefined }, '`store` must be a store, such as sqliteStore'],
    ['a database in place of a store', { store: {} }, '`store` must be a store'],
    ['no secret', { secret: undefined }, '`secret` is missing. It must be at least 32 characters'],
    ['no secret in the list', { secret: [] }, '`secret` is missing'],
    ['a short secret', { secret: 'short' }, 'This one has 5.'],
    ['a short one among several', { secret: [SECRET, 'short'] }, 'This one has 5.'],
    ['a relative baseUrl', { baseUrl: '/invites' }, '`baseUrl` must be where inviteRouter is reachable'],
    ['a baseUrl of another kind', { baseUrl: 'ftp://acme.dev' }, '`baseUrl` must be'],
    ['a baseUrl with a query', { baseUrl: 'https://acme.dev/invites?x=1' }, 'without credentials, query or fragment'],
    ['no signupUrl', { signupUrl: undefined }, "`signupUrl` must be the URL of the host's signup page"],
    ['a signupUrl on another host', { signupUrl: 'https://www.acme.dev/signup' }, 'set cookie: { domain }'],
    [
      'a mailer that cannot mail',
      { mailer: { send() {} }, from: 'a@acme.dev' },
      '`mailer` must be an object with sendMail()',
    ],
    ['a mailer without a sender', { mailer: { sendMail() {} } }, '`from` must be the sender of mails'],
    ['a sender that is none', { from: 'Acme' }, '`from` must be the sender of mails'],
    ['a sender with a line break', { from: 'Acme\r\nBcc: x <a@acme.dev>' }, '`from` must be'],
    ['a folder that is not there', { templates: '/no/such/folder' }, '`templates` must be a folder that exists'],
    [
      'a clock that tells no number',
      { clock: (() => new Date()) as never },
      '`clock` must be a function that returns ms',
    ],
    ['a mode that is none', { mode: 'invite_only' }, '`mode` must be one of open, invite-only, waitlist, closed'],
    ['a term in words', { ttlMs: '7d' }, '`ttlMs` must be a whole number'],
    ['a claim of no time', { claimTtlMs: 0 }, '`claimTtlMs` must be a whole number of milliseconds, 1 or more'],
    ['roles that are no list', { roles: 'admin' }, '`roles` must be a list'],
    ['a findInviter that is no function', { findInviter: {} }, '`findInviter` must be a function'],
    ['no apps', { apps: {} }, '`apps` must be an object of at least one app'],
    ['an app with an odd name', { apps: { 'a b': {} } }, "`apps['a b']` must be named by"],
    [
      'an unknown option of an app',
      { apps: { a: { signUrl: 'x' } } },
      'apps.a: unknown option `signUrl`. Did you mean `signupUrl`?',
    ],
    ['a wrong option of an app', { apps: { a: { mode: 'x' } } }, '`apps.a.mode` must be one of'],
    ['unknown limits', { limits: { wrongCode: {} } }, 'Did you mean `wrongCodes`?'],
    ['a limit of nothing', { limits: { wrongCodes: { limit: 0 } } }, '`limits.wrongCodes.limit` must be'],
    [
      'counters that cannot be read',
      { limits: { wrongCodes: { store: { increment() {} } } } },
      'express-rate-limit store with `get`',
    ],
    ['an appName of two lines', { appName: 'a\nb' }, '`appName` must be a line of text'],
    [
      'a cookie domain of somebody else',
      { cookie: { domain: 'other.example' } },
      '`cookie.domain` must be the domain that acme.dev',
    ],
    ['a cookie domain with more in it', { cookie: { domain: 'acme.dev; Secure' } }, '`cookie.domain` must be'],
    [
      'a signup page outside the cookie domain',
      { cookie: { domain: 'acme.dev' }, signupUrl: 'https://notacme.dev/signup' },
      'join cookie would not reach',
    ],
    ['a signup page without https', { signupUrl: 'http://acme.dev/signup' }, 'does not travel from https to http'],
    ['an unknown cookie option', { cookie: { domian: 'acme.dev' } }, 'Did you mean `domain`?'],
  ]
  for (const [what, changes, message] of cases) {
    it(what, () => expect(starting(changes)).to.throw(TypeError, message))
  }

  it('a router or a dashboard without authorize, or with an unknown option', async () => {
    const { invites } = await openHost()
    expect(() => inviteRouter(invites, {} as never)).to.throw(TypeError, 'inviteRouter needs `authorize`')
    expect(() => inviteRouter(invites, undefined as never)).to.throw(TypeError, 'inviteRouter needs `authorize`')
    expect(() => inviteDashboard(invites, {} as never)).to.throw(TypeError, 'inviteDashboard needs `authorize`')
    expect(() => inviteRouter(invites, { authorize, autorize: 1 } as never)).to.throw(
      TypeError,
      'Did you mean `authorize`?',
    )
  })
})

describe('R-16 createInvites', () => {
  it('takes undefined for absent', async () => {
    const invites = starting({
      mailer: undefined,
      ttlMs: undefined,
      apps: undefined,
      cookie: undefined,
      limits: undefined,
    })()
    expect(invites.events.eventNames()).to.deep.equal([])
  })

  it('takes a signup page on another host of a shared cookie domain', () => {
    starting({ signupUrl: 'https://www.acme.dev/signup', cookie: { domain: 'acme.dev' } })()
  })

  it('takes the only app for the default one, and asks for a name where there are several', async () => {
    const one = await openHost({ invites: { apps: { clinic: { appName: 'Clinic' } } } })
    expect((await one.invites.send({})).appId).to.equal('clinic')
    const several = await openHost({ invites: { apps: { clinic: {}, school: {} } }, gate: { appId: 'clinic' } })
    const error = await several.invites.send({}).catch((thrown: unknown) => thrown)
    expect(error).to.be.instanceOf(TypeError)
    expect(String(error)).to.contain('name one of clinic, school')
    const named = await openHost({ invites: { apps: { default: {}, school: {} } } })
    expect((await named.invites.send({})).appId).to.equal('default')
  })

  it('gives apps the options of the install where they have none of their own', async () => {
    const apps = { a: {}, b: { ttlMs: null, mode: 'open' as const } }
    const host = await openHost({ invites: { ttlMs: 1000, apps }, gate: { appId: 'a' } })
    const a = await sendInvite(host, {}, 'a')
    const b = await sendInvite(host, {}, 'b')
    expect(Date.parse(a.expiresAt ?? '') - Date.parse(a.createdAt)).to.equal(1000)
    expect(b.expiresAt).to.equal(null)
    expect((await host.invites.settings(undefined, { appId: 'b' })).mode).to.equal('open')
  })

  it('R-16 no environment opens the gate', async () => {
    const before = process.env.NODE_ENV
    try {
      for (const environment of ['production', 'development', 'test']) {
        process.env.NODE_ENV = environment
        const host = await openHost()
        await host.signup({}).expect(403)
        expect(starting({ secret: undefined })).to.throw(TypeError)
      }
    } finally {
      if (before === undefined) delete process.env.NODE_ENV
      else process.env.NODE_ENV = before
    }
  })

  it('R-16 answers 503 before the tables are there, on every door', async () => {
    const bare = sqliteStore(join(temporaryFolder(), 'app.db'))
    const host = await openHost({ invites: { store: { ...bare, migrate: async () => undefined } } })
    for (const body of [{}, { inviteCode: 'x' }]) {
      const res = await host.signup(body)
      expect(res.status).to.equal(503)
    }
    const [error] = host.errors as Error[]
    expect(error?.message, 'is shown to strangers').not.to.match(/migrate|app\.db/)
    expect(String(error?.cause)).to.contain('store.migrate()').and.contain('app.db')
    const res = await host.manage.post('default/invite', { email: 'ada@example.com' })
    expect(res.status).to.equal(503)
    expect(res.body.detail).not.to.contain('/')
  })

  it('takes an actor that is there and nobody for a mistake, not for everybody', async () => {
    const { invites } = await openHost()
    for (const actor of [undefined, null as never]) {
      const error = await invites.list({}, { actor }).catch((thrown: unknown) => thrown)
      expect(error).to.be.instanceOf(TypeError)
    }
  })

  it('close() can be called twice', async () => {
    const { invites } = await openHost()
    await invites.close()
    await invites.close()
  })
})
