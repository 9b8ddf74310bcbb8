// Making invites, and sending them again.
import type {
  CreateInviteOptions,
  InviteChange,
  InviteStore,
  LogNote,
  MailCount,
  NewInvite,
  QuotaKey,
} from '../../src/store.js'
import type { DeliveryOperations } from './deliveries.js'
import type { LogOperations } from './log.js'
import type { MailOperations } from './mails.js'
import { type Operation, prepare } from './operation.js'
import type { PausingOperations } from './pausing.js'
import type { QuotaOperations } from './quotas.js'
import type { ReadingOperations } from './reading.js'
import { fromNewInvite, type InviteRow } from './records.js'
import type { RevokingOperations } from './revoking.js'
import type { DbJson, DbTime, Dialect } from './schema.js'
import { hasUseLeft } from './states.js'

export interface InviteOperations {
  createInvite(invite: NewInvite, deliveryId?: string, options?: CreateInviteOptions): Operation<Created>
  changeInvite(change: InviteChange): Operation<Changed>
}

const TRIES = 50 // of making an invite: whatever stands in its way may be gone, and another there, once it is looked at

type Created = Awaited<ReturnType<InviteStore['createInvite']>>
type Changed = Awaited<ReturnType<InviteStore['changeInvite']>>

/** What is made beside an invite. */
interface Beside {
  readonly deliveryId: string | undefined
  /** What that mail counts for. */
  readonly counts: readonly MailCount[]
  /** What its inviter's quota gets back for it. */
  readonly cost: number
  readonly note: LogNote | undefined
}

