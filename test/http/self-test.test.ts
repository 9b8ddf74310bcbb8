// `invites.selfTest`: real hosts, good ones and broken ones, and what it says of each.
import { createServer, type RequestListener } from 'node:http'
import { expect } from 'chai'
import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler } from 'express'
import { Strategy as LocalStrategy } from 'passport-local'
import OAuth2Strategy from 'passport-oauth2'
import OpenIdConnectStrategy from 'passport-openidconnect'
import {
  admit,
  type Claim,
  type Door,
  InviteError,
  type LocalProfile,
  type RequireInviteOptions,
  type RouteDoor,
  requireInvite,
  type SelfTestOptions,
  type SelfTestReport,
} from '../../src/index.js'
import { afterThis } from '../support/cleanup.js'
import { type Host, openHost } from '../support/host.js'

interface Users {
  readonly all: { readonly id: number; readonly email: string; readonly role: string | null }[]
  /** Makes one, with an address of its own. */
  add(email: string, invite?: Claim): { readonly id: number }
}

interface Site extends Host {
  readonly users: Users
  readonly site: Express
  test(doors: readonly Door[], options?: Partial<SelfTestOptions>): Promise<SelfTestReport>
}

/** A host's own site, with the routes that `mount` gives it and an error handler at its end. */
async function openSite(mount: (site: Express, host: Host, users: Users) => void = () => undefined): Promise<Site> {
  const host = await openHost()
  const all: Users['all'] = []
  const users: Users = {
    all,
    add(email, invite) {
      if (all.some((user) => user.email === email)) throw new Error(`${email} is taken`)
      const user = { id: all.length + 1, email, role: invite?.role ?? null }
      all.push(user)
      return user
    },
  }
  const site = express()
  mount(site, host, users)
  site.use(((error, _req, res, _next) => {
    res.status(error instanceof InviteError ? error.status : 500).json({ message: error.message })
  }) satisfies ErrorRequestHandler)
  return { ...host, users, site, test: (doors, options) => host.invites.selfTest(site, { doors, ...options }) }
}

const signup: RouteDoor = { path: '/signup', body: { email: 'test@example.com', password: 'correct horse' } }
const profile = { id: '1', emails: [{ value: 'test@example.com', verified: true }] }
const urls = { authorizationURL: 'https://p.dev/a', tokenURL: 'https://p.dev/t', callbackURL: 'https://acme.dev/cb' }
const client = { ...urls, clientID: 'app', clientSecret: 'secret' }

/** POST /signup behind the gate, answered by `answer`. */
function gated(answer?: (users: Users, ...handled: Parameters<RequestHandler>) => void, gate?: RequireInviteOptions) {
  return (site: Express, { invites }: Host, users: Users) => {
    const make: RequestHandler = (req, res) => void res.status(201).json(users.add(req.body.email, req.invite))
    const handler: RequestHandler = answer === undefined ? make : (...handled) => answer(users, ...handled)
    site.post('/signup', express.json(), requireInvite(invites, gate), handler)
  }
}

/** Of one door: each try and how it came out. */
function outcomes({ doors }: SelfTestReport): Record<string, string> {
  expect(doors).to.have.length(1)
  return Object.fromEntries((doors[0]?.tries ?? []).map(({ invite, answer }) => [invite, answer]))
}

/** What it says of the only door's try with this invite. */
function complaint({ doors }: SelfTestReport, invite: string): string {
  const found = doors[0]?.tries.find((each) => each.invite === invite)
  return `${found?.why} → ${found?.cure}`
}

const good = { none: 'refused (403)', dead: 'refused (403)', good: 'let in (201)', used: 'refused (410)' }

