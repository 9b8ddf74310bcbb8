// The management routes: what they answer, and what they change.
import { expect } from 'chai'
import type request from 'supertest'
import type { Actor } from '../../src/index.js'
import { DAY, type Host, manager, openHost, sendInvite } from '../support/host.js'

/** Expects a problem document with this code, and returns it. */
function problem(res: request.Response, status: number, code: string) {
  expect(res.status, res.text).to.equal(status)
  expect(res.get('Content-Type')).to.match(/^application\/problem\+json/)
  expect(res.body).to.include({ type: 'about:blank', status, code })
  expect(res.body.title).to.be.a('string').that.is.not.equal('')
  expect(res.body.detail).to.be.a('string').that.is.not.equal('')
  return res.body
}

const members: Readonly<Record<string, Actor>> = {
  'ann@example.com': { id: 'ann', email: 'ann@example.com', name: 'Ann', access: 'member', roles: ['nurse'] },
  'bob@example.com': { id: 'bob', email: 'bob@example.com', name: 'Bob', access: 'member', roles: ['nurse'] },
}
const findInviter = ({ id, email }: { id?: string; email?: string }) =>
  members[email ?? `${id}@example.com`] ?? (id === 'boss' ? ({ id: 'boss', access: 'supervisor' } as const) : null)

const emails = (res: request.Response) => res.body.items.map((item: { email: string }) => item.email)

