// Codes that people make up: short enough to be guessed, so looked up by a keyed hash, and only where the host allows them.
import { hashCode, normalizeCode, normalizeHumanCode, readCode } from './codes.js'
import type { Context } from './context.js'
import type { InviteRecord } from './store.js'

// Tells them from those of ours in the database: `human.` and an HMAC, which a copy of it cannot be searched with.
const PREFIX = 'human.'

/** Whether this install would look the text up as a made-up code. */
export function isHumanCode({ config }: Context, typed: string): boolean {
  return config.humanCodes !== undefined && normalizeCode(typed) === undefined && readCode(typed) !== undefined
}

/** Whether this install would look the text up as a code of any kind. */
export function mayBeCode(context: Context, typed: string): boolean {
  return normalizeCode(typed) !== undefined || isHumanCode(context, typed)
}

/** Whether the invite's code was made up. */
export function hasHumanCode({ codeHash }: Pick<InviteRecord, 'codeHash'>): boolean {
  return codeHash.startsWith(PREFIX)
}

/** What a made-up code may be kept under: by each secret, the newest first. */
export function humanHashes({ keyring }: Context, appId: string, code: string): readonly string[] {
  return keyring.digests('human-code', [appId, code]).map((mac) => PREFIX + mac)
}

/**
 * What the code that was typed is looked up by. With several secrets, a made-up one is looked for under each, found or
 * not, by one statement each.
 */
export async function hashOfTyped(context: Context, appId: string, typed: string): Promise<string> {
  const code = isHumanCode(context, typed) ? normalizeHumanCode(typed) : undefined
  // A text that cannot be a code is looked up all the same: one way through for every wrong code.
  if (code === undefined) return hashCode(normalizeCode(typed) ?? '')
  const hashes = humanHashes(context, appId, code)
  const [newest = ''] = hashes
  if (hashes.length === 1) return newest
  let known: string | undefined
  for (const codeHash of hashes) {
    const { invite } = await context.store.lookUp({ appId, codeHash })
    known ??= invite && codeHash
  }
  return known ?? newest
}
