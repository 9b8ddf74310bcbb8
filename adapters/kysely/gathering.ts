// Group commit for steps that do not look at each other: those that are asked for at the same time share a transaction,
// and each hears for itself.
import type { Operation } from './operation.js'
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
  /** Those that share a transaction. Where one has no result, it is done by itself. */
  many(requests: readonly Request[]): Operation<readonly (Result | undefined)[]>
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
  { size, write, many, alone }: Step<Request, Result>,
): Gathered<Request, Result> {
  type Each = Waiting<Request, Result>
  let queue: Each[] = []
  const underWay = new Set<Promise<void>>()
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
    const work = Promise.all(group.map(run)).then(() => void underWay.delete(work))
    underWay.add(work)
    await work
  }

  async function runTogether(group: readonly Each[]): Promise<void> {
    try {
      const results = await write(() => many(group.map(({ request }) => request)))
      const left = group.filter(({ resolve }, at) => {
        const result = results[at]
        if (result !== undefined) resolve(result)
        return result === undefined
      })
      void runEach(left) // the next need not wait for them
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
      await Promise.all(underWay)
    },
  }
}

const endOfTurn = () => new Promise((resolve) => setImmediate(resolve))
