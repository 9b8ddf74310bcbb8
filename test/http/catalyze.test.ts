// The Catalyze document (seeds/003) to the letter: its routes at its URLs, with the headers and bodies of its samples.
import { join } from 'node:path'
import { expect } from 'chai'
import express, { type Request } from 'express'
import request from 'supertest'
import { sqliteStore } from '../../adapters/sqlite.js'
import { type Actor, createInvites, InviteError, inviteRouter, requireInvite } from '../../src/index.js'
import { afterThis, temporaryFolder } from '../support/cleanup.js'
import { SECRET } from '../support/host.js'

const APP = 'bf9e0920-e41b-4705-b66b-87e4dc11cd46'
const OTHER_APP = '11111111-2222-4333-8444-555555555555'
const UNKNOWN_INVITE = 'e1200bd6-b0de-461a-893f-25d6c36b277b'
const INVITES = `/v2/app/${APP}/invite`

const users: Readonly<Record<string, Actor>> = {
  '0c7f26c8-5b4a-4a32-b35a-2e249448bbf2': { id: 'admin', access: 'supervisor' },
  '6f1ab6a4-98a9-4f36-9a4f-5f1c9f4e0d11': { id: 'dev', access: 'supervisor' },
  'c1f7de6b-3b0b-4f43-8f4b-7f7a3f0a5c22': { id: 'user', access: 'member' },
}
const [ADMIN = '', DEV = '', USER = ''] = Object.keys(users)

/** The headers that both samples set, on every request. */
const headers = (token = ADMIN) => ({
  'X-Api-Key': 'browser api.catalyze.io 525ad5d6993247cccb083e5a',
  Authorization: `Bearer ${token}`,
  Accept: 'application/json',
  'Content-Type': 'application/json',
})

/** The body that both samples send, with POST and with GET. */
const model = {
  inviteId: 'e1200bd6-b0de-461a-893f-25d6c36b277b',
  inviteCode: '8216502f-e57f-40c8-9bd1-833d99fb0854',
  email: 'inviteMe@catalyze.io',
  appId: APP,
  used: false,
}

/** The same as AFNetworking puts it into the query of a GET or DELETE: sorted, NO written as 0. */
const modelQuery = `?appId=${APP}&email=inviteMe%40catalyze.io&inviteCode=${model.inviteCode}&inviteId=${model.inviteId}&used=0`

async function openCatalyze() {
  const store = sqliteStore(join(temporaryFolder(), 'catalyze.db'))
  await store.migrate()
  const invites = createInvites({
    store,
    secret: SECRET,
    baseUrl: 'https://api.catalyze.io/v2',
    signupUrl: 'https://api.catalyze.io/signup',
    apps: { [APP]: {}, [OTHER_APP]: {} },
  })
  afterThis(() => invites.close())
  const authorize = (req: Request) => users[req.get('Authorization')?.replace('Bearer ', '') ?? ''] ?? null
  const accounts: object[] = []
  const app = express()
  app.use('/v2', inviteRouter(invites, { authorize }))
  app.post('/v2/users', express.json(), requireInvite(invites, { appId: APP }), (req, res) => {
    accounts.push(req.body)
    res.json({ usersId: String(accounts.length), username: req.body.username })
  })
  app.post('/v2/auth/signin', express.json(), (req, res) => {
    const known = accounts.some((account) => Reflect.get(account, 'username') === req.body.username)
    res.status(known ? 200 : 401).json({})
  })
  app.use(((error, _req, res, _next) => {
    res.status(error instanceof InviteError ? error.status : 500).json({ code: error.code })
  }) satisfies express.ErrorRequestHandler)

  return {
    app,
    accounts,
    invite: (body: object = model, token = ADMIN) => request(app).post(INVITES).set(headers(token)).send(body),
    retrieve: (inviteId: string, token = ADMIN) => request(app).get(`${INVITES}/${inviteId}`).set(headers(token)),
    remove: (inviteId: string, token = ADMIN) => request(app).delete(`${INVITES}/${inviteId}`).set(headers(token)),
    signUp: (inviteCode: string, email = 'inviteMe@catalyze.io') =>
      request(app).post('/v2/users').set(headers()).send({ username: email, email, inviteCode }),
  }
}

