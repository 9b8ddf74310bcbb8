// Many invites in one transaction: what is in the way of which is asked for all of them, not one by one.
import type {
  Invitee,
  InviteeState,
  InviteStore,
  LogNote,
  NewInvite,
  NewInviteOutcome,
  NewInvites,
} from '../../src/store.js'
import type { DeliveryOperations } from './deliveries.js'
import type { InviteOperations } from './invites.js'
import { byAddress, type ListedRow, listStatements } from './list-statements.js'
import { inPassing, type LogOperations } from './log.js'
import type { Operation } from './operation.js'
import { fromNewInvite, type InviteRow, storable } from './records.js'
import type { Dialect } from './schema.js'
import { isAsked, nobody, placeOf, placeOfRow, type StandingOperations } from './standings.js'

export interface ListOperations {
  createInvites(request: NewInvites): Operation<readonly NewInviteOutcome[]>
  findInvitees(request: Parameters<InviteStore['findInvitees']>[0]): Operation<readonly InviteeState[]>
  lastDeliveryAt(): Operation<number | undefined>
}

type Planned = NewInvites['invites'][number]
type Outcomes = ReadonlyMap<string, NewInviteOutcome>

export function listOperations(
  dialect: Dialect,
  {
    invites,
    deliveries,
    standings,
    log,
  }: {
    invites: InviteOperations
    deliveries: DeliveryOperations
    standings: StandingOperations
    log: LogOperations
  },
): ListOperations {
  const statements = listStatements(dialect)

  function* findInvitees({ appId, invitees, now }: Parameters<InviteStore['findInvitees']>[0]) {
    const found = yield* standings.find(appId, invitees, now)
    return invitees.map((each): InviteeState => {
      const { holder, joined, refusing } = found.get(placeOf(each)) ?? nobody
      if (holder && !holder.isExpired) return 'invited'
      if (joined) return 'joined'
      return refusing && isAsked(each) ? 'refusing' : 'new'
    })
  }

  /**
   * Nearly all of a list are new, and are added without asking; what is in the way of the others is found out then. Where
   * mails are spread it must be known before, since it is what is new that takes its turn.
   */
  function* createInvites(request: NewInvites): Operation<readonly NewInviteOutcome[]> {
    const { appId, invites: asked, spread } = request
    if (spread !== undefined) return [...(yield* judge(request)).values()]
    const isPaused = yield* pausedAmong(appId, asked)
    const refused = yield* standings.refusedAmong(asked)
    const isBarred = ({ invite, refusalIds = [] }: Planned) =>
      isPaused(invite) || refusalIds.some((id) => refused.has(id))
    const barred = asked.filter(isBarred)
    const outcomes = new Map(yield* judge({ ...request, invites: barred }))
    const planned = barred.length === 0 ? asked : asked.filter((each) => !isBarred(each))
    for (const [id, outcome] of yield* addNew(planned, request)) outcomes.set(id, outcome)
    const others = planned.filter(({ invite }) => !outcomes.has(invite.id))
    for (const [id, outcome] of yield* judge({ ...request, invites: others })) outcomes.set(id, outcome)
    return asked.map(({ invite }) => outcomes.get(invite.id) ?? { existing: invite.id })
  }

  /** Adds those that nothing is in the way of. */
  function* addNew(planned: readonly Planned[], request: NewInvites): Operation<Outcomes> {
    const rows = planned.map(toRow).sort(byAddress)
    const made = new Set(yield* statements.insert(rows))
    // Asked last: an invite of the same place that was accepted just now was in the way until then.
    const isAdded = ({ invite }: Planned) => made.has(invite.id)
    const invitees = planned.filter(isAdded).flatMap((each) => inviteeOf(each) ?? [])
    const joined = yield* standings.joinedAmong(request.appId, invitees)
    if (joined.size > 0) {
      const overtaken = rows.filter((row) => made.has(row.id) && joined.has(placeOfRow(row)))
      yield* statements.remove(overtaken)
      for (const { id } of overtaken) made.delete(id)
    }
    const added = planned.filter(isAdded)
    const logged = rows.filter(({ id }) => made.has(id))
    yield* record(logged, added, request)
    return new Map(added.map(({ invite }) => [invite.id, { created: invite }]))
  }

  /** Asks first what is in the way of them. */
  function* judge(request: NewInvites): Operation<Outcomes> {
    const { appId, now, note } = request
    if (request.invites.length === 0) return new Map()
    const found = yield* standings.find(
      appId,
      request.invites.flatMap((each) => inviteeOf(each) ?? []),
      now,
    )
    const isPaused = yield* pausedAmong(appId, request.invites)
    const outcomes = new Map<string, NewInviteOutcome>()
    const planned: Planned[] = []
    const refused: (readonly [Planned, NewInviteOutcome])[] = []
    const expired: string[] = []
    for (const each of request.invites) {
      const { id } = each.invite
      const invitee = inviteeOf(each)
      const place = invitee && placeOf(invitee)
      const { joined, refusing, holder } = (place !== undefined && found.get(place)) || nobody
      const isRefused = refusing && invitee !== undefined && isAsked(invitee)
      if (holder && !holder.isExpired)
        outcomes.set(id, holder.id === id ? { created: each.invite } : { existing: holder.id })
      else if (joined) refused.push([each, { joined: true }])
      else if (isRefused) refused.push([each, { refusing: true }])
      else if (isPaused(each.invite)) refused.push([each, { paused: true }])
      else {
        if (holder) expired.push(holder.id)
        if (place !== undefined) found.set(place, { ...nobody, refusing, holder: { id, isExpired: false } })
        planned.push(each)
      }
    }
    // An invite of this very id was made by an earlier try, and is what this address has joined by.
    const made = new Set(
      (yield* statements.known(refused.map(([{ invite }]) => ({ id: invite.id, app_id: appId })))).map(({ id }) => id),
    )
    for (const [{ invite }, outcome] of refused) {
      outcomes.set(invite.id, made.has(invite.id) ? { created: invite } : outcome)
    }
    yield* makeRoom(expired.sort(), now, note)
    for (const [id, outcome] of yield* add(planned, request)) outcomes.set(id, outcome)
    return new Map(request.invites.map(({ invite }) => [invite.id, outcomes.get(invite.id) ?? { existing: invite.id }]))
  }

  function* pausedAmong(appId: string, planned: readonly Planned[]): Operation<(invite: NewInvite) => boolean> {
    const inviters = [...new Set(planned.map(({ invite }) => storable(invite.inviterId)))]
    const rows = yield* statements.paused(
      inviters.flatMap((id) => (id === null ? [] : { app_id: appId, inviter_id: id })),
    )
    const found = new Set<string | null>(rows.map((row) => row.inviter_id))
    return ({ inviterId }) => found.has(storable(inviterId))
  }

  function* makeRoom(expired: readonly string[], now: number, note: LogNote | undefined): Operation<void> {
    if (dialect.rowLocks) yield* statements.lock(expired.map((id) => ({ id })))
    const at = dialect.encodeTime(now)
    const revoked = yield* statements.revokeExpired(expired.map((id) => ({ invite_id: id, now: at })))
    yield* deliveries.cancelAll(revoked.map(({ id }) => ({ invite_id: id, now: at })))
    yield* log.logInvites(inPassing(note, 'invite.supersede'), revoked, now)
  }

  function* add(planned: readonly Planned[], request: NewInvites): Operation<Outcomes> {
    const { spread, note } = request
    let mails = 0
    const due = new Map<string, number>()
    const spreadOut = planned.map((each): Planned => {
      const { invite, deliveryId } = each
      if (deliveryId === undefined || spread === undefined) return each
      const at = Math.round(spread.from + mails++ * spread.everyMs)
      due.set(invite.id, at)
      if (invite.expiresAt === null) return each
      return { ...each, invite: { ...invite, expiresAt: invite.expiresAt + at - invite.createdAt } }
    })
    const rows = spreadOut.map(toRow).sort(byAddress)
    const made = yield* statements.insert(rows)
    const added = spreadOut.filter(({ invite }) => made.has(invite.id))
    yield* record(
      rows.filter(({ id }) => made.has(id)),
      added,
      request,
      due,
    )
    const outcomes = new Map<string, NewInviteOutcome>()
    for (const each of spreadOut) {
      const { invite } = each
      if (made.has(invite.id)) outcomes.set(invite.id, { created: invite })
      else outcomes.set(invite.id, yield* addOne(each, note)) // another transaction was faster, or an earlier try
    }
    return outcomes
  }

  /** Logs them, and queues their mails. */
  function* record(
    rows: readonly ListedRow[],
    added: readonly Planned[],
    { now, note }: NewInvites,
    due?: ReadonlyMap<string, number>,
  ): Operation<void> {
    const mails = added.flatMap(({ invite, deliveryId: id }) =>
      id === undefined
        ? []
        : { id, invite_id: invite.id, attempts: 0, next_attempt_at: dialect.encodeTime(due?.get(invite.id) ?? now) },
    )
    yield* log.logInvites(note, rows, now)
    yield* statements.insertMails(mails)
  }

  function* addOne({ invite, deliveryId }: Planned, note: LogNote | undefined): Operation<NewInviteOutcome> {
    const result = yield* invites.createInvite(invite, deliveryId, {
      note: note && { ...note, id: `${note.id}.${invite.id}` },
    })
    if ('created' in result) return { created: result.created }
    if ('existing' in result) return { existing: result.existing.id }
    if ('paused' in result) return { paused: true }
    throw new Error('Another invite has this code.')
  }

  function toRow({ invite, deliveryId }: Planned): ListedRow {
    const row = fromNewInvite(dialect, invite, deliveryId)
    return {
      ...row,
      metadata: dialect.listed.atOnce ? (invite.metadata as unknown as InviteRow['metadata']) : row.metadata,
      inviter_id: storable(row.inviter_id),
      inviter_email: storable(row.inviter_email),
      inviter_name: storable(row.inviter_name),
    }
  }

  function* lastDeliveryAt(): Operation<number | undefined> {
    const [last] = yield* statements.lastDue({})
    return last && dialect.decodeTime(last.next_attempt_at)
  }

  return { createInvites, findInvitees, lastDeliveryAt }
}

function inviteeOf({ invite, refusalIds }: Planned): Invitee | undefined {
  const { emailCanonical: email, orgId } = invite
  return email === null ? undefined : { email, orgId, refusalIds }
}
