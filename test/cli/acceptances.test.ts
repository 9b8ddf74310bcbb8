// Who joined, from the command line, giving a use back, and housekeeping.
import { expect } from 'chai'
import * as v from 'valibot'
import { acceptancePageSchema, acceptanceSchema } from '../../src/output.js'
import { DAY, sendInvite } from '../support/host.js'
import { openFolder, openProject } from './folder.js'

describe('the command line, acceptances and reopen', () => {
  it('lists who joined, a page at a time or all', async () => {
    const { host, run, json } = await openFolder()
    expect((await run('acceptances', {})).stdout).to.equal('Nobody joined by invite.\n')
    for (const email of ['ada@example.com', 'bob@example.com', 'cy@example.com']) {
      const { inviteCode } = await host.invites.send({ email, role: 'nurse' })
      expect((await host.signup({ email, inviteCode })).status).to.equal(201)
    }
    const first = await run('acceptances --limit 2', {})
    expect(first.stdout).to.match(
      /^ACCEPTANCE +WHO +USER +ROLE +INVITED BY +JOINED +INVITE\n\S{21} {2}cy@example\.com +- +nurse +- +\S{10} \S{5} UTC {2}\S{21}\n/,
    )
    expect(first.stdout.trim().split('\n')).to.have.length(3)
    const cursor = /--cursor (\S+),/.exec(first.stderr)?.[1] ?? ''
    expect((await run(`acceptances --cursor ${cursor}`)).stdout)
      .to.include('ada@')
      .and.not.include('bob@')
    const all = v.parse(acceptancePageSchema, await json('acceptances --all --limit 1'))
    expect(all.items.map(({ email }) => email)).to.deep.equal(['cy@example.com', 'bob@example.com', 'ada@example.com'])
    expect(await run('acceptances --limit 101')).to.include({ code: 1, stdout: '' })
  })

  it('gives a use back, having asked', async () => {
    const { host, run, json } = await openFolder()
    const { inviteCode } = await host.invites.send({ email: 'ada@example.com' })
    const signup = async () => (await host.signup({ email: 'ada@example.com', inviteCode })).status
    expect([await signup(), await signup()]).to.deep.equal([201, 410])
    const [{ acceptanceId, inviteId } = { acceptanceId: '', inviteId: '' }] = (await host.invites.acceptances()).items
    const asked = await run(`reopen ${acceptanceId}`)
    expect(asked).to.include({ code: 2, stdout: '' })
    expect(await signup()).to.equal(410)

    const reopened = await run(`reopen ${acceptanceId} --yes`, {})
    expect(reopened.stdout).to.equal(`Gave back the use by ada@example.com. Invite ${inviteId}: it admits again.\n`)
    expect((await run('acceptances')).stdout).to.include('UTC (given back)  ')
    expect((await run(`reopen ${acceptanceId} --yes`)).stdout).to.match(
      /^The use by ada@example\.com was given back before\./,
    )
    expect(v.parse(acceptanceSchema, await json(`reopen ${acceptanceId} --yes`))).to.include({ acceptanceId })
    expect(await signup()).to.equal(201)
    const unknown = await run('reopen nope --yes')
    expect(unknown).to.include({ code: 1, stdout: '' })
    expect(unknown.stderr).to.include('There is no such acceptance.')
  })

  it('approves and declines who joined pending approval', async () => {
    const { host, run, json } = await openFolder()
    const { inviteCode } = await host.invites.send({ maxUses: null })
    for (const userId of ['ada', 'bob', 'cy']) {
      const claim = await host.invites.claim({ inviteCode: inviteCode ?? '', email: `${userId}@example.com` })
      await claim.accept({ userId, pendingApproval: userId !== 'cy' })
    }
    const [bob, ada] = (await host.invites.acceptances({ approval: 'pending' })).items
    expect((await run('acceptances --approval pending')).stdout)
      .to.include('UTC (pending)')
      .and.not.include('cy@')
    const both = `${ada?.acceptanceId} ${bob?.acceptanceId}`
    expect((await run(`decide approve ${both}`, {})).stdout).to.match(/^Approved 2 new members\.\n/)
    expect(await json(`decide decline ${bob?.acceptanceId}`)).to.have.nested.property('items[0].approval', 'declined')
    expect((await run('acceptances')).stdout)
      .to.include('UTC (declined)')
      .and.not.include('(pending)')
    const unknown = await run('decide approve nope')
    expect(unknown).to.include({ code: 1, stdout: '' })
    expect(unknown.stderr).to.include('There is no such acceptance that was pending approval')
  })
})

describe('the command line, prune', () => {
  it('removes what has been over for long, having asked', async () => {
    const { host, run, json } = await openFolder()
    const { inviteId } = await host.invites.send({ email: 'ada@example.com' })
    await host.store.revokeInvite({ appId: 'default', inviteId, now: Date.now() - 100 * DAY })
    const asked = await run('prune', {})
    expect(asked).to.include({ code: 2, stdout: '' })
    expect(asked.stderr).to.include(
      'Remove every invite that has been over for 90 days and was never used, of every app',
    )
    const revoked = async () => (await host.invites.list({ status: 'revoked' })).items.length
    expect(await json('prune --older-than 120d --yes')).to.include({ invites: 0 })
    expect(await revoked()).to.equal(1)
    expect((await run('prune --yes', {})).stdout).to.match(/^invites +1 removed\nmails +0 removed\nclaims +0 removed\n/)
    expect(await revoked()).to.equal(0)
  })

  it('forgets those who joined long ago, where it is asked to', async () => {
    const { host, run, json } = await openFolder()
    const { inviteId, inviteCode } = await sendInvite(host, { email: 'ada@example.com' })
    await host.signup({ inviteCode, email: 'ada@example.com' }).expect(201)
    const asked = await run('prune --forget-after 30d', {})
    expect(asked.stderr).to.include('and the addresses of those who joined over 30 days ago, of every app')
    expect(await json('prune --yes')).not.to.have.property('addresses')
    expect(await json('prune --forget-after 30d --yes')).to.include({ addresses: 0 })
    expect(inviteId).to.equal((await host.invites.acceptances()).items[0]?.inviteId)
  })

  it("takes what it is not told from the module's `retention`", async () => {
    const app = await openProject('retention: { olderThanMs: 30 * 86400000, forgetAfterMs: 365 * 86400000 },')
    const asked = await app.run('prune')
    expect(asked.stderr).to.include('over for 30 days').and.include('joined over 365 days ago')
    expect((await app.run('prune --older-than 60d')).stderr)
      .to.include('over for 60 days')
      .and.include('365 days ago')
  })
})
