// `seed`: a list of any length, as often as it is run, also where it was cut off in the middle.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { expect } from 'chai'
import { afterThis, temporaryFolder } from '../support/cleanup.js'
import { execute, postgresUrl, temporarySchema } from '../support/postgres.js'
import { root } from '../support/project.js'
import { known, runProgram } from './program.js'

async function openFolder(env: Readonly<Record<string, string>> = { INVITE_DATABASE: 'app.db' }) {
  const cwd = temporaryFolder()
  const all = { ...known, ...env }
  const run = (command: string) => runProgram(command, { cwd, env: all })
  expect((await run('migrate')).code).to.equal(0)
  return { cwd, env: all, run, write: (name: string, text: string | Buffer) => writeFileSync(join(cwd, name), text) }
}

const MAIN = join(root, 'dist/src/cli/main.js')
const ROWS = 20_000
const list = `email\n${Array.from({ length: ROWS }, (_none, at) => `user${at}@example.com\n`).join('')}`

describe('the command line, seed', () => {
  it('invites a list, and says that all of it was there when it is run again', async () => {
    const { run, write, cwd } = await openFolder()
    write('list.csv', 'Mail;Team;Role\nada@example.com;o1;nurse\nBOB@example.com;;\n')
    const command = 'seed list.csv --map email=Mail --map orgId=Team --role guest --expires-in never --no-mail'
    const dry = await run(`${command} --dry-run`)
    expect(dry).to.include({ code: 0, stderr: '' })
    expect(dry.stdout)
      .to.match(/^created {2}2$/m)
      .and.include('A dry run: nothing was changed.')
    const first = await run(`${command} --report all.ndjson`)
    expect(first).to.include({ code: 0, stderr: '' })
    expect(first.stdout).to.equal('created  2\nskipped  0 already invited, 0 already joined\ninvalid  0\n')
    const listed = JSON.parse((await run('list --json')).stdout).items
    expect(
      listed.map(({ email, orgId, role, expiresAt }: Record<string, unknown>) => [email, orgId, role, expiresAt]),
    ).to.have.deep.members([
      ['ada@example.com', 'o1', 'nurse', null],
      ['BOB@example.com', null, 'guest', null],
    ])
    const report = readFileSync(join(cwd, 'all.ndjson'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(report.map(({ line, status }) => [line, status])).to.deep.equal([
      [2, 'created'],
      [3, 'created'],
    ])
    const again = await run(command)
    expect(again).to.include({ code: 0 })
    expect(again.stdout).to.include('2 already invited').and.include('Nothing was new')
  })

  it('tells wrong rows by their lines, without what they hold, makes the others, and exits with 1', async () => {
    const { run, write, cwd } = await openFolder()
    write(
      'list.ndjson',
      '{"email":"ada@example.com"}\n{"email":"secret@"}\n{oops\n{"email":"eve@example.com","rolle":"x"}\n',
    )
    const told = await run('seed list.ndjson --no-mail')
    expect(told.code).to.equal(1)
    expect(told.stdout)
      .to.match(/^created {2}1$/m)
      .and.match(/^invalid {2}3$/m)
    expect(told.stderr).to.equal(
      'line 2: email must be one plain e-mail address, such as ada@example.com\n' +
        'line 3: is not valid JSON\nline 4: rolle is not a field of this request\n',
    )
    const kept = await run('seed list.ndjson --errors wrong.txt --json')
    expect(kept).to.include({ code: 1, stderr: '' })
    expect(JSON.parse(kept.stdout)).to.deep.equal({
      dryRun: false,
      created: 0,
      skipped: { invite_exists: 1, already_joined: 0, no_more_mail: 0 },
      invalid: 3,
      stopped: false,
    })
    const lines = readFileSync(join(cwd, 'wrong.txt'), 'utf8').trim().split('\n')
    expect(lines.map((line) => JSON.parse(line).line)).to.deep.equal([2, 3, 4])
  })

  const refused: [string, string | Buffer, string, number, RegExp][] = [
    ['a file that is not there', '', 'seed no.csv', 2, /cannot be opened/],
    ['a column that is no field', 'email,Tags\na@example.com,x', 'seed list.csv', 1, /column Tags/],
    ['a mapping that is none', 'a@example.com', 'seed list.csv --map email', 2, /such as email=Mail/],
    ['a rate that is none', 'a@example.com', 'seed list.csv --per-hour 0', 2, /a whole number/],
    [
      'another encoding',
      Buffer.from('email,note\na@example.com,Grüße', 'latin1'),
      'seed list.csv',
      1,
      /line 2, column 17/,
    ],
    ['an open quote', 'email\na@example.com\n"b', 'seed list.csv', 1, /line 3/],
  ]
  for (const [name, text, command, code, says] of refused) {
    it(`refuses ${name}`, async () => {
      const { run, write } = await openFolder()
      write('list.csv', text)
      const ended = await run(command)
      expect(ended).to.include({ code, stdout: '' })
      expect(ended.stderr).to.match(says)
    })
  }

  it('says where nobody is mailed, since a second run would skip them', async () => {
    const { run, write } = await openFolder()
    write('list.txt', 'ada@example.com')
    const spread = await run('seed list.txt --per-hour 500')
    expect([spread.code, spread.stderr]).to.deep.equal([
      2,
      'error: --per-hour: there is no mailer here. Name the module of your app, which has one: --config ./src/invites.js. ' +
        'Or say --no-mail, and pass the links on: `list --links`. [config_invalid]\n',
    ])
    expect((await run('seed list.txt --dry-run')).stderr).to.include('there is no mailer here')
    const made = await run('seed list.txt')
    expect(made.code).to.equal(0)
    expect(made.stderr).to.include('Nobody was mailed: there is no mailer here')
  })

  it('queues the mails of an app that has a mailer, so many an hour', async () => {
    const { run, write, cwd } = await openFolder()
    write(
      'express-invite-only.config.mjs',
      `import { createInvites } from ${JSON.stringify(join(root, 'dist/src/index.js'))}
       import { sqliteStore } from ${JSON.stringify(join(root, 'dist/adapters/sqlite.js'))}
       export const invites = createInvites({
         store: sqliteStore('app.db'), secret: process.env.INVITE_SECRET, baseUrl: process.env.INVITE_BASE_URL,
         signupUrl: 'https://acme.dev/signup', from: 'a@acme.dev', mailer: { sendMail: async () => undefined } })`,
    )
    write('list.txt', 'a@example.com\nb@example.com\nc@example.com\n')
    expect((await run('seed list.txt --per-hour 60')).code).to.equal(0)
    const db = new Database(join(cwd, 'app.db'))
    const due = db.prepare('select next_attempt_at from invite_only_deliveries order by 1').pluck().all() as number[]
    db.close()
    expect(due.map((at) => at - (due[0] ?? 0))).to.deep.equal([0, 60_000, 120_000])
  })

  const kinds: Record<string, () => Promise<{ env: Record<string, string>; count(cwd: string): Promise<number> }>> = {
    SQLite: async () => ({
      env: { INVITE_DATABASE: 'app.db' },
      async count(cwd) {
        const db = new Database(join(cwd, 'app.db'))
        const sql = 'select count(*) as rows, count(distinct email_canonical) as found from invite_only_invites'
        const { rows, found } = db.prepare(sql).get() as { rows: number; found: number }
        db.close()
        expect(rows).to.equal(found)
        return found
      },
    }),
    Postgres: async () => {
      const schema = await temporarySchema()
      const url = await postgresUrl()
      return {
        env: { INVITE_DATABASE: url, INVITE_SCHEMA: schema },
        async count() {
          const sql = `select count(*) as rows, count(distinct email_canonical) as found from ${schema}.invite_only_invites`
          const [{ rows, found }] = (await execute(url, sql)).rows
          expect(rows).to.equal(found)
          return Number(found)
        },
      }
    },
  }
  for (const [kind, open] of Object.entries(kinds)) {
    for (const signal of ['SIGKILL', 'SIGINT'] as const) {
      it(`goes on where ${signal} cut it off, and makes exactly the set, on ${kind}`, async function () {
        this.timeout(120_000)
        const { env, count } = await open()
        const folder = await openFolder(env)
        folder.write('list.csv', list)
        const child = spawn(process.execPath, [MAIN, 'seed', 'list.csv', '--json'], {
          cwd: folder.cwd,
          env: { PATH: process.env.PATH, ...folder.env },
          stdio: ['ignore', 'pipe', 'inherit'],
        })
        afterThis(() => child.kill('SIGKILL'))
        let stdout = ''
        child.stdout.on('data', (chunk: Buffer) => {
          stdout += chunk.toString('utf8')
        })
        const ended = once(child, 'close')
        while ((await count(folder.cwd)) === 0) expect(child.exitCode).to.equal(null)
        child.kill(signal)
        const [code] = await ended
        const before = await count(folder.cwd)
        expect(before).to.be.within(1, ROWS - 1)
        if (signal === 'SIGINT') {
          expect(code).to.equal(130)
          expect(JSON.parse(stdout)).to.deep.include({ created: before, stopped: true })
        }
        const again = JSON.parse((await folder.run('seed list.csv --json')).stdout)
        expect(again).to.deep.include({ created: ROWS - before, invalid: 0 })
        expect(again.skipped).to.deep.equal({ invite_exists: before, already_joined: 0, no_more_mail: 0 })
        expect(await count(folder.cwd)).to.equal(ROWS)
      })
    }
  }
})
