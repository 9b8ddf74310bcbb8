// Programs that manage invites with a key of their app, by HTTP Basic.
import { expect } from 'chai'
import express from 'express'
import request from 'supertest'
import { operations } from '../../src/http/operations.js'
import {
  type Actor,
  type AppKeyScope,
  type AuthorizeOption,
  type CreatedAppKey,
  inviteDashboard,
  inviteRouter,
} from '../../src/index.js'
import type { InviteStore } from '../../src/store.js'
import { afterThis } from '../support/cleanup.js'
import { DAY, type Host, type HostOptions, MINUTE, openHost, sendInvite } from '../support/host.js'
import { openHostDatabase } from '../support/host-database.js'

const SCOPES: readonly AppKeyScope[] = ['invites', 'acceptances', 'quotas', 'requests', 'stats', 'audit']
const ALL: readonly AppKeyScope[] = [...SCOPES, 'settings', 'people', 'keys']
const managed = operations.filter(({ isPublic }) => !isPublic)

type Method = 'get' | 'post' | 'put' | 'patch' | 'delete'

/** Requests to the management routes under /invites/app, with these credentials. */
function program({ app }: Pick<Host, 'app'>, user: string, password: string) {
  return (method: Method, path: string, body?: object) => {
    const test = request(app)[method](`/invites/app/${path}`).auth(user, password)
    return body === undefined ? test : test.send(body)
  }
}

/** A host of two apps, each with a key. */
async function openClinic(options: HostOptions = {}, key: Parameters<Host['invites']['createKey']>[0] = mendix) {
  const apps = { clinic: {}, school: {}, bare: {} }
  const host = await openHost({ ...options, gate: { appId: 'clinic' }, invites: { apps, ...options.invites } })
  const made = await host.invites.createKey(key, { appId: 'clinic' })
  const others = await host.invites.createKey({ label: 'School' }, { appId: 'school' })
  return { host, made, others, clinic: program(host, 'clinic', made.key) }
}
const mendix = { label: 'Mendix' }
const insecure = { baseUrl: 'http://acme.dev/invites', signupUrl: 'http://acme.dev/signup' }

function problem(res: request.Response, status: number, code: string): void {
  expect([res.status, res.type, res.body.code]).to.deep.equal([status, 'application/problem+json', code])
}

function expectWrong(res: request.Response): void {
  problem(res, 401, 'not_authenticated')
  expect(res.get('WWW-Authenticate')).to.equal('Basic realm="invites", charset="UTF-8"')
}

/** The path of an operation, with these values. */
function pathOf({ path }: { readonly path: string }, appId: string, id = 'some'): string {
  return path.replace('/app/{appId}/', `${appId}/`).replace(/\{\w+\}/g, id)
}

/** Another secret under the same id. */
function withOtherSecret({ key }: CreatedAppKey): string {
  return key.slice(0, -1) + (key.endsWith('x') ? 'y' : 'x')
}

/** What `read` gives as soon as it is what is waited for. */
async function eventually<Value>(read: () => Promise<Value | null>): Promise<Value> {
  for (;;) {
    const value = await read()
    if (value !== null) return value
  }
}

