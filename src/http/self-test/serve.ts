// Serving an app on a loopback port of our own, for the time of a test.
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'

/** An app of Express's, any other handler of requests, or a server of `node:http`. */
export type ServableApp = RequestListener | Server

interface Served {
  readonly url: string
  /** Ends it, with whatever connection is still open. */
  close(): Promise<void>
}

/** @throws TypeError where it is none. */
export function listenerOf(app: unknown): RequestListener {
  if (typeof app === 'function') return app as RequestListener
  const server = app as Partial<Server> | null | undefined
  if (typeof server?.emit === 'function' && server.listenerCount?.('request')) {
    // Its own port is left alone: it may be taken, or no port at all.
    return (req, res) => void server.emit?.('request', req, res)
  }
  throw new TypeError('selfTest: the first argument must be your Express app, or the server that it was given to.')
}

export async function serve(listener: RequestListener): Promise<Served> {
  const server = createServer(listener)
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      const closed = once(server, 'close')
      server.close()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}
