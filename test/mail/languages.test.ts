// The language of a mail: the folder of the invitee's locale, else the app's, else the templates of no locale.
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import { refusedOptions } from '../support/host.js'
import { mailOf, templateFolder } from '../support/mailing.js'

const germanMail = {
  'email/de/invite.subject.hbs': 'Einladung zu {{appName}}',
  'email/de/invite.html.hbs': '{{#> layout}}<p>Gilt bis {{expiresAt}}</p>{{/layout}}',
  'email/de/invite.text.hbs': 'Gilt bis {{expiresAt}} ({{expiresAtIso}}, {{locale}}, {{language}})',
}

describe('the language of the mail', () => {
  const templates = () => templateFolder(germanMail)

  it("is that of the invitee's locale, dates included", async () => {
    const mail = await mailOf({ templates: templates() }, { locale: 'de' })
    expect(mail.subject).to.equal('Einladung zu Acme')
    expect(mail.text).to.equal('Gilt bis 28. November 2026 um 09:00 UTC (2026-11-28T09:00:00.000Z, de, de)')
    expect(mail.html).to.include('<html lang="de">').and.include('Gilt bis 28. November 2026')
  })

  it('is the nearest to it, however it is written', async () => {
    for (const locale of ['de-CH', 'DE', 'de-Latn-AT'])
      expect((await mailOf({ templates: templates() }, { locale })).subject, locale).to.equal('Einladung zu Acme')
    expect((await mailOf({ templates: templates() }, { locale: 'den' })).subject).to.include('invites you')
  })

  it("is the app's, else that of no locale", async () => {
    expect((await mailOf({ templates: templates(), locale: 'de' })).subject).to.equal('Einladung zu Acme')
    expect((await mailOf({ templates: templates(), locale: 'de' }, { locale: 'fr' })).subject).to.include('Einladung')
    const mail = await mailOf({ templates: templates() }, { locale: 'fr' })
    expect(mail.text).to.include('valid until 28 November 2026 at 09:00 UTC')
    expect(mail.html).to.include('<html lang="en">')
  })

  it("is the app's where its templates of no locale are its own", async () => {
    const own = templateFolder({
      'email/invite.html.hbs': '<html lang="{{language}}">{{expiresAt}}',
      'email/invite.text.hbs': '{{locale}}',
    })
    const mail = await mailOf({ templates: own, locale: 'fr' }, { locale: 'it' })
    expect(mail.html).to.equal('<html lang="fr">28 novembre 2026 à 09:00 UTC')
    expect(mail.text).to.equal('it')
  })

  it("takes a region's files before its language's, and partials alone", async () => {
    const files = {
      ...germanMail,
      'email/de-CH/invite.subject.hbs': 'Grüezi',
      'email/de/partials/layout.html.hbs': '[{{> @partial-block}}]',
      'email/fr/partials/button.html.hbs': '<a href="{{href}}">Entrer</a>',
    }
    const swiss = await mailOf({ templates: templateFolder(files) }, { locale: 'de-CH' })
    expect([swiss.subject, swiss.html]).to.deep.equal(['Grüezi', '[<p>Gilt bis 28. November 2026 um 09:00 UTC</p>]'])
    const french = await mailOf({ templates: templateFolder(files) }, { locale: 'fr' })
    expect(french.html).to.include('>Entrer</a>').and.include('invites you to Acme')
  })

  it('prefers the language to the folder: a mail is in one', async () => {
    const own = templateFolder({ 'email/invite.text.hbs': 'English of the app' })
    const mail = await mailOf({ templates: templates(), apps: { default: { templates: own } } }, { locale: 'de' })
    expect(mail.text).to.include('Gilt bis')
  })

  it('is that of a folder behind a symbolic link, as volumes of Kubernetes are laid out', async () => {
    const real = templateFolder({
      '..2026/de/invite.html.hbs': 'Gilt',
      '..2026/de/invite.text.hbs': 'Gilt',
      '..2026/de/invite.subject.hbs': 'Gilt',
    })
    const folder = templateFolder({ 'email/..2026/x.hbs': '' })
    symlinkSync(join(real, '..2026/de'), join(folder, 'email/de'))
    symlinkSync('..2026', join(folder, 'email/..data'))
    expect((await mailOf({ templates: folder }, { locale: 'de' })).text).to.equal('Gilt')
  })

  const mailer = { sendMail: async () => undefined }
  it('R-16 is refused at start where a locale lacks a file, is none, or is written otherwise', async () => {
    const refused = (files: Record<string, string>) => refusedOptions({ mailer, templates: templateFolder(files) })
    const half = { 'email/de/invite.subject.hbs': 'x', 'email/de/invite.text.hbs': 'x' }
    expect(await refused(half)).to.equal(
      'The templates have a mail in de that lacks email/invite.html.hbs in that language.',
    )
    expect(await refused({ 'email/german/invite.text.hbs': '' })).to.include(
      'email/german: it must be named by a locale',
    )
    expect(await refused({ 'email/de-ch/invite.text.hbs': '' })).to.include(
      'email/de-ch: it must be named by a locale, written `de-CH`',
    )
    expect(await refused({ ...germanMail, 'email/de/invite.text.hbs': '{{nome}}' })).to.include(
      '/email/de/invite.text.hbs, line 1',
    )
    expect(await refusedOptions({ locale: 'german!' })).to.include('`locale` must be a language tag')
  })
})
