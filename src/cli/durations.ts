// Durations as they are typed: `30m`, `12h`, `7d`. A package for it would take `7` as ms and `1 year` as 365.25 days.
import { InvalidArgumentError } from 'commander'

const UNITS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }
const MAX_MS = 3660 * 86_400_000 // the longest term an invite may have

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

/** A whole number; infinite for `unlimited`. @throws InvalidArgumentError */
export function readUses(text: string): number {
  return text === 'unlimited' ? Number.POSITIVE_INFINITY : readCount(text)
}

/** @throws InvalidArgumentError */
export function readCount(text: string): number {
  if (/^[1-9]\d{0,8}$/.test(text)) return Number(text)
  throw new InvalidArgumentError('It must be a whole number, 1 or more.')
}
