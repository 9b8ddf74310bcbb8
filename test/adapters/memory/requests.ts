// Requests with an `Idempotency-Key` in memory: which are running, and what was answered.
import type { InviteStore } from '../../../src/store.js'
import type { Step } from './step.js'

interface Request {
  fingerprint: string
  startedAt: number
  leasedUntil: number
  answer?: string
}

export function memoryRequests() {
  const requests = new Map<string, Request>()

  /** Those that were begun by then. Each with what removes it. */
  function over(before: number): (() => void)[] {
    return [...requests].flatMap(([id, { startedAt }]) => (startedAt <= before ? () => void requests.delete(id) : []))
  }

  const methods = (step: Step): Pick<InviteStore, 'beginKeyedRequest' | 'endKeyedRequest'> => ({
    beginKeyedRequest: step(({ id, fingerprint, now, leasedUntil, forgetUntil }) => {
      for (const forget of over(forgetUntil)) forget()
      const known = requests.get(id)
      if (known === undefined) {
        requests.set(id, { fingerprint, startedAt: now, leasedUntil })
        return { state: 'begun', startedAt: now, fresh: true }
      }
      if (known.fingerprint !== fingerprint) return { state: 'other' }
      if (known.answer !== undefined) return { state: 'answered', answer: known.answer }
      if (known.leasedUntil > now) return { state: 'running' }
      known.leasedUntil = leasedUntil
      return { state: 'begun', startedAt: known.startedAt, fresh: false }
    }),

    endKeyedRequest: step(({ id, startedAt }, outcome) => {
      const running = requests.get(id)
      if (running?.startedAt !== startedAt || running.answer !== undefined) return
      if (outcome === 'refused') requests.delete(id)
      else if (outcome === 'unknown') running.leasedUntil = startedAt
      else running.answer = outcome.answer
    }),
  })
  return { over, methods }
}
