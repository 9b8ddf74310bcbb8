// A list in a file, whatever it is written in: CSV, or NDJSON where it begins with a brace.
import type { ListedRow } from '../use-cases/send-many.js'
import { type ColumnOptions, checkMap, unreadable } from './columns.js'
import { readCsv } from './csv.js'
import { decode } from './decode.js'
import { readNdjson } from './ndjson.js'

interface ListOptions extends ColumnOptions {
  /** Default: as its byte order mark says, else UTF-8. */
  readonly encoding?: string | undefined
}

/** The rows of a list, some at a time. @throws InviteError `input_invalid` where it cannot be read, with the line. */
export async function* readList(
  bytes: AsyncIterable<Uint8Array>,
  { encoding, ...options }: ListOptions,
): AsyncGenerator<readonly ListedRow[], void, undefined> {
  checkMap(options.map)
  const chunks = decode(bytes, encoding)
  let head = ''
  while (!/\S/.test(head)) {
    const { value, done } = await chunks.next()
    if (done) return
    head += value
  }
  async function* whole() {
    yield head
    yield* chunks
  }
  const [first = ''] = head.trimStart()
  if (first === '[')
    throw unreadable('The list is a JSON array. Write one object a line, without the brackets and commas.')
  yield* first === '{' ? readNdjson(whole(), options) : readCsv(whole(), options)
}