export function inviteOperations(
  dialect: Dialect,
  {
    reading,
    revoking,
    deliveries,
    quotas,
    pausing,
    mails,
    log,
  }: {
    reading: ReadingOperations
    revoking: RevokingOperations
    deliveries: DeliveryOperations
    quotas: QuotaOperations
    pausing: PausingOperations
    mails: MailOperations
    log: LogOperations
  },
): InviteOperations {
  const { db, tables } = dialect

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
        once_per_person: p.once_per_person,
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
        source: p.source,
        max_uses: p.max_uses,
        uses: p.uses,
        held: p.held,
        created_at: p.created_at,
        term_ms: p.term_ms,
        expires_at: p.expires_at,
        revoked_at: p.revoked_at,
        delivery_id: p.delivery_id,
        quota_cost: p.quota_cost,
      })
      .onConflict((conflict) => conflict.doNothing())
      .returningAll(),
  )

  const byCode = prepare((p: { codeHash: string }) =>
    db.selectFrom(tables.invites).select('id').where('code_hash', '=', p.codeHash),
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
      quotaCost: number
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
          quota_cost: p.quotaCost,
          quota_back: 0,
        })
        .where('id', '=', p.id)
        .where('revoked_at', 'is', null)
        .where(hasUseLeft)
        .returningAll(),
  )

  function* createInvite(
    invite: NewInvite,
    deliveryId?: string,
    { charge, note, mails: counted = [] }: CreateInviteOptions = {},
  ): Operation<Created> {
    if (yield* isPaused(invite)) {
      const same = yield* reading.rowOf({ appId: invite.appId, inviteId: invite.id })
      return same ? { created: yield* reading.withDelivery(same) } : { paused: true }
    }
    const beside = { deliveryId, counts: deliveryId === undefined ? [] : counted, cost: 0, note }
    if (charge === undefined) return (yield* insertInvite(invite, beside)).result
    const { taken, state } = yield* quotas.take({ ...charge, uses: invite.maxUses, now: invite.createdAt })
    if (!taken) {
      const same = yield* reading.rowOf({ appId: invite.appId, inviteId: invite.id })
      return same ? { created: yield* reading.withDelivery(same) } : { exceeded: state }
    }
    const uses = state.left === null ? 0 : (invite.maxUses ?? 0)
    const cost = state.rule.giveBack ? uses : 0
    const { result, isNew } = yield* insertInvite(invite, { ...beside, cost })
    if (!isNew) yield* quotas.putBack({ ...charge, uses })
    return result
  }

  function* insertInvite(
    invite: NewInvite,
    { deliveryId, counts, cost, note }: Beside,
  ): Operation<{ readonly result: Created; readonly isNew: boolean }> {
    const now = dialect.encodeTime(invite.createdAt)
    const counted = yield* mails.lockCounts(counts, invite.createdAt)
    if (counted.exceeded !== undefined) {
      const same = yield* reading.rowOf({ appId: invite.appId, inviteId: invite.id })
      const result = same ? { created: yield* reading.withDelivery(same) } : { limited: counted.exceeded }
      return { result, isNew: false }
    }
    const values = { ...fromNewInvite(dialect, invite, deliveryId), quota_cost: cost }
    for (let tries = 0; tries < TRIES; tries++) {
      const [row] = yield* insert(values)
      if (row) {
        if (deliveryId !== undefined) yield* deliveries.insert({ id: deliveryId, inviteId: invite.id, now })
        yield* counted.add()
        yield* log.logInvite(note, row, invite.createdAt)
        return { result: { created: yield* reading.withDelivery(row) }, isNew: true }
      }
      const same = yield* reading.rowOf({ appId: invite.appId, inviteId: invite.id })
      if (same) return { result: { created: yield* reading.withDelivery(same) }, isNew: false }
      const [taken] = yield* byCode({ codeHash: invite.codeHash })
      if (taken) return { result: { codeTaken: true }, isNew: false }
      if (invite.emailCanonical === null) break
      const place = { appId: invite.appId, email: invite.emailCanonical, orgId: invite.orgId }
      yield* revoking.makeRoom(place, invite.createdAt, note)
      const holder = yield* reading.holderOf(place)
      if (holder) return { result: { existing: yield* reading.withDelivery(holder) }, isNew: false }
    }
    throw new Error(`An invite of another app with the id ${invite.id} exists already.`)
  }

  function* isPaused({ appId, inviterId }: Pick<NewInvite, 'appId' | 'inviterId'>): Operation<boolean> {
    return inviterId !== null && (yield* pausing.findPause({ appId, inviterId })) !== null
  }

  function* changeInvite(request: InviteChange): Operation<Changed> {
    const quota = yield* lockQuota(request)
    const counts = request.deliveryId === undefined ? [] : (request.mails ?? [])
    const counted = yield* mails.lockCounts(counts, request.now)
    yield* reading.lock(request)
    const row = yield* reading.rowOf(request)
    if (row === undefined) return undefined
    const same = request.deliveryId === undefined ? [] : yield* deliveries.find([request.deliveryId])
    if (same.some((mail) => mail.invite_id === row.id)) return yield* reading.withDelivery(row)
    if (request.deliveryId !== undefined && (yield* isPaused({ ...request, inviterId: row.inviter_id })))
      return 'paused'
    const { code, deliveryId, role = row.role, termMs = row.term_ms, metadata, expiresAt } = request
    if (counted.exceeded !== undefined) {
      return row.revoked_at === null && (row.max_uses === null || row.uses < row.max_uses)
        ? { limited: counted.exceeded }
        : 'over'
    }
    const isRevived = expiresAt !== undefined && row.quota_back > 0
    if (isRevived && quota) {
      const { taken } = yield* quotas.take({ ...quota, uses: row.quota_back, now: request.now })
      if (!taken) return 'quota_exceeded'
    }
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
      quotaCost: isRevived && quota ? row.quota_back : row.quota_cost,
    })
    if (changed === undefined) return 'over'
    yield* log.logInvite(request.note, changed, request.now)
    if (deliveryId !== undefined) {
      const now = dialect.encodeTime(request.now)
      yield* deliveries.cancel({ inviteId: row.id, now })
      yield* deliveries.insert({ id: deliveryId, inviteId: row.id, now })
      yield* counted.add()
    }
    return yield* reading.withDelivery(changed)
  }

  /** Locks the quota that a revived invite is paid from, before the invite itself: in the order that `take` has. */
  function* lockQuota({ defaultQuota, expiresAt, now, ...key }: InviteChange): Operation<QuotaKey | undefined> {
    if (defaultQuota === undefined || expiresAt === undefined) return undefined
    const { appId } = key
    const inviterId = (yield* reading.rowOf(key))?.inviter_id
    if (inviterId == null) return undefined
    yield* quotas.take({ appId, inviterId, defaultQuota, uses: 0, now })
    return { appId, inviterId, defaultQuota }
  }

  return { createInvite, changeInvite }
}