/** The five fields of Catalyze's model, first and in its order. */
function firstFields(res: request.Response): object {
  expect(res.type).to.equal('application/json')
  const names = ['inviteId', 'inviteCode', 'email', 'appId', 'used']
  expect(Object.keys(res.body).slice(0, 5)).to.deep.equal(names)
  return Object.fromEntries(names.map((name) => [name, res.body[name]]))
}

describe('the Catalyze invite routes', () => {
  describe('POST /v2/app/{appId}/invite', () => {
    it('invites with the body of the samples, whose ids and code it does not take over', async () => {
      const catalyze = await openCatalyze()
      const res = await catalyze.invite()
      expect(res.status).to.equal(201)
      const { inviteId, inviteCode } = res.body
      expect(firstFields(res)).to.deep.equal({ ...model, inviteId, inviteCode })
      expect(inviteId).to.be.a('string').that.is.not.oneOf([model.inviteId, inviteCode])
      expect(inviteCode).to.be.a('string').that.is.not.equal(model.inviteCode)
      expect(res.get('Location')).to.equal(`https://api.catalyze.io${INVITES}/${inviteId}`)
      expect((await catalyze.retrieve(model.inviteId)).status).to.equal(404)
      expect((await catalyze.signUp(model.inviteCode)).status).to.equal(403)
    })

    it('invites with nothing but an address', async () => {
      const catalyze = await openCatalyze()
      const res = await catalyze.invite({ email: 'inviteMe@catalyze.io' }).expect(201)
      expect(firstFields(res)).to.deep.include({ email: 'inviteMe@catalyze.io', appId: APP, used: false })
    })

    it('takes the app from the path, whatever the body calls it, and `used: true` for nothing', async () => {
      const catalyze = await openCatalyze()
      const res = await catalyze.invite({ ...model, appId: OTHER_APP, used: true }).expect(201)
      expect(firstFields(res)).to.deep.include({ appId: APP, used: false })
    })

    it('is for admin and dev: 403 for a user, 401 for nobody', async () => {
      const catalyze = await openCatalyze()
      expect((await catalyze.invite(model, USER)).status).to.equal(403)
      expect((await catalyze.invite(model, 'nobody')).status).to.equal(401)
      const bare = await request(catalyze.app).post(INVITES).send(model)
      expect(bare.status).to.equal(401)
      expect((await catalyze.invite(model, DEV)).status).to.equal(201)
    })
  })

  describe('GET /v2/app/{appId}/invite/{inviteId}', () => {
    it('shows an unused invite, as it was answered when it was made', async () => {
      const catalyze = await openCatalyze()
      const made = await catalyze.invite()
      const plain = await catalyze.retrieve(made.body.inviteId)
      expect(plain.status).to.equal(200)
      expect(firstFields(plain)).to.deep.equal(firstFields(made))
      expect(plain.body).to.deep.equal(made.body)
    })

    it('takes the model in the query, as AFNetworking sends it, and in a body', async () => {
      const catalyze = await openCatalyze()
      const made = await catalyze.invite()
      const inQuery = await catalyze.retrieve(`${made.body.inviteId}${modelQuery}`)
      expect(inQuery.body).to.deep.equal(made.body)
      const inBody = await catalyze.retrieve(made.body.inviteId).send(model)
      expect(inBody.body).to.deep.equal(made.body)
    })

    it('does not show a used invite, nor an unknown one', async () => {
      const catalyze = await openCatalyze()
      const { body } = await catalyze.invite()
      await catalyze.signUp(body.inviteCode).expect(200)
      const used = await catalyze.retrieve(body.inviteId)
      const unknown = await catalyze.retrieve(UNKNOWN_INVITE)
      expect(used.status).to.equal(404)
      expect(used.body).to.deep.equal(unknown.body)
    })

    it('is for admin and dev: nothing for a user, 401 for nobody', async () => {
      const catalyze = await openCatalyze()
      const { body } = await catalyze.invite()
      const member = await catalyze.retrieve(body.inviteId, USER)
      expect(member.status).to.equal(404)
      expect(member.text).not.to.include(body.inviteCode)
      expect((await catalyze.retrieve(body.inviteId, 'nobody')).status).to.equal(401)
      expect((await catalyze.retrieve(body.inviteId, DEV)).status).to.equal(200)
    })
  })

  describe('DELETE /v2/app/{appId}/invite/{inviteId}', () => {
    const samples: Readonly<Record<string, (test: request.Test) => request.Test>> = {
      'without a body, as the XHR sample': (test) => test,
      'with an empty object': (test) => test.send({}),
      'with the model as a body': (test) => test.send(model),
    }
    for (const [how, send] of Object.entries(samples)) {
      it(`deletes an unused invite, ${how}`, async () => {
        const catalyze = await openCatalyze()
        const { body } = await catalyze.invite()
        const res = await send(catalyze.remove(body.inviteId))
        expect(res.status).to.equal(200)
        expect(res.type).to.equal('application/json')
        expect(res.text).to.equal('{}')
        expect((await catalyze.retrieve(body.inviteId)).status).to.equal(404)
        expect((await catalyze.signUp(body.inviteCode)).status).to.equal(403)
        expect(catalyze.accounts).to.deep.equal([])
      })
    }

    it('takes the model in the query, and an empty query, as AFNetworking sends them', async () => {
      const catalyze = await openCatalyze()
      for (const query of [modelQuery, '?']) {
        const { body } = await catalyze.invite()
        const res = await catalyze.remove(`${body.inviteId}${query}`)
        expect(res.text).to.equal('{}')
        expect((await catalyze.retrieve(body.inviteId)).status).to.equal(404)
      }
    })

    it('has no effect on a used invite', async () => {
      const catalyze = await openCatalyze()
      const { body } = await catalyze.invite()
      await catalyze.signUp(body.inviteCode).expect(200)
      const list = () => request(catalyze.app).get(`${INVITES}?status=accepted,revoked`).set(headers())
      const before = await list()
      expect(before.body.items).to.have.length(1)
      const res = await catalyze.remove(body.inviteId)
      expect(res.status).to.equal(200)
      expect(res.text).to.equal('{}')
      expect((await list()).body).to.deep.equal(before.body)
    })

    it('is for admin and dev: without effect for a user and for nobody', async () => {
      const catalyze = await openCatalyze()
      const { body } = await catalyze.invite()
      expect((await catalyze.remove(body.inviteId, USER)).status).to.equal(404)
      expect((await catalyze.remove(body.inviteId, 'nobody')).status).to.equal(401)
      expect((await catalyze.retrieve(body.inviteId)).body).to.deep.equal(body)
      expect((await catalyze.remove(body.inviteId, DEV)).text).to.equal('{}')
    })
  })

  describe('signing up', () => {
    it('takes `inviteCode` in the user JSON, and neither the inviteId nor no code at all', async () => {
      const catalyze = await openCatalyze()
      const { body } = await catalyze.invite()
      expect((await catalyze.signUp(body.inviteId)).status).to.equal(403)
      expect((await catalyze.signUp('')).status).to.equal(403)
      expect(catalyze.accounts).to.deep.equal([])
      expect((await catalyze.signUp(body.inviteCode)).status).to.equal(200)
      expect(catalyze.accounts).to.have.length(1)
    })

    it('never needs the code again, and never takes it again', async () => {
      const catalyze = await openCatalyze()
      const { body } = await catalyze.invite()
      await catalyze.signUp(body.inviteCode).expect(200)
      const again = await catalyze.signUp(body.inviteCode)
      expect(again.status).to.equal(410)
      expect(again.body.code).to.equal('invite_used')
      expect(catalyze.accounts).to.have.length(1)
      await request(catalyze.app).post('/v2/auth/signin').send({ username: 'inviteMe@catalyze.io' }).expect(200)
    })
  })
})
