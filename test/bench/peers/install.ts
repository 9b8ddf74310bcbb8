// Installs the peers where nothing of ours depends on them: in a temporary folder, kept for the next run.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const PEERS = { 'better-auth': '1.7.25', '@octopi-ai/better-enrollment': '0.5.0', zod: '4.6.7' } as const

const ENTRY = `export { betterAuth } from 'better-auth'
export { toNodeHandler } from 'better-auth/node'
export { getMigrations } from 'better-auth/db/migration'
export { admin, organization } from 'better-auth/plugins'
export { betterEnrollment } from '@octopi-ai/better-enrollment'
`

/** The file that exports them; `undefined` where they cannot be installed. */
export function installPeers(): string | undefined {
  const folder = join(tmpdir(), `invite-only-bench-peers-${Object.values(PEERS).join('-')}`)
  const entry = join(folder, 'peers.mjs')
  if (existsSync(entry)) return entry
  try {
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, dependencies: PEERS }))
    execFileSync('npm', ['install', '--silent', '--ignore-scripts', '--no-audit'], { cwd: folder, stdio: 'ignore' })
    writeFileSync(entry, ENTRY) // last: it says that all is there
    return entry
  } catch {
    return undefined
  }
}

export const describePeers = () =>
  Object.entries(PEERS)
    .map((peer) => peer.join(' '))
    .join(', ')
