// Who may import whom is in .dependency-cruiser.cjs, and `npm run lint` holds the sources against it. Here: that each of
// its rules refuses what it is there for.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { cruise, type ICruiseOptions } from 'dependency-cruiser'
import { temporaryFolder } from './support/cleanup.js'
import { root } from './support/project.js'

interface Rules {
  readonly forbidden: readonly { readonly name: string }[]
  readonly options: ICruiseOptions
}

const config: Rules = createRequire(import.meta.url)('../.dependency-cruiser.cjs')

/** A file, what it imports, and the rules that this breaks. */
const refused: readonly (readonly [file: string, imported: string, ...rules: string[]])[] = [
  ['src/views.ts', 'express', 'core'],
  ['src/use-cases/send.ts', 'kysely', 'core'],
  ['src/config.ts', '../adapters/sqlite.js', 'core'],
  ['src/mail/worker.ts', '../http/router.js', 'core'],
  ['src/errors.ts', './views.js', 'leaves'],
  ['src/store.ts', './errors.js', 'store-contract'],
  ['src/store.ts', 'node:fs', 'store-contract'],
  ['src/http/router.ts', 'kysely', 'http'],
  ['src/http/body.ts', '../../adapters/sqlite.js', 'http'],
  ['src/cli/main.ts', '../http/router.js', 'cli'],
  ['src/invites.ts', './cli/main.js', 'cli-is-last'],
  ['adapters/sqlite.ts', '../src/views.js', 'adapters'],
  ['adapters/sqlite.ts', 'express', 'adapters'],
  ['adapters/kysely/store.ts', 'better-sqlite3', 'one-driver'],
  ['adapters/kysely/store.ts', 'pg', 'one-driver-postgres'],
  ['src/http/preview.ts', 'passport', 'declared', 'login'],
  ['src/http/problem.ts', 'supertest', 'declared'],
  ['example/app.ts', '../src/views.js', 'example'],
]

/** What none of the rules minds. */
const allowed: readonly (readonly [file: string, imported: string])[] = [
  ['src/http/router.ts', 'express'],
  ['src/http/router.ts', '../views.js'],
  ['src/cli/main.ts', '../../adapters/sqlite.js'],
  ['src/views.ts', './errors.js'],
  ['src/store.ts', './types.js'],
  ['adapters/sqlite.ts', 'better-sqlite3'],
  ['adapters/sqlite.ts', 'node:fs'],
  ['adapters/kysely/store.ts', 'kysely'],
  ['adapters/kysely/store.ts', '../../src/errors.js'],
  ['example/app.ts', 'passport'],
]

const FILES = [...new Set([...refused, ...allowed].map(([file]) => file)), 'src/types.ts']

describe('the rules of who may import whom', () => {
  for (const [file, imported, ...rules] of refused) {
    it(`${file} may not import ${imported}`, async () => {
      expect(await broken(file, `import '${imported}'`)).to.deep.equal(rules)
    })
  }

  it('what is only a type, or loaded later, counts too', async () => {
    expect(await broken('src/views.ts', "import type { Request } from 'express'")).to.deep.equal(['core'])
    expect(await broken('src/views.ts', "export const later = () => import('express')")).to.deep.equal(['core'])
  })

  it('no files import each other in a circle', async () => {
    const circle = await broken('src/views.ts', "import './config.js'", { 'src/config.ts': "import './views.js'" })
    expect(circle).to.deep.equal(['no-circle'])
  })

  for (const [file, imported] of allowed) {
    it(`${file} may import ${imported}`, async () => {
      expect(await broken(file, `import '${imported}'`)).to.deep.equal([])
    })
  }

  it('has no rule that is not tried here', () => {
    const tried = new Set([...refused.flatMap(([, , ...rules]) => rules), 'no-circle'])
    expect(config.forbidden.map(({ name }) => name).sort()).to.deep.equal([...tried].sort())
  })
})

/** The rules that a tree laid out like ours breaks when `file` holds `source`. */
async function broken(file: string, source: string, others: Readonly<Record<string, string>> = {}) {
  const folder = temporaryFolder()
  const sources = { ...Object.fromEntries(FILES.map((name) => [name, ''])), [file]: source, ...others }
  for (const [name, text] of Object.entries(sources)) {
    mkdirSync(join(folder, dirname(name)), { recursive: true })
    writeFileSync(join(folder, name), `${text}\n`)
  }
  for (const name of ['node_modules', 'package.json', 'tsconfig.json'])
    symlinkSync(join(root, name), join(folder, name))
  const { output } = await cruise(['src', 'adapters', 'example'], {
    ...config.options,
    baseDir: folder,
    validate: true,
    ruleSet: { forbidden: config.forbidden },
  } as ICruiseOptions)
  if (typeof output === 'string') throw new Error(output)
  return [...new Set(output.summary.violations.map(({ rule }) => rule.name))].sort()
}
