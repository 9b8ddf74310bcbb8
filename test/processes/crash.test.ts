// Host processes that are killed in the middle of signups, and what that leaves behind.
import { setTimeout as delay } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { expect } from 'chai'
import { afterThis } from '../support/cleanup.js'
import { databases, type TestDatabase } from '../support/databases.js'
import { type Host, MINUTE, openHost, refusal, sendInvite } from '../support/host.js'
import { startReceiver, verified, WEBHOOK_SECRET } from '../support/receiver.js'
import type { Accept } from './host-database.js'
import { type HostProcess, post, startHostProcess } from './spawn.js'

const ROUNDS = 20
const INVITES = 40
const WORK_MS = 25
const CLAIM_TTL_MS = 2 * MINUTE

interface Issued {
  readonly inviteId: string
  readonly inviteCode: string
}

/** An answer of 201 that a client has received. */
interface Acknowledged extends Issued {
  readonly email: string
  readonly accept: Accept
}

/** mulberry32: the same moments at every run. */
function seeded(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

/** A process under load: clients that post one signup after the other until there are none left. */
interface Load {
  readonly port: number
  readonly clients: number
  readonly signups: readonly Acknowledged[]
}

/** Runs all loads at once and calls `kill` after `killAfter` answers of the first. */
async function signUpUntilKilled(
  loads: readonly Load[],
  killAfter: number,
  kill: () => Promise<void>,
): Promise<readonly Acknowledged[]> {
  const acknowledged: Acknowledged[] = []
  let answers = 0
  let killed: Promise<void> | undefined
  const run = ({ port, clients, signups }: Load, mayKill: boolean) => {
    const waiting = [...signups]
    const client = async () => {
      for (let signup = waiting.shift(); signup !== undefined; signup = waiting.shift()) {
        const { inviteCode, email, accept } = signup
        const answer = await post(port, '/signup', { inviteCode, email, accept })
        if (answer?.status === 201) acknowledged.push(signup)
        if (answer !== undefined) expect(answer.status).to.be.oneOf([201, 409, 410])
        answers += mayKill ? 1 : 0
        if (answers > killAfter) killed ??= kill()
      }
    }
    return Array.from({ length: clients }, client)
  }
  await Promise.all(loads.flatMap((load, index) => run(load, index === 0)))
  await killed
  return acknowledged
}

interface Counts {
  acknowledged: number
  /** Uses that were held by the process when it died. */
  interrupted: number
  /** Accounts that were made, of which no client has heard. */
  unheard: number
  unrecorded: number
  double: number
  burnt: number
}

for (const [kind, openDatabase] of Object.entries(databases)) {
  describe(`kill -9 between claim and accept on ${kind}`, () => {
    it(`R-04 nobody is admitted twice, nothing is burnt, every acknowledged signup is recorded: ${ROUNDS} rounds of ${INVITES} invites`, async function () {
      this.timeout(90_000)
      const random = seeded(20261121)
      const database = await openDatabase()
      const { store } = database
      const host = await openHost({ invites: { store, clock: Date.now } })
      const later = await openHost({ invites: { store, clock: () => Date.now() + CLAIM_TTL_MS } })
      const counts: Counts = { acknowledged: 0, interrupted: 0, unheard: 0, unrecorded: 0, double: 0, burnt: 0 }
      // Two rounds with groups, two without.
      const groupSizeOf = (round: number) => (round % 4 < 2 ? undefined : 1)
      const start = (round: number) =>
        startHostProcess({ url: database.url, workMs: WORK_MS, groupSize: groupSizeOf(round) })
      const [survivor, first] = await Promise.all([start(0), start(0)])

      let dying = first
      for (let round = 0; round < ROUNDS; round++) {
        const accept = round % 2 === 0 ? 'inside' : 'after'
        const next = round + 1 < ROUNDS ? start(round + 1) : Promise.resolve(dying) // starts while this round runs
        const issued: Issued[] = []
        while (issued.length < INVITES) issued.push(await sendInvite(host))
        await warmUp(dying, await sendInvite(host, { maxUses: null }), accept)
        const acknowledged = await crash({ round, accept, issued, dying, survivor, random })
        await judge(issued, acknowledged, { host, later, database, accept, counts })
        expect(survivor.isRunning()).to.equal(true)
        dying = await next
      }

      const { burnt, double, unrecorded } = counts
      const stuck = await database.ledger.claims()
      console.log(`      ${kind}: ${JSON.stringify({ ...counts, stuck })}`)
      expect({ burnt, double, unrecorded, stuck }).to.deep.equal({ burnt: 0, double: 0, unrecorded: 0, stuck: 0 })
      expect(counts.interrupted, 'it was killed between claim and accept').to.be.greaterThan(ROUNDS / 2)
    })
  })
}

interface Round {
  readonly round: number
  readonly accept: Accept
  readonly issued: readonly Issued[]
  readonly dying: HostProcess
  readonly survivor: HostProcess
  readonly random: (below: number) => number
}

/** Two people with two addresses try each invite: one at the process that is going to die, one at the other. */
async function crash({ round, accept, issued, dying, survivor, random }: Round): Promise<readonly Acknowledged[]> {
  const load = (who: string, { port }: HostProcess, clients: number): Load => ({
    port,
    clients,
    signups: shuffled(issued, random).map((invite) => ({
      ...invite,
      accept,
      email: `${who}-${round}-${invite.inviteId.toLowerCase()}@example.com`,
    })),
  })
  const loads = [load('dying', dying, 12), load('surviving', survivor, 2)]
  const moment = { answers: random(INVITES / 2), ms: random(WORK_MS) }
  return await signUpUntilKilled(loads, moment.answers, async () => {
    await delay(moment.ms)
    await dying.kill()
  })
}

function shuffled<Item>(items: readonly Item[], random: (below: number) => number): readonly Item[] {
  return items
    .map((item) => ({ item, at: random(2 ** 30) }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item)
}

/** The first requests of a process are slow, and it is to die at work. */
async function warmUp({ port }: HostProcess, { inviteCode }: Issued, accept: Accept): Promise<void> {
  for (let n = 0; n < 10; n++) await post(port, '/signup', { inviteCode, email: `warm${n}@example.com`, accept })
}

interface Scene {
  /** An install on the same database whose clock is right. */
  readonly host: Host
  /** One whose clock is ahead by the life of a claim. */
  readonly later: Host
  readonly database: TestDatabase
  readonly accept: Accept
  readonly counts: Counts
}

async function judge(issued: readonly Issued[], acknowledged: readonly Acknowledged[], scene: Scene): Promise<void> {
  const { host, later, accept, counts } = scene
  const { ledger } = scene.database
  counts.acknowledged += acknowledged.length
  for (const { inviteId, email } of acknowledged) {
    const recorded = (await ledger.acceptances(inviteId)).find((acceptance) => acceptance.email === email)
    const isRecorded = recorded !== undefined && (await ledger.users(inviteId)).includes(recorded.userId)
    if (!isRecorded) counts.unrecorded++
  }

  for (const { inviteId, inviteCode } of issued) {
    const before = await ledger.uses(inviteId)
    expect(before.claims, '`held` is the number of claims').to.equal(before.held)
    const accepted = (await ledger.acceptances(inviteId)).length
    expect(accepted, 'each use has its acceptance').to.equal(before.uses)
    if (accept === 'inside') expect(await ledger.users(inviteId), 'account and use are one').to.have.length(accepted)
    if (accepted > acknowledged.filter((each) => each.inviteId === inviteId).length) counts.unheard++

    if (accepted > 0) {
      expect(await refusal(later.invites.claim({ inviteCode }))).to.equal('invite_used')
    } else {
      if (before.held > 0) {
        counts.interrupted++ // until it lapses, that use is nobody else's
        expect(await refusal(host.invites.claim({ inviteCode }))).to.equal('invite_claimed')
      }
      const signedUp = await signUpLater(scene, { inviteId, inviteCode }).catch(() => false)
      if (!signedUp) counts.burnt++
      else expect(await ledger.uses(inviteId)).to.deep.equal({ uses: 1, held: 0, claims: 0 })
    }
    const recorded = (await ledger.acceptances(inviteId)).length
    if (recorded > 1 || (accept === 'inside' && (await ledger.users(inviteId)).length > 1)) counts.double++
  }
}

/** Somebody comes with the same code once the hold has lapsed. */
async function signUpLater({ later, database, accept }: Scene, { inviteId, inviteCode }: Issued): Promise<boolean> {
  const email = `late-${inviteId}@example.com`
  const claim = await later.invites.claim({ inviteCode, email })
  await database.signUp(email, claim, accept)
  return true
}

describe('kill -9 between the answer to a webhook and the record of it', () => {
  it('sends the webhook again, under the same webhook-id', async () => {
    const { url, store } = await databases.SQLite()
    const receiver = await startReceiver()
    const webhooks = { url: receiver.url, secret: WEBHOOK_SECRET }
    const dying = await startHostProcess({ url, webhooks })
    const host = await openHost({ invites: { store, webhooks, clock: Date.now } })
    const later = await openHost({ invites: { store, webhooks, clock: () => Date.now() + MINUTE } })
    const { inviteId } = await host.invites.send({})

    // The lock is what keeps the record from being made before the process is gone.
    const lock = new Database(url)
    afterThis(() => lock.close())
    receiver.onPosted = () => lock.exec('begin immediate')
    const killed = new Promise<void>((resolve, reject) => {
      receiver.onAnswered = () => void dying.kill().then(resolve, reject)
    })
    await post(dying.port, '/deliver')
    await killed
    lock.exec('rollback')
    Object.assign(receiver, { onPosted: () => undefined, onAnswered: () => undefined })

    expect(await host.invites.deliver(), 'its lease has not run out').to.equal(0)
    expect(await later.invites.deliver()).to.equal(1)
    expect(await later.invites.deliver()).to.equal(0)
    const [first, second, ...rest] = receiver.posted
    if (first === undefined || second === undefined) throw new Error('it was not sent twice')
    expect(rest).to.deep.equal([])
    expect(second.headers['webhook-id']).to.equal(first.headers['webhook-id'])
    for (const each of [first, second]) expect(verified(each)).to.have.nested.property('data.invite.inviteId', inviteId)
  })
})
