// How the link that confirms a request for access is answered: with a page that has a button, since opening it changes
// nothing, and with the place on the list once that was pressed.
import type { Request, Response } from 'express'
import type { AppConfig } from '../app-config.js'
import { appOf, type Context } from '../context.js'
import { InviteError } from '../errors.js'
import { loadRequestPage, type RequestPage, requestPageValues } from '../request-page.js'
import { requestUrl } from '../request-tokens.js'
import type { RequestStanding } from '../use-cases/access-requests.js'
import { linksFor } from './host-links.js'
import { policyOf, sendHtml } from './page-policy.js'
import { sendRefusal } from './refusal-page.js'

const pages = new WeakMap<AppConfig, RequestPage>()

/** Loads the pages of all apps. @throws TypeError where a template does not compile, or uses what is not there. */
export function loadRequestPages({ config }: Context): void {
  for (const app of config.apps.values()) pages.set(app, loadRequestPage(app))
}

/** Answers with where the request of the link stands, which `stand` finds out. */
export async function sendStanding(
  context: Context,
  req: Request,
  res: Response,
  { appId, token }: { readonly appId: string; readonly token: string },
  stand: (context: Context, app: AppConfig, token: string) => Promise<RequestStanding>,
): Promise<void> {
  try {
    const app = appOf(context, appId)
    const standing = await stand(context, app, token)
    const page = pages.get(app) ?? loadRequestPage(app)
    const values = requestPageValues(app, standing, requestUrl(context, appId, token))
    sendHtml(res, policyOf(context, app, page), page.render(values))
  } catch (error) {
    if (!(error instanceof InviteError)) throw error
    sendRefusal(context, req, res, error, { app: context.config.apps.get(appId), links: linksFor(context, appId) })
  }
}
