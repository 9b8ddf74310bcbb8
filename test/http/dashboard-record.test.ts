// The pages of the dashboard that tell what happened: who joined, statistics, the log.
import { expect } from 'chai'
import { linkOf, MOUNT, openDesk, rowsOf, visitor } from '../support/desk.js'
import { DAY, type Host, sendInvite } from '../support/host.js'
import { tagsOf, textOf } from '../support/html.js'

/** The rows of the table under a heading. */
function tableOf(html: string, title: string): readonly string[] {
  const section = html.split('<section').find((each) => each.includes(`>${title}</h2>`)) ?? ''
  const body = /<tbody>([\s\S]*?)<\/tbody>/.exec(section)?.[1] ?? ''
  return (body.match(/<tr>[\s\S]*?<\/tr>/g) ?? []).map((row) => textOf(row).trim())
}

async function join(host: Host, email: string, fields: Parameters<typeof sendInvite>[1] = {}, appId?: string) {
  const { inviteCode } = await sendInvite(host, { email, ...fields }, appId)
  host.clock.advance(1)
  await host.signup({ email, inviteCode }).expect(201)
}

describe("inviteDashboard's other pages", () => {
  it('lead to one another, and are for supervisors', async () => {
    const { host } = await openDesk()
    const { page } = visitor(host)
    const first = await page()
    for (const name of ['Who joined', 'Statistics', 'Log']) {
      const { text } = await page(linkOf(first.text, name)).expect(200)
      expect(text)
        .to.match(new RegExp(`aria-current="page">${name}</a>`))
        .and.to.include(`<title>${name} · Acme</title>`)
      expect(linkOf(text, 'Invites')).to.equal(`${MOUNT}/`)
    }
    const mia = visitor(host, 'member:mia')
    expect((await mia.page()).text).not.to.include('Statistics')
    for (const path of ['/joined', '/statistics', '/log']) {
      expect((await mia.page(path)).status).to.equal(403)
      expect((await visitor(host, '').page(path)).status).to.equal(401)
    }
  })

  it('stay with their app', async () => {
    const { host } = await openDesk({ apps: { clinic: { appName: 'St. Mary' }, school: { appName: 'Hillside' } } })
    await join(host, 'ada@example.com', {}, 'clinic')
    const { page } = visitor(host)
    for (const path of ['/joined', '/statistics', '/log']) {
      const { text } = await page(`${path}?appId=clinic`).expect(200)
      const other = await page(linkOf(text, 'Hillside')).expect(200)
      expect(other.text)
        .to.include('Hillside</title>')
        .and.to.match(/class="empty"/)
      expect(linkOf(other.text, 'Log')).to.equal(`${MOUNT}/log?appId=school`)
    }
  })

  it('say who joined, invited by whom, 25 on a page', async () => {
    const { host } = await openDesk()
    const { page } = visitor(host)
    expect(textOf((await page('/joined')).text)).to.include('Nobody has joined by invite yet.')
    await join(host, 'first@example.com', { inviterEmail: 'mia@example.com' })
    for (let n = 0; n < 25; n++) {
      host.clock.advance(1)
      await join(host, `person${n}@example.com`, { role: 'nurse' })
    }
    const newest = await page('/joined')
    expect(rowsOf(newest.text)).to.have.length(25)
    expect(rowsOf(newest.text)[0])
      .to.include('person24@example.com')
      .and.include('Role: nurse')
      .and.include('Invited in nobody’s name')
    expect(linkOf(newest.text, 'Newest')).to.equal(undefined)
    const older = await page(linkOf(newest.text, 'Older'))
    expect(rowsOf(older.text)).to.have.length(1)
    expect(rowsOf(older.text)[0]).to.match(/first@example\.com .*Invited by M\. mia/)
    expect(linkOf(older.text, 'Newest')).to.equal(`${MOUNT}/joined`)
    const [{ acceptanceId } = { acceptanceId: '' }] = (await host.invites.acceptances()).items
    await host.invites.reopen(acceptanceId)
    await host.invites.forget({ email: 'person24@example.com' })
    expect(rowsOf((await page('/joined')).text)[0]).to.match(/^ Somebody without an address Given back /)
    expect((await page('/joined?cursor=nonsense')).status).to.equal(400)
  })

  it('count by days, weeks and months, by inviter and by source', async () => {
    const { host } = await openDesk()
    const { page } = visitor(host)
    expect(textOf((await page('/statistics')).text)).to.include('Nothing happened in this time.')
    await join(host, 'ada@example.com', { inviterEmail: 'mia@example.com', metadata: { source: 'fair' } })
    await sendInvite(host, { expiresInMs: DAY })
    host.clock.advance(2 * DAY)
    const stranger = { actor: { id: 'x7', access: 'supervisor' } } as const
    await host.invites.send({}, stranger)
    const { text } = await page('/statistics').expect(200)
    expect(tableOf(text, 'Over time').slice(0, 3)).to.deep.equal(['23 Nov 1 0 0 0', '22 Nov 0 0 0 1', '21 Nov 2 0 1 0'])
    expect(tableOf(text, 'Over time')).to.have.length(30)
    expect(tableOf(text, 'By inviter')).to.deep.equal(['M. mia 1 1', 'Nobody named 1 0', 'x7 1 0'])
    expect(tableOf(text, 'By source')).to.deep.equal(['fair 1 1', 'Without 2 0'])
    expect(textOf(text)).to.include('Half of those who joined did so within 1 second of being invited.')
    const weeks = tableOf((await page(linkOf(text, '12 weeks'))).text, 'Over time')
    expect([weeks.length, weeks[0], weeks[1]]).to.deep.equal([12, '23 Nov 1 0 0 0', '16 Nov 2 0 1 1'])
    const months = tableOf((await page(linkOf(text, '12 months'))).text, 'Over time')
    expect([months.length, months[0], months[11]]).to.deep.equal([12, 'Nov 2026 3 0 1 1', 'Dec 2025 0 0 0 0'])
  })

  it('show an inviter by the id where the host cannot look them up', async () => {
    const findInviter = async () => Promise.reject(new Error('the directory is down'))
    const { host } = await openDesk({ findInviter })
    await host.invites.send({}, { actor: { id: 'x7', access: 'supervisor' } })
    const { text } = await visitor(host).page('/statistics').expect(200)
    expect(tableOf(text, 'By inviter')).to.deep.equal(['x7 1 0'])
  })

  it('tell what was done, by whom, 25 on a page', async () => {
    const { host } = await openDesk()
    const { page, submit } = visitor(host)
    expect(textOf((await page('/log')).text)).to.include('Nothing has been done yet.')
    await submit('/plan', { mode: 'open', at: '2027-03-01T09:00' })
    host.clock.advance(1)
    await submit('/plan/cancel')
    for (let n = 0; n < 25; n++) {
      host.clock.advance(1)
      await sendInvite(host)
    }
    const newest = await page('/log')
    expect(rowsOf(newest.text)[0]).to.match(/^ Invite made 21 Nov 2026, 09:00 UTC The app itself Invite \S+ /)
    const older = rowsOf((await page(linkOf(newest.text, 'Older'))).text)
    expect(older).to.have.length(2)
    expect(older[0]).to.match(/^ Settings changed .* Supervisor boss schedule: none $/)
    expect(older[1]).to.match(/ schedule: open from 1 Mar 2027, 09:00 UTC on $/)
  })

  it('R-35 keep a stored value inert', async () => {
    const pagesWith = async (value: string) => {
      const findInviter = () => ({ id: 'x', email: 'x@example.com', name: value, access: 'supervisor' as const })
      const { host } = await openDesk({ findInviter, roles: [value] })
      await join(host, 'ada@example.com', { inviterEmail: 'x@example.com', role: value })
      const { page } = visitor(host)
      const pages = [await page('/joined'), await page('/statistics'), await page('/log')]
      return pages.map(({ text }) => text)
    }
    for (const value of ['</p><script>alert(1)</script>', '"><img src=x onerror=alert(1)>', '{{7*7}}']) {
      const shown = await pagesWith(value)
      const plain = await pagesWith('plain')
      expect(shown.flatMap(tagsOf).join('\n')).to.equal(plain.flatMap(tagsOf).join('\n'))
      for (const html of shown) expect(textOf(html)).to.include(value)
    }
  })
})
