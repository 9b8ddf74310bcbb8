// A host's site whose refusals `inviteErrors` answers: a signup page, and the door behind it.
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import express, { type ErrorRequestHandler, type Express, type RequestHandler } from 'express'
import {
  type InviteErrorsOptions,
  type InvitesOptions,
  inviteErrors,
  inviteRouter,
  previewInvite,
  type RequireInviteOptions,
  requireInvite,
} from '../../src/index.js'
import { afterThis } from './cleanup.js'
import { authorize, type Host, openHost } from './host.js'

export interface SiteOptions {
  readonly invites?: Partial<InvitesOptions>
  readonly errors?: InviteErrorsOptions
  readonly gate?: RequireInviteOptions
  /** Mounts more, before the routes. */
  readonly before?: (app: Express, host: Host) => void
  /** Replaces the page of GET /signup. */
  readonly signupPage?: RequestHandler
}

export interface Site {
  readonly app: Express
  readonly host: Host
  /** What went on to the handler behind `inviteErrors`. */
  readonly passedOn: unknown[]
}

export async function openSite(options: SiteOptions = {}): Promise<Site> {
  const host = await openHost({ invites: { appName: 'Acme', ...options.invites }, gate: options.gate ?? {} })
  const app = express()
  options.before?.(app, host)
  app.use('/invites', inviteRouter(host.invites, { authorize }))
  app.get('/signup', options.signupPage ?? signupPage(host))
  app.post(
    '/signup',
    express.urlencoded({ extended: false }),
    express.json(),
    requireInvite(host.invites, options.gate),
    (req, res) =>
      void res
        .status(201)
        .type('html')
        .send(page(`Welcome, ${req.invite?.email ?? 'you'}`, '')),
  )
  app.use(inviteErrors(host.invites, options.errors))
  const passedOn: unknown[] = []
  app.use(((error, _req, res, next) => {
    passedOn.push(error)
    if (res.headersSent) return next(error)
    res.status(500).type('text').send('an answer of the host')
  }) satisfies ErrorRequestHandler)
  return { app, host, passedOn }
}

/** The site on a port of its own, where a browser may visit it. */
export async function openSiteForBrowsers(options: SiteOptions = {}): Promise<Site & { readonly url: string }> {
  const server = createServer()
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve))
  afterThis(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const invites = { baseUrl: `${url}/invites`, signupUrl: `${url}/signup`, ...options.invites }
  const site = await openSite({ ...options, invites })
  server.on('request', site.app)
  return { ...site, url }
}

function signupPage({ invites }: Host): RequestHandler {
  return (req, res, next) => {
    previewInvite(invites, req)
      .then((invite) => {
        const field = '<label>E-mail <input name="email"></label><label>Code <input name="inviteCode"></label>'
        const form = `<form method="post" action="/signup">${field}<button>Sign up</button></form>`
        res.send(page(invite ? 'You are invited' : 'Sign up', form))
      })
      .catch(next)
  }
}

function page(title: string, content: string): string {
  return `<!doctype html><html lang="en"><title>${title}</title><main><h1>${title}</h1>${content}</main></html>`
}
