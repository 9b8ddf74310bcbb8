// Whole host apps in processes of their own: every Node, as ES module and CommonJS, on Express 5 and both ends of 4.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect } from 'chai'
import request from 'supertest'
import { afterThis } from '../support/cleanup.js'
import { fetchNodes, type Nodes } from '../support/nodes.js'
import { makeProject } from '../support/project.js'

const names = {
  express: 'express',
  'express-invite-only': '{ createInvites, InviteError, inviteDashboard, inviteRouter, previewInvite, requireInvite }',
  'express-invite-only/adapters/sqlite': '{ sqliteStore }',
}
const heads = {
  'app.mjs': Object.entries(names).map(([from, what]) => `import ${what} from '${from}'`),
  'app.cjs': Object.entries(names).map(([from, what]) => `const ${what} = require('${from}')`),
}

const body = `
async function main() {
  const store = sqliteStore('app.db')
  await store.migrate()
  const invites = createInvites({
    store,
    secret: 'a secret that is long enough to be one',
    baseUrl: 'http://localhost:3000/invites',
    signupUrl: 'http://localhost:3000/signup',
  })
  const authorize = (req) => (req.get('Authorization') === 'Bearer boss' ? { id: 1, access: 'supervisor' } : null)
  const app = express()
  app.use('/invites', inviteRouter(invites, { authorize }))
  app.use('/admin', inviteDashboard(invites, { authorize }))
  const passOn = (handler) => (req, res, next) => handler(req, res).catch(next) // as Express 4 needs it
  app.get('/signup', passOn(async (req, res) => res.json({ greets: (await previewInvite(invites, req))?.role })))
  app.post('/signup', express.json(), requireInvite(invites), passOn(async (req, res) => {
    if (req.body.rejects) throw new Error('rejected')
    if (req.body.fails) return res.status(422).json({})
    await req.invite.accept({ userId: 7 })
    res.status(201).json({ role: req.invite.role, verified: req.invite.emailVerified })
  }))
  app.use((error, req, res, next) => {
    res.status(error instanceof InviteError ? error.status : 500).json({ code: error.code, message: error.message })
  })
  const server = app.listen(0, '127.0.0.1', () => console.log(server.address().port))
  process.once('SIGTERM', async () => {
    server.closeAllConnections()
    await new Promise((done) => server.close(done))
    await invites.close()
  })
}
main()`

interface Setup {
  readonly node: string
  readonly file: keyof typeof heads
  readonly aliases: Readonly<Record<string, string>>
}

/** Starts the app; `stop` ends it as a process manager does, and returns what it printed to stderr. */
async function start({ node, file, aliases }: Setup) {
  const folder = makeProject({ files: { [file]: [...heads[file], body].join('\n') }, aliases })
  const child = spawn(node, [file], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
  afterThis(() => child.kill('SIGKILL'))
  const exited = once(child, 'close')
  let stderr = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const lines = createInterface({ input: child.stdout })
  const [port] = await Promise.race([once(lines, 'line'), exited.then(() => Promise.reject(new Error(stderr)))])
  return {
    url: `http://127.0.0.1:${port}`,
    async stop() {
      child.kill('SIGTERM')
      expect(await exited).to.deep.equal([0, null])
      return stderr
    },
  }
}

/** The way of an invite from its making to the account, with every kind of refusal on it. */
async function walk(url: string): Promise<void> {
  const who = { Authorization: 'Bearer boss' }
  const email = 'ada@example.com'
  const create = (fields: object) => request(url).post('/invites/app/default/invite').set(who).send(fields)
  expect((await request(url).post('/invites/app/default/invite').send({ email })).status).to.equal(401)
  expect((await create({ email: 'nobody' })).status).to.equal(400)
  const { body: invite } = await create({ email, role: 'nurse' }).expect(201)

  const joined = await request(url).get(new URL(invite.joinUrl).pathname)
  expect([joined.status, joined.get('Location')]).to.deep.equal([302, 'http://localhost:3000/signup'])
  const Cookie = joined.get('Set-Cookie')?.[0]?.split(';')[0] ?? ''
  expect((await request(url).get('/signup').set({ Cookie })).body).to.deep.equal({ greets: 'nurse' })
  const check = await request(url).post('/invites/app/default/invite/check').send({ inviteCode: invite.inviteCode })
  expect([check.status, check.body.role]).to.deep.equal([200, 'nurse'])

  const signup = async (fields: object, headers = {}) => {
    const res = await request(url).post('/signup').set(headers).send(fields)
    return [res.status, res.body.code]
  }
  expect(await signup({ email })).to.deep.equal([403, 'invite_required'])
  expect(await signup({ email, inviteCode: 'wrong' })).to.deep.equal([403, 'invite_invalid'])
  expect(await signup({ email, inviteCode: ['a'] })).to.deep.equal([400, 'input_invalid'])
  expect(await signup({ email: 'eve@example.com' }, { Cookie })).to.deep.equal([403, 'invite_email_mismatch'])
  expect(await signup({ email, fails: true }, { Cookie })).to.deep.equal([422, undefined])
  expect(await signup({ email, rejects: true }, { Cookie })).to.deep.equal([500, undefined])
  expect(await signup({ email }, { Cookie })).to.deep.equal([201, undefined])
  expect(await signup({ email }, { Cookie })).to.deep.equal([410, 'invite_used'])

  const sent = await request(url).post('/admin/send').set(who).type('form').send({ email: 'bob@example.com' })
  expect(sent.status).to.equal(303)
  expect((await request(url).get('/admin').set(who)).text).to.contain('bob@example.com')
}

describe('host apps', function () {
  this.timeout(120_000)

  let nodes: Nodes
  before(function () {
    nodes = fetchNodes(this)
  })

  const setups: Readonly<Record<string, () => Omit<Setup, 'file'>>> = {
    'the Node of these tests, Express 5': () => ({ node: process.execPath, aliases: {} }),
    'the Node of these tests, Express 4.22': () => ({ node: process.execPath, aliases: { express: 'express4' } }),
    'the Node of these tests, Express 4.21.0': () => ({
      node: process.execPath,
      aliases: { express: 'express-4.21' },
    }),
    'Node 22, better-sqlite3 13, Express 5': () => ({
      node: nodes.node('22'),
      aliases: { 'better-sqlite3': nodes.betterSqlite13 },
    }),
    'Node 24, better-sqlite3 13, Express 5': () => ({
      node: nodes.node('24'),
      aliases: { 'better-sqlite3': nodes.betterSqlite13 },
    }),
    'Node 24, better-sqlite3 13, Express 4.21.0': () => ({
      node: nodes.node('24'),
      aliases: { 'better-sqlite3': nodes.betterSqlite13, express: 'express-4.21' },
    }),
  }
  for (const [name, setup] of Object.entries(setups)) {
    for (const file of ['app.mjs', 'app.cjs'] as const) {
      it(`run on ${name}, as ${file}, and print no warning`, async () => {
        const { url, stop } = await start({ ...setup(), file })
        await walk(url)
        expect(await stop()).to.equal('')
      })
    }
  }
})
