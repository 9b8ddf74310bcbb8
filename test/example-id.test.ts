// The example's login at another site, clicked through in a real browser: to the provider's page and back.
import { join } from 'node:path'
import Sqlite from 'better-sqlite3'
import { expect } from 'chai'
import pg from 'pg'
import type { Page } from 'playwright-core'
import { openPage, shoot, useBrowser, violations } from './support/browser.js'
import { afterThis, temporaryFolder } from './support/cleanup.js'
import {
  type Example,
  followLink,
  inviteRow,
  openDashboard,
  openMail,
  sendInvite,
  startExample,
  submitSignup,
  switchMode,
} from './support/example.js'
import { temporaryDatabase } from './support/postgres.js'

const MEMBERS = 'select email, provider_id is not null as linked, invited_by from users where id > 1 order by id'

/** Starts the example on a file of its own, whose users can be looked at. */
async function startWithUsers() {
  const file = join(temporaryFolder(), 'example.db')
  const example = await startExample({ DATABASE_PATH: file })
  const db = new Sqlite(file, { readonly: true })
  afterThis(() => db.close())
  return { example, members: () => db.prepare(MEMBERS).all() }
}

const EXAMPLE_ID = { name: 'Sign in with Example ID' }
const toExampleId = (page: Page) => page.getByRole('link', EXAMPLE_ID).or(page.getByRole('button', EXAMPLE_ID)).click()

/** Says at the provider who one is; resolves with what the example answers to that. */
async function continueAs(page: Page, email: string, { verified = true } = {}) {
  await page.waitForURL(/^http:\/\/127\.0\.0\.1:\d+\/sign-in\?/)
  await page.getByLabel('E-mail address').fill(email)
  if (!verified) await page.getByLabel('Example ID has verified this address').uncheck()
  const answered = page.waitForResponse(/\/login\/example-id\/callback/)
  await page.getByRole('button', { name: 'Continue as this person' }).click()
  return await answered
}

/** Goes to the login page and from there to Example ID and back. */
async function comeAs(page: Page, { url }: Example, email: string, options?: { verified: boolean }) {
  await page.goto(`${url}/login`)
  await toExampleId(page)
  return await continueAs(page, email, options)
}

/** Opens the link in the mail, up to the signup page. */
async function openInvite(page: Page, example: Example, email: string): Promise<void> {
  await openMail(page, example, email)
  await followLink(page)
  await page.waitForURL(`${example.url}/signup`)
}

/** A link to hand on: without the proof that only a mail carries. */
async function joinUrl(boss: Page, { url }: Example, invite: { readonly email?: string }): Promise<string> {
  const answer = await boss.request.post(`${url}/invites/app/default/invite`, {
    data: invite,
    headers: { Origin: url },
  })
  expect(answer.status()).to.equal(201)
  return ((await answer.json()) as { joinUrl: string }).joinUrl
}

const why = (page: Page) => page.getByRole('alert').textContent()
const isMember = (page: Page, { url }: Example) => page.waitForURL(`${url}/member`)

