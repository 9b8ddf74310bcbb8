// A login by @node-saml/passport-saml in a real browser, whose identity provider is another site and signs its response:
// the invite comes back in the cookie of the very request that the response answers.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Profile, Strategy as SamlStrategy, ValidateInResponseTo } from '@node-saml/passport-saml'
import { expect } from 'chai'
import express from 'express'
import passport, { type Strategy } from 'passport'
import type { Page } from 'playwright-core'
import { admit, type CarryInviteOptions, carryInvite, inviteRouter } from '../../src/index.js'
import { useIdentityProvider } from '../http/doors/identity-provider.js'
import { openPage, useBrowser } from '../support/browser.js'
import { afterThis } from '../support/cleanup.js'
import { authorize, type Host, openHost, sendInvite } from '../support/host.js'

let subject: string
const provider = useIdentityProvider(() => ({ nameId: subject, attributes: { email: `${subject}@example.com` } }))

type Binding = 'HTTP-Redirect' | 'HTTP-POST'

interface Site {
  readonly host: Host
  /** Sends an invite with this role, and returns its join link. */
  send(role: string, email?: string): Promise<string>
}

/** The host on localhost, which is another site than 127.0.0.1, where the identity provider is. */
async function openSite(carry: CarryInviteOptions, binding: Binding = 'HTTP-Redirect'): Promise<Site> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  afterThis(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://localhost:${(server.address() as AddressInfo).port}`
  const host = await openHost({ invites: { baseUrl: `${url}/invites`, signupUrl: `${url}/login` } })
  const verify = admit(host.invites, {
    findUser: () => null,
    createUser: ({ nameID }: Profile, invite) => ({ login: nameID, role: invite?.role ?? null }),
    email: ({ email }) => ({ address: email, verified: true }),
  })
  const options = {
    entryPoint: provider.entryPoint,
    idpCert: provider.idpCert,
    issuer: 'app',
    authnRequestBinding: binding,
    callbackUrl: `${url}/login/callback`,
    validateInResponseTo: ValidateInResponseTo.always,
    passReqToCallback: true as const,
  }
  const login = new passport.Passport()
  const strategy: object = new SamlStrategy(options, verify, verify) // it has types of Passport's of its own
  login.use('saml', strategy as Strategy)
  const app = express()
  app.use('/invites', inviteRouter(host.invites, { authorize }))
  app.get('/login', carryInvite(host.invites, carry), login.authenticate('saml'))
  app.post('/login/callback', express.urlencoded({ extended: false }), (req, res, next) =>
    login.authenticate('saml', (error: unknown, user: object | false, info?: { code?: string }) => {
      if (error) return next(error)
      res.json(user || { refused: info?.code })
    })(req, res, next),
  )
  server.on('request', app)
  const send = async (role: string, email?: string) => (await sendInvite(host, { role, email })).joinUrl
  return { host, send }
}

/** Says who logs in, and follows the link up to the provider's page, which waits there. */
async function toProvider(page: Page, joinUrl: string, who: string): Promise<void> {
  subject = who
  await page.goto(joinUrl)
  await page.getByRole('button', { name: 'Continue' }).waitFor()
}

async function comeBack(page: Page): Promise<unknown> {
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.waitForURL(/\/login\/callback$/)
  return JSON.parse((await page.locator('body').textContent()) ?? '')
}

describe('a SAML login whose identity provider is another site', function () {
  this.timeout(60_000)
  useBrowser()
  const withoutScript = { javaScriptEnabled: false } // so that the form waits for its button

  it('R-12 R-13 brings the invite back, for the address that was asserted', async () => {
    const { send, host } = await openSite({ formPost: true })
    const page = await openPage(withoutScript)
    await toProvider(page, await send('nurse', 'ada@example.com'), 'ada')
    expect(await comeBack(page)).to.deep.equal({ login: 'ada', role: 'nurse' })
    const [acceptance, ...others] = (await host.invites.acceptances()).items
    expect([acceptance?.email, others]).to.deep.equal(['ada@example.com', []])

    await toProvider(page, await send('boss', 'bo@example.com'), 'eve')
    expect(await comeBack(page)).to.deep.equal({ refused: 'invite_email_mismatch' })
  })

  it('R-12 ends each of two tabs with its own invite, in any order', async () => {
    const { send } = await openSite({ formPost: true })
    const first = await openPage(withoutScript)
    const second = await first.context().newPage()
    await toProvider(first, await send('first'), 'ada')
    await toProvider(second, await send('second'), 'bob')
    expect(await comeBack(second)).to.deep.equal({ login: 'bob', role: 'second' })
    expect(await comeBack(first)).to.deep.equal({ login: 'ada', role: 'first' })
  })

  it('R-12 lets nobody in without `formPost`', async () => {
    const { send } = await openSite({})
    const page = await openPage(withoutScript)
    await toProvider(page, await send('nurse'), 'ada')
    expect(await comeBack(page)).to.deep.equal({ refused: 'invite_required' })
  })

  for (const binding of ['HTTP-Redirect', 'HTTP-POST'] as const) {
    const atProvider = async (page: Page, url: string, who: string) => {
      subject = who
      await page.goto(url)
      if (binding === 'HTTP-POST') await page.getByRole('button', { name: 'Submit' }).click()
      await page.getByRole('button', { name: 'Continue' }).waitFor()
    }

    it(`R-12 by ${binding}, is carried for the response to that very request, whoever has another posted`, async () => {
      const { send } = await openSite({ formPost: true }, binding)
      const joinUrl = await send('nurse')
      const eve = await openPage(withoutScript)
      await atProvider(eve, joinUrl.replace(/\/invites.*/, '/login'), 'eve') // with no invite at all
      const response = await eve.locator('[name=SAMLResponse]').getAttribute('value')

      const ada = await openPage(withoutScript)
      await atProvider(ada, joinUrl, 'ada')
      const tab = await ada.context().newPage()
      await tab.goto(new URL('/', provider.entryPoint).href) // a page of another site, Eve's
      await tab.setContent(`<form method="post" action="${new URL(joinUrl).origin}/login/callback">
        <input name="SAMLResponse" value="${response}"><button>Continue</button></form>`)
      expect(await comeBack(tab)).to.deep.equal({ refused: 'invite_required' })
      expect(await comeBack(ada)).to.deep.equal({ login: 'ada', role: 'nurse' })
    })
  }
})
