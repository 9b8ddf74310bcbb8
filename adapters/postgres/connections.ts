// The connections that the store works on: from the pool, not waited for endlessly, and handed on while there is work.
import { storeUnavailable } from '../../src/errors.js'
import { hear, type PgPool, type PgPoolClient } from './clients.js'
import { LATE, within } from './within.js'

/** How long one is handed on before it goes back to the pool, where others may line up for it. */
const KEPT_MS = 20

export interface Connections {
  /** @throws InviteError 503 where none became free. */
  take(): Promise<PgPoolClient>
  /** @param broken Why it is of no more use. */
  giveBack(client: PgPoolClient, broken: Error | undefined): void
}

export function connections(pool: PgPool, busyTimeoutMs: number): Connections {
  // Kept until the end of the turn: what comes next in it need not line up behind the host's own queries.
  let spare: PgPoolClient | undefined
  const takenAt = new WeakMap<PgPoolClient, number>()

  function letGo(): void {
    spare?.release()
    spare = undefined
  }

  return {
    async take() {
      if (spare) {
        const client = spare
        spare = undefined
        return client
      }
      const connecting = pool.connect()
      const client = await within(busyTimeoutMs, connecting)
      if (client !== LATE) {
        hear(client)
        takenAt.set(client, performance.now())
        return client
      }
      connecting.then((late) => late.release()).catch(() => undefined)
      const detail =
        'No Postgres connection became free: look for clients that are never released, or raise `max` of the pool.'
      throw storeUnavailable(detail)
    },
    giveBack(client, broken) {
      const keptMs = performance.now() - (takenAt.get(client) ?? 0)
      if (broken || spare || keptMs > KEPT_MS) return client.release(broken)
      spare = client
      setImmediate(letGo)
    },
  }
}