describe('signing in to the example with Example ID', function () {
  this.timeout(30_000)
  useBrowser()

  for (const javaScriptEnabled of [true, false]) {
    it(`makes a member of somebody invited, who needs no invite again, JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async () => {
      const { example, members } = await startWithUsers()
      const boss = await openDashboard(example, { javaScriptEnabled })
      await sendInvite(boss, 'ada@example.com')
      const ada = await openPage({ javaScriptEnabled })
      await openInvite(ada, example, 'ada@example.com')
      await toExampleId(ada)
      await ada.getByRole('heading', { name: 'Who are you?' }).waitFor()
      await continueAs(ada, 'ada@example.com')
      await isMember(ada, example)
      expect(await ada.locator('main').textContent()).to.match(/Welcome, ada@example\.com\..*invited by Sam Supervisor/)
      const row = { email: 'ada@example.com', linked: 1, invited_by: 'Sam Supervisor' }
      expect(members()).to.deep.equal([row])
      await boss.goto(`${example.url}/admin/invites`)
      expect(await inviteRow(boss, 'ada@example.com').count()).to.equal(0)

      const later = await openPage({ javaScriptEnabled })
      await comeAs(later, example, 'Ada@Example.com', { verified: false })
      await isMember(later, example)
      expect(members()).to.deep.equal([row])
    })
  }

  it('refuses whoever has no invite, unless anybody may sign up', async () => {
    const { example, members } = await startWithUsers()
    const eve = await openPage()
    const answer = await comeAs(eve, example, 'eve@example.com')
    expect(answer.status()).to.equal(403)
    expect(await eve.getByRole('heading', { level: 1 }).textContent()).to.equal('Sign up')
    expect(await why(eve)).to.match(/^Signing up needs an invite\./)
    expect(members()).to.deep.equal([])

    await switchMode(await openDashboard(example), 'open')
    await comeAs(eve, example, 'eve@example.com')
    await isMember(eve, example)
    expect(members()).to.deep.equal([{ email: 'eve@example.com', linked: 1, invited_by: null }])
  })

  it('refuses another address, and one that Example ID has not verified; the invite stays good', async () => {
    const { example, members } = await startWithUsers()
    const link = await joinUrl(await openDashboard(example), example, { email: 'ada@example.com' })
    const page = await openPage()
    await page.goto(link)
    const other = await comeAs(page, example, 'eve@example.com')
    expect(other.status()).to.equal(403)
    expect(await why(page)).to.equal('This invite is for another e-mail address.')

    const unverified = await comeAs(page, example, 'ada@example.com', { verified: false })
    expect(unverified.status()).to.equal(403)
    expect(await why(page)).to.match(/the login did not show that it is yours/)
    expect(members()).to.deep.equal([])

    await comeAs(page, example, 'ada@example.com')
    await isMember(page, example)
  })

  it('takes a code that is typed before the login there and back', async () => {
    const { example, members } = await startWithUsers()
    const link = await joinUrl(await openDashboard(example), example, {})
    const ada = await openPage()
    await ada.goto(`${example.url}/signup`)
    await ada.getByLabel('Code of your invite').fill(link.split('/').at(-1) ?? '')
    await shoot(ada, 'signup-with-example-id')
    await toExampleId(ada)
    expect(ada.url()).not.to.include(link.split('/').at(-1))
    await continueAs(ada, 'ada@example.com')
    await isMember(ada, example)
    expect(members()).to.deep.equal([{ email: 'ada@example.com', linked: 1, invited_by: 'Sam Supervisor' }])
  })

  it('takes the link in the mail for proof of the address it was sent to', async () => {
    const { example, members } = await startWithUsers()
    await sendInvite(await openDashboard(example), 'ada@example.com')
    const ada = await openPage()
    await openInvite(ada, example, 'ada@example.com')
    await toExampleId(ada)
    await continueAs(ada, 'ada@home.example', { verified: false })
    await isMember(ada, example)
    expect(members()).to.deep.equal([{ email: 'ada@example.com', linked: 1, invited_by: 'Sam Supervisor' }])
  })

  it('lets anybody in by a link for whoever holds it, once', async () => {
    const { example, members } = await startWithUsers()
    const link = await joinUrl(await openDashboard(example), example, {})
    for (const [email, status] of [
      ['eve@example.com', 302],
      ['mallory@example.com', 410],
    ] as const) {
      const page = await openPage()
      await page.goto(link)
      const answer = await comeAs(page, example, email, { verified: false })
      expect(answer.status()).to.equal(status)
    }
    expect(members()).to.deep.equal([{ email: 'eve@example.com', linked: 1, invited_by: 'Sam Supervisor' }])
  })

  it('while closed, refuses whoever is invited and lets in whoever is known', async () => {
    const { example } = await startWithUsers()
    const boss = await openDashboard(example)
    for (const email of ['ada@example.com', 'bob@example.com']) await sendInvite(boss, email)
    const ada = await openPage()
    await openInvite(ada, example, 'ada@example.com')
    await toExampleId(ada)
    await continueAs(ada, 'ada@example.com')
    await isMember(ada, example)

    const bob = await openPage()
    await openInvite(bob, example, 'bob@example.com')
    await boss.goto(`${example.url}/admin/invites`)
    await switchMode(boss, 'closed')
    await toExampleId(bob)
    const answer = await continueAs(bob, 'bob@example.com')
    expect(answer.status()).to.equal(403)
    expect(await why(bob)).to.equal('Signing up is closed.')
    await ada.getByRole('button', { name: 'Sign out' }).click()
    await comeAs(ada, example, 'ada@example.com')
    await isMember(ada, example)
  })

  it('says calmly that nobody signed in who cancels there, or loads an old answer again; the invite is still with them', async () => {
    const { example, members } = await startWithUsers()
    await sendInvite(await openDashboard(example), 'ada@example.com')
    const ada = await openPage()
    await openInvite(ada, example, 'ada@example.com')
    await toExampleId(ada)
    await ada.getByLabel('E-mail address').fill('ada@example.com')
    await ada.getByRole('button', { name: 'Cancel' }).click()
    await ada.waitForURL((url) => url.hostname === 'localhost')
    expect(await ada.getByRole('status').textContent()).to.equal('You did not sign in.')
    expect(await ada.getByRole('alert').count()).to.equal(0)
    expect(members()).to.deep.equal([])
    await shoot(ada, 'example-id-cancelled')

    await toExampleId(ada)
    const answer = await continueAs(ada, 'ada@example.com')
    await isMember(ada, example)
    await ada.goto(answer.url())
    expect(await ada.getByRole('status').textContent()).to.equal('You did not sign in.')
    expect(members()).to.have.length(1)
  })

  describe('of somebody who has an account with a password', () => {
    it('is that account, where both sides were shown the address', async () => {
      const { example, members } = await startWithUsers()
      await sendInvite(await openDashboard(example), 'ada@example.com')
      const ada = await openPage()
      await openInvite(ada, example, 'ada@example.com')
      await submitSignup(ada)
      await isMember(ada, example)

      const unverified = await openPage()
      const answer = await comeAs(unverified, example, 'ada@example.com', { verified: false })
      expect(answer.status()).to.equal(403)
      const verified = await openPage()
      await comeAs(verified, example, 'ada@example.com')
      await isMember(verified, example)
      expect(members()).to.deep.equal([{ email: 'ada@example.com', linked: 1, invited_by: 'Sam Supervisor' }])
    })

    it('is refused, where somebody else may have signed up with the address, or not said so', async () => {
      const { example, members } = await startWithUsers()
      const boss = await openDashboard(example)
      const squatter = await openPage()
      await squatter.goto(await joinUrl(boss, example, {}))
      await squatter.waitForURL(`${example.url}/signup`)
      await submitSignup(squatter, { email: 'ada@example.com' })
      await isMember(squatter, example)

      const ada = await openPage()
      await ada.goto(await joinUrl(boss, example, {}))
      for (const verified of [true, false]) {
        const answer = await comeAs(ada, example, 'ada@example.com', { verified })
        expect(answer.status()).to.equal(403)
        expect(await why(ada)).to.equal('This address has an account already. Sign in with its password instead.')
      }
      expect(members()).to.deep.equal([{ email: 'ada@example.com', linked: 0, invited_by: 'Sam Supervisor' }])
      await comeAs(ada, example, 'ada@other.example')
      await isMember(ada, example)

      await ada.getByRole('button', { name: 'Sign out' }).click()
      await comeAs(ada, example, example.supervisor.email)
      expect(await why(ada)).to.match(/has an account already/)
    })
  })

  const OLD_COLUMNS = 'email text not null, password text not null, role text, invited_by text'
  const OLD_ROW = `insert into users (email, password, invited_by) values ('old@example.com', 'none', 'Sam')`
  const databases: Readonly<Record<string, () => Promise<NodeJS.ProcessEnv>>> = {
    async SQLite() {
      const file = join(temporaryFolder(), 'example.db')
      const db = new Sqlite(file)
      db.exec(`create table users (id integer primary key, supervisor integer not null default 0, ${OLD_COLUMNS})`)
      db.exec(OLD_ROW)
      db.close()
      return { DATABASE_PATH: file }
    },
    async Postgres() {
      const url = await temporaryDatabase()
      const client = new pg.Client(url)
      await client.connect()
      await client.query(`create table users (
        id integer generated always as identity primary key, supervisor boolean not null default false, ${OLD_COLUMNS})`)
      await client.query(OLD_ROW)
      await client.end()
      return { DATABASE_URL: url }
    },
  }
  for (const [name, openOld] of Object.entries(databases)) {
    it(`works on ${name} with users from before there was a provider, and knows its own after a restart`, async () => {
      const env = await openOld()
      const before = await startExample(env)
      await sendInvite(await openDashboard(before), 'ada@example.com')
      const ada = await openPage()
      await openInvite(ada, before, 'ada@example.com')
      await toExampleId(ada)
      await continueAs(ada, 'ada@example.com')
      await isMember(ada, before)
      const old = await openPage()
      const answer = await comeAs(old, before, 'old@example.com')
      expect(answer.status()).to.equal(403)
      expect(await why(old)).to.match(/has an account already/)
      before.child.kill('SIGTERM')

      const after = await startExample(env)
      const again = await openPage()
      await comeAs(again, after, 'ada@example.com', { verified: false })
      await isMember(again, after)
      expect(await again.locator('main').textContent()).to.match(/ada@example\.com\..*invited by Sam Supervisor/)
    })
  }

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`shows pages that axe finds nothing wrong with, ${colorScheme}`, async () => {
      const { example } = await startWithUsers()
      const found: Record<string, readonly string[]> = {}
      const page = await openPage({ bypassCSP: true, colorScheme })
      const inspect = async (name: string) => {
        await shoot(page, `example-id-${name}-${colorScheme}`)
        found[name] = await violations(page)
      }
      await page.goto(`${example.url}/login`)
      await inspect('login')
      await toExampleId(page)
      await inspect('provider')
      await page.setViewportSize({ width: 380, height: 720 })
      await inspect('provider-narrow')
      await continueAs(page, 'eve@example.com')
      await inspect('refused-narrow')
      await page.setViewportSize({ width: 1000, height: 720 })
      await inspect('refused')
      await page.goto(`${example.url}/login/example-id/callback?error=access_denied`)
      await inspect('cancelled')
      const { url } = example.provider
      for (const [name, path] of Object.entries({ idle: '/', unknown: '/sign-in?redirect_uri=https://evil.example' })) {
        await page.goto(url + path)
        await inspect(`provider-${name}`)
      }
      const wrong = Object.entries(found).flatMap(([name, each]) => each.map((violation) => `${name}: ${violation}`))
      expect(wrong).to.deep.equal([])
    })
  }

  it('has a provider that sends nobody elsewhere, and takes a code once', async () => {
    const { example } = await startWithUsers()
    const authorize = (callback: string) => {
      const query = { response_type: 'code', redirect_uri: callback, email: 'ada@example.com', email_verified: 'true' }
      return fetch(`${example.provider.url}/authorize?${new URLSearchParams(query)}`, { redirect: 'manual' })
    }
    expect((await authorize('https://evil.example/')).status).to.equal(400)

    const back = await authorize(`${example.url}/login/example-id/callback`)
    const code = new URL(back.headers.get('location') ?? '').searchParams.get('code') ?? ''
    const redeem = () =>
      fetch(`${example.provider.url}/token`, {
        method: 'POST',
        body: new URLSearchParams({ grant_type: 'authorization_code', code, client_id: 'orchard' }),
      })
    expect((await redeem()).status).to.equal(200)
    expect((await redeem()).status).to.equal(400)
  })
})
