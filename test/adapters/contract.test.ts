// The contract suite itself: it must fail what it is there to fail.
import { expect } from 'chai'
import { NOW } from '../../adapters/contract/fixtures.js'
import { storeContract } from '../../adapters/contract.js'
import { postgresStore } from '../../adapters/postgres.js'
import { sqliteStore } from '../../adapters/sqlite.js'
import type { AcceptRequest, AcceptResult, InviteRecord, InviteStore, PruneRequest } from '../../src/store.js'
import { openPool, temporarySchema } from '../support/postgres.js'

/** Runs the suite, or the tests of it that are about `what`, and returns the names of those that failed. */
async function failuresOf(open: () => Promise<InviteStore>, what = ''): Promise<{ failed: string[]; run: number }> {
  const tests: [string, () => Promise<void>][] = []
  storeContract({ describe: (_name, define) => define(), it: (name, test) => tests.push([name, test]) }, open)
  const failed: string[] = []
  for (const [name, test] of tests.filter(([name]) => name.includes(what))) await test().catch(() => failed.push(name))
  return { failed, run: tests.length }
}

async function openStore(): Promise<InviteStore> {
  const store = sqliteStore(':memory:')
  await store.migrate()
  return store
}

/** Lets nobody on before all who have set out have arrived. */
function meetingPoint(): () => () => Promise<void> {
  let underWay = 0
  const waiting: (() => void)[] = []
  return () => {
    underWay++
    return () =>
      new Promise((resolve) => {
        waiting.push(resolve)
        if (waiting.length < underWay) return
        underWay = 0
        for (const goOn of waiting.splice(0)) goOn()
      })
  }
}

