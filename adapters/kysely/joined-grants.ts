// Giving more invites to everybody who joined in some time: by as many statements for all as for one.
import { type SqlBool, sql } from 'kysely'
import { balanceAt } from '../../src/quotas.js'
import type { QuotaBalance } from '../../src/store.js'
import type { QuotaRule } from '../../src/types.js'
import { type Operation, prepare, prepareMany } from './operation.js'
import type { DbTime, Dialect } from './schema.js'

/** Who joined an app from one time until before another. */
export interface Joined {
  readonly appId: string
  readonly from: DbTime
  readonly until: DbTime
}

export interface QuotaRow {
  readonly uses_left: number | null
  readonly refilled_at: DbTime
}

const MOST = 2 ** 31 - 1 // that the column holds

/** What a quota gets back, where its rule says so. */
export const owing = {
  // Those that expired before they were revoked, if they were. A use that is held may yet be accepted.
  expiredOf: (now: DbTime) =>
    sql<SqlBool>`quota_cost > 0 and expires_at <= ${now} and (revoked_at is null or revoked_at >= expires_at)
      and uses + held < max_uses`,
  unused: sql<number>`max_uses - uses - held`,
}

export const balanceOf = (dialect: Dialect, row: QuotaRow): QuotaBalance => ({
  left: row.uses_left,
  refilledAt: dialect.decodeTime(row.refilled_at),
})

export function more({ left, refilledAt }: QuotaBalance, back: number): QuotaBalance {
  return { left: left === null ? null : Math.min(left + back, MOST), refilledAt }
}

export function joinedGrants(dialect: Dialect) {
  const { db, tables } = dialect
  const { expiredOf, unused } = owing
  const columns = ['uses_left', 'refilled_at'] as const

  const joinedIn = (p: Joined) =>
    db
      .selectFrom(tables.acceptances)
      .where('app_id', '=', p.appId)
      .where('user_id', 'is not', null)
      .where('reopened_at', 'is', null)
      .where('accepted_at', '>=', p.from)
      .where('accepted_at', '<', p.until)

  const knownAmongJoined = (p: Joined) =>
    db
      .selectFrom(tables.quotas)
      .where('app_id', '=', p.appId)
      .where('uses_left', 'is not', null)
      .where('inviter_id', 'in', joinedIn(p).select('user_id').$castTo<{ user_id: string }>())

  const lockJoined = prepare((p: Joined) =>
    knownAmongJoined(p)
      .select(['inviter_id', ...columns])
      .orderBy('inviter_id') // as `grantJoined` takes them
      .$if(dialect.rowLocks, (query) => query.forUpdate()),
  )

  const giveBackJoined = prepare((p: Joined & { now: DbTime }) =>
    db
      .updateTable(tables.invites)
      .set({ quota_cost: 0, quota_back: unused })
      .where(
        'id',
        'in',
        db
          .selectFrom(tables.invites)
          .select('id')
          .where('app_id', '=', p.appId)
          .where('inviter_id', 'in', knownAmongJoined(p).select('inviter_id'))
          .where(expiredOf(p.now))
          .orderBy('id') // as revoking many takes them
          .$if(dialect.rowLocks, (query) => query.forUpdate()),
      )
      .returning(['inviter_id', 'quota_back']),
  )

  const writeMany = prepareMany(
    dialect,
    { app_id: 'text', inviter_id: 'text', uses_left: 'integer', refilled_at: 'time' },
    (listed) => {
      const query = sql<never>`
        update ${sql.raw(dialect.quote(tables.quotas))} as q
        set uses_left = listed.uses_left, refilled_at = listed.refilled_at from ${listed}
        where q.app_id = listed.app_id and q.inviter_id = listed.inviter_id`
      return { compile: () => query.compile(db) }
    },
  )

  const raisedBy = (add: number) => {
    const left = sql<number>`${sql.table(tables.quotas)}.uses_left`
    return sql<number>`case when ${left} > ${sql.lit(MOST)} - ${add} then ${sql.lit(MOST)} else ${left} + ${add} end`
  }

  const grantJoined = prepare((p: Joined & { left: number | null; add: number; now: DbTime }) =>
    db
      .insertInto(tables.quotas)
      .columns(['app_id', 'inviter_id', 'uses_left', 'refilled_at'])
      .expression(
        joinedIn(p)
          .select((eb) => [
            'app_id',
            'user_id',
            sql<number>`cast(${p.left} as integer)`.as('uses_left'),
            eb.cast<DbTime>(eb.val(p.now), dialect.timeType).as('refilled_at'),
          ])
          .distinct()
          .orderBy('user_id') // locked in one order, so that two never wait for each other
          .$castTo<{ app_id: string; user_id: string; uses_left: number | null; refilled_at: DbTime }>(),
      )
      .onConflict((conflict) => conflict.columns(['app_id', 'inviter_id']).doUpdateSet({ uses_left: raisedBy(p.add) }))
      .returning('inviter_id'),
  )

  /** Adds to the quotas there are what time has given them: what is granted on top may go beyond the cap. */
  function* settleJoined(joined: Joined, rule: QuotaRule, now: number): Operation<void> {
    const rows = yield* lockJoined(joined)
    const back = new Map<string | null, number>()
    if (rule.giveBack) {
      for (const { inviter_id: id, quota_back: uses } of yield* giveBackJoined({
        ...joined,
        now: dialect.encodeTime(now),
      })) {
        back.set(id, (back.get(id) ?? 0) + uses)
      }
    }
    const changed = rows.flatMap((row) => {
      const before = balanceOf(dialect, row)
      const { left, refilledAt } = more(balanceAt(before, rule, now), back.get(row.inviter_id) ?? 0)
      if (left === before.left && refilledAt === before.refilledAt) return []
      const key = { app_id: joined.appId, inviter_id: row.inviter_id }
      return { ...key, uses_left: left, refilled_at: dialect.encodeTime(refilledAt) }
    })
    yield* writeMany(changed)
  }

  /** Says how many they were. */
  function* grant(
    joined: Joined,
    { add, rule, now }: { readonly add: number; readonly rule: QuotaRule; readonly now: number },
  ): Operation<number> {
    if (rule.refill || rule.giveBack) yield* settleJoined(joined, rule, now)
    const { left } = more({ left: rule.start, refilledAt: now }, add)
    return (yield* grantJoined({ ...joined, left, add, now: dialect.encodeTime(now) })).length
  }

  return { grant }
}
