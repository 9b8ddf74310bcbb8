// Making invites, sending them again and revoking them.
import type { InviteChange, InviteKey, InviteRecord, NewInvite } from '../../src/store.js'
import type { DeliveryOperations } from './deliveries.js'
import { all, type Operation, prepare } from './operation.js'
import type { Place, ReadingOperations } from './reading.js'
import { fromNewInvite, type InviteRow } from './records.js'
import type { DbJson, DbTime, Dialect } from './schema.js'
import { hasUseLeft, isOpen } from './states.js'

export interface InviteOperations {
  createInvite(
    invite: NewInvite,
    deliveryId?: string,
  ): Operation<{ created: InviteRecord } | { existing: InviteRecord }>
  changeInvite(change: InviteChange): Operation<InviteRecord | 'over' | undefined>
  revokeInvite(request: InviteKey & { readonly now: number }): Operation<Revocation | undefined>
  revokeInvites(request: {
    readonly appId: string
    readonly inviterId?: string | undefined
    readonly now: number
  }): Operation<readonly InviteRecord[]>
  /** Revokes what stands in the way of a pending invite of this address, if that has expired. */
  makeRoom(place: Place, at: number): Operation<void>
  /** Revokes what is pending for this address, or expired without having been used. */
  closePlace(place: Place, at: number): Operation<InviteRecord | undefined>
}

const TRIES = 50 // of making an invite: whatever stands in its way may be gone, and another there, once it is looked at

interface Revocation {
  readonly invite: InviteRecord
  readonly revoked: boolean
}

