// The description of the routes: it names every route that there is, and requests and answers are as it says.
import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect } from 'chai'
import request from 'supertest'
import { operations } from '../../src/http/operations.js'
import { contextOf } from '../../src/invites.js'
import { noMoreToken } from '../../src/mail/no-more.js'
import { webhookTypes } from '../../src/webhook-types.js'
import { openHost, sendInvite } from '../support/host.js'
import { startReceiver, WEBHOOK_SECRET } from '../support/receiver.js'

interface Described {
  readonly parameters: readonly { name: string; in: string }[]
  readonly requestBody?: { content: Record<string, { schema: object }> }
  readonly responses: Record<string, { content?: Record<string, { schema: object }> }>
}

async function described() {
  const taken: string[] = []
  const mailer = { sendMail: async ({ text }: { readonly text: string }) => void taken.push(text) }
  const host = await openHost({ invites: { mailer, requestQuestions: { company: { label: 'Where do you work?' } } } })
  const res = await request(host.app).get('/invites/openapi.json')
  expect(res.status).to.equal(200)
  expect(res.body.openapi).to.equal('3.1.0')
  expect(res.body.servers).to.deep.equal([{ url: 'https://acme.dev/invites' }])
  return { host, taken, paths: res.body.paths as Record<string, Record<string, Described>> }
}

const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })

function expectValid(schema: object | undefined, value: unknown, what: string): void {
  const validate = ajv.compile(schema ?? false)
  expect(validate(value), `${what}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(value)}`).to.equal(true)
}

