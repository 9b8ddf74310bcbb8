// Durations and numbers as they are typed: `30m`, `12h`, `7d`. A package for it would take `7` as ms and `1 year` as
// 365.25 days.
import { InvalidArgumentError } from 'commander'
import * as v from 'valibot'
import { moment } from '../schemas/fields.js'

const DAY_MS = 86_400_000
const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: DAY_MS }
const DAY = /^\d{4}-\d\d-\d\d$/
const COUNT = /^[1-9]\d{0,8}$/
const MAX_MS = 3660 * DAY_MS // the longest term an invite may have

/** In ms; infinite for `never`. @throws InvalidArgumentError which says what would be right. */
export function readDuration(text: string): number {
  if (text === 'never') return Number.POSITIVE_INFINITY
  const [, digits = '', unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? []
  const ms = Number(digits) * (UNITS[unit] ?? 0)
  if (ms > 0 && ms <= MAX_MS) return ms
  throw new InvalidArgumentError(
    'It must be minutes, hours or days, such as 30m, 12h or 7d, at most 3660d, or `never`.',
  )
}

/** In ms, a day or more. @throws InvalidArgumentError */
export function readDays(text: string): number {
  const [, digits = ''] = /^(\d{1,6})d$/.exec(text) ?? []
  const ms = Number(digits) * DAY_MS
  if (ms > 0 && ms <= MAX_MS) return ms
  throw new InvalidArgumentError('It must be a number of days, such as 90d, from 1d to 3660d.')
}

/** A whole number; infinite for `unlimited`. @throws InvalidArgumentError */
export function readUses(text: string): number {
  if (text === 'unlimited') return Number.POSITIVE_INFINITY
  if (COUNT.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number, 1 or more, or `unlimited`.')
}

/** A whole number, also 0; infinite for `unlimited`. @throws InvalidArgumentError */
export function readBalance(text: string): number {
  if (text === 'unlimited') return Number.POSITIVE_INFINITY
  if (text === '0' || COUNT.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number, 0 or more, or `unlimited`.')
}

/** On the wire, `null` stands for no limit. */
export function limit(number: number): number | null {
  return number === Number.POSITIVE_INFINITY ? null : number
}

/** ISO 8601 with its zone; a day begins at midnight UTC. @throws InvalidArgumentError */
export function readMoment(text: string): string {
  const time = DAY.test(text) ? `${text}T00:00:00Z` : text
  if (v.is(moment, time)) return time
  throw new InvalidArgumentError('It must be a day, such as 2027-03-01, or a time with its zone: 2027-03-01T09:00:00Z.')
}

/** @throws InvalidArgumentError */
export function readCount(text: string): number {
  if (COUNT.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number, 1 or more.')
}
