// What a test opened is closed after it, newest first, whether it passed or not.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

type Cleanup = () => unknown

const cleanups: Cleanup[] = []

/** Has `cleanup` called after the running test. */
export function afterThis(cleanup: Cleanup): void {
  cleanups.push(cleanup)
}

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup()
})

/** A folder of the running test's own. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'invite-only-'))
  afterThis(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
