// The package as it is published: what is in it, and that strangers' projects of every kind can use it.
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import { publint } from 'publint'
import { makeProject, root, run } from './support/project.js'

describe('the package', function () {
  this.timeout(60_000)

  let tarball = ''
  let packed = ''
  before(() => {
    const folder = mkdtempSync(join(tmpdir(), 'invite-only-packed-'))
    run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], root)
    tarball = join(folder, readdirSync(folder)[0] ?? '')
    packed = run('tar', ['xzf', tarball, '-C', folder, '--one-top-level=out'], folder) || join(folder, 'out', 'package')
  })
  after(() => rmSync(dirname(tarball), { recursive: true }))

  const project = (files: Readonly<Record<string, string>>) => makeProject({ files, packed })

  it('holds the build, the templates and the papers, and nothing else', () => {
    const top = readdirSync(packed).sort()
    expect(top).to.deep.equal(['CHANGELOG.md', 'LICENSE', 'README.md', 'dist', 'package.json', 'templates'])
    expect(readdirSync(join(packed, 'dist')).sort()).to.deep.equal(['adapters', 'src'])
    const files = readdirSync(join(packed, 'dist'), { recursive: true, encoding: 'utf8' })
    expect(files.filter((name) => name.includes('.') && !/\.(js|d\.ts)$/.test(name))).to.deep.equal([])
    const templates = readdirSync(join(packed, 'templates'), { recursive: true, encoding: 'utf8' })
    expect(templates).to.deep.equal(readdirSync(join(root, 'templates'), { recursive: true, encoding: 'utf8' }))
  })

  it('passes publint, strictly', async () => {
    const { messages } = await publint({ pkgDir: packed, strict: true, pack: false })
    expect(messages).to.deep.equal([])
  })

  it('passes attw', () => {
    const { bin } = createRequire(import.meta.url)('@arethetypeswrong/cli/package.json')
    const attw = join(root, 'node_modules', '@arethetypeswrong', 'cli', bin.attw)
    const report = run(process.execPath, [attw, tarball, '--profile', 'esm-only'], root) // fails where it finds any
    for (const adapter of ['sqlite', 'postgres']) expect(report).to.include(`express-invite-only/adapters/${adapter}`)
  })

  const check = `
    const expected = ['InviteError', 'admit', 'assertedAddress', 'carryInvite', 'createInvites', 'inviteDashboard', 'inviteErrors', 'inviteRouter', 'loggedIn', 'previewInvite', 'requireInvite']
    const found = [Object.keys(main).sort(), ...[sqlite.sqliteStore, postgres.postgresStore, contract.storeContract].map((each) => typeof each)]
    console.log(JSON.stringify(found) === JSON.stringify([expected, 'function', 'function', 'function']) ? 'all there' : found)`
  const paths = { main: '', sqlite: '/adapters/sqlite', postgres: '/adapters/postgres', contract: '/adapters/contract' }

  it('brings a program', () => {
    const folder = project({ 'app.mjs': '' })
    const { bin, version } = JSON.parse(readFileSync(join(packed, 'package.json'), 'utf8'))
    const program = join(folder, 'node_modules', 'express-invite-only', bin['express-invite-only'])
    chmodSync(program, 0o755) // as npm does when it installs
    mkdirSync(join(folder, 'node_modules', '.bin'))
    symlinkSync(program, join(folder, 'node_modules', '.bin', 'express-invite-only'))
    const npx = (...args: string[]) => run('npx', ['--no-install', 'express-invite-only', ...args], folder)
    expect(npx('--version').trim()).to.equal(version)
    expect(npx('migrate', '--database', 'app.db')).to.equal('The invite tables are up to date.\n')
  })

  it('is imported by an ESM project', () => {
    const imports = Object.entries(paths).map(([name, path]) => `import * as ${name} from 'express-invite-only${path}'`)
    const folder = project({ 'app.mjs': [...imports, check].join('\n') })
    expect(run(process.execPath, ['app.mjs'], folder).trim()).to.equal('all there')
  })

  it('is required by a CommonJS project', () => {
    const requires = Object.entries(paths).map(
      ([name, path]) => `const ${name} = require('express-invite-only${path}')`,
    )
    const folder = project({ 'app.cjs': [...requires, check].join('\n') })
    expect(run(process.execPath, ['--no-warnings', 'app.cjs'], folder).trim()).to.equal('all there')
  })

  it('is loaded as a few files, without what only some of it needs', () => {
    const folder = project({
      'hooks.mjs': `
        import { appendFileSync } from 'node:fs'
        export async function resolve(name, context, next) {
          const found = await next(name, context)
          appendFileSync('loaded.txt', found.url + '\\n')
          return found
        }`,
      'app.mjs': `
        import { createRequire, register } from 'node:module'
        register('./hooks.mjs', import.meta.url)
        await import('express-invite-only')
        console.log(Object.keys(createRequire(import.meta.url).cache).join('\\n'))`,
    })
    const required = run(process.execPath, ['--no-warnings', 'app.mjs'], folder).split('\n')
    const imported = readFileSync(join(folder, 'loaded.txt'), 'utf8').split('\n')
    const files = [...new Set([...imported, ...required])]
    const packageOf = (file: string) => /.*[\\/]node_modules[\\/]((?:@[^\\/]+[\\/])?[^\\/]+)/.exec(file)?.[1]
    const packages = new Set(files.map(packageOf))
    expect([...packages]).to.include.members(['express-invite-only', 'express', 'valibot'])
    const later = [
      'handlebars',
      'express-rate-limit',
      'ip-address',
      'csv-parse',
      'csv-stringify',
      'kysely',
      'commander',
    ]
    expect(later.filter((name) => packages.has(name))).to.deep.equal([])
    expect(files.filter((file) => packageOf(file) === 'express-invite-only')).to.have.lengthOf.below(25)
  })

  it('opens no way to what is private', () => {
    const folder = project({
      'app.mjs': "import('express-invite-only/dist/src/context.js').catch((error) => console.log(error.code))",
    })
    expect(run(process.execPath, ['app.mjs'], folder).trim()).to.equal('ERR_PACKAGE_PATH_NOT_EXPORTED')
  })

  for (const compiler of ['typescript-5.4', 'typescript']) {
    it(`compiles under ${compiler}, strictly, with req.invite typed`, () => {
      const app = `
        import express from 'express'
        import { createInvites, InviteError, inviteRouter, loggedIn, requireInvite, type Actor } from 'express-invite-only'
        import { sqliteStore } from 'express-invite-only/adapters/sqlite'
        import { postgresStore } from 'express-invite-only/adapters/postgres'
        import pg from 'pg'
        const store = process.env.SQLITE ? sqliteStore('app.db') : postgresStore(new pg.Pool())
        const invites = createInvites({ store, secret: process.env.SECRET, baseUrl: 'x', signupUrl: 'x' })
        const actor: Actor = { id: 7, access: 'supervisor' }
        const app = express()
        app.use(inviteRouter(invites, { authorize: () => actor }))
        app.post('/', requireInvite(invites, { succeeded: loggedIn }), async (req, res) => {
          const role: string | null | undefined = req.invite?.role
          await req.invite?.accept({ userId: 7 })
          res.json({ role })
        })
        invites.events.on('accepted', ({ acceptance }) => console.log(acceptance.userId))
        const code: InviteError['code'] = 'invite_used'
        // @ts-expect-error there is no such code
        const wrong: InviteError['code'] = 'invite_lost'
        console.log(code, wrong)`
      const options = { module: 'nodenext', target: 'es2022', strict: true, noEmit: true, types: ['node'] }
      const folder = project({
        'app.mts': app,
        'tsconfig.json': JSON.stringify({
          compilerOptions: { ...options, skipLibCheck: compiler !== 'typescript' },
          files: ['app.mts'],
        }),
      })
      run(process.execPath, [join(root, 'node_modules', compiler, 'bin', 'tsc'), '-p', folder], folder)
    })
  }
})
