// Request bodies of our own routes: parsed here, whatever the host mounts.
import { Readable } from 'node:stream'
import express, { type Request, type Response } from 'express'
import { InviteError } from '../errors.js'
import { decode } from '../lists/decode.js'

const LIMIT = '64kb'
const parseJson = express.json({ limit: LIMIT, type: () => true })
const LIST_LIMIT = '1mb'
const MAX_ROWS = 1000
const LIST_TOO_LONG =
  'A list must be at most 1 MB and 1,000 rows: send it in parts, or use `express-invite-only seed`. None of it was used.'
const parseJsonList = express.json({ limit: LIST_LIMIT, type: () => true })
const parseBytes = express.raw({ limit: LIST_LIMIT, type: () => true })
const parseForm = express.urlencoded({ limit: LIMIT, extended: false })

/** The JSON body; an empty object where none was sent. @throws InviteError `input_invalid` (400, 413, 415). */
export async function readJson(req: Request, res: Response): Promise<unknown> {
  if (!hasBody(req)) return {}
  if (!req.is(['json', '+json'])) {
    const detail = `The body must be JSON, with Content-Type: application/json instead of ${req.get('Content-Type') ?? 'none'}.`
    throw new InviteError('input_invalid', { status: 415, detail })
  }
  await parse(parseJson, req, res)
  return req.body as unknown
}

/** A list: the JSON array, or the text of the CSV. @throws InviteError `input_invalid` (400, 413, 415). */
export async function readListBody(req: Request, res: Response): Promise<unknown> {
  if (hasBody(req) && req.is(['json', '+json'])) {
    await parse(parseJsonList, req, res, LIST_TOO_LONG)
    return req.body as unknown
  }
  if (!req.is('text/csv')) {
    const detail = `The list must be a JSON array or text/csv, as Content-Type says, instead of ${req.get('Content-Type') ?? 'none'}.`
    throw new InviteError('input_invalid', { status: 415, detail })
  }
  await parse(parseBytes, req, res, LIST_TOO_LONG)
  const body: unknown = req.body
  if (!Buffer.isBuffer(body)) return body // a parser of the host's was there before
  const [, charset] = /;\s*charset="?([^\s;"]+)/i.exec(req.get('Content-Type') ?? '') ?? []
  let text = ''
  for await (const part of decode(Readable.from([body]), charset)) text += part
  return text
}

/** @throws InviteError `input_invalid` (413). */
export function checkRows(count: number): void {
  if (count > MAX_ROWS) throw new InviteError('input_invalid', { status: 413, detail: LIST_TOO_LONG })
}

/** The fields of a posted form. @throws InviteError `input_invalid`. */
export async function readForm(req: Request, res: Response): Promise<Readonly<Record<string, unknown>>> {
  await parse(parseForm, req, res)
  return (req.body ?? {}) as Record<string, unknown>
}

/** Whether the client sent one (RFC 9112, 6.3). */
export function hasBody(req: Request): boolean {
  return req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0
}

function parse(
  parser: express.RequestHandler,
  req: Request,
  res: Response,
  tooLarge = `The body must be at most ${LIMIT}.`,
): Promise<void> {
  return new Promise((resolve, reject) => {
    parser(req, res, (error?: unknown) => (error === undefined ? resolve() : reject(unreadable(error, tooLarge))))
  })
}

// body-parser's errors say what was wrong by `type`.
function unreadable(error: unknown, tooLarge: string): unknown {
  const { type, status } = error as { type?: string; status?: number }
  if (status === undefined || status < 400 || status >= 500) return error
  const details: Readonly<Record<string, string>> = {
    'entity.too.large': tooLarge,
    'entity.parse.failed': 'The body is not valid JSON.',
  }
  const detail = details[type ?? ''] ?? 'The body cannot be read.'
  return new InviteError('input_invalid', {
    status: status === 413 || status === 415 ? status : 400,
    detail,
    cause: error,
  })
}
