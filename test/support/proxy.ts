// A way to a server that is cut when something passes on it: what a network does at the worst moment, on demand.
import { createServer, connect as open, type Socket } from 'node:net'
import { afterThis } from './cleanup.js'

export interface CuttingProxy {
  /** The URL of the server, by this way. */
  readonly url: string
  /**
   * Cuts the connection on which this text is sent next: `before` the server gets it, or `after` it has answered, so
   * that the answer is lost. Resolves once it was cut.
   */
  cut(when: 'before' | 'after', text: string): Promise<void>
  /** From now on nothing passes, and nobody is told. */
  mute(): void
  /** New connections pass again; those that were muted stay so. */
  unmute(): void
}

/** Opens it for the running test. */
export async function startProxy(url: string): Promise<CuttingProxy> {
  const { hostname, port } = new URL(url)
  const sockets = new Set<Socket>()
  const muted = new WeakSet<Socket>()
  let isMute = false
  let trap: { when: 'before' | 'after'; text: string; sprung: () => void } | undefined

  const server = createServer((client) => {
    const upstream = open(Number(port), hostname)
    const end = () => {
      client.destroy()
      upstream.destroy()
    }
    if (isMute) muted.add(client)
    for (const socket of [client, upstream]) {
      sockets.add(socket)
      socket.on('error', end).on('close', end)
    }
    let lost: (() => void) | undefined
    client.on('data', (chunk) => {
      if (muted.has(client)) return
      if (trap === undefined || !chunk.includes(trap.text)) return void upstream.write(chunk)
      const { when, sprung } = trap
      trap = undefined
      lost = () => {
        end()
        sprung()
      }
      if (when === 'before') lost()
      else upstream.write(chunk)
    })
    upstream.on('data', (chunk) => {
      if (muted.has(client)) return
      if (lost) lost()
      else client.write(chunk)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  afterThis(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('it does not listen')
  return {
    url: Object.assign(new URL(url), { port: String(address.port) }).href,
    cut: (when, text) =>
      new Promise((sprung) => {
        trap = { when, text, sprung }
      }),
    mute: () => {
      isMute = true
      for (const socket of sockets) muted.add(socket)
    },
    unmute: () => {
      isMute = false
    },
  }
}
