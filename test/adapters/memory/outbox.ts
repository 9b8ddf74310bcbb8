// The outbox in memory: who delivers what, and what became of it.
import type { AccessRequestRecord, DeliveryRecord, InviteRecord, InviteStore, LogNote } from '../../../src/store.js'
import type { Kept, Step } from './step.js'

export function memoryOutbox(
  inviteOf: (id: string | null) => InviteRecord | undefined,
  requestOf: (id: string | null) => AccessRequestRecord | undefined,
  noteInvite: (note: LogNote, invite: InviteRecord, at: number) => void,
) {
  const deliveries = new Map<string, Kept<DeliveryRecord>>()

  const waiting = () =>
    [...deliveries.values()]
      .filter(({ sentAt, failedAt, canceledAt }) => sentAt === null && failedAt === null && canceledAt === null)
      .sort((a, b) => a.nextAttemptAt - b.nextAttemptAt)

  function cancel(invite: InviteRecord, now: number): void {
    for (const delivery of waiting()) if (delivery.inviteId === invite.id) delivery.canceledAt = now
  }

  function newDelivery(id: string, of: Pick<DeliveryRecord, 'inviteId' | 'requestId'>, now: number) {
    const never = { lastError: null, leasedUntil: null, sentAt: null, failedAt: null, canceledAt: null }
    const delivery: Kept<DeliveryRecord> = { id, ...of, attempts: 0, nextAttemptAt: now, ...never }
    deliveries.set(id, delivery)
    return delivery
  }

  function queue(invite: Kept<InviteRecord>, id: string | undefined, now: number): void {
    if (id === undefined) return
    cancel(invite, now)
    invite.delivery = newDelivery(id, { inviteId: invite.id, requestId: null }, now)
  }

  /** Finished mails, save the newest of an invite that may yet be used. Each with what removes it. */
  function over(before: number, mayBeUsed: (invite: InviteRecord) => boolean): (() => void)[] {
    return [...deliveries.values()].flatMap((delivery) => {
      const finishedAt = delivery.sentAt ?? delivery.failedAt ?? delivery.canceledAt
      const invite: Kept<InviteRecord> | undefined = inviteOf(delivery.inviteId)
      const isNewest = invite?.delivery === delivery
      if (finishedAt === null || finishedAt > before || (isNewest && mayBeUsed(invite))) return []
      return () => {
        deliveries.delete(delivery.id)
        if (isNewest) invite.delivery = null
      }
    })
  }

  return {
    cancel,
    over,
    /** Of an invite that is removed. */
    forget(invite: InviteRecord) {
      for (const { id, inviteId } of deliveries.values()) if (inviteId === invite.id) deliveries.delete(id)
    },
    /** Takes the place of a mail that still waits. */
    queue,
    /** Likewise, for a request for access. */
    queueRequest(requestId: string, id: string, now: number) {
      for (const delivery of waiting()) if (delivery.requestId === requestId) delivery.canceledAt = now
      newDelivery(id, { inviteId: null, requestId }, now)
    },
    /** Of a request that is removed. */
    forgetRequest(removed: string) {
      for (const { id, requestId } of deliveries.values()) if (requestId === removed) deliveries.delete(id)
    },
    /** Whether the invite has had this very mail. */
    isOf: (invite: InviteRecord, id: string | undefined) => deliveries.get(id ?? '')?.inviteId === invite.id,

    methods: (
      step: Step,
    ): Pick<InviteStore, 'nextDeliveryAt' | 'lastDeliveryAt' | 'leaseDeliveries' | 'finishDelivery'> => ({
      lastDeliveryAt: step(() => waiting().findLast(({ attempts }) => attempts === 0)?.nextAttemptAt),
      nextDeliveryAt: step(() => waiting()[0]?.nextAttemptAt),

      leaseDeliveries: step(({ now, leasedUntil, limit }) => {
        const due = waiting().filter(({ nextAttemptAt }) => nextAttemptAt <= now)
        return due.slice(0, limit).flatMap((delivery) => {
          delivery.attempts++
          Object.assign(delivery, { leasedUntil, nextAttemptAt: leasedUntil })
          const invite = inviteOf(delivery.inviteId)
          if (invite) return { delivery, invite: { ...invite, delivery } }
          const request = requestOf(delivery.requestId)
          return request ? { delivery, request } : []
        })
      }),

      finishDelivery: step(({ id, attempts }, outcome, webhooks) => {
        const delivery = deliveries.get(id)
        if (delivery?.attempts !== attempts) return
        delivery.leasedUntil = null
        const logged = (action: string, at: number) => {
          const invite = inviteOf(delivery.inviteId)
          const actor = { kind: 'code', id: null } as const
          const note = { id: `${id}.${action}`, action, actor, details: null, webhooks }
          if (invite) noteInvite(note, invite, at)
        }
        if ('sentAt' in outcome) logged('mail.sent', outcome.sentAt)
        if ('failedAt' in outcome) logged('mail.failed', outcome.failedAt)
        if ('sentAt' in outcome) Object.assign(delivery, { sentAt: outcome.sentAt, lastError: null })
        else if ('canceledAt' in outcome) delivery.canceledAt = outcome.canceledAt
        else {
          delivery.lastError = outcome.error
          if ('failedAt' in outcome) delivery.failedAt = outcome.failedAt
          else delivery.nextAttemptAt = outcome.retryAt
        }
      }),
    }),
  }
}
