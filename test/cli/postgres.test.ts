// The command line on Postgres: by URL, in a schema, and the SQL for whoever may make tables.
import { expect } from 'chai'
import { temporaryFolder } from '../support/cleanup.js'
import { execute, postgresUrl, temporarySchema } from '../support/postgres.js'
import { known, runProgram } from './program.js'

describe('the command line, on Postgres', () => {
  it('migrates, sends, lists and switches the mode, in the schema it is told', async () => {
    const cwd = temporaryFolder()
    const schema = await temporarySchema()
    const env = { ...known, INVITE_DATABASE: await postgresUrl() }
    const run = (command: string) => runProgram(`${command} --schema ${schema}`, { cwd, env })
    expect((await run('list')).stderr).to.include('[store_unavailable]')
    expect(await run('migrate')).to.include({ code: 0, stdout: 'The invite tables are up to date.\n' })
    const sent = await run('send ada@example.com --json')
    expect(JSON.parse(sent.stdout)).to.include({ email: 'ada@example.com', status: 'pending' })
    expect((await run('list')).stdout).to.include('ada@example.com')
    expect((await run('mode closed')).code).to.equal(0)
    expect(JSON.parse((await run('mode --json')).stdout)).to.include({ mode: 'closed' })
    const json = async (command: string) => JSON.parse((await run(`${command} --json`)).stdout)
    expect(await json('show ada@example.com')).to.include({ email: 'ada@example.com', status: 'pending' })
    expect((await run('resend ada@example.com --rotate')).stdout).to.include(' (new; the old one has ended)\n')
    expect(await json('seats 500')).to.include({ seats: 500 })
    expect(await json('acceptances')).to.deep.equal({ items: [], nextCursor: null })
    expect((await run('reopen nope --yes')).stderr).to.include('There is no such acceptance.')
    expect(await json('prune --yes')).to.include({ invites: 0, claims: 0 })
    const examined = await run('doctor')
    expect(examined.stdout)
      .to.match(/^✓ {2}database .*migrated$/m)
      .and.match(/^✓ {2}clock /m)
    expect(examined.stdout + examined.stderr).not.to.include(':postgres@')
  })

  it('prints the SQL that makes the tables, and runs none', async () => {
    const schema = await temporarySchema()
    const url = await postgresUrl()
    const env = { INVITE_DATABASE: url }
    const printed = await runProgram(`migrate --print --schema ${schema}`, { cwd: temporaryFolder(), env })
    expect(printed).to.include({ code: 0, stderr: '' })
    expect((await execute(url, `select to_regclass('${schema}.invite_only_invites') as made`)).rows[0].made).to.equal(
      null,
    )
    await execute(url, printed.stdout)
    const listed = await runProgram(`list --schema ${schema}`, { cwd: temporaryFolder(), env })
    expect(listed).to.include({ code: 0 })
    const named = await runProgram('migrate --print --table-prefix beta_ --json', { cwd: temporaryFolder() })
    expect(JSON.parse(named.stdout).sql).to.include('create table "beta_invites"')
  })

  it('says what is wrong with a server, without its password', async () => {
    const url = 'postgres://app:hidden@127.0.0.1:1/app'
    const { code, stderr } = await runProgram('list', { cwd: temporaryFolder(), env: { INVITE_DATABASE: url } })
    expect(code).to.equal(1)
    expect(stderr).to.include('ECONNREFUSED').and.include('[store_unavailable]').and.not.include('hidden')
  })
})
