// What is read for claiming under the locks of the invites, beside the invites themselves.
import type { AcceptRequest, ClaimRequest } from '../../src/store.js'
import { capOf, type Joining, JudgedApp, type JudgedInvite } from './claim-rules.js'
import type { ClaimRow, ClaimStatements, Standing } from './claim-statements.js'
import { type Operation, together } from './operation.js'
import type { AcceptanceRow, InviteRow } from './records.js'
import type { Dialect } from './schema.js'
import type { SettingsOperations } from './settings.js'

/** Somebody who asks for a use, or to have one counted. */
export interface Asking {
  readonly request: ClaimRequest | AcceptRequest
  readonly invite: JudgedInvite
  readonly email: string | null
}

export function claimReading(
  dialect: Dialect,
  { statements, settings }: { statements: ClaimStatements; settings: SettingsOperations },
) {
  const time = dialect.encodeTime

  /** The ids of the invites that accepting may close, by those of the invites that are accepted. */
  function* readSiblings(accepts: readonly AcceptRequest[]): Operation<ReadonlyMap<string, string>> {
    const verified = accepts.flatMap(({ inviteId, appId, verifiedEmail }) =>
      verifiedEmail === null ? [] : [{ invite_id: inviteId, app_id: appId, email: verifiedEmail }],
    )
    return new Map((yield* statements.siblings(verified)).map(({ own, other }) => [own, other]))
  }

  function addHold(invite: JudgedInvite | undefined, { id, email, lapses_at }: Omit<ClaimRow, 'invite_id'>): void {
    invite?.holds.set(id, { id, email, lapsesAt: dialect.decodeTime(lapses_at) })
  }

  /** Holds that lapse until somebody asks. */
  function* readLapsed(asking: readonly Asking[]): Operation<void> {
    const latest = new Map<JudgedInvite, number>()
    for (const { invite, request } of asking) {
      latest.set(invite, Math.max(request.now, latest.get(invite) ?? request.now))
    }
    const invites = byId(asking)
    const asked = [...latest].map(([{ row }, now]) => ({ invite_id: row.id, now: time(now) }))
    for (const hold of yield* statements.lapsed(asked)) addHold(invites.get(hold.invite_id), hold)
  }

  /** What was recorded before, by the place of the request. */
  function* readRecorded(standings: readonly Standing[]): Operation<ReadonlyMap<number, AcceptanceRow>> {
    const known = standings.flatMap(({ place, by_claim, by_user }) => {
      const id = by_claim ?? by_user
      return id === null ? [] : [{ place, id }]
    })
    const rows = yield* statements.acceptancesOf([...new Set(known.map(({ id }) => id))].map((id) => ({ id })))
    const recorded = new Map<number, AcceptanceRow>()
    for (const { place, id } of known) {
      const row = rows.find((each) => each.id === id)
      if (row) recorded.set(place, row)
    }
    return recorded
  }

  /** What whoever asks for a use of an invite once per person has of it. */
  function* readPersons(asking: readonly Asking[]): Operation<void> {
    const invites = byId(asking)
    const persons = new Map<string, { invite_id: string; email: string }>()
    for (const { invite, email } of asking) {
      const { id, once_per_person } = invite.row
      if (once_per_person === 1 && email !== null) persons.set(`${id} ${email}`, { invite_id: id, email })
    }
    const [holds, uses] = yield* together(
      statements.holdsOfPersons([...persons.values()]),
      statements.usesOfPersons([...persons.values()]),
    )
    for (const hold of holds) addHold(invites.get(hold.invite_id), hold)
    for (const { invite_id, email } of uses) invites.get(invite_id)?.users.add(email)
  }

  function* readPauses(asking: readonly Asking[]): Operation<void> {
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
  return { readSiblings, addHold, readRecorded, readLapsed, readPersons, readPauses, readApps }
}

function byId(asking: readonly Asking[]): ReadonlyMap<string, JudgedInvite> {
  return new Map(asking.map(({ invite }) => [invite.row.id, invite]))
}
