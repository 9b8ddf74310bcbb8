// What claiming is judged by: the invites' rows, locked, and what is read of them after that.
import type { AcceptRequest, ClaimRequest, ReleaseRequest } from '../../src/store.js'
import { capOf, type Joining, JudgedApp, JudgedInvite } from './claim-rules.js'
import type { ClaimRow, ClaimStatements } from './claim-statements.js'
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

export interface Scene {
  /** Those that are locked, by id. */
  readonly invites: ReadonlyMap<string, JudgedInvite>
  /** Those that are locked and not revoked, by the hash of their code. */
  readonly byCode: ReadonlyMap<string, JudgedInvite>
  /** The ids of invites whose rows another transaction has, by the hash of their code. */
  readonly elsewhere: ReadonlyMap<string, string>
  readonly apps: ReadonlyMap<string, JudgedApp>
  /** What was recorded before, by the place of the request among the accepts. */
  readonly recorded: ReadonlyMap<number, AcceptanceRow>
  /** Where another transaction has the row of the invite, or of the one beside it. */
  isElsewhere(accept: { readonly inviteId: string }): boolean
}

/** Somebody who asks for a use, or to have one counted. */
interface Coming {
  readonly request: ClaimRequest | AcceptRequest
  readonly invite: JudgedInvite
  readonly email: string | null
}

