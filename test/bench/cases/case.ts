// What a case of the benchmark is, and what it is given.
import type { Databases } from '../databases.js'
import { type HostProcess, type HostSpec, startHost } from '../host-process.js'
import type { Table } from '../report.js'
import type { Settings } from '../settings.js'

export interface Bench {
  readonly settings: Settings
  readonly databases: Databases
  /** Told while it runs. */
  say(what: string): void
}

export interface Case {
  readonly name: string
  readonly about: string
  /** Yields each table as soon as it stands. */
  run(bench: Bench): AsyncIterable<Table>
}

/** Starts the hosts (on one core, or each on the next), has `work` use them, and stops them whatever happens. */
export async function withHosts<Result>(
  { settings }: Bench,
  specs: readonly HostSpec[],
  work: (hosts: readonly HostProcess[]) => Promise<Result>,
  where: 'one core' | 'all cores' = 'one core',
): Promise<Result> {
  const hosts: HostProcess[] = []
  try {
    for (const [index, spec] of specs.entries()) {
      const core = where === 'all cores' ? index : 0
      hosts.push(await startHost(spec, { core, profile: settings.profile }))
    }
    return await work(hosts)
  } finally {
    await Promise.all(hosts.map((host) => host.stop()))
  }
}
