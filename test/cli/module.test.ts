// The commands on a module of the host's app, in a stranger's project, with real mail.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect } from 'chai'
import { SECRET } from '../support/host.js'
import { makeProject } from '../support/project.js'
import { type Smtp, startSmtp } from '../support/smtp.js'
import { type Ended, runProgram } from './program.js'

interface App {
  readonly cwd: string
  run(command: string): Promise<Ended>
  /** The mails in the outbox: how often each was tried. */
  attempts(): readonly number[]
}

/** A project whose `invites.mjs` mails through `smtp`, with its tables made. */
async function openApp(smtp: Smtp, options = ''): Promise<App> {
  const { port } = smtp.mailer.options as { readonly port: number }
  const cwd = makeProject({
    files: {
      'invites.mjs': `
        import { createInvites } from 'express-invite-only'
        import { sqliteStore } from 'express-invite-only/adapters/sqlite'
        import { createTransport } from 'nodemailer'
        console.log('the app is loading')
        setInterval(() => {}, 1000) // as a pool or a queue of the app's would
        const store = sqliteStore('app.db')
        await store.migrate()
        export const invites = createInvites({
          store,
          secret: '${SECRET}',
          baseUrl: 'https://acme.dev/invites',
          signupUrl: 'https://acme.dev/signup',
          mailer: createTransport({ host: '127.0.0.1', port: ${port}, secure: false, ignoreTLS: true }),
          from: 'Acme <hello@acme.dev>',
          findInviter: ({ email }) => ({ id: 7, email, name: 'Bo \\u001b[31mBoss', access: 'supervisor' }),
          ${options}
        })`,
    },
  })
  const run = (command: string) => runInProject(cwd, `${command} --config invites.mjs`)
  const attempts = () => {
    const db = new Database(join(cwd, 'app.db'), { readonly: true })
    const rows = db.prepare<[], { attempts: number }>('select attempts from invite_only_deliveries').all()
    db.close()
    return rows.map((row) => row.attempts)
  }
  expect(await run('migrate')).to.include({ code: 0, stdout: 'The invite tables are up to date.\n' })
  return { cwd, run, attempts }
}

