// One invite from the command line: show and resend.
import { expect } from 'chai'
import * as v from 'valibot'
import { inviteSchema } from '../../src/output.js'
import { openFolder } from './folder.js'
import { known, SECRET_OF_ANOTHER } from './program.js'

describe('the command line, show', () => {
  it('shows one invite by its id or its address, in the shape of the HTTP route', async () => {
    const { host, run, json } = await openFolder()
    const sent = await host.invites.send({ email: 'ada@example.com', role: 'admin', orgId: 'o1', metadata: { a: 1 } })
    const { code, stdout, stderr } = await run('show ADA@example.com')
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    for (const line of [
      `invite        ${sent.inviteId}`,
      'for           ada@example.com',
      'status        pending',
      'role          admin',
      'organization  o1',
      'metadata      {"a":1}',
      `code          ${sent.inviteCode}`,
      `link          ${sent.joinUrl}`,
    ]) {
      expect(stdout).to.include(`${line}\n`)
    }
    expect(v.parse(inviteSchema, await json(`show ${sent.inviteId}`))).to.deep.equal(sent)
  })

  it('shows what became of one that is used or revoked', async () => {
    const { host, run, json } = await openFolder()
    const { inviteCode, inviteId } = await host.invites.send({ email: 'ada@example.com' })
    expect((await host.signup({ email: 'ada@example.com', inviteCode })).status).to.equal(201)
    for (const which of [inviteId, 'ada@example.com']) {
      expect(await json(`show ${which}`)).to.include({ inviteId, status: 'accepted', used: true, inviteCode: null })
    }
    const again = await host.invites.send({ email: 'ada@example.com' })
    expect(await json('show ada@example.com')).to.include({ inviteId: again.inviteId, status: 'pending' })
    await host.invites.revoke(again.inviteId)
    const revoked = await run(`show ${again.inviteId}`)
    expect(revoked.stdout)
      .to.match(/^status {3}revoked$/m)
      .and.not.match(/^code/m)
  })

  it('asks which where an address has several, and says where there is none', async () => {
    const { host, run } = await openFolder()
    const ids = []
    for (const orgId of ['o1', 'o2']) ids.push((await host.invites.send({ email: 'ada@example.com', orgId })).inviteId)
    const several = await run('show ada@example.com')
    expect(several).to.include({ code: 2, stdout: '' })
    for (const id of ids) expect(several.stderr).to.include(id)
    for (const which of ['bob@example.com', 'a@b@c', 'nope', '-V_5jdXi8Z2KvSgZ9m2h4']) {
      expect(await run(`show ${which}`), which).to.include({ code: 1, stdout: '' })
    }
    expect((await run('show nope')).stderr).to.include('There is no invite with the id nope in default.')
    expect((await run(`show ${ids[0]} --app clinic`)).stderr).to.include('[invite_not_found]')
  })

  it('says what it lacks to show the code and the link', async () => {
    const { host, run } = await openFolder()
    const { inviteId, inviteCode } = await host.invites.send({ email: 'ada@example.com' })
    const { INVITE_SECRET } = known
    expect((await run(`show ${inviteId}`, {})).stdout).to.include('(not known without INVITE_SECRET)')
    const bySecret = await run(`show ${inviteId}`, { INVITE_SECRET })
    expect(bySecret.stdout).to.include(inviteCode).and.include('(not known without --base-url)')
    const byOther = await run(`show ${inviteId}`, { INVITE_SECRET: SECRET_OF_ANOTHER })
    expect(byOther.stdout).to.include('(no secret given opens it').and.not.include('link')
  })
})

describe('the command line, resend', () => {
  it('gives an invite its full term and the same code again, or a new one', async () => {
    const { host, run, json } = await openFolder()
    const sent = await host.invites.send({ email: 'ada@example.com', role: 'admin' })
    const { code, stdout, stderr } = await run('resend ada@example.com')
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' })
    expect(stdout)
      .to.match(/^renewed {2}ada@example\.com as admin$/m)
      .and.match(new RegExp(`^code {5}${sent.inviteCode}$`, 'm'))
      .and.match(/^mail {5}none: there is no mailer here/m)

    const rotated = v.parse(inviteSchema, await json(`resend ${sent.inviteId} --rotate`))
    expect(rotated.inviteId).to.equal(sent.inviteId)
    const signup = (inviteCode: string | null) => host.signup({ email: 'ada@example.com', inviteCode })
    expect((await signup(sent.inviteCode)).body.code).to.equal('invite_invalid')
    expect((await signup(rotated.inviteCode)).status).to.equal(201)
    const over = await run(`resend ${sent.inviteId}`)
    expect(over).to.include({ code: 1, stdout: '' })
    expect(over.stderr).to.include('[invite_over]')
  })

  it('takes a flag before an id that begins with a dash', async () => {
    const { run } = await openFolder()
    const { code, stderr } = await run('resend --rotate -V_5jdXi8Z2KvSgZ9m2h4')
    expect(code).to.equal(1)
    expect(stderr).to.include('[invite_not_found]')
  })

  it('ends no code because INVITE_SECRET was wrong, unless told to', async () => {
    const { host, run } = await openFolder()
    const { inviteCode } = await host.invites.send({ email: 'ada@example.com' })
    const wrong = { ...known, INVITE_SECRET: SECRET_OF_ANOTHER }
    const refused = await run('resend ada@example.com', wrong)
    expect(refused).to.include({ code: 2, stdout: '' })
    expect(refused.stderr).to.include('INVITE_SECRET does not open the code')
    await host.invites.check({ inviteCode: inviteCode ?? '' })
    const rotated = await run('resend ada@example.com --rotate', wrong)
    expect(rotated.stdout).to.include(' (new; the old one has ended)\n')
  })
})
