// What supervisors see and switch afterwards: who joined, uses given back, the app's settings.
import { expect } from 'chai'
import request from 'supertest'
import { DAY, openHost, sendInvite } from '../support/host.js'

describe('the router, afterwards', () => {
  describe('GET /acceptance', () => {
    it('says who joined, by which invite, invited by whom', async () => {
      const host = await openHost({
        signup: async (req, res) => {
          await req.invite?.accept({ userId: req.body.userId })
          res.status(201).json({})
        },
      })
      const actor = { id: 'boss', email: 'boss@example.com', name: 'Bo Boss', access: 'supervisor' } as const
      const fields = { email: 'Ada@Example.com', role: 'nurse', orgId: 'ward-7' }
      const { inviteId, inviteCode = '' } = await host.invites.send(fields, { actor })
      host.clock.advance(DAY)
      await host.signup({ inviteCode, email: 'ada@example.com', userId: 17 }).expect(201)
      const { body } = await host.manage.get('default/acceptance')
      expect(body.nextCursor).to.equal(null)
      expect(body.items).to.have.length(1)
      expect(body.items[0].acceptanceId).to.be.a('string')
      expect(body.items[0]).to.deep.include({
        inviteId,
        appId: 'default',
        userId: '17',
        email: 'ada@example.com',
        role: 'nurse',
        orgId: 'ward-7',
        inviter: { id: 'boss', email: 'boss@example.com', name: 'Bo Boss' },
        acceptedAt: '2026-11-22T09:00:00.000Z',
        reopenedAt: null,
      })
    })

    it('pages, newest first, without repeats or gaps while people join', async () => {
      const host = await openHost()
      const { inviteCode } = await sendInvite(host, { maxUses: null })
      const join = async (n: number) => {
        await host.signup({ inviteCode, email: `user${n}@example.com` }).expect(201)
        if (n % 2 === 0) host.clock.advance(1)
      }
      for (let n = 0; n < 11; n++) await join(n)
      const seen: string[] = []
      let cursor: string | null = null
      for (let more = 11; ; more++) {
        const query: string = cursor ? `&cursor=${cursor}` : ''
        const { body }: request.Response = await host.manage.get(`default/acceptance?limit=3${query}`)
        seen.push(...body.items.map((item: { email: string }) => item.email))
        cursor = body.nextCursor
        if (cursor === null) break
        host.clock.advance(1)
        await join(more)
      }
      const expected = Array.from({ length: 11 }, (_, n) => `user${n}@example.com`)
      expect([...seen].sort()).to.deep.equal(expected.sort())
    })
  })

  describe('POST /acceptance/:acceptanceId/reopen', () => {
    /** A bound invite that was used. */
    async function openUsed(expiresInMs?: number) {
      const host = await openHost()
      const invite = await sendInvite(host, { email: 'ada@example.com', ...(expiresInMs && { expiresInMs }) })
      const again = () => host.signup({ inviteCode: invite.inviteCode, email: 'ada@example.com' })
      await again().expect(201)
      const { body } = await host.manage.get('default/acceptance')
      const path = `default/acceptance/${body.items[0].acceptanceId}/reopen`
      return { host, invite, path, again, reopen: () => host.manage.post(path) }
    }

    it('gives the use back: the code works again, once', async () => {
      const { host, invite, again, reopen } = await openUsed()
      expect((await again()).body.code).to.equal('invite_used')
      const res = await reopen()
      expect(res.status).to.equal(200)
      expect(res.body.reopenedAt).to.equal('2026-11-21T09:00:00.000Z')
      const shown = await host.manage.get(`default/invite/${invite.inviteId}`)
      expect(shown.body).to.include({ status: 'pending', uses: 0, used: false, inviteCode: invite.inviteCode })
      expect((await again()).status).to.equal(201)
      expect((await again()).body.code).to.equal('invite_used')
      expect((await host.manage.get('default/acceptance')).body.items).to.have.length(2)
    })

    it('again changes nothing', async () => {
      const { host, again, reopen } = await openUsed()
      const first = await reopen()
      host.clock.advance(1000)
      expect((await reopen()).body).to.deep.equal(first.body)
      expect((await again()).status).to.equal(201)
      expect((await reopen()).body).to.deep.equal(first.body)
      expect((await again()).body.code).to.equal('invite_used')
    })

    it('refuses where the address has another pending invite: invite_exists', async () => {
      const { host, again, reopen } = await openUsed()
      const other = await sendInvite(host, { email: 'ada@example.com' })
      const res = await reopen()
      expect(res.status).to.equal(409)
      expect(res.body.code).to.equal('invite_exists')
      expect((await again()).body.code).to.equal('invite_used')
      await host.invites.revoke(other.inviteId)
      expect((await reopen()).status).to.equal(200)
      expect((await again()).status).to.equal(201)
    })

    it('does not count another one that has expired as pending', async () => {
      const { host, again, reopen } = await openUsed(30 * DAY)
      await sendInvite(host, { email: 'ada@example.com', expiresInMs: DAY })
      host.clock.advance(DAY)
      expect((await reopen()).status).to.equal(200)
      expect((await again()).status).to.equal(201)
    })

    it('takes no fields, and answers 404 for an acceptance that is unknown', async () => {
      const { host, path } = await openUsed()
      const fields = await host.manage.post(path, { force: true })
      expect(fields.status).to.equal(400)
      expect(fields.body.errors).to.deep.include({ pointer: '#/force', detail: 'is not a field of this request' })
      const unknown = await host.manage.post('default/acceptance/nothing/reopen')
      expect(unknown.status).to.equal(404)
      expect(unknown.body.code).to.equal('invite_not_found')
    })
  })

  it('leaves what is no route of its own to the host', async () => {
    const host = await openHost({ before: (app) => void app.get('/invites/app/default/x', (_, res) => void res.end()) })
    await request(host.app).get('/invites/app/default/x').expect(200)
    await host.manage.get('default/elsewhere').expect(404)
  })
})
