// The commands on a SQLite file, with flags and the environment alone.
import { join } from 'node:path'
import { expect } from 'chai'
import * as v from 'valibot'
import { invitePageSchema, inviteSchema } from '../../src/output.js'
import { auditPageSchema, statisticsSchema } from '../../src/output-record.js'
import type { Invite, Page } from '../../src/types.js'
import { temporaryFolder } from '../support/cleanup.js'
import { openHost } from '../support/host.js'
import { openFolder } from './folder.js'
import { known, runProgram } from './program.js'

describe('the command line, migrate', () => {
  it('makes the tables, and may be run again, without a secret', async () => {
    const cwd = temporaryFolder()
    const migrated = await runProgram('migrate --database new.db', { cwd })
    expect(migrated).to.deep.equal({ code: 0, stdout: 'The invite tables are up to date.\n', stderr: '' })
    const host = await openHost({ file: join(cwd, 'new.db') })
    await host.invites.send({ email: 'ada@example.com' })
    const again = await runProgram('migrate --json', { cwd, env: { INVITE_DATABASE: 'new.db' } })
    expect(again).to.deep.equal({ code: 0, stdout: '{\n  "upToDate": true\n}\n', stderr: '' })
    expect((await host.invites.list()).items).to.have.length(1)
  })
})

describe('the command line, send', () => {
  it('prints the code and the link, which let the invitee in', async () => {
    const { host, run } = await openFolder()
    const { code, stdout, stderr } = await run('send ada@example.com --role admin --org o1 --expires-in 12h')
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    const inviteCode = /^code {5}(\S+)$/m.exec(stdout)?.[1] ?? ''
    expect(stdout).to.match(/^invited {2}ada@example\.com as admin$/m)
    expect(stdout).to.include(`link     https://acme.dev/invites/app/default/join/${inviteCode}\n`)
    expect(stdout).to.match(/^expires {2}\d{4}-\d\d-\d\d \d\d:\d\d UTC$/m)
    expect(stdout).to.match(/^mail {5}none: there is no mailer here/m)

    const signup = await host.signup({ email: 'ada@example.com', inviteCode })
    expect(signup.status).to.equal(201)
    expect(signup.body.role).to.equal('admin')
  })

  it('answers in the shape of the HTTP route', async () => {
    const { json } = await openFolder()
    const cases: [string, Partial<Invite>][] = [
      [
        'send ada@example.com --no-mail --locale de-CH --expires-in never',
        { expiresAt: null, maxUses: 1, used: false },
      ],
      ['send --link --max-uses 50 --email-domain acme.dev', { email: null, maxUses: 50, status: 'pending' }],
      ['send --link --max-uses unlimited', { maxUses: null }],
      ['send eve@example.com --app clinic', { appId: 'clinic', email: 'eve@example.com' }],
    ]
    const check = async ([command, fields]: (typeof cases)[number]) =>
      expect(v.parse(inviteSchema, await json(command))).to.include(fields)
    await Promise.all(cases.map(check))
  })

  it('says what was refused in terms of its flags, and exits with 1', async () => {
    const { host, run } = await openFolder()
    const cases: [string, string][] = [
      ['send nobody', 'the address must be one plain e-mail address, such as ada@example.com. [input_invalid]'],
      ['send ada@example.com --max-uses 3', '--max-uses must be 1 or left out'],
      ['send ada@example.com --inviter boss@example.com', '--inviter cannot be looked up'],
    ]
    const check = async ([command, says]: (typeof cases)[number]) => {
      const { code, stdout, stderr } = await run(command)
      expect({ code, stdout }, command).to.deep.equal({ code: 1, stdout: '' })
      expect(stderr.toLowerCase()).to.include(says.toLowerCase())
    }
    await Promise.all(cases.map(check))
    await host.invites.send({ email: 'ada@example.com' })
    const again = await run('send ADA@example.com --json')
    expect(again).to.include({ code: 1, stdout: '' })
    expect(JSON.parse(again.stderr)).to.have.property('code', 'invite_exists')
    const wrong = await run('send nobody --json')
    expect(JSON.parse(wrong.stderr).errors).to.have.nested.property('[0].pointer', '#/email')
  })
})

