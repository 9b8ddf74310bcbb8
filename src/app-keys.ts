// Keys of apps: how they are made, read from a password, compared, and what they may be used for.
import { createHash, timingSafeEqual } from 'node:crypto'
import { customAlphabet } from 'nanoid'
import type { Action, Actor } from './types.js'

// A new action does not compile before somebody has said which scope it takes.
type Family<Name extends Action> = Name extends `${infer First}.${string}` ? First : never
const scopes = {
  invite: 'invites',
  acceptance: 'acceptances',
  settings: 'settings',
  quota: 'quotas',
  request: 'requests',
  stats: 'stats',
  audit: 'audit',
  person: 'people',
  key: 'keys',
} as const satisfies Record<Family<Action>, AppKeyScope>

/** What a key may be used for: the actions of that name, such as `invite.create` for `invites`. */
export type AppKeyScope =
  | ('invites' | 'acceptances' | 'settings' | 'quotas' | 'requests')
  | ('stats' | 'audit' | 'people' | 'keys')

/** A key that a program of an app manages its invites with, without the key itself. Times are ISO 8601, UTC. */
export interface AppKey {
  /** Names it for `revokeKey`. The part of the key before its secret, so that one that turns up somewhere can be told. */
  readonly keyId: string
  /** The only app that it is for. */
  readonly appId: string
  /** What people know it by. */
  readonly label: string
  /** What it may be used for. */
  readonly scopes: readonly AppKeyScope[]
  /** Only an `active` one is accepted. As it stood when this was read. */
  readonly state: 'active' | 'expired' | 'revoked'
  /** ISO 8601, UTC. */
  readonly createdAt: string
  /** `null`: it is good until it is revoked. */
  readonly expiresAt: string | null
  /** To about a minute; `null`: never used. */
  readonly lastUsedAt: string | null
  /** `null`: not revoked. */
  readonly revokedAt: string | null
}

/** A new key, with what is shown only this once. */
export interface CreatedAppKey extends AppKey {
  /** The key: the password of `Authorization: Basic`, where the app's id is the user. It is not kept. */
  readonly key: string
}

export const appKeyScopes: readonly AppKeyScope[] = Object.values(scopes)
/** Without what changes the rules for everybody, what forgets people for good, and what makes access last. */
export const defaultScopes = appKeyScopes.filter((scope) => !['settings', 'people', 'keys'].includes(scope))

// Letters and digits alone, so that one click selects a key and nothing in it needs escaping; with a prefix that
// secret scanners may look for.
const ALPHABET = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const FORM = /^eio_([0-9A-Za-z]{12})_[0-9A-Za-z]{32}$/
const randomKeyId = customAlphabet(ALPHABET, 12)
const randomSecret = customAlphabet(ALPHABET, 32) // × 5.95 bits = 190 bits, from `node:crypto`

/** A new key and its id, which is a part of it. */
export function generateAppKey(): { readonly id: string; readonly key: string } {
  const id = randomKeyId()
  return { id, key: `eio_${id}_${randomSecret()}` }
}

/** The id in what may be a key; `undefined` where it is none. */
export function appKeyId(given: string): string | undefined {
  return FORM.exec(given)?.[1]
}

/** What a key is kept as. Plain SHA-256: of 190 random bits there is nothing to guess, and it is judged on every request. */
export function hashAppKey(key: string): string {
  return createHash('sha256').update(key).digest('base64url')
}

/** Whether this is the key of that hash, told in the same time wherever they differ. */
export function isAppKey(given: string, keyHash: string): boolean {
  const [one, other] = [Buffer.from(hashAppKey(given)), Buffer.from(keyHash)]
  return one.length === other.length && timingSafeEqual(one, other)
}

/** The scope that an action takes. */
export function scopeOf(action: Action): AppKeyScope {
  const [family] = action.split('.') as [Family<Action>]
  return scopes[family]
}

const ACTOR_ID = 'key:'

/** The id of the actor that whoever has this key is. */
export function appKeyActorId(keyId: string): string {
  return `${ACTOR_ID}${keyId}`
}

/** Whether an actor is a program with a key of the app's, in whose name nobody is invited. */
export function isAppKeyActor({ id, access }: Pick<Actor, 'id' | 'access'>): boolean {
  return access === 'supervisor' && String(id).startsWith(ACTOR_ID)
}
