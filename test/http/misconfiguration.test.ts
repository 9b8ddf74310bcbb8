// Set-ups that are odd but possible: told once each, with a code, and with what to do about it.
import Database from 'better-sqlite3'
import { expect } from 'chai'
import express, { type Express, type RequestHandler } from 'express'
import request from 'supertest'
import { sqliteStore } from '../../adapters/sqlite.js'
import { createInvites, requireInvite } from '../../src/index.js'
import { afterThis } from '../support/cleanup.js'
import { type Host, type HostOptions, openHost, SECRET, sendInvite } from '../support/host.js'
import { itOnSqlite } from '../support/host-database.js'

interface Warning extends Error {
  readonly code?: string
}

/** The warnings of this package from now on. */
function warnings(): { readonly told: Warning[]; codes(): Promise<readonly (string | undefined)[]> } {
  const told: Warning[] = []
  const hear = (warning: Warning) => void (warning.name === 'ExpressInviteOnly' && told.push(warning))
  process.on('warning', hear)
  afterThis(() => process.off('warning', hear))
  // They are emitted on the next tick.
  return { told, codes: () => new Promise((done) => setImmediate(() => done(told.map(({ code }) => code)))) }
}

const redirect: RequestHandler = (_req, res) => res.redirect('/welcome')

async function signUp(options: HostOptions): Promise<void> {
  const host = await openHost(options)
  for (const email of ['ada@example.com', 'bob@example.com']) {
    const { inviteCode } = await sendInvite(host, { email })
    expect((await host.signup({ inviteCode, email })).status).to.be.lessThan(400)
  }
}

