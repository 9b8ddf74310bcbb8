// The head of an answer that is kept back: taken and refused as Node would.
import type { Response } from 'express'

export type Headers = Record<string, number | string | string[]>

// Node appends to the very arrays that it hands out.
export function copyOf(headers: ReturnType<Response['getHeaders']>): Headers {
  const copy: Headers = {}
  for (const name in headers) {
    const value = headers[name]
    if (value !== undefined) copy[name] = Array.isArray(value) ? [...value] : value
  }
  return copy
}

/** What `writeHead` says, put where it can still be dropped. Throws what Node would throw. */
export function takeHead(res: Response, [status, second, third]: unknown[]): void {
  checkStatus(status)
  res.statusCode = status
  if (typeof second === 'string') res.statusMessage = second
  const headers = typeof second === 'string' ? third : (third ?? second)
  if (Array.isArray(headers)) {
    const flat: unknown[] = headers.flat()
    const values = new Map<string, string[]>()
    for (let index = 0; index + 1 < flat.length; index += 2) {
      const name = String(flat[index])
      values.set(name, [...(values.get(name) ?? []), String(flat[index + 1])])
    }
    for (const [name, list] of values) res.setHeader(name, list.length === 1 ? (list[0] ?? '') : list)
  } else {
    for (const [name, value] of Object.entries((headers ?? {}) as Headers)) res.setHeader(name, value)
  }
}

export function checkAnswer(res: Response, chunk: unknown): void {
  checkStatus(res.statusCode)
  if (/[^\t\x20-\x7e\x80-\xff]/.test(res.statusMessage ?? '')) {
    throw Object.assign(new TypeError('Invalid character in statusMessage'), { code: 'ERR_INVALID_CHAR' })
  }
  const isBody =
    chunk == null || typeof chunk === 'string' || typeof chunk === 'function' || chunk instanceof Uint8Array
  if (isBody) return
  const message = 'The "chunk" argument must be of type string or an instance of Buffer or Uint8Array'
  throw Object.assign(new TypeError(message), { code: 'ERR_INVALID_ARG_TYPE' })
}

function checkStatus(status: unknown): asserts status is number {
  if (typeof status === 'number' && Number.isInteger(status) && status >= 100 && status <= 999) return
  const error = new RangeError(`Invalid status code: ${String(status)}`)
  throw Object.assign(error, { code: 'ERR_HTTP_INVALID_STATUS_CODE' })
}

export function headersSentError(): Error {
  const error = new Error('Cannot set headers after they are sent to the client')
  return Object.assign(error, { code: 'ERR_HTTP_HEADERS_SENT' })
}
