// Group commit: claims, accepts and releases that wait at the same time share a transaction, and each hears for itself.
//
// What comes in while a group is on its way makes up the next one, so that nobody waits for company. Where the database
// has a plain way, that is tried first, and what it leaves undone is judged by the rules. A group does not wait for rows
// that another transaction has locked: those requests go on by themselves, in groups of one invite.
import type { AcceptResult, ClaimResult, InviteStore } from '../../src/store.js'
import type { ClaimRequests, Manner } from './claim-scene.js'
import type { ClaimOperations, ClaimResults, Elsewhere } from './claims.js'
import type { Operation } from './operation.js'
import type { PlainResults } from './plain-claims.js'
import { BY_INDEX, type Runner } from './runner.js'

export const GROUP_SIZE = 64
const MOST = 1000

/** @throws TypeError where it is none. */
export function checkGroupSize(where: string, groupSize: unknown): void {
  if (Number.isInteger(groupSize) && Number(groupSize) >= 1 && Number(groupSize) <= MOST) return
  throw new TypeError(
    `${where}: \`groupSize\` must be a whole number from 1, which has each claim committed by itself, to 1000.`,
  )
}

/** So long a group may take before the next one is begun beside it: where all wait for one row there is little to gain. */
const LATE_MS = { any: 50, ofOneInvite: 1000 }

type Mutable<List> = { [Name in keyof List]: List[Name] extends readonly (infer Item)[] ? Item[] : never }
type Requests = Mutable<ClaimRequests>

/** A request that waits. */
interface Waiting {
  /** Puts it into a group, and returns what hands it its own of the results, and says whether it has one. */
  join(group: Requests): (results: Results) => boolean
  reject(error: unknown): void
}

/** A queue of requests, of which those that wait make up a group. */
interface Lane {
  add(waiting: Waiting): void
}

type Results = ClaimResults | PlainResults

/** Puts a request into a group, and returns where its result is found. */
type Put<Result> = (group: Requests) => (results: Results) => Result | Elsewhere | undefined

export interface Groups extends Pick<InviteStore, 'claim' | 'release'> {
  accept(request: Parameters<InviteStore['accept']>[0]): Promise<AcceptResult>
  /** Once all that was asked has been answered. */
  idle(): Promise<void>
}

/** @param size How many requests share a transaction at most. With 1, each has its own. */
export function groups(runner: Runner, { redeem, redeemPlain }: ClaimOperations, size: number): Groups {
  const underWay = new Set<Promise<void>>()
  const main = lane((group) => runTogether(group, { waits: false }), LATE_MS.any)
  const ofInvites = new Map<string, Lane>()

  function ask<Result>(put: Put<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        join(group) {
          const find = put(group)
          return (results) => {
            const result = find(results)
            if (isElsewhere(result)) laneOf(result.lockedElsewhere).add(waiting)
            else if (result !== undefined) resolve(result)
            return result !== undefined
          }
        },
        reject,
      }
      if (size === 1) start(runAlone(waiting, { waits: true }))
      else main.add(waiting)
    })
  }

  function start(work: Promise<void>): Promise<void> {
    underWay.add(work)
    return work.finally(() => underWay.delete(work))
  }

  /** A queue from which groups are taken, one at a time unless one is late. */
  function lane(run: (group: readonly Waiting[]) => Promise<void>, lateMs: number, end = () => {}): Lane {
    let queue: Waiting[] = []
    let isRunning = false

    async function work(): Promise<void> {
      while (queue.length > 0) {
        const group = queue.slice(0, size)
        queue = queue.slice(size)
        await orLate(start(run(group)), lateMs)
      }
      isRunning = false
      end()
    }

    return {
      add(waiting: Waiting): void {
        queue.push(waiting)
        if (isRunning) return
        isRunning = true
        start(endOfTurn().then(work)) // whatever else comes in this turn is of the same group
      },
    }
  }

  /** Where requests for an invite gather whose row another transaction has. */
  function laneOf(inviteId: string): Lane {
    const known = ofInvites.get(inviteId)
    if (known) return known
    const made = lane(
      (group) => runTogether(group, { waits: true }),
      LATE_MS.ofOneInvite,
      () => ofInvites.delete(inviteId),
    )
    ofInvites.set(inviteId, made)
    return made
  }

  /** The plain ones first, and the others by the rules. */
  async function runTogether(group: readonly Waiting[], manner: Manner): Promise<void> {
    let left = group
    try {
      if (redeemPlain && !manner.waits) left = await run(left, redeemPlain)
      if (left.length > 0) left = await run(left, (requests) => redeem(requests, manner))
      for (const { reject } of left) reject(new Error('a request got no result'))
    } catch (error) {
      // One of them may be what failed; where it was the database, each hears of it.
      if (left.length === 1 || runner.hasWaited(error)) for (const { reject } of left) reject(error)
      else await Promise.all(left.map((waiting) => runAlone(waiting, { waits: true, isAgain: true })))
    }
  }

  async function runAlone(waiting: Waiting, manner: Manner): Promise<void> {
    await run([waiting], (requests) => redeem(requests, manner)).catch(waiting.reject)
  }

  /** Returns those that have no result. */
  async function run(
    group: readonly Waiting[],
    redeemAll: (requests: ClaimRequests) => Operation<Results>,
  ): Promise<readonly Waiting[]> {
    const requests: Requests = { accepts: [], releases: [], claims: [] }
    const asked = group.map((waiting) => ({ waiting, tell: waiting.join(requests) }))
    // A hold that a power cut takes costs its owner another try; an accept that it takes, the truth.
    const write = requests.accepts.length > 0 ? runner.write : runner.writeLightly
    const results = await write(() => redeemAll(requests), BY_INDEX)
    return asked.filter(({ tell }) => !tell(results)).map(({ waiting }) => waiting)
  }

  return {
    claim: (request) =>
      ask<ClaimResult>(({ claims }) => {
        const place = claims.push(request) - 1
        return (results) => results.claims[place]
      }),
    accept: (request) =>
      ask<AcceptResult>(({ accepts }) => {
        const place = accepts.push(request) - 1
        return (results) => results.accepts[place]
      }),
    release: (request) =>
      ask<boolean>(({ releases }) => {
        const place = releases.push(request) - 1
        return (results) => results.releases[place]
      }),
    async idle() {
      while (underWay.size > 0) await Promise.all(underWay)
    },
  }
}

function isElsewhere(result: unknown): result is Elsewhere {
  return typeof result === 'object' && result !== null && 'lockedElsewhere' in result
}

const endOfTurn = () => new Promise((resolve) => setImmediate(resolve))

async function orLate(work: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms).unref()
  })
  await Promise.race([work, late])
  clearTimeout(timer)
}
