// The README, held to its word: its program is run as a stranger would run it, its requests are made with curl, and
// every other block of code is compiled and run inside its prelude.
import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import request from 'supertest'
import { type Block, blocks, readme } from './readme/blocks.js'
import { notRun, preludes } from './readme/preludes.js'
import { afterThis } from './support/cleanup.js'
import { temporaryDatabase } from './support/postgres.js'
import { makeProject, root, run, unmeasured } from './support/project.js'

const isProgram = ({ source }: Block) => /^\/\/ \S+\.mjs\b/.test(source)
const isCurl = ({ source }: Block) => /^curl /m.test(source)
const nameOf = ({ heading, line }: Block) => `${heading} (line ${line})`

const shell = blocks.filter(({ language }) => language === 'sh')
const code = blocks.filter(({ language }) => language === 'js' || language === 'ts')
const snippets = code.filter((block) => !isProgram(block))

describe('the README', function () {
  this.timeout(60_000)

  for (const express of ['express', 'express4']) {
    it(`holds a working program in its first 60 lines, under ${express}`, async () => {
      const url = await startReadmeProgram(express)
      const who = { Authorization: 'Bearer let-me-invite' }
      const sent = await request(url).post('/invites/app/default/invite').set(who).send({ email: 'ada@example.com' })
      expect(sent.status).to.equal(201)
      const signup = () =>
        request(url).post('/signup').send({ email: 'ada@example.com', inviteCode: sent.body.inviteCode })
      expect((await request(url).post('/signup').send({ email: 'ada@example.com' })).status).to.equal(403)
      expect((await signup()).body).to.deep.equal({ welcome: 'ada@example.com', role: null })
      expect((await signup()).status).to.equal(410)
      expect((await request(url).get('/admin/invites').set(who)).text).to.contain('Outstanding invites')
    })
  }

  for (const block of shell.filter(isCurl)) {
    it(`is answered by the program as it says: ${nameOf(block)}`, async function () {
      if (spawnSync('curl', ['--version']).error) {
        console.warn('SKIPPED: there is no curl on this machine.')
        this.skip()
      }
      const url = await startReadmeProgram()
      let inviteCode = ''
      const commands = block.source.replaceAll('\\\n', ' ').trim().split(/\n+/)
      for (const command of commands) {
        const [, status] = /# → (\d{3})/.exec(command) ?? []
        expect(status, `Say what it answers, as in "# → 201": ${command}`).to.be.a('string')
        const line = command.replace('localhost:3000', new URL(url).host).replace('…', inviteCode)
        const answer = run('sh', ['-c', line.replace(/^curl /, "curl -sS -w '\\n%{http_code}' ")], root).trim()
        expect(answer.split('\n').at(-1), answer).to.equal(status)
        inviteCode = /"inviteCode":"([^"]+)"/.exec(answer)?.[1] ?? inviteCode
      }
      expect(commands).to.not.have.length(0)
    })
  }

  it('tells to run only what there is', () => {
    const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
    const npm = /^npm (?:install|test|start|run (\S+))\b/
    const lines = shell.filter((block) => !isCurl(block)).flatMap(({ source }) => source.trim().split('\n'))
    for (const line of lines) {
      if (notRun[line] !== undefined) continue
      for (const command of line.replace(/#.*/, '').split('&&')) {
        const [found, named] = npm.exec(command.trim()) ?? []
        expect(
          found,
          `"${line}" is neither npm nor curl, so nothing tries it. Test it elsewhere, and say where in \`notRun\` of test/readme/preludes.ts.`,
        ).to.be.a('string')
        if (named !== undefined) expect(scripts).to.have.property(named)
      }
    }
  })

  it('has a prelude for every block of code, and no other', () => {
    for (const block of snippets) preludeOf(block)
    for (const { has } of preludes) {
      const found = snippets.filter(({ source }) => source.includes(has)).length
      expect(found, `Blocks of the README that hold \`${has}\`, as test/readme/preludes.ts has it`).to.equal(1)
    }
  })

  it('has only code that compiles, strictly', () => {
    const known = snippets.filter(({ source }) => preludes.some(({ has }) => source.includes(has)))
    const folder = projectOf(known)
    const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
    const { stdout, status } = spawnSync(process.execPath, [compiler, '-p', folder], {
      cwd: folder,
      encoding: 'utf8',
      env: unmeasured,
    })
    expect(status, `The blocks of the README, by their lines there:\n${stdout}`).to.equal(0)
  })

  for (const block of snippets) {
    it(`does what it says: ${nameOf(block)}`, async () => {
      const folder = projectOf([block])
      const usesPostgres = /DATABASE_URL/.test(`${preludeOf(block).before}${block.source}`)
      const env = usesPostgres ? { DATABASE_URL: await temporaryDatabase() } : {}
      run(process.execPath, ['--import', 'tsx', fileOf(block)], folder, env)
    })
  }

  it('names every error code, warning and option that there is', async () => {
    const source = (file: string) => readFileSync(join(root, 'src', file), 'utf8')
    const later = ['quota_exceeded'] // fixed by the contract, given by nothing yet
    const codes = [...source('errors.ts').matchAll(/^ {2}(\w+): \[\d{3},/gm)].map(([, code = '']) => code)
    const warnings = [...source('warnings.ts').matchAll(/'(INVITE_\w+)'/g)].map(([, code = '']) => code)
    const options = [...source('options.ts').matchAll(/^ {2}readonly (\w+)\??:/gm)].map(([, name = '']) => name)
    expect(codes.length + warnings.length + options.length).to.be.greaterThan(30)
    const notOptions = ['to', 'subject', 'text', 'html', 'messageId', 'headers']
    const named = [...codes, ...warnings, ...options].filter((name) => ![...later, ...notOptions].includes(name))
    expect(named.filter((name) => !readme.includes(name))).to.deep.equal([])
  })
})

