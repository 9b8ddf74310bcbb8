// Rows of CSV, each with the line that it begins on.
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { CsvError, parse } from 'csv-parse'
import { parseAddress } from '../addresses.js'
import type { ListedRow } from '../use-cases/send-many.js'
import { type ColumnOptions, fieldsOf, rowOf, unreadable } from './columns.js'

const CHUNK = 200
const MAX_RECORD = 64 * 1024
const DELIMITERS = [',', ';', '\t'] as const

/**
 * Delimited by comma, semicolon or tab, as its first line is. The first line names the columns, but in a list of
 * nothing but addresses.
 * @throws InviteError `input_invalid` where it is no CSV, with the line.
 */
export async function* readCsv(
  text: AsyncIterable<string>,
  options: ColumnOptions,
): AsyncGenerator<readonly ListedRow[], void, undefined> {
  const { head, rest } = await firstLine(text)
  let nextLine = 1
  const beginnings: number[] = [] // the lines of the records that were parsed and not yet read
  let countedTwice = 0 // csv-parse takes a CRLF within quotes for two lines
  const parser = parse({
    delimiter: delimiterOf(head),
    on_record(record: string[], { lines }) {
      const { breaks, crlf } = breaksIn(record)
      countedTwice += crlf
      const endsOn = lines - countedTwice
      nextLine = endsOn + 1
      beginnings.push(endsOn - breaks)
      return record
    },
    max_record_size: MAX_RECORD,
    relax_column_count: true,
    skip_empty_lines: true,
    skip_records_with_empty_values: true,
  })
  const reading = pipeline(Readable.from(rest), parser)
  reading.catch(() => undefined) // told where its records are read
  let columns: ReturnType<typeof fieldsOf> | undefined
  let some: ListedRow[] = []
  try {
    for await (const record of parser as AsyncIterable<readonly string[]>) {
      const line = beginnings.shift() ?? nextLine
      if (columns === undefined) {
        const isBare = record.length === 1 && parseAddress(record[0]?.trim() ?? '') !== undefined
        columns = isBare ? ['email'] : fieldsOf(record, options)
        if (!isBare) continue
      }
      some.push(listed(line, columns, record))
      if (some.length < CHUNK) continue
      yield some
      some = []
    }
  } catch (error) {
    throw error instanceof CsvError ? unreadable(explain(error, nextLine), error) : error
  }
  yield some
}

function listed(line: number, columns: readonly (string | undefined)[], record: readonly string[]): ListedRow {
  if (record.length <= columns.length) return { line, fields: rowOf(columns, record) }
  const detail = `has ${record.length} cells, and there are ${columns.length} columns: is a quote missing?`
  return { line, errors: [{ pointer: '#', detail }] }
}

/** The text up to its first line break that is not at its beginning, and all of it again. */
async function firstLine(text: AsyncIterable<string>): Promise<{ head: string; rest: AsyncIterable<string> }> {
  const chunks = text[Symbol.asyncIterator]()
  let head = ''
  while (!/\S[^\n]*[\r\n]/.test(head) && head.length < MAX_RECORD) {
    const { value, done } = await chunks.next()
    if (done) break
    head += value
  }
  async function* rest() {
    yield head
    yield* { [Symbol.asyncIterator]: () => chunks }
  }
  return {
    head: head
      .trimStart()
      .split(/[\r\n]/, 1)
      .join(),
    rest: rest(),
  }
}

function delimiterOf(line: string): string {
  const bare = line.replace(/"[^"]*"/g, '')
  const count = (delimiter: string) => bare.split(delimiter).length
  return DELIMITERS.reduce((best, each) => (count(each) > count(best) ? each : best))
}

function breaksIn(record: readonly string[]): { readonly breaks: number; readonly crlf: number } {
  let [breaks, crlf] = [0, 0]
  for (const cell of record) {
    if (!/[\r\n]/.test(cell)) continue
    breaks += cell.match(/\r\n|\r|\n/g)?.length ?? 0
    crlf += cell.match(/\r\n/g)?.length ?? 0
  }
  return { breaks, crlf }
}

function explain({ code, message, column }: CsvError, line: number): string {
  const cell = typeof column === 'number' ? `, cell ${column + 1}` : ''
  if (code === 'CSV_QUOTE_NOT_CLOSED' || code === 'CSV_MAX_RECORD_SIZE') {
    return `The row on line ${line}${cell} does not end: a quote is opened there and never closed.`
  }
  if (code === 'CSV_INVALID_CLOSING_QUOTE' || code === 'INVALID_OPENING_QUOTE') {
    return `The row on line ${line}${cell} has a quote within: a cell with quotes is quoted, and its quotes are doubled.`
  }
  return `The row on line ${line}${cell} is no CSV: ${message}`
}
