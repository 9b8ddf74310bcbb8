// Group commit for steps that do not look at each other: those that are asked for at the same time share a transaction,
// carried out side by side, and each hears for itself.
import { type Operation, together } from './operation.js'
import type { Runner } from './runner.js'

export interface Gathered<Request, Result> {
  ask(request: Request): Promise<Result>
  /** Once all that was asked has been answered. */
  idle(): Promise<void>
}

interface Step<Request, Result> {
  /** How many share a transaction at most. */
  readonly size: number
  readonly write: Runner['writeLightly']
  /** One among others of its transaction. */
  one(request: Request): Operation<Result>
  /** One that has a transaction to itself. */
  alone(request: Request): Operation<Result>
}

interface Waiting<Request, Result> {
  readonly request: Request
  resolve(result: Result): void
  reject(error: unknown): void
}

/** What comes in while a group is on its way makes up the next one. */
export function gathering<Request, Result>(
  { hasWaited }: Pick<Runner, 'hasWaited'>,
  { size, write, one, alone }: Step<Request, Result>,
): Gathered<Request, Result> {
  type Each = Waiting<Request, Result>
  let queue: Each[] = []
  let running: Promise<void> | undefined

  async function work(): Promise<void> {
    await endOfTurn() // whatever else comes in this turn is of the same group
    while (queue.length > 0) {
      const group = queue.slice(0, size)
      queue = queue.slice(size)
      await (group.length === 1 ? runEach(group) : runTogether(group))
    }
    running = undefined
  }

  async function runEach(group: readonly Each[]): Promise<void> {
    const run = ({ request, resolve, reject }: Each) => write(() => alone(request)).then(resolve, reject)
    await Promise.all(group.map(run))
  }

  async function runTogether(group: readonly Each[]): Promise<void> {
    try {
      const results = await write(() => together<readonly Result[]>(...group.map(({ request }) => one(request))))
      for (const [at, { resolve }] of group.entries()) resolve(results[at] as Result)
    } catch (error) {
      // One of them may be what failed; where it was the database, each hears of it.
      if (hasWaited(error)) for (const { reject } of group) reject(error)
      else await runEach(group)
    }
  }

  return {
    ask(request) {
      if (size === 1) return write(() => alone(request))
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
