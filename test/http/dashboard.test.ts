// The dashboard as a browser without script sees it: pages, forms, who may, and what other sites may not.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect } from 'chai'
import express from 'express'
import request from 'supertest'
import { sqliteStore } from '../../adapters/sqlite.js'
import { type AppOptions, type InviteDashboardOptions, inviteDashboard } from '../../src/index.js'
import { temporaryFolder } from '../support/cleanup.js'
import { actionOf, actionsOf, linkOf, MOUNT, noticeOf, openDesk, rowsOf, visitor } from '../support/desk.js'
import { authorize, DAY, type Host, MINUTE, openHost, sendInvite } from '../support/host.js'
import { tagsOf, textOf } from '../support/html.js'

const addressesIn = async (host: Host, appId?: string) =>
  (await host.invites.list({ status: ['pending', 'expired'] }, { appId })).items.map(({ email }) => email)

describe('inviteDashboard', () => {
  describe('R-35 mounts', () => {
    it('only with `authorize`', async () => {
      const { invites } = await openHost()
      const attempt = (options?: object) => () => inviteDashboard(invites, options as InviteDashboardOptions)
      expect(attempt()).to.throw(TypeError)
      expect(attempt({})).to.throw(TypeError, /inviteDashboard needs `authorize`/)
      expect(attempt({ authorize: true })).to.throw(TypeError, /inviteDashboard needs `authorize`/)
      expect(attempt({ authorise: authorize })).to.throw(TypeError, 'Did you mean `authorize`?')
      expect(() => inviteDashboard({} as never, { authorize })).to.throw(TypeError, 'createInvites()')
    })

    it('only with templates that compile', async () => {
      const templates = temporaryFolder()
      mkdirSync(join(templates, 'dashboard'))
      const file = join(templates, 'dashboard/invites.html.hbs')
      writeFileSync(file, '{{#if}')
      const error = await openHost({ invites: { templates } }).catch((thrown) => thrown)
      expect(error).to.be.instanceOf(TypeError).with.property('message').that.includes(file)
    })

    it('anywhere, with or without a slash at the end', async () => {
      const { host } = await openDesk()
      const app = express().use('/deep/er', inviteDashboard(host.invites, { authorize }))
      for (const path of ['/deep/er', '/deep/er/']) {
        const { text } = await request(app).get(path).set('X-Who', 'Bearer supervisor').expect(200)
        expect(actionOf(text, /\/send/)).to.equal('/deep/er/send')
        await request(app)
          .get(/href="([^"]*\.css)"/.exec(text)?.[1] ?? '')
          .expect(200)
          .expect('Content-Type', /^text\/css/)
      }
    })
  })

  describe('asks who is there, and', () => {
    it('answers 401 with a page where nobody is', async () => {
      const { host } = await openDesk()
      await sendInvite(host, { email: 'ada@example.com' })
      const nobody = visitor(host, '')
      for (const res of [await nobody.page(), await nobody.post('/send', { email: 'eve@example.com' })]) {
        expect(res.status).to.equal(401)
        expect(res.type).to.equal('text/html')
        expect(textOf(res.text)).to.include('Sign in first.').and.not.include('ada@')
        expect(res.get('Content-Security-Policy')).to.include("default-src 'none'")
      }
      expect(await addressesIn(host)).to.deep.equal(['ada@example.com'])
    })

    it('answers 403 with a page where the access is too low', async () => {
      const { host } = await openDesk()
      const mia = visitor(host, 'member:mia')
      const refused: [request.Response, number, string][] = [
        [await mia.post('/send', { email: 'eve@example.com' }), 403, 'You have no invites to send.'],
        [await mia.post('/mode', { mode: 'open' }), 403, 'This is not allowed with the access you have.'],
      ]
      for (const [res, status, why] of refused) {
        expect(res.status).to.equal(status)
        expect(res.type).to.equal('text/html')
        expect(textOf(res.text)).to.include(why)
        expect(res.get('Content-Security-Policy')).to.include("default-src 'none'")
      }
      expect(await addressesIn(host)).to.deep.equal([])
      expect((await host.invites.settings()).mode).to.equal('invite-only')
    })

    it("hands what `authorize` throws or a wrong actor to the host's error handler", async () => {
      const { host } = await openDesk()
      const failure = new Error('the session store is down')
      const errors: unknown[] = []
      const open = (wrong: InviteDashboardOptions['authorize']) =>
        express()
          .use('/', inviteDashboard(host.invites, { authorize: wrong }))
          .use(((error, _req, res, _next) => {
            errors.push(error)
            res.status(500).end()
          }) as express.ErrorRequestHandler)
      await request(open(() => Promise.reject(failure)))
        .get('/')
        .expect(500)
      await request(open(() => ({ id: true, access: 'supervisor' }) as never))
        .get('/')
        .expect(500)
      expect(errors[0]).to.equal(failure)
      expect(errors[1]).to.be.instanceOf(TypeError)
    })

    it('says which app and which action it is about', async () => {
      const { host } = await openDesk({ apps: { clinic: {}, school: {} } })
      const asked: string[] = []
      const app = express().use(
        MOUNT,
        inviteDashboard(host.invites, {
          authorize(req, { appId, action }) {
            asked.push(`${appId} ${action}`)
            return authorize(req)
          },
        }),
      )
      const { page, post } = visitor({ app })
      const { inviteId } = await sendInvite(host, { email: 'ada@example.com' }, 'school')
      await page('/?appId=school')
      await post('/send?appId=school', { email: 'bob@example.com' })
      await post(`/invites/${inviteId}/resend?appId=school`)
      await post(`/invites/${inviteId}/delete?appId=school`)
      await post('/mode?appId=school', { mode: 'open' })
      await page('/dashboard.css')
      expect(asked).to.deep.equal([
        'school invite.list',
        'clinic invite.list', // whether to offer it
        'school invite.create',
        'school invite.resend',
        'school invite.revoke',
        'school settings.write',
      ])
    })

    it('answers 503 with a page, and without the reason, where the store is down', async () => {
      const { host } = await openDesk()
      await host.store.close()
      const res = await visitor(host).page()
      expect(res.status).to.equal(503)
      expect(res.type).to.equal('text/html')
      expect(res.text).not.to.match(/closed|app\.db/)
    })
  })

  it('R-35 runs nothing: a strict policy, and no script, style or handler in any page', async () => {
    const { host, post } = await openDesk({ apps: { clinic: {}, school: {} } })
    await sendInvite(host, { email: 'ada@example.com', inviterEmail: 'mia@example.com' }, 'clinic')
    await sendInvite(host, { role: 'nurse', maxUses: 3 }, 'clinic')
    post.refusal = new Error('no such host')
    await host.invites.deliver()
    const { page, post: submit } = visitor(host)
    const answers = [
      await page(),
      await page('/?done=sent'),
      await page('/?cursor=nonsense'),
      await submit('/send', { email: 'no address' }),
      await submit('/mode', { mode: 'nonsense' }),
      await visitor(host, '').page(),
    ]
    for (const res of answers) {
      const policy = new Map(
        (res.get('Content-Security-Policy') ?? '').split(';').map((directive) => {
          const [name = '', ...sources] = directive.trim().split(/\s+/)
          return [name, sources.join(' ')]
        }),
      )
      expect(Object.fromEntries(policy)).to.deep.equal({
        'default-src': "'none'",
        'style-src': "'self'",
        'form-action': "'self'",
        'base-uri': "'none'",
        'frame-ancestors': "'none'",
      })
      expect(res.headers).to.include({
        'x-frame-options': 'DENY',
        'x-content-type-options': 'nosniff',
        'cache-control': 'no-store',
        'x-robots-tag': 'noindex',
      })
      expect(res.text).not.to.match(/<script|<style|<iframe|<base|\sstyle=|\son\w+=|javascript:/i)
    }
  })

  describe('R-35 refuses what another site posts:', () => {
    const foreign: Readonly<Record<string, Readonly<Record<string, string>>>> = {
      'Sec-Fetch-Site: cross-site': { 'Sec-Fetch-Site': 'cross-site' },
      'Sec-Fetch-Site: same-site': { 'Sec-Fetch-Site': 'same-site' },
      'Origin: https://evil.example': { Origin: 'https://evil.example' },
      'Origin: null': { Origin: 'null' },
      'Origin: http://acme.dev': { Origin: 'http://acme.dev' },
      'Origin: https://acme.dev.evil.example': { Origin: 'https://acme.dev.evil.example' },
      'our own Origin, but cross-site': { Origin: 'https://acme.dev', 'Sec-Fetch-Site': 'cross-site' },
      'a cookie and no origin': { Cookie: 'session=1' },
      'our Host, forged': { Origin: 'https://evil.example', Host: 'evil.example' },
    }
    for (const [name, headers] of Object.entries(foreign)) {
      it(name, async () => {
        const { host } = await openDesk()
        const { inviteId } = await sendInvite(host, { email: 'ada@example.com' })
        host.clock.advance(MINUTE)
        const before = await host.invites.retrieve(inviteId)
        const { post } = visitor(host)
        const posts = [
          post('/send', { email: 'eve@example.com' }),
          post(`/invites/${inviteId}/resend`),
          post(`/invites/${inviteId}/delete`),
          post('/mode', { mode: 'open' }),
        ]
        for (const each of posts) {
          const res = await each.set(headers)
          expect(res.status).to.equal(403)
          expect(res.type).to.equal('text/html')
          expect(textOf(res.text)).to.include('Forms are only taken from https://acme.dev')
        }
        expect(await addressesIn(host)).to.deep.equal(['ada@example.com'])
        expect(await host.invites.retrieve(inviteId)).to.deep.equal(before)
        expect((await host.invites.settings()).mode).to.equal('invite-only')
      })
    }

    it('and takes what its own page posts, in browsers new and old', async () => {
      const own: readonly Readonly<Record<string, string>>[] = [
        { 'Sec-Fetch-Site': 'same-origin', Origin: 'https://acme.dev', Cookie: 'session=1' },
        { Origin: 'https://acme.dev', Cookie: 'session=1' },
        { 'Sec-Fetch-Site': 'none' },
        {},
      ]
      const { host } = await openDesk()
      for (const [index, headers] of own.entries()) {
        await visitor(host)
          .post('/send', { email: `person${index}@example.com` })
          .set(headers)
          .expect(303)
      }
      expect(await addressesIn(host)).to.have.length(own.length)
    })
  })

  describe('sends', () => {
    it('an invite, and says so once it is made', async () => {
      const { host } = await openDesk()
      const { page, submit, post } = visitor(host)
      const form = actionOf((await page().expect(200)).text, /\/send/)
      const posted = await post(form, { email: ' Ada@Example.com ' })
      expect(posted.status).to.equal(303)
      expect(posted.get('Location')).to.match(/^\/admin\/invites\/\?/)
      const shown = await page(posted.get('Location'))
      expect(noticeOf(shown.text)).to.include('The invite to Ada@Example.com was made')
      expect(rowsOf(shown.text)).to.have.length(1)
      expect(rowsOf(shown.text)[0]).to.include('Ada@Example.com').and.include('by Bo Boss')
      expect(shown.text).to.match(/class="notice" role="status"/)

      const { items } = await host.invites.list()
      expect(items[0]).to.deep.include({ email: 'Ada@Example.com' })
      expect(items[0]?.inviter).to.deep.equal({ id: 'boss', email: 'boss@example.com', name: 'Bo Boss' })
      await submit(form, { email: 'bob@example.com' })
      expect(await addressesIn(host)).to.have.length(2)
    })

    it('with a role, of those that there are and the viewer may grant', async () => {
      const { host } = await openDesk({ roles: ['admin', 'nurse'] })
      const { page, submit, post } = visitor(host)
      expect((await page()).text).to.match(
        /<select id="role" name="role">[\s\S]*<option>admin<\/option>\s*<option>nurse</,
      )
      await submit('/send', { email: 'ada@example.com', role: 'nurse' })
      await submit('/send', { email: 'bob@example.com', role: '' })
      const { items } = await host.invites.list()
      expect(items.map(({ email, role }) => [email, role])).to.have.deep.members([
        ['ada@example.com', 'nurse'],
        ['bob@example.com', null],
      ])
      const again = await post('/send', { email: 'nobody', role: 'nurse' })
      expect(again.text).to.include('<option selected>nurse</option>')
      const forged = await post('/send', { email: 'eve@example.com', role: 'owner' })
      expect(forged.status).to.equal(400)
      expect(textOf(forged.text)).to.include('must be one of admin, nurse')
      expect(await addressesIn(host)).to.have.members(['ada@example.com', 'bob@example.com'])
      expect((await visitor((await openDesk()).host).page()).text).not.to.include('id="role"')
    })

    it('and says that its mail is on the way', async () => {
      const { host } = await openDesk()
      const { text } = await visitor(host).submit('/send', { email: 'ada@example.com' })
      expect(noticeOf(text)).to.match(/^The invite to ada@example\.com was made and its mail is on the way\s?\.$/)
    })

    it('without a mailer: shows the link to pass on, and promises no mail', async () => {
      const { host } = await openDesk({ mailer: undefined })
      const { text } = await visitor(host).submit('/send', { email: 'ada@example.com' })
      const joinUrl = (await host.invites.list()).items[0]?.joinUrl ?? 'none'
      expect(noticeOf(text)).to.include('No mail is sent here').and.include(joinUrl).and.not.include('on the way')
      expect(rowsOf(text)[0]).to.include('Not mailed').and.include(joinUrl)
    })

    for (const typed of ['', 'not an address', 'ada@example.com, eve@example.com', '"><b>x</b>', 'a'.repeat(300)]) {
      it(`nothing for ${JSON.stringify(typed.slice(0, 40))}, keeps what was typed and says why`, async () => {
        const { host } = await openDesk()
        const res = await visitor(host).post('/send', { email: typed })
        expect(res.status).to.equal(400)
        expect(res.type).to.equal('text/html')
        const input = /<input id="email"[^>]*>/.exec(res.text)?.[0] ?? ''
        expect(input).to.include('aria-invalid="true"').and.include('aria-describedby="send-error"')
        const value = /value="([^"]*)"/.exec(input)?.[1] ?? ''
        expect(textOf(value)).to.equal(typed)
        const why = textOf(/<p class="error" id="send-error" role="alert">[^<]*<\/p>/.exec(res.text)?.[0] ?? '')
        expect(why).to.include(typed === '' ? 'Type the e-mail address' : 'is not an e-mail address')
        expect(await addressesIn(host)).to.deep.equal([])
        expect(actionOf(res.text, /\/send/)).to.equal(`${MOUNT}/send`)
      })
    }

    it('a link to share, for so many people or for any number', async () => {
      const { host } = await openDesk({ mailer: undefined })
      const { page, submit, post } = visitor(host)
      const { text } = await submit('/link', { uses: '12' })
      expect(textOf(text)).to.match(
        /The link was made\. Pass it on: https:\/\/acme\.dev\/invites\/app\/default\/join\/\w+/,
      )
      expect(textOf(text)).to.include('0 of 12 used')
      await submit('/link', { uses: '' })
      expect(textOf((await page()).text)).to.include('0 of unlimited used')
      for (const uses of ['0', '-1', '1.5', 'many', '1e99']) {
        const refused = await post('/link', { uses })
        expect(refused.status, uses).to.equal(400)
        expect(refused.text).to.include('Type a whole number, 1 or more, or nothing for any number.')
        expect(refused.text).to.include(`value="${uses}" aria-invalid`)
      }
      expect((await host.invites.list()).items).to.have.length(2)
    })

    it('R-29 for a member as many links as the quota pays for, and says why not more', async () => {
      const { host } = await openDesk({ quota: 5 })
      const { page, submit, post } = visitor(host, 'member:mia')
      expect(textOf((await page()).text)).to.include('You have 5 invites left.')
      const unlimited = await post('/link', { uses: '' })
      expect([unlimited.status, textOf(unlimited.text).includes('Say how many')]).to.deep.equal([400, true])
      const tooMany = await post('/link', { uses: '6' })
      expect(tooMany.status).to.equal(429)
      expect(textOf(tooMany.text)).to.include('You have 5 invites left, and this one counts as 6.')
      await submit('/link', { uses: '4' })
      expect(textOf((await page()).text)).to.include('You have 1 invite left.')
    })

    it('nothing for a form without the field, with two of it or of another kind', async () => {
      const { host } = await openDesk()
      const { post } = visitor(host)
      const answers = [
        await post('/send'),
        await post('/send').send('email=ada@example.com&email=eve@example.com'),
        await post('/send').type('text/plain').send('email=ada@example.com'),
        await post('/send').send(`email=${'a'.repeat(70_000)}`),
      ]
      expect(answers.map(({ status }) => status)).to.deep.equal([400, 400, 400, 413])
      for (const { type } of answers) expect(type).to.equal('text/html')
      expect(await addressesIn(host)).to.deep.equal([])
    })

    it('nothing where the address has an invite already: 409, with what was typed', async () => {
      const { host } = await openDesk()
      await sendInvite(host, { email: 'Ada@example.com' })
      const res = await visitor(host).post('/send', { email: 'ada@EXAMPLE.com' })
      expect(res.status).to.equal(409)
      expect(res.text).to.include('value="ada@EXAMPLE.com"')
      expect(textOf(res.text)).to.include('This address already has an outstanding invite')
      expect(rowsOf(res.text)).to.have.length(1)
      expect(await addressesIn(host)).to.deep.equal(['Ada@example.com'])
    })
  })

  describe('lists', () => {
    it('nothing yet, and says what to do', async () => {
      const { host } = await openDesk()
      const { text } = await visitor(host).page().expect(200)
      expect(rowsOf(text)).to.deep.equal([])
      expect(textOf(text)).to.include('Type an address above to send the first invite.')
      expect(linkOf(text, 'Older')).to.equal(undefined)
      const member = await visitor(host, 'member:mia').page().expect(200)
      expect(textOf(member.text)).not.to.include('Type an address above')
    })

    it('each outstanding invite with its facts and where its mail has got to', async () => {
      const { host, post } = await openDesk()
      const { page } = visitor(host)
      const { joinUrl } = await sendInvite(host, {
        email: 'ada@example.com',
        inviterEmail: 'mia@example.com',
      })
      const row = async () => rowsOf((await page()).text)[0]
      expect(await row())
        .to.include('ada@example.com')
        .and.include('Pending')
        .and.include('Waiting to be mailed')
      expect(await row()).to.include('Made 21 Nov 2026, 09:00 UTC by M. mia')
      expect(await row()).to.include('Valid until 28 Nov 2026, 09:00 UTC')
      expect(await row()).to.include(joinUrl)

      post.refusal = new Error('mx.example.com is asleep')
      await host.invites.deliver()
      expect(await row())
        .to.include('Mailing failed, will be tried again')
        .and.include('mx.example.com is asleep')

      post.refusal = Object.assign(new Error('550 No such user'), { code: 'EENVELOPE', responseCode: 550 })
      host.clock.advance(MINUTE)
      await host.invites.deliver()
      expect(await row())
        .to.include('Could not be mailed')
        .and.include('550 No such user')

      post.refusal = undefined
      await host.invites.resend((await host.invites.list()).items[0]?.inviteId ?? '')
      await host.invites.deliver()
      expect(await row())
        .to.include('Mailed')
        .and.not.include('550')
    })

    it('roles, uses and links that never expire', async () => {
      const { host } = await openDesk()
      await sendInvite(host, { role: 'nurse', maxUses: 3, expiresInMs: null })
      const [row] = rowsOf((await visitor(host).page()).text)
      expect(row).to.include('Shareable link').and.include('Role: nurse').and.include('0 of 3 used')
      expect(row).to.include('Never expires').and.not.include('Send again')
    })

    it('neither used nor revoked ones', async () => {
      const { host } = await openDesk()
      const used = await sendInvite(host, { email: 'used@example.com' })
      await host.signup({ inviteCode: used.inviteCode, email: 'used@example.com' }).expect(201)
      const revoked = await sendInvite(host, { email: 'revoked@example.com' })
      await host.invites.revoke(revoked.inviteId)
      expect(rowsOf((await visitor(host).page()).text)).to.deep.equal([])
    })

    it('expired ones, which Send again revives', async () => {
      const { host } = await openDesk()
      const { inviteId, inviteCode } = await sendInvite(host, { email: 'ada@example.com' })
      host.clock.advance(8 * DAY)
      const { page, submit } = visitor(host)
      const shown = await page()
      expect(rowsOf(shown.text)[0]).to.include('Expired').and.include('Send again').and.not.include('Pending')
      const revived = await submit(actionOf(shown.text, /resend/))
      expect(noticeOf(revived.text)).to.match(
        /^The invite to ada@example\.com has its full term again and is mailed again\.$/,
      )
      expect(rowsOf(revived.text)[0]).to.include('Pending').and.include('Valid until 6 Dec 2026')
      const invite = await host.invites.retrieve(inviteId)
      expect(invite).to.deep.include({ status: 'pending', inviteCode })
      expect(await host.invites.deliver()).to.equal(1)
      await host.signup({ inviteCode, email: 'ada@example.com' }).expect(201)
    })

    it('25 on a page; Older and Newest go on and back', async () => {
      const { host } = await openDesk()
      const emails = Array.from({ length: 53 }, (_, index) => `person${index}@example.com`)
      for (const email of emails) {
        await sendInvite(host, { email })
        if (Number(email.match(/\d+/)) % 3 === 0) host.clock.advance(1) // several share a moment
      }
      const { page } = visitor(host)
      const seen: string[] = []
      let res = await page().expect(200)
      expect(linkOf(res.text, 'Newest')).to.equal(undefined)
      const sizes: number[] = []
      for (let pages = 0; pages < 10; pages++) {
        const rows = rowsOf(res.text)
        sizes.push(rows.length)
        seen.push(...rows.map((row) => /person\d+@example\.com/.exec(row)?.[0] ?? ''))
        const older = linkOf(res.text, 'Older')
        if (older === undefined) break
        res = await page(older).expect(200)
      }
      expect(sizes).to.deep.equal([25, 25, 3])
      expect(new Set(seen)).to.deep.equal(new Set(emails))
      expect(seen[0]).to.equal('person52@example.com')
      expect(rowsOf((await page(linkOf(res.text, 'Newest'))).text)[0]).to.include('person52@')
    })

    it('a page that has run empty, and says so; a cursor that is none is refused', async () => {
      const { host } = await openDesk()
      for (let index = 0; index < 26; index++) {
        await sendInvite(host, { email: `person${index}@example.com` })
        host.clock.advance(1)
      }
      const { page } = visitor(host)
      const older = linkOf((await page()).text, 'Older')
      const last = (await host.invites.list({ limit: 100 })).items.at(-1)
      await host.invites.revoke(last?.inviteId ?? '')
      const empty = await page(older).expect(200)
      expect(textOf(empty.text)).to.include('There are no more invites.')
      expect(linkOf(empty.text, 'Newest')).to.equal(`${MOUNT}/`)
      expect((await page('/?cursor=nonsense')).status).to.equal(400)
    })
  })

  describe('sends again', () => {
    it('what is outstanding, with a new term', async () => {
      const { host } = await openDesk()
      const { inviteId, inviteCode } = await sendInvite(host, { email: 'ada@example.com' })
      await host.invites.deliver()
      host.clock.advance(DAY)
      const { page, submit } = visitor(host)
      const { text } = await submit(actionOf((await page()).text, /resend/))
      expect(rowsOf(text)[0]).to.include('Waiting to be mailed').and.include('29 Nov 2026')
      const invite = await host.invites.retrieve(inviteId)
      expect(invite).to.include({ inviteCode, expiresAt: '2026-11-29T09:00:00.000Z' })
    })

    it('nothing that was used or deleted meanwhile, and says so', async () => {
      const { host } = await openDesk()
      const { page, post } = visitor(host)
      const used = await sendInvite(host, { email: 'ada@example.com' })
      const form = actionOf((await page()).text, /resend/)
      await host.signup({ inviteCode: used.inviteCode, email: 'ada@example.com' }).expect(201)
      const res = await post(form)
      expect(res.status).to.equal(409)
      expect(textOf(res.text)).to.match(/used or revoked/)
      expect((await post('/invites/nonesuch/resend')).status).to.equal(404)
    })
  })

  describe('deletes', () => {
    it('an invite, whose code then no longer works', async () => {
      const { host } = await openDesk()
      const { inviteCode } = await sendInvite(host, { email: 'ada@example.com' })
      await sendInvite(host, { email: 'bob@example.com' })
      const { page, submit } = visitor(host)
      const shown = await page()
      const form = shown.text.split('<form ').find((each) => each.includes('Delete the invite for <strong>ada@'))
      const { text } = await submit(actionOf(`<form ${form}`, /delete/))
      expect(noticeOf(text)).to.equal('The invite was deleted. Its code no longer works.')
      expect(rowsOf(text)).to.have.length(1)
      expect(rowsOf(text)[0]).to.include('bob@example.com')
      expect((await host.signup({ inviteCode, email: 'ada@example.com' })).body.code).to.equal('invite_invalid')
    })

    it('nothing that was used meanwhile, and says so', async () => {
      const { host } = await openDesk()
      const { inviteCode } = await sendInvite(host, { email: 'ada@example.com' })
      const { page, post } = visitor(host)
      const form = actionOf((await page()).text, /delete/)
      await host.signup({ inviteCode, email: 'ada@example.com' }).expect(201)
      const res = await post(form)
      expect(res.status).to.equal(404)
      expect(textOf(res.text)).to.include('no longer outstanding').and.not.include('was deleted.')
      expect(textOf(res.text)).to.include('used or deleted meanwhile')
    })

    it('nothing that is used at that very moment, and says so', async () => {
      const store = sqliteStore(join(temporaryFolder(), 'app.db'))
      let meanwhile = async () => undefined as unknown
      const { host } = await openDesk({
        store: {
          ...store,
          async revokeInvite(request) {
            await meanwhile()
            return await store.revokeInvite(request)
          },
        },
      })
      const { inviteCode } = await sendInvite(host, { email: 'ada@example.com' })
      meanwhile = () => host.signup({ inviteCode, email: 'ada@example.com' }).expect(201)
      const { page, post } = visitor(host)
      const res = await post(actionOf((await page()).text, /delete/))
      expect(host.accounts).to.have.length(1)
      expect(res.status).to.equal(404)
      expect(textOf(res.text)).to.include('no longer outstanding')
    })

    it('nothing twice', async () => {
      const { host } = await openDesk()
      await sendInvite(host, { email: 'ada@example.com' })
      const { page, post, submit } = visitor(host)
      const form = actionOf((await page()).text, /delete/)
      await submit(form)
      const res = await post(form)
      expect(res.status).to.equal(404)
      expect(textOf(res.text)).to.include('no longer outstanding')
    })

    it('nothing by GET', async () => {
      const { host } = await openDesk()
      await sendInvite(host, { email: 'ada@example.com' })
      const { page } = visitor(host)
      const { text } = await page()
      for (const action of actionsOf(text)) expect((await page(action)).status).to.equal(404)
      expect(await addressesIn(host)).to.deep.equal(['ada@example.com'])
    })
  })

  describe('switches the mode', () => {
    it('at once, and shows the one in force', async () => {
      const { host } = await openDesk()
      const { page, submit } = visitor(host)
      const checked = (html: string) =>
        [...html.matchAll(/name="mode" value="([^"]*)" checked/g)].map(([, mode]) => mode)
      const first = await page()
      expect(checked(first.text)).to.deep.equal(['invite-only'])
      for (const mode of ['closed', 'open', 'waitlist', 'invite-only']) {
        const { text } = await submit(actionOf(first.text, /mode/), { mode })
        expect(noticeOf(text)).to.include('The mode was switched')
        expect(checked(text)).to.deep.equal([mode])
        expect((await host.invites.settings()).mode).to.equal(mode)
      }
    })

    it('to no mode that there is not', async () => {
      const { host } = await openDesk()
      for (const fields of [{}, { mode: '' }, { mode: 'shut' }, { mode: '<b>' }]) {
        const res = await visitor(host).post('/mode', fields)
        expect(res.status).to.equal(400)
        expect(textOf(res.text)).to.include('open, invite-only, waitlist, closed')
      }
      expect((await host.invites.settings()).mode).to.equal('invite-only')
    })
  })

  it('says nothing that the link alone asks it to: no address of an invite out of sight', async () => {
    const { host } = await openDesk({ apps: { clinic: {}, school: {} } })
    const other = await sendInvite(host, { email: 'secret@example.com' }, 'school')
    const members = await sendInvite(host, { email: 'private@example.com', inviterEmail: 'max@example.com' }, 'clinic')
    const foreign = await visitor(host).page(`/?appId=clinic&done=sent&invite=${other.inviteId}`).expect(200)
    expect(foreign.text).not.to.include('secret@')
    const member = await visitor(host, 'member:mia')
      .page(`/?appId=clinic&done=resent&invite=${members.inviteId}`)
      .expect(200)
    expect(member.text).not.to.include('private@')
    const odd = await visitor(host).page('/?done=constructor&done=sent&invite=a&invite=b').expect(200)
    expect(noticeOf(odd.text)).to.equal('')
  })

  describe('shows a member', () => {
    it('its own invites only, and neither the form to send nor the mode', async () => {
      const { host } = await openDesk()
      await sendInvite(host, { email: 'of-mia@example.com', inviterEmail: 'mia@example.com' })
      await sendInvite(host, { email: 'of-max@example.com', inviterEmail: 'max@example.com' })
      await sendInvite(host, { email: 'of-nobody@example.com' })
      const { text } = await visitor(host, 'member:mia').page().expect(200)
      expect(rowsOf(text)).to.have.length(1)
      expect(rowsOf(text)[0]).to.include('of-mia@example.com')
      expect(text).not.to.match(/of-max|of-nobody/)
      expect(actionsOf(text, /\/send$|mode/)).to.deep.equal([])
      expect(text).not.to.include('name="email"').and.not.include('name="mode"')
      expect(rowsOf((await visitor(host).page()).text)).to.have.length(3)
    })

    it("and lets it act on its own, not on another's", async () => {
      const { host } = await openDesk()
      await sendInvite(host, { email: 'of-mia@example.com', inviterEmail: 'mia@example.com' })
      const others = await sendInvite(host, { email: 'of-max@example.com', inviterEmail: 'max@example.com' })
      const { page, post, submit } = visitor(host, 'member:mia')
      await submit(actionOf((await page()).text, /resend/))
      await submit(actionOf((await page()).text, /delete/))
      const before = await host.invites.retrieve(others.inviteId)
      for (const verb of ['resend', 'delete']) {
        const res = await post(`/invites/${others.inviteId}/${verb}`)
        expect(res.status).to.equal(404)
        const unknown = await post(`/invites/nonesuch/${verb}`)
        expect(unknown.text).to.equal(res.text)
      }
      expect(await host.invites.retrieve(others.inviteId)).to.deep.equal(before)
      expect(await addressesIn(host)).to.deep.equal(['of-max@example.com'])
    })
  })

  describe('with several apps', () => {
    const apps: Readonly<Record<string, AppOptions>> = {
      clinic: { appName: 'St. Mary' },
      school: { appName: 'Hillside', mode: 'open' },
    }

    it('goes from one to the other, and every form stays with its own', async () => {
      const { host } = await openDesk({ apps })
      const { page, submit } = visitor(host)
      const first = await page().expect(200)
      expect(first.text).to.include('<title>Invites · St. Mary</title>')
      expect(first.text).to.match(/aria-current="page">St\. Mary</)
      const school = await page(linkOf(first.text, 'Hillside')).expect(200)
      expect(school.text).to.include('<title>Invites · Hillside</title>')
      expect(school.text).to.match(/value="open" checked/)

      const sent = await submit(actionOf(school.text, /\/send/), { email: 'ada@example.com' })
      expect(sent.text).to.include('<title>Invites · Hillside</title>')
      expect(noticeOf(sent.text)).to.include('ada@example.com')
      expect(await addressesIn(host, 'school')).to.deep.equal(['ada@example.com'])
      expect(await addressesIn(host, 'clinic')).to.deep.equal([])

      expect(rowsOf((await page(linkOf(sent.text, 'St. Mary'))).text)).to.deep.equal([])
      const resent = await submit(actionOf(sent.text, /resend/))
      expect(rowsOf(resent.text)).to.have.length(1)
      const switched = await submit(actionOf(resent.text, /mode/), { mode: 'closed' })
      expect((await host.invites.settings(undefined, { appId: 'school' })).mode).to.equal('closed')
      expect((await host.invites.settings(undefined, { appId: 'clinic' })).mode).to.equal('invite-only')
      const deleted = await submit(actionOf(switched.text, /delete/))
      expect(deleted.text).to.include('<title>Invites · Hillside</title>')
      expect(await addressesIn(host, 'school')).to.deep.equal([])
    })

    it('R-28 does nothing to an invite of another app', async () => {
      const { host } = await openDesk({ apps })
      const { inviteId } = await sendInvite(host, { email: 'ada@example.com' }, 'school')
      const before = await host.invites.retrieve(inviteId, { appId: 'school' })
      const { post } = visitor(host)
      for (const verb of ['resend', 'delete']) {
        const res = await post(`/invites/${inviteId}/${verb}?appId=clinic`)
        expect(res.status).to.equal(404)
        expect((await post(`/invites/nonesuch/${verb}?appId=clinic`)).text).to.equal(res.text)
      }
      expect(await host.invites.retrieve(inviteId, { appId: 'school' })).to.deep.equal(before)
    })

    it('pages stay with their app', async () => {
      const { host } = await openDesk({ apps })
      for (let index = 0; index < 26; index++) {
        await sendInvite(host, { email: `person${index}@example.com` }, 'school')
        host.clock.advance(1)
      }
      const { page } = visitor(host)
      const older = await page(linkOf((await page('/?appId=school')).text, 'Older')).expect(200)
      expect(older.text).to.include('<title>Invites · Hillside</title>')
      expect(rowsOf(older.text)).to.have.length(1)
      expect(linkOf(older.text, 'Newest')).to.equal(`${MOUNT}/?appId=school`)
    })

    it('says of an app that there is not, that there is no such app', async () => {
      const { host } = await openDesk({ apps })
      const res = await visitor(host).page('/?appId=nowhere')
      expect(res.status).to.equal(404)
      expect(textOf(res.text)).to.include('There is no such app.').and.not.include('used or deleted')
    })

    it('tells a stranger nothing of which apps there are', async () => {
      const { host } = await openDesk({ apps })
      const nobody = visitor(host, '')
      const known = await nobody.page('/?appId=school')
      const unknown = await nobody.page('/?appId=nowhere')
      expect(unknown.status).to.equal(known.status)
    })

    it('has one app only: no choice, and no appId in its links', async () => {
      const { host } = await openDesk({ apps: { clinic: { appName: 'St. Mary' } } })
      const { page, submit } = visitor(host)
      const { text } = await page()
      expect(text).not.to.include('aria-label="Apps"').and.not.include('appId')
      const sent = await submit(actionOf(text, /\/send/), { email: 'ada@example.com' })
      expect(rowsOf(sent.text)).to.have.length(1)
    })
  })

  describe('takes its style', () => {
    const OWN = 'body { color: teal }'
    const folderWith = (folder: string) => {
      mkdirSync(join(folder, 'dashboard'), { recursive: true })
      writeFileSync(join(folder, 'dashboard/dashboard.css'), OWN)
      return folder
    }
    const styleOf = async (host: Host, path = '/') => {
      const { text } = await visitor(host).page(path).expect(200)
      const href = /<link rel="stylesheet" href="([^"]*)"/.exec(text)?.[1] ?? ''
      return await request(host.app).get(href.replaceAll('&#x3D;', '=').replaceAll('&amp;', '&'))
    }

    it('from the package, or from a folder that has one', async () => {
      const { host } = await openDesk()
      const ours = await styleOf(host)
      expect(ours.status).to.equal(200)
      expect(ours.type).to.equal('text/css')
      expect(ours.text).to.include('.invites')
      const own = await openDesk({ templates: folderWith(temporaryFolder()) })
      expect((await styleOf(own.host)).text).to.equal(OWN)
    })

    it('from wherever the package is installed, such as below node_modules/.pnpm', async () => {
      const templates = folderWith(join(temporaryFolder(), '.pnpm/templates'))
      const { host } = await openDesk({ templates })
      const res = await styleOf(host)
      expect(res.status).to.equal(200)
      expect(res.text).to.equal(OWN)
    })

    it("from each app's own folder", async () => {
      const apps = { clinic: {}, school: { templates: folderWith(temporaryFolder()) } }
      const { host } = await openDesk({ apps })
      expect((await styleOf(host, '/?appId=clinic')).text).to.include('.invites')
      expect((await styleOf(host, '/?appId=school')).text === OWN, 'its own style').to.equal(true)
    })
  })

  describe('R-35 keeps a stored value inert in every field:', () => {
    const values = [
      '</b><a href=//evil>',
      '</title><script>alert(1)</script>',
      '"><img src=x onerror=alert(1)>',
      '" autofocus onfocus="alert(1)',
      "' onmouseover='alert(1)",
      '</p></li></ul><form action=//evil>',
      '<!-- <style>',
      '{{7*7}}',
      '{{{email}}}',
      'javascript:alert(1)',
      '&lt;b&gt; & "Bob" `o\'neil`=',
    ]

    async function pageWith(value: string): Promise<string> {
      const { host, post } = await openDesk({
        apps: { clinic: { appName: value }, school: { appName: value } },
        roles: [value],
        findInviter: () => ({ id: 'x', email: 'x@example.com', name: value, access: 'supervisor' }),
      })
      const fields = { role: value, inviterEmail: 'x@example.com' }
      await sendInvite(host, { ...fields, email: 'ada@example.com' }, 'clinic')
      post.refusal = new Error(value)
      await host.invites.deliver()
      return (await visitor(host).page().expect(200)).text
    }

    for (const value of values) {
      it(value, async () => {
        const html = await pageWith(value)
        expect(tagsOf(html)).to.deep.equal(tagsOf(await pageWith('plain')))
        const [row] = rowsOf(html)
        expect(row).to.include(`Role: ${value}`)
        expect(row).to.include(`by ${value}`)
        expect(row).to.match(/Mailing failed/)
        expect(textOf(/<p class="error">[^<]*<\/p>/.exec(html)?.[0] ?? '').trim()).to.equal(value)
        expect(textOf(html)).to.include(`Invites · ${value}`)
        for (const [, href = ''] of html.matchAll(/(?:href|action|src)="([^"]*)"/g)) expect(href).to.match(/^\/admin\//)
      })

      it(`${value} as it was typed`, async () => {
        const { host } = await openDesk()
        const { post } = visitor(host)
        const res = await post('/send', { email: value })
        expect(res.status).to.equal(400)
        expect(tagsOf(res.text)).to.deep.equal(tagsOf((await post('/send', { email: 'plain' })).text))
        expect(textOf(res.text)).to.include(`${value} is not an e-mail address`)
      })
    }

    for (const local of ["'onclick='x", '{{7*7}}', '{{{role}}}', '`a`', 'a&b', 'a=b']) {
      it(`${local}@example.com as an address`, async () => {
        const email = `${local}@example.com`
        const shown = async (address: string) => {
          const { host } = await openDesk()
          return (await visitor(host).submit('/send', { email: address })).text
        }
        const html = await shown(email)
        expect(tagsOf(html)).to.deep.equal(tagsOf(await shown('ada@example.com')))
        expect(rowsOf(html)[0]).to.include(`Delete the invite for ${email} ?`)
        expect(noticeOf(html)).to.include(email)
      })
    }
  })
})
