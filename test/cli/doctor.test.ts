// `doctor`: each thing that can be wrong is found, with its cure, and nothing is changed by looking.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect } from 'chai'
import express from 'express'
import { sqliteStore } from '../../adapters/sqlite.js'
import { createInvites, type Invites, type InvitesOptions, inviteRouter } from '../../src/index.js'
import { afterThis, temporaryFolder } from '../support/cleanup.js'
import { SECRET } from '../support/host.js'
import { makeProject } from '../support/project.js'
import { startReceiver, WEBHOOK_SECRET } from '../support/receiver.js'
import { startSmtp } from '../support/smtp.js'
import { type Ended, known, runProgram } from './program.js'

interface Report {
  readonly ok: boolean
  readonly checks: readonly { check: string; state: string; detail: string; cure?: string; readme: string }[]
}

/** An app's own install on `app.db` in a folder. */
async function openApp(
  options: Partial<InvitesOptions> = {},
): Promise<{ readonly cwd: string; readonly invites: Invites }> {
  const cwd = temporaryFolder()
  const store = sqliteStore(join(cwd, 'app.db'))
  await store.migrate()
  const invites = createInvites({
    store,
    secret: SECRET,
    baseUrl: known.INVITE_BASE_URL,
    signupUrl: 'https://acme.dev/signup',
    deliver: false,
    ...options,
  })
  afterThis(() => invites.close())
  return { cwd, invites }
}

async function examine(cwd: string, command = '', env: Readonly<Record<string, string>> = {}) {
  const all = { INVITE_DATABASE: 'app.db', ...known, ...env }
  const { code, stdout, stderr } = await runProgram(`doctor --json ${command}`, { cwd, env: all })
  expect(stderr).to.equal('')
  const report: Report = JSON.parse(stdout)
  expect(code).to.equal(report.ok ? 0 : 1)
  const wrong = report.checks.filter(({ state }) => state === 'failed').map(({ check }) => check)
  expect(report.ok).to.equal(wrong.length === 0)
  const of = (name: string) => report.checks.find(({ check }) => check === name)
  return { wrong, of }
}