export function sceneOperations(
  dialect: Dialect,
  { statements, settings }: { statements: ClaimStatements; settings: SettingsOperations },
) {
  const time = dialect.encodeTime

  return function* look(requests: ClaimRequests, waits: boolean): Operation<Scene> {
    const { accepts, claims } = requests
    const { invites, byCode, siblingOf } = yield* lock(requests, waits)
    const inviteOf = ({ appId, codeHash }: ClaimRequest) => {
      const invite = byCode.get(codeHash)
      return invite?.row.app_id === appId ? invite : undefined
    }
    const skips = dialect.rowLocks && !waits
    const absent = skips ? claims.filter((claim) => inviteOf(claim) === undefined) : []
    const coming = claims.flatMap((request): Coming[] => {
      const invite = inviteOf(request)
      return invite ? [{ request, invite, email: request.email?.canonical ?? null }] : []
    })
    const [others, holds, recorded, , found] = yield* together(
      statements.whose(absent.map(codeOf)),
      readHolds(requests, invites, coming),
      readRecorded(accepts, invites),
      readPauses(coming),
      readApps(claims),
    )
    addHolds(invites, holds)
    const staying = accepts.flatMap((request): Coming[] => {
      const invite = invites.get(request.inviteId)
      return invite ? [{ request, invite, email: invite.holds.get(request.claimId)?.email ?? request.email }] : []
    })
    yield* readPersons(invites, [...coming, ...staying])

    // Whose hold has lapsed asks for a use anew.
    const unheld = staying.filter(({ request, invite }) => !invite.isHeld(request))
    yield* readPauses(unheld)
    const apps = unheld.length === 0 ? found : yield* readApps([...claims, ...unheld.map(({ request }) => request)])
    for (const invite of invites.values()) invite.app = apps.get(invite.row.app_id)

    const isLocked = (id: string | undefined) => id === undefined || invites.has(id)
    return {
      invites,
      byCode,
      elsewhere: new Map(others.map(({ id, code_hash }) => [code_hash, id])),
      apps,
      recorded,
      isElsewhere: ({ inviteId }) => skips && !(isLocked(inviteId) && isLocked(siblingOf.get(inviteId))),
    }
  }

  /** Locks the invites that are asked for; where it does not wait, those that no other transaction has locked. */
  function* lock({ accepts, releases, claims }: ClaimRequests, waits: boolean) {
    const verified = accepts.flatMap(({ inviteId, appId, verifiedEmail }) =>
      verifiedEmail === null ? [] : [{ invite_id: inviteId, app_id: appId, email: verifiedEmail }],
    )
    // Should another one have taken the sibling's place by then, closing locks that out of order: a deadlock that it
    // could come to is retried.
    const siblings = dialect.rowLocks ? yield* statements.siblings(verified) : []
    const ids = new Set([...accepts, ...releases].map(({ inviteId }) => inviteId))
    for (const { other } of siblings) ids.add(other)
    const codes = new Set(claims.map(({ codeHash }) => codeHash))
    const [named, coded] = yield* together(
      statements.lockIds(waits)([...ids].map((id) => ({ id }))),
      statements.lockCodes(waits)([...codes].map((code_hash) => ({ code_hash }))),
    )
    const rows = [...named, ...coded]
    const invites = new Map(
      rows.map((row) => {
        const expiresAt = row.expires_at === null ? null : dialect.decodeTime(row.expires_at)
        return [row.id, new JudgedInvite(row, expiresAt)]
      }),
    )
    const unrevoked = [...invites.values()].filter(({ row }) => row.revoked_at === null)
    return {
      invites,
      byCode: new Map(unrevoked.map((invite) => [invite.row.code_hash, invite])),
      siblingOf: new Map(siblings.map(({ own, other }) => [own, other])),
    }
  }

  function addHolds(invites: ReadonlyMap<string, JudgedInvite>, rows: readonly ClaimRow[]): void {
    for (const { id, invite_id, email, lapses_at } of rows) {
      invites.get(invite_id)?.holds.set(id, { id, email, lapsesAt: dialect.decodeTime(lapses_at) })
    }
  }

  /** Those that are named, and those that lapse until somebody asks; where nothing is held there is none to read. */
  function* readHolds(
    { accepts, releases }: ClaimRequests,
    invites: ReadonlyMap<string, JudgedInvite>,
    coming: readonly Coming[],
  ): Operation<readonly ClaimRow[]> {
    const isHeld = ({ inviteId }: { readonly inviteId: string }) => (invites.get(inviteId)?.held ?? 0) > 0
    const lapsing = new Map<string, number>()
    for (const { invite, request } of coming) {
      const { id } = invite.row
      if (invite.held > 0) lapsing.set(id, Math.max(request.now, lapsing.get(id) ?? request.now))
    }
    return yield* statements.holds([
      ...accepts
        .filter(isHeld)
        .map(({ inviteId, claimId, now }) => ({ invite_id: inviteId, claim_id: claimId, now: time(now) })),
      ...releases
        .filter(isHeld)
        .map(({ inviteId, claimId }) => ({ invite_id: inviteId, claim_id: claimId, now: null })),
      ...[...lapsing].map(([id, now]) => ({ invite_id: id, claim_id: null, now: time(now) })),
    ])
  }

  function* readRecorded(accepts: readonly AcceptRequest[], invites: ReadonlyMap<string, JudgedInvite>) {
    const asked = accepts.flatMap(({ claimId, inviteId, userId }, request) =>
      invites.has(inviteId) ? [{ request, claim_id: claimId, invite_id: inviteId, user_id: userId }] : [],
    )
    const known = (yield* statements.recorded(asked)).flatMap(({ request, by_claim, by_user }) => {
      const id = by_claim ?? by_user
      return id === null ? [] : [{ request, id }]
    })
    const rows = yield* statements.acceptancesOf([...new Set(known.map(({ id }) => id))].map((id) => ({ id })))
    const recorded = new Map<number, AcceptanceRow>()
    for (const { request, id } of known) {
      const row = rows.find((each) => each.id === id)
      if (row) recorded.set(request, row)
    }
    return recorded
  }

  /** What whoever asks for a use of an invite once per person has of it. */
  function* readPersons(invites: ReadonlyMap<string, JudgedInvite>, asking: readonly Coming[]): Operation<void> {
    const persons = new Map<string, { invite_id: string; email: string }>()
    for (const { invite, email } of asking) {
      const { id, once_per_person } = invite.row
      if (once_per_person === 1 && email !== null) persons.set(`${id} ${email}`, { invite_id: id, email })
    }
    addHolds(invites, yield* statements.holdsOfPersons([...persons.values()]))
    for (const { invite_id, email } of yield* statements.usesOfPersons([...persons.values()])) {
      invites.get(invite_id)?.users.add(email)
    }
  }

  function* readPauses(asking: readonly Coming[]): Operation<void> {
    const nameOf = ({ app_id, inviter_id }: Pick<InviteRow, 'app_id' | 'inviter_id'>) => `${app_id} ${inviter_id}`
    const inviters = new Map(
      asking.map(({ invite: { row } }) => [nameOf(row), { app_id: row.app_id, inviter_id: row.inviter_id }]),
    )
    const named = [...inviters.values()].filter(({ inviter_id }) => inviter_id !== null)
    const paused = new Set((yield* statements.paused(named)).map(nameOf))
    for (const { invite } of asking) invite.isPaused = paused.has(nameOf(invite.row))
  }

  /** Under a lock of the app's own where its seats are limited, so that no two count the same last seat. */
  function* readApps(joining: readonly Joining[]): Operation<ReadonlyMap<string, JudgedApp>> {
    const apps = new Map<string, JudgedApp>()
    for (const appId of [...new Set(joining.map((request) => request.appId))].sort()) {
      const requests = joining.filter((request) => request.appId === appId)
      let stored = yield* settings.getSettings(appId)
      const now = Math.max(...requests.map((request) => request.now))
      if (requests.some((request) => capOf(stored, request) !== null)) stored = yield* settings.lockSettings(appId, now)
      const app = new JudgedApp(stored)
      apps.set(appId, app)
      for (const request of requests) {
        const cap = capOf(stored, request)
        if (cap === null || app.hasCount(cap, request.now)) continue
        const [taken] = yield* statements.seatsTaken({ appId, now: time(request.now), seats: cap })
        app.count(cap, request.now, taken ? Number(taken.accepted) + Number(taken.held) : cap)
      }
    }
    return apps
  }
}

const codeOf = ({ appId, codeHash }: ClaimRequest) => ({ app_id: appId, code_hash: codeHash })
