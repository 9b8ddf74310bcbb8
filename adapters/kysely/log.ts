// The log of who did what: written in the transaction of each change, and read a page at a time.
//
// An acceptance is logged by its own row, so that accepting costs no second one.
import { type SqlBool, sql } from 'kysely'
import type { AcceptRequest, ListLog, LogNote, LogRecord } from '../../src/store.js'
import { prepareInserts } from './inserting.js'
import { all, type Operation, prepare } from './operation.js'
import { type InviteRow, storable } from './records.js'
import type { DbJson, Dialect, LogTable } from './schema.js'
import type { QueueWebhooks } from './webhook-queue.js'

/** What is kept of the invite that something was done to. */
export type Logged = Pick<InviteRow, 'id' | 'app_id' | 'inviter_id' | 'role' | 'source'>

export interface LogOperations {
  listLog(query: ListLog): Operation<readonly LogRecord[]>
  /** Those of these ids that there are, acceptances too. */
  findEntries(ids: readonly string[]): Operation<readonly LogRecord[]>
  /** Logs what was done to an app, or to an inviter of it. Nothing without a note. */
  logChange(note: LogNote | undefined, where: { readonly appId: string; readonly now: number }): Operation<void>
  /** Logs what was done to an invite. Nothing without a note. */
  logInvite(note: LogNote | undefined, invite: Logged, now: number, acceptanceId?: string): Operation<void>
  /** Logs what was done to each of these invites. Nothing without a note. */
  logInvites(note: LogNote | undefined, invites: readonly Logged[], now: number): Operation<void>
  /** Logs changes to one invite each, by different people. */
  logEach(entries: readonly { note: LogNote; invite: Logged; now: number }[]): Operation<void>
  /** Tells of acceptances, whose own rows are their entries. */
  logAcceptances(requests: readonly AcceptRequest[]): Operation<void>
}

/** What is kept of what was done to an invite. */
const ofInvite = {
  id: 'text',
  app_id: 'text',
  at: 'time',
  actor_kind: 'text',
  actor_id: 'text',
  action: 'text',
  invite_id: 'text',
  inviter_id: 'text',
  role: 'text',
  source: 'text',
  details: 'json',
} as const
const ACCEPT = 'invite.accept'