describe('a key of an app', () => {
  it('manages the app’s invites as a supervisor does, in nobody’s name', async () => {
    const { host, clinic } = await openClinic()
    const sent = await clinic('post', 'clinic/invite', { email: 'ada@example.com', role: 'nurse' }).expect(201)
    expect(sent.body).to.include({ appId: 'clinic', email: 'ada@example.com', role: 'nurse', inviter: null })
    const { inviteId } = await sendInvite(host, { email: 'bob@example.com' }, 'clinic')
    await clinic('delete', `clinic/invite/${inviteId}`).expect(200)
    const { items } = (await clinic('get', 'clinic/invite').expect(200)).body
    expect(items.map(({ email }: { email: string }) => email)).to.deep.equal(['ada@example.com'])
    await clinic('put', 'clinic/quota/ann', { left: 5 }).expect(200)
    await clinic('get', 'clinic/acceptance').expect(200)
  })

  it('is in the log under its own name, as are its making and its end', async () => {
    const { host, made, clinic } = await openClinic()
    await clinic('post', 'clinic/invite', {}).expect(201)
    await host.invites.revokeKey(made.keyId, { appId: 'clinic' })
    const { items } = await host.invites.audit({}, { appId: 'clinic' })
    expect(items.map(({ action, actor }) => [action, actor]).sort()).to.deep.equal([
      ['invite.create', { kind: 'key', id: `key:${made.keyId}` }],
      ['key.create', { kind: 'code', id: null }],
      ['key.revoke', { kind: 'code', id: null }],
    ])
    expect(JSON.stringify(items)).not.to.include(made.key)
  })

  it('lets in by what it sent, also where a role is looked up again', async () => {
    const apps = { default: {} }
    const host = await openHost({ invites: { apps, findInviter: () => null } })
    const { key } = await host.invites.createKey(mendix)
    const call = program(host, 'default', key)
    const { inviteCode } = (await call('post', 'default/invite', { email: 'ada@example.com', role: 'nurse' })).body
    expect((await host.signup({ email: 'ada@example.com', inviteCode })).body.role).to.equal('nurse')
  })

  it('sends in the name of a user whom `findInviter` knows, with what that user may grant', async () => {
    const ann: Actor = { id: 'ann', email: 'ann@example.com', name: 'Ann', access: 'member', roles: ['nurse'] }
    const asked: object[] = []
    const findInviter = (query: { readonly email?: string }) => {
      asked.push(query)
      return query.email === 'ann@example.com' ? ann : null
    }
    const { clinic } = await openClinic({ invites: { findInviter } })
    const send = (inviterEmail: string, role?: string) =>
      clinic('post', 'clinic/invite', {
        email: `${inviterEmail}.${role}@example.com`.replace('@', '.'),
        inviterEmail,
        role,
      })
    const sent = await send('ann@example.com', 'nurse').expect(201)
    expect(sent.body.inviter).to.deep.equal({ id: 'ann', email: 'ann@example.com', name: 'Ann' })
    expect(asked).to.deep.equal([{ appId: 'clinic', email: 'ann@example.com' }])
    problem(await send('ann@example.com', 'admin'), 403, 'not_allowed')
    const unknown = await send('eve@example.com')
    problem(unknown, 400, 'input_invalid')
    expect(unknown.body.errors[0].pointer).to.equal('#/inviterEmail')
  })

  it('is shown once, in a form of its own, and never again', async () => {
    const { host, made, clinic } = await openClinic({}, { label: 'Mendix', scopes: ALL })
    expect(made.key).to.match(/^eio_[0-9A-Za-z]{12}_[0-9A-Za-z]{32}$/)
    expect(made.key.split('_')[1]).to.equal(made.keyId)
    const { key, ...rest } = made
    expect((await host.invites.listKeys({}, { appId: 'clinic' })).items).to.deep.equal([rest])
    expect((await clinic('get', 'clinic/key')).text).not.to.include(key)
    expect(new Set(await Promise.all([1, 2, 3].map(async () => (await openClinic()).made.key))).size).to.equal(3)
  })

  it('R-19 is in no table and no warning, neither as it was given nor as it was guessed', async () => {
    const warnings: string[] = []
    const hear = (warning: Error) => void warnings.push(`${warning.message} ${warning.stack}`)
    process.on('warning', hear)
    afterThis(() => process.off('warning', hear))
    const { host, made, clinic } = await openClinic({ invites: insecure })
    const once = () => clinic('post', 'clinic/invite', { email: 'ada@example.com' }).set('Idempotency-Key', 'key')
    await once().expect(201)
    const wrong = await program(host, 'clinic', withOtherSecret(made))('get', 'clinic/invite').expect(401)
    const dump = JSON.stringify(await host.database.tables())
    expect(dump).to.include(made.keyId).and.include('Mendix')
    await new Promise((resolve) => setImmediate(resolve))
    expect(warnings).to.have.length.greaterThan(0)
    const [, , secret = ''] = made.key.split('_')
    const basic = Buffer.from(`clinic:${made.key}`).toString('base64')
    for (const each of [secret, secret.slice(0, -1), basic]) {
      expect(`${dump} ${warnings.join(' ')} ${wrong.text}`).not.to.include(each)
    }
  })

  it('is refused on every route, with a challenge, where it is wrong in any way', async () => {
    const { host, made, others } = await openClinic({ invites: { limits: { wrongCodes: { limit: 1000 } } } })
    const wrong: readonly (readonly [string, string])[] = [
      ['clinic', withOtherSecret(made)],
      ['clinic', others.key],
      ['clinic', made.key.replace(made.keyId, others.keyId)],
      ['clinic', `${made.key} `],
      ['clinic', made.key.toLowerCase()],
      ['clinic', `x:${made.key}`],
      ['clinic', ''],
      ['school', made.key],
    ]
    for (const [user, password] of wrong) expectWrong(await program(host, user, password)('get', 'clinic/invite'))
    for (const operation of managed) {
      const call = program(host, 'clinic', withOtherSecret(made))
      for (const appId of ['clinic', 'school', 'nowhere'])
        expectWrong(await call(operation.method, pathOf(operation, appId)))
    }
  })

  it('R-28 is nothing on the routes of another app, and learns nothing of it', async () => {
    const { host, made } = await openClinic({}, { label: 'Mendix', scopes: ALL })
    const call = program(host, 'clinic', made.key)
    const { inviteId } = await sendInvite(host, { email: 'ada@example.com' }, 'school')
    const before = await host.database.tables()
    for (const operation of managed) {
      const ask = async (appId: string, id: string) => {
        const res = await call(operation.method, pathOf(operation, appId, id), { any: 'body' })
        return [res.status, res.body]
      }
      const nowhere = await ask('nowhere', inviteId)
      expect(nowhere[0], operation.path).to.equal(404)
      for (const appId of ['school', 'bare']) expect(await ask(appId, inviteId)).to.deep.equal(nowhere)
    }
    const after = await host.database.tables()
    const untouched = (tables: typeof before) => ({ ...tables, invite_only_app_keys: [] })
    expect(untouched(after)).to.deep.equal(untouched(before))
    const own = await call('get', `clinic/invite/${inviteId}`)
    problem(own, 404, 'invite_not_found')
  })

  it('may do what its scopes name: by default neither settings nor keys', async () => {
    const { made, clinic } = await openClinic()
    expect(made.scopes).to.have.members(SCOPES)
    for (const [method, path] of [
      ['get', 'clinic/settings'],
      ['put', 'clinic/settings'],
      ['get', 'clinic/key'],
      ['delete', `clinic/key/${made.keyId}`],
    ] as const) {
      const res = await clinic(method, path)
      problem(res, 403, 'not_allowed')
      expect(res.body.detail).to.match(/^This needs a key with the scope (settings|keys)\.$/)
    }
    await clinic('get', 'clinic/invite').expect(200)
  })

  it('is let in by each scope to the routes of that name, and to no other', async () => {
    const { host } = await openClinic()
    const opened = new Map<string, readonly string[]>()
    for (const scope of ALL) {
      const { key } = await host.invites.createKey({ label: scope, scopes: [scope] }, { appId: 'clinic' })
      const call = program(host, 'clinic', key)
      const answers = managed.map(async (operation) => {
        const res = await call(operation.method, pathOf(operation, 'clinic'))
        expect(res.status).not.to.equal(401)
        return res.status === 403 ? [] : [operation.path.split('/')[3] ?? '']
      })
      opened.set(scope, [...new Set((await Promise.all(answers)).flat())])
    }
    expect(Object.fromEntries(opened)).to.deep.include({
      invites: ['invite', 'invite.csv'],
      acceptances: ['acceptance', 'acceptance.csv', 'tree'],
      settings: ['settings'],
      quotas: ['quota', 'inviter'],
      stats: ['stats'],
      audit: ['audit'],
      people: ['person'],
      keys: ['key'],
    })
    const reached = [...opened.values()].flat()
    for (const { path } of managed) expect(reached, `a scope for ${path}`).to.include(path.split('/')[3])
  })

  it('lists and revokes keys with the scope for it, and makes none', async () => {
    const { host, made, others, clinic } = await openClinic({}, { label: 'Mendix', scopes: ['keys'] })
    const leaked = await host.invites.createKey({ label: 'Leaked' }, { appId: 'clinic' })
    const { items } = (await clinic('get', 'clinic/key').expect(200)).body
    expect(items.map(({ keyId }: { keyId: string }) => keyId)).to.have.members([made.keyId, leaked.keyId])
    expect((await clinic('delete', `clinic/key/${leaked.keyId}`).expect(200)).body).to.deep.equal({})
    expectWrong(await program(host, 'clinic', leaked.key)('get', 'clinic/invite'))
    problem(await clinic('delete', `clinic/key/${others.keyId}`), 404, 'invite_not_found')
    expect((await clinic('post', 'clinic/key', { label: 'More' })).status).to.equal(404)
    await program(host, 'school', others.key)('get', 'school/invite').expect(200)
  })

  it('is replaced without a gap: several are good at once, until each is revoked', async () => {
    const { host, made, clinic } = await openClinic()
    host.clock.advance(1)
    const next = await host.invites.createKey({ label: 'Mendix 2' }, { appId: 'clinic' })
    const renewed = program(host, 'clinic', next.key)
    await clinic('get', 'clinic/invite').expect(200)
    await renewed('get', 'clinic/invite').expect(200)
    expect(await host.invites.revokeKey(made.keyId, { appId: 'clinic' })).to.equal(true)
    expect(await host.invites.revokeKey(made.keyId, { appId: 'clinic' })).to.equal(false)
    expectWrong(await clinic('get', 'clinic/invite'))
    await renewed('get', 'clinic/invite').expect(200)
    const { items } = await host.invites.listKeys({}, { appId: 'clinic' })
    expect(items.map(({ label, state }) => [label, state])).to.deep.equal([
      ['Mendix 2', 'active'],
      ['Mendix', 'revoked'],
    ])
  })

  it('is at once gone in another process', async () => {
    const { host, made } = await openClinic()
    const twin = await openHost({ beside: host, invites: { apps: { clinic: {} } }, gate: { appId: 'clinic' } })
    const call = program(twin, 'clinic', made.key)
    await call('get', 'clinic/invite').expect(200)
    await host.invites.revokeKey(made.keyId, { appId: 'clinic' })
    expectWrong(await call('get', 'clinic/invite'))
  })

  it('ends with its term', async () => {
    const { host, clinic } = await openClinic({}, { label: 'Mendix', expiresInMs: 90 * DAY })
    host.clock.advance(90 * DAY - 1)
    await clinic('get', 'clinic/invite').expect(200)
    host.clock.advance(1)
    expectWrong(await clinic('get', 'clinic/invite'))
    expect((await host.invites.listKeys({}, { appId: 'clinic' })).items[0]?.state).to.equal('expired')
  })

  it('tells when it was used last, to the minute, and not by what was wrong', async () => {
    const real = (await openHostDatabase()).openStore()
    const noted: number[] = []
    const store: InviteStore = {
      ...real,
      noteAppKeyUse(request) {
        noted.push(request.now)
        return real.noteAppKeyUse(request)
      },
    }
    const { host, made, clinic } = await openClinic({ invites: { store } })
    const lastUse = async () => (await host.invites.listKeys({}, { appId: 'clinic' })).items[0]?.lastUsedAt ?? null
    await program(host, 'clinic', withOtherSecret(made))('get', 'clinic/invite').expect(401)
    expect(noted).to.deep.equal([])
    const times = [host.clock(), host.clock() + MINUTE]
    for (const wait of [0, 0, MINUTE - 1, 1, 1]) {
      host.clock.advance(wait)
      await clinic('get', 'clinic/invite').expect(200)
    }
    expect(noted).to.deep.equal(times)
    const moved = async () => ((await lastUse()) === '2026-11-21T09:01:00.000Z' ? true : null)
    expect(await eventually(moved)).to.equal(true)
  })

  it('R-22 is never locked out by wrong ones, which are counted apart from wrong codes', async () => {
    const { host, made, clinic } = await openClinic({ invites: { limits: { wrongCodes: { limit: 2 } } } })
    const guess = program(host, 'clinic', withOtherSecret(made))
    for (let n = 0; n < 2; n++) expectWrong(await guess('get', 'clinic/invite'))
    const limited = await guess('get', 'clinic/invite')
    problem(limited, 429, 'rate_limited')
    expect(limited.body.detail).to.equal('Too many wrong keys. Wait before trying again.')
    expect(Number(limited.get('Retry-After'))).to.be.within(1, 15 * 60)
    expect(limited.get('RateLimit')).to.match(/^"wrong-keys";r=0;t=\d+$/)
    await clinic('get', 'clinic/invite').expect(200)
    const check = () => clinic('post', 'clinic/invite/check', { inviteCode: 'wrong' })
    for (let n = 0; n < 2; n++) problem(await check(), 404, 'invite_not_found')
    problem(await check(), 429, 'rate_limited')
    await clinic('get', 'clinic/invite').expect(200)
  })

  it('R-38 repeats its own requests alone', async () => {
    const { host, clinic } = await openClinic()
    const second = await host.invites.createKey({ label: 'Second' }, { appId: 'clinic' })
    const send = (call: typeof clinic) => call('post', 'clinic/invite', { maxUses: 2 }).set('Idempotency-Key', 'key')
    const first = await send(clinic).expect(201)
    const again = await send(clinic).expect(201)
    expect([again.get('Idempotency-Replayed'), again.body.inviteId]).to.deep.equal(['true', first.body.inviteId])
    const other = await send(program(host, 'clinic', second.key)).expect(201)
    expect(other.body.inviteId).not.to.equal(first.body.inviteId)
  })

  it('needs no cookie and no Origin, and works for no page of another site that a browser lends it to', async () => {
    const { clinic } = await openClinic()
    const send = (headers: Record<string, string>) => clinic('post', 'clinic/invite', { maxUses: 2 }).set(headers)
    await send({ Cookie: 'session=1', Origin: 'https://evil.example' }).expect(201)
    await send({ 'Sec-Fetch-Site': 'same-origin' }).expect(201)
    problem(await send({ 'Sec-Fetch-Site': 'cross-site' }), 403, 'not_allowed')
    problem(await send({ 'Sec-Fetch-Site': 'same-site' }), 403, 'not_allowed')
    await clinic('get', 'clinic/invite').set('Sec-Fetch-Site', 'cross-site').expect(200)
  })

  it('is warned of once where it travels unencrypted', async () => {
    const warnings: Error[] = []
    const hear = (warning: Error) =>
      void (Reflect.get(warning, 'code') === 'INVITE_INSECURE_BASE_URL' && warnings.push(warning))
    process.on('warning', hear)
    afterThis(() => process.off('warning', hear))
    const call = async (invites: HostOptions['invites']) => {
      const { clinic } = await openClinic({ ...(invites && { invites }) })
      for (let n = 0; n < 2; n++) await clinic('get', 'clinic/invite').expect(200)
      await new Promise((resolve) => setImmediate(resolve))
    }
    await call({})
    await call({ baseUrl: 'http://localhost:3000/invites', signupUrl: 'http://localhost:3000/signup' })
    expect(warnings).to.have.length(0)
    await call(insecure)
    expect(warnings).to.have.length(1)
    expect(warnings[0]?.message).to.include('keys travel unencrypted')
  })

  it('is asked for in the database, which answers 503 where it is down', async () => {
    const { host, clinic } = await openClinic()
    await host.invites.close()
    problem(await clinic('get', 'clinic/invite'), 503, 'store_unavailable')
  })

  it('R-10 has a label, scopes that there are, and a term', async () => {
    const { host } = await openClinic()
    const fields = async (key: object) => {
      const made = host.invites.createKey(key as never, { appId: 'clinic' })
      const error = await made.catch((thrown: { code: string; errors?: readonly { pointer: string }[] }) => thrown)
      return 'errors' in error ? error.errors?.map(({ pointer }) => pointer) : error
    }
    const label = 'Mendix'
    expect(await fields({})).to.deep.equal(['#/label'])
    expect(await fields({ label: '' })).to.deep.equal(['#/label'])
    expect(await fields({ label: 'a\nb' })).to.deep.equal(['#/label'])
    expect(await fields({ label, scopes: [] })).to.deep.equal(['#/scopes'])
    expect(await fields({ label, scopes: ['invites', 'all'] })).to.deep.equal(['#/scopes/1'])
    expect(await fields({ label, scopes: 'invites' })).to.deep.equal(['#/scopes'])
    expect(await fields({ label, scope: ['invites'] })).to.deep.equal(['#/scope'])
    for (const expiresInMs of [0, -1, 1.5, '90d']) {
      expect(await fields({ label, expiresInMs })).to.deep.equal(['#/expiresInMs'])
    }
    const twice = await host.invites.createKey({ label, scopes: ['keys', 'keys'] }, { appId: 'clinic' })
    expect(twice.scopes).to.deep.equal(['keys'])
  })

  it('is made, listed and revoked by supervisors alone', async () => {
    const { host, made } = await openClinic()
    const scope = { appId: 'clinic', actor: { id: 'ann', access: 'member' } } as const
    const refused = (promise: Promise<unknown>) => promise.then(String, (error: { code: string }) => error.code)
    expect(await refused(host.invites.createKey({ label: 'Mine' }, scope))).to.equal('not_allowed')
    expect(await refused(host.invites.listKeys({}, scope))).to.equal('not_allowed')
    expect(await refused(host.invites.revokeKey(made.keyId, scope))).to.equal('not_allowed')
    const member = request(host.app).get('/invites/app/clinic/key').set('Authorization', 'Bearer member:ann')
    problem(await member, 403, 'not_allowed')
    const boss = request(host.app).get('/invites/app/clinic/key').set('Authorization', 'Bearer supervisor')
    expect((await boss).body.items).to.have.length(1)
  })
})

