// Quotas: members invite others, as many as they were given.
import { expect } from 'chai'
import request from 'supertest'
import type { Actor } from '../../src/index.js'
import { DAY, type Host, type HostOptions, manager, openHost, refusedOptions, sendInvite } from '../support/host.js'

async function openMembers(quota: NonNullable<HostOptions['invites']>['quota'], options: HostOptions = {}) {
  const host = await openHost({ ...options, invites: { quota, ...options.invites } })
  const ann = manager(host.app, 'member:ann')
  const left = async (id = 'ann') => (await host.invites.quota(id)).left
  return { ...host, host, ann, left }
}

const accepted = async (host: Host, userId: string) => {
  const { inviteCode } = await sendInvite(host)
  await (await host.invites.claim({ inviteCode })).accept({ userId })
}

describe('quotas', () => {
  it('R-29 let a member invite so many, in their own name, and say how many are left', async () => {
    const { ann, left, host } = await openMembers(5)
    expect((await ann.get('default/quota/ann')).body).to.deep.equal({
      appId: 'default',
      inviterId: 'ann',
      left: 5,
      refillsAt: null,
    })
    const all = await Promise.all(
      Array.from({ length: 50 }, (_, n) => ann.post('default/invite', { email: `u${n}@example.com` })),
    )
    const made = all.filter(({ status }) => status === 201)
    expect(made).to.have.length(5)
    expect(made[0]?.body.inviter).to.deep.equal({ id: 'ann', email: 'ann@example.com', name: null })
    const [refused] = all.filter(({ status }) => status !== 201)
    expect([refused?.status, refused?.body.code, refused?.body.detail]).to.deep.equal([
      429,
      'quota_exceeded',
      'You have no invites left.',
    ])
    expect(await left()).to.equal(0)
    await host.manage.post('default/invite', { email: 'ada@example.com' }).expect(201)
    expect(await left('bob')).to.equal(5)
  })

  it('R-29 are not spent on what fails, nor by sending again, and a link counts each account', async () => {
    const { ann, left } = await openMembers(5)
    const { inviteId } = (await ann.post('default/invite', { email: 'ada@example.com' }).expect(201)).body
    await ann.post('default/invite', { email: 'ada@example.com' }).expect(409)
    await ann.post('default/invite', { email: 'no address' }).expect(400)
    await ann.post('default/invite', { email: 'eve@example.com', role: 'admin' }).expect(403)
    await ann.post(`default/invite/${inviteId}/resend`).expect(200)
    expect(await left()).to.equal(4)
    const link = await ann.post('default/invite', { maxUses: 5 })
    expect([link.status, link.body.detail]).to.deep.equal([429, 'You have 4 invites left, and this one counts as 5.'])
    const unlimited = await ann.post('default/invite', { maxUses: null })
    expect(unlimited.body.errors).to.deep.equal([
      { pointer: '#/maxUses', detail: 'must be a number: each account counts, and you have 4 invites left' },
    ])
    await ann.post('default/invite', { maxUses: 4 }).expect(201)
    expect(await left()).to.equal(0)
  })

  it('R-38 are paid once for the same request again', async () => {
    const { ann, left } = await openMembers(5)
    const once = () => ann.post('default/invite', { email: 'ada@example.com' }).set('Idempotency-Key', 'key')
    expect((await once()).body.inviteId).to.equal((await once()).body.inviteId)
    expect(await left()).to.equal(4)
  })

  it('are nothing until they are given, to one or to everybody who joined in some time', async () => {
    const { ann, left, host } = await openMembers(undefined)
    const refused = await ann.post('default/invite', {})
    expect([refused.status, refused.body.detail]).to.deep.equal([403, 'You have no invites to send.'])
    await accepted(host, 'ann')
    host.clock.advance(DAY)
    await accepted(host, 'bob')
    const grant = { add: 5, joinedFrom: '2026-11-21T00:00:00Z', joinedUntil: '2026-11-22T00:00:00Z' }
    expect((await host.manage.post('default/quota', grant)).body).to.deep.equal({ granted: 1 })
    expect([await left('ann'), await left('bob')]).to.deep.equal([5, 0])
    expect((await host.manage.post('default/quota', { add: 2, inviterId: 'bob' })).body).to.deep.equal({ granted: 1 })
    expect((await host.manage.put('default/quota/ann', { left: 1 })).body.left).to.equal(1)
    expect([await left('ann'), await left('bob')]).to.deep.equal([1, 2])
    const neither = await host.manage.post('default/quota', { add: 5 })
    expect([neither.status, neither.body.errors[0].pointer]).to.deep.equal([400, '#/inviterId'])
    const both = await host.manage.post('default/quota', { ...grant, inviterId: 'ann' })
    expect(both.status).to.equal(400)
  })

  it('refill with time, which a member is told', async () => {
    const refill = { amount: 1, everyMs: DAY, cap: 2 }
    const { ann, left, host } = await openMembers({ start: 1, refill })
    await ann.post('default/invite', {}).expect(201)
    const refused = await ann.post('default/invite', {})
    expect([refused.status, refused.get('Retry-After')]).to.deep.equal([429, String(DAY / 1000)])
    expect((await host.invites.quota('ann')).refillsAt).to.equal('2026-11-22T09:00:00.000Z')
    host.clock.advance(10 * DAY)
    expect(await left()).to.equal(2)
  })

  it('come back from invites that expire unused, where that is asked for', async () => {
    const { ann, left, host } = await openMembers({ start: 1, giveBack: true })
    const { inviteId } = (await ann.post('default/invite', { email: 'ada@example.com', expiresInMs: DAY })).body
    expect(await left()).to.equal(0)
    host.clock.advance(DAY)
    expect(await left()).to.equal(1)
    await ann.post('default/invite', { email: 'eve@example.com' }).expect(201)
    const revived = await ann.post(`default/invite/${inviteId}/resend`)
    expect([revived.status, revived.body.code]).to.deep.equal([429, 'quota_exceeded'])
    await host.manage.post(`default/invite/${inviteId}/resend`).expect(200)
  })

  it('are a setting, switched at run time', async () => {
    const { ann, left, host } = await openMembers(0)
    const put = await host.manage.put('default/settings', { quota: { start: 3 } })
    expect(put.body.quota).to.deep.equal({ start: 3, refill: null, giveBack: false })
    expect(await left()).to.equal(3)
    await host.manage.put('default/settings', { quota: { start: null } }).expect(200)
    await ann.post('default/invite', { maxUses: null }).expect(201)
    for (const wrong of [{ start: -1 }, { start: 1, refill: { amount: 1 } }, 5, { start: 1, cap: 2 }, {}]) {
      const res = await host.manage.put('default/settings', { quota: wrong })
      expect(res.status, JSON.stringify(wrong)).to.equal(400)
      expect(res.body.errors[0].pointer).to.match(/^#\/quota/)
    }
    expect((await host.invites.settings()).quota.start).to.equal(null)
  })

  it('R-10 are whole numbers, or null; 0 means none', async () => {
    const { host } = await openMembers(null)
    for (const left of [-1, 1.5, '1', undefined, {}]) {
      const res = await host.manage.put('default/quota/ann', { left })
      expect(res.status, String(left)).to.equal(400)
    }
    await host.manage.put('default/quota/ann', { left: 0 }).expect(200)
    for (const add of [0, -1, 1.5, '1', null]) {
      expect((await host.manage.post('default/quota', { inviterId: 'ann', add })).status, String(add)).to.equal(400)
    }
    expect(await refusedOptions({ quota: -1 })).to.match(
      /`quota` must be a number, null, or \{ start, refill, giveBack \}/,
    )
    expect(await refusedOptions({ quota: { start: 1, every: 2 } as never })).to.include('every is not a field')
  })

  it('R-28 are each app’s own', async () => {
    const { host, left } = await openMembers(2, { invites: { apps: { default: {}, school: { quota: 7 } } } })
    await host.manage.put('school/quota/ann', { left: 9 }).expect(200)
    expect([await left('ann'), (await host.invites.quota('ann', undefined, { appId: 'school' })).left]).to.deep.equal([
      2, 9,
    ])
  })

  it('show a member on the dashboard how many are left, with the form while there are any', async () => {
    const { host, ann } = await openMembers(1)
    const page = () => request(host.app).get('/admin/invites/').set('Authorization', 'Bearer member:ann')
    expect((await page()).text)
      .to.include('You have 1 invite left.')
      .and.include('Send invite')
    await ann.post('default/invite', {}).expect(201)
    expect((await page()).text)
      .to.include('You have no invites left.')
      .and.not.include('Send invite')
  })
})

describe('R-27 organizations', () => {
  const member: Actor = { id: 'ann', access: 'member', orgIds: ['north'] }

  it('are the inviter’s to invite into, when the invite is made, sent again and used', async () => {
    let ann: Actor | null = member
    const { host } = await openMembers(9, { invites: { findInviter: ({ id }) => (id === 'ann' ? ann : null) } })
    const send = (orgId: string, actor: Actor) => host.invites.send({ orgId }, { actor })
    const refused = async (promise: Promise<unknown>) => String(await promise.catch((error: unknown) => error))
    expect(await refused(send('south', member))).to.include(
      "The organization south is not the inviter's to invite into.",
    )
    expect(await refused(send('north', { id: 'bob', access: 'member' }))).to.include('organization north')
    await send('south', { id: 'boss', access: 'supervisor' })
    const { inviteCode, inviteId } = await send('north', member)
    ann = { ...member, orgIds: [] }
    expect(await refused(host.invites.resend(inviteId))).to.include('may no longer invite into its organization')
    const signup = await host.signup({ email: 'ada@example.com', inviteCode })
    expect([signup.status, signup.body.code]).to.deep.equal([403, 'not_allowed'])
    expect(host.accounts).to.deep.equal([])
    ann = member
    await host.signup({ email: 'ada@example.com', inviteCode }).expect(201)
  })
})
