// Everything done under `secret`: sealing what must be read again, signing what must come back unchanged.
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto'

/** What a signature or seal is for. Each has a key of its own, so that none serves in another's place. */
type Purpose = (typeof purposes)[number]
export const purposes = [
  'code-seal',
  'answer-seal',
  'join-cookie',
  'round-trip',
  'mail-proof',
  'request-proof',
  'keyed-request',
  'human-code',
  'mail-limit',
  'mail-refusal',
  'no-more',
] as const

type Seal = Extract<Purpose, `${string}-seal`>

/** Seals and signs under the first secret, opens and verifies under any of them. */
export interface Keyring {
  /** Encrypts `text` (AES-256-GCM), bound to `context`. */
  seal(purpose: Seal, text: string, context: readonly string[]): string
  /** What was sealed for this purpose, or `undefined` where no secret opens it in this context. */
  open(purpose: Seal, sealed: string, context: readonly string[]): string | undefined
  /** HMAC-SHA256 over `parts`, base64url. */
  sign(purpose: Purpose, parts: readonly (string | number)[]): string
  /** Whether `signature` is one that {@link Keyring.sign} gave for the same purpose and parts. */
  verify(purpose: Purpose, parts: readonly (string | number)[], signature: string): boolean
  /**
   * As {@link Keyring.sign}, but under the last secret: what rows are found by. It is the same for processes with
   * `[old]` and with `[new, old]`, so it changes when `old` is dropped, and not while a rotation is rolled out.
   */
  digest(purpose: Purpose, parts: readonly (string | number)[]): string
  /** As {@link Keyring.sign}, under each secret, the newest first: for rows that are to be found after a rotation too. */
  digests(purpose: Purpose, parts: readonly (string | number)[]): readonly string[]
}

const VERSION = '1'
const NONCE_BYTES = 12
const NONCES = 256 // made at once
const TAG_BYTES = 16

/** A keyring over `secrets`, newest first. */
export function createKeyring(secrets: readonly string[]): Keyring {
  const keys = secrets.map(deriveKeys)
  const [newest] = keys
  const oldest = keys.at(-1)
  if (newest === undefined || oldest === undefined) throw new TypeError('createKeyring needs at least one secret')

  return {
    seal(purpose, text, context) {
      const nonce = nextNonce()
      const cipher = createCipheriv('aes-256-gcm', newest[purpose], nonce).setAAD(encode(context))
      const body = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()])
      return `${VERSION}.${Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url')}`
    },
    open(purpose, sealed, context) {
      const [version, body = ''] = sealed.split('.')
      if (version !== VERSION) return undefined
      const bytes = Buffer.from(body, 'base64url')
      for (const key of keys) {
        const text = decrypt(key[purpose], bytes, context)
        if (text !== undefined) return text
      }
      return undefined
    },
    sign: (purpose, parts) => mac(newest[purpose], parts),
    verify(purpose, parts, signature) {
      // Compared as text: decoding first would let several spellings of one signature pass.
      const given = Buffer.from(signature)
      return keys.some((key) => {
        const expected = Buffer.from(mac(key[purpose], parts))
        return given.length === expected.length && timingSafeEqual(given, expected)
      })
    },
    digest: (purpose, parts) => mac(oldest[purpose], parts),
    digests: (purpose, parts) => keys.map((key) => mac(key[purpose], parts)),
  }
}

/** Random bytes, of which many are asked for at once: one at a time, that takes longer than the sealing. */
const nextNonce = (() => {
  let pool = Buffer.alloc(0)
  let at = 0
  return () => {
    if (at === pool.length) {
      pool = randomBytes(NONCE_BYTES * NONCES)
      at = 0
    }
    at += NONCE_BYTES
    return pool.subarray(at - NONCE_BYTES, at)
  }
})()

function deriveKeys(secret: string): Record<Purpose, Buffer> {
  const derive = (purpose: Purpose) =>
    Buffer.from(hkdfSync('sha256', secret, 'express-invite-only', `v${VERSION} ${purpose}`, 32))
  return Object.fromEntries(purposes.map((purpose) => [purpose, derive(purpose)])) as Record<Purpose, Buffer>
}

function decrypt(key: Buffer, bytes: Buffer, context: readonly string[]): string | undefined {
  if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined
  const nonce = bytes.subarray(0, NONCE_BYTES)
  const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_BYTES })
    .setAAD(encode(context))
    .setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
  try {
    return Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString('utf8')
  } catch {
    return undefined // sealed under another secret, or for another invite
  }
}

function mac(key: Buffer, parts: readonly (string | number)[]): string {
  return createHmac('sha256', key).update(encode(parts)).digest('base64url')
}

// JSON keeps the borders between parts, so that ['a', 'bc'] and ['ab', 'c'] never sign alike.
function encode(parts: readonly (string | number)[]): Buffer {
  return Buffer.from(JSON.stringify(parts))
}
