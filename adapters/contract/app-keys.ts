// Keys of apps: each is its own app's, and revoked for ever.
import assert from 'node:assert/strict'
import type { InviteStore, NewAppKey } from '../../src/store.js'
import { APP, NOW, type Test } from './fixtures.js'

const OTHER = 'other'

function newKey(id: string, changes: Partial<NewAppKey> = {}): NewAppKey {
  const scopes = ['invites', 'acceptances']
  return {
    id,
    appId: APP,
    label: 'Låbel ✓',
    scopes,
    keyHash: `hash-${id}`,
    createdAt: NOW,
    expiresAt: null,
    ...changes,
  }
}

const find = (store: InviteStore, keyId: string, appId = APP) => store.findAppKey({ appId, keyId })

export function testAppKeys(test: Test): void {
  test('finds a key as it was made, in its own app and in no other', async (store) => {
    const key = newKey('one', { expiresAt: NOW + 1 })
    const kept = { ...key, lastUsedAt: null, revokedAt: null }
    assert.deepEqual(await find(store, 'one'), { key: undefined, hasKeys: false })
    assert.deepEqual(await store.createAppKey(key), kept)
    assert.deepEqual(await find(store, 'one'), { key: kept, hasKeys: true })
    assert.deepEqual(await find(store, 'two'), { key: undefined, hasKeys: true })
    assert.deepEqual(await find(store, 'one', OTHER), { key: undefined, hasKeys: false })
  })

  test('takes an id once, whatever the app', async (store) => {
    await store.createAppKey(newKey('one'))
    await assert.rejects(store.createAppKey(newKey('one', { appId: OTHER, keyHash: 'another' })))
    assert.equal((await find(store, 'one')).key?.keyHash, 'hash-one')
    assert.equal((await find(store, 'one', OTHER)).hasKeys, false)
  })

  test('revokes a key for ever, by one of any number of calls', async (store) => {
    await store.createAppKey(newKey('one'))
    await store.createAppKey(newKey('two'))
    const revoke = (now: number, keyId = 'one', appId = APP) => store.revokeAppKey({ appId, keyId, now })
    assert.equal(await revoke(NOW, 'one', OTHER), undefined)
    assert.equal(await revoke(NOW, 'none'), undefined)
    const all = await Promise.all(Array.from({ length: 10 }, () => revoke(NOW + 1)))
    assert.equal(all.filter((revoked) => revoked === true).length, 1)
    assert.equal(await revoke(NOW + 2), false)
    assert.equal((await find(store, 'one')).key?.revokedAt, NOW + 1)
    assert.equal((await find(store, 'one')).hasKeys, true)
    assert.equal(await revoke(NOW, 'two'), true)
    const { key, hasKeys } = await find(store, 'one')
    assert.deepEqual([key?.id, hasKeys], ['one', false])
    assert.equal((await find(store, 'none')).hasKeys, false)
  })

  test('notes when a key was used last, whatever the order', async (store) => {
    await store.createAppKey(newKey('one'))
    const lastUse = async (now: number, appId = APP) => {
      await store.noteAppKeyUse({ appId, keyId: 'one', now })
      return (await find(store, 'one')).key?.lastUsedAt
    }
    assert.equal(await lastUse(NOW, OTHER), null)
    assert.equal(await lastUse(NOW + 5), NOW + 5)
    assert.equal(await lastUse(NOW + 1), NOW + 5)
    assert.equal(await lastUse(NOW + 6), NOW + 6)
    await store.noteAppKeyUse({ appId: APP, keyId: 'none', now: NOW })
  })

  test('lists the keys of an app, newest first, page by page', async (store) => {
    await store.createAppKey(newKey('b'))
    await store.createAppKey(newKey('c', { createdAt: NOW + 1 }))
    await store.createAppKey(newKey('a'))
    await store.createAppKey(newKey('d', { appId: OTHER }))
    await store.revokeAppKey({ appId: APP, keyId: 'c', now: NOW + 2 })
    const ids = async (limit: number, after?: { at: number; id: string }) =>
      (await store.listAppKeys({ appId: APP, limit, after })).map(({ id }) => id)
    assert.deepEqual(await ids(10), ['c', 'b', 'a'])
    assert.deepEqual(await ids(2), ['c', 'b'])
    assert.deepEqual(await ids(2, { at: NOW, id: 'b' }), ['a'])
    assert.deepEqual(await ids(2, { at: NOW, id: 'a' }), [])
  })
}