describe('the contract suite', () => {
  it('passes a store that keeps it', async () => {
    const { failed, run } = await failuresOf(openStore)
    expect(failed).to.deep.equal([])
    expect(run).to.be.at.least(30)
  })

  it('R-02 fails a store that reads whether there is a use left, and then takes it', async () => {
    const { failed } = await failuresOf(async () => {
      const store = await openStore()
      const held = new Map<string, number>()
      return {
        ...store,
        async claim(request) {
          const { invite } = await store.lookUp(request)
          if (invite === undefined) return { admitted: false, reason: 'unknown' }
          const before = held.get(invite.id) ?? 0
          if (invite.maxUses !== null && invite.uses + before >= invite.maxUses)
            return { admitted: false, reason: 'claimed' }
          await Promise.resolve() // as any database would take its time
          held.set(invite.id, (held.get(invite.id) ?? 0) + 1)
          return { admitted: true, invite }
        },
      }
    })
    expect(failed).to.include('R-01 admits exactly as many at once as there are uses')
  })

  it('R-02 fails, on Postgres, a store whose one statement counts the holds that it sees', async () => {
    const admitted = new Map<string, number>()
    let overrun = false
    const { failed } = await failuresOf(async () => {
      const [pool, schema] = [await openPool({ max: 60 }), await temporarySchema()]
      const store = postgresStore(pool, { schema })
      await store.migrate()
      const meet = meetingPoint()
      const holds = `${schema}.invite_only_claims`
      const counting = `insert into ${holds} (id, invite_id, lapses_at)
        select $1, id, $2::timestamptz from ${schema}.invite_only_invites as invites where code_hash = $3
        and (max_uses is null or uses + (select count(*) from ${holds} where invite_id = invites.id) < max_uses)`
      return {
        ...store,
        async claim(request) {
          const values = [request.claimId, new Date(request.lapsesAt), request.codeHash]
          const arrived = meet()
          const client = await pool.connect()
          await client.query('begin')
          const { rowCount } = await client.query(counting, values)
          await arrived() // so that none sees what the others of the same moment hold
          await client.query('commit')
          client.release()
          const { invite } = await store.lookUp(request)
          if (rowCount === 0 || invite === undefined) return { admitted: false, reason: 'claimed' }
          admitted.set(invite.id, (admitted.get(invite.id) ?? 0) + 1)
          overrun ||= admitted.get(invite.id) === (invite.maxUses ?? 0) + 1
          return { admitted: true, invite }
        },
      }
    }, 'R-01')
    expect(overrun, 'it admitted more than there were uses').to.equal(true)
    expect(failed).to.deep.equal(['R-01 admits exactly as many at once as there are uses'])
  })

  it('R-38 fails a store that looks whether a key is new, and then takes it', async () => {
    const { failed } = await failuresOf(async () => {
      const store = await openStore()
      const known = new Set<string>()
      return {
        ...store,
        async beginKeyedRequest(request) {
          const isKnown = known.has(request.id)
          await Promise.resolve() // as any database would take its time
          known.add(request.id)
          return isKnown ? await store.beginKeyedRequest(request) : { state: 'begun', startedAt: NOW, fresh: true }
        },
      }
    })
    expect(failed).to.include('R-38 lets one of any number begin')
  })

  it('fails a store that prunes too much, or too little', async () => {
    const pruning = (change: (request: PruneRequest) => Partial<PruneRequest>) =>
      failuresOf(async () => {
        const store = await openStore()
        return { ...store, prune: (request) => store.prune({ ...request, ...change(request) }) }
      })
    const removal = 'removes invites that nobody used and that were over, and no others'
    const eager = await pruning(({ now }) => ({ before: now }))
    expect(eager.failed).to.include(removal)
    const lazy = await pruning(({ before }) => ({ before: before - 1 }))
    expect(lazy.failed).to.include(removal)
    const careless = await pruning(({ now }) => ({ now: now + 1 })) // takes a hold for lapsed
    expect(careless.failed).to.deep.equal(['keeps an invite while a claim holds it'])
  })

  describe('R-31 fails a store that,', () => {
    /** What an accept left pending, and whether the store revokes it too. */
    type Wrongly = (
      left: InviteRecord,
      accepted: AcceptRequest & { result: AcceptResult; own: InviteRecord },
    ) => boolean

    const isFresh = (result: AcceptResult) => result.accepted && result.fresh
    const isSibling = (left: InviteRecord, { verifiedEmail, own }: Parameters<Wrongly>[1]) =>
      left.emailCanonical === verifiedEmail && left.appId === own.appId && left.orgId === own.orgId

    const failuresWith = (wrongly: Wrongly, change: (request: AcceptRequest) => Partial<AcceptRequest> = () => ({})) =>
      failuresOf(async () => {
        const store = await openStore()
        const pending = async (appId: string, now: number) =>
          await store.listInvites({ appId, statuses: ['pending'], limit: 100, now })
        return {
          ...store,
          async accept(request) {
            const own = await store.findInvite(request)
            const result = await store.accept({ ...request, ...change(request) })
            if (own === undefined || request.verifiedEmail === null) return result
            for (const left of [...(await pending(own.appId, 0)), ...(await pending('another', 0))]) {
              if (left.id === own.id || !wrongly(left, { ...request, result, own })) continue
              await store.revokeInvite({ appId: left.appId, inviteId: left.id, now: request.now })
            }
            return result
          },
        }
      }, 'R-31')

    const leaves =
      'R-31 leaves alone what is for another address, organization or app, what was used, and what is for anybody'
    const faults: readonly (readonly [what: string, fails: string, ...store: Parameters<typeof failuresWith>])[] = [
      [
        'where an address is verified, closes nothing',
        'R-31 revokes the invite of a verified address that joins by another one, with its waiting mail',
        () => false,
        () => ({ verifiedEmail: null }),
      ],
      [
        'where an address was only typed, closes its invite',
        'R-31 leaves it alone where the address was only typed',
        () => false,
        ({ email }) => ({ verifiedEmail: email }),
      ],
      [
        'of another address, closes the invite',
        leaves,
        (left, { result, own }) => isFresh(result) && left.email !== null && left.orgId === own.orgId,
      ],
      [
        'in another organization, closes the invite',
        leaves,
        (left, { result, own, verifiedEmail }) =>
          isFresh(result) && left.emailCanonical === verifiedEmail && left.appId === own.appId,
      ],
      [
        'in another app, closes the invite',
        leaves,
        (left, { result, own, verifiedEmail }) =>
          isFresh(result) && left.emailCanonical === verifiedEmail && left.orgId === own.orgId,
      ],
      [
        'for anybody, closes the invite',
        leaves,
        (left, { result, own }) => isFresh(result) && left.email === null && left.orgId === own.orgId,
      ],
      [
        'after an invite with an address of its own, closes others',
        'R-31 leaves it alone where the invite that is accepted has an address of its own',
        (left, accepted) => isFresh(accepted.result) && isSibling(left, accepted),
      ],
      [
        'when it is told again, closes again',
        'R-31 closes once: the same claim or the same user again closes nothing that was sent since',
        (left, accepted) => accepted.result.accepted && !isFresh(accepted.result) && isSibling(left, accepted),
      ],
      [
        'where the use is gone, closes all the same',
        'R-31 closes nothing where nothing was accepted',
        (left, accepted) => !accepted.result.accepted && isSibling(left, accepted),
      ],
    ]
    for (const [what, fails, ...store] of faults) {
      it(what, async () => {
        expect((await failuresWith(...store)).failed).to.include(fails)
      })
    }
  })

  it('fails a store that forgets to clear lapsed holds, one that leaves the mail, and one that trusts its own clock', async () => {
    const without = (change: (store: InviteStore) => Partial<InviteStore>) =>
      failuresOf(async () => {
        const store = await openStore()
        return { ...store, ...change(store) }
      })
    const forgetful = await without((store) => ({ claim: (request) => store.claim({ ...request, now: 0 }) }))
    expect(forgetful.failed).to.include('takes a use back from a hold that lapsed, and not a moment earlier')
    const mailing = await without((store) => ({
      leaseDeliveries: (request) => store.leaseDeliveries({ ...request, now: Number.MAX_SAFE_INTEGER }),
    }))
    expect(mailing.failed).to.include('records what became of a try, and leases again what is due again')
    const punctual = await without((store) => ({ claim: (request) => store.claim({ ...request, now: Date.now() }) }))
    expect(punctual.failed).to.include('R-08 admits until just before the expiry')
  })
})
