// What claiming is judged by: the invites' rows, locked, and what is read of them after that.
import type { StoredSettings } from '../../src/store.js'
import { capOf, JudgedApp, JudgedInvite } from './claim-rules.js'
import type { ClaimRow, ClaimStatements } from './claim-statements.js'
import type { ClaimRequests } from './claims.js'
import type { Operation } from './operation.js'
import type { AcceptanceRow, InviteRow } from './records.js'
import type { Dialect } from './schema.js'
import type { SettingsOperations } from './settings.js'

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

export function sceneOperations(
  dialect: Dialect,
  { statements, settings }: { statements: ClaimStatements; settings: SettingsOperations },
) {
  const time = dialect.encodeTime

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
    const named = yield* statements.lockIds(waits)([...ids].map((id) => ({ id })))
    const codes = new Map(
      claims.map(({ appId, codeHash }) => [`${codeHash} ${appId}`, { app_id: appId, code_hash: codeHash }]),
    )
    const coded = yield* statements.lockCodes(waits)([...codes.values()])
    return { siblings, rows: [...named, ...coded] }
  }

  function judged(rows: readonly InviteRow[]): Map<string, JudgedInvite> {
    return new Map(
      rows.map((row) => [
        row.id,
        new JudgedInvite(row, row.expires_at === null ? null : dialect.decodeTime(row.expires_at)),
      ]),
    )
  }

  function addHolds(invites: ReadonlyMap<string, JudgedInvite>, rows: readonly ClaimRow[]): void {
    for (const { id, invite_id, email, lapses_at } of rows) {
      invites.get(invite_id)?.holds.set(id, { id, email, lapsesAt: dialect.decodeTime(lapses_at) })
    }
  }

  return function* look(requests: ClaimRequests, waits: boolean): Operation<Scene> {
    const { accepts, releases, claims } = requests
    const { siblings, rows } = yield* lock(requests, waits)
    const invites = judged(rows)
    const byCode = new Map<string, JudgedInvite>()
    for (const invite of invites.values()) {
      if (invite.row.revoked_at === null) byCode.set(invite.row.code_hash, invite)
    }
    const inviteOf = ({ appId, codeHash }: (typeof claims)[number]) => {
      const invite = byCode.get(codeHash)
      return invite?.row.app_id === appId ? invite : undefined
    }

    const absent = claims.filter((claim) => inviteOf(claim) === undefined)
    const elsewhere = new Map<string, string>()
    if (dialect.rowLocks && !waits) {
      const found = yield* statements.whose(
        absent.map(({ appId, codeHash }) => ({ app_id: appId, code_hash: codeHash })),
      )
      for (const { id, code_hash } of found) elsewhere.set(code_hash, id)
    }

    // Of what nobody holds there is no hold to read.
    const isHeld = ({ inviteId }: { inviteId: string }) => (invites.get(inviteId)?.held ?? 0) > 0
    const lapsing = new Map<string, number>()
    for (const claim of claims) {
      const invite = inviteOf(claim)
      if (invite && invite.held > 0) {
        lapsing.set(invite.row.id, Math.max(claim.now, lapsing.get(invite.row.id) ?? claim.now))
      }
    }
    const ofAccepts = accepts
      .filter(isHeld)
      .map(({ inviteId, claimId, now }) => ({ invite_id: inviteId, claim_id: claimId, now: time(now) }))
    const ofReleases = releases
      .filter(isHeld)
      .map(({ inviteId, claimId }) => ({ invite_id: inviteId, claim_id: claimId, now: null }))
    const ofClaims = [...lapsing].map(([id, now]) => ({ invite_id: id, claim_id: null, now: time(now) }))
    addHolds(invites, yield* statements.holds([...ofAccepts, ...ofReleases, ...ofClaims]))

    const recorded = new Map<number, AcceptanceRow>()
    const asked = accepts.flatMap(({ claimId, inviteId, userId }, request) =>
      invites.has(inviteId) ? [{ request, claim_id: claimId, invite_id: inviteId, user_id: userId }] : [],
    )
    for (const { request, ...row } of yield* statements.recorded(asked)) {
      if (!recorded.has(request)) recorded.set(request, row)
    }

    // Whoever asks for a use that is not held.
    const joins = [
      ...claims.map((request) => ({ request, invite: inviteOf(request), email: request.email?.canonical ?? null })),
      ...accepts.flatMap((request) => {
        const invite = invites.get(request.inviteId)
        const own = invite?.holds.get(request.claimId)
        if (invite === undefined || (own && own.lapsesAt > request.now)) return []
        return [{ request, invite, email: own?.email ?? request.email }]
      }),
    ]
    const persons = new Map<string, { invite_id: string; email: string }>()
    const inviters = new Map<string, { app_id: string; inviter_id: string }>()
    for (const { invite, email } of joins) {
      if (invite === undefined) continue
      const { id, app_id, inviter_id, once_per_person } = invite.row
      if (once_per_person === 1 && email !== null) persons.set(`${id} ${email}`, { invite_id: id, email })
      if (inviter_id !== null) inviters.set(`${app_id} ${inviter_id}`, { app_id, inviter_id })
    }
    addHolds(invites, yield* statements.holdsOfPersons([...persons.values()]))
    for (const { invite_id, email } of yield* statements.usesOfPersons([...persons.values()])) {
      invites.get(invite_id)?.users.add(email)
    }
    const paused = new Set((yield* statements.paused([...inviters.values()])).map((p) => `${p.app_id} ${p.inviter_id}`))

    const apps = new Map<string, JudgedApp>()
    const ids = [...new Set(joins.map(({ request }) => request.appId))].sort()
    for (const appId of ids) {
      apps.set(
        appId,
        yield* appOf(
          appId,
          joins.flatMap(({ request }) => (request.appId === appId ? [request] : [])),
        ),
      )
    }
    for (const invite of invites.values()) {
      invite.app = apps.get(invite.row.app_id)
      invite.isPaused = paused.has(`${invite.row.app_id} ${invite.row.inviter_id}`)
    }

    const siblingOf = new Map(siblings.map(({ own, other }) => [own, other]))
    return {
      invites,
      byCode,
      elsewhere,
      apps,
      recorded,
      isElsewhere({ inviteId }) {
        const sibling = siblingOf.get(inviteId)
        return !waits && dialect.rowLocks && !(invites.has(inviteId) && (sibling === undefined || invites.has(sibling)))
      },
    }
  }

  /**
   * Under a cap of seats it takes the app's lock first, which has the claims of one app wait for each other, so that no
   * two of them count the same last seat.
   */
  function* appOf(
    appId: string,
    requests: readonly { readonly now: number; readonly defaultSeats: number | null }[],
  ): Operation<JudgedApp> {
    let stored: StoredSettings = yield* settings.getSettings(appId)
    const now = Math.max(...requests.map((request) => request.now))
    if (requests.some((request) => capOf(stored, request) !== null)) stored = yield* settings.lockSettings(appId, now)
    const app = new JudgedApp(stored)
    const counts = new Map<string, { cap: number; now: number }>()
    for (const request of requests) {
      const cap = capOf(stored, request)
      if (cap !== null) counts.set(`${cap} ${request.now}`, { cap, now: request.now })
    }
    for (const { cap, now } of counts.values()) {
      const [taken] = yield* statements.seatsTaken({ appId, now: time(now), seats: cap })
      app.count(cap, now, taken ? Number(taken.accepted) + Number(taken.held) : cap)
    }
    return app
  }
}