describe('a misconfiguration', () => {
  it('is not seen where there is none', async () => {
    const heard = warnings()
    await signUp({})
    await signUp({ signup: redirect, gate: { succeeded: () => true } })
    await signUp({
      signup: async (req, res) => {
        await req.invite?.accept({ userId: 1 })
        res.redirect('/welcome')
      },
    })
    await signUp({
      signup: (req, res) => {
        req.user = { id: 1 }
        res.redirect('/welcome')
      },
    })
    expect(await heard.codes()).to.deep.equal([])
  })

  it('INVITE_REDIRECT_COUNTED: a redirect that may mean anything', async () => {
    const heard = warnings()
    await signUp({ signup: redirect })
    expect(await heard.codes()).to.deep.equal(['INVITE_REDIRECT_COUNTED'])
    expect(heard.told[0]?.message).to.include('POST /signup').and.include('accept({ userId })').and.include('succeeded')
  })

  it('R-19 tells no code that stands in a path', async () => {
    const heard = warnings()
    const { invites } = await openHost()
    const gate = requireInvite(invites, { code: (req) => String(req.params.code), email: false })
    const app = express().use(express.json())
    app.all('/join/:code', gate, redirect)
    app.use(answerMessage)
    const { inviteCode } = await invites.send({})
    for (const spelled of [inviteCode, inviteCode?.replaceAll('-', '%20')]) {
      await request(app).get(`/join/${spelled}`)
      await request(app).post(`/join/${spelled}`).send({})
    }
    expect(await heard.codes()).to.deep.equal(['INVITE_GET_MOUNT', 'INVITE_REDIRECT_COUNTED'])
    const messages = heard.told.map(({ message }) => message).join()
    expect(messages).to.include('GET /join/…').and.include('POST /join/…').and.not.include(inviteCode?.slice(0, 4))
  })

  it('INVITE_NO_BODY_PARSER: a body that nobody parses', async () => {
    const heard = warnings()
    const { invites } = await openHost()
    const app = express()
    app.post('/signup', requireInvite(invites), (_req, res) => void res.sendStatus(201))
    app.use(answerMessage)
    for (const body of [{ inviteCode: 'x' }, {}]) {
      const { status, text } = await request(app).post('/signup').send(body)
      expect(status).to.equal(500)
      expect(text).to.include('mount a body parser before it, such as app.use(express.json())')
    }
    expect(await heard.codes()).to.deep.equal(['INVITE_NO_BODY_PARSER'])
  })

  itOnSqlite('INVITE_REDIRECT_COUNTED: not where the use was accepted in a transaction', async () => {
    const heard = warnings()
    const host: Host = await openHost({
      signup: (req, res) => {
        const db = new Database(host.database.file)
        afterThis(() => db.close())
        db.transaction(() => req.invite?.acceptSync({ userId: 1, trx: db }))()
        res.redirect('/welcome')
      },
    })
    const { inviteCode } = await sendInvite(host)
    await host.signup({ inviteCode }).expect(302)
    expect((await host.invites.acceptances()).items).to.have.length(1)
    expect(await heard.codes()).to.deep.equal([])
  })

  it('INVITE_NO_ADDRESS: an address under another name than `email`', async () => {
    const heard = warnings()
    const host = await openHost()
    const { inviteCode } = await sendInvite(host, { email: 'ada@example.com' })
    for (const _time of [1, 2]) {
      const { body } = await host.signup({ inviteCode, mail: 'ada@example.com' })
      expect(body.message).to.equal('This invite needs the e-mail address that it is for.')
    }
    expect(await heard.codes()).to.deep.equal(['INVITE_NO_ADDRESS'])
    expect(heard.told[0]?.message).to.include('email: (req) => req.body.mail')
  })

  it('INVITE_STORE_UNAVAILABLE: told by the gate, whose answer tells strangers nothing', async () => {
    const heard = warnings()
    const host = await openHost()
    const { inviteCode } = await sendInvite(host)
    await host.store.close()
    for (const _time of [1, 2]) {
      const { status, body } = await host.signup({ inviteCode })
      expect([status, body.code]).to.deep.equal([503, 'store_unavailable'])
      expect(body.message).to.equal('Invites cannot be looked up right now. Nothing was changed; try again.')
    }
    expect(await heard.codes()).to.deep.equal(['INVITE_STORE_UNAVAILABLE'])
    expect(heard.told[0]?.message).to.match(/^Answered 503: .*(?:not open|closed)/)
  })

  it('INVITE_GET_MOUNT: the gate before a page', async () => {
    const heard = warnings()
    const { invites } = await openHost()
    const app = express()
    app.get('/signup', requireInvite(invites), (_req, res) => void res.send('form'))
    app.use(answerMessage)
    for (const method of ['get', 'head'] as const) {
      expect((await request(app)[method]('/signup?inviteCode=a')).status).to.equal(403)
    }
    expect(await heard.codes()).to.deep.equal(['INVITE_GET_MOUNT'])
    expect(heard.told[0]?.message).to.include('GET /signup,').and.include('POST route').and.not.include('inviteCode')
  })

  it('INVITE_INSECURE_BASE_URL: http in production, but not on this machine', async () => {
    const heard = warnings()
    const visit = async (url: string, env: string) => {
      const invites = { baseUrl: `${url}/invites`, signupUrl: `${url}/signup` }
      const host = await openHost({ invites, before: (app: Express) => void app.set('env', env) })
      await request(host.app).get('/invites/openapi.json').expect(200)
      await host.signup({}).expect(403)
    }
    await visit('http://acme.dev', 'development')
    await visit('https://acme.dev', 'production')
    for (const here of ['localhost:3000', 'app.localhost', '127.0.0.1:80', '[::1]:3000'])
      await visit(`http://${here}`, 'production')
    expect(await heard.codes()).to.deep.equal([])
    await visit('http://acme.dev', 'production')
    expect(await heard.codes()).to.deep.equal(['INVITE_INSECURE_BASE_URL'])
    expect(heard.told[0]?.message).to.include('http://acme.dev/invites').and.include('https')
  })

  it("INVITE_CLOCK_SKEW: clocks far apart from the database's", async () => {
    const heard = warnings()
    const open = async (apartMs: number) => {
      const store = sqliteStore(':memory:')
      await store.migrate()
      const time = async () => (await store.time()) + apartMs
      const urls = { baseUrl: 'https://acme.dev/invites', signupUrl: 'https://acme.dev/signup' }
      const invites = createInvites({ store: { ...store, time }, secret: SECRET, ...urls })
      afterThis(() => invites.close())
      return await heard.codes()
    }
    expect(await open(0)).to.deep.equal([])
    expect(await open(25_000)).to.deep.equal([])
    expect(await open(45_000)).to.deep.equal(['INVITE_CLOCK_SKEW'])
    expect(heard.told[0]?.message).to.match(/ 4[45] seconds apart.*NTP/)
    expect(await open(-3_600_000)).to.have.length(2)
  })
})

const answerMessage: express.ErrorRequestHandler = (error, _req, res, _next) => {
  res.status(error.status ?? 500).send(error.message)
}
