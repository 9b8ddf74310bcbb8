// which role an invite may carry, who may name whom as its inviter, and that both are asked again later.
import { expect } from 'chai'
import express from 'express'
import type request from 'supertest'
import { type Actor, type InvitesOptions, inviteRouter } from '../../src/index.js'
import { DAY, type Host, manager, openHost, sendInvite } from '../support/host.js'

/** Users of the host, as `findInviter` finds them. Tests take roles and access away. */
function createUsers() {
  const users = new Map<string, Actor>([
    ['boss', { id: 'boss', email: 'boss@example.com', name: 'Bo Boss', access: 'supervisor' }],
    ['ann', { id: 'ann', email: 'ann@example.com', name: 'Ann', access: 'member', roles: ['nurse'] }],
    ['bob', { id: 'bob', email: 'bob@example.com', name: 'Bob', access: 'member' }],
  ])
  const asked: object[] = []
  const findInviter: InvitesOptions['findInviter'] = async (query) => {
    asked.push(query)
    const byEmail = [...users.values()].find(({ email }) => email === query.email?.toLowerCase())
    return (query.id === undefined ? byEmail : users.get(query.id)) ?? null
  }
  return { users, asked, findInviter }
}

function expectCode(res: request.Response, status: number, code: string): void {
  expect([res.status, res.body.code], res.text).to.deep.equal([status, code])
}

/** The management routes for whoever `actor` is. */
function managerFor(host: Host, actor: Actor) {
  return manager(express().use('/invites', inviteRouter(host.invites, { authorize: () => actor })))
}

async function nothingWasMade(host: Host): Promise<void> {
  expect((await host.invites.list()).items).to.deep.equal([])
}

