// The example, driven through a real browser as somebody who tries it out would.
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { join } from 'node:path'
import { expect } from 'chai'
import type { Page } from 'playwright-core'
import { openPage, shoot, useBrowser, violations } from './support/browser.js'
import { afterThis, temporaryFolder } from './support/cleanup.js'
import {
  attempt,
  codeInMail,
  followLink,
  inviteRow,
  openDashboard,
  openMail,
  runExample,
  sendInvite,
  startExample,
  submitSignup,
  switchMode,
} from './support/example.js'
import { temporaryDatabase } from './support/postgres.js'

// A mail is shown inside somebody else's page, whose landmarks these rules ask for.
const PAGE_RULES = ['landmark-one-main', 'region']

describe('the example', function () {
  this.timeout(30_000)
  useBrowser()

  for (const javaScriptEnabled of [true, false]) {
    it(`invites somebody who becomes a member, with JavaScript ${javaScriptEnabled ? 'on' : 'off'}`, async () => {
      const example = await startExample()
      const boss = await openDashboard(example, { javaScriptEnabled })
      await boss.getByText('Nobody is being waited for').waitFor()
      await sendInvite(boss, 'ada@example.com')
      const row = inviteRow(boss, 'ada@example.com')
      expect(await row.textContent()).to.match(/Pending\s+Mailed[\s\S]*by Sam Supervisor[\s\S]*Valid until/)

      const ada = await openPage({ javaScriptEnabled })
      await openMail(ada, example, 'ada@example.com')
      const inviteCode = await codeInMail(ada)
      await shoot(ada, 'mail')
      await followLink(ada)
      await ada.waitForURL(`${example.url}/signup`)
      await ada.getByText('You are invited to Orchard by Sam Supervisor').waitFor()
      expect(await ada.getByLabel('E-mail address').inputValue()).to.equal('ada@example.com')
      expect(await ada.getByLabel('Invite code').count()).to.equal(0)
      expect(await ada.content()).not.to.include(inviteCode)
      await shoot(ada, 'signup')

      await submitSignup(ada)
      await ada.waitForURL(`${example.url}/member`)
      expect(await ada.locator('main').textContent()).to.match(/Welcome, ada@example\.com\..*invited by Sam Supervisor/)
      await shoot(ada, 'member')

      await boss.goto(`${example.url}/admin/invites`)
      expect(await inviteRow(boss, 'ada@example.com').count()).to.equal(0)
    })
  }

  it('lets a member invite from a quota of five: an address, and a link for three', async () => {
    const example = await startExample()
    await sendInvite(await openDashboard(example), 'ada@example.com')
    const ada = await openPage()
    await openMail(ada, example, 'ada@example.com')
    await followLink(ada)
    await submitSignup(ada)
    await ada.waitForURL(`${example.url}/member`)
    await ada.getByRole('link', { name: 'Invite others' }).click()
    await ada.getByText('You have 5 invites left.').waitFor()
    await sendInvite(ada, 'bob@example.com')
    await ada.getByText('Or make a link to share').click()
    await ada.getByLabel('How many may sign up with it').fill('3')
    await ada.getByRole('button', { name: 'Make link' }).click()
    await ada.getByText('You have 1 invite left.').waitFor()
    const link = await ada.getByRole('status').locator('code').textContent()
    await shoot(ada, 'member-invites')
    expect(await violations(ada)).to.deep.equal([])
    for (const email of ['cat@example.com', 'dan@example.com']) {
      const page = await openPage()
      await page.goto(link ?? '')
      await submitSignup(page, { email })
      await page.waitForURL(`${example.url}/member`)
      expect(await page.locator('main').textContent()).to.include('invited by ada@example.com')
    }
    await ada.reload()
    await inviteRow(ada, 'Shareable link').getByText('2 of 3 used').waitFor()
  })

  it('puts whoever asks on a waiting list, from which a supervisor invites them', async () => {
    const example = await startExample()
    const boss = await openDashboard(example)
    await switchMode(boss, 'waitlist')
    const eve = await openPage()
    await eve.goto(`${example.url}/signup`)
    await eve.getByLabel('Mail me at').fill('eve@example.com')
    await eve.getByLabel('What would you like to grow?').fill('quinces')
    await shoot(eve, 'ask')
    expect(await violations(eve)).to.deep.equal([])
    await eve.getByRole('button', { name: 'Ask for access' }).click()
    await eve.getByRole('heading', { name: 'Look into your mail' }).waitFor()
    await eve.goto(`${example.url}/inbox`)
    while ((await eve.getByRole('listitem').count()) === 0) await eve.reload()
    await openMail(eve, example, 'eve@example.com')
    await eve.frameLocator('iframe').getByRole('link').first().click()
    await eve.getByRole('button', { name: 'Join the waiting list' }).click()
    await eve.getByRole('heading', { name: 'You are on the list, at place 1' }).waitFor()

    await boss.reload()
    await boss.getByText('quinces').waitFor()
    await shoot(boss, 'waiting-list')
    await boss.getByRole('button', { name: 'Approve eve@example.com' }).click()
    while ((await inviteRow(boss, 'eve@example.com').getByText('Mailed', { exact: true }).count()) === 0) {
      await boss.goto(`${example.url}/admin/invites`)
    }
    await openMail(eve, example, 'invites you')
    await followLink(eve)
    await submitSignup(eve)
    await eve.waitForURL(`${example.url}/member`)
    expect(await eve.locator('main').textContent()).to.include('invited by Sam Supervisor')
  })

  describe('refuses, and says why on the form,', () => {
    it('a code that was used', async () => {
      const example = await startExample()
      await sendInvite(await openDashboard(example), 'ada@example.com')
      const ada = await openPage()
      await openMail(ada, example, 'ada@example.com')
      const inviteCode = await codeInMail(ada)
      await followLink(ada)
      await ada.waitForURL(`${example.url}/signup`)
      await submitSignup(ada)
      await ada.waitForURL(`${example.url}/member`)

      const again = await attempt(example, { email: 'ada@example.com', inviteCode })
      expect(again).to.include({ status: 410, why: 'This invite has already been used.' })
      expect(await again.page.getByLabel('E-mail address').inputValue()).to.equal('ada@example.com')
      expect(await again.page.getByLabel('Invite code').inputValue()).to.equal(inviteCode)
      await shoot(again.page, 'refused')
    })

    it('a link that was used', async () => {
      const example = await startExample()
      await sendInvite(await openDashboard(example), 'ada@example.com')
      for (const first of [true, false]) {
        const ada = await openPage()
        await openMail(ada, example, 'ada@example.com')
        await followLink(ada)
        await ada.waitForURL(`${example.url}/signup`)
        if (first) {
          await submitSignup(ada)
          await ada.waitForURL(`${example.url}/member`)
        } else {
          const response = await submitSignup(ada, { email: 'ada@example.com' })
          expect(response.status()).to.equal(410)
          expect(await ada.getByRole('alert').textContent()).to.equal('This invite has already been used.')
        }
      }
    })

    it('a stranger, a mistyped code, another address; and the invite stays good', async () => {
      const example = await startExample()
      await sendInvite(await openDashboard(example), 'ada@example.com')
      const reader = await openPage()
      await openMail(reader, example, 'ada@example.com')
      const inviteCode = await codeInMail(reader)

      const stranger = await attempt(example, { email: 'eve@example.com' })
      expect(stranger).to.include({
        status: 403,
        why: 'Signing up needs an invite. Open the link in your invite once more, or type its code.',
      })

      const mistyped = inviteCode.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A'))
      const typo = await attempt(example, { email: 'ada@example.com', inviteCode: mistyped })
      expect(typo.status).to.equal(403)
      expect(typo.why).to.match(/^This invite code is not valid\. Check it for typing errors/)

      const other = await attempt(example, { email: 'eve@example.com', inviteCode })
      expect(other).to.include({ status: 403, why: 'This invite is for another e-mail address.' })

      const right = await attempt(example, { email: 'ada@example.com', inviteCode: inviteCode.toLowerCase() })
      expect(right).to.include({ path: '/member', why: null })
    })

    it('the code of an invite that was deleted', async () => {
      const example = await startExample()
      const boss = await openDashboard(example)
      await sendInvite(boss, 'ada@example.com')
      const reader = await openPage()
      await openMail(reader, example, 'ada@example.com')
      const inviteCode = await codeInMail(reader)

      await boss.getByLabel('Delete the invite for ada@example.com').click()
      await boss.getByRole('button', { name: 'Delete this invite' }).click()
      await boss.getByRole('status').filter({ hasText: 'The invite was deleted' }).waitFor()
      expect(await inviteRow(boss, 'ada@example.com').count()).to.equal(0)

      const deleted = await attempt(example, { email: 'ada@example.com', inviteCode })
      expect(deleted.status).to.equal(403)
      expect(deleted.why).to.match(/^This invite code is not valid/)
    })

    it('everybody while closed, and nobody while open', async () => {
      const example = await startExample()
      const boss = await openDashboard(example, { javaScriptEnabled: false })
      await switchMode(boss, 'closed')
      const closed = await attempt(example, { email: 'eve@example.com' })
      expect(closed).to.include({ status: 403, why: 'Signing up is closed.' })

      await switchMode(boss, 'open')
      const open = await attempt(example, { email: 'eve@example.com' })
      expect(open).to.include({ path: '/member', why: null })
    })
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    it(`has pages that axe finds nothing wrong with, ${colorScheme}`, async () => {
      const example = await startExample()
      const found: Record<string, readonly string[]> = {}
      const inspect = async (page: Page, name: string, exceptRules: readonly string[] = []) => {
        await shoot(page, `${name}-${colorScheme}`)
        found[name] = await violations(page, exceptRules)
      }
      const visitor = await openPage({ bypassCSP: true, colorScheme })
      for (const path of ['', 'login', 'signup', 'inbox']) {
        await visitor.goto(`${example.url}/${path}`)
        await inspect(visitor, `${path || 'home'}-empty`)
      }

      const boss = await openDashboard(example, { bypassCSP: true, colorScheme })
      await inspect(boss, 'dashboard-empty')
      await sendInvite(boss, 'ada@example.com')
      await sendInvite(boss, 'grace.brewster.murray.hopper@a-rather-long-department-name.example.com')
      await inspect(boss, 'dashboard')
      await boss.getByText('Link', { exact: true }).first().click()
      await boss.getByText('Delete', { exact: true }).first().click()
      await inspect(boss, 'dashboard-unfolded')
      await boss.getByLabel('E-mail address').fill('ada@')
      await boss.getByRole('button', { name: 'Send invite' }).click()
      await boss.getByRole('alert').waitFor()
      await inspect(boss, 'dashboard-error')
      await boss.setViewportSize({ width: 380, height: 720 })
      await boss.goto(`${example.url}/admin/invites`)
      await inspect(boss, 'dashboard-narrow')

      await visitor.goto(`${example.url}/inbox`)
      await inspect(visitor, 'inbox')
      await openMail(visitor, example, 'ada@example.com')
      await inspect(visitor, 'mail')
      const mail = await openPage({ colorScheme })
      await mail.setContent((await visitor.locator('iframe').getAttribute('srcdoc')) ?? '')
      await inspect(mail, 'mail-itself', PAGE_RULES)
      await followLink(visitor)
      await visitor.waitForURL(`${example.url}/signup`)
      await inspect(visitor, 'signup')
      const stranger = await openPage({ bypassCSP: true, colorScheme })
      await stranger.goto(`${example.url}/signup`)
      await submitSignup(stranger, { email: 'eve@example.com' })
      await stranger.getByRole('alert').waitFor()
      await inspect(stranger, 'signup-refused')

      const wrong = Object.entries(found).flatMap(([name, each]) => each.map((violation) => `${name}: ${violation}`))
      expect(wrong).to.deep.equal([])
    })
  }

  it('says in a sentence that its port is taken, and exits with 1', async () => {
    const other = createServer()
    afterThis(() => other.close())
    await once(other.listen(0), 'listening')
    const port = String((other.address() as AddressInfo).port)
    const child = runExample({ PORT: port })
    const errors: string[] = []
    child.stderr?.on('data', (chunk: Buffer) => errors.push(chunk.toString('utf8')))
    const [exitCode] = await once(child, 'close')
    expect(exitCode).to.equal(1)
    expect(errors.join('')).to.equal(`Port ${port} is taken. Choose another: PORT=3001 npm start\n`)
  })

  it('takes an empty SMTP_URL for none, as a .env file leaves it', async () => {
    await startExample({ SMTP_URL: '' })
  })

  const databases: Readonly<Record<string, () => Promise<NodeJS.ProcessEnv>>> = {
    SQLite: async () => ({ DATABASE_PATH: join(temporaryFolder(), 'kept', 'example.db') }),
    Postgres: async () => ({ DATABASE_URL: await temporaryDatabase() }),
  }
  for (const [name, open] of Object.entries(databases)) {
    it(`on ${name} makes a member of somebody invited, stops when told to, and finds its data again`, async () => {
      const file = await open()
      const before = await startExample(file)
      const boss = await openDashboard(before)
      for (const email of ['bob@example.com', 'ada@example.com']) await sendInvite(boss, email)
      const bob = await openPage()
      await openMail(bob, before, 'bob@example.com')
      await followLink(bob)
      await bob.waitForURL(`${before.url}/signup`)
      await submitSignup(bob)
      await bob.waitForURL(`${before.url}/member`)
      const exited = once(before.child, 'exit')
      before.child.kill('SIGTERM')
      expect(await exited).to.deep.equal([0, null])

      const after = await startExample(file)
      const again = await openDashboard(after)
      expect(await inviteRow(again, 'ada@example.com').count()).to.equal(1)
      expect(await inviteRow(again, 'bob@example.com').count()).to.equal(0)
      expect(await attempt(after, { email: 'bob@example.com', inviteCode: 'none' })).to.include({ status: 403 })
    })
  }
})
