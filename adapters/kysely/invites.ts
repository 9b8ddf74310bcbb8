// Making invites.
import type { InviteRecord, InviteStore, LogNote, MailCount, NewInvite } from '../../src/store.js'
import type { DeliveryOperations } from './deliveries.js'
import type { LogOperations } from './log.js'
import type { MailOperations } from './mails.js'
import { lastly, type Operation, prepare, together } from './operation.js'
import type { PausingOperations } from './pausing.js'
import type { QuotaOperations } from './quotas.js'
import type { ReadingOperations } from './reading.js'
import { fromNewInvite, type InviteRow, toInvite } from './records.js'
import type { RevokingOperations } from './revoking.js'
import type { Dialect } from './schema.js'

export interface InviteOperations {
  createInvite(...request: Request): Operation<Created>
  /** As `createInvite`, where that is all that its transaction does. */
  createLast(...request: Request): Operation<Created>
}

const TRIES = 50 // of making an invite: whatever stands in its way may be gone, and another there, once it is looked at

type Request = Parameters<InviteStore['createInvite']>
type Created = Awaited<ReturnType<InviteStore['createInvite']>>

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

  const remove = prepare((p: { id: string }) => db.deleteFrom(tables.invites).where('id', '=', p.id))

  const byCode = prepare((p: { codeHash: string }) =>
    db.selectFrom(tables.invites).select('id').where('code_hash', '=', p.codeHash),
  )

  function* createInvite(
    [invite, deliveryId, { charge, note, mails: counted = [] } = {}]: Request,
    ending: typeof together,
  ): Operation<Created> {
    if (!isPaidFor(invite, deliveryId, { charge, mails: counted }))
      return yield* createFree(invite, deliveryId, note, ending)
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

  /** One that nothing pays for: in two flights, where nothing is in its way. */
  function* createFree(
    invite: NewInvite,
    deliveryId: string | undefined,
    note: LogNote | undefined,
    ending: typeof together,
  ): Operation<Created> {
    const beside = { deliveryId, counts: [], cost: 0, note }
    const [paused, [row]] = yield* together(isPaused(invite), insert(fromNewInvite(dialect, invite, deliveryId)))
    if (row !== undefined && paused) yield* remove({ id: row.id })
    else if (row !== undefined) return yield* finish(row, deliveryId, note, note?.webhooks ? together : ending)
    else if (!paused) return (yield* insertInvite(invite, beside)).result
    const same = row ? undefined : yield* reading.rowOf({ appId: invite.appId, inviteId: invite.id })
    return same ? { created: yield* reading.withDelivery(same) } : { paused: true }
  }

  /** Queues the mail of an invite that was just inserted, and logs it. */
  function* finish(
    row: InviteRow,
    deliveryId: string | undefined,
    note: LogNote | undefined,
    sideBySide: typeof together,
  ): Operation<{ readonly created: InviteRecord }> {
    const mail = deliveryId === undefined ? undefined : { id: deliveryId, inviteId: row.id, now: row.created_at }
    const logged = log.logInvite(note, row, dialect.decodeTime(row.created_at))
    yield* mail ? sideBySide(deliveries.insert(mail), logged) : sideBySide(logged)
    return { created: toInvite(dialect, row, mail ? deliveries.inserted(mail) : null) }
  }

  function* insertInvite(
    invite: NewInvite,
    { deliveryId, counts, cost, note }: Beside,
  ): Operation<{ readonly result: Created; readonly isNew: boolean }> {
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
        yield* counted.add()
        return { result: yield* finish(row, deliveryId, note, together), isNew: true }
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

  return {
    createInvite: (...request) => createInvite(request, together),
    createLast: (...request) => createInvite(request, lastly),
  }
}

/** Whether a quota or a limit of mails is looked at, and changed. */
export function isPaidFor(...[, , { charge, mails = [] } = {}]: Request): boolean {
  return charge !== undefined || mails.length > 0
}
