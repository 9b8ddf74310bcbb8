// Rows of NDJSON: one JSON object a line.
import { isPlainObject } from '../input.js'
import type { ListedRow } from '../use-cases/send-many.js'
import { type ColumnOptions, unreadable } from './columns.js'

const MAX_LINE = 64 * 1024

/** @throws InviteError `input_invalid` where a line does not end. */
export async function* readNdjson(
  text: AsyncIterable<string>,
  { map = {} }: ColumnOptions,
): AsyncGenerator<readonly ListedRow[], void, undefined> {
  const renamed = Object.entries(map)
  let line = 0
  let rest = ''
  function toRows(lines: readonly string[]): readonly ListedRow[] {
    return lines.flatMap((each): ListedRow | readonly ListedRow[] => {
      line++
      return each.trim() === '' ? [] : parsed(line, each, renamed)
    })
  }
  for await (const chunk of text) {
    const lines = (rest + chunk).split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > MAX_LINE) throw unreadable(`Line ${line + lines.length + 1} is too long: one JSON object a line.`)
    yield toRows(lines)
  }
  yield toRows([rest])
}

function parsed(line: number, text: string, renamed: readonly (readonly [string, string])[]): ListedRow {
  try {
    const fields: unknown = JSON.parse(text)
    return { line, fields: isPlainObject(fields) && renamed.length > 0 ? rename(fields, renamed) : fields }
  } catch {
    return { line, errors: [{ pointer: '#', detail: 'is not valid JSON' }] }
  }
}

function rename(row: Readonly<Record<string, unknown>>, renamed: readonly (readonly [string, string])[]): object {
  const fields: Record<string, unknown> = { ...row }
  for (const [field, name] of renamed) {
    if (!Object.hasOwn(row, name)) continue
    delete fields[name]
    const [, key] = /^metadata\.(.+)$/.exec(field) ?? []
    if (key === undefined) fields[field] = row[name]
    else fields.metadata = { ...(isPlainObject(fields.metadata) && fields.metadata), [key]: row[name] }
  }
  return fields
}
