// Statistics: counting what happened in some time, by the indexes that are in order of time.
//
// What housekeeping removes is counted in the log; but for what has expired, which nobody logs.
import { type Kysely, type SqlBool, sql } from 'kysely'
import type { Counts, DayCounts, InviteStore, ShareCounts, StatisticsRecord } from '../../src/store.js'
import { all, type Operation } from './operation.js'
import type { Dialect, Tables } from './schema.js'
import { hasTerm, hasUseLeft, LASTED } from './states.js'

export interface StatisticsOperations {
  getStatistics(query: Query): Operation<StatisticsRecord>
}

type Query = Parameters<InviteStore['getStatistics']>[0]

type Part = 'inviter_id' | 'role' | 'source'

const DAY_MS = 24 * 60 * 60 * 1000
const MADE = 'invite.create'

/** What is counted of the log, and as what. */
const countedAs: Readonly<Record<string, keyof Counts>> = {
  [MADE]: 'made',
  'mail.sent': 'mailed',
  'mail.failed': 'failed',
  'invite.revoke': 'revoked',
}

export function statisticsOperations(dialect: Dialect): StatisticsOperations {
  const { db, tables } = dialect

  const during = ({ from, until }: Query, column: string) =>
    sql<SqlBool>`${sql.ref(column)} >= ${dialect.encodeTime(from)} and ${sql.ref(column)} < ${dialect.encodeTime(until)}`
  const dayOf = (column: string) => sql<number>`${sql.raw(dialect.dayOf(column))}`

  const logged = (query: Query, actions: readonly string[]) =>
    db
      .selectFrom(tables.log)
      .where('app_id', '=', query.appId)
      .where('action', 'in', actions)
      .where(during(query, 'at'))

  const accepted = (query: Query) =>
    db
      .selectFrom(`${tables.acceptances} as joined`)
      .where('joined.app_id', '=', query.appId)
      .where('joined.reopened_at', 'is', null)
      .where(during(query, 'joined.accepted_at'))

  /** Revoking what had expired changes nothing about that. */
  const expired = (query: Query) =>
    db
      .selectFrom(tables.invites)
      .where('app_id', '=', query.appId)
      .where(during({ ...query, until: Math.min(query.until, query.now + 1) }, 'expires_at'))
      .where(sql<SqlBool>`${hasTerm} and ${hasUseLeft} and ${sql.raw(LASTED)}`)

  function* daysOf(query: Query): Operation<readonly DayCounts[]> {
    const count = sql<number>`count(*)`.as('count')
    const changes = yield* all(
      logged(query, Object.keys(countedAs))
        .select([dayOf('at').as('day'), 'action', count])
        .groupBy(['day', 'action']),
    )
    const accepts = yield* all(
      accepted(query)
        .select([dayOf('joined.accepted_at').as('day'), count])
        .groupBy('day'),
    )
    const ends = yield* all(
      expired(query)
        .select([dayOf('expires_at').as('day'), count])
        .groupBy('day'),
    )
    const days = new Map<number, { -readonly [Name in keyof DayCounts]: number }>()
    const add = (number: number, what: keyof Counts | undefined, by: number) => {
      const none = { made: 0, mailed: 0, failed: 0, accepted: 0, expired: 0, revoked: 0 }
      const day = days.get(number) ?? { day: number * DAY_MS, ...none }
      if (what !== undefined) day[what] += Number(by)
      days.set(number, day)
    }
    for (const row of changes) add(row.day, countedAs[row.action], row.count)
    for (const row of accepts) add(row.day, 'accepted', row.count)
    for (const row of ends) add(row.day, 'expired', row.count)
    return [...days.values()].sort((a, b) => a.day - b.day)
  }

  /** An acceptance has inviter and role of its own; its source is that of its invite. */
  const acceptedBy = (column: Part, query: Query) =>
    column === 'source'
      ? accepted(query).innerJoin(`${tables.invites} as invite`, 'invite.id', 'joined.invite_id')
      : accepted(query)

  function* sharesBy(column: Part, query: Query): Operation<readonly ShareCounts[]> {
    const made = logged(query, [MADE]).select([
      sql<string | null>`${sql.ref(column)}`.as('part'),
      sql<number>`1`.as('made'),
      sql<number>`0`.as('accepted'),
    ])
    const joined = acceptedBy(column, query).select([
      sql<string | null>`${sql.ref(column === 'source' ? 'invite.source' : `joined.${column}`)}`.as('part'),
      sql<number>`0`.as('made'),
      sql<number>`1`.as('accepted'),
    ])
    const rows = yield* all(
      db
        .selectFrom(made.unionAll(joined).as('counted'))
        .select(['part', sql<number>`sum(made)`.as('made'), sql<number>`sum(accepted)`.as('accepted')])
        .groupBy('part')
        .orderBy(sql`sum(accepted)`, 'desc')
        .orderBy(sql`sum(made)`, 'desc')
        .orderBy(sql`coalesce(part, '')`)
        .limit(query.top),
    )
    return rows.map((row) => ({ of: row.part, made: Number(row.made), accepted: Number(row.accepted) }))
  }

  function* medianOf(query: Query): Operation<number | null> {
    const waits = accepted(query)
      .innerJoin(`${tables.invites} as invite`, 'invite.id', 'joined.invite_id')
      .select(sql<number>`${sql.raw(dialect.msBetween('joined.accepted_at', 'invite.created_at'))}`.as('ms'))
    const ranked = (db as Kysely<Tables>)
      .selectFrom(waits.as('waits'))
      .select([
        'ms',
        sql<number>`row_number() over (order by ms)`.as('place'),
        sql<number>`count(*) over ()`.as('total'),
      ])
    const [row] = yield* all(
      db
        .selectFrom(ranked.as('ranked'))
        .select(sql<number | null>`avg(ms)`.as('median'))
        .where(sql<SqlBool>`place in ((total + 1) / 2, (total + 2) / 2)`),
    )
    return row?.median == null ? null : Math.round(Number(row.median))
  }

  function* getStatistics(query: Query): Operation<StatisticsRecord> {
    return {
      days: yield* daysOf(query),
      medianAcceptMs: yield* medianOf(query),
      inviters: yield* sharesBy('inviter_id', query),
      roles: yield* sharesBy('role', query),
      sources: yield* sharesBy('source', query),
    }
  }

  return { getStatistics }
}
