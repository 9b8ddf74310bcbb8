// Holding, accepting and giving back the uses of invites, any number of requests in one write transaction.
//
// The rows of all invites that are asked for are locked, then read, with all that the rules look at; the requests are
// judged one after the other, in order of arrival; and what has changed is written, in one statement where the database can. Nobody is
// admitted by anything that was read before the invite's row was locked. Claim rows are only touched under the lock of
// their invite, and `held` is written with them.
import type {
  AcceptRequest,
  AcceptResult,
  ClaimRequest,
  ClaimResult,
  InviteRecord,
  ReleaseRequest,
} from '../../src/store.js'
import type { JudgedInvite } from './claim-rules.js'
import { type ClaimRequests, type Manner, type Scene, sceneOperations } from './claim-scene.js'
import { claimStatements } from './claim-statements.js'
import type { DeliveryOperations } from './deliveries.js'
import type { LogOperations } from './log.js'
import { lastly, type Operation, together } from './operation.js'
import { mayBePlain, type PlainOperations, plainOperations } from './plain-claims.js'
import type { Place } from './reading.js'
import { type AcceptanceRow, toAcceptance, toInvite } from './records.js'
import type { RevokingOperations } from './revoking.js'
import type { Dialect } from './schema.js'
import type { SettingsOperations } from './settings.js'

/** Nothing was done, because another transaction has the row of this invite. */
export interface Elsewhere {
  readonly lockedElsewhere: string
}

/** In the order of the requests. */
export interface ClaimResults {
  readonly accepts: readonly (AcceptResult | Elsewhere)[]
  readonly releases: readonly (boolean | Elsewhere)[]
  readonly claims: readonly (ClaimResult | Elsewhere)[]
}

export interface ClaimOperations {
  /** Each request has its own result. */
  redeem(requests: ClaimRequests, manner: Manner): Operation<ClaimResults>
  /** Those that are plain have a result. Absent where the database has no such way. */
  readonly redeemPlain: PlainOperations['redeemPlain'] | undefined
  /** One accept, which waits. */
  accept(request: AcceptRequest): Operation<AcceptResult>
}

