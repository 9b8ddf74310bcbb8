// Host processes that are killed in the middle of signups, and what that leaves behind.
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { expect } from 'chai'
import { temporaryFolder } from '../support/cleanup.js'
import { type Host, MINUTE, openHost, refusal, sendInvite } from '../support/host.js'
import { type Accept, type HostProcess, type Ledger, openLedger, post, startHostProcess } from './spawn.js'

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
        const { inviteCode, email } = signup
        const answer = await post(port, '/signup', { inviteCode, email })
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

for (const accept of ['sync', 'async'] as const) {
  describe(`kill -9 between claim and accept, accepted ${accept}`, () => {
    it(`R-04 nobody is admitted twice, nothing is burnt, every acknowledged signup is recorded: ${ROUNDS} rounds of ${INVITES} invites`, async function () {
      this.timeout(60_000)
      const random = seeded(20261121)
      const file = join(temporaryFolder(), 'app.db')
      const start = () => startHostProcess({ file, accept, workMs: WORK_MS })
      const [survivor, first] = await Promise.all([start(), start()])
      const host = await openHost({ file, invites: { clock: Date.now } })
      const later = await openHost({ file, invites: { clock: () => Date.now() + CLAIM_TTL_MS } })
      const ledger = openLedger(file)
      const counts: Counts = { acknowledged: 0, interrupted: 0, unheard: 0, unrecorded: 0, double: 0, burnt: 0 }

      let dying = first
      for (let round = 0; round < ROUNDS; round++) {
        const next = round + 1 < ROUNDS ? start() : Promise.resolve(dying) // starts while this round runs
        const issued: Issued[] = []
        while (issued.length < INVITES) issued.push(await sendInvite(host))
        await warmUp(dying, await sendInvite(host, { maxUses: null }))
        const acknowledged = await crash(round, issued, [dying, survivor], random)
        await judge(issued, acknowledged, { host, later, ledger, file, accept, counts })
        dying = await next
      }

      const { burnt, double, unrecorded } = counts
      console.log(`      ${JSON.stringify(counts)}`)
      expect({ burnt, double, unrecorded }).to.deep.equal({ burnt: 0, double: 0, unrecorded: 0 })
      expect(counts.interrupted, 'it was killed between claim and accept').to.be.greaterThan(ROUNDS / 2)
      expect(ledger.claims()).to.equal(0)
    })
  })
}

/** Two people with two addresses try each invite: one at the process that is going to die, one at the other. */
async function crash(
  round: number,
  issued: readonly Issued[],
  [dying, survivor]: readonly [HostProcess, HostProcess],
  random: (below: number) => number,
): Promise<readonly Acknowledged[]> {
  const load = (who: string, { port }: HostProcess, clients: number): Load => ({
    port,
    clients,
    signups: shuffled(issued, random).map((invite) => ({
      ...invite,
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
async function warmUp({ port }: HostProcess, { inviteCode }: Issued): Promise<void> {
  for (let n = 0; n < 10; n++) await post(port, '/signup', { inviteCode, email: `warm${n}@example.com` })
}

interface Scene {
  /** An install on the same file whose clock is right. */
  readonly host: Host
  /** One whose clock is ahead by the life of a claim. */
  readonly later: Host
  readonly ledger: Ledger
  readonly file: string
  readonly accept: Accept
  readonly counts: Counts
}

async function judge(issued: readonly Issued[], acknowledged: readonly Acknowledged[], scene: Scene): Promise<void> {
  const { host, later, ledger, accept, counts } = scene
  counts.acknowledged += acknowledged.length
  for (const { inviteId, email } of acknowledged) {
    const recorded = ledger.acceptances(inviteId).find((acceptance) => acceptance.email === email)
    const isRecorded = recorded !== undefined && ledger.users(inviteId).includes(recorded.userId)
    if (!isRecorded) counts.unrecorded++
  }

  for (const { inviteId, inviteCode } of issued) {
    const before = ledger.uses(inviteId)
    expect(before.claims, '`held` is the number of claims').to.equal(before.held)
    const accepted = ledger.acceptances(inviteId).length
    expect(accepted, 'each use has its acceptance').to.equal(before.uses)
    if (accept === 'sync') expect(ledger.users(inviteId), 'account and use are one').to.have.length(accepted)
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
      else expect(ledger.uses(inviteId)).to.deep.equal({ uses: 1, held: 0, claims: 0 })
    }
    const isDouble = ledger.acceptances(inviteId).length > 1 || (accept === 'sync' && ledger.users(inviteId).length > 1)
    if (isDouble) counts.double++
  }
}

/** Somebody comes with the same code once the hold has lapsed. */
async function signUpLater({ later, file, accept }: Scene, { inviteId, inviteCode }: Issued): Promise<boolean> {
  const claim = await later.invites.claim({ inviteCode, email: `late-${inviteId}@example.com` })
  const db = new Database(file)
  try {
    const insert = db.prepare<[string, string], { id: number }>(
      'insert into users (email, invite_id) values (?, ?) returning id',
    )
    const signUp = () => insert.get(`late-${inviteId}@example.com`, inviteId)?.id
    if (accept === 'async') await claim.accept({ userId: signUp() })
    else db.transaction(() => claim.acceptSync({ userId: signUp(), trx: db })).immediate()
    return true
  } finally {
    db.close()
  }
}