describe('invites.selfTest', () => {
  it('finds that every kind of door stands, and says so in a table', async () => {
    const { invites, users, test } = await openSite((site, host, users) => {
      gated()(site, host, users)
      site.post(
        '/register',
        express.urlencoded({ extended: false }),
        requireInvite(host.invites, { succeeded: () => true }),
        (req, res) => {
          users.add(req.body.email)
          res.redirect('/')
        },
      )
      site.post('/graphql', express.json(), (req, res, next) => {
        const claiming = host.invites.claim({ inviteCode: req.body.code ?? '', email: false })
        claiming.then(async (claim) => {
          users.add(req.body.mail)
          await claim.accept()
          res.json({ data: {} })
        }, next)
      })
    })
    const byPassword = admit<{ id: number }, LocalProfile>(invites, {
      findUser: () => null,
      createUser: ({ username }, invite) => users.add(username, invite),
    })
    const byProvider = admit<{ id: number }, typeof profile>(invites, {
      findUser: () => null,
      createUser: ({ emails }, invite) => users.add(emails[0]?.value ?? '', invite),
    })
    const oidc = { issuer: 'https://p.dev', ...client, userInfoURL: 'https://p.dev/u', passReqToCallback: true }
    const report = await test(
      [
        signup,
        { ...signup, path: '/register', type: 'form' },
        {
          strategy: new LocalStrategy({ passReqToCallback: true }, byPassword),
          profile: { username: 'test@example.com', password: 'correct horse' },
        },
        {
          name: 'Example ID',
          strategy: new OAuth2Strategy({ ...client, passReqToCallback: true }, byProvider),
          profile,
        },
        { strategy: new OpenIdConnectStrategy(oidc as never, byProvider as never), profile },
        { name: 'SAML', strategy: { _signonVerify: byProvider, _passReqToCallback: true }, profile },
        { name: 'callback', strategy: byProvider, values: ({ email }) => [{ emails: [{ value: email }] }] },
        {
          name: 'GraphQL signup',
          try: ({ url, inviteCode, email }) =>
            fetch(`${url}/graphql`, {
              method: 'POST',
              headers: { 'Content-Type': 'application/json' },
              body: JSON.stringify({ mail: email, code: inviteCode }),
            }),
        },
      ],
      { accounts: () => users.all.length },
    )
    expect(`\n${report.table}\n`).to.equal(`
   door            no invite      dead invite    good invite   used invite
✓  POST /signup    refused (403)  refused (403)  let in (201)  refused (410)
✓  POST /register  refused (403)  refused (403)  let in (302)  refused (410)
✓  local           refused        refused        let in        refused
✓  Example ID      refused        refused        let in        refused
✓  openidconnect   refused        refused        let in        refused
✓  SAML            refused        refused        let in        refused
✓  callback        refused        refused        let in        refused
✓  GraphQL signup  refused (403)  refused (403)  let in (200)  refused (410)
`)
    expect(report.ok).to.equal(true)
    expect(users.all).to.have.length(8)
    expect(users.all[0]?.email).to.match(/^test\+\d{9}@example\.com$/)
  })

  it('R-19 leaves used invites that are marked, no pending one, no open port, and no code in what it says', async () => {
    const urls: string[] = []
    const codes: string[] = []
    const { invites, store, test } = await openSite(gated((_users, req, res) => void res.status(422).json(req.body)))
    const noted: RouteDoor['body'] = ({ url, inviteCode = '' }) => {
      urls.push(url)
      codes.push(inviteCode, inviteCode.replaceAll('-', ''))
      const link = `${new URLSearchParams({ code: inviteCode.replaceAll('-', ' ') })}`
      if (inviteCode) codes.push(link, inviteCode.replaceAll('-', '%2D'))
      const [bare, typed] = ['', ' '].map((dash) => inviteCode.replaceAll('-', dash))
      return { inviteCode, typed, bare, link, escaped: codes.at(-1), token: 'x'.repeat(60) }
    }
    const failed = await test([{ ...signup, body: noted }])
    expect(failed.ok).to.equal(false)
    expect(complaint(failed, 'good')).to.include(
      '"inviteCode":"…","typed":"…","bare":"…","link":"code=…","escaped":"…","token":"…"',
    )
    for (const code of codes.filter(Boolean)) expect(JSON.stringify(failed)).not.to.include(code)
    expect(codes.filter(Boolean)).to.have.length(8)
    expect((await invites.list()).items).to.deep.equal([])
    const gone: unknown = await fetch(urls[0] ?? '').catch((error: unknown) => error)
    expect(gone).to.be.instanceOf(TypeError)

    const sound = await openSite(gated())
    expect((await sound.test([{ ...signup, invite: { role: 'nurse', metadata: { of: 'us' } } }])).ok).to.equal(true)
    expect(sound.users.all.map(({ role }) => role)).to.deep.equal(['nurse'])
    const { items } = await sound.invites.list({ status: ['pending', 'accepted', 'expired', 'revoked'] })
    expect(items.map(({ status, metadata }) => [status, metadata])).to.have.deep.members([
      ['accepted', { of: 'us', selfTest: true }],
      ['revoked', { selfTest: true }],
    ])
    expect(await store.nextDeliveryAt()).to.equal(undefined)
  })

  describe('finds a door that is open:', () => {
    it('no gate at all', async () => {
      const { test } = await openSite((site, _host, users) => {
        site.post('/signup', express.json(), (req, res) => void res.status(201).json(users.add(req.body.email)))
      })
      const report = await test([signup])
      expect(outcomes(report)).to.deep.equal({
        none: 'LET IN (201)',
        dead: 'LET IN (201)',
        good: 'not counted (201)',
      })
      expect(report.table).to.match(
        /^✗ {2}POST \/signup, no invite: it answered 201: .*, and no gate refused it\n {3}→ Put requireInvite\(invites\) before/m,
      )
    })

    it('a gate before another route', async () => {
      const { test } = await openSite((site, host, users) => {
        site.post('/singup', express.json(), requireInvite(host.invites))
        site.post('/signup', express.json(), (req, res) => void res.send(users.add(req.body.email)))
      })
      expect(outcomes(await test([signup]))).to.include({ none: 'LET IN (200)', good: 'not counted (200)' })
    })

    it('a refusal that does not stop the handler', async () => {
      const { test } = await openSite((site, { invites }, users) => {
        const gate = requireInvite(invites)
        const lax: RequestHandler = (req, res, next) => gate(req, res, () => next())
        site.post('/signup', express.json(), lax, (req, res) => void res.status(201).json(users.add(req.body.email)))
      })
      const report = await test([signup])
      expect(outcomes(report)).to.deep.equal({
        ...good,
        none: 'LET IN (201)',
        dead: 'LET IN (201)',
        used: 'LET IN (201)',
      })
      expect(complaint(report, 'none')).to.include('let in though a gate refused it (invite_required)')
    })

    it('the same, behind a page that always says 200, where the host tells its accounts', async () => {
      const { test, users } = await openSite((site, { invites }, users) => {
        const gate = requireInvite(invites)
        const lax: RequestHandler = (req, res, next) => gate(req, res, () => next())
        site.post('/signup', express.json(), lax, (req, res) => {
          users.add(req.body.email)
          res.send('<h1>Something went wrong</h1>')
        })
      })
      const report = await test([signup], { accounts: () => users.all.length })
      expect(outcomes(report)).to.include({ none: 'LET IN (200)', used: 'LET IN (200)' })
    })

    it('a strategy that makes users past the gate of the form', async () => {
      const { test, users } = await openSite(gated())
      const makes = (...values: unknown[]) => {
        const done = values.at(-1) as (error: null, user: object) => void
        done(null, users.add(`${users.all.length}@example.com`))
      }
      const four = (_access: string, _refresh: string, found: typeof profile, done: (e: null, user: object) => void) =>
        done(null, users.add(found.emails[0]?.value ?? ''))
      const report = await test([
        signup,
        { name: 'Example ID', strategy: new OAuth2Strategy(client, four), profile },
        {
          name: 'with the request',
          strategy: new OAuth2Strategy({ ...client, passReqToCallback: true }, makes),
          profile,
        },
      ])
      expect(report.doors.map(({ name, stood }) => [name, stood])).to.deep.equal([
        ['POST /signup', true],
        ['Example ID', false],
        ['with the request', false],
      ])
      const [, example] = report.doors
      expect(example?.tries.map(({ answer }) => answer)).to.deep.equal(['LET IN', 'LET IN', 'not counted'])
      expect(report.table).to.include('→ Make its verify callback by admit(invites, { findUser, createUser })')
    })

    it('a code that is good twice', async () => {
      const { test } = await openSite((site, { invites }, users) => {
        const seen = new Set<string>()
        const gate = requireInvite(invites)
        const once: RequestHandler = (req, res, next) => {
          const { inviteCode } = req.body
          if (seen.has(inviteCode)) return next()
          gate(req, res, (error?: unknown) => {
            if (error === undefined) seen.add(inviteCode)
            next(error)
          })
        }
        site.post('/signup', express.json(), once, (req, res) => void res.status(201).json(users.add(req.body.email)))
      })
      expect(outcomes(await test([signup]))).to.deep.equal({ ...good, used: 'LET IN (201)' })
    })
  })

  describe('finds a door that does not open:', () => {
    const wontOpen: readonly [what: string, mount: Parameters<typeof openSite>[0], answer: string, says: RegExp][] = [
      [
        'a gate whose `succeeded` always says no',
        gated(undefined, { succeeded: () => false }),
        'not counted (201)',
        /^it answered 201: .* but the use was given back → .*accept\(\{ userId \}\).*`succeeded`/,
      ],
      [
        'an account that is made behind a failure page of status 200',
        gated(
          (users, req, res) => {
            users.add(req.body.email)
            res.send('<h1>Oops</h1>')
          },
          { succeeded: (_req, res) => res.statusCode >= 300 },
        ),
        'not counted (200)',
        /^it answered 200: Oops, but the use was given back/,
      ],
      [
        'a handler that finds fault with the body',
        gated((_users, _req, res) => void res.status(422).json({ why: 'Choose a longer password.' })),
        'failed (422)',
        /^it answered 422: \{"why":"Choose a longer password\."\} → Is this what your signup needs/,
      ],
      [
        'a handler that always fails',
        gated(() => {
          throw new Error('the users are down')
        }),
        'failed (500)',
        /the users are down.* → See what your app says/,
      ],
      [
        'a handler that fails once the use is counted',
        gated((_users, req, _res, next) => void req.invite?.accept().then(() => next(new Error('late')))),
        'counted (500)',
        /^the invite was used, and yet it answered 500/,
      ],
      [
        'a gate that looks for the code elsewhere',
        gated(undefined, { code: (req: Request) => req.get('X-Invite') }),
        'REFUSED (403)',
        /refused with invite_required → The gate found no code/,
      ],
    ]
    for (const [what, mount, answer, says] of wontOpen) {
      it(what, async () => {
        const report = await (await openSite(mount)).test([signup])
        expect(report.ok).to.equal(false)
        expect(outcomes(report)).to.include({ none: good.none, good: answer }).and.not.to.have.property('used')
        expect(complaint(report, 'good')).to.match(says)
      })
    }

    it('a use that is counted for no account, where the host tells its accounts', async () => {
      const { test, users } = await openSite(gated((_users, _req, res) => void res.send('Choose a longer password.')))
      const report = await test([signup], { accounts: async () => users.all.length })
      expect(outcomes(report)).to.include({ good: 'counted (200)' })
      expect(complaint(report, 'good')).to.include('no account was made')
      expect((await test([signup])).ok).to.equal(true) // which it cannot know else
    })

    it('a strategy that fails, one that refuses, and one that lacks the request', async () => {
      const { test, invites } = await openSite()
      const users = { findUser: () => null, createUser: () => Promise.reject(new Error('the users are down')) }
      const refuses = (_req: unknown, _a: string, _r: string, _p: unknown, done: (...values: unknown[]) => void) =>
        done(null, false, { message: 'not you' })
      const report = await test([
        {
          name: 'fails',
          strategy: new OAuth2Strategy({ ...client, passReqToCallback: true }, admit(invites, users)),
          profile,
        },
        { name: 'refuses', strategy: refuses, profile },
        { name: 'lacks', strategy: new OAuth2Strategy(client, admit(invites, users)), profile },
        { name: 'wrong password', strategy: admit(invites, { ...users, findUser: () => false }), profile },
      ])
      const last = report.doors.map(({ tries }) => tries.at(-1))
      expect(last.map((found) => found?.why)).to.deep.equal([
        'it failed: the users are down',
        'it made no user: not you',
        last[2]?.why,
        'it made no user: This is not the login of that account.',
      ])
      expect(last[2]?.why).to.include('passReqToCallback: true')
    })

    it('a door that is not there, one that is shut before the gate, and one that sends everybody away', async () => {
      const { test } = await openSite((site) => {
        site.post('/closed', (_req, res) => void res.status(403).send('<title>no</title><p>CSRF token missing'))
        site.post('/away', (_req, res) => void res.redirect(301, 'https://acme.dev/away'))
        site.post('/limit', (_req, res) => void res.status(429).end())
      })
      const report = await test(['/signup', '/closed', '/away', '/limit'].map((path) => ({ ...signup, path })))
      const told = report.doors.map(({ tries: [first] }) => [first?.answer, `${first?.why} → ${first?.cure}`])
      expect(told.map(([answer]) => answer)).to.deep.equal([
        'not refused (404)',
        'not refused (403)',
        'not refused (301)',
        'not refused (429)',
      ])
      expect(told[0]?.[1]).to.include('Is this the path of your signup')
      expect(told[1]?.[1]).to.match(/403: CSRF token missing, and no gate refused it → .*its CSRF token/)
      expect(told[2]?.[1]).to.match(/301: to https:\/\/acme\.dev\/away, .* was this sent away before it got there/)
      expect(told[3]?.[1]).to.include('A limit of your app stopped the test')
    })

    it('an app that never answers, and a door whose try never ends', async () => {
      const { test } = await openSite((site) => void site.post('/signup', () => undefined))
      const never = new Promise<never>(() => undefined)
      const report = await test(
        [signup, { name: 'stuck', try: () => never }, { name: 'mute', strategy: () => undefined, profile }],
        { timeoutMs: 50 },
      )
      expect(report.ok).to.equal(false)
      for (const { tries } of report.doors) {
        expect(tries).to.have.length(1)
        expect(tries[0]).to.include({ answer: 'no answer', why: 'no answer within 50 ms' })
      }
    })

    it('a gate that has had too many wrong codes', async () => {
      const { test, site, signup: post } = await openSite(gated())
      expect(site).not.to.equal(post)
      for (let n = 0; n < 100; n++) await post({ inviteCode: `${n}` })
      const told = complaint(await test([signup]), 'dead')
      expect(told).to.match(/refused with rate_limited and not with invite_invalid → Too many wrong codes/)
    })
  })

  it('sends what functions say, with headers of theirs, and knows an answer of any client', async () => {
    const { test, users } = await openSite((site, host, users) => {
      gated(
        (users, req, res) => {
          if (req.get('X-CSRF') !== 'yes') return void res.status(403).end()
          res.status(201).json(users.add(req.body.mail))
        },
        { email: false, code: (req) => req.body.code },
      )(site, host, users)
    })
    const body: RouteDoor['body'] = async ({ email, inviteCode, unique }) => ({
      mail: email,
      code: inviteCode,
      name: unique,
    })
    const report = await test([
      { path: '/signup', method: 'POST', body, headers: async () => ({ 'X-CSRF': 'yes' }) },
      { path: '/signup', type: 'form', body: {}, headers: { 'X-CSRF': 'yes', 'Content-Type': 'application/json' } },
      {
        name: 'read already',
        async try({ url, inviteCode, email }) {
          const headers = { 'X-CSRF': 'yes', 'Content-Type': 'application/json' }
          const answer = await fetch(`${url}/signup`, {
            method: 'POST',
            headers,
            body: JSON.stringify({ mail: email, code: inviteCode }),
          })
          await answer.json()
          return answer
        },
      },
    ])
    expect(report.doors.map(({ stood }) => stood)).to.deep.equal([true, false, true])
    expect(users.all).to.have.length(2)
  })

  it('makes addresses, user names and ids different for each try, wherever they are', async () => {
    const { invites } = await openHost()
    const seen: unknown[][] = []
    const door: Door = {
      strategy: (...values: unknown[]) => {
        seen.push(values)
        ;(values.at(-1) as (error: Error) => void)(new Error('no'))
      },
      profile: {
        id: '7',
        sub: 'x',
        login: 7,
        name: 'Test',
        born: new Date(0),
        _json: { emails: ['a@example.com'] },
        nothing: null,
      },
    }
    await invites.selfTest(express(), { doors: [door] })
    const profiles = seen.map((values) => values[3] as Record<string, unknown>)
    expect(new Set(profiles.map(({ id }) => id)).size)
      .to.equal(profiles.length)
      .and.to.equal(3)
    for (const { id, sub, login, name, born, _json, nothing } of profiles) {
      expect([name, born, nothing]).to.deep.equal(['Test', new Date(0), null])
      expect(id).to.match(/^\d{9}$/)
      expect([sub, login, _json]).to.deep.equal([`x${id}`, Number(id), { emails: [`a+${id}@example.com`] }])
    }
  })

  it('believes a door of a client of ours that throws what refused it', async () => {
    const { invites, users, test } = await openSite()
    const report = await test([
      {
        name: 'in code',
        async try({ inviteCode = '', email }) {
          const claim = await invites.claim({ inviteCode, email })
          await claim.accept({ userId: users.add(email).id })
        },
      },
    ])
    expect(report.table).to.match(/^✓ {2}in code +refused +refused +let in +refused$/m)
  })

  it('tells of a use that is still held, which code of the host forgot to accept', async () => {
    const { invites, test } = await openSite()
    const forgetful: Door = {
      name: 'in code',
      try: ({ inviteCode = '' }) => invites.claim({ inviteCode, email: false }),
    }
    const report = await test([forgetful])
    expect(outcomes(report)).to.include({ good: 'held' })
    expect(complaint(report, 'good')).to.include('claim.accept({ userId })')
  })

  it('serves an app, a handler, or a server, also one that listens', async () => {
    const { invites, site } = await openSite(gated())
    const server = createServer(site).listen(0, '127.0.0.1')
    afterThis(() => server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    const passing: RequestListener = (req, res) => void site(req, res)
    for (const app of [site, server, createServer(site), passing]) {
      expect((await invites.selfTest(app, { doors: [signup] })).ok).to.equal(true)
    }
    expect(server.listening).to.equal(true)
  })

  it('counts a refusal that is told by a page of status 200, and one that redirects', async () => {
    const answers: readonly [string, RequestHandler][] = [
      ['refused (200)', (_req, res) => void res.send('Sorry.')],
      ['refused (302)', (_req, res) => void res.redirect('/signup?why')],
    ]
    for (const [refused, answer] of answers) {
      const { test } = await openSite((site, host, users) => {
        gated()(site, host, users)
        site.use(((_error, req, res, next) => void answer(req, res, next)) satisfies ErrorRequestHandler)
      })
      expect(outcomes(await test([signup]))).to.deep.equal({ ...good, none: refused, dead: refused, used: refused })
    }
  })

  it('gives each form of callback what its strategy would', async () => {
    const { invites } = await openHost()
    const seen: unknown[] = []
    const done = (values: unknown[]) => (values.at(-1) as (error: null, user: false) => void)(null, false)
    const withArity = (length: number) => {
      const verify = (...values: unknown[]) => {
        seen.push(
          values.slice(0, -1).map((value) => (typeof value === 'object' ? Object.keys(value ?? {}).join() : value)),
        )
        done(values)
      }
      return Object.defineProperty(verify, 'length', { value: length })
    }
    const given = async (strategy: object, who: object = { id: 'a' }) => {
      await invites.selfTest(express(), { doors: [{ strategy, profile: () => who }] })
      return seen.splice(0)[0]
    }
    const oidc = (length: number) => ({ name: 'openidconnect', _verify: withArity(length) })
    const [issuer, token] = [
      'https://provider.example',
      'e30.eyJpc3MiOiJodHRwczovL3Byb3ZpZGVyLmV4YW1wbGUiLCJzdWIiOiJhIn0.',
    ]
    expect(await given(oidc(3))).to.deep.equal([issuer, 'id'])
    expect(await given(oidc(5))).to.deep.equal([issuer, 'id', '', token])
    expect(await given(oidc(8))).to.deep.equal([issuer, 'id', '', token, 'access', 'refresh', ''])
    expect(await given(oidc(9))).to.deep.equal([issuer, 'id', 'id', '', token, 'access', 'refresh', ''])
    expect(await given({ _verify: withArity(4) })).to.deep.equal(['access', 'refresh', 'id'])
    expect(await given({ _verify: withArity(5) })).to.deep.equal(['access', 'refresh', '', 'id'])
    expect(await given({ _verify: withArity(2) }, { claims: () => ({}) })).to.deep.equal(['claims'])
    expect(await given({ _verify: withArity(3) }, { username: 'ada', password: 'x' })).to.deep.equal(['ada', 'x'])
  })

  for (const mode of ['open', 'closed'] as const) {
    it(`tries nothing while the mode is ${mode}, and is not content with that`, async () => {
      const { invites, users, test } = await openSite(gated())
      await invites.settings({ mode })
      const report = await test([signup])
      expect(report).to.deep.include({ ok: false, doors: [] })
      expect(report.table).to.include(`the mode of default is ${mode}`)
      expect([users.all, (await invites.list()).items]).to.deep.equal([[], []])
    })
  }

  it('tests the app that is named, and hears nothing of others', async () => {
    const { invites } = await openHost({ invites: { apps: { clinic: {}, lab: {} } }, gate: { appId: 'lab' } })
    const site = express().use(express.json())
    site.post('/signup', requireInvite(invites, { appId: 'clinic' }), (_req, res) => void res.status(201).end())
    site.use(((error, _req, res, _next) => void res.status(error.status).end()) satisfies ErrorRequestHandler)
    expect((await invites.selfTest(site, { doors: [signup], appId: 'clinic' })).ok).to.equal(true)
    expect(outcomes(await invites.selfTest(site, { doors: [signup], appId: 'lab' })).none).to.equal('not refused (403)')
  })

  it('R-16 says what is wrong with how it is called', async () => {
    const { invites, site } = await openSite()
    const wrong: readonly [says: string, doors: unknown, more?: object, app?: unknown][] = [
      ['must name the ways to sign up, as in selfTest(app, { doors: [', undefined],
      ['must name the ways to sign up', []],
      ['Did you mean `doors`?', [signup], { dors: [] }],
      ['doors[0] must be an object', ['/signup']],
      ['doors[0] must have one of `path`, `strategy`', [{ body: {} }]],
      ['doors[0] must have one of', [{ ...signup, try: () => 1 }]],
      ["doors[1].path must begin with a slash, as '/signup' does", [signup, { ...signup, path: 'signup' }]],
      ['doors[0]: unknown option `bdy`. Did you mean `body`?', [{ path: '/signup', bdy: {} }]],
      ['doors[0].body must be what your signup is sent', [{ path: '/signup' }]],
      ['doors[0].method must be', [{ ...signup, method: 'GET' }]],
      ["doors[0].type must be 'json' or 'form'", [{ ...signup, type: 'xml' }]],
      ['doors[0].headers must be', [{ ...signup, headers: 'x' }]],
      ['doors[0].name must be a text', [{ ...signup, name: 7 }]],
      ['doors[0].invite: unknown option `rol`. Did you mean `role`?', [{ ...signup, invite: { rol: 'x' } }]],
      ['doors[0].strategy must be a Passport strategy', [{ strategy: 'google', profile }]],
      ['doors[0].profile must be who logs in', [{ strategy: () => 1 }]],
      ['doors[0].values must be a function', [{ strategy: () => 1, values: [] }]],
      ['doors[0].strategy has no verify callback that can be called', [{ strategy: {}, profile }]],
      ['doors[0].name must say how to call it', [{ try: () => 1 }]],
      ['doors[0].try must be a function', [{ name: 'x', try: 1 }]],
      ['`timeoutMs` must be', [signup], { timeoutMs: 0 }],
      ['`accounts` must be a function', [signup], { accounts: 7 }],
      ['the first argument must be your Express app', [signup], {}, {}],
    ]
    for (const [says, doors, more, app = site] of wrong) {
      const told: unknown = await invites.selfTest(app as Express, { doors, ...more } as never).catch((e: unknown) => e)
      expect(told, says).to.be.instanceOf(TypeError)
      expect(String(told))
        .to.include(says)
        .and.match(/^TypeError: selfTest: /)
    }
    expect((await invites.list({ status: ['pending', 'revoked'] })).items).to.deep.equal([])
  })
})
