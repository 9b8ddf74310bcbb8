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
  findInviteByCode(query: { readonly appId: string; readonly codeHash: string }): Operation<InviteRecord | undefined>
  rowOf(key: InviteKey): Operation<InviteRow | undefined>
  /** Keeps every other transaction from the invite until this one ends, claims and uses included. */
  lock(which: { readonly inviteId: string }): Operation<void>
  /** As `lock`, and keeps every other transaction from the invite of this address beside it, if there is one. */
  lockWithSibling(which: InviteKey & { readonly email: string }): Operation<void>
  /** As `lock`, by the code of an invite that is not revoked. */
  lockCode(which: { readonly appId: string; readonly codeHash: string }): Operation<void>
  /** The invite of this code, unless revoked. */
  rowOfCode(query: { readonly appId: string; readonly codeHash: string }): Operation<InviteRow | undefined>
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

  const byCode = prepare((p: { appId: string; codeHash: string }) =>
    db
      .selectFrom(tables.invites)
      .selectAll()
      .where('app_id', '=', p.appId)
      .where('code_hash', '=', p.codeHash)
      .where('revoked_at', 'is', null),
  )

  const lockById = prepare((p: { inviteId: string }) =>
    db.selectFrom(tables.invites).select('id').where('id', '=', p.inviteId).forUpdate(),
  )

  const siblingOf = prepare(
    (p: { appId: string; inviteId: string; email: string }) =>
      db
        .selectFrom(`${tables.invites} as own`)
        .innerJoin(`${tables.invites} as other`, 'other.app_id', 'own.app_id')
        .select('other.id')
        .where('own.id', '=', p.inviteId)
        .where('own.app_id', '=', p.appId)
        .where('own.email_canonical', 'is', null)
        .where('other.email_canonical', '=', p.email)
        .where(sql<SqlBool>`coalesce(other.org_id, '') = coalesce(own.org_id, '')`)
        .where('other.revoked_at', 'is', null)
        .where(sql<SqlBool>`other.uses = 0`), // as the unique index has it: a parameter would not match
  )

  const lockBoth = prepare((p: { inviteId: string; siblingId: string }) =>
    db.selectFrom(tables.invites).select('id').where('id', 'in', [p.inviteId, p.siblingId]).orderBy('id').forUpdate(),
  )

  const lockByCode = prepare((p: { appId: string; codeHash: string }) =>
    db
      .selectFrom(tables.invites)
      .select('id')
      .where('app_id', '=', p.appId)
      .where('code_hash', '=', p.codeHash)
      .where('revoked_at', 'is', null)
      .forUpdate(),
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

  // In the order of all that lock several, so that no two wait for each other. Should another one have taken the
  // sibling's place by then, `holderOf` locks that out of order: a deadlock it could come to is retried.
  function* lockWithSibling(which: InviteKey & { readonly email: string }): Operation<void> {
    if (!dialect.rowLocks) return
    const [sibling] = yield* siblingOf(which)
    if (sibling === undefined) yield* lockById(which)
    else yield* lockBoth({ inviteId: which.inviteId, siblingId: sibling.id })
  }

  function* lockCode(which: { readonly appId: string; readonly codeHash: string }): Operation<void> {
    if (dialect.rowLocks) yield* lockByCode(which)
  }

  function* rowOfCode(query: { readonly appId: string; readonly codeHash: string }): Operation<InviteRow | undefined> {
    return (yield* byCode(query))[0]
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

  function* findInviteByCode(query: {
    readonly appId: string
    readonly codeHash: string
  }): Operation<InviteRecord | undefined> {
    const row = yield* rowOfCode(query)
    return row && toInvite(dialect, row, null)
  }

  function* withDeliveries(rows: readonly InviteRow[]): Operation<readonly InviteRecord[]> {
    const mails = yield* deliveries.find(rows.flatMap((row) => row.delivery_id ?? []))
    const mailOf = new Map(mails.map((mail) => [mail.id, toDelivery(dialect, mail)]))
    return rows.map((row) => toInvite(dialect, row, mailOf.get(row.delivery_id ?? '') ?? null))
  }

  return {
    findInvite,
    findInviteByCode,
    rowOf,
    lock,
    lockWithSibling,
    lockCode,
    rowOfCode,
    holderOf,
    withDelivery,
    withDeliveries,
  }
}
