// The example as its tests drive it: started on its own database, and what people do in it.
import { join } from 'node:path'
import { expect } from 'chai'
import type { BrowserContextOptions, Page } from 'playwright-core'
import { printed, startProgram } from '../processes/spawn.js'
import { openPage } from './browser.js'
import { temporaryFolder } from './cleanup.js'

const PASSWORD = 'correct horse battery'

export interface Example {
  readonly url: string
  readonly supervisor: { readonly email: string; readonly password: string }
  /** Example ID's site. */
  readonly provider: { readonly url: string }
  readonly child: ReturnType<typeof startProgram>
}

export const runExample = (env: NodeJS.ProcessEnv) =>
  startProgram('example/server.ts', {
    PORT: '0',
    DATABASE_PATH: join(temporaryFolder(), 'example.db'),
    SMTP_URL: undefined,
    ...env,
  })

/** Starts it and reads from its greeting what a developer reads. */
export async function startExample(env: NodeJS.ProcessEnv = {}): Promise<Example> {
  const child = runExample(env)
  const greeting = (await printed(child, /Stop with/)).join('\n')
  const [, url] = /Open +(\S+)/.exec(greeting) ?? []
  const [, email, password] = /Sign in as +(\S+), password (\S+)/.exec(greeting) ?? []
  const [, provider] = /Example ID.* (\S+)/.exec(greeting) ?? []
  if (!url || !email || !password || !provider) throw new Error(`The greeting does not say where to go:\n${greeting}`)
  return { url, supervisor: { email, password }, provider: { url: provider }, child }
}

async function signIn(page: Page, { url, supervisor }: Example): Promise<void> {
  await page.goto(`${url}/login`)
  await page.getByLabel('E-mail address').fill(supervisor.email)
  await page.getByLabel('Password').fill(supervisor.password)
  await page.locator('main').getByRole('button', { name: 'Sign in' }).click()
  await page.waitForURL(/\/admin\/invites\/?$/)
}

export async function openDashboard(example: Example, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await openPage(options)
  await signIn(page, example)
  return page
}

export const inviteRow = (page: Page, email: string) => page.getByRole('listitem').filter({ hasText: email })

/** Sends an invite from the dashboard and reloads it until the mail is gone out. */
export async function sendInvite(page: Page, email: string): Promise<void> {
  await page.getByLabel('E-mail address').fill(email)
  await page.getByRole('button', { name: 'Send invite' }).click()
  await page.getByRole('status').filter({ hasText: email }).waitFor()
  while ((await inviteRow(page, email).getByText('Mailed', { exact: true }).count()) === 0) await page.reload()
}

export async function openMail(page: Page, { url }: Example, email: string): Promise<void> {
  await page.goto(`${url}/inbox`)
  await page.getByRole('listitem').filter({ hasText: email }).getByRole('link').click()
}

/** The code, as the mail gives it to be typed. */
export async function codeInMail(page: Page): Promise<string> {
  const text = (await page.locator('pre').textContent()) ?? ''
  const [code] = /^ *[0-9A-Z]{4}(-[0-9A-Z]{4}){6}$/m.exec(text) ?? []
  if (code === undefined) throw new Error(`There is no code in this mail:\n${text}`)
  return code.trim()
}

export const followLink = (page: Page) => page.frameLocator('iframe').getByRole('link', { name: 'Sign up' }).click()

export async function submitSignup(page: Page, { email, inviteCode }: { email?: string; inviteCode?: string } = {}) {
  if (email !== undefined) await page.getByLabel('E-mail address').fill(email)
  if (inviteCode !== undefined) await page.getByLabel('Invite code').fill(inviteCode)
  await page.getByLabel('Password').fill(PASSWORD)
  const answered = page.waitForResponse((response) => response.request().method() === 'POST')
  await page.locator('main').getByRole('button', { name: 'Sign up' }).click()
  return await answered
}

/** What somebody with a fresh browser is told who signs up with this. */
export async function attempt({ url }: Example, fields: { email: string; inviteCode?: string }) {
  const page = await openPage()
  await page.goto(`${url}/signup`)
  const response = await submitSignup(page, fields)
  await page.waitForLoadState()
  const alert = page.getByRole('alert')
  return {
    page,
    status: response.status(),
    path: new URL(page.url()).pathname,
    why: (await alert.count()) > 0 ? await alert.textContent() : null,
  }
}

export async function switchMode(page: Page, mode: string): Promise<void> {
  await page.locator(`input[name=mode][value=${mode}]`).check()
  await page.getByRole('button', { name: 'Switch', exact: true }).click()
  await page.getByRole('status').filter({ hasText: 'The mode was switched' }).waitFor()
  expect(await page.locator('input[name=mode]:checked').getAttribute('value')).to.equal(mode)
}
