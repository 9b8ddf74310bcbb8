// Many invites in one transaction: what is in the way of which is asked for all of them, not one by one.
import { type RawBuilder, sql } from 'kysely'
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
import { inPassing, type Logged, type LogOperations } from './log.js'
import { type Operation, prepare, prepareMany } from './operation.js'
import { fromNewInvite, type InviteRow, storable } from './records.js'
import type { Dialect } from './schema.js'
import { isAsked, nobody, placeOf, standingsOf } from './standings.js'

export interface ListOperations {
  createInvites(request: NewInvites): Operation<readonly NewInviteOutcome[]>
  findInvitees(request: Parameters<InviteStore['findInvitees']>[0]): Operation<readonly InviteeState[]>
  lastDeliveryAt(): Operation<number | undefined>
}

type Planned = NewInvites['invites'][number]

// Those of a new invite that its row does not begin without.
const columns = {
  id: 'text',
  app_id: 'text',
  email: 'text',
  email_canonical: 'text',
  email_at: 'text',
  email_domain: 'text',
  code_hash: 'text',
  code_sealed: 'text',
  role: 'text',
  org_id: 'text',
  inviter_id: 'text',
  inviter_email: 'text',
  inviter_name: 'text',
  message: 'text',
  locale: 'text',
  metadata: 'json',
  source: 'text',
  max_uses: 'integer',
  created_at: 'time',
  term_ms: 'long',
  expires_at: 'time',
  delivery_id: 'text',
} as const
const names = Object.keys(columns) as (keyof typeof columns)[]

