// What an invite's row says of its state, in the words that the indexes have: a predicate matches an index only where it
// is spelled alike, without parameters.
import { type SqlBool, sql } from 'kysely'
import type { InviteStatus } from '../../src/types.js'

export const hasUseLeft = sql<SqlBool>`(max_uses is null or uses < max_uses)`
export const unused = sql<SqlBool>`uses = 0`

/**
 * The state as the indexes hold it. They cannot know the time, so what has a term is `ending`, over or not, until
 * housekeeping notes that its `expires_at` is past; moving that makes the note void.
 */
export const STATE =
  "case when revoked_at is not null then 'revoked' when uses >= max_uses then 'accepted' " +
  "when past_expiry = expires_at then 'expired' when expires_at is null then 'lasting' else 'ending' end"

/** The first letter of the address: what a list of all that start in some way is read by. */
export const INITIAL = 'substr(email_canonical, 1, 1)'

export type State = 'revoked' | 'accepted' | 'expired' | 'lasting' | 'ending'

/** Which states a status is found in; `ending` is of both that the time tells apart. */
export const statesOf: Readonly<Record<InviteStatus, readonly State[]>> = {
  revoked: ['revoked'],
  accepted: ['accepted'],
  expired: ['expired', 'ending'],
  pending: ['lasting', 'ending'],
}

export function isIn(state: State) {
  return sql<SqlBool>`${sql.raw(STATE)} = ${sql.lit(state)}`
}

/** Of what has a term: 0 where it may be noted as expired, once it is. In other words than `STATE`, so that no list is read by it. */
export const NOTED =
  'case when revoked_at is null and (max_uses is null or uses < max_uses) ' +
  'and (past_expiry is null or past_expiry <> expires_at) then 0 else 1 end'

export const isUnnoted = sql<SqlBool>`expires_at is not null and ${sql.raw(NOTED)} = 0`

/** Of what has a term: it was not revoked before that ended. */
export const LASTED = 'coalesce(revoked_at >= expires_at, true)'

/** All that has a term, in the words that the index begins with. */
export const hasTerm = sql<SqlBool>`expires_at is not null and ${sql.raw(NOTED)} in (0, 1)`

/** Neither used up nor revoked. */
export const isOpen = sql<SqlBool>`${sql.raw(STATE)} in ('expired', 'lasting', 'ending')`
