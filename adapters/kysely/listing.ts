// Listing invites, a page at a time, newest first.
//
// A page is merged from one list a state, each read in the order of an index from where the cursor stands. Two kinds of
// rows have no index in that order: those whose address starts in some way, and those that have expired since
// housekeeping came by. Where they are few they are sorted; where many, a list is read until the page is full.
import { type SqlBool, sql } from 'kysely'
import type { InviteRecord, ListInvites } from '../../src/store.js'
import type { InviteStatus } from '../../src/types.js'
import { all, type Operation } from './operation.js'
import type { ReadingOperations } from './reading.js'
import type { InviteRow } from './records.js'
import type { Dialect } from './schema.js'
import { hasUseLeft, INITIAL, isIn, isUnnoted, type State, statesOf } from './states.js'

export interface ListingOperations {
  listInvites(query: ListInvites): Operation<readonly InviteRecord[]>
}

const FEW = 2000 // where more of a million start so, a page of 50 is full within some thousand of the same initial

export function listingOperations(dialect: Dialect, reading: ReadingOperations): ListingOperations {
  const { db, tables } = dialect
  const invites = () => db.selectFrom(tables.invites)

  /** What is asked for of these rows, whatever its status. */
  function matching(rows: ReturnType<typeof invites>, { appId, inviterId, domain, after }: ListInvites) {
    let select = rows.where('app_id', '=', appId)
    if (inviterId !== undefined) select = select.where('inviter_id', '=', inviterId)
    if (domain !== undefined) select = select.where('email_at', '=', domain)
    if (after === undefined) return select
    return select.where(sql<SqlBool>`(created_at, id) < (${dialect.encodeTime(after.at)}, ${after.id})`)
  }

  function isStatus(status: InviteStatus, now: number) {
    const time = dialect.encodeTime(now)
    return {
      revoked: sql<SqlBool>`revoked_at is not null`,
      accepted: sql<SqlBool>`(revoked_at is null and max_uses is not null and uses >= max_uses)`,
      expired: sql<SqlBool>`(revoked_at is null and ${hasUseLeft} and expires_at <= ${time})`,
      pending: sql<SqlBool>`(revoked_at is null and ${hasUseLeft} and (expires_at is null or expires_at > ${time}))`,
    }[status]
  }

  /** Those of one state that have one of the statuses asked for. */
  function listOf(state: State, query: ListInvites) {
    const list = matching(invites(), query).where(isIn(state))
    const starting =
      query.emailPrefix === undefined
        ? list
        : list.where(startsWith(query.emailPrefix)).where(hasInitial(query.emailPrefix))
    const [status, ...others] = query.statuses.filter((each) => statesOf[each].includes(state))
    return others.length > 0 || status === undefined ? starting : starting.where(isStatus(status, query.now))
  }

  const starting = ({ appId, emailPrefix = '' }: ListInvites) =>
    invites()
      .where('app_id', '=', appId)
      .where('email_canonical', '>=', emailPrefix)
      .where('email_canonical', '<', endOf(emailPrefix))
      .orderBy('email_canonical')

  const expiredUnnoted = ({ now }: ListInvites) =>
    invites().where('expires_at', '<=', dialect.encodeTime(now)).where(isUnnoted).orderBy('expires_at')

  function* areFew(select: ReturnType<typeof invites>): Operation<boolean> {
    const some = select.select('id').limit(FEW + 1)
    const [found] = yield* all(db.selectFrom(some.as('some')).select((eb) => eb.fn.countAll<number>().as('count')))
    return (found?.count ?? 0) <= FEW
  }

  /** Of few rows, found by an index of another order: the limit keeps the database from finding them in its own way. */
  function ofFew(select: ReturnType<typeof invites>, query: ListInvites) {
    const found = db.selectFrom(select.selectAll().limit(FEW).as('found'))
    return matching(found as unknown as ReturnType<typeof invites>, query) // it has all their columns
  }

  /** Each list by itself in order: only so Postgres reads each by its index, and no further than it must. */
  function merged(lists: readonly ReturnType<typeof invites>[], { limit }: ListInvites) {
    const [first, ...rest] = lists.map((list) =>
      db
        .selectFrom(list.selectAll().orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit).as('list'))
        .selectAll(),
    )
    return rest.reduce((all, next) => all?.unionAll(next), first)
  }

  function* listsFor(query: ListInvites): Operation<readonly ReturnType<typeof invites>[]> {
    if (query.emailPrefix !== undefined && (yield* areFew(starting(query)))) {
      const wanted = query.statuses.map((status) => isStatus(status, query.now))
      return [ofFew(starting(query), query).where((eb) => eb.or(wanted))]
    }
    const states = [...new Set(query.statuses.flatMap((status) => statesOf[status]))]
    const skipsPending = states.includes('expired') && !states.includes('lasting')
    const sortsExpired = skipsPending && (yield* areFew(expiredUnnoted(query)))
    return states.map((state) => {
      if (state !== 'ending' || !sortsExpired) return listOf(state, query)
      const list = ofFew(expiredUnnoted(query), query)
      return query.emailPrefix === undefined ? list : list.where(startsWith(query.emailPrefix))
    })
  }

  function* listInvites(query: ListInvites): Operation<readonly InviteRecord[]> {
    const select = merged(yield* listsFor(query), query)
    if (select === undefined) return []
    const rows: readonly InviteRow[] = yield* all(
      select.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(query.limit),
    )
    return yield* reading.withDeliveries(rows)
  }

  return { listInvites }
}

// Two expressions, so that SQLite does not take the column for the way in, nor Postgres the two for a narrow range: where
// a list is read for this, many of it match.
const startsWith = (prefix: string) =>
  sql<SqlBool>`(email_canonical is not null and email_canonical || '' >= ${prefix} and coalesce(email_canonical, '') < ${endOf(prefix)})`

// Spelled as the index has it.
const hasInitial = (prefix: string) => {
  const [initial] = prefix
  return initial === undefined ? sql<SqlBool>`true` : sql<SqlBool>`${sql.raw(INITIAL)} = ${initial}`
}

/** Sorts after everything that starts with the prefix. */
function endOf(prefix: string): string {
  return `${prefix}\u{10FFFF}`
}
