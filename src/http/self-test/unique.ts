// Making each try somebody else: hosts have unique addresses, user names and ids.
import { randomInt } from 'node:crypto'
import { parseAddress } from '../../addresses.js'

const IDS = ['id', 'sub', 'username', 'login', 'nameID'] // as forms and providers call them

/** Nine digits: few enough for an integer column. */
export function newUnique(): string {
  return String(randomInt(100_000_000, 1_000_000_000))
}

/** The same mailbox under an address of its own. */
export function uniqueAddress(address: string, unique: string): string {
  const at = address.lastIndexOf('@')
  return `${address.slice(0, at)}+${unique}${address.slice(at)}`
}

/** The same, with every address, user name and id in it another. What is neither list nor plain object stays. */
export function uniquely(value: unknown, unique: string, name = ''): unknown {
  if (Array.isArray(value)) return value.map((each) => uniquely(each, unique))
  if (typeof value === 'string' && parseAddress(value)) return uniqueAddress(value, unique)
  if (IDS.includes(name)) {
    if (typeof value === 'number') return Number(unique)
    if (typeof value === 'string') return /^\d*$/.test(value) ? unique : `${value}${unique}`
  }
  if (typeof value !== 'object' || value === null || !isPlain(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, uniquely(each, unique, key)]))
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null // also of another realm, as in jest
}
