// A long list of people, invited in a host that goes on answering: what it takes, and what that does to the process.
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Invites } from 'express-invite-only'
import type { Measures } from '../contest.js'
import { collectGarbage } from './garbage.js'

export function bulkTasks(invites: Invites) {
  async function invite(count: number): Promise<Measures> {
    collectGarbage()
    const idle = process.memoryUsage.rss()
    let peak = idle
    const onRows = () => {
      peak = Math.max(peak, process.memoryUsage.rss())
    }
    const loop = monitorEventLoopDelay({ resolution: 1 })
    loop.enable()
    const cpuBefore = process.cpuUsage()
    const began = performance.now()
    const { created, skipped } = await invites.sendMany(people(count), { onRows })
    const seconds = (performance.now() - began) / 1000
    const { user, system } = process.cpuUsage(cpuBefore)
    loop.disable()
    const done = created + skipped.invite_exists
    if (done !== count) throw new Error(`${done} rows instead of ${count}.`)
    const toMB = (bytes: number) => bytes / 2 ** 20
    return { rate: count / seconds, cpu: (user + system) / count, memory: toMB(peak - idle), block: loop.max / 1e6 }
  }

  return { 'invite a list': invite }
}

/** Addresses in no order, as lists have them. */
function* people(count: number): Generator<{ readonly email: string; readonly role: string }> {
  for (let at = 0; at < count; at++) {
    yield { email: `${((at * 2654435761) % 4294967296).toString(36)}.${at}@d${at % 500}.example`, role: 'beta' }
  }
}
