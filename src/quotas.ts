// How many invites somebody may send, and what time gives back of it.
import type { QuotaBalance } from './store-settings.js'
import type { QuotaRule } from './types.js'

/**
 * The balance at `now`: for every whole period since the last one, `refill.amount` more, up to `refill.cap`; what is
 * above the cap stays as it is.
 */
export function balanceAt(balance: QuotaBalance | undefined, { start, refill }: QuotaRule, now: number): QuotaBalance {
  if (balance === undefined) return { left: start, refilledAt: now }
  if (balance.left === null || refill === null) return balance
  const periods = Math.max(0, Math.floor((now - balance.refilledAt) / refill.everyMs))
  const filled = Math.min(balance.left + periods * refill.amount, refill.cap)
  return { left: Math.max(balance.left, filled), refilledAt: balance.refilledAt + periods * refill.everyMs }
}

/** When there will be more by itself; `undefined`: never, or there is no need. */
export function nextRefillAt({ left, refilledAt }: QuotaBalance, { refill }: QuotaRule): number | undefined {
  return left === null || refill === null || left >= refill.cap ? undefined : refilledAt + refill.everyMs
}
