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

  describe('joining that somebody has to approve', () => {
    /** A host whose new members are approved by a supervisor. */
    async function openPending() {
      const host = await openHost({
        signup: async (req, res) => {
          const joined = await req.invite?.accept({ userId: req.body.userId, pendingApproval: true })
          res.status(201).json({ approval: joined?.approval })
        },
      })
      const decided: [string, string | null][] = []
      host.invites.events.on('decided', ({ acceptance }) => decided.push([`${acceptance.userId}`, acceptance.approval]))
      const { inviteCode } = await sendInvite(host, { maxUses: null, role: 'nurse' })
      const join = async (userId: string) => {
        const { body } = await host.signup({ inviteCode, userId, email: `${userId}@example.com` }).expect(201)
        expect(body).to.deep.equal({ approval: 'pending' })
        const { items } = await host.invites.acceptances({ userId })
        return items[0]?.acceptanceId ?? ''
      }
      const decide = (id: string, decision: 'approve' | 'decline') =>
        host.manage.post(`default/acceptance/${id}/${decision}`)
      return { host, decided, join, decide }
    }

    it('waits until a supervisor approves or declines, who can change their mind', async () => {
      const { host, decided, join, decide } = await openPending()
      const [ada, bob] = [await join('ada'), await join('bob')]
      const pending = async () =>
        (await host.manage.get('default/acceptance?approval=pending')).body.items.map(
          (item: { userId: string }) => item.userId,
        )
      expect((await pending()).toSorted()).to.deep.equal(['ada', 'bob'])
      host.clock.advance(DAY)
      const { body, status } = await decide(ada, 'approve')
      expect(status).to.equal(200)
      expect(body).to.deep.include({ userId: 'ada', role: 'nurse', approval: 'approved', reopenedAt: null })
      expect(body.decidedAt).to.equal('2026-11-22T09:00:00.000Z')
      host.clock.advance(DAY)
      expect((await decide(ada, 'approve')).body).to.deep.equal(body)
      expect((await decide(bob, 'decline')).body.approval).to.equal('declined')
      expect(await pending()).to.deep.equal([])
      expect((await decide(bob, 'approve')).body.approval).to.equal('approved')
      expect(decided).to.deep.equal([
        ['ada', 'approved'],
        ['bob', 'declined'],
        ['bob', 'approved'],
      ])
      const { body: log } = await host.manage.get('default/audit?limit=3')
      const actions = log.items.map(({ action, acceptanceId }: { action: string; acceptanceId: string }) => [
        action,
        acceptanceId,
      ])
      expect(actions).to.deep.include.members([
        ['acceptance.decline', bob],
        ['acceptance.approve', bob],
        ['acceptance.approve', ada],
      ])
    })

    it('answers 404 for who needed no approval, had their use given back, is unknown or of another app', async () => {
      const { host, join, decide } = await openPending()
      const ada = await join('ada')
      await host.manage.post(`default/acceptance/${ada}/reopen`)
      const plain = await openHost()
      const { inviteCode } = await sendInvite(plain)
      await plain.signup({ inviteCode, email: 'cy@example.com' }).expect(201)
      const [cy] = (await plain.invites.acceptances()).items
      const answers = [
        await decide(ada, 'approve'),
        await decide('unknown', 'decline'),
        await plain.manage.post(`default/acceptance/${cy?.acceptanceId}/approve`),
      ]
      for (const { status, body } of answers) {
        expect(status).to.equal(404)
        expect(body).to.include({ code: 'invite_not_found' })
        expect(body.detail).to.match(/no such acceptance that was pending approval/)
      }
    })

    it('takes true or false, and nothing else', async () => {
      const { host } = await openPending()
      const { inviteCode } = await sendInvite(host)
      const claim = await host.invites.claim({ inviteCode, email: 'ada@example.com' })
      const accepting = claim.accept({ pendingApproval: 'yes' as never }).catch((error: unknown) => error)
      expect(await accepting)
        .to.be.instanceOf(TypeError)
        .with.property('message', 'accept({ pendingApproval }) is true or false.')
      expect(await claim.release()).to.equal(true)
    })
  })

  it('leaves what is no route of its own to the host', async () => {
    const host = await openHost({ before: (app) => void app.get('/invites/app/default/x', (_, res) => void res.end()) })
    await request(host.app).get('/invites/app/default/x').expect(200)
    await host.manage.get('default/elsewhere').expect(404)
  })
})
