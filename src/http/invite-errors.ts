// `inviteErrors`: a host's error handler that tells whoever was refused why, and what they can do.
import type { ErrorRequestHandler, Request } from 'express'
import type { AppConfig } from '../app-config.js'
import type { Context } from '../context.js'
import { InviteError } from '../errors.js'
import { contextOf } from '../invites.js'
import { checkNames } from '../option-names.js'
import type { FromRequest } from './credentials.js'
import { checkLink, keepLinks } from './host-links.js'
import type { Invites } from './invites.js'
import { loadPages, sendRefusal } from './refusal-page.js'
import { appThatRefused, refusalOf } from './refusals.js'

/** The options of {@link inviteErrors}: the ways forward that only the host knows. */
export interface InviteErrorsOptions {
  /**
   * The app that the page speaks of. Default: the one whose door refused, else the only one, or `default`; where none of
   * these is known, the page names no app and has no form.
   */
  readonly appId?: string | FromRequest<string> | undefined
  /** Where people with an account log in: a path of your site, or an http or https URL. Default: it is not offered. */
  readonly signInUrl?: string | undefined
  /** Where to ask for an invite: a path of your site, an http or https URL, or `mailto:`. Default: it is not offered. */
  readonly askUrl?: string | undefined
}

/**
 * Answers the `InviteError`s that reach it: to browsers with a page that tells why, and the ways forward; to programs
 * with the same `application/problem+json` as the routes. So it does where `admit` refused behind
 * `passport.authenticate(…, { failWithError: true })`. Mount it behind your routes. Any other error, and any that comes
 * once the head of an answer is out, goes on to `next(error)`.
 * @throws TypeError where an option is unknown or wrong, or a template does not compile.
 */
export function inviteErrors(invites: Invites, options: InviteErrorsOptions = {}): ErrorRequestHandler {
  const context = contextOf(invites)
  const { appId, ...links } = checkOptions(context, options)
  loadPages(context)
  keepLinks(context, typeof appId === 'string' ? appId : undefined, links)

  return function answerInviteError(error: unknown, req, res, next) {
    const refusal = refusalIn(error, req)
    if (refusal === undefined || res.headersSent) return next(error)
    chooseApp(context, req, refusal, appId)
      .then((app) => {
        if (res.headersSent) return next(error)
        sendRefusal(context, req, res, refusal, { app, links })
      })
      .catch(next)
  }
}

/** Passport says only that a strategy failed; what a door of ours told the strategy is the reason. */
function refusalIn(error: unknown, req: Request): InviteError | undefined {
  if (error instanceof InviteError) return error
  return error instanceof Error && error.name === 'AuthenticationError' ? refusalOf(req) : undefined
}

async function chooseApp(
  { config }: Context,
  req: Request,
  refusal: InviteError,
  appId: InviteErrorsOptions['appId'],
): Promise<AppConfig | undefined> {
  const known = appThatRefused(refusal) ?? config.defaultAppId
  // The refusal is to be told even where the function fails, perhaps for the very same reason.
  const named = typeof appId === 'function' ? await new Promise((done) => done(appId(req))).catch(() => known) : appId
  return config.apps.get(String(named ?? known))
}

function checkOptions(context: Context, options: InviteErrorsOptions): InviteErrorsOptions {
  checkNames('inviteErrors', options, ['appId', 'signInUrl', 'askUrl'])
  const { appId, signInUrl, askUrl } = options
  if (appId !== undefined && typeof appId !== 'function' && !context.config.apps.has(appId)) {
    const known = [...context.config.apps.keys()].join(', ')
    throw new TypeError(`inviteErrors: \`appId\` must be one of ${known}, or a function.`)
  }
  checkLink('signInUrl', signInUrl, false)
  checkLink('askUrl', askUrl, true)
  return options
}
