// What claiming is judged by: the invites' rows, locked, and what is read of them after that.
import type { AcceptRequest, ClaimRequest, ReleaseRequest } from '../../src/store.js'
import { type Asking, claimReading } from './claim-reading.js'
import { type JudgedApp, JudgedInvite } from './claim-rules.js'
import type { Around, ClaimStatements } from './claim-statements.js'
import { type Operation, together } from './operation.js'
import type { AcceptanceRow, InviteRow } from './records.js'
import type { Dialect } from './schema.js'
import type { SettingsOperations } from './settings.js'

/** What is asked at once. Who has an account comes first, then what is given back, then who wants to get in. */
export interface ClaimRequests {
  readonly accepts: readonly AcceptRequest[]
  readonly releases: readonly ReleaseRequest[]
  readonly claims: readonly ClaimRequest[]
}

export interface Manner {
  /** For rows that others have locked; else it leaves those out. */
  readonly waits: boolean
  /** After a try that may have been carried out: what it holds is looked for. */
  readonly isAgain?: boolean
}

export interface Scene {
  /** Those that are locked, by id. */
  readonly invites: ReadonlyMap<string, JudgedInvite>
  /** Those that are locked and not revoked, by the hash of their code. */
  readonly byCode: ReadonlyMap<string, JudgedInvite>
  /** Invites whose rows another transaction has, by the hash of their code. */
  readonly elsewhere: ReadonlyMap<string, Pick<InviteRow, 'id' | 'app_id'>>
  readonly apps: ReadonlyMap<string, JudgedApp>
  /** What was recorded before, by the place of the request among the accepts. */
  readonly recorded: ReadonlyMap<number, AcceptanceRow>
  /** Where another transaction has the row of the invite, or of the one beside it. */
  isElsewhere(accept: { readonly inviteId: string }): boolean
}

export function sceneOperations(
  dialect: Dialect,
  parts: { statements: ClaimStatements; settings: SettingsOperations },
) {
  const { statements } = parts
  const reading = claimReading(dialect, parts)

  return function* look(requests: ClaimRequests, { waits, isAgain = false }: Manner): Operation<Scene> {
    const { accepts, releases, claims } = requests
    const skips = dialect.rowLocks && !waits
    // Should another one have taken the sibling's place by then, closing locks that out of order: a deadlock that it
    // could come to is retried.
    const siblingOf = dialect.rowLocks ? yield* reading.readSiblings(accepts) : new Map<string, string>()
    const named = [...accepts, ...releases]
    const ids = new Set([...named.map(({ inviteId }) => inviteId), ...siblingOf.values()])
    const codes = [...new Set(claims.map(({ codeHash }) => codeHash))].map((code_hash) => ({ code_hash }))

    // In one flight: what is read sees what the locks have waited for, because each statement has a view of its own.
    const [byId, byHash, standings, around, found] = yield* together(
      statements.lockIds(waits)([...ids].map((id) => ({ id }))),
      statements.lockCodes(waits)(codes),
      statements.standings(named.map(standingOf)),
      statements.around(codes),
      reading.readApps(claims),
    )
    const invites = new Map([...byId, ...byHash].map((row) => [row.id, toJudged(row)]))
    for (const { place, email, lapses_at } of standings) {
      const { inviteId = '', claimId = '' } = named[place] ?? {}
      if (lapses_at !== null) reading.addHold(invites.get(inviteId), { id: claimId, email, lapses_at })
    }
    const unrevoked = [...invites.values()].filter(({ row }) => row.revoked_at === null)
    const byCode = new Map(unrevoked.map((invite) => [invite.row.code_hash, invite]))
    const aroundCode = new Map(around.map((row) => [row.code_hash, row]))
    for (const [code, invite] of byCode) invite.isPaused = (aroundCode.get(code)?.paused_inviter ?? null) !== null

    const coming = claims.flatMap((request): Asking[] => {
      const invite = byCode.get(request.codeHash)
      if (invite?.row.app_id !== request.appId) return []
      return [{ request, invite, email: request.email?.canonical ?? null }]
    })
    const staying = accepts.flatMap((request): Asking[] => {
      const invite = invites.get(request.inviteId)
      return invite ? [{ request, invite, email: invite.holds.get(request.claimId)?.email ?? request.email }] : []
    })
    const unheld = staying.filter(({ request, invite }) => !invite.isHeld(request)) // they ask for a use anew
    if (isAgain) yield* readOwn(coming)
    const joining = unheld.length === 0 ? [] : [...claims, ...unheld.map(({ request }) => request)]
    const [recorded, again] = yield* together(
      reading.readRecorded(standings),
      reading.readApps(joining),
      reading.readLapsed([...coming.filter((asking) => meetsLapsed(asking, aroundCode)), ...unheld]),
      reading.readPersons([...coming, ...staying]),
      reading.readPauses(unheld),
    )
    const apps = unheld.length === 0 ? found : again
    for (const invite of invites.values()) invite.app = apps.get(invite.row.app_id)

    const isLocked = (id: string | undefined) => id === undefined || invites.has(id)
    const others = around.filter(({ id, revoked_at }) => skips && revoked_at === null && !isLocked(id))
    return {
      invites,
      byCode,
      elsewhere: new Map(others.map((row) => [row.code_hash, row])),
      apps,
      recorded,
      isElsewhere: ({ inviteId }) => skips && !(isLocked(inviteId) && isLocked(siblingOf.get(inviteId))),
    }
  }

  /** What claims hold already. */
  function* readOwn(coming: readonly Asking[]): Operation<void> {
    const asked = coming.map(({ request: { claimId }, invite: { row } }) => ({ claimId, inviteId: row.id }))
    for (const { place, email, lapses_at } of yield* statements.standings(asked.map(standingOf))) {
      const [asking, own] = [coming[place], asked[place]]
      if (asking && own && lapses_at !== null) reading.addHold(asking.invite, { id: own.claimId, email, lapses_at })
    }
  }

  function toJudged(row: InviteRow): JudgedInvite {
    return new JudgedInvite(row, row.expires_at === null ? null : dialect.decodeTime(row.expires_at))
  }

  function meetsLapsed({ invite, request }: Asking, aroundCode: ReadonlyMap<string, Around>): boolean {
    const first = aroundCode.get(invite.row.code_hash)?.first_lapse ?? null
    return first !== null && dialect.decodeTime(first) <= request.now
  }
}

function standingOf(request: AcceptRequest | Pick<ReleaseRequest, 'claimId' | 'inviteId'>, place: number) {
  const { claimId, inviteId } = request
  return { place, claim_id: claimId, invite_id: inviteId, user_id: 'userId' in request ? request.userId : null }
}
