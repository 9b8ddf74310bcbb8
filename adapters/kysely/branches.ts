// Who invited whom: the tree of those who joined, found step by step from one of them.
import { type SqlBool, sql } from 'kysely'
import type { InviteStore, TreeResult } from '../../src/store.js'
import { all, type Operation } from './operation.js'
import type { Dialect } from './schema.js'

export interface BranchOperations {
  getTree(query: Query): Operation<TreeResult>
}

// An expression, so that SQLite does not take the column for the way in.
const isNamed = sql<SqlBool>`joined.user_id || '' is not null`

type Query = Parameters<InviteStore['getTree']>[0]

// Everybody is looked up from the one above: SQLite takes a cross join in the order that it is written in, and would
// otherwise read all of the app for each.

/** The ids of one user and of everybody below, to select from. Whom it has found it does not look at again. */
export function branchOf({ db, tables, textType }: Dialect, appId: string, rootId: string) {
  const collation = sql.raw(textType.slice('text'.length)) // of the columns: a recursive query has no other
  return db
    .withRecursive('branch', (cte) =>
      cte
        .selectNoFrom(sql<string>`cast(${rootId} as text)${collation}`.as('user_id'))
        .union(
          cte
            .selectFrom('branch')
            .crossJoin(`${tables.acceptances} as joined`)
            .select(sql<string>`joined.user_id`.as('user_id'))
            .where(sql<SqlBool>`joined.inviter_id = branch.user_id`)
            .where('joined.app_id', '=', appId)
            .where(isNamed)
            .where('joined.reopened_at', 'is', null),
        ),
    )
    .selectFrom('branch')
    .select('branch.user_id')
}

export function branchOperations({ db, tables }: Dialect): BranchOperations {
  const joinedOf = (appId: string) =>
    db
      .selectFrom(`${tables.acceptances} as joined`)
      .where('joined.app_id', '=', appId)
      .where(isNamed)
      .where('joined.reopened_at', 'is', null)

  /** Each user once. The depth ends what would go round in a circle. */
  function usersOf({ appId, rootId, depth }: Query) {
    return db
      .withRecursive('steps', () =>
        joinedOf(appId)
          .where('joined.inviter_id', '=', rootId)
          .select([
            sql<string>`joined.user_id`.as('user_id'),
            sql<string>`joined.inviter_id`.as('inviter_id'),
            sql<number>`1`.as('depth'),
          ])
          .union(
            db
              .selectFrom(sql<{ user_id: string; depth: number }>`steps`.as('steps'))
              .crossJoin(`${tables.acceptances} as joined`)
              .where(sql<SqlBool>`joined.inviter_id = steps.user_id`)
              .where('joined.app_id', '=', appId)
              .where(isNamed)
              .where('joined.reopened_at', 'is', null)
              .where('steps.depth', '<', depth)
              .select([
                sql<string>`joined.user_id`.as('user_id'),
                sql<string>`joined.inviter_id`.as('inviter_id'),
                sql<number>`steps.depth + 1`.as('depth'),
              ]),
          ),
      )
      .with('ranked', (cte) =>
        cte
          .selectFrom('steps')
          .select([
            'user_id',
            'inviter_id',
            'depth',
            sql<number>`row_number() over (partition by user_id order by depth, inviter_id)`.as('place'),
          ])
          .where('user_id', '<>', rootId),
      )
      .selectFrom('ranked')
      .where('place', '=', 1)
  }

  function* getTree(query: Query): Operation<TreeResult> {
    const levels = yield* all(
      usersOf(query)
        .select((eb) => ['depth', eb.fn.countAll<number>().as('count')])
        .groupBy('depth')
        .orderBy('depth'),
    )
    const users = yield* all(
      usersOf(query)
        .select(['user_id', 'inviter_id', 'depth'])
        .select(
          joinedOf(query.appId)
            .where(sql<SqlBool>`joined.inviter_id = ranked.user_id`)
            .select(sql<number>`count(distinct joined.user_id)`.as('count'))
            .as('joined'),
        )
        .orderBy('depth')
        .orderBy('user_id')
        .limit(query.limit),
    )
    return {
      levels: levels.map(({ count }) => Number(count)),
      users: users.map((row) => ({
        userId: row.user_id,
        inviterId: row.inviter_id,
        depth: row.depth,
        joined: Number(row.joined),
      })),
    }
  }

  return { getTree }
}
