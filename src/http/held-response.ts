// A response whose end is held back, so that it can be sent later, or dropped for another answer.
//
// To the handler it looks as if it had been sent: what Node refuses at once is refused at once, and after the end
// nothing can change it. The wrappers stay where they are, and pass through once the answer goes out, so that
// middleware which wrapped the response after us keeps its place.
import type { Response } from 'express'

export interface HeldResponse {
  /** Sends what the handler wrote; `first` may still add to its head, unless that is out already. */
  send(first: () => void): void
  /** Forgets what the handler wrote, so that another answer can be given; false where it is too late for one. */
  drop(error: unknown): boolean
}

export interface HoldEvents {
  /** The handler ended its answer. */
  readonly ended: () => void
  /** The client has gone, and the handler answers with a stream, which will never come to its end. */
  readonly abandoned: () => void
}

type End = Response['end']
type Write = Response['write']
type WriteHead = Response['writeHead']

/** Node's own, by which compression and express-session have the head written before the body. */
interface WithImplicitHeader {
  _implicitHeader(): void
}

export function holdBack(res: Response, { ended, abandoned }: HoldEvents): HeldResponse {
  const { end, write, writeHead, flushHeaders, setHeader, appendHeader, removeHeader } = res
  const implicitHeader = (res as Response & WithImplicitHeader)._implicitHeader
  const headersBefore = copyOf(res.getHeaders())
  let state: 'open' | 'held' | 'passing' = 'open'
  let last: { readonly args: Parameters<End>; readonly status: number; readonly message: string } | undefined
  let hasHead = false // written by the handler, not yet sent
  let hasBegun = false
  let isClosed = false

  function begin(): void {
    hasBegun = true
    if (isClosed && state === 'open') giveUp()
  }

  function giveUp(): void {
    state = 'passing'
    abandoned()
  }

  res.on('pipe', begin)
  res.on('close', () => {
    isClosed = true
    if (hasBegun && state === 'open') giveUp()
  })

  Object.defineProperty(res, 'headersSent', {
    configurable: true,
    get: () => state === 'held' || hasHead || Reflect.get(Object.getPrototypeOf(res), 'headersSent', res),
  })

  /** A method that changes the head: refused once there is one to be sent. */
  const changing = <Args extends unknown[], Result>(method: (...args: Args) => Result) =>
    function (this: Response, ...args: Args): Result {
      if (state === 'held' || (state === 'open' && hasHead)) throw headersSentError()
      return Reflect.apply(method, res, args)
    }

  Object.assign(res, {
    setHeader: changing(setHeader),
    appendHeader: changing(appendHeader),
    removeHeader: changing(removeHeader),
    writeHead(...args: Parameters<WriteHead>) {
      if (state === 'passing') return Reflect.apply(writeHead, res, args)
      if (state === 'held' || hasHead) throw headersSentError()
      takeHead(res, args)
      hasHead = true
      return res
    },
    _implicitHeader() {
      // They look for Node's head, and do not find the one that is kept here.
      if (state === 'passing' || (state === 'open' && !hasHead)) implicitHeader.call(res)
    },
    write(...args: Parameters<Write>) {
      if (state === 'held') return false // written after the end: Node drops it too
      begin()
      return passing(() => Reflect.apply(write, res, args))
    },
    flushHeaders() {
      if (state === 'held') return
      begin()
      passing(() => flushHeaders.call(res))
    },
    end(...args: Parameters<End>) {
      if (state === 'passing') return Reflect.apply(end, res, args)
      if (state === 'held') return res
      checkAnswer(res, args[0])
      state = 'held'
      last = { args, status: res.statusCode, message: res.statusMessage }
      ended()
      return res
    },
  })

  /** Lets Node write the head by itself, and comes back to holding the end. */
  function passing<Result>(work: () => Result): Result {
    const before = state
    state = 'passing'
    try {
      return work()
    } finally {
      state = before
    }
  }

  function letGo(): void {
    state = 'passing'
    hasHead = false
    Reflect.deleteProperty(res, 'headersSent')
  }

  return {
    send(first) {
      letGo()
      first()
      if (last === undefined) return
      if (!res.headersSent) {
        res.statusCode = last.status
        res.statusMessage = last.message
      }
      Reflect.apply(end, res, last.args)
    },
    drop(error) {
      letGo()
      if (res.headersSent) {
        res.destroy(error instanceof Error ? error : undefined)
        return false
      }
      for (const name of res.getHeaderNames()) res.removeHeader(name)
      for (const [name, value] of Object.entries(headersBefore)) res.setHeader(name, value)
      res.statusCode = 200
      res.statusMessage = ''
      return true
    },
  }
}

type Headers = Record<string, number | string | string[]>

// Node appends to the very arrays that it hands out.
function copyOf(headers: ReturnType<Response['getHeaders']>): Headers {
  const copy: Headers = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) copy[name] = Array.isArray(value) ? [...value] : value
  }
  return copy
}

/** What `writeHead` says, put where it can still be dropped. Throws what Node would throw. */
function takeHead(res: Response, [status, second, third]: unknown[]): void {
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

function checkAnswer(res: Response, chunk: unknown): void {
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

function headersSentError(): Error {
  const error = new Error('Cannot set headers after they are sent to the client')
  return Object.assign(error, { code: 'ERR_HTTP_HEADERS_SENT' })
}
