// Keys of apps: making, listing and revoking them, and judging one that came with a request.
import { supervisorsOnly } from '../actors.js'
import {
  type AppKey,
  appKeyId,
  appKeyScopes,
  type CreatedAppKey,
  generateAppKey,
  hashAppKey,
  isAppKey,
} from '../app-keys.js'
import { appOf, type Context, type KnownScope } from '../context.js'
import { readCursor, toPage } from '../cursors.js'
import { InviteError } from '../errors.js'
import { type InputOf, read } from '../input.js'
import { noteOf } from '../notes.js'
import { pageSchema } from '../schemas/invites.js'
import { createKeySchema } from '../schemas/keys.js'
import type { AppKeyRecord } from '../store.js'
import type { Page } from '../types.js'
import { isoTime } from '../views.js'
import type { PageQuery } from './acceptances.js'

/**
 * A new key, as it is asked for.
 * @interface
 */
export type CreateKey = InputOf<typeof createKeySchema>

const NOTED_EVERY_MS = 60_000
const noted = new WeakMap<Context, Map<string, number>>()

export async function createKey(context: Context, input: CreateKey, scope: KnownScope): Promise<CreatedAppKey> {
  const { appId } = appOf(context, scope.appId)
  supervisorsOnly(scope.actor)
  const { label, scopes, expiresInMs } = read(createKeySchema, input)
  const { id, key } = generateAppKey()
  const now = context.config.clock()
  const expiresAt = expiresInMs === null ? null : now + expiresInMs
  const kept = { id, appId, label, scopes, keyHash: hashAppKey(key), createdAt: now, expiresAt }
  const note = noteOf(context, 'key.create', scope, { keyId: id, scopes })
  return { ...appKeyView(await context.store.createAppKey(kept, note), now), key }
}

export async function listKeys(context: Context, query: PageQuery, scope: KnownScope): Promise<Page<AppKey>> {
  const { appId } = appOf(context, scope.appId)
  supervisorsOnly(scope.actor)
  const { limit, cursor } = read(pageSchema, query)
  const records = await context.store.listAppKeys({ appId, limit: limit + 1, after: readCursor(cursor) })
  const { items, nextCursor } = toPage(records, limit, (record) => ({ at: record.createdAt, id: record.id }))
  const now = context.config.clock()
  return { items: items.map((record) => appKeyView(record, now)), nextCursor }
}

export async function revokeKey(context: Context, keyId: string, scope: KnownScope): Promise<boolean> {
  const { appId } = appOf(context, scope.appId)
  supervisorsOnly(scope.actor)
  const note = noteOf(context, 'key.revoke', scope, { keyId })
  const revoked = await context.store.revokeAppKey({ appId, keyId, now: context.config.clock(), note })
  if (revoked === undefined) throw new InviteError('invite_not_found', { detail: 'There is no such key.' })
  return revoked
}

/**
 * Whose password this is: the app's key, `'wrong'` for what is none of its active ones, or `undefined` where the app has no
 * keys, so that it may be for somebody else. One that was a key once is never for somebody else.
 */
export async function judgeKey(
  context: Context,
  { appId, password }: { readonly appId: string; readonly password: string },
): Promise<AppKeyRecord | 'wrong' | undefined> {
  const { key, hasKeys } = await context.store.findAppKey({ appId, keyId: appKeyId(password) ?? '' })
  if (key === undefined) return hasKeys ? 'wrong' : undefined
  const now = context.config.clock()
  if (!isAppKey(password, key.keyHash) || stateOf(key, now) !== 'active') return 'wrong'
  noteUse(context, key, now)
  return key
}

/** Once a minute, and nobody waits for it. Where it fails, the next minute's is as good. */
function noteUse(context: Context, { id, appId, lastUsedAt }: AppKeyRecord, now: number): void {
  const here = noted.get(context) ?? new Map<string, number>()
  noted.set(context, here)
  if (now - Math.max(lastUsedAt ?? 0, here.get(id) ?? 0) < NOTED_EVERY_MS) return
  here.set(id, now)
  context.store.noteAppKeyUse({ appId, keyId: id, now }).catch(() => undefined)
}

function stateOf({ revokedAt, expiresAt }: AppKeyRecord, now: number): AppKey['state'] {
  if (revokedAt !== null) return 'revoked'
  return expiresAt !== null && expiresAt <= now ? 'expired' : 'active'
}

function appKeyView(record: AppKeyRecord, now: number): AppKey {
  const time = (at: number | null) => (at === null ? null : isoTime(at))
  return {
    keyId: record.id,
    appId: record.appId,
    label: record.label,
    scopes: appKeyScopes.filter((each) => record.scopes.includes(each)),
    state: stateOf(record, now),
    createdAt: isoTime(record.createdAt),
    expiresAt: time(record.expiresAt),
    lastUsedAt: time(record.lastUsedAt),
    revokedAt: time(record.revokedAt),
  }
}