export function claimOperations(
  dialect: Dialect,
  {
    settings,
    revoking,
    deliveries,
    log,
  }: {
    settings: SettingsOperations
    revoking: RevokingOperations
    deliveries: DeliveryOperations
    log: LogOperations
  },
): ClaimOperations {
  const statements = claimStatements(dialect)
  const look = sceneOperations(dialect, { statements, settings })
  const plain = dialect.listed.atOnce ? plainOperations(dialect) : undefined

  function* redeem(requests: ClaimRequests, manner: Manner): Operation<ClaimResults> {
    const scene = yield* look(requests, manner)
    const made: Made[] = []
    const accepts = requests.accepts.map((request, place) => accepted(scene, made, request, place))
    const releases = requests.releases.map((request) => released(scene, request))
    const claims = requests.claims.map((request) => claimed(scene, request))
    const isMore =
      made.some((each) => each.request.webhooks !== undefined || siblingOf(each) !== undefined) ||
      claims.some(isClaimed)
    yield* isMore ? together(...writes(scene, made)) : lastly(...writes(scene, made))
    yield* log.logAcceptances(made.map(({ request }) => request))
    return {
      accepts: yield* closeSiblings(accepts, made),
      releases,
      claims: yield* tellLapses(claims, requests, scene),
    }
  }

  /** An acceptance that is new. */
  interface Made {
    readonly request: AcceptRequest
    readonly invite: JudgedInvite
    readonly row: AcceptanceRow
  }

  function accepted(scene: Scene, made: Made[], request: AcceptRequest, place: number): AcceptResult | Elsewhere {
    const { claimId, inviteId, userId, appId } = request
    if (scene.isElsewhere(request)) return { lockedElsewhere: inviteId }
    const invite = scene.invites.get(inviteId)
    if (invite?.row.app_id !== appId) return { accepted: false }
    const before =
      made.find(({ row }) => row.claim_id === claimId)?.row ??
      scene.recorded.get(place) ??
      made.find(({ row }) => userId !== null && row.invite_id === inviteId && row.user_id === userId)?.row
    if (before) {
      invite.release(claimId)
      return { accepted: true, fresh: false, acceptance: toAcceptance(dialect, before) }
    }
    const own = invite.holds.get(claimId)
    if (!invite.use(request)) return { accepted: false }
    const row: AcceptanceRow = {
      id: request.acceptanceId,
      invite_id: inviteId,
      app_id: appId,
      claim_id: claimId,
      user_id: userId,
      email: invite.row.email_canonical ?? own?.email ?? request.email,
      role: invite.row.role,
      org_id: invite.row.org_id,
      inviter_id: invite.row.inviter_id,
      inviter_email: invite.row.inviter_email,
      inviter_name: invite.row.inviter_name,
      accepted_at: dialect.encodeTime(request.now),
      reopened_at: null,
      approval: request.pendingApproval === true ? 'pending' : null,
      decided_at: null,
    }
    made.push({ request, invite, row })
    return { accepted: true, fresh: true, acceptance: toAcceptance(dialect, row) }
  }

  function released({ invites, isElsewhere }: Scene, request: ReleaseRequest): boolean | Elsewhere {
    if (isElsewhere(request)) return { lockedElsewhere: request.inviteId }
    return invites.get(request.inviteId)?.release(request.claimId) !== undefined
  }

  function claimed({ byCode, apps, elsewhere }: Scene, request: ClaimRequest): ClaimResult | Elsewhere {
    const other = elsewhere.get(request.codeHash)
    if (other?.app_id === request.appId) return { lockedElsewhere: other.id }
    const app = apps.get(request.appId)
    const why = app ? app.shut(request) : 'closed'
    if (why !== undefined) return { admitted: false, reason: why }
    const invite = byCode.get(request.codeHash)
    if (invite?.row.app_id !== request.appId) return { admitted: false, reason: 'unknown' }
    const reason = invite.claim(request)
    if (reason !== undefined) return { admitted: false, reason }
    const { row, uses, held } = invite
    return { admitted: true, invite: toInvite(dialect, { ...row, uses, held }, null) }
  }

  function writes({ invites }: Scene, made: readonly Made[]): readonly Operation<unknown>[] {
    const all = [...invites.values()]
    return [
      statements.write({
        counts: all.filter(({ isChanged }) => isChanged).map(({ row, uses, held }) => ({ id: row.id, uses, held })),
        removedClaims: all.flatMap(({ removed }) => [...removed].map((id) => ({ id }))),
        newClaims: all.flatMap(({ row, added }) =>
          [...added.values()].map(({ id, email, lapsesAt }) => ({
            id,
            invite_id: row.id,
            email,
            lapses_at: dialect.encodeTime(lapsesAt),
          })),
        ),
        acceptances: made.map(({ row }) => row),
      }),
      deliveries.cancelAll(
        made.flatMap(({ invite: { row, uses }, request: { now } }) =>
          row.delivery_id !== null && row.max_uses !== null && uses >= row.max_uses
            ? [{ invite_id: row.id, now: dialect.encodeTime(now) }]
            : [],
        ),
      ),
    ]
  }

  /** Where an acceptance may leave an invite over that was sent to its address. */
  function siblingOf({ request: { verifiedEmail }, invite, row }: Made): Place | undefined {
    // An invite of an address has none: of those that were not used, there is one for each.
    if (verifiedEmail === null || invite.row.email_canonical !== null) return undefined
    return { appId: row.app_id, email: verifiedEmail, orgId: row.org_id }
  }

  function* closeSiblings(
    results: readonly (AcceptResult | Elsewhere)[],
    made: readonly Made[],
  ): Operation<readonly (AcceptResult | Elsewhere)[]> {
    const closed = new Map<string, InviteRecord | undefined>()
    for (const each of made) {
      const { request } = each
      const place = siblingOf(each)
      if (place) closed.set(request.acceptanceId, yield* revoking.closePlace(place, request.now, request))
    }
    return results.map((result) =>
      'accepted' in result && result.accepted && result.fresh
        ? { ...result, closed: closed.get(result.acceptance.id) }
        : result,
    )
  }

  /** Says when the first hold lapses that somebody is refused for. */
  function* tellLapses(
    results: readonly (ClaimResult | Elsewhere)[],
    { claims }: ClaimRequests,
    { byCode }: Scene,
  ): Operation<readonly (ClaimResult | Elsewhere)[]> {
    const idOf = (place: number) => byCode.get(claims[place]?.codeHash ?? '')?.row.id ?? ''
    const asked = new Set(results.flatMap((result, place) => (isClaimed(result) ? [idOf(place)] : [])))
    const found = yield* statements.firstLapses([...asked].map((id) => ({ invite_id: id })))
    const lapses = new Map(found.map((row) => [row.invite_id, dialect.decodeTime(row.lapses_at)]))
    return results.map((result, place) =>
      isClaimed(result)
        ? { admitted: false, reason: 'claimed', lapsesAt: lapses.get(idOf(place)) ?? claims[place]?.now ?? 0 }
        : result,
    )
  }

  function* accept(request: AcceptRequest): Operation<AcceptResult> {
    if (plain && mayBePlain(request)) {
      const [, [done]] = yield* together(statements.lock({ id: request.inviteId }), plain.acceptPlain([request]))
      if (done) return done
    }
    const { accepts } = yield* redeem({ accepts: [request], releases: [], claims: [] }, { waits: true })
    const [result] = accepts
    if (result === undefined || 'lockedElsewhere' in result) throw new Error('an accept that waits has a result')
    return result
  }

  return { redeem, redeemPlain: plain?.redeemPlain, accept }
}

function isClaimed(result: ClaimResult | Elsewhere): boolean {
  return 'admitted' in result && !result.admitted && result.reason === 'claimed'
}
