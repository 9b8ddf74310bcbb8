// Settling: which answers count a use, which give it back, and that no success is sent before it is recorded.
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import Database from 'better-sqlite3'
import { expect } from 'chai'
import express, { type RequestHandler, type Response } from 'express'
import session from 'express-session'
import passport from 'passport'
import { Strategy as LocalStrategy } from 'passport-local'
import request from 'supertest'
import { InviteError, loggedIn, type RequireInviteOptions, requireInvite } from '../../src/index.js'
import { afterThis } from '../support/cleanup.js'
import { type Host, MINUTE, openHost, refusal, sendInvite } from '../support/host.js'
import { itOnSqlite } from '../support/host-database.js'

/** Whether a use of the invite was counted, held or given back. */
async function stateOf(host: Host): Promise<'accepted' | 'held' | 'free'> {
  const { items } = await host.invites.list({ status: ['pending', 'accepted'] })
  const [invite] = items
  if (invite === undefined || invite.inviteCode === null) return 'accepted'
  const claim = await host.invites.claim({ inviteCode: invite.inviteCode }).catch((error: InviteError) => error)
  if (claim instanceof InviteError) return 'held'
  await claim.release()
  return 'free'
}

async function attempt(signup: RequestHandler, gate: RequireInviteOptions = {}) {
  const host = await openHost({ signup, gate })
  const { inviteCode } = await sendInvite(host)
  const res = await host
    .signup({ inviteCode })
    .redirects(0)
    .catch((error: Error) => error)
  return { host, res, state: await stateOf(host), inviteCode }
}

