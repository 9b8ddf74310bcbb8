// What a signup page made on the server learns of the invite that its visitor came with.
import { expect } from 'chai'
import request from 'supertest'
import { previewInvite } from '../../src/index.js'
import { type Host, MINUTE, openHost, refusal, sendInvite } from '../support/host.js'

/** A host whose signup page says what it was told. */
async function openPage(appId?: string): Promise<Host> {
  const host: Host = await openHost({
    before: (app) =>
      void app.get('/page', (req, res, next) => {
        previewInvite(host.invites, req, { appId }).then((invite) => res.json(invite ?? 'nobody'), next)
      }),
  })
  return host
}

const visit = (host: Host, cookie = '') => request(host.app).get('/page').set('Cookie', cookie)

async function follow(host: Host, joinUrl: string): Promise<string> {
  const res = await request(host.app).get(new URL(joinUrl).pathname)
  return res.get('Set-Cookie')?.[0]?.split(';')[0] ?? ''
}

describe('previewInvite', () => {
  it('shows the invite of the link that was followed, as often as the page is loaded', async () => {
    const host = await openPage()
    const { joinUrl } = await sendInvite(host, { email: 'ada@example.com', role: 'doctor' })
    const cookie = await follow(host, joinUrl)
    for (const _time of [1, 2]) {
      const { body } = await visit(host, cookie)
      expect(body).to.include({ appId: 'default', email: null, emailHint: 'a•••@example.com', role: 'doctor' })
    }
  })

  it('is undefined for who followed no link, and for an invite that lets nobody in', async () => {
    const host = await openPage()
    expect((await visit(host)).body).to.equal('nobody')
    const { joinUrl, inviteId } = await sendInvite(host)
    const cookie = await follow(host, joinUrl)
    expect((await visit(host, cookie)).body).to.include({ appId: 'default' })
    await host.invites.revoke(inviteId)
    expect((await visit(host, cookie)).body).to.equal('nobody')
    host.clock.advance(20 * MINUTE)
    expect((await visit(host, cookie)).body).to.equal('nobody')
  })

  it('rejects where the store is down, and where there is no such app', async () => {
    const host = await openPage()
    const cookie = await follow(host, (await sendInvite(host)).joinUrl)
    await host.store.close()
    expect((await visit(host, cookie)).body.code).to.equal('store_unavailable')
    const elsewhere = previewInvite(host.invites, {} as never, { appId: 'nowhere' })
    expect(await refusal(elsewhere)).to.equal('invite_not_found')
  })
})
