// Request bodies of our own routes: parsed here, whatever the host mounts.
import express, { type Request, type Response } from 'express'
import { InviteError } from '../errors.js'

const LIMIT = '64kb'
const parseJson = express.json({ limit: LIMIT, type: () => true })
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

/** The fields of a posted form. @throws InviteError `input_invalid`. */
export async function readForm(req: Request, res: Response): Promise<Readonly<Record<string, unknown>>> {
  await parse(parseForm, req, res)
  return (req.body ?? {}) as Record<string, unknown>
}

/** Whether the client sent one (RFC 9112, 6.3). */
export function hasBody(req: Request): boolean {
  return req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0
}

function parse(parser: express.RequestHandler, req: Request, res: Response): Promise<void> {
  return new Promise((resolve, reject) => {
    parser(req, res, (error?: unknown) => (error === undefined ? resolve() : reject(unreadable(error))))
  })
}

// body-parser's errors say what was wrong by `type`.
function unreadable(error: unknown): unknown {
  const { type, status } = error as { type?: string; status?: number }
  if (status === undefined || status < 400 || status >= 500) return error
  const details: Readonly<Record<string, string>> = {
    'entity.too.large': `The body must be at most ${LIMIT}.`,
    'entity.parse.failed': 'The body is not valid JSON.',
  }
  const detail = details[type ?? ''] ?? 'The body cannot be read.'
  return new InviteError('input_invalid', {
    status: status === 413 || status === 415 ? status : 400,
    detail,
    cause: error,
  })
}
