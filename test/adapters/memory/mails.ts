// How much is mailed and who wants no mail, in memory.
import type { InviteStore, MailCount, MailsExceeded } from '../../../src/store.js'
import type { memoryRecord } from './record.js'
import type { Step } from './step.js'

export function memoryMails(record: Pick<ReturnType<typeof memoryRecord>, 'noteChange'>) {
  const counters = new Map<string, { mails: number; endsAt: number }>()
  const refusals = new Set<string>()
  const running = (id: string, now: number) => {
    const counter = counters.get(id)
    return counter && counter.endsAt > now ? counter : undefined
  }

  function exceeded(counts: readonly MailCount[], now: number): MailsExceeded | undefined {
    const full = counts.flatMap(({ id, limit }) => {
      const counter = running(id, now)
      return counter && counter.mails >= limit ? { id, until: counter.endsAt } : []
    })
    return full.sort((a, b) => b.until - a.until)[0]
  }

  function count(counts: readonly MailCount[], now: number): void {
    for (const { id, windowMs } of counts) {
      const { mails, endsAt } = running(id, now) ?? { mails: 0, endsAt: now + windowMs }
      counters.set(id, { mails: mails + 1, endsAt })
    }
  }

  function over(before: number): (() => void)[] {
    return [...counters].flatMap(([id, { endsAt }]) => (endsAt <= before ? () => void counters.delete(id) : []))
  }

  const methods = (step: Step): Pick<InviteStore, 'refuseMail' | 'allowMail' | 'refusesMail'> => ({
    refuseMail: step(({ id, now, logged }) => {
      if (logged && !refusals.has(id)) record.noteChange(logged.note, { appId: logged.appId, now })
      refusals.add(id)
    }),
    allowMail: step(({ ids, now, logged }) => {
      if (logged && isRefused(ids)) record.noteChange(logged.note, { appId: logged.appId, now })
      for (const id of ids) refusals.delete(id)
    }),
    refusesMail: step(({ ids }) => isRefused(ids)),
  })

  const isRefused = (ids: readonly string[]) => ids.some((id) => refusals.has(id))

  return { exceeded, count, over, isRefused, methods }
}
