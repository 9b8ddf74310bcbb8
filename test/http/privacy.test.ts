// What is held on a person, and forgetting them, by the routes for supervisors.
import { expect } from 'chai'
import express from 'express'
import { inviteRouter } from '../../src/index.js'
import { authorize, manager, openHost, sendInvite } from '../support/host.js'

const ADA = { email: 'Ada@example.com' }

async function openWithAda() {
  const host = await openHost()
  const { inviteCode } = await sendInvite(host, { email: 'ada@example.com', message: 'Welcome', role: 'nurse' })
  await host.signup({ inviteCode, email: 'ada@example.com' }).expect(201)
  return host
}

describe('the routes about a person', () => {
  it('R-39 give out what is held, and forget it', async () => {
    const host = await openWithAda()
    const { body } = await host.manage.post('default/person/export', ADA).expect(200)
    expect(body).to.deep.equal(JSON.parse(JSON.stringify(await host.invites.export(ADA))))
    expect(body.invites[0]).to.include({ email: 'ada@example.com', message: 'Welcome', role: 'nurse' })
    expect(body.acceptances).to.have.length(1)
    expect(JSON.stringify(body)).not.to.match(/inviteCode|joinUrl/)

    const forgotten = await host.manage.post('default/person/forget', ADA).expect(200)
    expect(forgotten.body).to.deep.equal({ invites: 1, acceptances: 1, sent: 0, requests: 0 })
    expect((await host.manage.post('default/person/export', ADA)).body).to.deep.include({
      invites: [],
      acceptances: [],
    })
    expect(JSON.stringify(await host.database.tables())).not.to.match(/ada@/i)
  })

  it('reach one app alone', async () => {
    const host = await openHost({ invites: { apps: { clinic: {}, school: {} } }, gate: { appId: 'clinic' } })
    for (const appId of ['clinic', 'school']) await sendInvite(host, ADA, appId)
    expect((await host.manage.post('clinic/person/export', ADA)).body.invites).to.have.length(1)
    expect((await host.manage.post('clinic/person/forget', ADA)).body.invites).to.equal(1)
    expect((await host.manage.post('school/person/export', ADA)).body.invites).to.have.length(1)
  })

  it('are for supervisors, and ask the host which of both it is', async () => {
    const host = await openWithAda()
    const asked: string[] = []
    const app = express().use(
      '/invites',
      inviteRouter(host.invites, {
        authorize(req, { appId, action }) {
          asked.push(`${appId} ${action}`)
          return authorize(req)
        },
      }),
    )
    for (const verb of ['export', 'forget']) {
      expect((await manager(app, 'member:ann').post(`default/person/${verb}`, ADA)).status).to.equal(403)
      expect((await manager(app, 'nobody').post(`default/person/${verb}`, ADA)).status).to.equal(401)
    }
    expect(new Set(asked)).to.deep.equal(new Set(['default person.export', 'default person.forget']))
    expect((await host.invites.export(ADA)).invites).to.have.length(1)
  })

  it('take the address from the body alone, and one that is none is refused', async () => {
    const host = await openWithAda()
    for (const verb of ['export', 'forget']) {
      const inQuery = await host.manage.post(`default/person/${verb}?email=ada@example.com`)
      const wrong = await host.manage.post(`default/person/${verb}`, { email: 'ada' })
      const more = await host.manage.post(`default/person/${verb}`, { ...ADA, name: 'Ada' })
      for (const res of [inQuery, wrong]) {
        expect([res.status, res.body.errors[0].pointer]).to.deep.equal([400, '#/email'])
      }
      expect([more.status, more.body.errors[0].pointer]).to.deep.equal([400, '#/name'])
      expect(wrong.text).not.to.include('"ada"')
    }
    expect((await host.invites.export(ADA)).invites).to.have.length(1)
  })

  it('are not used in the name of somebody who is on another site', async () => {
    const host = await openWithAda()
    const res = await host.manage.post('default/person/forget', ADA).unset('Authorization').set({
      'X-Who': 'Bearer supervisor',
      Cookie: 'session=1',
      Origin: 'https://evil.example',
    })
    expect([res.status, res.body.code]).to.deep.equal([403, 'not_allowed'])
    expect((await host.invites.export(ADA)).invites).to.have.length(1)
  })

  it('are for keys that have the scope `people`, which none has by default', async () => {
    const host = await openWithAda()
    const made = await host.invites.createKey({ label: 'Mendix' })
    const people = await host.invites.createKey({ label: 'Archive', scopes: ['people'] })
    const by = (key: string) => host.manage.post('default/person/export', ADA).auth('default', key, { type: 'basic' })
    expect((await by(made.key)).body.detail).to.equal('This needs a key with the scope people.')
    expect((await by(people.key)).status).to.equal(200)
  })
})