describe('the OpenAPI document', () => {
  it('names every route of the router, and no other', async () => {
    const { host, paths } = await described()
    const told = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    )
    expect(new Set(told)).to.deep.equal(new Set(operations.map(({ method, path }) => `${method} ${path}`)))
    const stack = routerStack(host.app)
    const routes = stack.map(({ path, method }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`)
    expect(new Set(routes)).to.deep.equal(new Set(told))
  })

  it('describes each webhook as it is sent', async () => {
    const { host } = await described()
    const { body } = await request(host.app).get('/invites/openapi.json')
    expect(Object.keys(body.webhooks).sort()).to.deep.equal(Object.values(webhookTypes).sort())
    const receiver = await startReceiver()
    const webhooks = { url: receiver.url, secret: WEBHOOK_SECRET }
    const told = await openHost({ invites: { webhooks } })
    const { inviteCode } = await sendInvite(told, { role: 'nurse', metadata: { a: 1 } })
    await told.signup({ inviteCode, email: 'ada@example.com' }).expect(201)
    await told.invites.settings({ mode: 'closed' })
    await told.invites.deliver()
    expect(receiver.types()).to.deep.equal(['invite.accepted', 'invite.created', 'settings.changed'])
    for (const { event } of receiver.posted) {
      const { requestBody } = body.webhooks[event.type].post
      expectValid(requestBody.content['application/json'].schema, event, event.type)
      expectValid({ not: requestBody.content['application/json'].schema }, { ...event, data: {} }, event.type)
    }
  })

  it('describes each operation as it is: requests and answers hold against their schemas', async () => {
    const { host, taken, paths } = await described()
    const called = new Set<string>()

    async function call(method: string, path: string, values: Record<string, string>, body?: object, headers = {}) {
      const operation = paths[path]?.[method]
      const url = path.replace(/\{(\w+)\}/g, (_all, name: string) => encodeURIComponent(values[name] ?? ''))
      for (const { name } of operation?.parameters.filter((each) => each.in === 'path') ?? [])
        expect(values).to.have.property(name)
      if (body !== undefined) {
        expectValid(operation?.requestBody?.content['application/json']?.schema, body, `request of ${method} ${path}`)
      }
      const agent = request(host.app) as unknown as Record<string, (url: string) => request.Test>
      const test = agent[method]?.(`/invites${url}`)
        .set({ Authorization: 'Bearer supervisor', ...headers })
        .redirects(0)
      for (const name of Object.keys(headers).filter((each) => each !== 'Authorization')) {
        const names = operation?.parameters.filter((each) => each.in === 'header').map((each) => each.name)
        expect(names, `headers of ${method} ${path}`).to.include(name)
      }
      const res = await (body === undefined ? test : test?.send(body))
      if (res === undefined) throw new Error('no such method')
      const response = operation?.responses[res.status]
      expect(response, `${method} ${path} answered ${res.status}`).not.to.equal(undefined)
      const content = response?.content?.[res.type]
      if (response?.content)
        expectValid(
          content?.schema,
          res.type === 'text/csv' ? res.text : res.body,
          `answer ${res.status} of ${method} ${path}`,
        )
      called.add(`${method} ${path}`)
      return res
    }

    const appId = 'default'
    const invite = '/app/{appId}/invite/{inviteId}'
    const fields = { email: 'ada@example.com', role: 'nurse', metadata: { a: 1 }, expiresInMs: null, message: 'hi' }
    const { inviteId, inviteCode } = (await call('post', '/app/{appId}/invite', { appId }, fields)).body
    await call('post', '/app/{appId}/invite', { appId }, fields) // 409
    const key = { 'Idempotency-Key': 'key' }
    expect((await call('post', '/app/{appId}/invite', { appId }, { maxUses: 2 }, key)).status).to.equal(201)
    expect((await call('post', '/app/{appId}/invite', { appId }, { maxUses: 2 }, key)).status).to.equal(201)
    expect((await call('post', '/app/{appId}/invite', { appId }, { maxUses: 3 }, key)).status).to.equal(422)
    const bulk = '/app/{appId}/invite/bulk'
    const rows = [{ email: 'eve@example.com', metadata: { a: 1 } }, { email: 'eve@example.com' }]
    expect((await call('post', bulk, { appId }, [...rows, { email: 'nobody' }], key)).body.rows).to.have.length(3)
    expect((await call('post', bulk, { appId }, rows, key)).status).to.equal(422)
    await call('get', '/app/{appId}/invite', { appId })
    await call('get', invite, { appId, inviteId })
    await call('get', invite, { appId, inviteId: 'none' })
    await call('patch', invite, { appId, inviteId }, { role: null, expiresInMs: 1000 })
    await call('post', `${invite}/resend`, { appId, inviteId }, { rotate: false })
    await call('post', `${invite}/resend`, { appId, inviteId }, { rotate: false }, key)
    expect((await call('post', `${invite}/resend`, { appId, inviteId }, { rotate: true }, key)).status).to.equal(422)
    await call('post', '/app/{appId}/invite/check', { appId }, { inviteCode })
    await call('post', '/app/{appId}/invite/check', { appId }, { inviteCode: 'wrong' })
    await call('get', '/app/{appId}/join/{token}', { appId, token: inviteCode })
    await call('post', '/app/{appId}/join', { appId }, { inviteCode })
    await call('post', '/app/{appId}/join', { appId }, { inviteCode: 'wrong' })
    const noMore = '/app/{appId}/no-more/{token}'
    const ended = { appId, token: noMoreToken(contextOf(host.invites), { appId, emailCanonical: 'ada@example.com' }) }
    for (const each of [ended, { appId, token: 'wrong' }]) await call('get', noMore, each)
    await call('post', noMore, ended, { choice: 'stop' })
    await call('post', noMore, ended, { choice: 'resume' })
    const claim = await host.invites.claim({ inviteCode, email: 'ada@example.com' })
    await claim.accept({ pendingApproval: true })
    const { items } = (await call('get', '/app/{appId}/acceptance', { appId })).body
    const { acceptanceId } = items[0]
    for (const done of ['approve', 'decline'] as const) {
      const decided = await call('post', `/app/{appId}/acceptance/{acceptanceId}/${done}`, { appId, acceptanceId })
      expect(decided.body.approval).to.equal(`${done}d`)
    }
    await call('post', '/app/{appId}/acceptance/{acceptanceId}/reopen', { appId, acceptanceId })
    await call('get', '/app/{appId}/settings', { appId })
    const requests = '/app/{appId}/access-request'
    const asked = { email: 'eve@example.com', answers: { company: 'Acme' } }
    expect((await call('post', requests, { appId }, asked)).status).to.equal(403)
    await call('put', '/app/{appId}/settings', { appId }, { mode: 'waitlist' })
    expect((await call('post', requests, { appId }, asked)).status).to.equal(202)
    await host.invites.deliver()
    const token = /access-request\/(\S+)/.exec(taken.at(-1) ?? '')?.[1] ?? ''
    expect((await call('get', `${requests}/{token}`, { appId, token })).status).to.equal(200)
    expect((await call('post', `${requests}/{token}`, { appId, token })).status).to.equal(200)
    await call('post', `${requests}/{token}`, { appId, token: 'none' })
    await call('get', requests, { appId })
    const decided = await call('post', `${requests}/decline`, { appId }, { requests: [asked.email] }, key)
    expect(decided.body.decided).to.equal(1)
    await call('post', `${requests}/approve`, { appId }, { requests: [asked.email], role: 'nurse' }, key)
    await call('post', `${requests}/approve`, { appId }, { next: 1, by: 'createdAt' })
    await call('put', '/app/{appId}/settings', { appId }, { mode: 'closed' })
    await call('get', '/app/{appId}/settings', { appId: 'nowhere' })
    await call('get', '/app/{appId}/settings', { appId }, undefined, { Authorization: '' })
    const quota = '/app/{appId}/quota/{inviterId}'
    await call('get', quota, { appId, inviterId: 'ann' })
    await call('put', quota, { appId, inviterId: 'ann' }, { left: 5 })
    await call('post', '/app/{appId}/quota', { appId }, { add: 5, inviterId: 'ann' }, key)
    await call('post', '/app/{appId}/quota', { appId }, { add: 5, joinedFrom: '2026-01-01T00:00:00Z' })
    await call('delete', invite, { appId, inviteId })
    const { keyId, key: password } = await host.invites.createKey({ label: 'Mendix' })
    const basic = { Authorization: `Basic ${Buffer.from(`${appId}:${password}`).toString('base64')}` }
    expect((await call('get', '/app/{appId}/invite', { appId }, undefined, basic)).status).to.equal(200)
    expect((await call('get', '/app/{appId}/key', { appId }, undefined, basic)).status).to.equal(403)
    await call('get', '/app/{appId}/key', { appId })
    await call('delete', '/app/{appId}/key/{keyId}', { appId, keyId })
    await call('get', '/app/{appId}/audit', { appId })
    await call('get', '/app/{appId}/stats', { appId })
    await call('get', '/app/{appId}/tree', { appId }) // 400
    await call('get', '/app/{appId}/acceptance.csv', { appId })
    await call('get', '/app/{appId}/invite.csv', { appId })
    await call('get', '/app/{appId}/inviter/{inviterId}', { appId, inviterId: 'ann' })
    await call('put', '/app/{appId}/inviter/{inviterId}', { appId, inviterId: 'ann' }, { paused: true })
    for (const verb of ['export', 'forget']) {
      await call('post', `/app/{appId}/person/${verb}`, { appId }, { email: 'ada@example.com' })
    }
    await call('post', '/app/{appId}/person/export', { appId: 'nowhere' }, { email: 'ada@example.com' })
    await call('get', '/openapi.json', {})
    expect(called).to.deep.equal(new Set(operations.map(({ method, path }) => `${method} ${path}`)))
  })

  it('tells which operations take a key of the app, and how', async () => {
    const { host } = await described()
    const { paths, components } = (await request(host.app).get('/invites/openapi.json')).body
    expect(components.securitySchemes.appKey).to.include({ type: 'http', scheme: 'basic' })
    for (const { method, path, isPublic } of operations) {
      expect(paths[path][method].security).to.deep.equal(isPublic ? [] : [{ appKey: [] }])
    }
  })

  it('refuses in its schemas what the routes refuse', async () => {
    const { host, paths } = await described()
    const create = paths['/app/{appId}/invite']?.post?.requestBody?.content['application/json']?.schema ?? {}
    const validate = ajv.compile(create)
    const wrong = [
      { maxUses: 0 },
      { maxUses: 1.5 },
      { maxUses: '1' },
      { emial: 'a@b.c' },
      { role: '' },
      { sendEmail: 1 },
      [],
    ]
    for (const body of wrong) {
      expect(validate(body), JSON.stringify(body)).to.equal(false)
      expect((await host.manage.post('default/invite', body)).status).to.equal(400)
    }
    await sendInvite(host)
  })
})

/** The routes of the router that is mounted at /invites, from Express's own stack. */
function routerStack(app: unknown): { path: string; method: string }[] {
  interface Layer {
    readonly route?: { readonly path: string; readonly methods: Record<string, boolean> }
    readonly handle?: { readonly stack?: readonly Layer[] }
  }
  interface App {
    readonly _router?: { readonly stack: readonly Layer[] } // Express 4, where `router` throws
    readonly router: { readonly stack: readonly Layer[] }
  }
  const { stack } = (app as App)._router ?? (app as App).router
  const routers = stack.map((layer) => layer.handle?.stack ?? [])
  const [ours = []] = routers.filter((layers) => layers.some(({ route }) => route?.path === '/openapi.json'))
  return ours.flatMap(({ route }) =>
    route ? Object.keys(route.methods).map((method) => ({ path: route.path, method })) : [],
  )
}
