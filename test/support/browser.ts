// A real browser, and what it is asked about a page.
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import sparticuz from '@sparticuz/chromium'
import axe, { type AxeResults } from 'axe-core'
import { expect } from 'chai'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { afterThis } from './cleanup.js'

const { SCREENSHOTS } = process.env
const ARGS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run']
const QUIET = ['--disable-background-networking', '--disable-component-update', '--disable-sync']

let browser: Browser

/** Opens the browser for the suite that calls it. */
export function useBrowser(): void {
  before(async () => {
    browser = await chromium.launch({ executablePath: await sparticuz.executablePath(), args: [...ARGS, ...QUIET] })
  })
  after(() => browser.close())
}

/** A visitor with a browser profile of its own. */
export async function openPage(options: BrowserContextOptions = {}): Promise<Page> {
  const context = await browser.newContext(options)
  context.setDefaultTimeout(5000)
  afterThis(() => context.close())
  return await context.newPage()
}

/** What axe finds wrong with the page. Frames without scripts cannot answer it. */
export async function violations(page: Page, exceptRules: readonly string[] = []): Promise<readonly string[]> {
  const rules = Object.fromEntries(exceptRules.map((rule) => [rule, { enabled: false }]))
  await page.evaluate(axe.source)
  const results = (await page.evaluate(`axe.run(${JSON.stringify({ iframes: false, rules })})`)) as AxeResults
  expect(results.passes, 'axe has looked').not.to.have.length(0)
  return results.violations.flatMap(({ id, help, nodes }) => nodes.map(({ html }) => `${id}: ${help}: ${html}`))
}

/** Keeps a picture of the page where SCREENSHOTS names a folder. */
export async function shoot(page: Page, name: string): Promise<void> {
  if (SCREENSHOTS === undefined) return
  mkdirSync(SCREENSHOTS, { recursive: true })
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true })
}
