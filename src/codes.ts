// Invite codes: how they are made, read from what a person typed, and looked up.
import { hash } from 'node:crypto'
import { customAlphabet } from 'nanoid'

// Crockford's base 32: digits and letters without I, L, O and U, so nothing in a code looks like anything else in it.
const ALPHABET = '0123456789ABCDEFGHJKMNPQRSTVWXYZ'
const LENGTH = 28 // × 5 bits = 140 bits; a multiple of the group below
const GROUP = 4
// What people and their keyboards put between groups.
const SEPARATORS = /[\s\-\u2010-\u2015\u2212]+/g
const MAX_TYPED = 128
const HUMAN = /^[0-9A-Z]{6,24}$/ // always shorter than one of ours

const random = customAlphabet(ALPHABET, LENGTH)

/** A new code of 140 random bits from `node:crypto`, in the form it is shown: `7K3M-…` in groups of four. */
export function generateCode(): string {
  return (random().match(new RegExp(`.{${GROUP}}`, 'g')) ?? []).join('-')
}

/**
 * A code as it is compared: upper case, without spaces and dashes, look-alikes read as what they look like
 * (`o` as 0, `i` and `l` as 1). `undefined` where the text cannot be a code.
 */
export function normalizeCode(typed: string): string | undefined {
  if (typed.length > MAX_TYPED) return undefined
  const bare = typed.replace(SEPARATORS, '')
  if (!/^[0-9A-Za-z]+$/.test(bare)) return undefined
  const code = alike(bare)
  return code.length === LENGTH && !code.includes('U') ? code : undefined
}

/**
 * A code that a person made up (`LAUNCH-2026`), in the form it is compared in: as `normalizeCode` reads one, U included.
 * `undefined` where the text cannot be one: too few letters and digits, or as many as a code of ours may have.
 */
export function normalizeHumanCode(typed: string): string | undefined {
  if (typed.length > MAX_TYPED) return undefined
  const code = alike(typed.replace(SEPARATORS, ''))
  return HUMAN.test(code) ? code : undefined
}

/** A code of either kind as it is compared. */
export function readCode(typed: string): string | undefined {
  return normalizeCode(typed) ?? normalizeHumanCode(typed)
}

/** Whether nothing was typed: an empty field of a form counts as no code. */
export function isBlankCode(typed: string): boolean {
  return typed.replace(SEPARATORS, '') === ''
}

/** What a code of ours is looked up by: plain SHA-256, so that rotating `secret` never invalidates one. */
export function hashCode(normalized: string): string {
  return hash('sha256', normalized, 'base64url')
}

/** Upper case, with one spelling for what looks alike. */
function alike(bare: string): string {
  return bare.toUpperCase().replaceAll('O', '0').replace(/[IL]/g, '1')
}
