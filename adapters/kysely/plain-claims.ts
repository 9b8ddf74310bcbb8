// The plain way: claims, accepts and releases that nothing speaks against, each kind in one statement that judges and
// writes. It may leave any request undone, for the rules to judge; it never does what they would not. An accept whose hold
// is gone may so come after a claim of its group, as if it had come in the next one.
//
// Only for databases whose statements can change several tables.
import type { AcceptRequest, AcceptResult, ClaimRequest, ClaimResult, ReleaseRequest } from '../../src/store.js'
import type { ClaimRequests } from './claim-scene.js'
import { lastly, type Operation } from './operation.js'
import { plainStatements } from './plain-statements.js'
import { toAcceptance, toInvite } from './records.js'
import type { Dialect } from './schema.js'

/** In the order of the requests; `undefined` where nothing was done. */
export interface PlainResults {
  readonly accepts: readonly (AcceptResult | undefined)[]
  readonly releases: readonly (boolean | undefined)[]
  readonly claims: readonly (ClaimResult | undefined)[]
}

export interface PlainOperations {
  /** Asks for nothing more after its first flight. */
  redeemPlain(requests: ClaimRequests): Operation<PlainResults>
  acceptPlain(requests: readonly AcceptRequest[]): Operation<PlainResults['accepts']>
}

export function plainOperations(dialect: Dialect): PlainOperations {
  const statements = plainStatements(dialect)
  const time = dialect.encodeTime

  function* redeemPlain({ accepts, releases, claims }: ClaimRequests): Operation<PlainResults> {
    // Not what is being accepted: where the rules are to do that, the hold must be there.
    const accepting = new Set(accepts.map(({ claimId }) => claimId))
    const [accepted, released, claimed] = yield* lastly(
      acceptPlain(accepts),
      release(releases, accepting),
      claim(claims),
    )
    return { accepts: accepted, releases: released, claims: claimed }
  }

  function* acceptPlain(requests: readonly AcceptRequest[]): Operation<PlainResults['accepts']> {
    const isFirst = firsts()
    const asked = requests.filter(
      (request) =>
        mayBePlain(request) &&
        isFirst(request.claimId) &&
        (request.userId === null || isFirst(JSON.stringify([request.inviteId, request.userId]))),
    )
    const rows = yield* statements.accept(
      asked.map((request) => ({
        acceptance: request.acceptanceId,
        claim: request.claimId,
        invite: request.inviteId,
        app: request.appId,
        user_id: request.userId,
        address: request.email,
        approval: request.pendingApproval === true ? 'pending' : null,
        now: time(request.now),
      })),
    )
    const made = new Map(rows.map((row) => [row.id, row]))
    return requests.map(({ acceptanceId }) => {
      const row = made.get(acceptanceId)
      return row && { accepted: true, fresh: true, acceptance: toAcceptance(dialect, row), closed: undefined }
    })
  }

  function* release(
    requests: readonly ReleaseRequest[],
    accepting: ReadonlySet<string>,
  ): Operation<PlainResults['releases']> {
    const results: (boolean | undefined)[] = requests.map(() => undefined)
    const isFirst = firsts()
    const asked = requests.flatMap(({ claimId, inviteId }, place) =>
      isFirst(claimId) && !accepting.has(claimId) ? [{ place, claim: claimId, invite: inviteId }] : [],
    )
    for (const { place, is_held, was_freed } of yield* statements.release(asked)) {
      if (was_freed === 1 || is_held === 0) results[place] = was_freed === 1
    }
    return results
  }

  function* claim(requests: readonly ClaimRequest[]): Operation<PlainResults['claims']> {
    const results: (ClaimResult | undefined)[] = requests.map(() => undefined)
    const asking = new Map<string, number>() // how many there are of each code, so that no two take the last use
    const asked = requests.flatMap((request, place) => {
      const { claimId, appId, codeHash, email, withoutEmail, now, lapsesAt, defaultMode, defaultSeats } = request
      if (defaultMode === 'closed' || defaultSeats !== null) return []
      const nth = (asking.get(codeHash) ?? 0) + 1
      asking.set(codeHash, nth)
      const [address, domain] = [email?.canonical ?? null, email?.domain ?? null]
      const is_without = withoutEmail ? 1 : 0
      const [from, until] = [time(now), time(lapsesAt)]
      return [{ place, claim: claimId, app: appId, code: codeHash, address, domain, is_without, nth, now: from, until }]
    })
    const counted = new Map<string, number>()
    for (const row of yield* statements.claim(asked)) {
      if (row.id === null) {
        if (row.is_unknown === 1) results[row.place] = { admitted: false, reason: 'unknown' }
        continue
      }
      const n = (counted.get(row.id) ?? 0) + 1
      counted.set(row.id, n)
      results[row.place] = { admitted: true, invite: toInvite(dialect, { ...row, held: row.held + n }, null) }
    }
    return results
  }

  return { redeemPlain, acceptPlain }
}

/** Else it may close another invite, whose row is locked too, or tells of what it did. */
export function mayBePlain({ verifiedEmail, webhooks }: Pick<AcceptRequest, 'verifiedEmail' | 'webhooks'>): boolean {
  return verifiedEmail === null && webhooks === undefined
}

/** Tells what comes for the first time: the statements count what they are asked, not what it comes to. */
function firsts(): (name: string) => boolean {
  const seen = new Set<string>()
  return (name) => {
    const isNew = !seen.has(name)
    seen.add(name)
    return isNew
  }
}
