// Body parsers of the host before the gate: JSON, forms, multipart, others, and none.
import { expect } from 'chai'
import express, { type ErrorRequestHandler, type RequestHandler } from 'express'
import multer from 'multer'
import request, { type Test } from 'supertest'
import { InviteError, type RequireInviteOptions, requireInvite } from '../../../src/index.js'
import { openHost, sendInvite } from '../../support/host.js'

type Post = (test: Test, inviteCode: string) => Test

async function signupWith(parsers: readonly RequestHandler[], post: Post, gate: RequireInviteOptions = {}) {
  const host = await openHost()
  const app = express()
  app.post('/signup', ...parsers, requireInvite(host.invites, gate), (req, res) => {
    res.status(201).json({ email: req.invite?.email, file: req.file?.originalname })
  })
  app.use(((error, _req, res, _next) => {
    const status = error instanceof InviteError ? error.status : 500
    res.status(status).json({ code: error.code, message: error.message, kind: error.constructor.name })
  }) satisfies ErrorRequestHandler)
  const { inviteCode } = await sendInvite(host, { email: 'ada@example.com' })
  const res = await post(request(app).post('/signup'), inviteCode)
  const [invite] = (await host.invites.list({ status: ['pending', 'accepted'] })).items
  return { res, uses: invite?.uses }
}

const email = 'ada@example.com'
const asJson: Post = (test, inviteCode) => test.send({ inviteCode, email })
const asForm: Post = (test, inviteCode) => test.type('form').send({ inviteCode, email })
const asMultipart: Post = (test, inviteCode) => test.field({ inviteCode, email })
const asText: Post = (test, inviteCode) => test.type('text/plain').send(inviteCode)
const memory = multer({ storage: multer.memoryStorage() })

describe('body parsers of the host', () => {
  const good: Readonly<Record<string, readonly [readonly RequestHandler[], Post, RequireInviteOptions?]>> = {
    'express.json': [[express.json()], asJson],
    'express.urlencoded, extended': [[express.urlencoded({ extended: true })], asForm],
    'express.urlencoded, simple': [[express.urlencoded({ extended: false })], asForm],
    'both, with JSON': [[express.json(), express.urlencoded({ extended: true })], asJson],
    'both, with a form': [[express.json(), express.urlencoded({ extended: true })], asForm],
    'multer().none()': [[multer().none()], asMultipart],
    'multer().none() behind express.json': [[express.json(), multer().none()], asMultipart],
    'multer() with a file': [
      [memory.single('photo')],
      (test, inviteCode) => asMultipart(test, inviteCode).attach('photo', Buffer.from('x'), 'ada.png'),
    ],
    'express.text, read by `code` and `email`': [
      [express.text()],
      asText,
      { code: (req) => String(req.body), email: () => email },
    ],
    'express.raw, read by `code` and `email`': [
      [express.raw({ type: 'text/*' })],
      asText,
      { code: (req) => String(req.body), email: () => email },
    ],
    'none, read by `code` and `email`': [
      [],
      (test, inviteCode) => test.set({ 'X-Code': inviteCode, 'X-Mail': email }),
      { code: (req) => req.get('X-Code'), email: (req) => req.get('X-Mail') },
    ],
  }
  for (const [name, [parsers, post, gate]] of Object.entries(good)) {
    it(`let in, and count the use: ${name}`, async () => {
      const { res, uses } = await signupWith(parsers, post, gate)
      expect([res.status, res.body.email, uses]).to.deep.equal([201, email, 1])
      expect(res.body.file).to.equal(name.endsWith('a file') ? 'ada.png' : undefined)
    })
  }

  const bad: Readonly<Record<string, readonly [readonly RequestHandler[], Post, number, string]>> = {
    'JSON where forms are parsed': [[express.urlencoded({ extended: true })], asJson, 415, 'application/json'],
    'a form where JSON is parsed': [[express.json()], asForm, 415, 'application/x-www-form-urlencoded'],
    'JSON that calls itself text': [
      [express.json()],
      (test, inviteCode) => test.type('text/plain').send(JSON.stringify({ inviteCode, email })),
      415,
      'text/plain',
    ],
    'multipart where JSON is parsed': [[express.json()], asMultipart, 415, 'multipart/form-data'],
    'the code twice in a form': [
      [express.urlencoded({ extended: false })],
      (test, inviteCode) => test.type('form').send(`inviteCode=${inviteCode}&inviteCode=${inviteCode}&email=${email}`),
      400,
      'must be a string',
    ],
    'the code as an array in a form': [
      [express.urlencoded({ extended: true })],
      (test, inviteCode) => test.type('form').send(`inviteCode[]=${inviteCode}&email=${email}`),
      400,
      'must be a string',
    ],
    'the code as an object in a form': [
      [express.urlencoded({ extended: true })],
      (test, inviteCode) => test.type('form').send(`inviteCode[a]=${inviteCode}&email=${email}`),
      400,
      'must be a string',
    ],
    'the address twice in multipart': [
      [multer().none()],
      (test, inviteCode) => asMultipart(test, inviteCode).field('email', 'eve@example.com'),
      400,
      'must be a string',
    ],
  }
  for (const [name, [parsers, post, status, message]] of Object.entries(bad)) {
    it(`refuse with input_invalid, and take no use: ${name}`, async () => {
      const { res, uses } = await signupWith(parsers, post)
      expect([res.status, res.body.code, uses]).to.deep.equal([status, 'input_invalid', 0])
      expect(res.body.message).to.contain(message)
    })
  }

  it('that are missing are told to the developer in a sentence', async () => {
    const { res, uses } = await signupWith([], asJson)
    expect([res.status, res.body.kind, uses]).to.deep.equal([500, 'TypeError', 0])
    expect(res.body.message).to.contain('mount a body parser before it, such as app.use(express.json())')
  })

  it('that ran before the router’s and the dashboard’s own are no trouble to them', async () => {
    const parsers = [express.json(), express.urlencoded({ extended: true }), express.text(), multer().none()]
    const host = await openHost({ before: (app) => void app.use(parsers) })
    await host.manage.post('default/invite', { email }).expect(201)
    const sent = await request(host.app)
      .post('/admin/invites/send')
      .set('Authorization', 'Bearer supervisor')
      .type('form')
      .send({ email: 'bob@example.com' })
    expect([sent.status, (await host.invites.list()).items.length]).to.deep.equal([303, 2])
  })
})
