// The page of a refusal in a real browser: how it looks, and that its ways forward lead somewhere.
import { expect } from 'chai'
import type { Page } from 'playwright-core'
import type { InviteErrorCode, InvitesOptions } from '../src/index.js'
import { InviteError } from '../src/index.js'
import { openPage, shoot, useBrowser, violations } from './support/browser.js'
import { MINUTE, sendInvite } from './support/host.js'
import { openSiteForBrowsers, type SiteOptions } from './support/site.js'

const links = { signInUrl: '/login', askUrl: 'mailto:hello@acme.dev' }

/** Goes to the signup page and sends its form. */
async function signUp(page: Page, url: string, fields: Readonly<Record<string, string>> = {}): Promise<void> {
  await page.goto(`${url}/signup`)
  for (const [name, value] of Object.entries(fields)) await page.locator(`[name=${name}]`).fill(value)
  await page.getByRole('button', { name: 'Sign up' }).click()
}

const heading = (page: Page) => page.getByRole('heading', { level: 1 }).textContent()

describe('the page of a refusal, in a browser', function () {
  this.timeout(60_000)
  useBrowser()

  const refusals: readonly InviteError[] = [
    ...(
      [
        'invite_required',
        'invite_expired',
        'invite_used',
        'invite_email_mismatch',
        'invite_claimed',
        'signup_closed',
        'not_authenticated',
        'store_unavailable',
      ] satisfies InviteErrorCode[]
    ).map((code) => new InviteError(code)),
    new InviteError('rate_limited', { headers: { 'Retry-After': '700' } }),
    new InviteError('input_invalid', {
      errors: [
        { pointer: '#/email', detail: 'must be an e-mail address' },
        { pointer: '#/inviteCode', detail: 'must be the same in the body and in the query, or in one of them only' },
      ],
    }),
  ]
  const throwing: SiteOptions = {
    errors: links,
    before: (app) => void app.get('/refused/:index', (req, _res, next) => next(refusals[Number(req.params.index)])),
  }
  const brands: Readonly<Record<string, Partial<InvitesOptions>>> = {
    ours: {},
    'of a host': { branding: { color: '#facc15', logoUrl: 'https://acme.dev/logo.png' } },
  }

  for (const [brand, invites] of Object.entries(brands)) {
    for (const colorScheme of ['light', 'dark'] as const) {
      it(`is one that axe finds nothing wrong with, ${brand} in ${colorScheme}, and fits a phone`, async () => {
        const { url } = await openSiteForBrowsers({ ...throwing, invites })
        const page = await openPage({ bypassCSP: true, colorScheme })
        await page.route('https://acme.dev/logo.png', (route) => route.fulfill({ path: 'test/support/logo.png' }))
        const found: Record<string, readonly string[]> = {}
        for (const [index, { code }] of refusals.entries()) {
          await page.setViewportSize({ width: 800, height: 700 })
          await page.goto(`${url}/refused/${index}`)
          found[code] = await violations(page)
          await shoot(page, `refused ${brand} ${colorScheme} ${code}`)
          await page.setViewportSize({ width: 320, height: 640 })
          expect(await page.evaluate('document.documentElement.scrollWidth'), `${code} on a phone`).to.equal(320)
          if (code === 'invite_used') await shoot(page, `refused ${brand} ${colorScheme} ${code} narrow`)
        }
        await page.setViewportSize({ width: 800, height: 700 })
        await signUp(page, url)
        await page.getByLabel('Invite code or link').fill('not-a-code')
        await page.getByRole('button', { name: 'Continue' }).click()
        await page.getByRole('alert').waitFor()
        found['a wrong code'] = await violations(page)
        await shoot(page, `refused ${brand} ${colorScheme} wrong code`)
        const wrong = Object.entries(found).flatMap(([name, each]) => each.map((violation) => `${name}: ${violation}`))
        expect(wrong).to.deep.equal([])
      })
    }
  }

  it('is shown with its style, and breaks no policy of its own', async () => {
    const { url } = await openSiteForBrowsers({ errors: links, invites: { branding: { color: '#be123c' } } })
    const page = await openPage()
    const said: string[] = []
    page.on('console', (message) => void (message.type() === 'error' && said.push(message.text())))
    await signUp(page, url)
    expect(await heading(page)).to.equal('You need an invite')
    const colorOf = (selector: string) =>
      page.evaluate(`getComputedStyle(document.querySelector('${selector}')).backgroundColor`)
    expect(await colorOf('.button')).to.equal('rgb(190, 18, 60)')
    expect(await page.evaluate("getComputedStyle(document.querySelector('main')).maxWidth")).to.equal('480px')
    expect(said.filter((text) => !text.includes('403'))).to.deep.equal([])
  })

  it('can be used by keyboard alone, and shows where one is', async () => {
    const { url } = await openSiteForBrowsers({ errors: links })
    const page = await openPage()
    await signUp(page, url)
    await page.getByRole('heading', { name: 'You need an invite' }).waitFor()
    const seen: string[] = []
    for (let n = 0; n < 4; n++) {
      await page.keyboard.press('Tab')
      const focused = page.locator(':focus')
      seen.push((await focused.getAttribute('name')) ?? (await focused.textContent()) ?? '')
      expect(await page.evaluate('getComputedStyle(document.activeElement).outlineWidth'), seen.at(-1)).to.equal('3px')
    }
    expect(seen).to.deep.equal(['inviteCode', 'Continue', 'Ask for one', 'Sign in'])
  })

  for (const javaScriptEnabled of [true, false]) {
    describe(javaScriptEnabled ? 'with JavaScript' : 'without JavaScript', () => {
      it('takes a code that is pasted, and the signup then needs none', async () => {
        const { url, host } = await openSiteForBrowsers({ errors: links })
        const { inviteCode } = await sendInvite(host, { email: 'ada@example.com' })
        const page = await openPage({ javaScriptEnabled })
        await signUp(page, url)
        await page.getByLabel('Invite code or link').fill(inviteCode.toLowerCase())
        await page.getByRole('button', { name: 'Continue' }).click()
        await page.waitForURL(`${url}/signup`)
        await page.getByRole('heading', { name: 'You are invited' }).waitFor()
        await page.locator('[name=email]').fill('ada@example.com')
        await page.getByRole('button', { name: 'Sign up' }).click()
        await page.getByRole('heading', { name: 'Welcome, ada@example.com' }).waitFor()
      })

      it('shows a wrong one again, with an alert, and takes the right one, pasted as a whole link', async () => {
        const { url, host } = await openSiteForBrowsers({ errors: links })
        const { joinUrl } = await sendInvite(host)
        const page = await openPage({ javaScriptEnabled })
        await signUp(page, url)
        await page.getByLabel('Invite code or link').fill('ABCD-EFGH')
        await page.keyboard.press('Enter')
        const alert = page.getByRole('alert')
        expect(await alert.textContent()).to.include('This invite code is not valid.')
        const field = page.getByLabel('Invite code or link')
        expect(await field.getAttribute('aria-describedby')).to.equal(await alert.getAttribute('id'))
        expect(await page.getByRole('link', { name: 'Sign in' }).getAttribute('href')).to.equal(`${url}/login`)
        expect(await field.inputValue()).to.equal('ABCD-EFGH')
        await field.fill(` ${joinUrl} `)
        await page.keyboard.press('Enter')
        await page.waitForURL(`${url}/signup`)
        await page.getByRole('heading', { name: 'You are invited' }).waitFor()
      })
    })
  }

  it('leads on where the signup page goes to a provider at once', async () => {
    const provider = await openSiteForBrowsers()
    const { url, host } = await openSiteForBrowsers({
      before: (app) => void app.get('/start', (_req, _res, next) => next(new InviteError('invite_required'))),
      signupPage: (_req, res) => res.redirect(`${provider.url}/signup`),
    })
    const { inviteCode } = await sendInvite(host, { expiresInMs: MINUTE })
    const page = await openPage()
    await page.goto(`${url}/start`)
    await page.getByLabel('Invite code or link').fill(inviteCode)
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.waitForURL(`${provider.url}/signup`)
  })
})
