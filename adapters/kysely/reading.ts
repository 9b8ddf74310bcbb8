// Finding invites, each with its newest mail.
import { type SqlBool, sql } from 'kysely'
import type { InviteKey, InviteRecord } from '../../src/store.js'
import type { DeliveryOperations } from './deliveries.js'
import { type Operation, prepare } from './operation.js'
import { type InviteRow, toDelivery, toInvite } from './records.js'
import type { Dialect } from './schema.js'
import { unused } from './states.js'

/** An app, an organization and an address: at most one pending invite is for it. */
export interface Place {
  readonly appId: string
  readonly email: string
  readonly orgId: string | null
}

export interface ReadingOperations {
  findInvite(key: InviteKey): Operation<InviteRecord | undefined>
  rowOf(key: InviteKey): Operation<InviteRow | undefined>
  /** Keeps every other transaction from the invite until this one ends, claims and uses included. */
  lock(which: { readonly inviteId: string }): Operation<void>
  /** The invite that keeps others from this place, locked: a pending one, or one that expired unused. */
  holderOf(place: Place): Operation<InviteRow | undefined>
  withDelivery(row: InviteRow): Operation<InviteRecord>
  withDeliveries(rows: readonly InviteRow[]): Operation<readonly InviteRecord[]>
}

export function readingOperations(dialect: Dialect, deliveries: DeliveryOperations): ReadingOperations {
  const { db, tables } = dialect

  const byId = prepare((p: { appId: string; id: string }) =>
    db.selectFrom(tables.invites).selectAll().where('app_id', '=', p.appId).where('id', '=', p.id),
  )

  const lockById = prepare((p: { inviteId: string }) =>
    db.selectFrom(tables.invites).select('id').where('id', '=', p.inviteId).forUpdate(),
  )

  // The rows of the unique index on pending invites; as in its predicate, the 0 is no parameter.
  const byPlace = prepare((p: Place) =>
    db
      .selectFrom(tables.invites)
      .selectAll()
      .where('app_id', '=', p.appId)
      .where('email_canonical', '=', p.email)
      .where(sql<SqlBool>`coalesce(org_id, '') = coalesce(${p.orgId}, '')`)
      .where('revoked_at', 'is', null)
      .where(unused)
      .$if(dialect.rowLocks, (query) => query.forUpdate()),
  )

  function* rowOf(key: InviteKey): Operation<InviteRow | undefined> {
    return (yield* byId({ appId: key.appId, id: key.inviteId }))[0]
  }

  function* lock(which: { readonly inviteId: string }): Operation<void> {
    if (dialect.rowLocks) yield* lockById(which)
  }

  function* holderOf(place: Place): Operation<InviteRow | undefined> {
    return (yield* byPlace(place))[0]
  }

  function* withDelivery(row: InviteRow): Operation<InviteRecord> {
    const [delivery] = row.delivery_id === null ? [] : yield* deliveries.find([row.delivery_id])
    return toInvite(dialect, row, delivery ? toDelivery(dialect, delivery) : null)
  }

  function* findInvite(key: InviteKey): Operation<InviteRecord | undefined> {
    const row = yield* rowOf(key)
    return row && (yield* withDelivery(row))
  }

  function* withDeliveries(rows: readonly InviteRow[]): Operation<readonly InviteRecord[]> {
    const mails = yield* deliveries.find(rows.flatMap((row) => row.delivery_id ?? []))
    const mailOf = new Map(mails.map((mail) => [mail.id, toDelivery(dialect, mail)]))
    return rows.map((row) => toInvite(dialect, row, mailOf.get(row.delivery_id ?? '') ?? null))
  }

  return {
    findInvite,
    rowOf,
    lock,
    holderOf,
    withDelivery,
    withDeliveries,
  }
}
