// A response whose end is held back, so that it can be sent later, or dropped for another answer.
//
// To the handler it looks as if it had been sent: what Node refuses at once is refused at once, and after the end
// nothing can change it. The wrappers stay where they are, and pass through once the answer goes out, so that
// middleware which wrapped the response after us keeps its place.
import type { Response } from 'express'
import { checkAnswer, copyOf, type Headers, headersSentError, takeHead } from './head.js'

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

/** What Node and whoever wrapped the response before us do. */
type Methods = WithImplicitHeader &
  Pick<Response, 'end' | 'write' | 'writeHead' | 'flushHeaders' | 'setHeader' | 'appendHeader' | 'removeHeader'>

/** Where a response has its holds: one for each gate of its route. */
const holds = Symbol('holds')
type Held = Response & Methods & { [holds]?: Hold[] }

export function holdBack(response: Response, events: HoldEvents): HeldResponse {
  const res = response as Held
  const hold = new Hold(res, events)
  const others = res[holds]
  if (others === undefined) {
    res[holds] = [hold]
    res.on('pipe', onPipe)
    res.on('close', onClose)
    Object.defineProperty(res, 'headersSent', headersSent)
  } else others.push(hold)
  Object.assign(res, wrappersAt(others === undefined ? 0 : others.length - 1))
  return hold
}

class Hold implements HeldResponse {
  state: 'open' | 'held' | 'passing' = 'open'
  /** Whether the handler has written one, which is not yet sent. */
  hasHead = false
  /** As they were before this hold. */
  readonly before: Methods
  readonly res: Held
  readonly #events: HoldEvents
  readonly #headersBefore: Headers
  #last: { readonly args: Parameters<End>; readonly status: number; readonly message: string } | undefined
  #hasBegun = false
  #isClosed = false

  constructor(res: Held, events: HoldEvents) {
    const { end, write, writeHead, flushHeaders, setHeader, appendHeader, removeHeader, _implicitHeader } = res
    this.before = { end, write, writeHead, flushHeaders, setHeader, appendHeader, removeHeader, _implicitHeader }
    this.res = res
    this.#events = events
    this.#headersBefore = copyOf(res.getHeaders())
  }

  begin(): void {
    this.#hasBegun = true
    if (this.#isClosed) this.#giveUp()
  }

  closed(): void {
    this.#isClosed = true
    if (this.#hasBegun) this.#giveUp()
  }

  #giveUp(): void {
    if (this.state !== 'open') return
    this.state = 'passing'
    this.#events.abandoned()
  }

  /** @throws Error where the head is written, as Node does where it is sent. */
  checkHead(): void {
    if (this.state === 'held' || (this.state === 'open' && this.hasHead)) throw headersSentError()
  }

  /** Lets Node write the head by itself, and comes back to holding the end. */
  passing<Result>(work: () => Result): Result {
    const before = this.state
    this.state = 'passing'
    try {
      return work()
    } finally {
      this.state = before
    }
  }

  end(args: Parameters<End>): void {
    const res = this.res
    checkAnswer(res, args[0])
    this.state = 'held'
    this.#last = { args, status: res.statusCode, message: res.statusMessage }
    this.#events.ended()
  }

  #letGo(): void {
    this.state = 'passing'
    this.hasHead = false
  }

  send(first: () => void): void {
    this.#letGo()
    first()
    const res = this.res
    const last = this.#last
    if (last === undefined) return
    if (!res.headersSent) {
      res.statusCode = last.status
      res.statusMessage = last.message
    }
    Reflect.apply(this.before.end, res, last.args)
  }

  drop(error: unknown): boolean {
    this.#letGo()
    const res = this.res
    if (res.headersSent) {
      res.destroy(error instanceof Error ? error : undefined)
      return false
    }
    for (const name of res.getHeaderNames()) res.removeHeader(name)
    for (const [name, value] of Object.entries(this.#headersBefore)) res.setHeader(name, value)
    res.statusCode = 200
    res.statusMessage = ''
    return true
  }
}

function onPipe(this: Held): void {
  for (const hold of this[holds] ?? []) hold.begin()
}

function onClose(this: Held): void {
  for (const hold of this[holds] ?? []) hold.closed()
}

const headersSent: PropertyDescriptor & ThisType<Held> = {
  configurable: true,
  get() {
    const isOver = (this[holds] ?? []).some(({ state, hasHead }) => state === 'held' || hasHead)
    return isOver || Reflect.get(Object.getPrototypeOf(this), 'headersSent', this)
  },
}

// One set for all responses, which finds its hold by `this`.
const wrappers: Methods[] = []

function wrappersAt(place: number): Methods {
  wrappers[place] ??= wrap((res) => (res as Required<Held>)[holds][place] as Hold)
  return wrappers[place]
}

function wrap(holdOf: (res: Response) => Hold): Methods {
  /** A method that changes the head: refused once there is one to be sent. */
  const changing = <Name extends 'setHeader' | 'appendHeader' | 'removeHeader'>(name: Name) =>
    function (this: Response, ...args: Parameters<Methods[Name]>) {
      const hold = holdOf(this)
      hold.checkHead()
      return Reflect.apply(hold.before[name], hold.res, args)
    } as Methods[Name]

  return {
    setHeader: changing('setHeader'),
    appendHeader: changing('appendHeader'),
    removeHeader: changing('removeHeader'),
    writeHead(this: Response, ...args: Parameters<WriteHead>) {
      const hold = holdOf(this)
      if (hold.state === 'passing') return Reflect.apply(hold.before.writeHead, hold.res, args)
      hold.checkHead()
      takeHead(hold.res, args)
      hold.hasHead = true
      return hold.res
    },
    _implicitHeader(this: Response) {
      const { state, hasHead, before, res } = holdOf(this)
      // They look for Node's head, and do not find the one that is kept here.
      if (state === 'passing' || (state === 'open' && !hasHead)) before._implicitHeader.call(res)
    },
    write(this: Response, ...args: Parameters<Write>) {
      const hold = holdOf(this)
      if (hold.state === 'held') return false // written after the end: Node drops it too
      hold.begin()
      return hold.passing(() => Reflect.apply(hold.before.write, hold.res, args))
    },
    flushHeaders(this: Response) {
      const hold = holdOf(this)
      if (hold.state === 'held') return
      hold.begin()
      hold.passing(() => hold.before.flushHeaders.call(hold.res))
    },
    end(this: Response, ...args: Parameters<End>) {
      const hold = holdOf(this)
      if (hold.state === 'passing') return Reflect.apply(hold.before.end, hold.res, args)
      if (hold.state === 'open') hold.end(args)
      return hold.res
    },
  } as Methods
}
