// What is held on a person, and forgetting them, by the command line.
import { expect } from 'chai'
import * as v from 'valibot'
import { forgottenSchema, personDataSchema } from '../../src/output-privacy.js'
import { sendInvite } from '../support/host.js'
import { openFolder, openProject } from './folder.js'

describe('the command line, export', () => {
  it('shows what is held on a person, and all of it with --json', async () => {
    const { host, run, json } = await openFolder()
    const { inviteCode } = await sendInvite(host, { email: 'ada@example.com', message: 'Welcome' })
    await host.signup({ inviteCode, email: 'ada@example.com' }).expect(201)
    const { code, stdout, stderr } = await run('export Ada@example.com')
    expect(code, stderr).to.equal(0)
    expect(stdout).to.match(/^Ada@example\.com, in the app default: 2 rows\.$/m)
    expect(stdout)
      .to.match(/^default +invite +accepted /m)
      .and.to.match(/^default +joined +counted /m)
    expect(stderr).to.include('only the app `default` is known')
    const data = v.parse(personDataSchema, await json('export ada@example.com'))
    expect(data.invites.map(({ message }) => message)).to.deep.equal(['Welcome'])
    expect((await run('export eve@example.com')).stdout).to.include('in the app default: nothing is held.')
    expect(await run('export nobody')).to.include({ code: 1, stdout: '' })
  })

  it('needs the secret, under which it is kept who wants no mail', async () => {
    const { run } = await openFolder()
    const { code, stderr } = await run('export ada@example.com', {})
    expect(code).to.equal(2)
    expect(stderr).to.include('INVITE_SECRET')
  })
})

describe('the command line, forget', () => {
  it('forgets a person, having asked', async () => {
    const { host, run, json } = await openFolder()
    await sendInvite(host, { email: 'ada@example.com' })
    const held = async () => (await host.invites.export({ email: 'ada@example.com' })).invites.length
    const asked = await run('forget ada@example.com', {})
    expect(asked).to.include({ code: 2, stdout: '' })
    expect(asked.stderr).to.include('Forget everything that names ada@example.com, in the app default')
    expect(await held()).to.equal(1)
    const forgotten = v.parse(forgottenSchema, await json('forget ada@example.com --yes'))
    expect(forgotten).to.deep.equal({ invites: 1, acceptances: 0, sent: 0, requests: 0 })
    expect(await held()).to.equal(0)
    expect((await run('forget ada@example.com --yes', {})).stdout).to.match(/^invites +0 forgotten\n/)
  })

  it('reaches every app of the module, or the one that is named', async () => {
    const app = await openProject('apps: { clinic: {}, school: {} },')
    expect((await app.run('forget ada@example.com')).stderr).to.include('in the apps clinic, school')
    expect((await app.run('forget ada@example.com --app school')).stderr).to.include('in the app school')
    expect((await app.run('export ada@example.com')).stdout).to.include('in the apps clinic, school: nothing is held.')
  })
})
