// Housekeeping as a host calls it.
import { expect } from 'chai'
import { sqliteStore } from '../adapters/sqlite.js'
import { openHost, sendInvite } from './support/host.js'

const DAY_MS = 24 * 60 * 60 * 1000

describe('invites.prune', () => {
  it('removes what has been over for 90 days, and says how much of each', async () => {
    const host = await openHost()
    const expired = await sendInvite(host, { email: 'ada@example.com' })
    const revoked = await sendInvite(host)
    await host.invites.revoke(revoked.inviteId)
    const used = await sendInvite(host)
    await host.signup({ inviteCode: used.inviteCode }).expect(201)
    const abandoned = await sendInvite(host, { expiresInMs: null })
    await host.invites.claim({ inviteCode: abandoned.inviteCode })
    await host.manage.post('default/invite', { expiresInMs: null }).set('Idempotency-Key', 'key').expect(201)

    host.clock.advance(7 * DAY_MS + 90 * DAY_MS - 1)
    expect(await host.invites.prune()).to.deep.equal({
      claims: 1,
      invites: 1,
      deliveries: 0,
      webhooks: 0,
      keyedRequests: 1,
      accessRequests: 0,
    })
    host.clock.advance(1)
    expect((await host.signup({ inviteCode: expired.inviteCode, email: 'ada@example.com' })).body.code).to.equal(
      'invite_expired',
    )
    expect(await host.invites.prune()).to.deep.equal({
      claims: 0,
      invites: 1,
      deliveries: 0,
      webhooks: 0,
      keyedRequests: 0,
      accessRequests: 0,
    })

    expect((await host.signup({ inviteCode: expired.inviteCode, email: 'ada@example.com' })).body.code).to.equal(
      'invite_invalid',
    )
    expect((await host.invites.acceptances()).items.map(({ inviteId }) => inviteId)).to.deep.equal([used.inviteId])
    expect((await host.invites.list({ status: 'accepted' })).items).to.have.length(1)
    await host.signup({ inviteCode: abandoned.inviteCode }).expect(201)
  })

  it('goes on batch by batch until all of it is gone', async () => {
    const store = sqliteStore(':memory:')
    const asked: number[] = []
    const counting = {
      ...store,
      prune: (request: Parameters<typeof store.prune>[0]) => {
        asked.push(request.limit)
        return store.prune({ ...request, limit: 2 })
      },
    }
    const host = await openHost({ invites: { store: counting } })
    for (let count = 0; count < 5; count++) await sendInvite(host)
    host.clock.advance(9 * DAY_MS)
    expect((await host.invites.prune({ olderThanMs: DAY_MS })).invites).to.equal(5)
    expect(new Set(asked)).to.deep.equal(new Set([500]))
  })

  it('says which option is wrong, and what would be right', async () => {
    const { invites } = await openHost()
    const message = (options: object) => invites.prune(options).catch((error: unknown) => error)
    for (const olderThanMs of [0, DAY_MS - 1, DAY_MS + 0.5, Number.NaN, '90d', null]) {
      const error = await message({ olderThanMs })
      expect(error).to.be.instanceOf(TypeError)
      expect(String(error)).to.include('`olderThanMs` must be').and.include('86400000')
    }
    expect(String(await message({ olderThan: DAY_MS }))).to.include('Did you mean `olderThanMs`?')
  })
})
