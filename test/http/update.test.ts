// PATCH …/invite/:inviteId: editing an invite that has a use left.
import { expect } from 'chai'
import type { Actor } from '../../src/index.js'
import { DAY, type HostOptions, manager, openHost, START, sendInvite } from '../support/host.js'

const patch = (host: Awaited<ReturnType<typeof openHost>>, inviteId: string, body: object, who?: string) =>
  manager(host.app, who).patch(`default/invite/${inviteId}`, body)

describe('editing an invite', () => {
  const open = (options: HostOptions['invites'] = {}) => openHost({ invites: options })

  it('changes its role, its term and its metadata, and leaves the rest', async () => {
    const host = await open()
    const before = await sendInvite(host, { email: 'ada@example.com', role: 'nurse', orgId: 'org', metadata: { a: 1 } })
    const res = await patch(host, before.inviteId, { role: 'doctor', expiresInMs: DAY, metadata: { b: 2 } })
    expect(res.status).to.equal(200)
    const changed = { role: 'doctor', expiresAt: new Date(START + DAY).toISOString(), metadata: { b: 2 } }
    expect(res.body).to.deep.equal({ ...before, ...changed })
    expect((await host.manage.get(`default/invite/${before.inviteId}`)).body).to.deep.equal(res.body)
    const signup = await host.signup({ inviteCode: before.inviteCode, email: 'ada@example.com' })
    expect(signup.body.role).to.equal('doctor')
  })

  it('clears with null, and changes nothing where nothing is said', async () => {
    const host = await open()
    const before = await sendInvite(host, { role: 'nurse', metadata: { a: 1 } })
    expect((await patch(host, before.inviteId, {})).body).to.deep.equal(before)
    const cleared = { role: null, metadata: null, expiresAt: null }
    const res = await patch(host, before.inviteId, { role: null, metadata: null, expiresInMs: null })
    expect(res.body).to.deep.equal({ ...before, ...cleared })
  })

  it('revives an expired one, whose new term a resend gives again', async () => {
    const host = await open()
    const { inviteId, inviteCode } = await sendInvite(host)
    host.clock.advance(8 * DAY)
    expect((await patch(host, inviteId, { expiresInMs: DAY })).body.status).to.equal('pending')
    host.clock.advance(DAY)
    expect((await host.signup({ inviteCode })).body.code).to.equal('invite_expired')
    const again = await host.invites.resend(inviteId)
    expect(Date.parse(again.expiresAt ?? '')).to.equal(host.clock() + DAY)
  })

  it('refuses one that is used or revoked: 409 invite_over', async () => {
    const host = await open()
    const used = await sendInvite(host)
    await host.signup({ inviteCode: used.inviteCode })
    const revoked = await sendInvite(host)
    await host.invites.revoke(revoked.inviteId)
    for (const { inviteId } of [used, revoked]) {
      const res = await patch(host, inviteId, { role: 'nurse' })
      expect([res.status, res.body.code]).to.deep.equal([409, 'invite_over'])
    }
  })

  it('refuses what cannot be, naming the field', async () => {
    const host = await open({ roles: ['nurse'] })
    const { inviteId } = await sendInvite(host)
    const wrong = {
      role: ['', 7, 'doctor'],
      expiresInMs: [0, -1, 1.5, '1'],
      metadata: [[], 'a', 7],
      email: ['a@b.c'],
      maxUses: [2],
    }
    for (const [field, values] of Object.entries(wrong)) {
      for (const value of values) {
        const res = await patch(host, inviteId, { [field]: value })
        expect(res.status, `${field} ${value}`).to.equal(400)
        expect(res.body.errors[0].pointer).to.equal(`#/${field}`)
      }
    }
  })

  it('R-27 takes only a role that both whoever edits and the inviter may grant', async () => {
    const roles: Record<string, string[]> = { ann: ['nurse', 'doctor'] }
    const findInviter = ({ id }: { id?: string }): Actor | null =>
      id === undefined ? null : { id, access: 'member', roles: roles[id] ?? [] }
    const host = await open({ findInviter })
    const ann: Actor = { id: 'ann', access: 'supervisor', roles: ['nurse', 'doctor', 'chief'] }
    const { inviteId } = await host.invites.send({ role: 'nurse' }, { actor: ann })
    expect((await patch(host, inviteId, { role: 'doctor' }, 'member:ann')).body.code).to.equal('not_allowed')
    expect((await patch(host, inviteId, { role: 'chief' })).body.code).to.equal('not_allowed')
    expect((await patch(host, inviteId, { role: 'doctor' })).body.role).to.equal('doctor')
    roles.ann = []
    expect((await patch(host, inviteId, { role: 'nurse' })).body.code).to.equal('not_allowed')
    expect((await patch(host, inviteId, { role: null })).body.role).to.equal(null)
  })

  it('R-28 finds neither another app’s nor, for a member, another’s', async () => {
    const host = await openHost({ invites: { apps: { default: {}, school: {} } } })
    const { inviteId } = await sendInvite(host, {}, 'school')
    const own = await sendInvite(host)
    expect((await patch(host, inviteId, { role: 'x' })).status).to.equal(404)
    expect((await patch(host, own.inviteId, { role: 'x' }, 'member:eve')).status).to.equal(404)
    expect((await host.invites.retrieve(inviteId, { appId: 'school' })).role).to.equal(null)
  })
})
