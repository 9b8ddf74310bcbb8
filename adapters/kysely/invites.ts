// Making, finding, listing, sending again and revoking invites.
import { type Expression, type SqlBool, sql } from 'kysely'
import type { InviteKey, InviteRecord, ListInvites, NewInvite, ReissueRequest } from '../../src/store.js'
import type { InviteStatus } from '../../src/types.js'
import type { DeliveryOperations } from './deliveries.js'
import { all, type Operation, prepare } from './operation.js'
import { fromNewInvite, type InviteRow, toDelivery, toInvite } from './records.js'
import type { DbTime, Dialect } from './schema.js'

export interface InviteOperations {
  createInvite(
    invite: NewInvite,
    deliveryId?: string,
  ): Operation<{ created: InviteRecord } | { existing: InviteRecord }>
  findInvite(key: InviteKey): Operation<InviteRecord | undefined>
  findInviteByCode(query: { readonly appId: string; readonly codeHash: string }): Operation<InviteRecord | undefined>
  listInvites(query: ListInvites): Operation<readonly InviteRecord[]>
  reissueInvite(request: ReissueRequest): Operation<InviteRecord | 'over' | undefined>
  revokeInvite(request: InviteKey & { readonly now: number }): Operation<Revocation | undefined>
  /** Revokes what stands in the way of a pending invite of this address, if that has expired. */
  makeRoom(place: { appId: string; email: string; orgId: string | null }, at: number): Operation<void>
}

interface Revocation {
  readonly invite: InviteRecord
  readonly revoked: boolean
}

