// The dashboard's settings: a switch of the mode that is planned, and the seats.
import { expect } from 'chai'
import { actionOf, actionsOf, noticeOf, openDesk, visitor } from '../support/desk.js'
import { DAY } from '../support/host.js'
import { textOf } from '../support/html.js'

/** What stands in a field of the page. */
const typedIn = (html: string, name: string) => new RegExp(`name="${name}"[^>]* value="([^"]*)"`).exec(html)?.[1]
/** The part of the page under a heading. */
const partOf = (html: string, title: string) =>
  textOf(/<section[\s\S]*?<\/section>/g[Symbol.match](html)?.find((each) => each.includes(`>${title}</h2>`)) ?? '')
/** What is said beside a field that was filled in wrongly. */
function errorAt(html: string, name: string): string {
  const [field = ''] = new RegExp(`<input[^>]* name="${name}"[^>]*>`).exec(html) ?? []
  const ids = /aria-describedby="([^"]*)"/.exec(field)?.[1]?.split(' ') ?? []
  expect(field).to.include('aria-invalid="true"')
  return textOf(new RegExp(`<p class="error" id="${ids.at(-1)}" role="alert">[^<]*</p>`).exec(html)?.[0] ?? '').trim()
}

describe('inviteDashboard plans a switch of the mode', () => {
  it('at a time in UTC, shows it, and makes it then', async () => {
    const { host } = await openDesk()
    const { page, submit } = visitor(host)
    const first = await page()
    expect(partOf(first.text, 'Planned switch')).to.include('None: the mode stays').and.include('At, in UTC')
    const { text } = await submit(actionOf(first.text, /plan$/), { mode: 'open', at: '2026-11-22T09:30' })
    expect(noticeOf(text)).to.include('The switch is planned. From 22 Nov 2026, 09:30 UTC on, the mode will be open')
    expect(partOf(text, 'Planned switch')).to.include('From 22 Nov 2026, 09:30 UTC on, the mode will be open')
    expect(await host.invites.settings()).to.deep.include({
      mode: 'invite-only',
      schedule: { mode: 'open', at: '2026-11-22T09:30:00.000Z' },
    })
    host.clock.advance(2 * DAY)
    const later = await page()
    expect(partOf(later.text, 'Planned switch')).to.include('None: the mode stays')
    expect(later.text).to.match(/value="open" checked/)
  })

  it('as a browser without such a field sends it, with seconds, and in place of another plan', async () => {
    const { host } = await openDesk()
    const { submit } = visitor(host)
    await submit('/plan', { mode: 'open', at: ' 2027-03-01 09:00 ' })
    await submit('/plan', { mode: 'closed', at: '2027-04-01T09:00:30' })
    const { schedule } = await host.invites.settings()
    expect(schedule).to.deep.equal({ mode: 'closed', at: '2027-04-01T09:00:30.000Z' })
  })

  it('and takes the plan back', async () => {
    const { host } = await openDesk()
    const { submit } = visitor(host)
    const planned = await submit('/plan', { mode: 'open', at: '2027-03-01T09:00' })
    const { text } = await submit(actionOf(planned.text, /cancel/))
    expect(noticeOf(text)).to.include('The plan was canceled.')
    expect(actionsOf(text, /cancel/)).to.deep.equal([])
    expect((await host.invites.settings()).schedule).to.equal(null)
  })

  const wrong: readonly (readonly [at: string, says: string])[] = [
    ['2026-11-21T08:59', 'Choose a time to come: it is 2026-11-21 09:00 in UTC now.'],
    ['2027-02-30T09:00', 'Choose a day and a time, such as 2027-03-01 09:00.'],
    ['tomorrow', 'Choose a day and a time, such as 2027-03-01 09:00.'],
    ['', 'Choose a day and a time, such as 2027-03-01 09:00.'],
  ]
  for (const [at, says] of wrong) {
    it(`not at ${JSON.stringify(at)}: says why beside the field, and keeps what was typed`, async () => {
      const { host } = await openDesk()
      const res = await visitor(host).post('/plan', { mode: 'waitlist', at })
      expect(res.status).to.equal(400)
      expect(errorAt(res.text, 'at')).to.equal(says)
      expect(typedIn(res.text, 'at')).to.equal(at)
      expect(res.text).to.include('<option selected>waitlist</option>')
      expect((await host.invites.settings()).schedule).to.equal(null)
    })
  }

  it('to no mode that there is not', async () => {
    const { host } = await openDesk()
    const res = await visitor(host).post('/plan', { mode: 'shut', at: '2027-03-01T09:00' })
    expect(res.status).to.equal(400)
    expect(errorAt(res.text, 'at')).to.equal('Choose one of open, invite-only, waitlist, closed.')
  })
})

describe('inviteDashboard sets the seats', () => {
  it('to a number, or to any, and shows what holds', async () => {
    const { host } = await openDesk()
    const { page, submit } = visitor(host)
    const first = await page()
    expect(typedIn(first.text, 'seats')).to.equal('')
    const { text } = await submit(actionOf(first.text, /seats/), { seats: ' 500 ' })
    expect(noticeOf(text)).to.include('The number of seats was changed.')
    expect(typedIn(text, 'seats')).to.equal('500')
    expect((await host.invites.settings()).seats).to.equal(500)
    expect(typedIn((await submit('/seats', { seats: '' })).text, 'seats')).to.equal('')
    expect((await host.invites.settings()).seats).to.equal(null)
  })

  for (const seats of ['0', '-1', '1.5', '1e3', 'many', '99999999999']) {
    it(`not to ${seats}: says why beside the field, and keeps what was typed`, async () => {
      const { host } = await openDesk()
      const res = await visitor(host).post('/seats', { seats })
      expect(res.status).to.equal(400)
      expect(errorAt(res.text, 'seats')).to.equal('Type a whole number, 1 or more, or nothing for any number.')
      expect(typedIn(res.text, 'seats')).to.equal(seats)
      expect((await host.invites.settings()).seats).to.equal(null)
    })
  }
})

describe("inviteDashboard's settings", () => {
  it('are neither shown to a member nor changed by one', async () => {
    const { host } = await openDesk()
    const { page, post } = visitor(host, 'member:mia')
    expect((await page()).text).not.to.match(/Planned switch|name="seats"/)
    const posts = [
      await post('/plan', { mode: 'open', at: '2027-03-01T09:00' }),
      await post('/plan/cancel'),
      await post('/seats', { seats: '5' }),
    ]
    expect(posts.map(({ status }) => status)).to.deep.equal([403, 403, 403])
    expect(await host.invites.settings()).to.deep.include({ schedule: null, seats: null })
  })

  it('are not changed by another site', async () => {
    const { host } = await openDesk()
    for (const [path, fields] of Object.entries({ '/seats': { seats: '5' }, '/plan/cancel': {} })) {
      const res = await visitor(host).post(path, fields).set('Origin', 'https://evil.example')
      expect(res.status).to.equal(403)
    }
    expect((await host.invites.settings()).seats).to.equal(null)
  })
})
