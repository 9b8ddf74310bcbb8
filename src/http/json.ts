// Answers of our own routes, as JSON. Without what `res.json` adds: an ETag, which answers that nobody may store are never
// asked for again by, and the host's own settings of how its JSON looks.
import type { Response } from 'express'

export function sendJson(res: Response, value: unknown, type = 'application/json'): void {
  const body = JSON.stringify(value)
  res.setHeader('Content-Type', `${type}; charset=utf-8`)
  res.setHeader('Content-Length', Buffer.byteLength(body))
  res.end(body)
}
