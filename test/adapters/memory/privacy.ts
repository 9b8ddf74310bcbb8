// Forgetting people, in memory.
import type { AcceptanceRecord, InviteRecord, InviteStore, PersonKey } from '../../../src/store.js'
import type { memoryAccessRequests } from './access-requests.js'
import type { memoryRecord } from './record.js'
import type { Kept, Step } from './step.js'

interface Parts {
  readonly invites: ReadonlyMap<string, Kept<InviteRecord>>
  readonly acceptances: ReadonlyMap<string, Kept<AcceptanceRecord>>
  readonly holds: ReadonlyMap<string, { email: string | null }>
  /** Revokes what has a use left. */
  readonly revoke: (invite: Kept<InviteRecord>, now: number) => unknown
  readonly record: Pick<ReturnType<typeof memoryRecord>, 'noteChange'>
  readonly accessRequests: Pick<ReturnType<typeof memoryAccessRequests>, 'of' | 'remove'>
}

const asciiLower = (text: string) => text.replace(/[A-Z]/g, (letter) => letter.toLowerCase())

export function memoryPrivacy({ invites, acceptances, holds, revoke, accessRequests, record }: Parts) {
  function blank(invite: Kept<InviteRecord>, now: number): void {
    revoke(invite, now)
    const nobody = { email: null, emailCanonical: null, message: null, locale: null, metadata: null }
    Object.assign(invite, { ...nobody, codeHash: `forgotten.${invite.id}`, codeSealed: '' })
    if (invite.delivery) Object.assign(invite.delivery, { lastError: null })
  }

  function traces({ appId, email, spellings }: PersonKey) {
    const isSender = (each: { appId: string; inviterEmail: string | null }) =>
      each.appId === appId && each.inviterEmail !== null && spellings.includes(asciiLower(each.inviterEmail))
    return {
      own: [...invites.values()].filter((each) => each.appId === appId && each.emailCanonical === email),
      joined: [...acceptances.values()].filter((each) => each.appId === appId && each.email === email),
      sent: [...[...invites.values()].filter(isSender), ...[...acceptances.values()].filter(isSender)],
    }
  }

  /** Addresses of who joined by then. Each with what removes it. */
  function over(before: number, now: number): (() => void)[] {
    return [...acceptances.values()].flatMap((acceptance) => {
      if (acceptance.email === null || acceptance.acceptedAt > before) return []
      return () => {
        const invite = invites.get(acceptance.inviteId)
        const isOver =
          invite && (invite.revokedAt !== null || invite.uses >= (invite.maxUses ?? Number.POSITIVE_INFINITY))
        if (isOver && invite.email !== null) blank(invite, now)
        acceptance.email = null
      }
    })
  }

  const methods = (step: Step): Pick<InviteStore, 'findPerson' | 'forgetPerson'> => ({
    findPerson: step((person) => {
      const { own, joined, sent } = traces(person)
      return { invites: own, acceptances: joined, sent: sent.length, requests: accessRequests.of(person) }
    }),
    forgetPerson: step(({ now, limit, note, ...person }) => {
      const all = traces(person)
      const [own, joined, sent] = [all.own.slice(0, limit), all.joined.slice(0, limit), all.sent.slice(0, limit)]
      for (const invite of own) blank(invite, now)
      for (const acceptance of joined) acceptance.email = null
      for (const each of sent) Object.assign(each, { inviterEmail: null, inviterName: null })
      for (const hold of holds.values()) if (hold.email === person.email) hold.email = null
      const requests = accessRequests.of(person)
      for (const { id } of requests) accessRequests.remove(id)
      if (own.length + joined.length + sent.length + requests.length > 0) {
        record.noteChange(note, { appId: person.appId, now })
      }
      return {
        invites: own.length,
        acceptances: joined.length,
        sent: sent.length,
        requests: requests.length,
      }
    }),
  })

  return { over, methods }
}
