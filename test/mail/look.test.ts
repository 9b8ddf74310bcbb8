// How the mail looks: with a host's branding, in light and dark, on a phone.
import { expect } from 'chai'
import type { Branding } from '../../src/index.js'
import { openPage, shoot, useBrowser, violations } from '../support/browser.js'
import { refusedOptions } from '../support/host.js'
import { mailOf, templateFolder } from '../support/mailing.js'

// A mail is shown inside somebody else's page, whose landmarks these rules ask for.
const PAGE_RULES = ['landmark-one-main', 'region']
const LOGO = 'data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg" width="160" height="40"/>'

describe('the look of the mail', function () {
  this.timeout(30_000)
  useBrowser()

  const looks: Readonly<Record<string, Branding>> = {
    'of ours': {},
    'of a host': { logoUrl: 'https://acme.dev/logo.png', color: '#facc15', footer: 'Acme Ltd, 1 Main Street' },
  }
  for (const [whose, branding] of Object.entries(looks)) {
    for (const colorScheme of ['light', 'dark'] as const) {
      it(`${whose} can be read in ${colorScheme}, and on a phone`, async () => {
        const { html } = await mailOf({ branding }, { message: 'Come and join us.\nIt is good here.' })
        const page = await openPage({ colorScheme, viewport: { width: 320, height: 640 } })
        await page.route('https://acme.dev/logo.png', (route) => route.fulfill({ path: 'test/support/logo.png' }))
        await page.setContent(html)
        expect(await violations(page, PAGE_RULES)).to.deep.equal([])
        expect(await page.evaluate('document.documentElement.scrollWidth'), 'does not scroll sideways').to.equal(320)
        const background = await page.evaluate("getComputedStyle(document.querySelector('.card')).backgroundColor")
        expect(background).to.equal(colorScheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(27, 30, 36)')
        await shoot(page, `mail ${whose} ${colorScheme}`)
      })
    }
  }

  it("has the host's logo, colour and footer, in the HTML and where there is text only", async () => {
    const branding = { logoUrl: 'https://acme.dev/logo.png', color: '#0F766E', footer: 'Acme Ltd\n1 Main Street' }
    const { html, text } = await mailOf({ branding })
    expect(html).to.match(/<img src="https:\/\/acme\.dev\/logo\.png" alt="Acme"/)
    expect(html).to.include('background-color:#0F766E').and.include('Acme Ltd\n1 Main Street')
    expect(text).to.match(/\n-- \nAcme Ltd\n1 Main Street\n?$/)
  })

  it('writes on the colour what can be read on it', async () => {
    const button = async (color: string) =>
      /<a href="[^"]*" style="[^"]*color:(#\w+);/.exec((await mailOf({ branding: { color } })).html)?.[1]
    expect(await button('#facc15')).to.equal('#000000')
    expect(await button('#4338ca')).to.equal('#ffffff')
    expect(await button('#777777')).to.equal('#000000') // 4.69 : 1, and white 4.48 : 1
  })

  it("takes an app's fields before the install's", async () => {
    const { html } = await mailOf({
      branding: { color: '#0f766e', footer: 'Acme Ltd' },
      apps: { default: { branding: { color: '#be123c' } } },
    })
    expect(html).to.include('#be123c').and.include('Acme Ltd').and.not.include('#0f766e')
  })

  const wrong: readonly [string, unknown, string][] = [
    ['a colour by name', { color: 'red' }, '`branding.color` must be a colour written as #4338ca'],
    ['a colour that ends the style', { color: '#fff;x:y' }, '`branding.color` must be'],
    ['a logo that is no URL', { logoUrl: 'logo.png' }, '`branding.logoUrl` must be where a picture is'],
    ['a logo that runs', { logoUrl: 'javascript:alert(1)' }, '`branding.logoUrl` must be'],
    ['a logo in the mail itself', { logoUrl: LOGO }, '`branding.logoUrl` must be'],
    ['a footer without end', { footer: 'x'.repeat(501) }, '`branding.footer` must be a text of up to 500 characters'],
    ['an unknown field', { colour: '#ffffff' }, 'unknown option `colour`. Did you mean `color`?'],
  ]
  for (const [what, branding, why] of wrong) {
    it(`R-16 refuses ${what} at start`, async () => {
      expect(await refusedOptions({ branding: branding as Branding })).to.include(why)
    })
  }

  it("is the layout's, which templates of a host's own may use and replace", async () => {
    const html = '{{#> layout}}<tr><td>Hi {{email}} {{> button href=joinUrl label="In"}}</td></tr>{{/layout}}'
    const own = await mailOf({ templates: templateFolder({ 'email/invite.html.hbs': html }) })
    expect(own.html).to.match(/class="card"[\s\S]*Hi ada@example\.com[\s\S]*>In<\/a>/)
    const layout = '<div class="mine">{{> @partial-block}}</div>'
    const bare = await mailOf({ templates: templateFolder({ 'email/partials/layout.html.hbs': layout }) })
    expect(bare.html).to.match(/^<div class="mine"><tr>[\s\S]*Sign up[\s\S]*<\/div>/)
  })
})
