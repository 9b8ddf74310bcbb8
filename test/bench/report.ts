// Tables as they are printed, and targets as they are kept or missed.
import type { Spread } from './statistics.js'

/** What is asked of a figure. */
export interface Target {
  readonly what: string
  readonly value: number
  readonly atLeast?: number
  readonly atMost?: number
}

export interface Table {
  readonly title: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
  readonly targets?: readonly Target[]
  /** Every figure, for the file. */
  readonly figures?: unknown
}

export function isKept({ value, atLeast = -Infinity, atMost = Infinity }: Target): boolean {
  return value >= atLeast && value <= atMost
}

export function printTable({ title, columns, rows, targets = [] }: Table): void {
  console.log(`\n### ${title}\n`)
  const line = (cells: readonly string[]) => console.log(`| ${cells.join(' | ')} |`)
  line(columns)
  line(columns.map((_column, index) => (index === 0 ? '---' : '---:')))
  for (const row of rows) line(row)
  if (targets.length > 0) console.log('')
  for (const target of targets) console.log(`- ${describeTarget(target)}`)
}

export function describeTarget(target: Target): string {
  const { what, value, atLeast, atMost } = target
  const bounds = [atLeast === undefined ? [] : `≥ ${atLeast}`, atMost === undefined ? [] : `≤ ${atMost}`].flat()
  return `${isKept(target) ? 'kept' : 'MISSED'}: ${what} ${bounds.join(' and ')}, is ${short(value)}`
}

/** `0.93 (0.90–0.95)`. */
export function withSpread({ median, low, high }: Spread): string {
  return `${short(median)} (${short(low)}–${short(high)})`
}

/** Three digits that count. */
export function short(value: number): string {
  if (!Number.isFinite(value)) return '–'
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US')
  return value.toFixed(Math.abs(value) >= 10 ? 1 : 2)
}