export function inviteOperations(
  dialect: Dialect,
  reading: ReadingOperations,
  deliveries: DeliveryOperations,
): InviteOperations {
  const { db, tables } = dialect

  const revoke = prepare((p: { id: string; now: DbTime }) =>
    db
      .updateTable(tables.invites)
      .set({ revoked_at: p.now })
      .where('id', '=', p.id)
      .where('revoked_at', 'is', null)
      .where(hasUseLeft)
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

  const change = prepare(
    (p: {
      id: string
      role: string | null
      metadata: DbJson | null
      termMs: number | null
      expiresAt: DbTime | null
      codeHash: string
      codeSealed: string
      codeGeneration: number
      deliveryId: string | null
    }) =>
      db
        .updateTable(tables.invites)
        .set({
          role: p.role,
          metadata: p.metadata,
          term_ms: p.termMs,
          expires_at: p.expiresAt,
          code_hash: p.codeHash,
          code_sealed: p.codeSealed,
          code_generation: p.codeGeneration,
          delivery_id: p.deliveryId,
        })
        .where('id', '=', p.id)
        .where('revoked_at', 'is', null)
        .where(hasUseLeft)
        .returningAll(),
  )

  function* makeRoom(place: Place, at: number): Operation<void> {
    const holder = yield* reading.holderOf(place)
    if (holder === undefined || holder.expires_at === null || dialect.decodeTime(holder.expires_at) > at) return
    yield* revokeHolder(holder, at)
  }

  function* closePlace(place: Place, at: number): Operation<InviteRecord | undefined> {
    const holder = yield* reading.holderOf(place)
    const revoked = holder && (yield* revokeHolder(holder, at))
    return revoked && (yield* reading.withDelivery(revoked))
  }

  function* revokeHolder({ id }: InviteRow, at: number): Operation<InviteRow | undefined> {
    const now = dialect.encodeTime(at)
    const [revoked] = yield* revoke({ id, now })
    yield* deliveries.cancel({ inviteId: id, now })
    return revoked
  }

  function* createInvite(
    invite: NewInvite,
    deliveryId?: string,
  ): Operation<{ created: InviteRecord } | { existing: InviteRecord }> {
    const now = dialect.encodeTime(invite.createdAt)
    const values = fromNewInvite(dialect, invite, deliveryId)
    for (let tries = 0; tries < TRIES; tries++) {
      const [row] = yield* insert(values)
      if (row) {
        if (deliveryId !== undefined) yield* deliveries.insert({ id: deliveryId, inviteId: invite.id, now })
        return { created: yield* reading.withDelivery(row) }
      }
      const same = yield* reading.rowOf({ appId: invite.appId, inviteId: invite.id })
      if (same) return { created: yield* reading.withDelivery(same) }
      if (invite.emailCanonical === null) break
      const place = { appId: invite.appId, email: invite.emailCanonical, orgId: invite.orgId }
      yield* makeRoom(place, invite.createdAt)
      const holder = yield* reading.holderOf(place)
      if (holder) return { existing: yield* reading.withDelivery(holder) }
    }
    throw new Error(`An invite with the same code, or of another app with the id ${invite.id}, exists already.`)
  }

  function* changeInvite(request: InviteChange): Operation<InviteRecord | 'over' | undefined> {
    yield* reading.lock(request)
    const row = yield* reading.rowOf(request)
    if (row === undefined) return undefined
    const mails = request.deliveryId === undefined ? [] : yield* deliveries.find([request.deliveryId])
    if (mails.some((mail) => mail.invite_id === row.id)) return yield* reading.withDelivery(row)
    const { code, deliveryId, role = row.role, termMs = row.term_ms, metadata, expiresAt } = request
    const [changed] = yield* change({
      id: row.id,
      role,
      metadata: metadata === undefined ? row.metadata : metadata && dialect.encodeJson(metadata),
      termMs,
      expiresAt: expiresAt === undefined ? row.expires_at : expiresAt === null ? null : dialect.encodeTime(expiresAt),
      codeHash: code?.hash ?? row.code_hash,
      codeSealed: code?.sealed ?? row.code_sealed,
      codeGeneration: row.code_generation + (code ? 1 : 0),
      deliveryId: deliveryId ?? row.delivery_id,
    })
    if (changed === undefined) return 'over'
    if (deliveryId !== undefined) {
      const now = dialect.encodeTime(request.now)
      yield* deliveries.cancel({ inviteId: row.id, now })
      yield* deliveries.insert({ id: deliveryId, inviteId: row.id, now })
    }
    return yield* reading.withDelivery(changed)
  }

  function* revokeInvite(request: InviteKey & { readonly now: number }): Operation<Revocation | undefined> {
    const now = dialect.encodeTime(request.now)
    yield* reading.lock(request) // else an accept that is under way would be missing in what is returned
    const row = yield* reading.rowOf(request)
    if (row === undefined) return undefined
    const [revoked] = yield* revoke({ id: row.id, now })
    if (revoked) yield* deliveries.cancel({ inviteId: row.id, now })
    return { invite: yield* reading.withDelivery(revoked ?? row), revoked: revoked !== undefined }
  }

  function* revokeInvites(request: {
    readonly appId: string
    readonly inviterId?: string | undefined
    readonly now: number
  }): Operation<readonly InviteRecord[]> {
    const now = dialect.encodeTime(request.now)
    let which = db
      .selectFrom(tables.invites)
      .select('id')
      .where('app_id', '=', request.appId)
      .where(isOpen)
      .where('revoked_at', 'is', null)
      .where(hasUseLeft)
    if (request.inviterId !== undefined) which = which.where('inviter_id', '=', request.inviterId)
    if (dialect.rowLocks) which = which.orderBy('id').forUpdate() // in one order, so that two never wait for each other
    const update = db.updateTable(tables.invites).set({ revoked_at: now }).where('id', 'in', which)
    const revoked = yield* all(update.returningAll())
    for (const row of revoked) yield* deliveries.cancel({ inviteId: row.id, now })
    return yield* reading.withDeliveries(revoked)
  }

  return { createInvite, changeInvite, revokeInvite, revokeInvites, makeRoom, closePlace }
}
