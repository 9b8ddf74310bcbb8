// A host whose SQLite file cannot grow: the kernel refuses its writes, as a full disk does.
import { statSync } from 'node:fs'
import { expect } from 'chai'
import { databases } from '../support/databases.js'
import { MINUTE, openHost, sendInvite } from '../support/host.js'
import { post, startHostProcess } from './spawn.js'

const ROOM = 400_000 // bytes, for some signups

describe('a disk that is full', () => {
  it('is a 503, and leaves every invite that was not used as it was', async function () {
    if (process.platform === 'win32') this.skip() // it has no such limit
    this.timeout(60_000)
    const { url, store, ledger } = await databases.SQLite()
    const host = await openHost({ invites: { store, clock: () => Date.now() + 2 * MINUTE } })
    const issued = []
    while (issued.length < 40) issued.push(await sendInvite(host))
    const maxFileBlocks = Math.ceil((statSync(`${url}-wal`).size + ROOM) / 512)
    const { port, isRunning } = await startHostProcess({ url, maxFileBlocks })

    const statuses = []
    for (const { inviteCode, inviteId } of issued) {
      const answer = await post(port, '/signup', { inviteCode, email: 'ada@example.com', accept: 'inside' })
      statuses.push(answer?.status)
      const { uses, held, claims } = await ledger.uses(inviteId)
      expect([uses, held]).to.deep.equal([answer?.status === 201 ? 1 : 0, claims])
      expect(await ledger.users(inviteId)).to.have.length(uses)
    }
    expect(statuses[0]).to.equal(201)
    expect(statuses.at(-1)).to.equal(503)
    const gate = new Set(statuses.filter((status) => status !== 500)) // which is the host's own insert that failed
    expect([...gate].sort()).to.deep.equal([201, 503])
    expect(isRunning()).to.equal(true)
    for (const [index, { inviteCode }] of issued.entries()) {
      await host.signup({ inviteCode }).expect(statuses[index] === 201 ? 410 : 201) // there is room again
    }
  })
})
