// Who may manage invites: what the host's `authorize` is asked, and what its answers lead to.
import { expect } from 'chai'
import express, { type ErrorRequestHandler } from 'express'
import type request from 'supertest'
import { type InviteRouterOptions, inviteRouter } from '../../src/index.js'
import { manager, openHost } from '../support/host.js'

function problem(res: request.Response, status: number, code: string): void {
  expect([res.status, res.type, res.body.code]).to.deep.equal([status, 'application/problem+json', code])
}

describe('the management routes', () => {
  const everyRoute = [
    ['get', 'default/invite'],
    ['post', 'default/invite'],
    ['get', 'default/invite/some'],
    ['delete', 'default/invite/some'],
    ['post', 'default/invite/some/resend'],
    ['get', 'default/acceptance'],
    ['post', 'default/acceptance/some/reopen'],
    ['get', 'default/settings'],
    ['put', 'default/settings'],
  ] as const

  it('answer nobody with 401, each of them', async () => {
    const host = await openHost()
    const nobody = manager(host.app, 'nobody')
    for (const [method, path] of everyRoute) problem(await nobody[method](path), 401, 'not_authenticated')
  })

  it('answer somebody known who may not with 403, where the host says false', async () => {
    const { invites } = await openHost()
    const app = express().use('/invites', inviteRouter(invites, { authorize: () => false }))
    for (const [method, path] of everyRoute) problem(await manager(app)[method](path), 403, 'not_allowed')
  })

  it('say in words what is wrong with what the host returned', async () => {
    const told = async (actor: unknown) => {
      const { invites } = await openHost()
      const app = express().use('/invites', inviteRouter(invites, { authorize: async () => actor as never }))
      app.use(((error, _req, res, _next) => void res.status(500).send(error.message)) satisfies ErrorRequestHandler)
      return (await manager(app).get('default/invite')).text
    }
    expect(await told(true)).to.match(/, or null: it must be an object\.$/)
    expect(await told({ id: 1 })).to.match(/, or null: `access` is missing\.$/)
    expect(await told({ id: 1, access: 'admin' })).to.include("`access` must be 'supervisor' or 'member'")
  })

  it('answer a member with 403 where only a supervisor may', async () => {
    const host = await openHost()
    const member = manager(host.app, 'member:ann')
    for (const [method, path] of everyRoute.filter(([, path]) => /acceptance|settings/.test(path))) {
      problem(await member[method](path), 403, 'not_allowed')
    }
    problem(await member.put('default/settings', { mode: 'open' }), 403, 'not_allowed')
    problem(await member.post('default/invite', { email: 'ada@example.com' }), 403, 'not_allowed')
    problem(await member.put('default/quota/ann', { left: 5 }), 403, 'not_allowed')
    problem(await member.post('default/quota', { inviterId: 'ann', add: 5 }), 403, 'not_allowed')
    problem(await member.get('default/quota/bob'), 403, 'not_allowed')
    expect((await host.manage.get('default/settings')).body.mode).to.equal('invite-only')
    expect((await host.manage.get('default/invite')).body.items).to.deep.equal([])
  })

  it('answer 404 for an unknown app, each of them', async () => {
    const host = await openHost()
    for (const [method, path] of everyRoute) {
      const res = await host.manage[method](path.replace('default', 'nowhere'))
      problem(res, 404, 'invite_not_found')
    }
  })

  it('ask the host with the app and the action, and the public ones do not ask', async () => {
    const asked: string[] = []
    const host = await openHost()
    const authorize: InviteRouterOptions['authorize'] = (_req, { appId, action }) => {
      asked.push(`${appId} ${action}`)
      return null
    }
    const app = express().use('/invites', inviteRouter(host.invites, { authorize }))
    for (const [method, path] of everyRoute) await manager(app)[method](path).expect(401)
    await manager(app).post('default/invite/check', { inviteCode: 'x' }).expect(404)
    await manager(app).get('default/join/x').expect(302)
    expect(asked).to.deep.equal(
      [
        ...['invite.list', 'invite.create', 'invite.read', 'invite.revoke', 'invite.resend'],
        ...['acceptance.list', 'acceptance.reopen', 'settings.read', 'settings.write'],
      ].map((action) => `default ${action}`),
    )
  })

  /** A host whose `authorize` does this. */
  async function withAuthorize(authorize: unknown) {
    const host = await openHost()
    const errors: unknown[] = []
    const app = express()
    app.use('/invites', inviteRouter(host.invites, { authorize } as InviteRouterOptions))
    app.use(((error, _req, res, _next) => {
      errors.push(error)
      res.status(500).send("the host's own page")
    }) satisfies ErrorRequestHandler)
    return { host, errors, manage: manager(app) }
  }

  it('hand what authorize throws to the host', async () => {
    const error = new Error('the directory is down')
    const failures = [
      () => {
        throw error
      },
      async () => Promise.reject(error),
    ]
    for (const authorize of failures) {
      const { errors, manage } = await withAuthorize(authorize)
      const res = await manage.post('default/invite', { email: 'ada@example.com' })
      expect([res.status, res.text]).to.deep.equal([500, "the host's own page"])
      expect(errors).to.deep.equal([error])
    }
  })

  it('take a number for an id, as most databases give it', async () => {
    const { manage } = await withAuthorize(async () => ({ id: 7, access: 'supervisor' }))
    expect((await manage.post('default/invite', {})).body.inviter.id).to.equal('7')
  })

  const malformed = [
    ...[{}, true, 'supervisor', { id: true, access: 'supervisor' }, { id: '7' }, { id: '7', access: 'admin' }],
    { id: '7', access: 'supervisor', roles: 'nurse' },
    { id: '7', access: 'supervisor', email: 5 },
    { id: '7', access: 'supervisor', name: { first: 'Ada' } },
  ]
  for (const actor of malformed) {
    it(`refuse ${JSON.stringify(actor)} as an actor, with a TypeError for the host`, async () => {
      const { host, errors, manage } = await withAuthorize(async () => actor)
      // `nur` is in 'nurse', and in no list of roles.
      for (const fields of [{ role: 'nur' }, {}, { inviterEmail: 'ann@example.com' }]) {
        const res = await manage.post('default/invite', fields)
        expect([res.status, res.text]).to.deep.equal([500, "the host's own page"])
        expect(String(errors.pop())).to.match(/^TypeError: authorize must return/)
      }
      expect((await host.invites.list()).items).to.deep.equal([])
    })
  }
})
