// Quotas in memory: what each inviter may still give away, and what its invites cost.
import { balanceAt } from '../../../src/quotas.js'
import type { AcceptanceRecord, InviteRecord, InviteStore, LogNote, QuotaKey, QuotaState } from '../../../src/store.js'
import type { QuotaRule } from '../../../src/types.js'
import type { Kept, Step } from './step.js'

interface Parts {
  readonly invites: ReadonlyMap<string, InviteRecord>
  readonly acceptances: ReadonlyMap<string, AcceptanceRecord>
  readonly storedRule: (appId: string) => QuotaRule | undefined
  readonly noteChange: (note: LogNote | undefined, where: { appId: string; now: number }) => void
}

interface Cost {
  paid: number
  back: number
}

export function memoryQuotas({ invites, acceptances, storedRule, noteChange }: Parts) {
  const balances = new Map<string, Kept<QuotaState>>()
  const costs = new Map<string, Cost>()
  const nameOf = ({ appId, inviterId }: { appId: string; inviterId: string }) => JSON.stringify([appId, inviterId])
  const expiredOf = ({ appId, inviterId }: QuotaKey, now: number) =>
    [...costs].flatMap(([id, cost]) => {
      const invite = invites.get(id)
      if (invite?.appId !== appId || invite.inviterId !== inviterId || cost.paid === 0) return []
      const { expiresAt, revokedAt, maxUses, uses, held } = invite
      const isExpired = expiresAt !== null && expiresAt <= now && (revokedAt === null || revokedAt >= expiresAt)
      const unused = (maxUses ?? 0) - uses - held
      return isExpired && unused > 0 ? [{ cost, unused }] : []
    })

  function stateAt(key: QuotaKey, now: number): { state: Kept<QuotaState>; owed: ReturnType<typeof expiredOf> } {
    const rule = storedRule(key.appId) ?? key.defaultQuota
    const balance = balanceAt(balances.get(nameOf(key)), rule, now)
    const owed = rule.giveBack ? expiredOf(key, now) : []
    const back = owed.reduce((total, { unused }) => total + unused, 0)
    return { owed, state: { ...balance, left: balance.left === null ? null : balance.left + back, rule } }
  }

  /** How it stands, with everything that time gave written down. */
  function settled(key: QuotaKey, now: number): Kept<QuotaState> {
    const { state, owed } = stateAt(key, now)
    for (const { cost, unused } of owed) Object.assign(cost, { paid: 0, back: unused })
    balances.set(nameOf(key), state)
    return state
  }

  /** Whether there were so many. */
  function take(key: QuotaKey, uses: number | null, now: number): boolean {
    const state = settled(key, now)
    if (state.left === null) return true
    if (uses === null || uses > state.left) return false
    state.left -= uses
    return true
  }

  function pay(invite: InviteRecord, key: QuotaKey): void {
    const { left, rule } = settled(key, invite.createdAt)
    if (rule.giveBack && left !== null) costs.set(invite.id, { paid: invite.maxUses ?? 0, back: 0 })
  }

  /** Pays again for an invite that gave its uses back; false where it cannot be paid. */
  function revive(invite: InviteRecord, defaultQuota: QuotaRule | undefined, now: number): boolean {
    const { appId, inviterId } = invite
    const key = defaultQuota && inviterId !== null ? { appId, inviterId, defaultQuota } : undefined
    if (key) settled(key, now)
    const cost = costs.get(invite.id)
    if (cost === undefined || cost.back === 0) return true
    if (key && !take(key, cost.back, now)) return false
    Object.assign(cost, { paid: key ? cost.back : cost.paid, back: 0 })
    return true
  }

  /** Whether it is yet to give back what it cost. */
  function owes(id: string): boolean {
    const invite = invites.get(id)
    if (invite === undefined || (costs.get(id)?.paid ?? 0) === 0) return false
    return invite.revokedAt === null || (invite.expiresAt !== null && invite.revokedAt >= invite.expiresAt)
  }

  const methods = (step: Step): Pick<InviteStore, 'getQuota' | 'setQuota' | 'grantQuota'> => ({
    getQuota: step(({ now, ...key }) => stateAt(key, now).state),
    setQuota: step(({ left, now, note, ...key }) => {
      noteChange(note, { ...key, now })
      balances.set(nameOf(key), { ...settled(key, now), left, refilledAt: now })
      return settled(key, now)
    }),
    grantQuota: step(({ appId, add, to, defaultQuota, now, note }) => {
      noteChange(note, { appId, now })
      const joined = [...acceptances.values()].filter(
        (each) =>
          !('inviterId' in to) &&
          each.appId === appId &&
          each.reopenedAt === null &&
          each.acceptedAt >= to.joinedFrom &&
          each.acceptedAt < to.joinedUntil,
      )
      const who = 'inviterId' in to ? [to.inviterId] : joined.flatMap(({ userId }) => userId ?? [])
      for (const inviterId of new Set(who)) {
        const state = settled({ appId, inviterId, defaultQuota }, now)
        if (state.left !== null) state.left = Math.min(state.left + add, 2 ** 31 - 1)
      }
      return new Set(who).size
    }),
  })

  return { methods, stateAt, take, pay, revive, owes }
}