function runInProject(cwd: string, command: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> {
  return runProgram(command, { cwd, env, main: join(cwd, 'node_modules/express-invite-only/dist/src/cli/main.js') })
}

describe("the command line, with the app's module", () => {
  it('mails at once, by the mailer, in the name and with the options of the app', async () => {
    const smtp = await startSmtp()
    const app = await openApp(smtp, "appName: 'Acme Clinic'")
    const sent = await app.run('send ada@example.com --inviter boss@acme.dev --json')
    expect(sent.code).to.equal(0)
    expect(sent.stderr).to.equal('the app is loading\n') // what the app prints stays out of the answer
    const invite = JSON.parse(sent.stdout)
    expect(invite).to.have.nested.property('delivery.state', 'sent')
    expect(invite.inviter).to.include({ id: '7', email: 'boss@acme.dev' })
    expect(smtp.received.map(({ recipients }) => recipients)).to.deep.equal([['ada@example.com']])
    expect(smtp.received[0]?.mail.subject).to.include('Acme Clinic')
    expect(smtp.received[0]?.mail.text).to.include(invite.inviteCode)
    const listed = await app.run('list --links')
    expect(listed.stdout)
      .to.include(invite.joinUrl)
      .and.match(/ sent /)
  })

  it('says where the mail waits, and mails nothing where it was not asked to', async () => {
    const smtp = await startSmtp()
    const app = await openApp(smtp)
    smtp.refuse = { code: 451, message: 'come\u001b[2J back later' }
    const queued = await app.run('send ada@example.com')
    expect(queued.code).to.equal(0)
    expect(queued.stdout).to.match(/^mail {5}queued: .*451 come \[2J back later.* \(your app will try again\)$/m)
    smtp.refuse = undefined
    const db = new Database(join(app.cwd, 'app.db'))
    db.exec('update invite_only_deliveries set next_attempt_at = 0') // due, for whoever delivers
    db.close()
    const other = await app.run('send eve@example.com --no-mail')
    expect(other.stdout).to.match(/^mail {5}none, as you said/m)
    expect((await app.run('list')).stdout).to.match(/ queued\n/)
    expect(app.attempts()).to.deep.equal([1])
    expect(smtp.received).to.have.length(0)
  })

  it('mails an invite again, at once', async () => {
    const smtp = await startSmtp()
    const app = await openApp(smtp)
    const sent = JSON.parse((await app.run('send ada@example.com --no-mail --json')).stdout)
    const resent = await app.run('resend ada@example.com --rotate')
    expect(resent.code).to.equal(0)
    expect(resent.stdout).to.match(/^mail {5}sent$/m)
    const code = /^code {5}(\S+) \(new; the old one has ended\)$/m.exec(resent.stdout)?.[1]
    expect(smtp.received.map(({ mail }) => mail.text)).to.have.length(1)
    expect(smtp.received[0]?.mail.text).to.include(code).and.not.include(sent.inviteCode)
    expect((await app.run('show ada@example.com')).stdout).to.match(/^mail +sent \S{10} \S{5} UTC$/m)
    smtp.refuse = { code: 550, message: 'no such user' }
    const refused = await app.run('resend ada@example.com')
    expect(refused.code).to.equal(1)
    expect(refused.stderr).to.match(/The invite has its full term again, but its mail was refused: .*550 no such user/)
    expect((await app.run('show ada@example.com')).stdout).to.match(/^mail +failed after 1 try: .*550 no such user/m)
  })

  it('exits with 1 where the mail is refused for good, the invite being made', async () => {
    const smtp = await startSmtp()
    const app = await openApp(smtp)
    smtp.refuse = { code: 550, message: 'no such user' }
    const { code, stdout, stderr } = await app.run('send ada@example.com --json')
    expect(code).to.equal(1)
    expect(JSON.parse(stdout)).to.have.nested.property('delivery.state', 'failed')
    const problem = JSON.parse(stderr.split('\n').at(-2) ?? '')
    expect(problem.code).to.equal('mail_failed')
    expect(problem.detail).to.include('550 no such user')
  })

  it('names the apps where one must be chosen, and takes the chosen one', async () => {
    const app = await openApp(await startSmtp(), "apps: { clinic: { mode: 'waitlist' }, lab: {} }")
    const cases: [string, string][] = [
      ['mode', 'There are several apps: say --app with one of clinic, lab. [usage_invalid]'],
      ['mode --app clinc', 'There is no app clinc: say --app with one of clinic, lab. [usage_invalid]'],
    ]
    for (const [command, says] of cases) {
      const { code, stderr } = await app.run(command)
      expect(code).to.equal(2)
      expect(stderr).to.include(says)
    }
    expect((await app.run('mode --app clinic')).stdout).to.equal('waitlist\n') // the module's own option
    expect(await app.run('prune --yes')).to.include({ code: 0 }) // of every app
  })

  it('finds express-invite-only.config.mjs, which a flag overrides', async () => {
    const app = await openApp(await startSmtp(), "mode: 'waitlist'")
    writeFileSync(join(app.cwd, 'express-invite-only.config.mjs'), "export { invites } from './invites.mjs'")
    expect((await runInProject(app.cwd, 'mode')).stdout).to.equal('waitlist\n')
    const mixed = await runInProject(app.cwd, 'mode --base-url https://acme.dev/invites')
    expect(mixed.code).to.equal(2)
    expect(mixed.stderr).to.include('express-invite-only.config.mjs says this already: leave out --base-url')
    expect((await runInProject(app.cwd, 'mode --database app.db')).stdout).to.match(/^Never switched/)
  })

  it('takes a default export, a promise and a CommonJS module too', async () => {
    const app = await openApp(await startSmtp())
    const forms = {
      'default.mjs': "import { invites } from './invites.mjs'\nexport default invites",
      'promise.mjs': "export const invites = import('./invites.mjs').then(({ invites }) => invites)",
      'common.cjs': "exports.load = 1; module.exports = { invites: import('./invites.mjs').then((m) => m.invites) }",
    }
    for (const [name, text] of Object.entries(forms)) {
      writeFileSync(join(app.cwd, name), text)
    }
    const ended = await Promise.all(Object.keys(forms).map((name) => runInProject(app.cwd, `mode --config ${name}`)))
    for (const each of ended) expect(each).to.include({ code: 0, stdout: 'invite-only\n' })
  })

  it('says what is wrong with a module that cannot serve', async () => {
    const app = await openApp(await startSmtp())
    const forms: [string, string, string][] = [
      ['none.mjs', 'export const app = 1', 'createInvites({ … })`. It exports app. [config_invalid]'],
      ['syntax.mjs', 'export const = 1', 'shows where)'],
      ['throws.mjs', 'null.x', "could not be loaded: Cannot read properties of null (reading 'x') (file://"],
      ['types.tsx', 'const a: number = 1', 'For TypeScript: NODE_OPTIONS='],
      [
        'option.mjs',
        "import { createInvites } from 'express-invite-only'\nexport const invites = createInvites({ stor: 1 })",
        'Did you mean `store`? [config_invalid]',
      ],
    ]
    const running = forms.map(async ([name, text, says]) => {
      writeFileSync(join(app.cwd, name), text)
      const { code, stdout, stderr } = await runInProject(app.cwd, `list --config ${name}`)
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' })
      expect(stderr).to.include(says)
    })
    await Promise.all(running)
    const foreign = await runProgram('list --config invites.mjs', { cwd: app.cwd })
    expect(foreign.code).to.equal(2)
    expect(foreign.stderr).to.include('come from another copy of express-invite-only')
  })

  it('takes TypeScript through a loader, and says which kind cannot work', async () => {
    const module = `
      import { createInvites, type Invites } from 'express-invite-only'
      import { sqliteStore } from 'express-invite-only/adapters/sqlite'
      const url: string = 'https://acme.dev/'
      const store = sqliteStore('app.db')
      export const invites: Invites = createInvites({ store, secret: '${SECRET}', baseUrl: url, signupUrl: url })`
    const cwd = makeProject({ files: { 'invites.mts': module, 'common.ts': module } })
    const migrate = (file: string) => runInProject(cwd, `migrate --config ${file}`, { NODE_OPTIONS: '--import tsx' })
    const [typed, common] = await Promise.all([migrate('invites.mts'), migrate('common.ts')])
    expect(typed).to.deep.equal({ code: 0, stdout: 'The invite tables are up to date.\n', stderr: '' })
    expect(common.code).to.equal(2)
    expect(common.stderr).to.include('or an .mts file')
  })
})
