// The dashboard in a real browser: how it looks, and that nobody is kept out of it.
import { expect } from 'chai'
import type { Page } from 'playwright-core'
import { inviteDashboard } from '../src/index.js'
import { openPage, shoot, useBrowser, violations } from './support/browser.js'
import { DAY, sendInvite } from './support/host.js'
import { openSiteForBrowsers, type SiteOptions } from './support/site.js'

const HOUR = DAY / 24
const boss = { id: 'boss', name: 'Bo Boss', access: 'supervisor' } as const

const mountDesk: SiteOptions['before'] = (app, { invites }) =>
  void app.use('/desk', inviteDashboard(invites, { authorize: () => boss }))

async function openFilled() {
  const site = await openSiteForBrowsers({
    invites: { mailer: { sendMail: async () => undefined }, seats: 500, roles: ['nurse'] },
    before: mountDesk,
  })
  await sendInvite(site.host, { email: 'ada@example.com', role: 'nurse' })
  await sendInvite(site.host, { maxUses: 5 })
  await site.host.invites.deliver()
  const { host } = site
  for (const [day, source] of ['fair', 'fair', 'Product Hunt', undefined, 'fair'].entries()) {
    const scope = { actor: { id: `u${day % 2}`, name: ['Mia Muster', 'Max'][day % 2], access: 'supervisor' } } as const
    const email = `person${day}@example.com`
    const { inviteCode } = await host.invites.send({ email, metadata: { source }, role: 'nurse' }, scope)
    host.clock.advance(2 * HOUR)
    if (day !== 3) await host.signup({ email, inviteCode }).expect(201)
    host.clock.advance(DAY - 2 * HOUR)
  }
  await host.invites.settings({ schedule: { mode: 'open', at: '2027-06-01T00:00:00Z' } }, { actor: boss })
  await host.invites.settings({ schedule: null }, { actor: boss })
  return { ...site, desk: `${site.url}/desk/` }
}

describe('the dashboard, in a browser', function () {
  this.timeout(60_000)
  useBrowser()

  /** What axe finds, and whether it fits a phone. */
  async function look(page: Page, name: string): Promise<readonly string[]> {
    await page.setViewportSize({ width: 900, height: 800 })
    const found = await violations(page)
    await shoot(page, name)
    await page.setViewportSize({ width: 320, height: 640 })
    expect(await page.evaluate('document.documentElement.scrollWidth'), `${name} on a phone`).to.equal(320)
    await shoot(page, `${name} narrow`)
    return found.map((each) => `${name}: ${each}`)
  }

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`is one that axe finds nothing wrong with, in ${colorScheme}, and fits a phone`, async () => {
      const { desk } = await openFilled()
      const page = await openPage({ bypassCSP: true, colorScheme })
      await page.goto(desk)
      const found = [...(await look(page, `desk ${colorScheme}`))]
      await page.getByLabel('At, in UTC').fill('2026-01-01T09:00')
      await page.getByRole('button', { name: 'Plan the switch' }).click()
      await page.getByRole('alert').waitFor()
      found.push(...(await look(page, `desk ${colorScheme} wrong plan`)))
      await page.getByLabel('At, in UTC').fill('2027-03-01T09:00')
      await page.getByRole('button', { name: 'Plan the switch' }).click()
      await page.getByText('The switch is planned.').waitFor()
      found.push(...(await look(page, `desk ${colorScheme} planned`)))
      expect(found).to.deep.equal([])
    })
  }

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const [name, h1] of Object.entries({ joined: 'Who joined', statistics: 'Statistics', log: 'Log' })) {
      it(`has a page ${h1}, which axe finds nothing wrong with, in ${colorScheme}, and fits a phone`, async () => {
        const { desk } = await openFilled()
        const page = await openPage({ bypassCSP: true, colorScheme })
        await page.goto(desk)
        await page.getByRole('navigation', { name: 'Pages' }).getByRole('link', { name: h1 }).click()
        expect(await page.getByRole('heading', { level: 1 }).textContent()).to.equal(h1)
        expect(await look(page, `desk ${colorScheme} ${name}`)).to.deep.equal([])
        const empty = await openSiteForBrowsers({ before: mountDesk })
        await page.goto(`${empty.url}/desk/${name}`)
        expect(await look(page, `desk ${colorScheme} ${name} empty`)).to.deep.equal([])
      })
    }
  }

  it('breaks no policy of its own, and its bars are as long as they should be', async () => {
    const { desk } = await openFilled()
    const page = await openPage()
    const said: string[] = []
    page.on('console', (message) => void (message.type() === 'error' && said.push(message.text())))
    for (const path of ['', 'joined', 'statistics', 'log']) await page.goto(`${desk}${path}`)
    await page.goto(`${desk}statistics`)
    const lengths = await page.evaluate(
      "[...document.querySelectorAll('.bars')].map((cell) => [...cell.querySelectorAll('rect')].map((bar) => Math.round(100 * bar.getBoundingClientRect().width / cell.getBoundingClientRect().width)))",
    )
    expect((lengths as number[][]).filter(([made]) => made !== 0)).to.deep.equal([
      [33, 33],
      [33, 0],
      [33, 33],
      [33, 33],
      [100, 33],
    ])
    expect(said.filter((text) => !text.includes('favicon'))).to.deep.equal([])
  })

  it('plans a switch in UTC, wherever the browser is', async () => {
    const { desk, host } = await openFilled()
    const page = await openPage({ timezoneId: 'America/Los_Angeles' })
    await page.goto(desk)
    await page.getByLabel('At, in UTC').fill('2027-03-01T09:00')
    await page.getByRole('button', { name: 'Plan the switch' }).click()
    await page.getByRole('status').getByText('1 Mar 2027, 09:00 UTC').waitFor()
    expect((await host.invites.settings()).schedule).to.deep.equal({ mode: 'open', at: '2027-03-01T09:00:00.000Z' })
  })
})
