// What is switched at run time: the mode, a planned switch of it, and how many may join.
import { expect } from 'chai'
import { MINUTE, openHost, refusedOptions, sendInvite } from '../support/host.js'

describe('/settings', () => {
  it('shows and switches the mode, at once, and keeps it', async () => {
    const host = await openHost()
    expect((await host.manage.get('default/settings')).body).to.deep.equal({
      appId: 'default',
      mode: 'invite-only',
      schedule: null,
      seats: null,
      quota: { start: 0, refill: null, giveBack: false },
    })
    for (const mode of ['open', 'waitlist', 'closed', 'invite-only']) {
      const res = await host.manage.put('default/settings', { mode })
      expect(res.status).to.equal(200)
      expect(res.body).to.include({ appId: 'default', mode })
      const status = (await host.signup({ email: 'ada@example.com' })).status
      expect(status).to.equal(mode === 'open' ? 201 : 403)
    }
    await host.manage.put('default/settings', { mode: 'open' }).expect(200)
    const restarted = await openHost({ beside: host, invites: { mode: 'closed' } })
    expect((await restarted.manage.get('default/settings')).body.mode).to.equal('open')
  })

  it('merges what is put: without a mode it stays', async () => {
    const host = await openHost()
    await host.manage.put('default/settings', { mode: 'open' })
    for (const body of [undefined, {}]) {
      expect((await host.manage.put('default/settings', body)).body.mode).to.equal('open')
    }
  })

  it('belongs to one app', async () => {
    const host = await openHost({ invites: { apps: { default: {}, school: { mode: 'waitlist' } } } })
    await host.manage.put('default/settings', { mode: 'open' }).expect(200)
    expect((await host.manage.get('school/settings')).body).to.include({ appId: 'school', mode: 'waitlist' })
  })

  describe('a planned switch', () => {
    const opening = '2026-11-21T10:00:00.000Z'

    it('is made at its time, in every process, without any of them at work', async () => {
      const host = await openHost()
      const other = await openHost({ beside: host })
      const planned = await host.manage.put('default/settings', {
        schedule: { mode: 'open', at: '2026-11-21T11:00+01:00' },
      })
      expect(planned.body).to.include({ mode: 'invite-only' })
      expect(planned.body.schedule).to.deep.equal({ mode: 'open', at: opening })
      other.clock.advance(60 * MINUTE - 1)
      await other.signup({ email: 'ada@example.com' }).expect(403)
      other.clock.advance(1)
      await other.signup({ email: 'ada@example.com' }).expect(201)
      expect((await other.manage.get('default/settings')).body).to.include({ mode: 'open', schedule: null })
    })

    it('gives way to what is switched by hand, and can be taken back', async () => {
      const host = await openHost()
      await host.invites.settings({ schedule: { mode: 'open', at: opening } })
      const back = await host.invites.settings({ schedule: null })
      expect(back.schedule).to.equal(null)
      await host.invites.settings({ schedule: { mode: 'open', at: opening } })
      host.clock.advance(2 * 60 * MINUTE)
      expect((await host.invites.settings({ mode: 'closed' })).mode).to.equal('closed')
      expect((await host.invites.settings()).mode).to.equal('closed')
    })

    const wrong: Readonly<Record<string, [unknown, string, RegExp]>> = {
      'in the past': [{ mode: 'open', at: '2026-11-21T09:00:00Z' }, '#/schedule/at', /in the future/],
      'without a zone': [{ mode: 'open', at: '2026-12-01T09:00:00' }, '#/schedule/at', /with its zone/],
      'at a time that is none': [{ mode: 'open', at: '2026-13-01T09:00:00Z' }, '#/schedule/at', /that there is/],
      'on a day that is none': [{ mode: 'open', at: '2027-02-30T09:00:00Z' }, '#/schedule/at', /that there is/],
      'to no mode': [{ mode: 'shut', at: opening }, '#/schedule/mode', /one of open/],
      'without a time': [{ mode: 'open' }, '#/schedule/at', /./],
      'that is a word': ['open', '#/schedule', /must be \{ mode, at \}/],
    }
    for (const [what, [schedule, pointer, detail]] of Object.entries(wrong)) {
      it(`${what} is refused`, async () => {
        const host = await openHost()
        const res = await host.manage.put('default/settings', { mode: 'closed', schedule })
        expect(res.status).to.equal(400)
        expect(res.body.errors).to.have.length(1)
        expect(res.body.errors[0].pointer).to.equal(pointer)
        expect(res.body.errors[0].detail).to.match(detail)
        expect((await host.invites.settings()).mode).to.equal('invite-only')
      })
    }
  })

  describe('seats', () => {
    it('are as many as may join, whatever their invites, and the next one is told so', async () => {
      const host = await openHost()
      await host.manage.put('default/settings', { seats: 2 }).expect(200)
      const link = await sendInvite(host, { maxUses: null })
      const bound = await sendInvite(host, { email: 'ada@example.com' })
      const join = (n: number) => host.signup({ email: `u${n}@example.com`, inviteCode: link.inviteCode })
      const all = await Promise.all(Array.from({ length: 20 }, (_, n) => join(n)))
      expect(all.filter(({ status }) => status === 201)).to.have.length(2)
      const refused = await host.signup({ email: 'ada@example.com', inviteCode: bound.inviteCode })
      expect([refused.status, refused.body.code]).to.deep.equal([403, 'signup_closed'])
      expect(refused.body.message).to.equal('All places are taken.')
      await host.manage.put('default/settings', { seats: 3 }).expect(200)
      await host.signup({ email: 'ada@example.com', inviteCode: bound.inviteCode }).expect(201)
    })

    it('R-10 are a positive whole number, or null', async () => {
      const host = await openHost({ invites: { seats: 7 } })
      expect((await host.invites.settings()).seats).to.equal(7)
      for (const seats of [0, -1, 1.5, '1', Number.NaN, Number.POSITIVE_INFINITY, {}]) {
        const error = await host.invites.settings({ seats: seats as number }).catch((thrown: unknown) => thrown)
        expect(String(error), String(seats)).to.match(/seats must be a whole number from 1/)
      }
      expect((await host.manage.put('default/settings', { seats: null })).body.seats).to.equal(null)
      expect(await refusedOptions({ seats: 0 })).to.match(
        /`seats` must be a whole number of accounts, 1 or more, or null/,
      )
    })
  })
})
