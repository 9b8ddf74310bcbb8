// What stands around each js and ts block of the README when it is compiled and run: `before` makes the names that the
// block takes as given, `after` uses what it made and asserts what the README promises of it. Block, before and after
// are one module, so names are made once. ./harness.ts stands beside it as `./harness.js`.

export interface Prelude {
  /** Some words of the block that no other block has. */
  readonly has: string
  readonly before: string
  readonly after: string
}

export const preludes: readonly Prelude[] = [
  {
    has: 'createTransport(process.env.SMTP_URL)',
    before: `
      import assert from 'node:assert/strict'
      import type { AddressInfo } from 'node:net'
      import { createInvites } from 'express-invite-only'
      import { SMTPServer } from 'smtp-server'
      import { secret, store } from './harness.js'
      const recipients: string[] = []
      const server = new SMTPServer({
        authOptional: true,
        disabledCommands: ['STARTTLS'],
        onData(stream, session, done) {
          recipients.push(...session.envelope.rcptTo.map(({ address }) => address))
          stream.resume().on('end', done)
        },
      })
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
      process.env.SMTP_URL = 'smtp://127.0.0.1:' + (server.server.address() as AddressInfo).port
      process.env.INVITE_SECRET = secret`,
    after: `
      const mailed = new Promise((resolve) => invites.events.once('sent', resolve))
      await invites.send({ email: 'ada@example.com' })
      await mailed
      assert.deepEqual(recipients, ['ada@example.com'])
      await invites.close()
      server.close()`,
  },
  {
    has: "from 'express-invite-only'\n\napp.get('/signup'",
    before: `
      import assert from 'node:assert/strict'
      import { inviteRouter } from 'express-invite-only'
      import { app, invites, renderAsJson, request, send } from './harness.js'
      renderAsJson()
      app.use('/invites', inviteRouter(invites, { authorize: () => null }))`,
    after: `
      const { joinUrl } = await send()
      const join = await request.get(new URL(joinUrl ?? '').pathname)
      const page = await request.get('/signup').set('Cookie', join.get('Set-Cookie') ?? [])
      assert.equal(JSON.parse(page.text).invitedBy, 'Me')
      assert.equal(JSON.parse((await request.get('/signup')).text).invitedBy, undefined)`,
  },
  {
    has: "set(error.headers).render('signup', { why",
    before: `
      import assert from 'node:assert/strict'
      import express from 'express'
      import { InviteError, requireInvite } from 'express-invite-only'
      import { app, invites, renderAsJson, request } from './harness.js'
      renderAsJson()
      app.post('/signup', express.json(), requireInvite(invites))`,
    after: `
      const refused = await request.post('/signup').send({})
      assert.equal(refused.status, 403)
      assert.match(JSON.parse(refused.text).why, /needs an invite/)`,
  },
  {
    has: 'webhooks: { url',
    before: `
      import assert from 'node:assert/strict'
      import { createInvites } from 'express-invite-only'
      import { secret, store } from './harness.js'
      const baseUrl = 'http://localhost/invites'
      const signupUrl = 'http://localhost/signup'
      process.env.WEBHOOK_SECRET = 'whsec_' + Buffer.alloc(32).toString('base64')`,
    after: `
      await invites.send({}) // which nobody is told of
      assert.deepEqual([await invites.deliver(), await invites.retryWebhooks()], [0, 0])
      await invites.close()`,
  },
  {
    has: "from 'standardwebhooks'",
    before: `
      import assert from 'node:assert/strict'
      import type { AddressInfo } from 'node:net'
      import express from 'express'
      import { createInvites } from 'express-invite-only'
      import { store } from './harness.js'
      process.env.WEBHOOK_SECRET = 'whsec_' + Buffer.alloc(32).toString('base64')
      const crm = express()
      const welcomed: unknown[] = []
      const welcome = async (...who: unknown[]) => void welcomed.push(who)`,
    after: `
      const server = crm.listen(0)
      const url = \`http://localhost:\${(server.address() as AddressInfo).port}/hooks\`
      const told = createInvites({
        store,
        secret: 'for the blocks of the README: 32 characters or more',
        baseUrl: 'http://localhost/invites',
        signupUrl: 'http://localhost/signup',
        webhooks: { url, secret: process.env.WEBHOOK_SECRET },
        deliver: false,
      })
      const { inviteCode } = await told.send({ metadata: { plan: 'pro' } })
      await (await told.claim({ inviteCode: inviteCode ?? '' })).accept({ userId: 7 })
      assert.equal(await told.deliver(), 2)
      assert.deepEqual(welcomed, [['7', { plan: 'pro' }]])
      assert.deepEqual((await told.failedWebhooks()).items, [])
      server.closeAllConnections()
      server.close()
      await told.close()`,
  },
  {
    has: 'pendingApproval: true })\nawait members.add',
    before: `
      import assert from 'node:assert/strict'
      import { claim, invites } from './harness.js'
      const req = { invite: await claim() }
      const user = { id: 'approved-later' }
      const active = new Map<string | null, boolean>()
      const members = {
        add: async (member: { user: { id: string }; role: string | null; orgId: string | null; active: boolean }) =>
          void active.set(member.user.id, member.active),
        activate: (userId: string | null, is: boolean) => active.set(userId, is),
      }`,
    after: `
      assert.equal(active.get(user.id), false)
      await invites.approveAcceptance(joined.acceptanceId)
      assert.equal(active.get(user.id), true)`,
  },
  {
    has: 'req.invite?.acceptSync({ userId: user.id, trx: db })',
    before: `
      import assert from 'node:assert/strict'
      import { Kysely, SqliteDialect, type Transaction } from 'kysely'
      import { claim, db, invites } from './harness.js'
      interface User { readonly id: number }
      const kysely = new Kysely({ dialect: new SqliteDialect({ database: db }) })
      const claims = [await claim(), await claim(), await claim()]
      const req = { body: { email: 'ada@example.com' }, get invite() { return claims.shift() } }
      const user: User = { id: 1 }
      let users = 1
      function addUser(body: object): User
      function addUser(trx: Transaction<unknown>, body: object): Promise<User>
      function addUser(_first: object, second?: object): User | Promise<User> {
        users += 1
        return second ? Promise.resolve({ id: users }) : { id: users }
      }`,
    after: `
      const { items } = await invites.acceptances()
      assert.deepEqual(items.map(({ userId }) => userId).sort(), ['1', '2', '3'])`,
  },
  {
    has: 'await pool.connect() // a pg.Pool',
    before: `
      import assert from 'node:assert/strict'
      import { createInvites } from 'express-invite-only'
      import { postgresStore } from 'express-invite-only/adapters/postgres'
      import pg from 'pg'
      import { secret } from './harness.js'
      const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL })
      await pool.query('create table users (id integer generated always as identity, email text)')
      const store = postgresStore(pool)
      await store.migrate()
      const urls = { baseUrl: 'http://localhost/invites', signupUrl: 'http://localhost/signup' }
      const invites = createInvites({ store, secret, ...urls })
      const { inviteCode } = await invites.send({})
      const invite = await invites.claim({ inviteCode: inviteCode ?? '', email: false })
      const req = { body: { email: 'ada@example.com' }, invite }`,
    after: `
      client.release()
      const { items } = await invites.acceptances()
      assert.deepEqual(items.map(({ userId }) => userId), ['1'])
      await invites.close()
      await pool.end()`,
  },
  {
    has: 'postgresStore(process.env.DATABASE_URL) // or your own',
    before: `
      import assert from 'node:assert/strict'`,
    after: `
      await store.migrate()
      await store.changeSettings({ appId: 'default', change: { mode: 'open' }, now: 1 })
      assert.deepEqual(await store.getSettings('default'), { mode: 'open' })
      await store.close()`,
  },
  {
    has: "import { admit } from 'express-invite-only'",
    before: `
      import assert from 'node:assert/strict'
      import passport from 'passport'
      import OAuth2Strategy from 'passport-oauth2'
      import { invites, send } from './harness.js'
      const added: object[] = []
      const users = {
        byProviderId: (_id: string) => null,
        add: (user: object) => ({ id: added.push(user), ...user }),
      }
      const url = 'http://localhost/'
      const provider = { authorizationURL: url, tokenURL: url, clientID: 'app', clientSecret: 'secret' }`,
    after: `
      const log = (inviteCode?: string) =>
        new Promise<unknown[]>((resolve) => {
          const req = { get: () => undefined, headers: {}, app: { get: () => undefined }, body: { inviteCode } }
          verify(req, 'access', 'refresh', { id: 'p1' }, (...told: unknown[]) => resolve(told))
        })
      const [, nobody, why] = await log()
      assert.deepEqual([nobody, (why as { code: string }).code], [false, 'invite_required'])
      const { inviteCode } = await send({ role: 'nurse' })
      assert.equal((await log(inviteCode))[0], null)
      assert.deepEqual(added, [{ providerId: 'p1', email: null, role: 'nurse' }])
      assert.equal((await invites.acceptances()).items[0]?.userId, '1')`,
  },
  {
    has: "app.post('/register', parse, gate",
    before: `
      import assert from 'node:assert/strict'
      import express from 'express'
      import { InviteError, type InvitePreview, previewInvite, requireInvite } from 'express-invite-only'
      import { app, invites, request, send } from './harness.js'
      const users: unknown[] = []
      const addUser = (user: unknown) => void users.push(user)
      const isGood = (password: string) => password.length > 7
      type Invited = Pick<InvitePreview, 'email'> | undefined
      const form = ({ why = '', invite }: { why?: string; invite?: Invited }) => 'The form. ' + why + (invite?.email ?? '')`,
    after: `
      const { inviteCode } = await send({ email: 'ada@example.com' })
      const register = (pass: string) =>
        request.post('/register').type('form').send({ mail: 'ada@example.com', pass, inviteCode })
      assert.equal((await request.get('/register')).text, 'The form. ')
      const weak = await register('weak')
      assert.deepEqual([weak.status, weak.text], [200, 'The form. Choose a longer password.ada@example.com'])
      assert.equal((await register('long enough')).status, 302)
      assert.equal((await register('long enough')).status, 410)
      assert.equal(users.length, 1)`,
  },
  {
    has: "passport.authenticate('signup'",
    before: `
      import assert from 'node:assert/strict'
      import express from 'express'
      import { requireInvite } from 'express-invite-only'
      import session from 'express-session'
      import passport from 'passport'
      import { Strategy } from 'passport-local'
      import { app, invites, request, send } from './harness.js'
      const users = new Set<string>()
      app.use(express.json(), session({ secret: 'x', resave: false, saveUninitialized: false }), passport.session())
      passport.serializeUser((user, done) => done(null, user))
      passport.use('signup', new Strategy({ usernameField: 'email' }, (email, _password, done) => {
        if (users.has(email)) return done(null, false)
        users.add(email)
        done(null, { email })
      }))`,
    after: `
      const { inviteCode } = await send({ maxUses: 2 })
      const signup = (email: string) => request.post('/signup').send({ email, password: 'secret', inviteCode })
      assert.equal((await signup('ada@example.com')).get('Location'), '/member')
      assert.equal((await signup('ada@example.com')).get('Location'), '/signup?taken') // gives its use back
      assert.equal((await signup('eve@example.com')).get('Location'), '/member')
      assert.equal((await signup('bob@example.com')).status, 410)`,
  },
  {
    has: 'storeContract({ describe, it }',
    before: `
      import assert from 'node:assert/strict'
      import { sqliteStore } from 'express-invite-only/adapters/sqlite'
      const myStore = () => sqliteStore(':memory:')
      const tests: (() => Promise<void>)[] = []
      const describe = (_name: string, define: () => void) => define()
      const it = (_name: string, test: () => Promise<void>) => void tests.push(test)`,
    after: `
      assert.ok(tests.length > 30)
      for (const test of tests) await test()`,
  },
  {
    has: "import { carryInvite } from 'express-invite-only'",
    before: `
      import assert from 'node:assert/strict'
      import passport from 'passport'
      import OAuth2Strategy from 'passport-oauth2'
      import { app, invites, request, send } from './harness.js'
      const url = 'https://provider.example/'
      const client = { authorizationURL: url, tokenURL: url, clientID: 'app', clientSecret: 'secret' }
      const store = { store: (_req: unknown, done: (error: null, state: string) => void) => done(null, 's1') }
      for (const name of ['google', 'apple']) {
        passport.use(name, new OAuth2Strategy({ ...client, store } as never, () => undefined))
      }`,
    after: `
      const { inviteCode } = await send()
      for (const [path, sameSite] of [['google', 'Lax'], ['apple', 'None']]) {
        const start = await request.get('/auth/' + path).query({ inviteCode })
        assert.equal(start.status, 302)
        assert.match(String(start.get('Set-Cookie')), new RegExp('^invite_only_trip.*SameSite=' + sameSite))
      }`,
  },
  {
    has: 'app.use(inviteErrors(invites, { signInUrl',
    before: `
      import assert from 'node:assert/strict'
      import { admit } from 'express-invite-only'
      import passport from 'passport'
      import { Strategy } from 'passport-local'
      import { app, invites, request } from './harness.js'
      const users = { findUser: () => null, createUser: () => ({ id: 1 }) }
      passport.use('oauth2', new Strategy({ passReqToCallback: true }, admit(invites, users)))`,
    after: `
      const path = '/auth/callback?username=ada&password=secret'
      const page = await request.get(path).set('Accept', 'text/html')
      assert.equal(page.status, 403)
      assert.match(page.text, /You need an invite/)
      assert.match(page.text, /href="http:\\/\\/localhost\\/login"/)
      assert.equal((await request.get(path)).type, 'application/problem+json')`,
  },
  {
    has: 'invites.selfTest(app, {',
    before: `
      import assert from 'node:assert/strict'
      import express from 'express'
      import { admit, InviteError, requireInvite } from 'express-invite-only'
      import { Strategy } from 'passport-oauth2'
      import { app, invites } from './harness.js'
      let users = 0
      app.use(express.json())
      app.post('/signup', requireInvite(invites), (_req, res) => void res.status(201).json({ id: ++users }))
      app.post('/graphql', (req, res, next) => {
        const claiming = invites.claim({ inviteCode: req.body.inviteCode ?? '', email: req.body.email })
        claiming.then((claim) => claim.accept({ userId: ++users })).then(() => res.json({ data: {} }), next)
      })
      app.use(((error, _req, res, _next) => {
        res.status(error instanceof InviteError ? error.status : 500).end()
      }) satisfies express.ErrorRequestHandler)
      const verify = admit(invites, { findUser: () => null, createUser: () => ({ id: ++users }) })
      const urls = { authorizationURL: 'https://p.dev/a', tokenURL: 'https://p.dev/t', callbackURL: 'https://acme.dev/cb' }
      const googleStrategy = new Strategy(
        { ...urls, clientID: 'app', clientSecret: 'secret', passReqToCallback: true },
        verify,
      )
      const post = (url: string, body: object) =>
        fetch(url, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) })`,
    after: `
      assert.equal(report.doors.length, 3)
      assert.equal(users, 3)`,
  },
  {
    has: 'requireInvite(invites, { existing: true })',
    before: `
      import assert from 'node:assert/strict'
      import express from 'express'
      import { type Claim, requireInvite } from 'express-invite-only'
      import { app as host, invites, request, send } from './harness.js'
      type Member = express.Request & { user: { id: number; email: string }; invite: Claim }
      const joined: unknown[] = []
      const users = { join: async (...membership: unknown[]) => void joined.push(membership) }
      host.use(express.json(), (req, _res, next) => {
        if (req.get('X-User')) Object.assign(req, { user: { id: 7, email: 'ada@example.com' } })
        next()
      })
      const app = {
        post: (path: string, gate: express.RequestHandler, handle: (req: Member, res: express.Response) => unknown) =>
          host.post(path, gate, handle as unknown as express.RequestHandler),
      }`,
    after: `
      host.use(((error, _req, res, _next) => void res.sendStatus(error.status)) satisfies express.ErrorRequestHandler)
      const { inviteCode } = await send({ email: 'ada@example.com', role: 'nurse', orgId: 'clinic' })
      assert.equal((await request.post('/join').send({ inviteCode, email: 'ada@example.com' })).status, 401)
      assert.equal((await request.post('/join').set('X-User', 'ada').send({ inviteCode })).status, 302)
      assert.deepEqual(joined, [[7, 'clinic', 'nurse']])
      assert.equal((await invites.acceptances()).items[0]?.userId, '7')`,
  },
  {
    has: "from 'express-openid-connect'",
    before: `
      import assert from 'node:assert/strict'
      import { app, invites, request } from './harness.js'
      const findUser = () => null
      const createUser = ({ sub }: { readonly sub?: string }) => ({ id: sub ?? '' })
      const settings = {
        issuerBaseURL: 'http://localhost:1',
        baseURL: 'http://localhost',
        clientID: 'app',
        clientSecret: 'secret',
        secret: 'a secret of the host, long enough to be one',
        authRequired: false,
      }`,
    after: `
      app.get('/', (_req, res) => void res.json('welcome'))
      assert.equal((await request.get('/')).body, 'welcome')`,
  },
  {
    has: "from '@auth/express'",
    before: `
      import assert from 'node:assert/strict'
      import { InviteError } from 'express-invite-only'
      import { app, invites, request } from './harness.js'
      const findUser = () => null
      const createUser = ({ sub }: { sub?: string | null }) => ({ id: sub ?? '' })
      const settings = { providers: [], secret: 'a secret of the host, long enough to be one', trustHost: true }`,
    after: `
      assert.match((await request.get('/auth/csrf')).body.csrfToken, /^[0-9a-f]{64}$/)`,
  },
  {
    has: "invites.createKey({ label: 'Mendix'",
    before: `
      import assert from 'node:assert/strict'
      import express from 'express'
      import { createInvites, inviteRouter } from 'express-invite-only'
      import { secret, store } from './harness.js'
      const invites = createInvites({
        store,
        secret,
        baseUrl: 'http://localhost:3000/invites',
        signupUrl: 'http://localhost:3000/signup',
        apps: { clinic: {} },
        findInviter: ({ email }) => (email === 'boss@acme.dev' ? { id: 1, name: 'Bo', access: 'supervisor' } : null),
      })
      const app = express().use('/invites', inviteRouter(invites, { authorize: () => null }))
      const server = app.listen(0)
      const { port } = server.address() as { port: number }
      const fetch = (url: string, init: RequestInit) => globalThis.fetch(url.replace('3000', String(port)), init)`,
    after: `
      assert.equal(sent.status, 201)
      assert.equal((await sent.json()).inviter.name, 'Bo')
      server.close()
      await invites.close()`,
  },
  {
    has: 'requestQuestions: {',
    before: `
      import assert from 'node:assert/strict'
      import { createInvites } from 'express-invite-only'
      import { secret, store } from './harness.js'
      const options = {
        store,
        secret,
        baseUrl: 'https://acme.dev/invites',
        signupUrl: 'https://acme.dev/signup',
        from: 'Acme <hello@acme.dev>',
        mailer: { sendMail: async () => undefined },
      }`,
    after: `
      await invites.requestAccess({ email: 'ada@example.com', answers: { company: 'Acme' } })
      await assert.rejects(invites.requestAccess({ email: 'ada@example.com' }), { code: 'input_invalid' })
      await invites.close()`,
  },
  {
    has: "customCode: 'LAUNCH-2026'",
    before: `
      import assert from 'node:assert/strict'
      import { createInvites } from 'express-invite-only'
      import { secret, store } from './harness.js'
      const baseUrl = 'https://acme.dev/invites'
      const invites = createInvites({ store, secret, baseUrl, signupUrl: 'https://acme.dev/signup', humanCodes: true })`,
    after: `
      assert.equal(link.inviteCode, 'LAUNCH-2026')
      assert.equal(link.joinUrl, 'https://acme.dev/invites/app/default/join/LAUNCH-2026')
      await invites.close()`,
  },
  {
    has: 'invites.audit({ inviteId })',
    before: `
      import assert from 'node:assert/strict'
      import { invites } from './harness.js'
      const { inviteId } = await invites.send({})
      await invites.revoke(inviteId, { actor: { id: '7', access: 'supervisor' } })`,
    after: `
      const revoked = items.find(({ action }) => action === 'invite.revoke')
      assert.deepEqual(revoked?.actor, { kind: 'supervisor', id: '7' })
      assert.deepEqual([total.made, total.revoked, levels, users], [1, 1, [], []])
      assert.ok(periods.length >= 5)`,
  },
  {
    has: "metadata: { source: 'Product Hunt' }",
    before: `
      import assert from 'node:assert/strict'
      import { invites } from './harness.js'`,
    after: `
      assert.deepEqual(sources.map(({ source, made }) => [source, made]), [['Product Hunt', 1]])`,
  },
  {
    has: 'invites.forget({ email',
    before: `
      import assert from 'node:assert/strict'
      import { invites } from './harness.js'
      await invites.send({ email: 'ada@example.com' })
      assert.equal((await invites.export({ email: 'Ada@example.com' })).invites.length, 1)`,
    after: `
      assert.deepEqual((await invites.export({ email: 'ada@example.com' })).invites, [])`,
  },
  {
    has: 'invites.sendMany(people',
    before: `
      import assert from 'node:assert/strict'
      import { invites } from './harness.js'
      const people = [{ email: 'ada@example.com' }, { email: 'bob@example.com', role: 'nurse' }]`,
    after: `
      assert.deepEqual([created, invalid, Object.values(skipped)], [2, 0, [0, 0, 0]])`,
  },
]

/** Lines of sh blocks that are neither curl nor npm, and so are not run: why not. */
export const notRun: Readonly<Record<string, string>> = {
  'npx express-invite-only seed list.csv --dry-run             # what would become of each row; nothing is changed':
    'test/cli/seed.test.ts',
  'npx express-invite-only seed list.csv --map email=Mail --per-hour 500': 'test/cli/seed.test.ts',
  'npx express-invite-only keys create --app clinic --label Mendix --expires-in 90d    # prints user and password, once':
    'test/cli/keys.test.ts',
  'npx express-invite-only send ada@example.com --role admin --config ./src/invites.js': 'test/cli/module.test.ts',
  'export INVITE_DATABASE=app.db INVITE_SECRET=… INVITE_BASE_URL=https://acme.dev/invites': 'test/cli/commands.test.ts',
  'npx express-invite-only send --link --max-uses 50 --expires-in 7d': 'test/cli/commands.test.ts',
}
