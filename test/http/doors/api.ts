// What a provider has beside its login, on loopback: an API of its users, or all of a provider of its own kind.
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type Express } from 'express'

/** Starts before the tests, and stops after them; its origin is known by then. */
export function useApi(mount: (app: Express) => void): { readonly origin: string } {
  const app = express()
  mount(app)
  let server: Server
  before(async () => {
    server = createServer(app).listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
  })
  after(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    get origin() {
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    },
  }
}