describe('settling with the response', () => {
  describe('R-03 counts the use', () => {
    const successes: Record<string, RequestHandler> = {
      '200': (_req, res) => void res.json({ ok: true }),
      '201 without a body': (_req, res) => void res.status(201).end(),
      '204': (_req, res) => void res.sendStatus(204),
      'a redirect': (_req, res) => res.redirect('/welcome'),
      'writeHead and end': (_req, res) => void res.writeHead(201, { 'X-Made': 'yes' }).end('done'),
      'a streamed answer': (_req, res) => void Readable.from(['a', 'b']).pipe(res.type('text')),
      'write and end': (_req, res) => {
        res.write('half')
        res.end('whole')
      },
      'a head that is flushed first': (_req, res) => {
        res.flushHeaders()
        res.end('whole')
        res.flushHeaders()
      },
      'a late answer': (_req, res) => void setImmediate(() => res.send('late')),
    }
    for (const [name, signup] of Object.entries(successes)) {
      it(`after ${name}`, async () => {
        const { res, state } = await attempt(signup)
        expect(res).to.have.property('status').that.is.below(400)
        expect(state).to.equal('accepted')
      })
    }

    it('after a streamed answer to somebody with a join cookie, which stays', async () => {
      const host = await openHost({ signup: (_req, res) => void Readable.from(['a', 'b']).pipe(res.type('text')) })
      const { joinUrl } = await sendInvite(host)
      const join = await request(host.app).get(new URL(joinUrl).pathname)
      const cookie = join.get('Set-Cookie')?.[0]?.split(';')[0] ?? ''
      const res = await host.signup({}).set('Cookie', cookie)
      expect([res.status, res.text, await stateOf(host)]).to.deep.equal([200, 'ab', 'accepted'])
    })

    it('and sends the answer as it was written', async () => {
      const { res } = await attempt((_req, res) => void res.writeHead(201, 'Made', { 'X-Made': 'yes' }).end('done'))
      expect(res).to.deep.include({ status: 201, text: 'done' })
      expect(res).to.have.property('headers').that.includes({ 'x-made': 'yes' })
      const pairs = ['X-Made', 'yes', 'Set-Cookie', 'a=1', 'Set-Cookie', 'b=2']
      const flat = await attempt((_req, res) => void res.writeHead(201, pairs).end('done'))
      expect(flat.res)
        .to.have.property('headers')
        .that.deep.includes({ 'x-made': 'yes', 'set-cookie': ['a=1', 'b=2'] })
      const streamed = await attempt((_req, res) => void Readable.from(['a', 'b']).pipe(res.type('text')))
      expect(streamed.res).to.have.property('text', 'ab')
    })
  })

  describe('R-03 gives the use back', () => {
    const failures: Record<string, RequestHandler> = {
      '400': (_req, res) => void res.status(400).json({}),
      '422 by writeHead': (_req, res) => void res.writeHead(422).end(),
      '500': (_req, res) => void res.sendStatus(500),
      'a throw': () => {
        throw new Error('no')
      },
      'a rejection': async () => {
        throw new Error('no')
      },
      'next(error)': (_req, _res, next) => next(new Error('no')),
      'no route behind it': (_req, res) => void res.status(404).end(),
    }
    for (const [name, signup] of Object.entries(failures)) {
      it(`after ${name}`, async () => {
        const { host, res, state, inviteCode } = await attempt(signup)
        expect(res).to.have.property('status').that.is.at.least(400)
        expect(state).to.equal('free')
        await host.invites.claim({ inviteCode }).then((claim) => claim.accept())
      })
    }
  })

  describe('R-03 with `succeeded`', () => {
    it('gives it back where the host says that a 200 failed, waiting for a promise', async () => {
      const showForm: RequestHandler = (_req, res) => void res.send('<form>try again</form>')
      expect((await attempt(showForm, { succeeded: () => false })).state).to.equal('free')
      expect((await attempt(showForm, { succeeded: async () => false })).state).to.equal('free')
      expect((await attempt(showForm, { succeeded: () => true })).state).to.equal('accepted')
    })

    it('hands it the request and the response', async () => {
      const { state } = await attempt((_req, res) => void res.set('X-Failed', '1').send('again'), {
        succeeded: (req, res) => req.path === '/signup' && res.get('X-Failed') === undefined,
      })
      expect(state).to.equal('free')
    })

    it('does not ask where the answer is a failure', async () => {
      expect((await attempt((_req, res) => void res.sendStatus(400), { succeeded: () => true })).state).to.equal('free')
    })

    it('counts the use and reports the error where it throws', async () => {
      const { host, res, state } = await attempt((_req, res) => void res.send('ok'), {
        succeeded: () => {
          throw new Error('a bug of the host')
        },
      })
      expect(res).to.have.property('status', 500)
      expect(String(host.errors[0])).to.contain('a bug of the host')
      expect(state).to.equal('accepted')
    })
  })

  describe('R-03 with Passport', () => {
    function passportHost(options: passport.AuthenticateOptions, gate: RequireInviteOptions = {}) {
      const own = new passport.Passport()
      own.serializeUser((user, done) => done(null, user))
      own.deserializeUser((user: Express.User, done) => done(null, user))
      own.use(
        new LocalStrategy({ usernameField: 'email' }, (email, password, done) =>
          done(null, password === 'right' ? { email } : false, { message: 'why' }),
        ),
      )
      return openHost({
        gate,
        before: (app) => {
          app.use(session({ secret: 'test', resave: false, saveUninitialized: false }))
          app.use(own.session())
        },
        signup: (req, res, next) =>
          own.authenticate('local', options)(req, res, (error?: unknown) => {
            if (error) return next(error)
            res.redirect('/welcome')
          }),
      })
    }

    const signUp = async (host: Host, password: string) => {
      const { inviteCode } = await sendInvite(host)
      const res = await host.signup({ inviteCode, email: 'ada@example.com', password }).redirects(0)
      return { location: res.get('Location'), status: res.status, state: await stateOf(host) }
    }

    it('a failureRedirect gives it back, a successRedirect counts it', async () => {
      const options = { failureRedirect: '/again', successRedirect: '/in' }
      expect(await signUp(await passportHost(options), 'wrong')).to.include({ location: '/again', state: 'free' })
      expect(await signUp(await passportHost(options), 'right')).to.include({ location: '/in', state: 'accepted' })
    })

    it('also without a session, and where the user is kept elsewhere on the request', async () => {
      for (const options of [{ session: false }, { assignProperty: 'account' }]) {
        const both = { ...options, failureRedirect: '/again' }
        expect(await signUp(await passportHost(both), 'wrong')).to.include({ location: '/again', state: 'free' })
        expect(await signUp(await passportHost(both), 'right')).to.include({ location: '/welcome', state: 'accepted' })
      }
    })

    it('a plain failure is a 401, which gives it back', async () => {
      expect(await signUp(await passportHost({}), 'wrong')).to.include({ status: 401, state: 'free' })
    })

    it('a Passport that ran before the gate only, as its session does, makes no redirect a failure', async () => {
      const host = await openHost({
        before: (app) => {
          app.use(session({ secret: 'test', resave: false, saveUninitialized: false }))
          app.use(new passport.Passport().session())
        },
        signup: (_req, res) => res.redirect('/welcome'),
      })
      expect(await signUp(host, '')).to.include({ state: 'accepted' })
    })

    it('loggedIn tells a form that is shown again from a login', async () => {
      const handler =
        (login: boolean): RequestHandler =>
        (req, res) => {
          if (login) req.user = { id: 1 }
          res.send('page')
        }
      expect((await attempt(handler(false), { succeeded: loggedIn })).state).to.equal('free')
      expect((await attempt(handler(true), { succeeded: loggedIn })).state).to.equal('accepted')
    })

    it('loggedIn does not take somebody who was logged in before for a new login', async () => {
      const host = await openHost({
        before: (app) =>
          void app.use((req, _res, next) => {
            req.user = { id: 'before' }
            next()
          }),
        gate: { succeeded: loggedIn },
        signup: (_req, res) => void res.send('page'),
      })
      expect(await signUp(host, '')).to.include({ state: 'free' })
    })
  })

  describe('with req.invite', () => {
    it('accept records the user, and the end of the answer adds nothing', async () => {
      const { host, state } = await attempt(async (req, res) => {
        await req.invite?.accept({ userId: 7 })
        res.sendStatus(201)
      })
      expect(state).to.equal('accepted')
      const { items } = await host.invites.acceptances()
      expect(items.map(({ userId }) => userId)).to.deep.equal(['7'])
    })

    it('accept is final, whatever the answer', async () => {
      const { state } = await attempt(async (req, res) => {
        await req.invite?.accept({ userId: 7 })
        res.sendStatus(500)
      })
      expect(state).to.equal('accepted')
    })

    it('accept without waiting for it counts all the same, with its user', async () => {
      const { host } = await attempt((req, res) => {
        void req.invite?.accept({ userId: 7 })
        res.sendStatus(201)
      })
      expect((await host.invites.acceptances()).items[0]?.userId).to.equal('7')
    })

    it('release gives it back, whatever the answer', async () => {
      const { state } = await attempt(async (req, res) => {
        await req.invite?.release()
        res.send('not today')
      })
      expect(state).to.equal('free')
    })

    it('R-05 accept again for the same user changes nothing', async () => {
      const { host } = await attempt(async (req, res) => {
        const first = await req.invite?.accept({ userId: 7 })
        const again = await req.invite?.accept({ userId: 7 })
        res.json(first?.acceptanceId === again?.acceptanceId)
      })
      expect((await host.invites.acceptances()).items).to.have.length(1)
    })

    it('tells who invites, and what was attached', async () => {
      const host = await openHost({ signup: (req, res) => void res.json(req.invite) })
      const { inviteCode, inviteId } = await sendInvite(host, {
        orgId: 'org',
        role: 'nurse',
        metadata: { plan: 'pro' },
      })
      const { body } = await host.signup({ inviteCode, email: 'ada@example.com' })
      expect(body).to.deep.include({
        id: inviteId,
        appId: 'default',
        orgId: 'org',
        role: 'nurse',
        emailVerified: false,
      })
      expect(body).to.deep.include({ email: 'ada@example.com', metadata: { plan: 'pro' }, inviter: null })
    })
  })

  describe('when accepting fails', () => {
    const failing = async (signup: RequestHandler) => {
      const host = await openHost({ signup })
      const { inviteCode } = await sendInvite(host)
      return { host, inviteCode, break: () => host.store.close() }
    }

    it('drops the answer with its headers, and lets the error handler answer', async () => {
      const parts = await failing(async (_req, res) => {
        await parts.break()
        res.set({ 'X-Made': 'yes', ETag: '"1"' }).cookie('session', 'logged-in').status(201).json({ ok: true })
      })
      const res = await parts.host.signup({ inviteCode: parts.inviteCode })
      expect(res.status).to.equal(503)
      expect(res.body.code).to.equal('store_unavailable')
      expect(res.headers).not.to.have.any.keys('x-made', 'set-cookie')
      expect(res.get('ETag')).not.to.equal('"1"')
      expect(parts.host.errors).to.have.length(1)
    })

    it('drops a head that was written but not sent', async () => {
      const parts = await failing(async (_req, res) => {
        await parts.break()
        res.writeHead(201, { 'X-Made': 'yes' }).end('made')
      })
      const res = await parts.host.signup({ inviteCode: parts.inviteCode })
      expect(res.status).to.equal(503)
      expect(res.headers).not.to.have.property('x-made')
    })

    it('keeps what was set before the gate', async () => {
      const host = await openHost({
        before: (app) => void app.use((_req, res, next) => void next(res.set('X-Request-Id', '1') && undefined)),
        signup: async (_req, res) => {
          await host.store.close()
          res.set('X-Request-Id', '2').send('ok')
        },
      })
      const { inviteCode } = await sendInvite(host)
      const res = await host.signup({ inviteCode })
      expect(res.status).to.equal(503)
      expect(res.get('X-Request-Id')).to.equal('1')
    })

    it('cuts the connection where bytes are out already', async () => {
      const parts = await failing(async (_req, res) => {
        res.write('half')
        await parts.break()
        res.end('whole')
      })
      const error = await parts.host.signup({ inviteCode: parts.inviteCode }).then(
        (res) => res.text,
        (thrown: NodeJS.ErrnoException) => thrown.code ?? thrown.message,
      )
      expect(error).to.match(/ECONNRESET|aborted|socket hang up/)
    })

    it('answers invite_claim_lost where the claim lapsed and somebody else took the use', async () => {
      const host = await openHost({
        signup: async (_req, res) => {
          host.clock.advance(2 * MINUTE)
          const rival = await host.invites.claim({ inviteCode })
          await rival.accept({ userId: 'rival' })
          res.status(201).send('made')
        },
      })
      const { inviteCode } = await sendInvite(host)
      const res = await host.signup({ inviteCode })
      expect(res.status).to.equal(409)
      expect(res.body.code).to.equal('invite_claim_lost')
    })

    it('accepts a lapsed claim whose use is still free', async () => {
      const host = await openHost({
        signup: (_req, res) => {
          host.clock.advance(10 * MINUTE)
          res.status(201).send('slow')
        },
      })
      const { inviteCode } = await sendInvite(host)
      await host.signup({ inviteCode }).expect(201)
      expect(await stateOf(host)).to.equal('accepted')
    })

    it('leaves the handler’s own failure alone where giving back fails', async () => {
      const parts = await failing(async (_req, res) => {
        await parts.break()
        res.status(422).json({ mine: true })
      })
      const res = await parts.host.signup({ inviteCode: parts.inviteCode })
      expect(res.status).to.equal(422)
      expect(res.body).to.deep.equal({ mine: true })
    })
  })

  describe('what the handler gets wrong', () => {
    const wrong: Record<string, RequestHandler> = {
      'a header that cannot be sent': (req, res) =>
        void res.writeHead(302, { Location: `/?name=${req.body.name}` }).end(),
      'a body that is none': (_req, res) => void res.end(42 as never),
      'a status that is none': (_req, res) => {
        res.statusCode = 1000
        res.end()
      },
      'a message that cannot be sent': (_req, res) => {
        res.statusMessage = 'a\nb'
        res.end()
      },
    }
    for (const [name, signup] of Object.entries(wrong)) {
      it(`goes to next(error) and gives the use back: ${name}`, async () => {
        const host = await openHost({ signup })
        const { inviteCode } = await sendInvite(host)
        expect((await host.signup({ inviteCode, name: '\u4e2d\n' })).status).to.equal(500)
        expect(host.errors).to.have.length(1)
        expect(await stateOf(host)).to.equal('free')
      })
    }

    it('an error after the answer changes neither the answer nor that the use counts', async () => {
      for (const late of [Promise.resolve(), new Promise(setImmediate)]) {
        const host = await openHost({
          signup: async (_req, res) => {
            res.status(201).json({ made: true })
            await late
            throw new Error('too late')
          },
        })
        const { inviteCode } = await sendInvite(host)
        const res = await host.signup({ inviteCode }).catch((error: Error) => error)
        if (!(res instanceof Error)) expect([res.status, res.body]).to.deep.equal([201, { made: true }])
        let state = await stateOf(host)
        while (state === 'held') state = await stateOf(host) // the client may have been cut off before it is recorded
        expect(state).to.equal('accepted')
      }
    })

    it('a second answer is refused, and the first one counts', async () => {
      const host = await openHost({
        signup: (_req, res) => {
          res.status(201).json({ made: true })
          expect(res.headersSent).to.equal(true)
          expect(() => res.status(400).json({ made: false })).to.throw('after they are sent')
          res.end('more')
        },
      })
      const { inviteCode } = await sendInvite(host)
      const res = await host.signup({ inviteCode })
      expect([res.status, res.body]).to.deep.equal([201, { made: true }])
      expect(await stateOf(host)).to.equal('accepted')
    })

    it('a head that was written is not written again, as anywhere', async () => {
      const host = await openHost({
        signup: (_req, res) => {
          res.writeHead(201, { 'X-Made': 'yes' })
          expect(res.headersSent).to.equal(true)
          expect(() => res.setHeader('X-Made', 'no')).to.throw('after they are sent')
          expect(() => res.writeHead(400)).to.throw('after they are sent')
          res.end()
        },
      })
      const { inviteCode } = await sendInvite(host)
      const res = await host.signup({ inviteCode })
      expect([res.status, res.get('X-Made')]).to.deep.equal([201, 'yes'])
    })

    it('an accept or release that fails and that nobody waits for ends no process', async () => {
      for (const method of ['accept', 'release'] as const) {
        const host = await openHost({
          signup: async (req, res) => {
            await host.store.close()
            void req.invite?.[method]()
            res.status(201).end()
          },
        })
        const { inviteCode } = await sendInvite(host)
        expect((await host.signup({ inviteCode })).status).to.equal(503)
      }
    })
  })

  it('R-03 a client that leaves makes no invite last longer, also where the answer is a stream', async () => {
    const answers: Record<string, (res: Response) => unknown> = {
      sendFile: (res) => res.sendFile(import.meta.filename),
      pipe: (res) => Readable.from(['a', 'b']).pipe(res),
      pipeline: (res) => pipeline(Readable.from(['a', 'b']), res).catch(() => undefined),
      write: (res) => res.write('a'),
    }
    for (const [name, answer] of Object.entries(answers)) {
      let gone = () => {}
      const left = new Promise<void>((resolve) => {
        gone = resolve
      })
      let counted = () => {}
      const accepted = new Promise<void>((resolve) => {
        counted = resolve
      })
      const host = await openHost({
        signup: (_req, res) => {
          res.on('close', () => {
            answer(res)
            gone()
          })
          res.socket?.destroy()
        },
      })
      host.invites.events.on('accepted', counted)
      const { inviteCode } = await sendInvite(host)
      await host.signup({ inviteCode }).catch(() => undefined)
      await left
      await accepted
      host.clock.advance(3 * MINUTE)
      expect(await stateOf(host), name).to.equal('accepted')
    }
  })

  it('one signup counts once, also behind two gates', async () => {
    const host = await openHost({
      signup: (req, res, next) =>
        requireInvite(host.invites)(req, res, (error) => (error ? next(error) : res.sendStatus(201))),
    })
    const { inviteCode } = await sendInvite(host, { maxUses: 5 })
    await host.signup({ inviteCode }).expect(201)
    expect((await host.invites.list()).items[0]?.uses).to.equal(1)
  })

  it('takes no user id that names nobody', async () => {
    const host = await openHost()
    const { inviteCode } = await sendInvite(host, { maxUses: 9 })
    for (const userId of ['', Number.NaN, 1.5, {} as never, true as never]) {
      const claim = await host.invites.claim({ inviteCode })
      const error = await claim.accept({ userId }).catch((thrown: unknown) => thrown)
      expect(error).to.be.instanceOf(TypeError)
      await claim.release()
    }
    for (const userId of [7n, 'u', 0, null, undefined])
      await (await host.invites.claim({ inviteCode })).accept({ userId })
    const users = (await host.invites.acceptances()).items.map((each) => each.userId)
    expect(users.sort()).to.deep.equal(['0', '7', 'u', null, null].sort())
  })

  it('R-05 a double click: one passes, the other hears invite_claimed, and after a failure the next passes', async () => {
    const waiting: (() => void)[] = []
    const host = await openHost({
      signup: (req, res) => void waiting.push(() => res.sendStatus(req.body.fail ? 400 : 201)),
    })
    const { inviteCode } = await sendInvite(host)
    const first = host.signup({ inviteCode, fail: true }).then((res) => res.status)
    while (waiting.length === 0) await new Promise(setImmediate)
    const second = await host.signup({ inviteCode })
    expect(second.status).to.equal(409)
    expect(second.body.code).to.equal('invite_claimed')
    expect(Number(second.get('Retry-After'))).to.be.within(1, 5)
    waiting.shift()?.()
    expect(await first).to.equal(400)
    const third = host.signup({ inviteCode }).then((res) => res.status)
    while (waiting.length === 0) await new Promise(setImmediate)
    waiting.shift()?.()
    expect(await third).to.equal(201)
  })

  it('works under compression-like middleware that wraps the response after the gate', async () => {
    const host = await openHost()
    const { inviteCode } = await sendInvite(host)
    const app = express()
    app.use(express.json())
    app.post(
      '/signup',
      requireInvite(host.invites),
      (_req, res, next) => {
        const { write, end } = res
        res.write = ((chunk: string) => write.call(res, chunk.toUpperCase(), 'utf8')) as typeof res.write
        const { writeHead } = res
        res.writeHead = ((status: number) => writeHead.call(res, status, { 'X-Late': 'yes' })) as typeof res.writeHead
        res.end = (() => end.call(res, 'END', 'utf8')) as typeof res.end
        next()
      },
      (_req, res) => {
        res.write('abc')
        res.end()
      },
    )
    const res = await request(app).post('/signup').send({ inviteCode })
    expect(res.text).to.equal('ABCEND')
    expect(res.get('X-Late')).to.equal('yes')
    expect(await stateOf(host)).to.equal('accepted')
  })

  it('R-05 the programmatic claim: accept and release by key, from another install of the file', async () => {
    const host = await openHost()
    const twin = await openHost({ beside: host })
    const { inviteCode } = await sendInvite(host, { maxUses: 2 })
    const claim = await host.invites.claim({ inviteCode, email: 'ada@example.com' })
    const key = JSON.parse(JSON.stringify(claim))
    const acceptance = await twin.invites.accept(key, { userId: 'u1' })
    expect(acceptance).to.include({ userId: 'u1', email: 'ada@example.com' })
    const other = await host.invites.claim({ inviteCode })
    await twin.invites.release(JSON.parse(JSON.stringify(other)))
    const third = await host.invites.claim({ inviteCode })
    await third.accept()
    expect(await refusal(host.invites.claim({ inviteCode }))).to.equal('invite_used')
  })

  itOnSqlite('R-06 gives the use back where the host rolled its transaction back, whatever it answers', async () => {
    const told: unknown[] = []
    const host: Host = await openHost({
      signup: (req, res) => {
        const db = new Database(host.database.file)
        afterThis(() => db.close())
        try {
          db.transaction(() => {
            req.invite?.acceptSync({ userId: 5, trx: db })
            if (req.body.fail) throw new Error('no user row')
          })()
        } catch {
          return res.redirect('/signup?failed')
        }
        res.redirect('/welcome')
      },
    })
    host.invites.events.on('accepted', (event) => told.push(event))
    const { inviteCode, inviteId } = await sendInvite(host)
    await host.signup({ inviteCode, fail: true }).expect(302)
    expect(await host.invites.retrieve(inviteId)).to.include({ uses: 0, status: 'pending' })
    expect(told).to.deep.equal([])
    await host.signup({ inviteCode }).expect(302)
    await host.signup({ inviteCode }).expect(410)
    expect(told).to.have.length(1)
  })

  itOnSqlite('R-06 a release after the commit is without effect, and the acceptance is told', async () => {
    const told: unknown[] = []
    const host: Host = await openHost({
      signup: async (req, res) => {
        const db = new Database(host.database.file)
        afterThis(() => db.close())
        db.transaction(() => req.invite?.acceptSync({ userId: 5, trx: db }))()
        expect(await req.invite?.release()).to.equal(false)
        res.status(201).json({})
      },
    })
    host.invites.events.on('accepted', (event) => told.push(event))
    const { joinUrl } = await sendInvite(host)
    const join = await request(host.app).get(new URL(joinUrl ?? '').pathname)
    const done = await host.signup({}).set('Cookie', join.get('Set-Cookie')?.[0]?.split(';')[0] ?? '')
    expect([done.status, done.get('Set-Cookie')?.[0]?.split(';')[1]]).to.deep.equal([201, ' Max-Age=0'])
    expect(told).to.have.length(1)
  })

  for (const [status, answered] of [
    [201, 409],
    [500, 500],
  ] as const) {
    itOnSqlite(`R-06 rolled back, lapsed and held by somebody else, ${status} is no acceptance`, async () => {
      const told: unknown[] = []
      const host: Host = await openHost({
        signup: async (req, res) => {
          const db = new Database(host.database.file)
          afterThis(() => db.close())
          const failing = db.transaction(() => {
            req.invite?.acceptSync({ userId: 5, trx: db })
            throw new Error('no user row')
          })
          expect(failing).to.throw('no user row')
          host.clock.advance(3 * MINUTE)
          await host.invites.claim({ inviteCode })
          res.status(status).json({})
        },
      })
      host.invites.events.on('accepted', (event) => told.push(event))
      const { inviteCode } = await sendInvite(host)
      await host.signup({ inviteCode }).expect(answered)
      expect(told).to.deep.equal([])
    })
  }

  itOnSqlite('tells `accepted` once for an acceptance in the host’s transaction, after it was committed', async () => {
    const told: unknown[] = []
    const host = await openHost()
    host.invites.events.on('accepted', (event) => told.push(event))
    const db = new Database(host.database.file)
    const { inviteCode } = await sendInvite(host)
    const claim = await host.invites.claim({ inviteCode })
    db.transaction(() => claim.acceptSync({ userId: 1, trx: db }))()
    expect(told).to.have.length(0)
    await claim.accept({ userId: 1 })
    await claim.accept({ userId: 1 })
    expect(told).to.have.length(1)
    db.close()
  })
})