describe('the command line, doctor', () => {
  it('finds nothing where nothing is wrong, and changes nothing', async () => {
    const { cwd, invites } = await openApp()
    await invites.send({ email: 'ada@example.com' })
    const db = new Database(join(cwd, 'app.db'), { readonly: true })
    afterThis(() => db.close())
    const version = () => db.pragma('data_version')
    const before = version()
    const { code, stdout } = await runProgram('doctor', { cwd, env: { INVITE_DATABASE: 'app.db', ...known } })
    expect(code).to.equal(0)
    expect(stdout).to.match(/^✓ {2}database {8}readable, writable and migrated$/m)
    expect(stdout).to.match(/^✓ {2}secret {10}opens 1 of 1 pending invite$/m)
    expect(stdout).to.match(/^– {2}mailer /m)
    expect(stdout).not.to.include('✗')
    expect(version()).to.deep.equal(before)
  })

  it('tells that nothing is configured, with the cure', async () => {
    const { code, stdout } = await runProgram('doctor', { cwd: temporaryFolder() })
    expect(code).to.equal(1)
    expect(stdout).to.match(/^✗ {2}configuration {3}does not load\n {19}→ Give the database: --database/m)
    expect(stdout)
      .to.include('README: Command line')
      .and.to.match(/^✓ {2}node /m)
  })

  it('finds tables that are missing, and a file that is', async () => {
    const { cwd, invites } = await openApp()
    await invites.close()
    const db = new Database(join(cwd, 'app.db'))
    db.exec('drop table invite_only_settings')
    db.close()
    const unmigrated = await examine(cwd)
    expect(unmigrated.wrong).to.deep.equal(['database'])
    expect(unmigrated.of('database')?.cure).to.include('express-invite-only migrate')
    expect((await examine(cwd, '--database no.db')).wrong).to.deep.equal(['configuration'])
  })

  it('finds a secret that does not open what is there, and the one of the README', async () => {
    const { cwd, invites } = await openApp()
    await invites.send({ email: 'ada@example.com' })
    const [other, readmes, none] = await Promise.all([
      examine(cwd, '', { INVITE_SECRET: `${SECRET}, but another` }),
      examine(cwd, '', { INVITE_SECRET: 'for development only: 32 characters or more' }),
      examine(cwd, '', { INVITE_SECRET: '' }),
    ])
    expect(other.wrong).to.deep.equal(['secret'])
    expect(other.of('secret')).to.include({ detail: 'opens 0 of 1 pending invite' })
    expect(other.of('secret')?.cure).to.include('[new, old]')
    expect(readmes.of('secret')?.detail).to.include('everybody knows')
    expect(none.of('secret')?.state).to.equal('skipped')
  })

  it('finds URLs that cannot be right', async () => {
    const { cwd } = await openApp()
    const [open, elsewhere, local] = await Promise.all([
      examine(cwd, '--base-url http://acme.dev/invites --signup-url http://acme.dev/signup'),
      examine(cwd, '--signup-url https://signup.dev/'),
      examine(cwd, '--base-url http://localhost:3000/invites'),
    ])
    expect(open.wrong).to.deep.equal(['baseUrl', 'signupUrl'])
    expect(elsewhere.of('configuration')?.cure).to.include('the join cookie would not reach the signup page')
    expect(local.wrong).to.deep.equal([])
  })

  it('asks baseUrl with --online', async () => {
    const { cwd, invites } = await openApp()
    const app = express().use('/invites', inviteRouter(invites, { authorize: () => null }))
    const server = createServer(app).listen(0, '127.0.0.1')
    afterThis(() => server.close())
    await new Promise((resolve) => server.once('listening', resolve))
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const right = await examine(cwd, `--online --base-url ${origin}/invites`)
    expect(right.of('baseUrl')).to.include({ state: 'ok', detail: `${origin}/invites answers` })
    const wrong = await examine(cwd, `--online --base-url ${origin}/invite`)
    expect(wrong.of('baseUrl')?.detail).to.equal(`${origin}/invite/openapi.json answered 404, not our description`)
    await new Promise((resolve) => server.close(resolve))
    const down = await examine(cwd, `--online --base-url ${origin}/invites`)
    expect(down.of('baseUrl')?.detail).to.include('did not answer: connect ECONNREFUSED')
  })

  it('finds mail that does not get out', async () => {
    const smtp = await startSmtp()
    const now = Date.now() - 3 * 60 * 60 * 1000
    const { cwd, invites } = await openApp({ mailer: smtp.mailer, from: 'hello@acme.dev', clock: () => now })
    await invites.send({ email: 'ada@example.com' })
    const waiting = await examine(cwd)
    expect(waiting.wrong).to.deep.equal(['outbox'])
    expect(waiting.of('outbox')?.detail).to.equal('the oldest mail has been due for 3 h')
    smtp.refuse = { code: 550, message: 'no such user' }
    await invites.deliver()
    expect((await examine(cwd)).of('outbox')?.detail).to.match(/^1 mail refused, 0 being retried; .*550 no such user/)
  })

  it('finds webhooks that were given up, which another command makes due again', async () => {
    const receiver = await startReceiver()
    const { cwd, invites } = await openApp({ webhooks: { url: receiver.url, secret: WEBHOOK_SECRET } })
    await invites.send({})
    expect((await examine(cwd)).of('webhooks')?.detail).to.equal('none given up')
    receiver.answer = { status: 410 }
    await invites.deliver()
    const given = await examine(cwd)
    expect(given.wrong).to.deep.equal(['webhooks'])
    expect(given.of('webhooks')?.detail).to.equal('1 webhook given up; the newest: The endpoint answered 410.')
    const env = { INVITE_DATABASE: 'app.db', ...known }
    const listed = await runProgram('webhooks', { cwd, env })
    expect(listed.stdout).to.match(
      /^\S+ \S+ UTC {2}invite\.created {2}\S{16} {2}msg_\S{27} {2}The endpoint answered 410\.$/m,
    )
    const retried = await runProgram('webhooks --retry', { cwd, env })
    expect(retried.stdout).to.equal('1 webhook due again: your app will send them.\n')
    receiver.answer = { status: 200 }
    expect(await invites.deliver()).to.equal(1)
    expect(JSON.parse((await runProgram('webhooks --json', { cwd, env })).stdout)).to.deep.equal({
      items: [],
      nextCursor: null,
    })
  })

  it('finds a clock that was ahead', async () => {
    const { cwd, invites } = await openApp({ clock: () => Date.now() + 3 * 60 * 60 * 1000 })
    await invites.send({ email: 'ada@example.com' })
    expect((await examine(cwd)).wrong).to.deep.equal(['clock'])
  })

  it("asks the app's own mailer, and compiles the app's own templates", async () => {
    const smtp = await startSmtp()
    const { port } = smtp.mailer.options as { readonly port: number }
    const cwd = makeProject({
      files: {
        'invites.mjs': `
          import { mkdirSync, writeFileSync } from 'node:fs'
          import { createInvites } from 'express-invite-only'
          import { sqliteStore } from 'express-invite-only/adapters/sqlite'
          import { createTransport } from 'nodemailer'
          const store = sqliteStore('app.db')
          await store.migrate()
          mkdirSync('templates/dashboard', { recursive: true })
          writeFileSync('templates/dashboard/error.html.hbs', process.env.TEMPLATE)
          export const invites = createInvites({
            store, secret: '${SECRET}', baseUrl: 'https://acme.dev/invites', signupUrl: 'https://acme.dev/signup',
            mailer: createTransport({ host: '127.0.0.1', port: ${port}, secure: false, ignoreTLS: true }),
            from: 'hello@acme.dev', templates: 'templates',
          })`,
      },
    })
    const main = join(cwd, 'node_modules/express-invite-only/dist/src/cli/main.js')
    const run = (template: string) =>
      runProgram('doctor --config invites.mjs', { cwd, main, env: { TEMPLATE: template } })
    const right = await run('{{detail}}')
    expect(right.code).to.equal(0)
    expect(right.stdout).to.match(/^✓ {2}mailer {10}the mail server answers$/m)
    expect(right.stdout).to.match(/^✓ {2}templates {7}are good, in 1 app with files of its own$/m)
    await smtp.stop()
    const wrong = await run('{{#if}}')
    expect(wrong.code).to.equal(1)
    expect(wrong.stdout).to.match(/^✗ {2}mailer .*ECONNREFUSED/m)
    expect(wrong.stdout).to.match(/^✗ {2}templates {7}cannot be used$/m)
    expect(wrong.stdout).to.include('error.html.hbs does not compile')
  })

  describe('--doors', () => {
    const right = "{ path: '/signup', body: { email: 'test@example.com' } }"

    /** A project whose module has an app with a good door and an open one, and exports what it is told to. */
    function openDoors(exporting: string): (command: string) => Promise<Ended> {
      const cwd = makeProject({
        files: {
          'invites.mjs': `
            import express from 'express'
            import { createInvites, requireInvite } from 'express-invite-only'
            import { sqliteStore } from 'express-invite-only/adapters/sqlite'
            const store = sqliteStore('app.db')
            await store.migrate()
            export const invites = createInvites({
              store, secret: '${SECRET}', baseUrl: 'https://acme.dev/invites', signupUrl: 'https://acme.dev/signup',
            })
            const app = express()
            app.post('/signup', express.json(), requireInvite(invites), (req, res) => {
              console.log('an account is made')
              res.status(201).end()
            })
            app.post('/open', express.json(), (req, res) => void res.status(201).end())
            app.use((error, req, res, next) => void res.status(error.status).end())
            ${exporting}`,
        },
      })
      const main = join(cwd, 'node_modules/express-invite-only/dist/src/cli/main.js')
      return (command) => runProgram(`${command} --config invites.mjs`, { cwd, main })
    }

    it('tries each door that the module declares, once it may, and cures those that did not stand', async () => {
      const run = openDoors(`export { app }; export const doors = [${right}, { ...${right}, path: '/open' }]`)
      const [before, unasked] = await Promise.all([run('doctor'), run('doctor --doors')])
      expect(before.code).to.equal(0)
      expect(before.stdout).to.match(/^– {2}doors +invites\.mjs declares 2 doors, which --doors tries; that makes/m)
      expect(unasked).to.include({ code: 2, stdout: '' })
      expect(unasked.stderr).to.include('must be one for tests. Nobody can be asked here: say --yes')
      expect((await run('list --status revoked,accepted')).stdout).to.equal('No revoked or accepted invites.\n')

      const tried = await run('doctor --doors --yes')
      expect(tried.code).to.equal(1)
      expect(tried.stdout).to.match(/^✓ {2}POST \/signup +let in with a good invite, once, and nobody else$/m)
      expect(tried.stdout).to.match(/^✗ {2}POST \/open +no invite: it answered 201, and no gate refused it$/m)
      expect(tried.stdout).to.match(/→ Put requireInvite\(invites\) before the handler .*\n.*README: Test your doors/)
      expect(tried.stderr).to.equal('an account is made\n')
      const { checks }: Report = JSON.parse((await run('doctor --doors --yes --json')).stdout)
      const [signup, open] = checks.slice(-2) as (Report['checks'][number] & { tries: { answer: string }[] })[]
      expect([signup?.state, open?.state]).to.deep.equal(['ok', 'failed'])
      expect(signup?.tries).to.have.length(4)
      expect(open?.tries[0]).to.include({ invite: 'none', stood: false, answer: 'LET IN (201)' })
    })

    it('says what it needs for that', async () => {
      const said = async (exporting: string, command = 'doctor --doors --yes') => {
        const { code, stdout } = await openDoors(exporting)(command)
        expect(code).to.equal(1)
        return stdout
      }
      const doors = `export { app }; export const doors = [${right}]`
      const [nothing, noDoors, wrong, switched, down] = await Promise.all([
        said(''),
        said('export { app }', 'doctor --doors'),
        said("export default { app, doors: [{ path: 'signup' }] }"),
        said(`await invites.settings({ mode: 'open' }); ${doors}`),
        said(`await store.close(); ${doors}`),
      ])
      expect(nothing).to.match(/^✗ {2}doors +invites\.mjs exports no app and no doors\n.*→ Export your Express/m)
      expect(noDoors).to.match(/^✗ {2}doors +invites\.mjs exports no doors$/m)
      expect(wrong).to.include('selfTest: doors[0].path must begin with a slash')
      expect(switched).to.match(/No door was tried: the mode of default is open.*\n.*→ .*mode invite-only/)
      expect(down).to.match(/^– {2}doors +not tried: the database cannot be used$/m)

      const { cwd } = await openApp()
      const bare = await examine(cwd, '--doors --yes')
      expect(bare.of('doors')?.detail).to.equal('are not known without the module of your app')
      expect((await examine(cwd, '--doors --database no.db')).of('doors')?.state).to.equal('skipped')
    })
  })
})
