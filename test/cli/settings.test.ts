// Seats and quotas from the command line, with the app's module and without.
import { expect } from 'chai'
import * as v from 'valibot'
import { appQuotaSchema, appSettingsSchema } from '../../src/output.js'
import type { Host } from '../support/host.js'
import { openFolder, openProject } from './folder.js'

const WEEKLY = 'quota: { start: 2, refill: { amount: 1, everyMs: 36 * 60 * 60 * 1000, cap: 3 }, giveBack: true }'

/** Signs somebody up who becomes the user `userId`. */
async function join(host: Host, userId: string): Promise<void> {
  const { inviteCode } = await host.invites.send({ email: `${userId}@example.com` })
  const claim = await host.invites.claim({ inviteCode: inviteCode ?? '', email: `${userId}@example.com` })
  await claim.accept({ userId })
}

describe('the command line, seats', () => {
  it('shows them, and changes them for the running app', async () => {
    const { host, run, json } = await openFolder()
    const never = await run('seats', {})
    expect(never.stdout).to.match(/^Never changed: your app's option `seats` holds/)
    expect(await json('seats')).to.deep.equal({ appId: 'default', mode: null, schedule: null })
    expect((await run('seats 1')).stdout).to.equal('1 in all may join default by invite from now on.\n')
    await join(host, 'ada')
    const { inviteCode } = await host.invites.send({ email: 'bob@example.com' })
    const signup = () => host.signup({ email: 'bob@example.com', inviteCode })
    expect((await signup()).body.code).to.equal('signup_closed')
    expect(await json('seats unlimited')).to.include({ appId: 'default', seats: null })
    expect((await run('seats')).stdout).to.equal('Any number may join default by invite.\n')
    expect((await signup()).status).to.equal(201)
  })

  it("knows the app's option by its module", async () => {
    const { run } = await openProject('seats: 500')
    expect((await run('seats')).stdout).to.equal('500 in all may join default by invite.\n')
    expect(v.parse(appSettingsSchema, JSON.parse((await run('seats --json')).stdout))).to.include({ seats: 500 })
  })
})

describe('the command line, quota', () => {
  it('shows and changes what a member has left', async () => {
    const { host, run } = await openProject(WEEKLY)
    expect((await run('quota')).stdout).to.equal(
      'Each member begins with 2 invites.\n1 more every 36 hours, up to 3.\n' +
        'What an invite has left when it expires is given back.\n',
    )
    expect((await run('quota bob')).stdout).to.match(
      /^bob may send 2 more invites\. There will be more from \S{10} \S{5} UTC on\.\n$/,
    )
    expect((await run('quota bob --add 3')).stdout).to.equal('bob may send 5 more invites.\n')
    const set = await run('quota bob --set 1 --json')
    expect(v.parse(appQuotaSchema, JSON.parse(set.stdout))).to.include({ inviterId: 'bob', left: 1 })
    expect(await host.invites.quota('bob')).to.include({ left: 1 })
    expect((await run('quota bob --set unlimited')).stdout).to.equal('bob may send any number of invites.\n')
    expect((await run('quota bob --set 0')).stdout).to.match(/^bob may send 0 more invites\./)
  })

  it('changes what each member begins with, and keeps the rest of the rule', async () => {
    const { host, run } = await openProject(WEEKLY)
    const changed = await run('quota --default 7')
    expect(changed.stdout).to.match(/^Each member begins with 7 invites\.\n1 more every 36 hours/)
    expect((await host.invites.settings()).quota).to.deep.include({ start: 7, giveBack: true })
    const unlimited = JSON.parse((await run('quota --default unlimited --json')).stdout)
    expect(v.parse(appSettingsSchema, unlimited).quota).to.include({ start: null })
  })

  it('gives more to everybody who joined in some time, having asked', async () => {
    const { host, run } = await openProject('quota: 1')
    for (const user of ['ada', 'bob']) await join(host, user)
    const asked = await run('quota --add 5 --joined-from 2026-01-01')
    expect(asked).to.include({ code: 2, stdout: '' })
    expect(asked.stderr).to.include('say --yes')
    expect((await run('quota --add 5 --joined-from 2026-01-01 --yes')).stdout).to.equal(
      '2 members got 5 more invites.\n',
    )
    expect((await run('quota ada')).stdout).to.equal('ada may send 6 more invites.\n')
    const before = await run('quota --add 1 --joined-until 2026-01-01T09:00:00+01:00 --yes --json')
    expect(JSON.parse(before.stdout)).to.deep.equal({ granted: 0 })
  })

  it('finds a member by the address that findInviter knows', async () => {
    const { run } = await openProject(
      "quota: 1, findInviter: ({ email }) => email === 'bo@acme.dev' ? { id: 7, email, access: 'member' } : null",
    )
    expect((await run('quota bo@acme.dev --add 1')).stdout).to.equal('7 may send 2 more invites.\n')
    const unknown = await run('quota boo@acme.dev --add 1')
    expect(unknown).to.include({ code: 1, stdout: '' })
    expect(unknown.stderr).to.include('findInviter of your app knows: boo@acme.dev')
  })

  it('guesses no rule: without the module it works once one was stored', async () => {
    const { host, run, json } = await openFolder()
    for (const command of ['quota', 'quota bob', 'quota bob --add 5', 'quota --default 5']) {
      const { code, stdout, stderr } = await run(command)
      expect({ code, stdout }, command).to.deep.equal({ code: 2, stdout: '' })
      expect(stderr).to.include('Name the module of your app')
    }
    await host.invites.settings({ quota: { start: 3 } })
    expect(await json('quota bob --add 2')).to.include({ inviterId: 'bob', left: 5, refillsAt: null })
    expect(await json('quota')).to.deep.include({ quota: { start: 3, refill: null, giveBack: false } })
  })
})
