// What an Express app's node_modules grow by: packs the package, installs it in an empty folder without its peers (the
// host has Express, and chose its driver), and tells each package's share.
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Table } from '../report.js'
import type { Case } from './case.js'

interface Locked {
  readonly version: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
}

const root = join(import.meta.dirname, '..', '..', '..')
const OURS = 'express-invite-only'

export const footprint: Case = {
  name: 'footprint',
  about: 'what it adds to node_modules, with the share of each dependency',
  async *run() {
    const folder = mkdtempSync(join(tmpdir(), 'invite-only-size-'))
    try {
      npm(root, 'pack', '--ignore-scripts', '--pack-destination', folder)
      const [tarball = ''] = readdirSync(folder)
      npm(folder, 'init', '--yes')
      npm(folder, 'install', '--ignore-scripts', '--omit=peer', `./${tarball}`)
      yield tableOf(join(folder, 'node_modules'))
    } finally {
      rmSync(folder, { recursive: true })
    }
  },
}

function npm(cwd: string, ...args: readonly string[]): void {
  execFileSync('npm', ['--silent', ...args], { cwd, stdio: ['ignore', 'ignore', 'inherit'] })
}

function tableOf(modules: string): Table {
  const lock = JSON.parse(readFileSync(join(modules, '.package-lock.json'), 'utf8'))
  const packages = Object.entries<Locked>(lock.packages).map(
    ([path, { version, dependencies, optionalDependencies }]) => {
      const bytes = sizeOf(join(modules, '..', path))
      const needs = Object.keys({ ...dependencies, ...optionalDependencies })
      return { name: path.split('node_modules/').at(-1) ?? path, version, bytes, needs }
    },
  )
  const total = packages.reduce((sum, { bytes }) => sum + bytes, 0)
  const rows = packages
    .sort((a, b) => b.bytes - a.bytes)
    .map(({ name, version, bytes }) => {
      const needers = packages.filter(({ needs }) => needs.includes(name)).map((each) => each.name)
      const who = name === OURS ? 'you' : needers.map((each) => (each === OURS ? 'us' : each)).join(', ')
      return [`${name} ${version}`, kilobytes(bytes), `${((100 * bytes) / total).toFixed(1)} %`, who]
    })
  return {
    title: 'footprint: what it adds to node_modules',
    columns: ['package', 'kB unpacked', 'share', 'needed by'],
    rows: [...rows, [`${packages.length} packages`, kilobytes(total), '100 %', '']],
    figures: packages,
  }
}

/** The bytes of its own files; what is installed inside it is a package of its own. */
function sizeOf(path: string): number {
  const names = readdirSync(path, { recursive: true, encoding: 'utf8' })
  const own = names.filter((name) => !name.startsWith('node_modules'))
  const files = own.map((name) => statSync(join(path, name))).filter((stats) => stats.isFile())
  return files.reduce((sum, { size }) => sum + size, 0)
}

function kilobytes(bytes: number): string {
  return Math.round(bytes / 1000).toLocaleString('en')
}
