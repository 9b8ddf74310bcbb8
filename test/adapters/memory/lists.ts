// Lists in memory: many invites, each as if it were made alone.
import type {
  AcceptanceRecord,
  Invitee,
  InviteeState,
  InviteRecord,
  InviteStore,
  LogNote,
  NewInvite,
} from '../../../src/store.js'
import type { memoryRecord } from './record.js'
import type { Step } from './step.js'

interface Beside {
  readonly acceptances: ReadonlyMap<string, AcceptanceRecord>
  /** What is pending for this place. One that has expired makes room. */
  holderOf(invite: NewInvite, now: number, note?: LogNote): InviteRecord | undefined
  invites: ReadonlyMap<string, InviteRecord>
  add(invite: NewInvite, deliveryId: string | undefined, dueAt: number): InviteRecord
  isRefused(ids: readonly string[]): boolean
  readonly record: Pick<ReturnType<typeof memoryRecord>, 'noteInvite' | 'isPaused'>
}

export function memoryLists({ acceptances, holderOf, invites, add, isRefused, record }: Beside) {
  function stateOf({ email, orgId, refusalIds }: Invitee, appId: string, now: number): InviteeState {
    const isPending = (each: InviteRecord) =>
      each.appId === appId &&
      each.emailCanonical === email &&
      each.orgId === orgId &&
      each.revokedAt === null &&
      each.uses === 0 &&
      (each.expiresAt === null || each.expiresAt > now)
    if ([...invites.values()].some(isPending)) return 'invited'
    const hasJoined = (each: AcceptanceRecord) =>
      each.reopenedAt === null && each.appId === appId && each.email === email && each.orgId === orgId
    return [...acceptances.values()].some(hasJoined) ? 'joined' : isRefused(refusalIds ?? []) ? 'refusing' : 'new'
  }

  return (step: Step): Pick<InviteStore, 'createInvites' | 'findInvitees'> => ({
    createInvites: step((request) => {
      const takes = ({ codeHash, id }: NewInvite) =>
        [...invites.values()].some((each) => each.codeHash === codeHash && each.id !== id)
      if (request.invites.some(({ invite }) => takes(invite))) throw new Error('Another invite has this code.')
      let mails = 0
      return request.invites.map(({ invite, deliveryId, refusalIds }) => {
        const same = invites.get(invite.id)
        if (same) return { created: same }
        const { emailCanonical: email, appId, orgId } = invite
        const state = email === null ? 'new' : stateOf({ email, orgId, refusalIds }, appId, request.now)
        if (state === 'joined') return { joined: true as const }
        if (state === 'refusing') return { refusing: true as const }
        const note = request.note && { ...request.note, id: `${request.note.id}.${invite.id}` }
        if (record.isPaused(invite)) return { paused: true as const }
        const existing = holderOf(invite, request.now, note)
        if (existing) return { existing: existing.id }
        const { spread, now } = request
        const dueAt = spread && deliveryId ? Math.round(spread.from + mails++ * spread.everyMs) : now
        const later = spread && deliveryId && invite.expiresAt !== null ? dueAt - invite.createdAt : 0
        const expiresAt = invite.expiresAt === null ? null : invite.expiresAt + later
        const created = add({ ...invite, expiresAt }, deliveryId, dueAt)
        record.noteInvite(note, created, now)
        return { created }
      })
    }),

    findInvitees: step(({ appId, invitees, now }) => invitees.map((each) => stateOf(each, appId, now))),
  })
}
