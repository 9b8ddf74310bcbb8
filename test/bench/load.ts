// The client: keeps so many requests in flight, each of its own, and takes the time of every one.
import { Pool } from 'undici'
import type { Measures } from './contest.js'
import type { HostProcess, Sent } from './host-process.js'
import { quantile } from './statistics.js'

/** Sends all of them. @throws Error where one is answered with another status than it is to have. */
export async function drive(host: HostProcess, requests: readonly Sent[], inFlight: number): Promise<Measures> {
  const pool = new Pool(host.origin, { connections: inFlight, pipelining: 1 })
  const times = new Float64Array(requests.length)
  let next = 0
  const sendAll = async () => {
    for (let at = next++; at < requests.length; at = next++) {
      const { method = 'POST', path, body, headers, status } = requests[at] as Sent
      const began = performance.now()
      const answer = await pool.request({ method, path, body: body ?? null, headers: { ...JSON_BODY, ...headers } })
      if (answer.statusCode !== status) throw new Error(`${path}: ${answer.statusCode} ${await answer.body.text()}`)
      await answer.body.dump()
      times[at] = performance.now() - began
    }
  }
  const cpuBefore = await host.cpu()
  const began = performance.now()
  await Promise.all(Array.from({ length: inFlight }, sendAll))
  const seconds = (performance.now() - began) / 1000
  const cpu = (await host.cpu()) - cpuBefore
  await pool.close()
  return {
    rate: requests.length / seconds,
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99),
    cpu: cpu / requests.length,
  }
}

const JSON_BODY = { 'content-type': 'application/json' }
