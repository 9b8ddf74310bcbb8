// The gate, the router and the dashboard among the middleware that hosts commonly have, before and behind it.
import { Readable } from 'node:stream'
import { expect } from 'chai'
import compression from 'compression'
import cookieSession from 'cookie-session'
import cors from 'cors'
import express, { type RequestHandler, type Response } from 'express'
import session from 'express-session'
import helmet from 'helmet'
import morgan from 'morgan'
import responseTime from 'response-time'
import request from 'supertest'
import { InviteError, requireInvite } from '../../../src/index.js'
import { type Host, openHost, sendInvite } from '../../support/host.js'

const LONG = 'a page of some length, so that it is worth compressing. '.repeat(200)

/** How a handler may answer, each with a body that is worth compressing. */
const answers: Readonly<Record<string, (res: Response) => unknown>> = {
  json: (res) => res.status(201).json({ text: LONG }),
  send: (res) => res.status(201).send(LONG),
  'send of a buffer': (res) => res.status(201).type('text').send(Buffer.from(LONG)),
  sendStatus: (res) => res.sendStatus(201),
  redirect: (res) => res.redirect('/welcome'),
  end: (res) => res.status(201).type('text').end(LONG),
  'end without a body': (res) => res.status(204).end(),
  'writeHead and end': (res) => res.writeHead(201, { 'Content-Type': 'text/plain' }).end(LONG),
  'write and end': (res) => {
    res.status(201).type('text').write(LONG)
    res.end(LONG)
  },
  pipe: (res) => Readable.from([LONG, LONG]).pipe(res.status(201).type('text')),
  sendFile: (res) => res.status(201).sendFile(import.meta.filename),
  render: (res) => res.status(201).render('middleware.test.ts'),
}

const memorySession = () => session({ secret: 'x', resave: false, saveUninitialized: true })
const remember: RequestHandler = (req, _res, next) => {
  if (req.session) Object.assign(req.session, { seen: true })
  next()
}

/** Middleware that hosts mount, by name. Most of it wraps methods of the response. */
const middleware: Readonly<Record<string, readonly RequestHandler[]>> = {
  nothing: [],
  compression: [compression({ threshold: 0 })],
  'express-session': [memorySession(), remember],
  'cookie-session': [cookieSession({ name: 'host', secret: 'x' }), remember],
  helmet: [helmet()],
  cors: [cors({ origin: 'https://other.example', credentials: true })],
  morgan: [morgan('tiny', { stream: { write: () => undefined } })],
  'response-time': [responseTime()],
  'all of them': [
    responseTime(),
    morgan('tiny', { stream: { write: () => undefined } }),
    helmet(),
    cors(),
    compression({ threshold: 0 }),
    memorySession(),
    remember,
  ],
}

/** By which header each shows that it had its say. */
const marks: Readonly<Record<string, string>> = {
  compression: 'content-encoding',
  'express-session': 'set-cookie',
  'cookie-session': 'set-cookie',
  helmet: 'x-dns-prefetch-control',
  cors: 'access-control-allow-origin',
  'response-time': 'x-response-time',
  'all of them': 'content-encoding',
}

type Place = 'before' | 'behind'

/** A host with `stack` before or behind the gate. */
async function openWith(
  place: Place,
  stack: readonly RequestHandler[],
  answer: (res: Response, host: Host) => unknown,
) {
  const host = await openHost()
  const app = express()
  app.engine('ts', (_path, _options, done) => done(null, LONG))
  app.set('views', import.meta.dirname) // this very file stands for the view
  app.use(express.json())
  const [before, behind] = place === 'before' ? [stack, []] : [[], stack]
  app.post('/signup', ...before, requireInvite(host.invites), ...behind, async (_req, res, next) => {
    try {
      await answer(res, host)
    } catch (error) {
      next(error)
    }
  })
  app.use(((error, _req, res, next) => {
    if (res.headersSent) return next(error)
    res.status(error instanceof InviteError ? error.status : 500).json({ code: error.code ?? 'failed', text: LONG })
  }) satisfies express.ErrorRequestHandler)
  const { inviteCode } = await sendInvite(host)
  const signup = () => request(app).post('/signup').redirects(0).send({ inviteCode })
  return { host, signup }
}

const usesOf = async (host: Host) =>
  (await host.invites.list({ status: ['pending', 'accepted'] })).items.map(({ uses }) => uses)

describe('middleware of the host', () => {
  const plain = new Map<string, request.Response>() // each answer as it is without any
  before(async () => {
    for (const [how, answer] of Object.entries(answers)) {
      plain.set(how, await (await openWith('before', [], answer)).signup())
    }
  })

  for (const place of ['before', 'behind'] as const) {
    for (const [name, stack] of Object.entries(middleware)) {
      describe(`${name} ${place} the gate`, () => {
        it('answers as without it, whatever the handler answers with, and counts the use', async () => {
          for (const [how, answer] of Object.entries(answers)) {
            const { host, signup } = await openWith(place, stack, answer)
            const [expected, res] = [plain.get(how), await signup()]
            expect(res.status, how).to.be.below(400)
            expect([res.status, res.text, res.body], how).to.deep.equal([
              expected?.status,
              expected?.text,
              expected?.body,
            ])
            expect(await usesOf(host), how).to.deep.equal([1])
            const mark = marks[name]
            if (mark !== undefined && how === 'json') expect(res.headers).to.have.property(mark)
          }
        })

        it('gives the use back where the handler fails, however', async () => {
          const failures: Readonly<Record<string, (res: Response) => unknown>> = {
            json: (res) => res.status(422).json({ text: LONG }),
            pipe: (res) => Readable.from([LONG]).pipe(res.status(422)),
            'a throw': () => {
              throw new Error('no')
            },
            'a throw with an answer begun': (res) => {
              res.status(201).set('X-Made', 'yes')
              throw new Error('no')
            },
          }
          for (const [how, answer] of Object.entries(failures)) {
            const { host, signup } = await openWith(place, stack, answer)
            expect((await signup()).status, how).to.be.at.least(400)
            expect(await usesOf(host), how).to.deep.equal([0])
            expect((await signup()).status, how).not.to.equal(409) // and nobody holds it
          }
        })

        it('sends no success that was not recorded whole', async () => {
          for (const how of ['json', 'send', 'end', 'redirect', 'writeHead and end', 'sendStatus'] as const) {
            const { signup } = await openWith(place, stack, async (res, host) => {
              await host.store.close()
              await answers[how]?.(res)
            })
            const res = await signup().catch((error: Error) => error)
            if (res instanceof Error) {
              // Behind the gate, what they write first is on its way before the end is known: then the connection is cut.
              expect(`${name} ${place}: ${res.message}`, how).to.match(/(compression|session|them) behind: aborted/)
            } else expect([res.status, res.body], how).to.deep.equal([503, { code: 'store_unavailable', text: LONG }])
          }
        })
      })
    }
  }
})
