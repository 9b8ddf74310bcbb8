// The templates of the mail: which file counts, what values may do in them, and what is refused at start.
import { join } from 'node:path'
import { expect } from 'chai'
import Handlebars from 'handlebars'
import type { AppOptions } from '../../src/index.js'
import { sendInvite } from '../support/host.js'
import { tagsOf, textOf } from '../support/html.js'
import { mailOf, openMailing, templateFolder } from '../support/mailing.js'

describe('the templates', () => {
  it('are ours where a folder has none of that name', async () => {
    const templates = templateFolder({ 'email/invite.text.hbs': 'Dear {{email}}, use {{inviteCode}}. {{appName}}' })
    const [host, courier] = await openMailing({ templates })
    const { inviteCode } = await sendInvite(host, {
      email: 'ada@example.com',
      inviterEmail: 'grace@example.com',
    })
    await host.invites.deliver()
    expect(courier.last.text).to.equal(`Dear ada@example.com, use ${inviteCode}. Acme`)
    expect(courier.last.subject).to.equal('Grace Hopper invites you to Acme')
    expect(courier.last.html).to.include('<h1').and.include('Grace Hopper invites you to Acme')
  })

  it('are all ours with an empty folder', async () => {
    const own = await mailOf({})
    const empty = await mailOf({ templates: templateFolder({}) })
    expect(empty.subject).to.equal(own.subject)
    expect(tagsOf(empty.html)).to.deep.equal(tagsOf(own.html))
  })

  it('may use every value that is promised to them', async () => {
    const names = [
      'appName',
      'email',
      'inviteCode',
      'joinUrl',
      'inviterName',
      'inviterEmail',
      'role',
      'orgId',
      'message',
    ]
    const source = [...names, 'expiresAt', 'locale', 'metadata.plan.name']
      .map((name) => `${name}={{${name}}}`)
      .join('\n')
    const templates = templateFolder({ 'email/invite.text.hbs': source })
    const { text } = await mailOf(
      { templates },
      {
        role: 'nurse',
        orgId: 'ward 7',
        message: 'Hi',
        locale: 'en-GB',
        metadata: { plan: { name: 'Gold' } },
      },
    )
    const values = Object.fromEntries(text.split('\n').map((line) => line.split(/=(.*)/, 2)))
    expect(values).to.deep.include({
      appName: 'Acme',
      email: 'ada@example.com',
      inviterName: 'Grace Hopper',
      inviterEmail: 'grace@example.com',
      role: 'nurse',
      orgId: 'ward 7',
      message: 'Hi',
      expiresAt: '28 November 2026 at 09:00 UTC',
      locale: 'en-GB',
      'metadata.plan.name': 'Gold',
    })
    expect(values.inviteCode).to.match(/^(?:[0-9A-Z]{4}-){6}[0-9A-Z]{4}$/)
    expect(values.joinUrl).to.match(/^https:\/\/acme\.dev\/invites\/app\/default\/join\/[^.]+\.\S+$/)
  })

  it('may spread the subject over lines: it is sent as one', async () => {
    const templates = templateFolder({ 'email/invite.subject.hbs': '\n  {{inviterName}}\n  & {{appName}}\n\n' })
    expect((await mailOf({ templates })).subject).to.match(/^Grace Hopper\s+& Acme$/)
  })

  it("do not see helpers and partials of the host's own Handlebars", async () => {
    Handlebars.registerHelper('appName', () => 'hijacked')
    try {
      expect((await mailOf({})).subject).to.equal('Grace Hopper invites you to Acme')
    } finally {
      Handlebars.unregisterHelper('appName')
    }
  })

  it('differ by app, as do sender and name', async () => {
    const apps: Readonly<Record<string, AppOptions>> = {
      clinic: {
        appName: 'St. Mary',
        from: 'St. Mary <clinic@acme.dev>',
        templates: templateFolder({ 'email/invite.text.hbs': 'The clinic {{appName}} for {{email}}: {{joinUrl}}' }),
      },
      school: { appName: 'Hillside' },
    }
    const [host, courier] = await openMailing({ apps, appName: 'Acme' })
    await sendInvite(host, { email: 'ada@example.com' }, 'clinic')
    await host.invites.deliver()
    expect(courier.last).to.include({
      from: 'St. Mary <clinic@acme.dev>',
      subject: 'You are invited to St. Mary',
    })
    expect(courier.last.text).to.match(/^The clinic St\. Mary for ada@example\.com: \S+\/app\/clinic\/join\/\S+$/)

    await sendInvite(host, { email: 'ada@example.com' }, 'school')
    await host.invites.deliver()
    expect(courier.taken).to.have.length(2)
    expect(courier.last).to.include({ from: 'Acme <hello@acme.dev>', subject: 'You are invited to Hillside' })
    expect(courier.last.text).to.include('/app/school/join/').and.not.include('clinic')
  })

  describe('R-16 are refused at start, by file name,', () => {
    const broken: Readonly<Record<string, string>> = {
      'an expression left open': 'Hello {{appName',
      'a block left open': '{{#if appName}}Hello',
      'a block closed by another': '{{#if appName}}Hello{{/unless}}',
      'a partial that is not there': 'Hello {{> footer}}',
      'a helper that is not there': 'Hello {{shout appName}}',
      'a block helper that is not there': '{{#shout appName}}Hello{{/shout}}',
    }
    for (const [what, source] of Object.entries(broken)) {
      it(`with ${what}`, async () => {
        for (const name of ['email/invite.subject.hbs', 'email/invite.text.hbs', 'email/invite.html.hbs']) {
          const templates = templateFolder({ [name]: source })
          const error = await openMailing({ templates }).catch((thrown) => thrown)
          expect(error, name).to.be.instanceOf(TypeError)
          expect(error.message).to.include(join(templates, name))
        }
      })
    }

    it('in the folder of one app among several', async () => {
      const templates = templateFolder({ 'email/invite.html.hbs': '{{#each' })
      const error = await openMailing({ apps: { clinic: { templates }, school: {} } }).catch((thrown) => thrown)
      expect(error).to.be.instanceOf(TypeError)
      expect(error.message).to.include(join(templates, 'email/invite.html.hbs'))
    })

    it('as is a folder that does not exist', async () => {
      const error = await openMailing({ templates: '/nowhere/at/all' }).catch((thrown) => thrown)
      expect(error).to.be.instanceOf(TypeError)
      expect(error.message).to.include('templates').and.include('/nowhere/at/all')
    })
  })

  it('R-32 are refused at start with raw output in HTML, where a value could bring its own markup', async () => {
    for (const raw of ['{{{message}}}', '{{&message}}', '{{~{message}~}}']) {
      const templates = templateFolder({ 'email/invite.html.hbs': `<p>${raw}</p>` })
      const error = await openMailing({ templates }).catch((thrown) => thrown)
      expect(error, raw).to.be.instanceOf(TypeError)
      expect(error.message).to.include(join(templates, 'email/invite.html.hbs'))
    }
  })

  describe('R-32 keep a value inert:', () => {
    const values = [
      '</b><a href=//evil>',
      '"><img src=x onerror=alert(1)>',
      "' onmouseover='alert(1)",
      '<script>alert(1)</script>',
      '<!-- <style>',
      '{{7*7}}',
      '{{{inviteCode}}}',
      '{{#each this}}{{@key}}{{/each}}',
      '{{> footer}}',
      'javascript:alert(1)',
      '&lt;b&gt; & "Bob" `o\'neil`=',
    ]
    for (const value of values) {
      it(value, async () => {
        const mailing = { name: value, appName: value, branding: { footer: value } }
        const mail = await mailOf(mailing, { message: value, orgId: value, metadata: { note: value } })
        const plain = await mailOf(
          { name: 'plain', appName: 'plain', branding: { footer: 'plain' } },
          { message: 'plain' },
        )

        expect(mail.subject).to.equal(`${value} invites you to ${value}`)
        expect(mail.text).to.include(`${value} (grace@example.com) invites you to ${value}.`)
        expect(mail.text).to.include(`"${value}"`).and.include(`-- \n${value}`)

        expect(tagsOf(mail.html)).to.deep.equal(tagsOf(plain.html))
        expect(textOf(mail.html)).to.include(`${value} invites you to ${value}`)
        const links = [...mail.html.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, link]) => link)
        expect(links).to.have.length(3)
        expect(links[2]).to.match(/^https:\/\/acme\.dev\/invites\/app\/default\/no-more\/[\w.-]+$/)
        expect(links[1]).to.equal('https://acme.dev/signup')
        expect(links[0]).to.match(/^https:\/\/acme\.dev\/invites\/app\/default\/join\//)
      })

      it(`${value} in every value of a host's template`, async () => {
        const source = '<p title="{{message}}">{{inviterName}} {{orgId}} {{role}} {{metadata.note}} {{appName}}</p>'
        const templates = templateFolder({ 'email/invite.html.hbs': source })
        const mailing = { name: value, appName: value, templates, roles: [value] }
        const { html } = await mailOf(mailing, { message: value, orgId: value, role: value, metadata: { note: value } })
        expect(tagsOf(html)).to.deep.equal(['<p title="">', '</p>'])
        expect(textOf(html).trim()).to.equal(Array(5).fill(value).join(' '))
      })
    }

    it('an address with all that an address may hold', async () => {
      const email = "{{7*7}}&'x=`y`@example.com"
      const { html, text, to } = await mailOf({}, { email })
      expect(to).to.equal(email)
      expect(text).to.include(`Sign up with this address: ${email}`)
      expect(textOf(html)).to.include(email)
    })

    it('a right-to-left override turns round nothing but itself', async () => {
      const name = 'Ada \u202Egnp.exe'
      const { subject, text, html } = await mailOf({ name, appName: 'Acme' }, { message: name })
      // Gone, or closed in: by isolates in plain text, by an element of its own direction in HTML.
      const outside = (part: string) => part.replace(/<bdi>.*?<\/bdi>|\u2068[^\u2069]*\u2069/gs, '')
      const turned = Object.entries({ subject, text, html }).filter(([, part]) => /[\u202A-\u202E]/.test(outside(part)))
      expect(turned.map(([part]) => part)).to.deep.equal([])
    })

    it('what every object has by birth is out of reach', async () => {
      const source =
        '[{{metadata.constructor}}{{metadata.__proto__}}{{metadata.toString}}{{lookup this "constructor"}}]'
      const templates = templateFolder({ 'email/invite.text.hbs': source })
      expect((await mailOf({ templates }, { metadata: { a: 1 } })).text).to.equal('[]')
    })
  })
})
