// Values as Postgres writes them, read without the type parsers that a host may have set for its own use.
import type { DbJson, DbTime } from '../kysely/schema.js'

const INTEGERS = [20, 21, 23] // int8, int2, int4

/** Whether values of this type are read as numbers. All others stay text. */
export const isNumber = (oid: number) => INTEGERS.includes(oid)

/** The parsers of our own queries, in the shape that pg asks for. Times and JSON stay text until they are decoded. */
export const types = {
  getTypeParser: (oid: number) => (value: string) => (isNumber(oid) ? Number(value) : value),
}

/** From `2026-11-21 12:39:48.123+00`, or from what a parser of the host's has made of it. */
export function decodeTime(value: DbTime): number {
  const given = value as unknown
  if (given instanceof Date) return given.getTime()
  const [, date, time, zone = ''] = /^(\d{4}-\d\d-\d\d)[ T]([\d:.]+?)(Z|[+-]\d\d(?::?\d\d)?)$/.exec(String(given)) ?? []
  const timestamp = Date.parse(`${date}T${time}${/^[+-]\d\d$/.test(zone) ? `${zone}:00` : zone}`)
  if (Number.isNaN(timestamp)) throw new Error(`Postgres wrote a time as ${given}; \`datestyle\` must be ISO.`)
  return timestamp
}

export function decodeJson(value: DbJson): Record<string, unknown> {
  const given = value as unknown
  return (typeof given === 'string' ? JSON.parse(given) : given) as Record<string, unknown>
}

/** A parameter as it is sent: Postgres keeps no NUL in a text, and none that is there has one. */
export function encodeParameter(value: unknown): unknown {
  return typeof value === 'string' && value.includes('\0') ? value.replaceAll('\0', '\uFFFD') : value
}
