// What options are made of: each check returns the value, or throws a TypeError with the answer in it.
import { existsSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { parseAddress } from './addresses.js'

const BREAKS = /[\p{Cc}\p{Zl}\p{Zp}]/u // what could end a line of a mail's head

export function readUrl(name: string, value: unknown, what: string): URL {
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : undefined
  if (url === undefined || !/^https?:$/.test(url.protocol)) wrong(name, `${what}: an absolute http or https URL`)
  if (url.hash || url.username || (name === 'baseUrl' && url.search))
    wrong(name, 'a URL without credentials, query or fragment')
  return url
}

const LOOPBACK = /^(?:localhost|.+\.localhost|127(?:\.\d+){3}|\[::1\])$/

/** Whether it is plain http, and leads beyond this very machine. */
export function isExposed({ protocol, hostname }: URL): boolean {
  return protocol === 'http:' && !LOOPBACK.test(hostname)
}

/** Whether browsers send a cookie of `domain` to `host` (RFC 6265, 5.1.3). */
export function isWithin(host: string, domain: string, subdomains = true): boolean {
  return host === domain || (subdomains && host.endsWith(`.${domain}`))
}

export function readSender(name: string, from: unknown, required: boolean): string | undefined {
  if (from === undefined && !required) return undefined
  const sender = typeof from === 'string' ? from : ''
  const address = /<([^<>]*)>$/.exec(sender)?.[1] ?? sender
  if (BREAKS.test(sender) || parseAddress(address) === undefined) {
    wrong(name, 'the sender of mails, such as `Acme <hello@acme.dev>`')
  }
  return sender
}

export function readFolder(name: string, folder: unknown): string | undefined {
  if (folder === undefined) return undefined
  if (typeof folder !== 'string' || !existsSync(folder) || !statSync(folder).isDirectory()) {
    wrong(name, `a folder that exists; ${typeof folder === 'string' ? resolve(folder) : String(folder)} does not`)
  }
  return resolve(folder)
}

/** A count of `unit`, such as milliseconds. */
export function duration(
  name: string,
  value: unknown,
  unit = 'a whole number of milliseconds, 1 or more',
): number | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 1) wrong(name, unit)
  return value
}

export function text(name: string, value: unknown): string | undefined {
  if (value === undefined) return undefined
  if (typeof value !== 'string' || value.trim() === '' || BREAKS.test(value)) wrong(name, 'a line of text')
  return value
}

export function optional<T>(name: string, value: T | undefined, type: string, what: string): T | undefined {
  if (value !== undefined && typeof value !== type) wrong(name, what)
  return value
}

export function wrong(name: string, what: string): never {
  throw new TypeError(`createInvites: \`${name}\` must be ${what}.`)
}
