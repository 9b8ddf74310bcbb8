// E-mail addresses: one parsed address, and the canonical form in which two are compared.
import { domainToASCII } from 'node:url'

/** One e-mail address: as it was given (mail goes there) and as it is compared. */
export interface Address {
  readonly original: string
  /** NFC, lower case, domain in ASCII (IDNA, UTS 46). Two addresses are the same person's when these are equal. */
  readonly canonical: string
  /** The domain of `canonical`. */
  readonly domain: string
}

// RFC 5321, 4.5.3.1: 64 octets of local part, 254 of the whole path.
const MAX_LOCAL = 64
const MAX_ADDRESS = 254

const LOCAL_PART = /^[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+(?:\.[\p{L}\p{M}\p{N}!#$%&'*+/=?^_`{|}~-]+)*$/u
const DOMAIN = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}-]*(?:\.[\p{L}\p{M}\p{N}-]+)*$/u
const ASCII_LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/

/**
 * Reads one plain address (`name@host.tld`). `undefined` for anything else: lists, groups, comments, quoted or
 * display names, white space, control and invisible (Cf) characters, address literals.
 */
export function parseAddress(text: string): Address | undefined {
  if (text.length > MAX_ADDRESS) return undefined // before anything that takes its time over a long text
  const at = text.lastIndexOf('@')
  const local = text.slice(0, at)
  const domain = canonicalDomain(text.slice(at + 1))
  if (at < 1 || domain === undefined || !LOCAL_PART.test(local)) return undefined
  const canonicalLocal = local.normalize('NFC').toLowerCase().normalize('NFC')
  const canonical = `${canonicalLocal}@${domain}`
  if (Buffer.byteLength(local) > MAX_LOCAL || Buffer.byteLength(text) > MAX_ADDRESS) return undefined
  if (Buffer.byteLength(canonical) > MAX_ADDRESS) return undefined
  return { original: text, canonical, domain }
}

/** A domain in the form it is compared in, or `undefined` where it is none that mail can reach. */
export function canonicalDomain(text: string): string | undefined {
  if (text.length > MAX_ADDRESS || !DOMAIN.test(text)) return undefined
  const ascii = domainToASCII(text.normalize('NFC')).toLowerCase()
  const labels = ascii.split('.')
  if (!labels.every((label) => ASCII_LABEL.test(label))) return undefined
  if (labels.length < 2 && ascii !== 'localhost') return undefined
  return /^\d+$/.test(labels.at(-1) ?? '') ? undefined : ascii
}

/** What may be shown of an address to somebody who holds only the code: its first letter and its domain. */
export function addressHint(address: string): string {
  const at = address.lastIndexOf('@')
  const [first = ''] = address
  return `${first}•••${address.slice(at)}`
}