/** Runs the README's first program on a port of its own; it is stopped after the test. */
async function startReadmeProgram(express = 'express'): Promise<string> {
  const program = code.find((block) => isProgram(block) && block.line < 60)?.source ?? ''
  const port = await freePort()
  const files = { 'app.mjs': program.replaceAll('3000', String(port)) }
  const folder = makeProject({ files, aliases: { express } })
  const env = unmeasured
  const server = spawn(process.execPath, ['app.mjs'], { cwd: folder, env, stdio: ['ignore', 'pipe', 'inherit'] })
  afterThis(() => server.kill())
  await new Promise((resolve) => server.stdout.once('data', resolve))
  return `http://localhost:${port}`
}

function preludeOf(block: Block) {
  const prelude = preludes.find(({ has }) => block.source.includes(has))
  if (prelude !== undefined) return prelude
  throw new Error(
    `The README's block under "${block.heading}", on line ${block.line}, has no prelude. Add one to ` +
      'test/readme/preludes.ts: in `has` some words of the block, in `before` what makes the names that it takes as ' +
      'given, in `after` what uses the names that it makes and asserts what the README promises.',
  )
}

const fileOf = ({ line }: Block) => `line-${line}.ts`

/** A stranger's TypeScript project that has these blocks, each in its prelude. */
function projectOf(chosen: readonly Block[]): string {
  const files = chosen.map((block) => {
    const { before, after } = preludeOf(block)
    return [fileOf(block), `${before}\n\n${block.source}\n${after}\n`]
  })
  const options = { module: 'nodenext', target: 'es2023', strict: true, noEmit: true, types: ['node'] }
  return makeProject({
    files: {
      ...Object.fromEntries(files),
      'harness.ts': readFileSync(join(root, 'test', 'readme', 'harness.ts'), 'utf8'),
      'signup.json': '', // a view
      'package.json': JSON.stringify({ type: 'module' }),
      // The blocks are JavaScript, where a parameter has no type.
      'tsconfig.json': JSON.stringify({ compilerOptions: { ...options, noImplicitAny: false, skipLibCheck: true } }),
    },
  })
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0))
    })
  })
}
