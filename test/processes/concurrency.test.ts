// Many signups at once from several operating-system processes on one database.
import { expect } from 'chai'
import type { databases, Ledger } from '../support/databases.js'
import { sendInvite } from '../support/host.js'
import { type Cluster, portOf, type Signup, signUpAll, startCluster, withStatus } from './cluster.js'
import { post } from './spawn.js'

const SIGNUPS = 50
const ROUNDS = 20
const USES = [1, 3, 10]

const allOf = (count: number) => Array.from({ length: count }, (_, index) => index)

/** Every second round each way. */
const acceptOf = (round: number) => (round % 2 === 0 ? 'inside' : 'after')

/** The accounts, the acceptances and the counters all say `passed`, and nothing is held any more. */
async function expectExactly(ledger: Ledger, inviteId: string, passed: readonly Signup[]): Promise<void> {
  const userIds = passed.map(({ answer }) => answer?.userId ?? 0).sort((a, b) => a - b)
  expect(await ledger.uses(inviteId)).to.deep.equal({ uses: passed.length, held: 0, claims: 0 })
  expect(await ledger.users(inviteId)).to.deep.equal(userIds)
  const emails = new Map(passed.map(({ answer, email }) => [answer?.userId, email]))
  const acceptances = userIds.map((userId) => ({ userId, email: emails.get(userId) }))
  expect(await ledger.acceptances(inviteId)).to.deep.equal(acceptances)
}