describe('the router', () => {
  describe('POST /invite', () => {
    it('answers 201, Location and the whole invite', async () => {
      const host = await openHost()
      const res = await host.manage.post('default/invite', {
        email: 'Ada@Example.com',
        role: 'nurse',
        orgId: 'ward-7',
        expiresInMs: DAY,
        metadata: { plan: 'pro' },
      })
      expect(res.status).to.equal(201)
      const { inviteId, inviteCode } = res.body
      expect(res.get('Location')).to.equal(`https://acme.dev/invites/app/default/invite/${inviteId}`)
      expect(res.get('Cache-Control')).to.equal('no-store')
      expect(res.body).to.deep.equal({
        inviteId,
        inviteCode,
        email: 'Ada@Example.com',
        appId: 'default',
        used: false,
        status: 'pending',
        role: 'nurse',
        orgId: 'ward-7',
        inviter: { id: 'boss', email: 'boss@example.com', name: 'Bo Boss' },
        metadata: { plan: 'pro' },
        emailDomain: null,
        oncePerPerson: false,
        maxUses: 1,
        uses: 0,
        createdAt: '2026-11-21T09:00:00.000Z',
        expiresAt: '2026-11-22T09:00:00.000Z',
        delivery: { state: 'none', attempts: 0, lastError: null, sentAt: null },
        joinUrl: `https://acme.dev/invites/app/default/join/${inviteCode}`,
      })
      expect((await host.manage.get(`default/invite/${inviteId}`)).body).to.deep.equal(res.body)
    })

    it('without a body makes a shareable invite of one use and seven days', async () => {
      const host = await openHost()
      for (const body of [undefined, {}, { email: null, role: null, orgId: null, metadata: null, message: null }]) {
        const res = await host.manage.post('default/invite', body)
        expect(res.status).to.equal(201)
        expect(res.body).to.include({ email: null, maxUses: 1, expiresAt: '2026-11-28T09:00:00.000Z' })
      }
    })

    it('R-10 takes null for unlimited', async () => {
      const host = await openHost()
      const res = await host.manage.post('default/invite', { maxUses: null, expiresInMs: null })
      expect(res.body).to.include({ maxUses: null, expiresAt: null })
      host.clock.advance(4000 * DAY)
      for (let n = 0; n < 3; n++) await host.signup({ inviteCode: res.body.inviteCode }).expect(201)
      expect((await host.manage.get(`default/invite/${res.body.inviteId}`)).body).to.include({ uses: 3, used: false })
    })

    it('refuses a second pending one for the same address in any spelling: invite_exists', async () => {
      const host = await openHost()
      const first = await host.manage.post('default/invite', { email: 'ada@example.com' })
      problem(await host.manage.post('default/invite', { email: 'ADA@Example.COM' }), 409, 'invite_exists')
      expect((await host.manage.get('default/invite')).body.items).to.deep.equal([first.body])
    })

    it('takes the same address again for another organization', async () => {
      const host = await openHost()
      for (const orgId of [undefined, 'a', 'b']) {
        await host.manage.post('default/invite', { email: 'ada@example.com', orgId }).expect(201)
        problem(await host.manage.post('default/invite', { email: 'ada@example.com', orgId }), 409, 'invite_exists')
      }
    })

    it('over an expired one supersedes it', async () => {
      const host = await openHost()
      const old = await sendInvite(host, { email: 'ada@example.com' })
      host.clock.advance(7 * DAY)
      const fresh = await host.manage.post('default/invite', { email: 'ada@example.com' })
      expect(fresh.status).to.equal(201)
      expect(emails(await host.manage.get('default/invite?status=expired'))).to.deep.equal([])
      problem(await host.manage.get(`default/invite/${old.inviteId}`), 404, 'invite_not_found')
      problem(await host.manage.post(`default/invite/${old.inviteId}/resend`), 409, 'invite_over')
      const body = { email: 'ada@example.com' }
      expect((await host.signup({ ...body, inviteCode: old.inviteCode })).body.code).to.equal('invite_invalid')
      expect((await host.signup({ ...body, inviteCode: fresh.body.inviteCode })).status).to.equal(201)
    })

    it('after a revoked or used one makes a new one', async () => {
      const host = await openHost()
      const revoked = await sendInvite(host, { email: 'ada@example.com' })
      await host.invites.revoke(revoked.inviteId)
      const used = await sendInvite(host, { email: 'ada@example.com' })
      await host.signup({ inviteCode: used.inviteCode, email: 'ada@example.com' }).expect(201)
      await host.manage.post('default/invite', { email: 'ada@example.com' }).expect(201)
    })
  })

  describe('GET /invite', () => {
    /** One invite in each state. */
    async function inEachState(host: Host) {
      const expired = await sendInvite(host, { email: 'expired@example.com', expiresInMs: 1 })
      host.clock.advance(1)
      const revoked = await sendInvite(host, { email: 'revoked@example.com' })
      await host.invites.revoke(revoked.inviteId)
      const used = await sendInvite(host, { email: 'accepted@example.com' })
      await host.signup({ inviteCode: used.inviteCode, email: 'accepted@example.com' }).expect(201)
      host.clock.advance(1)
      const pending = await sendInvite(host, { email: 'pending@example.com' })
      return { expired, revoked, used, pending }
    }

    it('lists the pending ones, and with `status` the others', async () => {
      const host = await openHost()
      await inEachState(host)
      expect(emails(await host.manage.get('default/invite'))).to.deep.equal(['pending@example.com'])
      for (const status of ['pending', 'accepted', 'expired', 'revoked']) {
        const res = await host.manage.get(`default/invite?status=${status}`)
        expect(emails(res)).to.deep.equal([`${status}@example.com`])
        const [item] = res.body.items
        expect(item.status).to.equal(status)
        expect(item.used).to.equal(status === 'accepted')
        const over = status === 'accepted' || status === 'revoked'
        expect([item.inviteCode === null, item.joinUrl === null]).to.deep.equal([over, over])
      }
      const two = ['pending@example.com', 'expired@example.com']
      expect(emails(await host.manage.get('default/invite?status=expired,pending'))).to.deep.equal(two)
      expect(emails(await host.manage.get('default/invite?status=expired&status=pending'))).to.deep.equal(two)
    })

    it('searches by the start of the address and by @domain', async () => {
      const host = await openHost()
      const all = [
        'ada@example.com',
        'adam@example.org',
        'a_b@example.com',
        'eve@sub.example.com',
        'uwe@Bücher.example',
      ]
      for (const email of all) {
        await sendInvite(host, { email })
        host.clock.advance(1)
      }
      await sendInvite(host)
      const found = async (q: string) =>
        emails(await host.manage.get(`default/invite?q=${encodeURIComponent(q)}`)).reverse()
      expect(await found('ada')).to.deep.equal(['ada@example.com', 'adam@example.org'])
      expect(await found('ADA@Ex')).to.deep.equal(['ada@example.com'])
      expect(await found('a_')).to.deep.equal(['a_b@example.com'])
      expect(await found('%')).to.deep.equal([])
      expect(await found('da')).to.deep.equal([])
      expect(await found('@example.com')).to.deep.equal(['ada@example.com', 'a_b@example.com'])
      expect(await found('@EXAMPLE.org')).to.deep.equal(['adam@example.org'])
      expect(await found('@example')).to.deep.equal([])
      expect(await found('@')).to.deep.equal([])
      expect(await found('@bücher.example')).to.deep.equal(['uwe@Bücher.example'])
      expect(await found('@xn--bcher-kva.example')).to.deep.equal(['uwe@Bücher.example'])
      expect((await host.manage.get('default/invite?q=')).body.items).to.have.length(6)
    })

    it('searches for a whole address as it was given, also with an international domain', async () => {
      const host = await openHost()
      await sendInvite(host, { email: 'uwe@Bücher.example' })
      const res = await host.manage.get(`default/invite?q=${encodeURIComponent('uwe@Bücher.example')}`)
      expect(emails(res)).to.deep.equal(['uwe@Bücher.example'])
    })

    it('pages by `limit` and `cursor` without repeats or gaps while new ones are added', async () => {
      const host = await openHost()
      const expected: string[] = []
      for (let n = 0; n < 17; n++) {
        expected.unshift((await sendInvite(host)).inviteId)
        if (n % 3 === 0) host.clock.advance(1) // most share their millisecond with others
      }
      const seen: string[] = []
      const sizes: number[] = []
      let cursor: string | null = null
      do {
        const res: request.Response = await host.manage.get(
          `default/invite?limit=4${cursor ? `&cursor=${cursor}` : ''}`,
        )
        expect(res.status).to.equal(200)
        sizes.push(res.body.items.length)
        seen.push(...res.body.items.map((item: { inviteId: string }) => item.inviteId))
        cursor = res.body.nextCursor
        host.clock.advance(1)
        await sendInvite(host)
      } while (cursor !== null)
      expect(sizes).to.deep.equal([4, 4, 4, 4, 1])
      expect(seen).to.have.length(17)
      expect([...seen].sort()).to.deep.equal([...expected].sort())
    })

    it('gives 25 a page, and no cursor with a page that is exactly the last', async () => {
      const host = await openHost()
      for (let n = 0; n < 26; n++) await sendInvite(host)
      const { body } = await host.manage.get('default/invite')
      expect(body.items).to.have.length(25)
      expect((await host.manage.get(`default/invite?cursor=${body.nextCursor}`)).body.items).to.have.length(1)
      expect((await host.manage.get('default/invite?limit=26')).body.nextCursor).to.equal(null)
    })

    it('shows a member its own only, and lets it manage those', async () => {
      const host = await openHost({ invites: { findInviter } })
      const own = await sendInvite(host, { email: 'ada@example.com', role: 'nurse', inviterEmail: 'ann@example.com' })
      const others = [
        await sendInvite(host, { email: 'eve@example.com', inviterEmail: 'bob@example.com' }),
        await sendInvite(host, { email: 'uwe@example.com' }),
        await host.invites.send({ email: 'ian@example.com' }, { actor: { id: 'boss', access: 'supervisor' } }),
      ]
      const ann = manager(host.app, 'member:ann')
      expect(emails(await ann.get('default/invite'))).to.deep.equal(['ada@example.com'])
      expect(emails(await ann.get('default/invite?q=e'))).to.deep.equal([])
      expect(emails(await ann.get('default/invite?status=pending,accepted,expired,revoked'))).to.have.length(1)
      for (const { inviteId } of others) {
        problem(await ann.get(`default/invite/${inviteId}`), 404, 'invite_not_found')
        problem(await ann.post(`default/invite/${inviteId}/resend`, { rotate: true }), 404, 'invite_not_found')
        problem(await ann.delete(`default/invite/${inviteId}`), 404, 'invite_not_found')
        expect((await host.manage.get(`default/invite/${inviteId}`)).status).to.equal(200)
      }
      const { body } = await ann.get(`default/invite/${own.inviteId}`)
      expect(body.inviter).to.deep.equal({ id: 'ann', email: 'ann@example.com', name: 'Ann' })
      expect((await ann.post(`default/invite/${own.inviteId}/resend`)).status).to.equal(200)
      expect((await ann.delete(`default/invite/${own.inviteId}`)).body).to.deep.equal({})
      problem(await ann.get(`default/invite/${own.inviteId}`), 404, 'invite_not_found')
    })
  })

  describe('POST /invite/:inviteId/resend', () => {
    it('gives the full term again, also to an expired one', async () => {
      const host = await openHost()
      const { inviteId, inviteCode } = await sendInvite(host, { expiresInMs: 2 * DAY })
      host.clock.advance(5 * DAY)
      expect((await host.signup({ inviteCode })).body.code).to.equal('invite_expired')
      expect((await host.manage.get(`default/invite/${inviteId}`)).body).to.include({ status: 'expired', inviteCode })
      const res = await host.manage.post(`default/invite/${inviteId}/resend`)
      expect(res.status).to.equal(200)
      expect(res.body).to.include({ inviteId, inviteCode, status: 'pending', expiresAt: '2026-11-28T09:00:00.000Z' })
      host.clock.advance(2 * DAY - 1)
      expect((await host.signup({ inviteCode })).status).to.equal(201)
    })

    it('leaves one without an end without one', async () => {
      const host = await openHost()
      const { inviteId } = await sendInvite(host, { expiresInMs: null })
      expect((await host.manage.post(`default/invite/${inviteId}/resend`, {})).body.expiresAt).to.equal(null)
    })

    it('with `rotate` makes a new code and ends the old one', async () => {
      const host = await openHost()
      const old = await sendInvite(host)
      const res = await host.manage.post(`default/invite/${old.inviteId}/resend`, { rotate: true })
      const { inviteCode, joinUrl } = res.body
      expect(inviteCode).to.be.a('string').that.is.not.equal(old.inviteCode)
      expect(joinUrl).to.equal(`https://acme.dev/invites/app/default/join/${inviteCode}`)
      expect((await host.signup({ inviteCode: old.inviteCode })).body.code).to.equal('invite_invalid')
      expect((await host.signup({ inviteCode })).status).to.equal(201)
    })

    it('refuses a used or revoked one: invite_over', async () => {
      const host = await openHost()
      const used = await sendInvite(host)
      await host.signup({ inviteCode: used.inviteCode }).expect(201)
      const revoked = await sendInvite(host)
      await host.manage.delete(`default/invite/${revoked.inviteId}`).expect(200)
      for (const { inviteId } of [used, revoked]) {
        for (const rotate of [false, true]) {
          problem(await host.manage.post(`default/invite/${inviteId}/resend`, { rotate }), 409, 'invite_over')
        }
      }
      expect((await host.signup({ inviteCode: revoked.inviteCode })).body.code).to.equal('invite_invalid')
    })

    it('answers 404 for one that is unknown', async () => {
      const host = await openHost()
      problem(await host.manage.post('default/invite/nothing/resend'), 404, 'invite_not_found')
    })
  })

  describe('DELETE /invite/:inviteId', () => {
    it('may be repeated, and answers 404 for an unknown one', async () => {
      const host = await openHost()
      const { inviteId } = await sendInvite(host, { maxUses: 3 })
      for (let n = 0; n < 2; n++) {
        const res = await host.manage.delete(`default/invite/${inviteId}`)
        expect([res.status, res.text]).to.deep.equal([200, '{}'])
      }
      problem(await host.manage.delete('default/invite/nothing'), 404, 'invite_not_found')
    })
  })
})
