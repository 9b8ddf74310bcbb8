// Requests with an `Idempotency-Key` in memory: which are running, and what was answered.
import type { InviteStore } from '../../../src/store.js'
import type { Step } from './step.js'

interface Request {
  fingerprint: string
  startedAt: number
  leasedUntil: number
  answer?: string
}

export function memoryRequests(step: Step): Pick<InviteStore, 'beginKeyedRequest' | 'endKeyedRequest'> {
  const requests = new Map<string, Request>()

  return {
    beginKeyedRequest: step(({ id, fingerprint, now, leasedUntil, forgetUntil }) => {
      for (const [old, { startedAt }] of requests) if (startedAt <= forgetUntil) requests.delete(old)
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
  }
}