export function listOperations(
  dialect: Dialect,
  { invites, deliveries, log }: { invites: InviteOperations; deliveries: DeliveryOperations; log: LogOperations },
): ListOperations {
  const { db, tables } = dialect
  const raw = <Row>(query: RawBuilder<Row>) => ({ compile: () => query.compile(db) })
  const inviteTable = sql.raw(dialect.quote(tables.invites))
  const deliveryTable = sql.raw(dialect.quote(tables.deliveries))
  const standings = standingsOf(dialect)

  const known = prepareMany(dialect, { id: 'text', app_id: 'text' }, (listed) =>
    raw(sql<{ id: string }>`
      select i.id from ${listed} cross join ${inviteTable} as i where i.id = listed.id and i.app_id = listed.app_id`),
  )

  const paused = prepareMany(dialect, { app_id: 'text', inviter_id: 'text' }, (listed) =>
    raw(sql<{ inviter_id: string }>`
      select p.inviter_id from ${listed} cross join ${sql.raw(dialect.quote(tables.paused_inviters))} as p
      where p.app_id = listed.app_id and p.inviter_id = listed.inviter_id`),
  )

  const lock = prepareMany(dialect, { id: 'text' }, (listed) =>
    raw(
      sql`select i.id from ${listed} cross join ${inviteTable} as i where i.id = listed.id order by i.id for update of i`,
    ),
  )

  const revokeExpired = prepareMany(dialect, { invite_id: 'text', now: 'time' }, (listed) =>
    raw(sql<Logged>`
      update ${inviteTable} as i set revoked_at = listed.now from ${listed}
      where i.id = listed.invite_id and i.revoked_at is null and i.uses = 0 and i.expires_at <= listed.now
      returning id, app_id, inviter_id, role`),
  )

  const insert = prepareMany(dialect, columns, (listed) => {
    const list = sql.join(names.map((name) => sql.ref(name)))
    return raw(sql<{ id: string }>`
      insert into ${inviteTable} (${list}) select ${list} from ${listed} where true
      on conflict do nothing returning id`)
  })

  const insertMails = prepareMany(dialect, { id: 'text', invite_id: 'text', due: 'time' }, (listed) =>
    raw(sql`
      insert into ${deliveryTable} (id, invite_id, attempts, next_attempt_at)
      select id, invite_id, 0, due from ${listed}`),
  )

  const lastDue = prepare((_p: object) =>
    db
      .selectFrom(tables.deliveries)
      .select('next_attempt_at')
      .where('sent_at', 'is', null)
      .where('failed_at', 'is', null)
      .where('canceled_at', 'is', null)
      .where('attempts', '=', 0)
      .orderBy('next_attempt_at', 'desc')
      .limit(1),
  )

  function* findInvitees({ appId, invitees, now }: Parameters<InviteStore['findInvitees']>[0]) {
    const found = yield* standings(appId, invitees, now)
    return invitees.map((each): InviteeState => {
      const { holder, joined, refusing } = found.get(placeOf(each)) ?? nobody
      if (holder && !holder.isExpired) return 'invited'
      if (joined) return 'joined'
      return refusing && isAsked(each) ? 'refusing' : 'new'
    })
  }

  function* createInvites(request: NewInvites): Operation<readonly NewInviteOutcome[]> {
    const { appId, now, note } = request
    const found = yield* standings(
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
      (yield* known(refused.map(([{ invite }]) => ({ id: invite.id, app_id: appId })))).map(({ id }) => id),
    )
    for (const [{ invite }, outcome] of refused) {
      outcomes.set(invite.id, made.has(invite.id) ? { created: invite } : outcome)
    }
    yield* makeRoom(expired.sort(), now, note)
    for (const [id, outcome] of yield* add(planned, request)) outcomes.set(id, outcome)
    return request.invites.map(({ invite }) => outcomes.get(invite.id) ?? { existing: invite.id })
  }

  function* pausedAmong(appId: string, planned: readonly Planned[]): Operation<(invite: NewInvite) => boolean> {
    const inviters = [...new Set(planned.map(({ invite }) => storable(invite.inviterId)))]
    const rows = yield* paused(inviters.flatMap((id) => (id === null ? [] : { app_id: appId, inviter_id: id })))
    const found = new Set<string | null>(rows.map((row) => row.inviter_id))
    return ({ inviterId }) => found.has(storable(inviterId))
  }

  function* makeRoom(expired: readonly string[], now: number, note: LogNote | undefined): Operation<void> {
    if (dialect.rowLocks) yield* lock(expired.map((id) => ({ id })))
    const at = dialect.encodeTime(now)
    const revoked = yield* revokeExpired(expired.map((id) => ({ invite_id: id, now: at })))
    yield* deliveries.cancelAll(revoked.map(({ id }) => ({ invite_id: id, now: at })))
    yield* log.logInvites(inPassing(note, 'invite.supersede'), revoked, now)
  }

  function* add(
    planned: readonly Planned[],
    { now, spread, note }: NewInvites,
  ): Operation<readonly (readonly [id: string, outcome: NewInviteOutcome])[]> {
    let mails = 0
    const due = new Map<string, number>()
    const spreadOut = planned.map(({ invite, deliveryId }): Planned => {
      if (deliveryId === undefined) return { invite, deliveryId }
      const at = spread === undefined ? now : Math.round(spread.from + mails++ * spread.everyMs)
      due.set(invite.id, at)
      if (spread === undefined || invite.expiresAt === null) return { invite, deliveryId }
      return { invite: { ...invite, expiresAt: invite.expiresAt + at - invite.createdAt }, deliveryId }
    })
    // In one order, so that two lists with the same people never wait for each other.
    const rows = spreadOut.map(toRow).sort((a, b) => compare(a.email_canonical ?? '', b.email_canonical ?? ''))
    const made = new Set((yield* insert(rows)).map(({ id }) => id))
    const logged = rows.filter(({ id }) => made.has(id))
    yield* log.logInvites(note, logged, now)
    yield* insertMails(
      spreadOut.flatMap(({ invite, deliveryId }) =>
        deliveryId !== undefined && made.has(invite.id)
          ? { id: deliveryId, invite_id: invite.id, due: dialect.encodeTime(due.get(invite.id) ?? now) }
          : [],
      ),
    )
    const outcomes: [string, NewInviteOutcome][] = []
    for (const { invite, deliveryId } of spreadOut) {
      if (made.has(invite.id)) outcomes.push([invite.id, { created: invite }])
      else outcomes.push([invite.id, yield* addOne({ invite, deliveryId }, note)]) // another transaction was faster, or an earlier try
    }
    return outcomes
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

  function toRow({ invite, deliveryId }: Planned): { readonly [Name in keyof typeof columns]: InviteRow[Name] } {
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
    const [last] = yield* lastDue({})
    return last && dialect.decodeTime(last.next_attempt_at)
  }

  return { createInvites, findInvitees, lastDeliveryAt }
}

function inviteeOf({ invite, refusalIds }: Planned): Invitee | undefined {
  const { emailCanonical: email, orgId } = invite
  return email === null ? undefined : { email, orgId, refusalIds }
}

function compare(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0
}