describe('the command line, list', () => {
  it('says so where there is none', async () => {
    const { run } = await openFolder()
    expect((await run('list')).stdout).to.equal('No pending invites.\n')
    expect((await run('list --status used')).stderr).to.include('error: --status must be one or more of pending')
    const found = await run('list --status expired,revoked --query ada')
    expect(found).to.deep.equal({ code: 0, stdout: 'No expired or revoked invites for ada.\n', stderr: '' })
  })

  it('shows them in columns, a page at a time or all', async () => {
    const { host, run, json } = await openFolder()
    for (const email of ['ada@example.com', 'bob@acme.dev', 'cy@example.com']) await host.invites.send({ email })
    const first = await run('list --limit 2')
    expect(first.stdout.trim().split('\n')).to.have.length(3)
    expect(first.stdout).to.match(
      /^INVITE +FOR +STATUS +ROLE +EXPIRES +MAIL\n[\w-]{21} {2}cy@example\.com {2}pending {2}- /,
    )
    const cursor = /--cursor (\S+),/.exec(first.stderr)?.[1] ?? ''
    const rest = await run(`list --limit 2 --cursor ${cursor}`)
    expect(rest.stdout).to.include('ada@example.com').and.not.include('bob')
    expect(rest.stderr).to.equal('')

    const all = v.parse(invitePageSchema, await json('list --all --limit 1'))
    expect(all.items.map(({ email }) => email)).to.deep.equal(['cy@example.com', 'bob@acme.dev', 'ada@example.com'])
    expect(all.nextCursor).to.equal(null)
    const searched = await json<Page<Invite>>('list --query @acme.dev')
    expect(searched.items.map(({ email }) => email)).to.deep.equal(['bob@acme.dev'])
  })

  it('writes nothing that a terminal would obey, as JSON neither', async () => {
    const { host, run } = await openFolder()
    const note = '\u001b[2J\u009b31m\u007f\u202e\u2028'
    await host.invites.send({ email: 'ada@example.com', metadata: { note } })
    const { stdout } = await run('list --json')
    expect(stdout).to.match(/^[\n\x20-\x7e]*$/)
    expect(JSON.parse(stdout).items[0].metadata.note).to.equal(note)
  })

  it('shows codes and links only to whoever has what they need', async () => {
    const { host, run } = await openFolder()
    const { inviteCode, joinUrl } = await host.invites.send({ email: 'ada@example.com' })
    const shown = async (env: Readonly<Record<string, string>>) => {
      const page: Page<Invite> = JSON.parse((await run('list --json', env)).stdout)
      return page.items.map((invite) => [invite.inviteCode, invite.joinUrl])
    }
    const { INVITE_SECRET, INVITE_BASE_URL } = known
    const given: Readonly<Record<string, string>>[] = [known, { INVITE_SECRET }, { INVITE_BASE_URL }, {}]
    const pages = await Promise.all(given.map(shown))
    expect(pages).to.deep.equal([[[inviteCode, joinUrl]], [[inviteCode, null]], [[null, null]], [[null, null]]])
    expect((await run('list --links')).stdout).to.include(joinUrl)
  })
})

describe('the command line, revoke', () => {
  it('asks first, and where nobody can be asked changes nothing', async () => {
    const { host, run } = await openFolder()
    await host.invites.send({ email: 'ada@example.com' })
    const { code, stdout, stderr } = await run('revoke ada@example.com')
    expect({ code, stdout }).to.deep.equal({ code: 2, stdout: '' })
    expect(stderr).to.include('say --yes')
    expect((await host.invites.list()).items).to.have.length(1)
  })

  it('takes back what an id names, needing neither secret nor URL', async () => {
    const { host, run } = await openFolder()
    const { inviteId } = await host.invites.send({ email: 'ada@example.com' })
    const revoked = await run(`revoke ${inviteId} --yes`, {})
    expect(revoked.stdout).to.equal(`Revoked the invite for ada@example.com [${inviteId}].\n`)
    expect((await host.invites.list({ status: 'revoked' })).items).to.have.length(1)
    const again = await run(`revoke ${inviteId} --yes`)
    expect(again).to.include({ code: 1, stdout: '' })
    expect(again.stderr).to.include('[invite_not_found]')
  })

  it('takes back every outstanding invite of an address, and no other', async () => {
    const { host, run, json } = await openFolder()
    for (const email of ['ada@example.com', 'ada@example.com.au']) await host.invites.send({ email })
    await host.invites.send({ email: 'ada@example.com', orgId: 'o1' })
    const { items } = await json<Page<Invite>>('revoke ADA@example.com --yes')
    expect(items.map(({ status, orgId }) => [status, orgId])).to.deep.equal([
      ['revoked', 'o1'],
      ['revoked', null],
    ])
    expect((await host.invites.list()).items.map(({ email }) => email)).to.deep.equal(['ada@example.com.au'])
    const none = await run('revoke ada@example.com --yes --json')
    expect(JSON.parse(none.stderr)).to.have.property('code', 'invite_not_found')
  })

  it('leaves what begins with a dash to the option before it', async () => {
    const { json } = await openFolder()
    const invite = await json<Invite>('send ada@example.com --org -V_5jdXi8Z2KvSgZ9m2h4')
    expect(invite.orgId).to.equal('-V_5jdXi8Z2KvSgZ9m2h4')
  })

  it('takes an id that begins with a dash for no option', async () => {
    const { run } = await openFolder()
    const { code, stderr } = await run('revoke -V_5jdXi8Z2KvSgZ9m2h4 --yes')
    expect(code).to.equal(1)
    expect(stderr).to.include('[invite_not_found]')
  })
})

