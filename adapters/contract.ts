// The contract suite: what every store must pass, ours and yours. It has no options to leave anything out.
import assert from 'node:assert/strict'
import type { InviteStore } from '../src/store.js'
import { testAccepts } from './contract/accepts.js'
import { testAccessRequests } from './contract/access-requests.js'
import { testAppKeys } from './contract/app-keys.js'
import { testClaims } from './contract/claims.js'
import { APP, claimOf, create, found, ok, type Test } from './contract/fixtures.js'
import { testInvites } from './contract/invites.js'
import { testKeyedRequests } from './contract/keyed-requests.js'
import { testLinks } from './contract/links.js'
import { testLists } from './contract/lists.js'
import { testLogged } from './contract/logged.js'
import { testOutbox } from './contract/outbox.js'
import { testPrivacy } from './contract/privacy.js'
import { testPruning } from './contract/pruning.js'
import { testQuotas } from './contract/quotas.js'
import { testRecord } from './contract/record.js'
import { testSettings } from './contract/settings.js'
import { testSiblings } from './contract/siblings.js'
import { testWebhooks } from './contract/webhooks.js'

/** The two functions that mocha, vitest, jest and `node:test` have in common. */
export interface TestRunner {
  /** Names a group of tests, and declares them at once. */
  describe(name: string, define: () => void): unknown
  /** Declares one test; it fails where its promise rejects. */
  it(name: string, test: () => Promise<void>): unknown
}

/**
 * Declares the suite.
 * @param open Opens a migrated store on an empty database. Called for each test; the suite closes what it opened.
 * @example storeContract({ describe, it }, async () => { const store = myStore(); await store.migrate(); return store })
 */
export function storeContract({ describe, it }: TestRunner, open: () => Promise<InviteStore>): void {
  const test: Test = (name, body) =>
    void it(name, async () => {
      const store = await open()
      try {
        await body(store)
      } finally {
        await store.close()
      }
    })

  describe('keeps invites', () => testInvites(test))
  describe('claims', () => testClaims(test))
  describe('accepts', () => testAccepts(test))
  describe('closes siblings', () => testSiblings(test))
  describe('keeps the outbox', () => testOutbox(test))
  describe('keeps keyed requests', () => testKeyedRequests(test))
  describe('keeps keys of apps', () => testAppKeys(test))
  describe('keeps the waiting list', () => testAccessRequests(test))
  describe('prunes', () => testPruning(test))
  describe('keeps links', () => testLinks(test))
  describe('forgets', () => testPrivacy(test))
  describe('keeps quotas', () => testQuotas(test))
  describe('keeps lists', () => testLists(test))
  describe('keeps the record', () => testRecord(test))
  describe('logs', () => testLogged(test))
  describe('keeps webhooks', () => testWebhooks(test))
  describe('keeps settings', () => testSettings(test))

  describe('lasts', () => {
    test('migrates any number of times, at once too, and keeps what is there', async (store) => {
      const invite = await create(store)
      await Promise.all([store.migrate(), store.migrate(), store.migrate()])
      assert.equal((await found(store, invite)).id, invite.id)
    })

    test('tells the time', async (store) => {
      const before = Date.now()
      const time = await store.time()
      const hour = 60 * 60 * 1000
      ok(Number.isInteger(time) && Math.abs(time - before) < hour, `in ms since 1970, instead of ${time}`)
    })

    it('rejects everything once it is closed, and closes twice', async () => {
      const store = await open()
      const invite = await create(store)
      await store.close()
      await store.close()
      await assert.rejects(store.claim(claimOf(invite)))
      await assert.rejects(store.getSettings(APP))
    })
  })
}
