// The waiting list in memory.
import type {
  AccessRequestDecided,
  AccessRequestDecision,
  AccessRequestRecord,
  AccessRequestStore,
  CreateInviteOptions,
  InviteRecord,
  InviteStore,
  NewInvite,
} from '../../../src/store.js'
import type { memoryOutbox } from './outbox.js'
import type { memoryRecord } from './record.js'
import type { Kept, Step } from './step.js'

type Approved = Awaited<ReturnType<InviteStore['approveAccessRequest']>>
type Kind = Kept<AccessRequestRecord>

interface Parts {
  readonly outbox: ReturnType<typeof memoryOutbox>
  readonly invites: ReadonlyMap<string, Kept<InviteRecord>>
  createInvite(
    invite: NewInvite,
    deliveryId: string | undefined,
    options: CreateInviteOptions,
  ): Awaited<ReturnType<InviteStore['createInvite']>>
  revoke(invite: Kept<InviteRecord>, now: number): boolean
  readonly record: Pick<ReturnType<typeof memoryRecord>, 'noteChange' | 'noteInvite' | 'inPassing'>
}

export function memoryAccessRequests({ outbox, invites, createInvite, revoke, record }: Parts) {
  const { noteChange, noteInvite, inPassing } = record
  const requests = new Map<string, Kind>()

  const waiting = (appId: string) =>
    [...requests.values()].filter((each) => each.appId === appId && each.verifiedAt !== null && each.decision === null)

  function confirmed({ appId, requestId }: AccessRequestDecision): Kind | undefined {
    const request = requests.get(requestId)
    return request?.appId === appId && request.verifiedAt !== null ? request : undefined
  }

  const byTime = (time: (each: Kind) => number | null) => (a: Kind, b: Kind) =>
    (time(a) ?? 0) - (time(b) ?? 0) || (a.id < b.id ? -1 : 1)

  function remove(id: string): void {
    outbox.forgetRequest(id)
    requests.delete(id)
  }

  /** Those that nobody confirmed, or that were decided. Each with what removes it. */
  function over(before: number): (() => void)[] {
    return [...requests.values()].flatMap(({ id, askedAt, verifiedAt, decidedAt }) => {
      const isWaiting = verifiedAt !== null && decidedAt === null
      if (isWaiting || (decidedAt ?? askedAt) > before) return []
      return () => remove(id)
    })
  }

  function noteDecision({ note, ...at }: AccessRequestDecision, invite: InviteRecord | undefined): void {
    if (invite) noteInvite(note, invite, at.now)
    else noteChange(note, at)
  }

  const methods = (step: Step): AccessRequestStore => ({
    askForAccess: step((request, { deliveryId, quietSince }) => {
      const { createdAt: askedAt, appId, emailCanonical } = request
      const known = [...requests.values()].find((e) => e.appId === appId && e.emailCanonical === emailCanonical)
      if (known !== undefined && known.askedAt > quietSince) return
      const { id, createdAt, ...told } = request
      if (known?.verifiedAt === null) Object.assign(known, told)
      if (known) known.askedAt = askedAt
      const nobody = { verifiedAt: null, decision: null, decidedAt: null, decidedBy: null, inviteId: null }
      if (known === undefined) requests.set(id, { ...request, askedAt, ...nobody })
      outbox.queueRequest(known?.id ?? id, deliveryId, askedAt)
    }),

    findAccessRequest: step((query) =>
      [...requests.values()].find(
        (each) =>
          each.appId === query.appId &&
          ('requestId' in query ? each.id === query.requestId : each.emailCanonical === query.emailCanonical),
      ),
    ),

    verifyAccessRequest: step(({ appId, requestId, askedAt, now }) => {
      const request = requests.get(requestId)
      if (request?.appId !== appId) return undefined
      if (request.verifiedAt === null && request.askedAt === askedAt) request.verifiedAt = now
      return request
    }),

    listAccessRequests: step(({ appId, state, by, limit, after }) => {
      if (state === 'waiting') {
        const time = (each: Kind) => (by === 'position' ? each.verifiedAt : each.createdAt)
        const isAfter = (each: Kind) =>
          after === undefined || (time(each) ?? 0) > after.at || (time(each) === after.at && each.id > after.id)
        return waiting(appId).sort(byTime(time)).filter(isAfter).slice(0, limit)
      }
      const decision = state === 'approved' ? 'approve' : 'decline'
      return [...requests.values()]
        .filter((each) => each.appId === appId && each.decision === decision)
        .sort(byTime((each) => each.decidedAt))
        .reverse()
        .filter((e) => !after || (e.decidedAt ?? 0) < after.at || (e.decidedAt === after.at && e.id < after.id))
        .slice(0, limit)
    }),

    countAccessRequestsBefore: step(({ appId, verifiedAt, requestId, limit }) => {
      const isBefore = (each: Kind) =>
        (each.verifiedAt ?? 0) < verifiedAt || (each.verifiedAt === verifiedAt && each.id < requestId)
      return Math.min(waiting(appId).filter(isBefore).length, limit)
    }),

    approveAccessRequest: step((decision, invite, deliveryId): Approved => {
      const request = confirmed(decision)
      if (request === undefined || request.decision === 'approve') return request && { request, changed: false }
      const made = createInvite(invite, deliveryId, {
        mails: decision.mails,
        note: inPassing(decision.note, 'invite.create'),
      })
      if ('paused' in made) return 'paused'
      if ('limited' in made) return made
      if ('codeTaken' in made) throw new Error('Another invite has this code.')
      const created = 'created' in made ? made.created : undefined
      const { decidedBy, now: decidedAt } = decision
      Object.assign(request, { decision: 'approve', decidedAt, decidedBy, inviteId: created?.id ?? null })
      noteDecision(decision, created)
      return { request, changed: true, invite: created }
    }),

    declineAccessRequest: step((decision): AccessRequestDecided | undefined => {
      const request = confirmed(decision)
      if (request === undefined || request.decision === 'decline') return request && { request, changed: false }
      const invite = invites.get(request.inviteId ?? '')
      const isTaken = invite !== undefined && revoke(invite, decision.now)
      if (invite?.revokedAt === null) return { request, changed: false }
      const { decidedBy, now: decidedAt } = decision
      Object.assign(request, { decision: 'decline', decidedAt, decidedBy, inviteId: null })
      if (isTaken) noteInvite(inPassing(decision.note, 'invite.revoke'), invite, decidedAt)
      noteDecision(decision, isTaken ? invite : undefined)
      return { request, changed: true, invite: isTaken ? invite : undefined }
    }),
  })

  return {
    methods,
    over,
    remove,
    of: (person: { readonly appId: string; readonly email: string }) =>
      [...requests.values()].filter((e) => e.appId === person.appId && e.emailCanonical === person.email),
    find: (id: string) => requests.get(id),
    forgetInvite(inviteId: string) {
      for (const request of requests.values()) if (request.inviteId === inviteId) request.inviteId = null
    },
  }
}