describe('the command line, mode', () => {
  it('plans a switch, shows it, and takes it back', async () => {
    const { run, json } = await openFolder()
    const at = '2126-03-01T09:00:00.000Z'
    const planned = `The mode of default will be open from ${at} on.\n`
    expect((await run(`mode open --at ${at}`)).stdout).to.equal(planned)
    expect((await run('mode')).stdout).to.equal(
      `Never switched: your app's option \`mode\` holds, which is invite-only unless it says otherwise.\n${planned}`,
    )
    expect(await json('mode')).to.deep.include({ schedule: { mode: 'open', at } })
    expect((await run('mode --at never')).stdout).to.equal('No switch of default is planned any more.\n')
    for (const wrong of ['mode --at 2126-03-01T09:00Z', 'mode open --at never']) {
      expect(await run(wrong), wrong)
        .to.include({ code: 2 })
        .and.to.have.property('stderr')
        .that.includes('mode open --at')
    }
    const past = await run('mode open --at 2020-03-01T09:00Z')
    expect(past.code).to.equal(1)
    expect(past.stderr).to.include('error: --at must be in the future')
  })

  it('shows it, and switches it for the running app', async () => {
    const { host, run, json } = await openFolder()
    expect((await run('mode', {})).stdout).to.match(/^Never switched: your app's option `mode` holds/)
    expect(await json('mode')).to.deep.equal({ appId: 'default', mode: null, schedule: null })
    const switched = await run('mode closed', {})
    expect(switched).to.deep.equal({ code: 0, stdout: 'The mode of default is closed from now on.\n', stderr: '' })
    expect((await host.signup({ email: 'ada@example.com' })).body.code).to.equal('signup_closed')
    expect((await run('mode')).stdout).to.equal('closed\n')
    // What the app's own options say of seats and quotas is not known here.
    expect(await json('mode open')).to.deep.equal({ appId: 'default', mode: 'open', schedule: null })
  })
})

describe('the command line, stats and log', () => {
  it('counts what happened, and says who did it', async () => {
    const { host, run, json } = await openFolder()
    const { inviteId } = await host.invites.send({ email: 'ada@example.com' })
    await host.invites.revoke(inviteId)
    expect(v.parse(statisticsSchema, await json('stats --by month')).total).to.include({ made: 1, revoked: 1 })
    const { stdout } = await run('stats')
    expect(stdout).to.match(/^FROM +MADE +MAILED +FAILED +ACCEPTED +EXPIRED +REVOKED$/m)
    expect(stdout).to.match(/^total +1 +0 +0 +0 +0 +1$/m)
    const page = v.parse(auditPageSchema, await json(`log --invite ${inviteId}`))
    expect(page.items.map(({ action }) => action).sort()).to.deep.equal(['invite.create', 'invite.revoke'])
    expect((await run('log --action invite.revoke')).stdout).to.match(/invite\.revoke +code +\S+$/m)
    expect((await run('log --actor nobody')).stdout).to.equal('Nothing was logged.\n')
    expect((await run('stats --by hour')).code).to.equal(2)
  })
})
