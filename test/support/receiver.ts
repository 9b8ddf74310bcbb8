// A receiver of webhooks on loopback, as somebody else's backend has one.
import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Webhook } from 'standardwebhooks'
import type { WebhookEvent } from '../../src/index.js'
import { afterThis } from './cleanup.js'

export const WEBHOOK_SECRET = `whsec_${Buffer.alloc(32, 'a secret of the tests').toString('base64')}`

interface Posted {
  readonly headers: IncomingHttpHeaders
  readonly url: string | undefined
  readonly body: string
  readonly event: WebhookEvent
}

export interface Receiver {
  readonly url: string
  readonly posted: Posted[]
  /** What it answers. Default: 200. */
  answer: { readonly status: number; readonly headers?: Record<string, string> }
  /** Called once a request is there in full; it is answered when that resolves. */
  onPosted: () => unknown
  /** Called once an answer is on its way. */
  onAnswered: () => unknown
  /** Breaks every connection. */
  hangUp(): void
  /** The events' names, A to Z. */
  types(): readonly string[]
}

export async function startReceiver(): Promise<Receiver> {
  const server = createServer((req, res) => {
    const chunks: Buffer[] = []
    req.on('data', (chunk: Buffer) => chunks.push(chunk))
    req.on('end', async () => {
      const body = Buffer.concat(chunks).toString('utf8')
      receiver.posted.push({ headers: req.headers, url: req.url, body, event: JSON.parse(body) })
      await receiver.onPosted()
      const { status, headers } = receiver.answer
      res.writeHead(status, headers).end('thanks', () => receiver.onAnswered())
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  afterThis(() => {
    server.closeAllConnections()
    server.close()
  })
  const receiver: Receiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    posted: [],
    answer: { status: 200 },
    onPosted: () => undefined,
    onAnswered: () => undefined,
    hangUp: () => server.closeAllConnections(),
    types: () => receiver.posted.map(({ event }) => event.type).sort(),
  }
  return receiver
}

/** What the reference implementation makes of it; throws where the signature is wrong, or the time is. */
export function verified({ body, headers }: Posted, secret = WEBHOOK_SECRET): unknown {
  return new Webhook(secret).verify(body, headers as Record<string, string>)
}
