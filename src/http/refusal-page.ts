// How a refusal is answered: with a page where a browser asks for one, else with a problem document.
import type { Request, Response } from 'express'
import type { AppConfig } from '../app-config.js'
import type { Context } from '../context.js'
import type { InviteError } from '../errors.js'
import {
  loadRefusalPage,
  type RefusalLinks,
  type RefusalPage,
  type RefusalPageValues,
  refusalValues,
  welcomeValues,
} from '../refusal-page.js'
import { policyOf, sendHtml } from './page-policy.js'
import { publicDetail, sendProblem, tellOperator } from './problem.js'

/** Links of the host's, as it gave them: absolute, or paths of the site where people sign up. */
export interface HostLinks {
  readonly signInUrl?: string | undefined
  readonly askUrl?: string | undefined
}

interface Refused {
  /** `undefined` where it is not known which is meant. */
  readonly app: AppConfig | undefined
  readonly links: HostLinks
  /** What was pasted into such a page, where it answers that. */
  readonly typed?: string
}

interface Sheet extends RefusalPage {
  readonly policy: string
}

// What a handler may have said of the body that it failed to send.
const ofAnotherBody = ['Content-Disposition', 'Content-Encoding', 'Content-Language', 'Content-Range', 'ETag']

const sheets = new WeakMap<Context, Map<AppConfig | undefined, Sheet>>()

/** Loads the pages of all apps. @throws TypeError where a template does not compile, or uses what is not there. */
export function loadPages(context: Context): void {
  for (const app of [undefined, ...context.config.apps.values()]) sheetOf(context, app)
}

function sheetOf(context: Context, app: AppConfig | undefined): Sheet {
  const known = sheets.get(context) ?? new Map<AppConfig | undefined, Sheet>()
  sheets.set(context, known)
  const found = known.get(app)
  if (found !== undefined) return found
  const page = loadRefusalPage(app)
  const sheet = { ...page, policy: policyOf(context, app, page) }
  known.set(app, sheet)
  return sheet
}

/** Answers with the failure, in the form that the client prefers; one that takes anything is a program. */
export function sendRefusal(context: Context, req: Request, res: Response, error: InviteError, how: Refused): void {
  prepare(res)
  if (!wantsPage(req)) {
    sendProblem(context, res, error)
    return
  }
  tellOperator(context, error)
  const { app, links, typed } = how
  const values = refusalValues(app, error, publicDetail(error), linksOf(context, app, links), typed)
  res.status(error.status).set(error.headers)
  sendPage(context, res, app, values)
}

/**
 * Goes on to the signup page. A browser does so from a page in between: Chrome holds every redirect that answers a form
 * against the form's own policy, and would stop without a word where the signup page leads on to a provider.
 */
export function sendOn(context: Context, req: Request, res: Response, app: AppConfig): void {
  prepare(res)
  if (!wantsPage(req)) {
    res.redirect(303, app.signupUrl)
    return
  }
  res.status(200).set('Refresh', `0; url=${app.signupUrl}`)
  sendPage(context, res, app, welcomeValues(app))
}

function prepare(res: Response): void {
  for (const name of ofAnotherBody) res.removeHeader(name)
  res.vary('Accept')
  res.set({ 'Cache-Control': 'no-store', 'Referrer-Policy': 'no-referrer', 'X-Robots-Tag': 'noindex' })
}

export function wantsPage(req: Request): boolean {
  return req.accepts(['application/problem+json', 'application/json', 'text/html']) === 'text/html'
}

function sendPage(context: Context, res: Response, app: AppConfig | undefined, values: RefusalPageValues): void {
  const { policy, render } = sheetOf(context, app)
  sendHtml(res, policy, render(values))
}

function linksOf({ config }: Context, app: AppConfig | undefined, { signInUrl, askUrl }: HostLinks): RefusalLinks {
  const absolute = (link: string | undefined) => link && (app ? new URL(link, app.signupUrl).href : link)
  return {
    joinAction: app && `${config.baseUrl}/app/${app.appId}/join`,
    signup: app?.signupUrl,
    ask: absolute(askUrl),
    signIn: absolute(signInUrl),
  }
}
