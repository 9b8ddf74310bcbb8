// How the program is called, and what it says where it was called wrongly.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { temporaryFolder } from '../support/cleanup.js'
import { known, runProgram } from './program.js'

const commands = [
  ...['migrate', 'doctor', 'preview', 'send', 'seed', 'list', 'show', 'resend', 'revoke', 'acceptances', 'reopen'],
  'decide',
  ...['mode', 'seats', 'quota', 'approve', 'stats', 'log', 'webhooks', 'keys', 'export', 'forget', 'prune'],
]

describe('the command line', () => {
  it('tells what it can do, and exits with 2 where nothing was asked', async () => {
    const asked = await runProgram('--help', { cwd: temporaryFolder() })
    expect(asked).to.include({ code: 0, stderr: '' })
    for (const word of [...commands, '--json', 'INVITE_SECRET', 'Exit codes', '--role admin'])
      expect(asked.stdout).to.include(word)
    const bare = await runProgram('', { cwd: temporaryFolder() })
    expect(bare).to.include({ code: 2, stdout: '', stderr: asked.stdout })
  })

  it('tells how to use each command, without a database', async () => {
    await each(commands, async (command) => {
      const { code, stdout, stderr } = await runProgram(`${command} --help`, { cwd: temporaryFolder() })
      expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
      expect(stdout)
        .to.include(`Usage: express-invite-only ${command}`)
        .and.include('--config <file>')
        .and.match(
          new RegExp(`^Examples?:\\n( {2}express-invite-only .*\\n)* {2}express-invite-only ${command}\\b`, 'm'),
        )
    })
  })

  it('tells its version', async () => {
    const { code, stdout } = await runProgram('--version', { cwd: temporaryFolder() })
    expect(code).to.equal(0)
    expect(stdout).to.match(/^\d+\.\d+\.\d+\n$/)
  })

  const wrong: [string, string][] = [
    ['snd ada@example.com', "Unknown command 'snd' (Did you mean send?)"],
    ['list --statsu pending', "Unknown option '--statsu' (Did you mean --status?)"],
    ['send', 'Say whom to invite, or --link.'],
    ['send ada@example.com --link', 'An address or --link, not both.'],
    ['send ada@example.com --expires-in 7', 'such as 30m, 12h or 7d'],
    ['send ada@example.com --expires-in 3661d', 'at most 3660d'],
    ['send --link --max-uses 0', 'a whole number, 1 or more'],
    ['list --limit many', 'a whole number, 1 or more'],
    ['revoke', "Missing required argument 'invite'"],
    ['mode clsed', 'Allowed choices are open, invite-only, waitlist, closed'],
    ['show', "Missing required argument 'invite'"],
    ['seats 0', 'a whole number, 1 or more, or `unlimited`'],
    ['quota bob --set -1', 'a whole number, 0 or more, or `unlimited`'],
    ['quota bob --set 1 --add 1', 'One of --set, --add and --default.'],
    ['quota --set 5', 'Say whose'],
    ['quota --add 5', 'Say who gets more'],
    ['quota bob --default 5', 'leave the inviter out'],
    ['quota bob --add 5 --joined-from 2027-05-01', 'not both'],
    ['quota --joined-from 2027-05-01', 'give --add too'],
    ['quota --add 5 --joined-from May', 'a day, such as 2027-03-01'],
    ['quota --add 5 --joined-from 2027-13-01', 'a day, such as 2027-03-01'],
    ['quota --add 5 --joined-from 2027-05-01 --joined-until 2027-05-01', '--joined-from must be before'],
    ['prune --older-than 12h', 'from 1d to 3660d'],
    ['preview --locale d_e', 'a language tag, such as en or de-CH'],
    ['preview --to invites.js', 'such as mail.html'],
    ['migrate now', 'Too many arguments'],
    ['keys create', "Required option '--label <text>' not specified"],
    ['keys create --label Mendix --scope invites,all', 'one or more of invites,acceptances,'],
    ['keys revoke', "Missing required argument 'id'"],
    ['keys rotate', "Unknown command 'rotate'"],
  ]
  it('refuses what is written wrongly, with 2 and what would be right', async () => {
    await each(wrong, async ([command, says]) => {
      const ended = await runProgram(command, { cwd: temporaryFolder() })
      expect(ended, command).to.include({ code: 2, stdout: '' })
      expect(ended.stderr)
        .to.include(says)
        .and.match(/^error: [^\n]* \[usage_invalid\]\n$/)
    })
  })

  it('tells it as a JSON problem with --json, also where the flags cannot be read', async () => {
    for (const command of ['snd --json', '--json list --statsu pending']) {
      const { code, stdout, stderr } = await runProgram(command, { cwd: temporaryFolder() })
      expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' })
      expect(JSON.parse(stderr)).to.have.all.keys('code', 'detail').and.to.include({ code: 'usage_invalid' })
    }
  })

  describe('without a module of the app', () => {
    const missing: [string, Record<string, string>, readonly string[]][] = [
      ['list', {}, ['--database', '--config']],
      ['migrate', {}, ['--database']],
      ['send ada@example.com', { INVITE_DATABASE: 'app.db' }, ['INVITE_SECRET', '--base-url']],
      ['send ada@example.com', { ...known, INVITE_BASE_URL: '' }, ['--database', '--base-url']],
      ['list --links', { INVITE_DATABASE: 'app.db' }, ['INVITE_SECRET', '--base-url']],
      ['resend ada@example.com', { INVITE_DATABASE: 'app.db' }, ['INVITE_SECRET', '--base-url']],
      ['preview', { INVITE_DATABASE: 'app.db' }, ['Templates', '--config']],
    ]
    it('says what a command needs that was not given, and nothing else', async () => {
      await each(missing, async ([command, env, named]) => {
        const { code, stdout, stderr } = await runProgram(command, { cwd: temporaryFolder(), env })
        expect({ code, stdout }, command).to.deep.equal({ code: 2, stdout: '' })
        for (const name of named) expect(stderr).to.include(name)
        expect(stderr).to.match(/\[config_invalid\]\n$/)
        if (env.INVITE_SECRET !== undefined) expect(stderr).not.to.include('INVITE_SECRET')
      })
    })

    const broken: [string, Record<string, string>, string][] = [
      ['list --database no.db', {}, 'There is no SQLite file'],
      ['list --database mysql://u:hidden@db/app', {}, 'no mysql: URL'],
      ['list --database app.db --schema x', {}, '--schema is for Postgres'],
      ['list --database postgres://u:hidden@db/app --schema x-y', {}, '`schema` must be'],
      ['migrate --database no/such/folder/app.db', {}, 'cannot open the SQLite file'],
      ['migrate --database short.db', { INVITE_SECRET: 'short' }, 'INVITE_SECRET must be at least 32 characters'],
      ['migrate --database app.db --base-url acme.dev', {}, '--base-url (INVITE_BASE_URL) must be where'],
      ['migrate --database app.db --signup-url /signup', known, '--signup-url (INVITE_SIGNUP_URL) must be'],
      ['migrate --database app.db --app a/b', {}, '--app must be named by'],
      ['migrate --config no.js', {}, '--config: there is no file'],
    ]
    it('says what is wrong with what was given, by the name it was given under', async () => {
      await each(broken, async ([command, env, says]) => {
        const { code, stdout, stderr } = await runProgram(command, { cwd: temporaryFolder(), env })
        expect({ code, stdout }, command).to.deep.equal({ code: 2, stdout: '' })
        expect(stderr).to.include(says).and.not.include('hidden')
      })
    })

    it('says where the tables are not there yet, and where the file is no database', async () => {
      const cwd = temporaryFolder()
      writeFileSync(join(cwd, 'empty.db'), '')
      const empty = await runProgram('list --database empty.db', { cwd })
      expect(empty).to.include({ code: 1, stdout: '' })
      expect(empty.stderr).to.include('run `express-invite-only migrate`. [store_unavailable]')
      writeFileSync(join(cwd, 'text.db'), 'no database at all, but a text that is long enough to be one '.repeat(20))
      const text = await runProgram('list --json --database text.db', { cwd })
      expect(text).to.include({ code: 2, stdout: '' })
      expect(JSON.parse(text.stderr).detail).to.include('file is not a database')
    })
  })
})

/** All at once: a process spends its time starting. */
async function each<Item>(items: readonly Item[], check: (item: Item) => Promise<void>): Promise<void> {
  expect(items).not.to.have.length(0)
  await Promise.all(items.map(check))
}
