// Several processes of one host on one database, and signups sent to them at once.
import { databases, type Ledger, type TestDatabase } from '../support/databases.js'
import { type Host, openHost } from '../support/host.js'
import { type Answer, type HostProcess, post, startHostProcess } from './spawn.js'

export interface Cluster {
  readonly processes: readonly HostProcess[]
  /** An install on the same database in this process, its clock the real one. */
  readonly host: Host
  readonly ledger: Ledger
  readonly database: TestDatabase
}

export async function startCluster(kind: keyof typeof databases, count: number, workMs: number): Promise<Cluster> {
  const database = await databases[kind]()
  const host = await openHost({ invites: { store: database.store, clock: Date.now } })
  // Every second one without groups, so that both ways race each other.
  const started = Array.from({ length: count }, (_, index) =>
    startHostProcess({ url: database.url, workMs, groupSize: index % 2 === 0 ? undefined : 1 }),
  )
  return { processes: await Promise.all(started), host, ledger: database.ledger, database }
}

export function portOf(processes: readonly HostProcess[], index: number): number {
  const at = processes[index % processes.length]
  if (at === undefined) throw new Error('there is no process')
  return at.port
}

export interface Signup {
  readonly index: number
  readonly email: string
  readonly answer: Answer | undefined
}

/** Posts all of them at once, each to its process, and waits for all answers. */
export async function signUpAll(
  processes: readonly HostProcess[],
  indexes: readonly number[],
  body: (index: number) => object,
): Promise<readonly Signup[]> {
  return await Promise.all(
    indexes.map(async (index): Promise<Signup> => {
      const email = `guest${index}@example.com`
      return { index, email, answer: await post(portOf(processes, index), '/signup', { email, ...body(index) }) }
    }),
  )
}

export const withStatus = (signups: readonly Signup[], status: number) =>
  signups.filter(({ answer }) => answer?.status === status)