describe('a host that takes Basic itself', () => {
  /** The router behind an `authorize` by user and password. */
  async function openBasicHost(users: Readonly<Record<string, string>>) {
    const { host, ...rest } = await openClinic()
    const asked: string[] = []
    const authorize: AuthorizeOption['authorize'] = (req) => {
      const given = Buffer.from((req.get('Authorization') ?? '').replace(/^basic /i, ''), 'base64').toString()
      const [user = '', password] = given.split(':')
      asked.push(user)
      return Object.hasOwn(users, user) && users[user] === password ? { id: user, access: 'supervisor' } : null
    }
    const app = express()
    app.use('/invites', inviteRouter(host.invites, { authorize }))
    app.use('/admin/invites', inviteDashboard(host.invites, { authorize }))
    return { host, app, asked, ...rest }
  }

  it('keeps its users, also one who is called as an app that has no key', async () => {
    const { host, app, asked, others } = await openBasicHost({ ann: 'secret', bare: 'secret', school: 'secret' })
    const as = (user: string, password = 'secret') => program({ app }, user, password)('get', 'bare/invite')
    const elsewhere = await openHost({ beside: host, invites: { apps: { ann: {} } }, gate: { appId: 'ann' } })
    await elsewhere.invites.createKey({ label: 'Of an app that this host has not' }, { appId: 'ann' })
    for (const user of ['ann', 'bare']) await as(user).expect(200)
    const refused = await as('ann', 'wrong').expect(401)
    expect(refused.get('WWW-Authenticate')).to.equal(undefined)
    await as('bare', others.key).expect(401)
    expect(asked).to.deep.equal(['ann', 'bare', 'ann', 'bare'])
    expectWrong(await as('school'))
    await host.invites.revokeKey(others.keyId, { appId: 'school' })
    await as('school').expect(200)
    expectWrong(await as('school', others.key))
    expect(asked).to.have.length(5)
  })

  it('is asked about whatever is no well-formed Basic', async () => {
    const { app, asked, made } = await openBasicHost({})
    const token = Buffer.from(`clinic:${made.key}`).toString('base64')
    const ask = (header: string) => request(app).get('/invites/app/clinic/invite').set('Authorization', header)
    for (const header of [
      `Bearer ${token}`,
      `Basic`,
      `Basic ${token} x`,
      `Basic !${token}`,
      `Basic ${btoa('clinic')}`,
    ]) {
      await ask(header).expect(401)
    }
    expect(asked).to.have.length(5)
    await ask(`basic ${token}`).expect(200)
    expect(asked).to.have.length(5)
  })

  it('has a dashboard that takes no key', async () => {
    const { app, asked, made } = await openBasicHost({})
    await request(app).get('/admin/invites?appId=clinic').auth('clinic', made.key).expect(401)
    expect(asked).to.deep.equal(['clinic'])
  })
})