export function inviteOperations(dialect: Dialect, deliveries: DeliveryOperations): InviteOperations {
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

  // The rows of the unique index on pending invites.
  const pendingOf = prepare((p: { appId: string; email: string; orgId: string | null }) =>
    db
      .selectFrom(tables.invites)
      .selectAll()
      .where('app_id', '=', p.appId)
      .where('email_canonical', '=', p.email)
      .where(sql<SqlBool>`coalesce(org_id, '') = coalesce(${p.orgId}, '')`)
      .where('revoked_at', 'is', null)
      .where('uses', '=', 0),
  )

  const revoke = prepare((p: { id: string; now: DbTime }) =>
    db
      .updateTable(tables.invites)
      .set({ revoked_at: p.now })
      .where('id', '=', p.id)
      .where('revoked_at', 'is', null)
      .where(sql<SqlBool>`(max_uses is null or uses < max_uses)`)
      .returningAll(),
  )

  const insert = prepare((p: InviteRow) =>
    db
      .insertInto(tables.invites)
      .values({
        id: p.id,
        app_id: p.app_id,
        email: p.email,
        email_canonical: p.email_canonical,
        email_at: p.email_at,
        email_domain: p.email_domain,
        code_hash: p.code_hash,
        code_sealed: p.code_sealed,
        code_generation: p.code_generation,
        role: p.role,
        org_id: p.org_id,
        inviter_id: p.inviter_id,
        inviter_email: p.inviter_email,
        inviter_name: p.inviter_name,
        message: p.message,
        locale: p.locale,
        metadata: p.metadata,
        max_uses: p.max_uses,
        uses: p.uses,
        held: p.held,
        created_at: p.created_at,
        term_ms: p.term_ms,
        expires_at: p.expires_at,
        revoked_at: p.revoked_at,
        delivery_id: p.delivery_id,
      })
      .onConflict((conflict) => conflict.doNothing())
      .returningAll(),
  )

  const reissue = prepare(
    (p: {
      id: string
      expiresAt: DbTime | null
      codeHash: string
      codeSealed: string
      codeGeneration: number
      deliveryId: string | null
    }) =>
      db
        .updateTable(tables.invites)
        .set({
          expires_at: p.expiresAt,
          code_hash: p.codeHash,
          code_sealed: p.codeSealed,
          code_generation: p.codeGeneration,
          delivery_id: p.deliveryId,
        })
        .where('id', '=', p.id)
        .where('revoked_at', 'is', null)
        .where(sql<SqlBool>`(max_uses is null or uses < max_uses)`)
        .returningAll(),
  )

  function* withDelivery(row: InviteRow | undefined): Operation<InviteRecord | undefined> {
    if (row === undefined) return undefined
    const [delivery] = row.delivery_id === null ? [] : yield* deliveries.find([row.delivery_id])
    return toInvite(dialect, row, delivery ? toDelivery(dialect, delivery) : null)
  }

  function* makeRoom(place: { appId: string; email: string; orgId: string | null }, at: number): Operation<void> {
    const [pending] = yield* pendingOf(place)
    if (pending === undefined || pending.expires_at === null || dialect.decodeTime(pending.expires_at) > at) return
    const now = dialect.encodeTime(at)
    yield* revoke({ id: pending.id, now })
    yield* deliveries.cancel({ inviteId: pending.id, now })
  }

  function* createInvite(
    invite: NewInvite,
    deliveryId?: string,
  ): Operation<{ created: InviteRecord } | { existing: InviteRecord }> {
    const now = dialect.encodeTime(invite.createdAt)
    if (invite.emailCanonical !== null) {
      yield* makeRoom({ appId: invite.appId, email: invite.emailCanonical, orgId: invite.orgId }, invite.createdAt)
    }
    const [row] = yield* insert(fromNewInvite(dialect, invite, deliveryId))
    if (row === undefined) return { existing: yield* existing(invite) }
    if (deliveryId !== undefined) yield* deliveries.insert({ id: deliveryId, inviteId: invite.id, now })
    const created = yield* withDelivery(row)
    return { created: created ?? toInvite(dialect, row, null) }
  }

  function* existing(invite: NewInvite): Operation<InviteRecord> {
    const email = invite.emailCanonical ?? ''
    const [pending] = yield* pendingOf({ appId: invite.appId, email, orgId: invite.orgId })
    const record = yield* withDelivery(pending)
    if (record === undefined) throw new Error(`An invite with the id ${invite.id} or the same code exists already.`)
    return record
  }

  function* findInvite(key: InviteKey): Operation<InviteRecord | undefined> {
    const [row] = yield* byId({ appId: key.appId, id: key.inviteId })
    return yield* withDelivery(row)
  }

  function* findInviteByCode(query: {
    readonly appId: string
    readonly codeHash: string
  }): Operation<InviteRecord | undefined> {
    const [row] = yield* byCode(query)
    return row && toInvite(dialect, row, null)
  }

  function* listInvites(query: ListInvites): Operation<readonly InviteRecord[]> {
    const now = dialect.encodeTime(query.now)
    let select = db.selectFrom(tables.invites).selectAll().where('app_id', '=', query.appId)
    if (query.inviterId !== undefined) select = select.where('inviter_id', '=', query.inviterId)
    if (query.domain !== undefined) select = select.where('email_at', '=', query.domain)
    if (query.emailPrefix !== undefined) {
      const end = `${query.emailPrefix}\u{10FFFF}` // sorts after everything that starts with the prefix
      select = select.where('email_canonical', '>=', query.emailPrefix).where('email_canonical', '<', end)
    }
    const { after } = query
    if (after)
      select = select.where((eb) =>
        eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(dialect.encodeTime(after.at), after.id)),
      )
    const rows = yield* all(
      select
        .where((eb) => eb.or(query.statuses.map((status) => hasStatus(status, now))))
        .orderBy('created_at', 'desc')
        .orderBy('id', 'desc')
        .limit(query.limit),
    )
    const mails = yield* deliveries.find(rows.flatMap((row) => row.delivery_id ?? []))
    const mailOf = new Map(mails.map((mail) => [mail.id, toDelivery(dialect, mail)]))
    return rows.map((row) => toInvite(dialect, row, mailOf.get(row.delivery_id ?? '') ?? null))
  }

  function* reissueInvite(request: ReissueRequest): Operation<InviteRecord | 'over' | undefined> {
    const now = dialect.encodeTime(request.now)
    const [row] = yield* byId({ appId: request.appId, id: request.inviteId })
    if (row === undefined) return undefined
    const [changed] = yield* reissue({
      id: row.id,
      expiresAt: request.expiresAt === null ? null : dialect.encodeTime(request.expiresAt),
      codeHash: request.code?.hash ?? row.code_hash,
      codeSealed: request.code?.sealed ?? row.code_sealed,
      codeGeneration: row.code_generation + (request.code ? 1 : 0),
      deliveryId: request.deliveryId ?? row.delivery_id,
    })
    if (changed === undefined) return 'over'
    if (request.deliveryId !== undefined) {
      yield* deliveries.cancel({ inviteId: row.id, now })
      yield* deliveries.insert({ id: request.deliveryId, inviteId: row.id, now })
    }
    return yield* withDelivery(changed)
  }

  function* revokeInvite(request: InviteKey & { readonly now: number }): Operation<Revocation | undefined> {
    const now = dialect.encodeTime(request.now)
    const [row] = yield* byId({ appId: request.appId, id: request.inviteId })
    if (row === undefined) return undefined
    const [revoked] = yield* revoke({ id: row.id, now })
    if (revoked) yield* deliveries.cancel({ inviteId: row.id, now })
    const invite = yield* withDelivery(revoked ?? row)
    return invite && { invite, revoked: revoked !== undefined }
  }

  return { createInvite, findInvite, findInviteByCode, listInvites, reissueInvite, revokeInvite, makeRoom }
}

function hasStatus(status: InviteStatus, now: DbTime): Expression<SqlBool> {
  const conditions = {
    revoked: sql<SqlBool>`(revoked_at is not null)`,
    accepted: sql<SqlBool>`(revoked_at is null and max_uses is not null and uses >= max_uses)`,
    expired: sql<SqlBool>`(revoked_at is null and (max_uses is null or uses < max_uses) and expires_at is not null and expires_at <= ${now})`,
    pending: sql<SqlBool>`(revoked_at is null and (max_uses is null or uses < max_uses) and (expires_at is null or expires_at > ${now}))`,
  }
  return conditions[status]
}
