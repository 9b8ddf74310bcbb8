// Which column of a list is which field of an invite: known by its name, or told.
import { InviteError } from '../errors.js'
import { rowSchema } from '../schemas/lists.js'

/** How the columns of a list are read. */
export interface ColumnOptions {
  /** The name of the column, by field: `{ email: 'Mail', 'metadata.plan': 'Plan' }`. */
  readonly map?: Readonly<Record<string, string>> | undefined
  /** Whether columns that are no field are left out. Default: they are refused. */
  readonly ignoreColumns?: boolean | undefined
}

const METADATA = 'metadata.'
const fields = Object.keys(rowSchema.entries).filter((field) => field !== 'metadata')
const otherNames: Readonly<Record<string, string>> = {
  emailaddress: 'email',
  mail: 'email',
  mailaddress: 'email',
  org: 'orgId',
  organization: 'orgId',
  organizationid: 'orgId',
  organisation: 'orgId',
  organisationid: 'orgId',
  inviter: 'inviterEmail',
  invitedby: 'inviterEmail',
  note: 'message',
  language: 'locale',
  lang: 'locale',
}
const known: ReadonlyMap<string, string> = new Map([
  ...fields.map((field) => [bare(field), field] as const),
  ...Object.entries(otherNames),
])

/** @throws InviteError where a field is none. */
export function checkMap(map: Readonly<Record<string, string>> = {}): void {
  for (const field of Object.keys(map)) {
    if (fields.includes(field) || (field.startsWith(METADATA) && field.length > METADATA.length)) continue
    throw unreadable(`There is no field ${field} to map a column to: there are ${fields.join(', ')}, and metadata.….`)
  }
}

/**
 * The field of each column; `undefined` for one that is left out.
 * @throws InviteError where one is no field, two are the same, or none is the address.
 */
export function fieldsOf(
  header: readonly string[],
  { map = {}, ignoreColumns = false }: ColumnOptions,
): readonly (string | undefined)[] {
  const names = header.map((cell) => cell.trim())
  const mapped = new Map(Object.entries(map).map(([field, column]) => [column, field]))
  for (const [column, field] of mapped) {
    if (!names.includes(column)) throw unreadable(`There is no column ${column} for ${field}; ${there(names)}.`)
  }
  const told = new Set(mapped.values())
  const found = names.map((name) => {
    const field = mapped.get(name) ?? (name.startsWith(METADATA) ? name : known.get(bare(name)))
    return mapped.has(name) || (field !== undefined && !told.has(field)) ? field : undefined
  })
  const strange = names.filter((name, at) => found[at] === undefined && name !== '')
  if (strange.length > 0 && !ignoreColumns) {
    throw unreadable(
      `No field of an invite is in the ${strange.length === 1 ? 'column' : 'columns'} ${strange.join(', ')}: rename, map or leave out.`,
    )
  }
  const twice = found.find((field, at) => field !== undefined && found.indexOf(field) !== at)
  if (twice !== undefined) throw unreadable(`More than one column is ${twice}; ${there(names)}.`)
  if (!found.includes('email')) throw unreadable(`No column is the address (email); ${there(names)}.`)
  return found
}

/** The fields of a row of cells. An empty cell says nothing. */
export function rowOf(columns: readonly (string | undefined)[], cells: readonly string[]): Record<string, unknown> {
  const row: Record<string, unknown> = {}
  let metadata: Record<string, unknown> | undefined
  for (const [at, field] of columns.entries()) {
    const cell = cells[at]?.trim() ?? ''
    if (field === undefined || cell === '') continue
    if (field.startsWith(METADATA)) {
      metadata ??= {}
      Object.defineProperty(metadata, field.slice(METADATA.length), { value: cell, enumerable: true })
    } else row[field] = fieldValue(field, cell)
  }
  return metadata === undefined ? row : { ...row, metadata }
}

/** The failure of a list that cannot be read on. */
export function unreadable(detail: string, cause?: unknown): InviteError {
  return new InviteError('input_invalid', { detail, cause })
}

function fieldValue(field: string, cell: string): unknown {
  if (field === 'expiresInMs') return cell === 'never' ? null : /^\d+$/.test(cell) ? Number(cell) : cell
  if (field === 'sendEmail') return /^(true|yes|1)$/i.test(cell) || (/^(false|no|0)$/i.test(cell) ? false : cell)
  return cell
}

function there(names: readonly string[]): string {
  return `the columns are ${names.join(', ')}`
}

/** As names are compared: `E-Mail Address` is `emailaddress`. */
function bare(name: string): string {
  return name.toLowerCase().replace(/[^a-z0-9]/g, '')
}
