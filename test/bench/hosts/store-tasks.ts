// The store without HTTP: how many claims, and how many claims and accepts, it does a second, durably.
import { randomUUID } from 'node:crypto'
import type { InviteStore, Invites } from 'express-invite-only'
import type { Measures } from '../contest.js'
import { hashOf } from './kinds.js'

const IN_FLIGHT = 64
const HOLD_MS = 120_000

export function storeTasks(store: InviteStore, invites: Invites) {
  async function makeCodes(count: number): Promise<readonly string[]> {
    const made = await Promise.all(Array.from({ length: count }, () => invites.send({ email: null })))
    return made.map(({ inviteCode }) => hashOf(inviteCode ?? ''))
  }

  async function measure(count: number, inFlight: number): Promise<Measures> {
    const codes = await makeCodes(count)
    const claims = codes.map((codeHash) => claimOf(codeHash))
    const inviteIds: string[] = []
    const claimRate = await rateOf(count, inFlight, async (at) => {
      const result = await store.claim(claims[at] as ReturnType<typeof claimOf>)
      if (!result.admitted) throw new Error(`A claim was refused: ${result.reason}.`)
      inviteIds[at] = result.invite.id
    })
    const acceptRate = await rateOf(count, inFlight, async (at) => {
      const { claimId } = claims[at] as ReturnType<typeof claimOf>
      const result = await store.accept(acceptOf(claimId, inviteIds[at] ?? ''))
      if (!result.accepted) throw new Error('An accept was refused.')
    })
    return { claims: claimRate, accepts: acceptRate }
  }

  let made: readonly string[] = []
  return {
    /** For what follows. */
    async 'make codes'(count: number) {
      made = await makeCodes(count)
    },
    async 'claim and accept them'(count: number) {
      await rateOf(count, IN_FLIGHT, async (at) => {
        const request = claimOf(made[at] ?? '')
        const result = await store.claim(request)
        if (!result.admitted) throw new Error(`A claim was refused: ${result.reason}.`)
        await store.accept(acceptOf(request.claimId, result.invite.id))
      })
    },
    'one by one': (count: number) => measure(count, 1),
    together: (count: number) => measure(count, IN_FLIGHT),
  }
}

async function rateOf(count: number, inFlight: number, work: (at: number) => Promise<void>): Promise<number> {
  let next = 0
  const workAll = async () => {
    for (let at = next++; at < count; at = next++) await work(at)
  }
  const began = performance.now()
  await Promise.all(Array.from({ length: inFlight }, workAll))
  return (count * 1000) / (performance.now() - began)
}

function claimOf(codeHash: string) {
  const now = Date.now()
  return {
    claimId: randomUUID(),
    appId: 'default',
    codeHash,
    email: null,
    withoutEmail: false,
    now,
    lapsesAt: now + HOLD_MS,
    defaultMode: 'invite-only',
    defaultSeats: null,
  } as const
}

function acceptOf(claimId: string, inviteId: string) {
  return {
    claimId,
    inviteId,
    appId: 'default',
    acceptanceId: randomUUID(),
    userId: randomUUID(),
    email: null,
    verifiedEmail: null,
    now: Date.now(),
    defaultMode: 'invite-only',
    defaultSeats: null,
  } as const
}
