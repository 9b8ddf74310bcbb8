// Changing invites, and sending them again.
import type { InviteChange, InviteStore, QuotaKey } from '../../src/store.js'
import type { DeliveryOperations } from './deliveries.js'
import type { LogOperations } from './log.js'
import type { MailOperations } from './mails.js'
import { type Operation, prepare } from './operation.js'
import type { PausingOperations } from './pausing.js'
import type { QuotaOperations } from './quotas.js'
import type { ReadingOperations } from './reading.js'
import type { DbJson, DbTime, Dialect } from './schema.js'
import { hasUseLeft } from './states.js'

export interface ChangingOperations {
  changeInvite(change: InviteChange): Operation<Changed>
}

type Changed = Awaited<ReturnType<InviteStore['changeInvite']>>

export function changingOperations(
  dialect: Dialect,
  {
    reading,
    deliveries,
    quotas,
    pausing,
    mails,
    log,
  }: {
    reading: ReadingOperations
    deliveries: DeliveryOperations
    quotas: QuotaOperations
    pausing: PausingOperations
    mails: MailOperations
    log: LogOperations
  },
): ChangingOperations {
  const { db, tables } = dialect

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

  function* changeInvite(request: InviteChange): Operation<Changed> {
    const quota = yield* lockQuota(request)
    const counts = request.deliveryId === undefined ? [] : (request.mails ?? [])
    const counted = yield* mails.lockCounts(counts, request.now)
    yield* reading.lock(request)
    const row = yield* reading.rowOf(request)
    if (row === undefined) return undefined
    const same = request.deliveryId === undefined ? [] : yield* deliveries.find([request.deliveryId])
    if (same.some((mail) => mail.invite_id === row.id)) return yield* reading.withDelivery(row)
    if (request.deliveryId !== undefined && row.inviter_id !== null) {
      const paused = yield* pausing.findPause({ appId: request.appId, inviterId: row.inviter_id })
      if (paused !== null) return 'paused'
    }
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

  return { changeInvite }
}
