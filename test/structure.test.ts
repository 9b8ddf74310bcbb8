// Who may import whom. The layers are what keeps the core free of Express and of SQL.
import { readdirSync, readFileSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { expect } from 'chai'

const root = resolve(import.meta.dirname, '..')

interface Module {
  readonly file: string
  /** Files of ours, relative to the root, and names of packages. */
  readonly imports: readonly string[]
  /** Those that are imported while it runs. */
  readonly dynamic: readonly string[]
}

function modulesIn(folder: string): readonly Module[] {
  const files = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
  return files
    .filter((name) => name.endsWith('.ts'))
    .map((name) => {
      const file = join(folder, name)
      const source = readFileSync(join(root, file), 'utf8')
      const ours = (from: string) =>
        from.startsWith('.') ? relative(root, resolve(root, dirname(file), from)).replace(/\.js$/, '.ts') : from
      const find = (pattern: RegExp) => [...source.matchAll(pattern)].map(([, from = '']) => ours(from))
      const imports = find(/^(?:import|export)\b[^'"]*?from '([^']+)'/gm)
      return { file, imports, dynamic: find(/\bimport\('([^']+)'\)/g) }
    })
}

const expectNone = (
  modules: readonly Pick<Module, 'file' | 'imports'>[],
  isForbidden: (imported: string) => boolean,
) => {
  expect(modules.length).to.be.greaterThan(0)
  const broken = modules.flatMap(({ file, imports }) =>
    imports.filter(isForbidden).map((each) => `${file} imports ${each}`),
  )
  expect(broken).to.deep.equal([])
}

const isPackage = (name: string) => !name.startsWith('src/') && !name.startsWith('adapters/')
const src = modulesIn('src')
const cli = src.filter(({ file }) => file.startsWith('src/cli/'))
const core = src.filter(
  (module) => !module.file.startsWith('src/http/') && !cli.includes(module) && module.file !== 'src/index.ts',
)
const leaves = [
  'errors',
  'codes',
  'addresses',
  'keyring',
  'types',
  'warnings',
  'records',
  'store',
  'events',
  'option-names',
].map((name) => `src/${name}.ts`)

describe('the structure', () => {
  it('finds the imports that it judges', () => {
    expect(src.flatMap(({ imports }) => imports)).to.include.members(['express', 'src/errors.ts', 'valibot'])
  })

  it('the core knows no Express, no SQL and no adapter', () => {
    const barred = ['express', 'express-rate-limit', 'cookie', 'kysely', 'better-sqlite3', 'pg', 'nodemailer']
    expectNone(core, (name) => barred.includes(name) || name.startsWith('src/http/') || name.startsWith('adapters/'))
  })

  it('leaf modules import leaf modules only', () => {
    expectNone(
      src.filter(({ file }) => leaves.includes(file)),
      (name) => name.startsWith('src/') && !leaves.includes(name),
    )
  })

  it('the store contract stands on types alone', () => {
    expectNone(
      src.filter(({ file }) => file === 'src/store.ts'),
      (name) => !['src/types.ts', 'src/records.ts'].includes(name),
    )
  })

  it('http imports no adapter, and neither Kysely nor a driver', () => {
    const http = src.filter(({ file }) => file.startsWith('src/http/'))
    expectNone(http, (name) => name.startsWith('adapters/') || ['kysely', 'better-sqlite3', 'pg'].includes(name))
  })

  it('the command line works through createInvites, knows no Express, and loads adapters when it needs them', () => {
    const barred = ['src/index.ts', 'express', 'express-rate-limit', 'cookie', 'kysely']
    const all = cli.map(({ file, imports, dynamic }) => ({ file, imports: [...imports, ...dynamic] }))
    expectNone(
      all,
      (name) => barred.includes(name) || name.startsWith('src/http/') || name.startsWith('src/use-cases/'),
    )
    expectNone(cli, (name) => name.startsWith('adapters/') || name === 'better-sqlite3')
    const loaders = cli.filter(({ dynamic }) => dynamic.some((name) => name.startsWith('adapters/')))
    expect(loaders.map(({ file }) => file)).to.deep.equal(['src/cli/database.ts'])
  })

  it('nothing else imports the command line', () => {
    const others = src.filter((module) => !cli.includes(module))
    expectNone([...others, ...modulesIn('adapters')], (name) => name.startsWith('src/cli/') || name === 'commander')
  })

  it('adapters import the contract, its leaves, Kysely and one driver', () => {
    const allowed = ['src/store.ts', 'src/types.ts', 'src/errors.ts', 'src/option-names.ts', 'kysely']
    expectNone(modulesIn('adapters'), (name) => {
      if (name.startsWith('node:') || name.startsWith('adapters/') || allowed.includes(name)) return false
      return name !== 'better-sqlite3'
    })
    const shared = modulesIn('adapters/kysely')
    expectNone(shared, (name) => name === 'better-sqlite3' || name === 'pg')
  })

  it('Passport and nodemailer are imported by tests and the example only', () => {
    expectNone([...src, ...modulesIn('adapters')], (name) => name.startsWith('passport') || name === 'nodemailer')
  })

  it('the example imports the package by its name', () => {
    const example = modulesIn('example')
    expectNone(example, (name) => name.startsWith('src/') || name.startsWith('adapters/'))
    expect(example.flatMap(({ imports }) => imports)).to.include('express-invite-only')
  })

  it('everything that is imported at run time is declared', () => {
    const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const declared = Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies })
    const packageOf = (name: string) =>
      name
        .split('/')
        .slice(0, name.startsWith('@') ? 2 : 1)
        .join('/')
    expectNone([...src, ...modulesIn('adapters')], (name) => {
      return isPackage(name) && !name.startsWith('node:') && !declared.includes(packageOf(name))
    })
  })
})
