// Retention: what `prune` takes as given, and that it is done by itself only where it is asked for.
import { expect } from 'chai'
import { createHousekeeping } from '../src/housekeeping.js'
import type { InvitesOptions } from '../src/index.js'
import { contextOf } from '../src/invites.js'
import type { InviteStore } from '../src/store.js'
import { DAY, openHost, refusedOptions, sendInvite } from './support/host.js'
import { openHostDatabase } from './support/host-database.js'

const HOUR = DAY / 24

/** A store that tells of each batch of housekeeping. */
async function openWatched() {
  const real = (await openHostDatabase()).openStore()
  const pruned: string[] = []
  let told = (): void => undefined
  const first = new Promise<void>((resolve) => {
    told = resolve
  })
  const store: InviteStore = {
    ...real,
    async prune(request) {
      pruned.push(request.what)
      const result = await real.prune(request)
      told()
      return result
    },
  }
  return { store, pruned, first }
}

describe('retention', () => {
  it('is what prune does unless it is told otherwise', async () => {
    const host = await openHost({ invites: { retention: { olderThanMs: 10 * DAY, forgetAfterMs: 20 * DAY } } })
    await sendInvite(host, { expiresInMs: DAY })
    const used = await sendInvite(host, { email: 'ada@example.com' })
    await host.signup({ inviteCode: used.inviteCode, email: 'ada@example.com' }).expect(201)
    host.clock.advance(11 * DAY)
    expect(await host.invites.prune({ olderThanMs: 12 * DAY })).to.include({ invites: 0, addresses: 0 })
    expect(await host.invites.prune()).to.include({ invites: 1, addresses: 0 })
    host.clock.advance(10 * DAY)
    expect(await host.invites.prune({ forgetAfterMs: 30 * DAY })).to.include({ addresses: 0 })
    expect(await host.invites.prune({ forgetAfterMs: undefined })).to.include({ addresses: 1 })
  })

  it('says which of it is wrong', async () => {
    const told = (retention: object) => refusedOptions({ retention } as Partial<InvitesOptions>)
    expect(await told({ forgetAfterMs: 5 })).to.equal(
      'createInvites: retention: `forgetAfterMs` must be a whole number of milliseconds, a day (86400000) or more.',
    )
    expect(await told({ forgetAfter: DAY })).to.include('Did you mean `forgetAfterMs`?')
    expect(await told(null as never)).to.include('createInvites: retention takes an object of options.')
  })

  it('is seen to at the start of a process that delivers', async () => {
    const { store, first, pruned } = await openWatched()
    await openHost({ invites: { store, deliver: true, retention: {} } })
    await first
    expect(pruned[0]).to.equal('mailCounts')
  })

  for (const [name, options] of Object.entries({
    'where it is not asked for': { deliver: true },
    'in a process that does not deliver': { deliver: false, retention: {} },
  })) {
    it(`is not seen to ${name}`, async () => {
      const { store, pruned } = await openWatched()
      const { invites } = await openHost({ invites: { store, ...options } })
      await invites.close()
      expect(pruned).to.deep.equal([])
    })
  }

  it('is seen to once a day; after a failure, in an hour', async () => {
    const { store, pruned } = await openWatched()
    let isDown = false
    const flaky: InviteStore = {
      ...store,
      prune: async (request) => (isDown ? Promise.reject(new Error('the database is down')) : store.prune(request)),
    }
    const host = await openHost({ invites: { store: flaky, retention: {} } })
    const housekeeping = createHousekeeping(contextOf(host.invites))
    expect(await housekeeping.runIfDue()).to.equal(true)
    host.clock.advance(DAY - 1)
    expect(await housekeeping.runIfDue()).to.equal(false)
    host.clock.advance(1)
    isDown = true
    expect(await housekeeping.runIfDue()).to.equal(true)
    isDown = false
    host.clock.advance(HOUR - 1)
    expect(await housekeeping.runIfDue()).to.equal(false)
    host.clock.advance(1)
    const before = pruned.length
    expect(await housekeeping.runIfDue()).to.equal(true)
    expect(pruned.slice(before)).to.include('invites')
    await housekeeping.close()
    host.clock.advance(DAY)
    expect(await housekeeping.runIfDue()).to.equal(false)
  })

  it('stops after the batch at hand when the install is closed', async () => {
    const { store, pruned } = await openWatched()
    const host = await openHost({ invites: { store } })
    for (let n = 0; n < 3; n++) await sendInvite(host, { expiresInMs: DAY })
    host.clock.advance(100 * DAY)
    const small: InviteStore = { ...store, prune: (request) => store.prune({ ...request, limit: 1 }) }
    const context = { ...contextOf(host.invites), store: small }
    const housekeeping = createHousekeeping(context)
    const run = housekeeping.runIfDue()
    await housekeeping.close()
    await run
    expect(pruned).to.deep.equal(['mailCounts'])
  })
})