for (const kind of ['SQLite', 'Postgres'] as const satisfies (keyof typeof databases)[]) {
  describe(`signups from several processes on ${kind}`, () => {
    it(`R-01 k uses admit exactly k of ${SIGNUPS} at once over 1, 2 and 4 processes, ${ROUNDS} rounds each of k = ${USES.join(', ')}`, async function () {
      this.timeout(120_000)
      const cluster = await startCluster(kind, 4, 5)
      for (const count of [1, 2, 4]) {
        const processes = cluster.processes.slice(0, count)
        for (const maxUses of USES) {
          for (let round = 0; round < ROUNDS; round++) {
            const accept = acceptOf(round)
            const { inviteId, inviteCode } = await sendInvite(cluster.host, { maxUses })
            const signups = await signUpAll(processes, allOf(SIGNUPS), () => ({ inviteCode, accept }))
            const passed = withStatus(signups, 201)
            const waiting = withStatus(signups, 409)
            const gone = withStatus(signups, 410)
            expect(passed).to.have.length(maxUses) // nobody fails, so each hold becomes an account
            expect([...passed, ...waiting, ...gone]).to.have.length(SIGNUPS)
            for (const { answer } of waiting) expect(answer?.code).to.equal('invite_claimed')
            for (const { answer } of gone) expect(answer?.code).to.equal('invite_used')
            const late = await post(portOf(processes, round), '/signup', { inviteCode, email: 'late@example.com' })
            expect(late).to.include({ status: 410, code: 'invite_used' })
            await expectExactly(cluster.ledger, inviteId, passed)
          }
        }
      }
      expect(await cluster.ledger.claims()).to.equal(0)
    })

    it(`R-01 k uses admit exactly k of ${SIGNUPS} where every second signup fails at first, 3 rounds each of k = ${USES.join(', ')}`, async function () {
      this.timeout(60_000)
      const { processes, host, ledger } = await startCluster(kind, 2, 5)
      for (const maxUses of USES) {
        for (let round = 0; round < 3; round++) {
          const { inviteId, inviteCode } = await sendInvite(host, { maxUses })
          const passed: Signup[] = []
          const failed = new Set<number>()
          let indexes = allOf(SIGNUPS)
          while (indexes.length > 0) {
            const before = passed.length + failed.size
            const wave = await signUpAll(processes, indexes, (index) => ({
              inviteCode,
              accept: acceptOf(round),
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
          await expectExactly(ledger, inviteId, passed)
        }
      }
    })

    it('R-05 a double click in two processes: one passes, the other hears invite_claimed or invite_used, 20 rounds', async function () {
      this.timeout(30_000)
      const cluster = await startCluster(kind, 2, 5)
      for (let round = 0; round < 20; round++) {
        const email = `click${round}@example.com`
        const { inviteId, inviteCode } = await sendInvite(cluster.host, { email })
        const accept = acceptOf(round)
        const clicks = await signUpAll(cluster.processes, [0, 1], () => ({ inviteCode, email, accept }))
        const [passed, ...more] = withStatus(clicks, 201)
        expect(more).to.deep.equal([])
        const other = clicks.find((click) => click !== passed)?.answer
        expect(other?.code).to.be.oneOf(['invite_claimed', 'invite_used'])
        if (other?.code === 'invite_claimed') expect(Number(other.retryAfter)).to.be.within(1, 5)
        await expectOneUser(cluster, inviteId)
      }
    })

    it('R-05 while one process signs up, the other says invite_claimed with Retry-After; then invite_used', async () => {
      const cluster = await startCluster(kind, 2, 0)
      const { inviteId, inviteCode } = await sendInvite(cluster.host, { email: 'ada@example.com' })
      const body = { inviteCode, email: 'ada@example.com', accept: 'after' }
      const slow = post(portOf(cluster.processes, 0), '/signup', { ...body, hold: true })
      await post(portOf(cluster.processes, 0), '/held')
      const second = await post(portOf(cluster.processes, 1), '/signup', body)
      expect(second).to.include({ status: 409, code: 'invite_claimed' })
      expect(Number(second?.retryAfter)).to.be.within(1, 5)

      await post(portOf(cluster.processes, 0), '/go')
      expect(await slow).to.include({ status: 201 })
      const third = await post(portOf(cluster.processes, 1), '/signup', body)
      expect(third).to.include({ status: 410, code: 'invite_used' })
      await expectOneUser(cluster, inviteId)
    })

    it('R-05 after a failure in one process the next try in the other passes at once', async () => {
      const cluster = await startCluster(kind, 2, 0)
      const { inviteId, inviteCode } = await sendInvite(cluster.host, { email: 'ada@example.com' })
      const body = { inviteCode, email: 'ada@example.com', accept: 'inside' }
      const failed = await post(portOf(cluster.processes, 0), '/signup', { ...body, fail: true })
      expect(failed).to.include({ status: 422 })
      expect(await post(portOf(cluster.processes, 1), '/signup', body)).to.include({ status: 201 })
      await expectOneUser(cluster, inviteId)
    })

    it('R-17 a revoke, a revoke of all and a switch of the mode in one process hold at once in the other', async () => {
      const { processes, host, ledger } = await startCluster(kind, 2, 0)
      const [here, there] = [portOf(processes, 0), portOf(processes, 1)]
      const signUp = async (inviteCode: string) => {
        const answer = await post(there, '/signup', { inviteCode, email: 'ada@example.com', accept: 'inside' })
        return answer?.status === 201 ? 'signed up' : answer?.code
      }
      for (const which of ['one', "an inviter's", 'all'] as const) {
        const inviter = { id: `inviter of ${which}`, access: 'supervisor' } as const
        const many = await host.invites.send({ maxUses: null }, { actor: inviter })
        const inviteCode = many.inviteCode ?? ''
        expect(await signUp(inviteCode)).to.equal('signed up')
        const revoke = { one: { inviteId: many.inviteId }, "an inviter's": { inviterId: inviter.id }, all: {} }
        expect(await post(here, '/revoke', revoke[which])).to.include({ status: 204 })
        expect(await signUp(inviteCode), which).to.equal('invite_invalid')
        expect(await ledger.uses(many.inviteId)).to.deep.equal({ uses: 1, held: 0, claims: 0 })
      }
      const { inviteCode } = await sendInvite(host, { maxUses: null })
      for (const [mode, said] of [
        ['closed', 'signup_closed'],
        ['invite-only', 'signed up'],
        ['closed', 'signup_closed'],
        ['open', 'signed up'],
      ]) {
        expect(await post(here, '/mode', { mode })).to.include({ status: 204 })
        expect(await signUp(inviteCode), mode).to.equal(said)
      }
    })
  })
}

async function expectOneUser({ ledger }: Cluster, inviteId: string): Promise<void> {
  expect(await ledger.uses(inviteId)).to.include({ uses: 1, held: 0 })
  expect(await ledger.users(inviteId)).to.have.length(1)
}
