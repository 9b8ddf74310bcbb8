// Group commit of new invites: those that are asked for at the same time share a transaction, and each hears for itself.
import type { InviteStore } from '../../src/store.js'
import type { InviteOperations } from './invites.js'
import { together } from './operation.js'
import type { Runner } from './runner.js'

type Request = Parameters<InviteStore['createInvite']>
type Created = Awaited<ReturnType<InviteStore['createInvite']>>

interface Waiting {
  readonly request: Request
  resolve(created: Created): void
  reject(error: unknown): void
}

/**
 * What comes in while a group is on its way makes up the next one. What a quota or a limit of mails pays for goes by
 * itself: side by side, two would be paid by the same one.
 */
export function creating(
  runner: Runner,
  { createInvite, createLast }: InviteOperations,
  size: number,
): Pick<InviteStore, 'createInvite'> & {
  /** Once all that was asked has been answered. */
  idle(): Promise<void>
} {
  let queue: Waiting[] = []
  let running: Promise<void> | undefined

  const alone = (request: Request) => runner.write(() => createLast(...request))

  async function work(): Promise<void> {
    await endOfTurn() // whatever else comes in this turn is of the same group
    while (queue.length > 0) {
      const group = queue.slice(0, size)
      queue = queue.slice(size)
      await run(group)
    }
    running = undefined
  }

  async function run(group: readonly Waiting[]): Promise<void> {
    const [first, ...others] = group
    if (first === undefined) return
    if (others.length === 0) return await alone(first.request).then(first.resolve, first.reject)
    try {
      const created = await runner.write(() => together(...group.map(({ request }) => createInvite(...request))))
      for (const [at, { resolve }] of group.entries()) resolve(created[at] as Created)
    } catch (error) {
      // One of them may be what failed; where it was the database, each hears of it.
      if (runner.hasWaited(error)) for (const { reject } of group) reject(error)
      else await Promise.all(group.map(({ request, resolve, reject }) => alone(request).then(resolve, reject)))
    }
  }

  return {
    createInvite(...request) {
      const { charge, mails = [] } = request[2] ?? {}
      if (size === 1 || charge !== undefined || mails.length > 0) return alone(request)
      return new Promise((resolve, reject) => {
        queue.push({ request, resolve, reject })
        running ??= work()
      })
    },
    async idle() {
      await running
    },
  }
}

const endOfTurn = () => new Promise((resolve) => setImmediate(resolve))
