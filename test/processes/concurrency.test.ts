// Many signups at once from several operating-system processes on one SQLite file.
import { join } from 'node:path'
import { expect } from 'chai'
import { temporaryFolder } from '../support/cleanup.js'
import { type Host, openHost, sendInvite } from '../support/host.js'
import { type Accept, type Answer, type HostProcess, type Ledger, openLedger, post, startHostProcess } from './spawn.js'

const SIGNUPS = 50
const ROUNDS = 3
const USES = [1, 3, 10]

interface Cluster {
  readonly host: Host
  readonly processes: readonly HostProcess[]
  readonly ledger: Ledger
}

async function startCluster(count: number, accept: Accept, workMs: number): Promise<Cluster> {
  const file = join(temporaryFolder(), 'app.db')
  const started = Array.from({ length: count }, () => startHostProcess({ file, accept, workMs }))
  const processes = await Promise.all(started)
  return { processes, host: await openHost({ file, invites: { clock: Date.now } }), ledger: openLedger(file) }
}

function portOf({ processes }: Cluster, index: number): number {
  const at = processes[index % processes.length]
  if (at === undefined) throw new Error('there is no process')
  return at.port
}

interface Signup {
  readonly index: number
  readonly email: string
  readonly answer: Answer | undefined
}

/** Posts all of them at once, each to its process, and waits for all answers. */
async function signUpAll(cluster: Cluster, indexes: readonly number[], body: (index: number) => object) {
  return await Promise.all(
    indexes.map(async (index): Promise<Signup> => {
      const email = `guest${index}@example.com`
      return { index, email, answer: await post(portOf(cluster, index), '/signup', { email, ...body(index) }) }
    }),
  )
}

const allOf = (count: number) => Array.from({ length: count }, (_, index) => index)
const withStatus = (signups: readonly Signup[], status: number) =>
  signups.filter(({ answer }) => answer?.status === status)

/** The accounts, the acceptances and the counters all say `passed`, and nothing is held any more. */
function expectExactly(ledger: Ledger, inviteId: string, passed: readonly Signup[]): void {
  const userIds = passed.map(({ answer }) => answer?.userId ?? 0).sort((a, b) => a - b)
  expect(ledger.uses(inviteId)).to.deep.equal({ uses: passed.length, held: 0, claims: 0 })
  expect(ledger.users(inviteId)).to.deep.equal(userIds)
  const emails = new Map(passed.map(({ answer, email }) => [answer?.userId, email]))
  expect(ledger.acceptances(inviteId)).to.deep.equal(userIds.map((userId) => ({ userId, email: emails.get(userId) })))
}