describe('R-27 roles and inviters', () => {
  describe('at create', () => {
    it('R-27 without `roles` a role is 1 to 64 of letters, digits and . _ : -', async () => {
      const host = await openHost()
      for (const role of ['nurse', 'org:admin_2.read-only', 'r'.repeat(64)]) {
        expect((await host.manage.post('default/invite', { role })).body.role).to.equal(role)
      }
      for (const role of ['two words', 'é', 'a/b', '<b>', 'r'.repeat(65)]) {
        const res = await host.manage.post('default/invite', { role })
        expectCode(res, 400, 'input_invalid')
        expect(res.body.errors[0].pointer).to.equal('#/role')
      }
    })

    it('R-27 with `roles` it is one of them', async () => {
      const host = await openHost({ invites: { roles: ['nurse', 'head nurse'] } })
      for (const role of ['nurse', 'head nurse']) await host.manage.post('default/invite', { role }).expect(201)
      for (const role of ['Nurse', 'doctor', 'nurs']) {
        const res = await host.manage.post('default/invite', { role })
        expectCode(res, 400, 'input_invalid')
        expect(res.body.errors[0]).to.deep.equal({ pointer: '#/role', detail: 'must be one of nurse, head nurse' })
      }
    })

    it('R-27 it is one that the actor may grant', async () => {
      const host = await openHost()
      const limited = managerFor(host, { id: 'lead', access: 'supervisor', roles: ['nurse'] })
      const none = managerFor(host, { id: 'lead', access: 'supervisor', roles: [] })
      expectCode(await limited.post('default/invite', { role: 'doctor' }), 403, 'not_allowed')
      expectCode(await none.post('default/invite', { role: 'nurse' }), 403, 'not_allowed')
      await nothingWasMade(host)
      await limited.post('default/invite', { role: 'nurse' }).expect(201)
      await none.post('default/invite', {}).expect(201)
    })

    it('R-27 it is one that the inviter named may grant, and the actor too', async () => {
      const { findInviter } = createUsers()
      const host = await openHost({ invites: { findInviter } })
      const limited = managerFor(host, { id: 'lead', access: 'supervisor', roles: ['doctor'] })
      const byAnn = { inviterEmail: 'ann@example.com' }
      expectCode(await host.manage.post('default/invite', { ...byAnn, role: 'doctor' }), 403, 'not_allowed')
      expectCode(await limited.post('default/invite', { ...byAnn, role: 'nurse' }), 403, 'not_allowed')
      const byBob = { inviterEmail: 'bob@example.com' } // a member who is given no roles grants none
      expectCode(await host.manage.post('default/invite', { ...byBob, role: 'nurse' }), 403, 'not_allowed')
      await nothingWasMade(host)
      await host.manage.post('default/invite', { ...byAnn, role: 'nurse' }).expect(201)
      await host.manage.post('default/invite', byBob).expect(201)
    })
  })

  describe('inviterEmail', () => {
    it('R-27 names the inviter, as the host knows it', async () => {
      const { findInviter, asked } = createUsers()
      const host = await openHost({ invites: { findInviter } })
      const res = await host.manage.post('default/invite', { inviterEmail: 'Ann@Example.com' })
      expect(res.body.inviter).to.deep.equal({ id: 'ann', email: 'ann@example.com', name: 'Ann' })
      expect(asked).to.deep.equal([{ appId: 'default', email: 'Ann@Example.com' }])
    })

    it('R-27 must be somebody with access to the app', async () => {
      const { findInviter } = createUsers()
      const host = await openHost({ invites: { findInviter } })
      const unknown = await host.manage.post('default/invite', { inviterEmail: 'nobody@example.com' })
      expectCode(unknown, 400, 'input_invalid')
      expect(unknown.body.errors[0].pointer).to.equal('#/inviterEmail')
      const without = await openHost()
      const res = await without.manage.post('default/invite', { inviterEmail: 'ann@example.com' })
      expectCode(res, 400, 'input_invalid')
      expect(res.body.errors[0].pointer).to.equal('#/inviterEmail')
      await nothingWasMade(host)
      await nothingWasMade(without)
    })

    it('R-27 may be the actor’s own, in any spelling', async () => {
      const host = await openHost()
      const res = await host.manage.post('default/invite', { inviterEmail: 'BOSS@example.com' })
      expect(res.status).to.equal(201)
      expect(res.body.inviter).to.deep.equal({ id: 'boss', email: 'boss@example.com', name: 'Bo Boss' })
    })

    it('R-27 a member, or somebody the host does not know, names nobody else', async () => {
      const { findInviter } = createUsers()
      const host = await openHost({ invites: { findInviter } })
      const body = { email: 'ada@example.com', role: 'nurse', inviterEmail: 'boss@example.com' }
      expectCode(await manager(host.app, 'member:ann').post('default/invite', body), 403, 'not_allowed')
      expectCode(await manager(host.app, 'nobody').post('default/invite', body), 401, 'not_authenticated')
      await nothingWasMade(host)
    })
  })

  describe('later, when the inviter has lost the role', () => {
    const losses: Readonly<Record<string, (users: Map<string, Actor>) => void>> = {
      'its roles': (users) => users.set('ann', { id: 'ann', access: 'member', roles: ['guest'] }),
      'all roles': (users) => users.set('ann', { id: 'ann', access: 'member' }),
      'its access': (users) => users.delete('ann'),
    }
    for (const [what, lose] of Object.entries(losses)) {
      it(`R-27 (${what}) the claim is not_allowed, before any account, and holds nothing`, async () => {
        const { users, findInviter, asked } = createUsers()
        const host = await openHost({ invites: { findInviter } })
        const { inviteCode, inviteId } = await sendInvite(host, { role: 'nurse', inviterEmail: 'ann@example.com' })
        const before = users.get('ann')
        lose(users)
        asked.length = 0
        for (let n = 0; n < 2; n++) expectCode(await host.signup({ inviteCode }), 403, 'not_allowed')
        expect(asked[0]).to.deep.equal({ appId: 'default', id: 'ann' })
        expect(host.accounts).to.deep.equal([])
        expect((await host.invites.retrieve(inviteId)).uses).to.equal(0)
        if (before) users.set('ann', before)
        expect((await host.signup({ inviteCode })).body.role).to.equal('nurse')
      })

      it(`R-27 (${what}) resend is not_allowed and changes nothing`, async () => {
        const { users, findInviter } = createUsers()
        const host = await openHost({ invites: { findInviter } })
        const { inviteCode, inviteId } = await sendInvite(host, { role: 'nurse', inviterEmail: 'ann@example.com' })
        host.clock.advance(DAY)
        const before = await host.invites.retrieve(inviteId)
        lose(users)
        const path = `default/invite/${inviteId}/resend`
        expectCode(await host.manage.post(path), 403, 'not_allowed')
        expectCode(await host.manage.post(path, { rotate: true }), 403, 'not_allowed')
        expect(await host.invites.retrieve(inviteId)).to.deep.equal({ ...before, inviteCode })
      })
    }

    it('R-27 an invite that carries no role stays good', async () => {
      const { users, findInviter } = createUsers()
      const host = await openHost({ invites: { findInviter } })
      const { inviteCode, inviteId } = await sendInvite(host, { inviterEmail: 'ann@example.com' })
      users.set('ann', { id: 'ann', access: 'member', roles: [] })
      await host.manage.post(`default/invite/${inviteId}/resend`).expect(200)
      expect((await host.signup({ inviteCode })).status).to.equal(201)
    })

    it('R-27 a supervisor is asked about like anybody else', async () => {
      const { users, findInviter } = createUsers()
      const host = await openHost({ invites: { findInviter } })
      const { body } = await host.manage.post('default/invite', { role: 'nurse', maxUses: 2 })
      expect((await host.signup({ inviteCode: body.inviteCode })).status).to.equal(201)
      users.set('boss', { id: 'boss', access: 'member' })
      expectCode(await host.signup({ inviteCode: body.inviteCode }), 403, 'not_allowed')
      expect(host.accounts).to.have.length(1)
    })

    it('R-27 without findInviter the role stands as it was checked at create', async () => {
      const host = await openHost()
      const { body } = await host.manage.post('default/invite', { role: 'nurse' })
      expect((await host.signup({ inviteCode: body.inviteCode })).body.role).to.equal('nurse')
    })

    it('R-27 a findInviter that fails lets nobody in, and the use is given back', async () => {
      const { findInviter } = createUsers()
      let failing = false
      const host = await openHost({
        invites: {
          findInviter: (query) => {
            if (failing) throw new Error('the directory is down')
            return findInviter?.(query) ?? null
          },
        },
      })
      const { inviteCode } = await sendInvite(host, { role: 'nurse', inviterEmail: 'ann@example.com' })
      failing = true
      for (let n = 0; n < 2; n++) expect((await host.signup({ inviteCode })).status).to.equal(500)
      expect(String(host.errors[0])).to.equal('Error: the directory is down')
      expect(host.accounts).to.deep.equal([])
      failing = false
      expect((await host.signup({ inviteCode })).status).to.equal(201)
    })
  })

  it('R-27 the role is never read from the signup request, and is the same in req.invite and in the acceptance', async () => {
    const { findInviter } = createUsers()
    const host = await openHost({
      invites: { findInviter },
      signup: (req, res) => void res.status(201).json({ role: req.invite?.role, inviter: req.invite?.inviter }),
    })
    const granted = { inviter: { id: 'ann', email: 'ann@example.com', name: 'Ann' } }
    const wished = { role: 'admin', roles: ['admin'], inviter: 'boss', invite: { role: 'admin' } }
    for (const role of ['nurse', null]) {
      const { inviteCode } = await sendInvite(host, { role, inviterEmail: 'ann@example.com' })
      const res = await host.signup({ ...wished, inviteCode }).query({ role: 'admin' })
      expect(res.body).to.deep.equal({ ...granted, role })
      const { body } = await host.manage.get('default/acceptance?limit=1')
      expect(body.items[0]).to.deep.include({ ...granted, role })
      host.clock.advance(1)
    }
  })
})
