// One host app in a process of its own; the benchmark says which, and asks over IPC.
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import type { HostSpec, RequestKind } from '../host-process.js'
import { betterEnrollmentVariants } from '../peers/better-enrollment.js'
import { organizationVariants } from '../peers/organization.js'
import { collectGarbage } from './garbage.js'
import { postgresVariants } from './postgres.js'
import { sqliteVariants } from './sqlite.js'

interface Question {
  readonly id: number
  readonly task: string
  readonly kind?: RequestKind
  readonly count?: number
}

const spec = JSON.parse(process.argv[2] ?? '') as HostSpec
const own = spec.database.startsWith('postgres:') ? postgresVariants : sqliteVariants
const variants = { ...own, ...organizationVariants, ...betterEnrollmentVariants }
const open = variants[spec.variant]
if (open === undefined) throw new TypeError(`There is no host ${spec.variant}.`)
const host = await open(spec)
const server = host.app.listen(0, '127.0.0.1')
await once(server, 'listening')

async function answer({ task, kind, count = 0 }: Question): Promise<unknown> {
  if (task === 'port') return (server.address() as AddressInfo).port
  if (task === 'prepare') {
    const made = await host.prepare[kind ?? 'signup']?.(count)
    collectGarbage() // which would be charged to the turn
    return made
  }
  if (task === 'stop') return await stop()
  if (task === 'cpu') {
    const { user, system } = process.cpuUsage()
    return user + system
  }
  const run = host.tasks?.[task]
  if (run === undefined) throw new TypeError(`${spec.variant} cannot ${task}.`)
  return await run(count)
}

async function stop(): Promise<void> {
  server.closeAllConnections()
  server.close()
  await host.close()
  process.disconnect()
}

process.on('message', (question: Question) => {
  const { id } = question
  answer(question).then(
    (result) => process.connected && process.send?.({ id, result }),
    (error: Error) => process.send?.({ id, error: error.stack }),
  )
})
process.on('disconnect', () => process.exit()) // whoever asked is gone, however it went