describe('signups from several processes', () => {
  for (const accept of ['sync', 'async'] as const) {
    for (const count of [2, 4]) {
      const what = `${SIGNUPS} at once over ${count} processes, accepted ${accept}, ${ROUNDS} rounds each`
      it(`R-01 k uses admit exactly k of ${what} of k = ${USES.join(', ')}`, async function () {
        this.timeout(40_000)
        const cluster = await startCluster(count, accept, 5)
        for (const maxUses of USES) {
          for (let round = 0; round < ROUNDS; round++) {
            const { inviteId, inviteCode } = await sendInvite(cluster.host, { maxUses })

            const first = await signUpAll(cluster, allOf(SIGNUPS), () => ({ inviteCode }))
            const passed = withStatus(first, 201)
            const waiting = withStatus(first, 409)
            const gone = withStatus(first, 410)
            expect(passed).to.have.length(maxUses) // nobody fails, so each hold becomes an account
            expect([...passed, ...waiting, ...gone]).to.have.length(SIGNUPS)
            for (const { answer } of waiting) expect(answer?.code).to.equal('invite_claimed')
            for (const { answer } of gone) expect(answer?.code).to.equal('invite_used')

            const indexes = waiting.map(({ index }) => index)
            const second = await signUpAll(cluster, indexes, () => ({ inviteCode }))
            expect(withStatus(second, 410)).to.have.length(waiting.length)
            expectExactly(cluster.ledger, inviteId, passed)
          }
        }
        expect(cluster.ledger.claims()).to.equal(0)
      })
    }
  }

  it(`R-01 k uses admit exactly k of ${SIGNUPS} where every second signup fails at first, ${ROUNDS} rounds each of k = ${USES.join(', ')}`, async function () {
    this.timeout(40_000)
    const cluster = await startCluster(2, 'sync', 5)
    for (const maxUses of USES) {
      for (let round = 0; round < ROUNDS; round++) {
        const { inviteId, inviteCode } = await sendInvite(cluster.host, { maxUses })
        const passed: Signup[] = []
        const failed = new Set<number>()
        let indexes = allOf(SIGNUPS)
        while (indexes.length > 0) {
          const before = passed.length + failed.size
          const wave = await signUpAll(cluster, indexes, (index) => ({
            inviteCode,
            fail: index % 4 >= 2 && !failed.has(index), // even and odd ones alike, so in both processes
          }))
          passed.push(...withStatus(wave, 201))
          for (const { index } of withStatus(wave, 422)) failed.add(index)
          const over = withStatus(wave, 410)
          indexes = [...withStatus(wave, 409), ...withStatus(wave, 422)].map(({ index }) => index)
          expect(withStatus(wave, 201).length + indexes.length + over.length).to.equal(wave.length)
          const moved = passed.length + failed.size > before || over.length > 0
          expect(moved, 'somebody is admitted in each wave, or the invite is over').to.equal(true)
        }
        expect(passed).to.have.length(maxUses)
        expectExactly(cluster.ledger, inviteId, passed)
      }
    }
  })

  it('R-05 a double click in two processes: one passes, the other hears invite_claimed or invite_used, 20 rounds', async function () {
    this.timeout(20_000)
    const cluster = await startCluster(2, 'sync', 5)
    for (let round = 0; round < 20; round++) {
      const email = `click${round}@example.com`
      const { inviteId, inviteCode } = await sendInvite(cluster.host, { email })
      const clicks = await signUpAll(cluster, [0, 1], () => ({ inviteCode, email }))
      const [passed, ...more] = withStatus(clicks, 201)
      expect(more).to.deep.equal([])
      const other = clicks.find((click) => click !== passed)?.answer
      expect(other?.code).to.be.oneOf(['invite_claimed', 'invite_used'])
      if (other?.code === 'invite_claimed') expect(Number(other.retryAfter)).to.be.within(1, 5)
      expect(ledgerOf(cluster, inviteId)).to.deep.equal({ uses: 1, held: 0, users: 1 })
    }
  })

  it('R-05 while one process signs up, the other says invite_claimed with Retry-After; then invite_used', async () => {
    const cluster = await startCluster(2, 'async', 0)
    const { inviteId, inviteCode } = await sendInvite(cluster.host, { email: 'ada@example.com' })
    const body = { inviteCode, email: 'ada@example.com' }
    const slow = post(portOf(cluster, 0), '/signup', { ...body, hold: true })
    await post(portOf(cluster, 0), '/held')
    const second = await post(portOf(cluster, 1), '/signup', body)
    expect(second).to.include({ status: 409, code: 'invite_claimed' })
    expect(Number(second?.retryAfter)).to.be.within(1, 5)

    await post(portOf(cluster, 0), '/go')
    expect(await slow).to.include({ status: 201 })
    expect(await post(portOf(cluster, 1), '/signup', body)).to.include({ status: 410, code: 'invite_used' })
    expect(ledgerOf(cluster, inviteId)).to.deep.equal({ uses: 1, held: 0, users: 1 })
  })

  it('R-05 after a failure in one process the next try in the other passes at once', async () => {
    const cluster = await startCluster(2, 'sync', 0)
    const { inviteId, inviteCode } = await sendInvite(cluster.host, { email: 'ada@example.com' })
    const body = { inviteCode, email: 'ada@example.com' }
    expect(await post(portOf(cluster, 0), '/signup', { ...body, fail: true })).to.include({ status: 422 })
    expect(await post(portOf(cluster, 1), '/signup', body)).to.include({ status: 201 })
    expect(ledgerOf(cluster, inviteId)).to.deep.equal({ uses: 1, held: 0, users: 1 })
  })
})

function ledgerOf({ ledger }: Cluster, inviteId: string) {
  const { uses, held } = ledger.uses(inviteId)
  return { uses, held, users: ledger.users(inviteId).length }
}
