// The dashboard in a real browser: how it looks, and that nobody is kept out of it.
import { expect } from 'chai'
import type { Page } from 'playwright-core'
import { inviteDashboard } from '../src/index.js'
import { openPage, shoot, useBrowser, violations } from './support/browser.js'
import { sendInvite } from './support/host.js'
import { openSiteForBrowsers } from './support/site.js'

const boss = { id: 'boss', name: 'Bo Boss', access: 'supervisor' } as const

async function openFilled() {
  const site = await openSiteForBrowsers({
    invites: { mailer: { sendMail: async () => undefined }, seats: 500 },
    before: (app, { invites }) => void app.use('/desk', inviteDashboard(invites, { authorize: () => boss })),
  })
  await sendInvite(site.host, { email: 'ada@example.com', role: 'nurse' })
  await sendInvite(site.host, { maxUses: 5 })
  await site.host.invites.deliver()
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
      await page.getByLabel('At, in UTC').fill('2026-11-01T09:00')
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