export function logOperations(dialect: Dialect, queueWebhooks: QueueWebhooks): LogOperations {
  const { db, tables } = dialect

  const insert = prepare((p: LogTable) =>
    db.insertInto(tables.log).values({
      id: p.id,
      app_id: p.app_id,
      at: p.at,
      actor_kind: p.actor_kind,
      actor_id: p.actor_id,
      action: p.action,
      invite_id: p.invite_id,
      acceptance_id: p.acceptance_id,
      inviter_id: p.inviter_id,
      role: p.role,
      source: p.source,
      details: p.details,
    }),
  )

  const insertMany = prepareInserts(dialect, 'log', ofInvite)

  const rowOf = (note: LogNote, appId: string, now: number): LogTable => ({
    id: note.id,
    app_id: appId,
    at: dialect.encodeTime(now),
    actor_kind: note.actor.kind,
    actor_id: note.actor.id,
    action: note.action,
    invite_id: null,
    acceptance_id: null,
    inviter_id: null,
    role: null,
    source: null,
    details: note.details && dialect.encodeJson(note.details),
  })

  const inviteRowOf = (note: LogNote, invite: Logged, now: number): LogTable => ({
    ...rowOf(note, invite.app_id, now),
    invite_id: invite.id,
    inviter_id: invite.inviter_id,
    role: invite.role,
    source: invite.source,
  })

  function* write(note: LogNote, row: LogTable): Operation<void> {
    yield* insert(row)
    yield* queueWebhooks(note.webhooks, [row])
  }

  function* logChange(note: LogNote | undefined, { appId, now }: { appId: string; now: number }): Operation<void> {
    if (note) yield* write(note, rowOf(note, appId, now))
  }

  function* logInvite(
    note: LogNote | undefined,
    invite: Logged,
    now: number,
    acceptanceId: string | null = null,
  ): Operation<void> {
    if (note) yield* write(note, { ...inviteRowOf(note, invite, now), acceptance_id: acceptanceId })
  }

  function* logInvites(note: LogNote | undefined, invites: readonly Logged[], now: number): Operation<void> {
    if (note === undefined) return
    const rows = invites.map((invite) => inviteRowOf({ ...note, id: `${note.id}.${invite.id}` }, invite, now))
    const details = dialect.listed.atOnce ? note.details : note.details && dialect.encodeJson(note.details)
    yield* insertMany(rows.map((row) => ({ ...row, actor_id: storable(row.actor_id), details })))
    yield* queueWebhooks(note.webhooks, rows)
  }

  const listedRowOf = (note: LogNote, row: LogTable) => ({
    ...row,
    actor_id: storable(row.actor_id),
    details: dialect.listed.atOnce ? note.details : row.details,
  })

  function* logEach(entries: readonly { note: LogNote; invite: Logged; now: number }[]): Operation<void> {
    const rows = entries.map(({ note, invite, now }) => ({ note, row: inviteRowOf(note, invite, now) }))
    yield* insertMany(rows.map(({ note, row }) => listedRowOf(note, row)))
    for (const targets of new Set(entries.map(({ note }) => note.webhooks))) {
      const told = rows.filter(({ note }) => note.webhooks === targets)
      yield* queueWebhooks(
        targets,
        told.map(({ row }) => row),
      )
    }
  }

  function* logAcceptances(requests: readonly AcceptRequest[]): Operation<void> {
    for (const webhooks of new Set(requests.map((request) => request.webhooks))) {
      const entries = requests
        .filter((request) => request.webhooks === webhooks)
        .map(({ acceptanceId: id, appId, now }) => ({ id, app_id: appId, action: ACCEPT, at: dialect.encodeTime(now) }))
      yield* queueWebhooks(webhooks, entries)
    }
  }

  const columns = ['id', 'at', 'actor_kind', 'actor_id', 'action', 'invite_id', 'acceptance_id', 'details'] as const
  const noDetails = sql<DbJson | null>`cast(null as ${sql.raw(dialect.jsonType)})`

  const text = <Word extends string>(word: Word) => sql<Word>`cast(${sql.lit(word)} as text)`

  // Under the names that the log has, so that both are asked alike.
  const joined = () =>
    db
      .selectFrom(tables.acceptances)
      .select([
        'id',
        'accepted_at as at',
        text<LogTable['actor_kind']>('invitee').as('actor_kind'),
        'user_id as actor_id',
        text<string>(ACCEPT).as('action'),
        sql<string | null>`invite_id`.as('invite_id'),
        sql<string | null>`id`.as('acceptance_id'),
        noDetails.as('details'),
      ])

  /** What both are asked for, where `at` and `actor` are the names of their columns. */
  function matching({ appId, inviteId, actorId, from, until, after }: ListLog, at: string, actor: string) {
    const time = sql.ref(at)
    const conditions = [isOfApp(appId, actorId !== undefined && actor === 'user_id')]
    if (inviteId !== undefined) conditions.push(sql`invite_id = ${inviteId}`)
    if (actorId !== undefined) conditions.push(sql`${sql.ref(actor)} = ${actorId}`)
    if (from !== undefined) conditions.push(sql`${time} >= ${dialect.encodeTime(from)}`)
    if (until !== undefined) conditions.push(sql`${time} < ${dialect.encodeTime(until)}`)
    if (after !== undefined) conditions.push(sql`(${time}, id) < (${dialect.encodeTime(after.at)}, ${after.id})`)
    return sql<SqlBool>`${sql.join(conditions, sql` and `)}`
  }

  /** Each list by itself in order: only so Postgres reads each by its index, and no further than it must. */
  function pageOf(query: ListLog) {
    const { action, limit } = query
    const changes = db
      .selectFrom(tables.log)
      .select(columns)
      .where(matching(query, 'at', 'actor_id'))
      .$if(action !== undefined, (select) => select.where('action', '=', action ?? ''))
      .orderBy('at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit)
    const accepts = joined()
      .where(matching(query, 'accepted_at', 'user_id'))
      .orderBy('accepted_at', 'desc')
      .orderBy('id', 'desc')
      .limit(limit)
    if (action !== undefined) return db.selectFrom((action === ACCEPT ? accepts : changes).as('page')).selectAll()
    const list = (lists: typeof changes) => db.selectFrom(lists.as('list')).selectAll()
    return db
      .selectFrom(
        list(changes)
          .unionAll(list(accepts as unknown as typeof changes))
          .as('page'),
      )
      .selectAll()
  }

  function* listLog(query: ListLog): Operation<readonly LogRecord[]> {
    const rows = yield* all(pageOf(query).orderBy('at', 'desc').orderBy('id', 'desc').limit(query.limit))
    return rows.map((row) => toEntry({ ...row, app_id: query.appId }))
  }

  function* findEntries(ids: readonly string[]): Operation<readonly LogRecord[]> {
    const changes = db
      .selectFrom(tables.log)
      .select([...columns, 'app_id'])
      .where('id', 'in', ids)
    const accepts = joined().select('app_id').where('id', 'in', ids)
    return [...(yield* all(changes)), ...(yield* all(accepts))].map(toEntry)
  }

  function toEntry(row: Pick<LogTable, (typeof columns)[number] | 'app_id'>): LogRecord {
    return {
      id: row.id,
      appId: row.app_id,
      at: dialect.decodeTime(row.at),
      actor: { kind: row.actor_kind, id: row.actor_id },
      action: row.action,
      inviteId: row.invite_id,
      acceptanceId: row.acceptance_id,
      details: row.details === null ? null : dialect.decodeJson(row.details),
    }
  }

  return { listLog, findEntries, logChange, logInvite, logInvites, logEach, logAcceptances }
}

/** `among`: of few that are found in another way, and so in words that SQLite does not take for the way in. */
export function isOfApp(appId: string, among: boolean) {
  return among ? sql<SqlBool>`app_id || '' = ${appId}` : sql<SqlBool>`app_id = ${appId}`
}

/** As `note`, for what was done in passing. */
export function inPassing(note: LogNote | undefined, action: string): LogNote | undefined {
  return note && { ...note, id: `${note.id}.${action}`, action, details: null }
}
