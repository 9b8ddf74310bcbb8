// `inviteDashboard`: one page, without script, to send invites and look after those that are outstanding.
import express, { type NextFunction, type Request, type RequestHandler, type Response, type Router } from 'express'
import type { AppConfig } from '../app-config.js'
import { appOf, type Context } from '../context.js'
import type { FrameInput } from '../dashboard-frame.js'
import { errorPage, invitePage, loadDashboard, type PageValues } from '../dashboard-page.js'
import type { TypedSettings } from '../dashboard-settings.js'
import { InviteError } from '../errors.js'
import { contextOf } from '../invites.js'
import type { Action } from '../types.js'
import { type AuthorizeOption, askHost, checkAuthorize, HostFailure, isCrossSite } from './authorization.js'
import { readForm } from './body.js'
import type { DeskVisit } from './dashboard-desk.js'
import { explainForm, shownBeside, wantedByLink, wantedBySend } from './dashboard-forms.js'
import { addRecordPages } from './dashboard-record.js'
import { addRequestForms } from './dashboard-requests.js'
import { addSettingsForms } from './dashboard-settings.js'
import type { Invites } from './invites.js'
import { publicDetail, tellOperator } from './problem.js'

/** The options of `inviteDashboard`. */
export type InviteDashboardOptions = AuthorizeOption

/** A request to the dashboard, with who makes it and about which app. */
interface Visit extends DeskVisit {
  readonly req: Request
  readonly res: Response
}

/** What a page shows besides what there is. */
interface Extra extends Partial<PageValues> {
  readonly role?: string | undefined
  readonly typedSettings?: TypedSettings
}

// What the page may be asked to say after a redirect; the address comes from the invite, never from the URL.
const notices = [
  ...(['sent', 'resent', 'deleted', 'approved', 'declined', 'undecided'] as const),
  ...(['mode', 'planned', 'unplanned', 'seats'] as const),
] as const

/**
 * The dashboard, for supervisors, and for members, who see what was sent in their name and send what their quota pays for.
 * @throws TypeError where `authorize` is missing or an option unknown.
 */
export function inviteDashboard(invites: Invites, options: InviteDashboardOptions): Router {
  const context = contextOf(invites)
  checkAuthorize('inviteDashboard', options)
  const renders = new Map([...context.config.apps.values()].map((app) => [app.appId, loadDashboard(app)]))
  const router = express.Router()

  const visit = (action: Action, handle: (visit: Visit) => Promise<void>) => {
    return async (req: Request, res: Response, next: NextFunction): Promise<void> => {
      try {
        if (req.method === 'POST' && isForged(context, req)) {
          throw new InviteError('not_allowed', {
            detail: `Forms are only taken from ${context.config.origin}, where the links of this page lead. Open it there.`,
          })
        }
        const appId = chosenApp(context, req)
        const actor = await askHost(options, req, appId, action)
        await handle({ req, res, app: appOf(context, appId), actor })
      } catch (error) {
        next(error)
      }
    }
  }

  async function show(visit: Visit, { role, typedSettings, ...extra }: Extra = {}, status = 200): Promise<void> {
    const { req, res, app, actor } = visit
    const scope = { appId: app.appId, actor }
    const cursor = typeof req.query.cursor === 'string' ? req.query.cursor : undefined
    const page = await invites.list({ status: ['pending', 'expired'], cursor }, scope)
    const isSupervisor = actor.access === 'supervisor'
    const settings = isSupervisor ? await invites.settings(undefined, scope) : undefined
    const quota = isSupervisor ? undefined : await invites.quota(actor.id, undefined, scope)
    const showsWaitlist =
      settings?.mode === 'waitlist' && (await options.authorize(req, { appId: app.appId, action: 'request.list' }))
    const values = invitePage({
      ...(await frame(visit)),
      page,
      paged: cursor !== undefined,
      settings,
      typedSettings,
      requests: showsWaitlist ? await invites.listRequests({}, scope) : undefined,
      quota,
      mails: context.config.mailer !== undefined,
      roles: context.config.roles,
      role,
    })
    res
      .status(status)
      .type('html')
      .send(rendersOf(app.appId)?.page({ ...values, ...extra }))
  }

  async function frame(visit: Visit): Promise<FrameInput> {
    return { base: baseOf(visit.req), app: visit.app, apps: await appsFor(visit), actor: visit.actor }
  }

  /** The apps to choose from: those that the host lets this visitor see. */
  async function appsFor({ req, app }: Visit): Promise<readonly AppConfig[]> {
    const all = [...context.config.apps.values()]
    const allowed = await Promise.all(
      all.map(
        async (each) => each === app || (await options.authorize(req, { appId: each.appId, action: 'invite.list' })),
      ),
    )
    return all.filter((_app, index) => allowed[index])
  }

  const rendersOf = (appId: string) => renders.get(appId) ?? [...renders.values()][0]

  function back({ req, res, app }: Visit, done: (typeof notices)[number], inviteId?: string): void {
    const query = new URLSearchParams({
      ...(app.appId === context.config.defaultAppId ? {} : { appId: app.appId }),
      done,
    })
    if (inviteId !== undefined) query.set('invite', inviteId)
    res.redirect(303, `${baseOf(req)}/?${query}`)
  }

  router.use((_req, res, next) => {
    res.set({
      'Content-Security-Policy':
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
      'X-Frame-Options': 'DENY',
      'X-Content-Type-Options': 'nosniff',
      'Referrer-Policy': 'same-origin', // with no-referrer, browsers would send `Origin: null` with our own forms
      'Cache-Control': 'no-store',
      'X-Robots-Tag': 'noindex',
    })
    next()
  })

  router.get('/dashboard.css', (req, res) => {
    const css = rendersOf(chosenApp(context, req))?.css
    res.set('Cache-Control', 'public, max-age=300').type('css').send(css)
  })

  router.get(
    '/',
    visit('invite.list', async (visit) => {
      await show(visit, { notice: await noticeFor(visit) })
    }),
  )

  async function noticeFor({ req, app, actor }: Visit): Promise<PageValues['notice']> {
    const done = notices.find((notice) => notice === req.query.done)
    if (done === undefined) return undefined
    const id = req.query.invite
    const scope = { appId: app.appId, actor }
    const invite = typeof id === 'string' ? await invites.retrieve(id, scope).catch(() => undefined) : undefined
    return {
      [done]: true,
      email: invite?.email ?? undefined,
      joinUrl: invite?.joinUrl ?? undefined,
      mailed: invite?.delivery.state === 'sent',
    }
  }

  /** Makes the invite that a form asks for; where it cannot be made, the page is shown again with why. */
  function making(read: typeof wantedBySend): RequestHandler {
    return visit('invite.create', async (visit) => {
      const { invite, typed, error } = read(await readForm(visit.req, visit.res))
      try {
        const { inviteId } = await invites.send(invite, { appId: visit.app.appId, actor: visit.actor })
        back(visit, 'sent', inviteId)
      } catch (thrown) {
        if (!(thrown instanceof InviteError && shownBeside.includes(thrown.code))) throw thrown
        const role = invite.role ?? undefined
        await show(visit, { ...typed, role, [error]: explainForm(invite, thrown) }, thrown.status)
      }
    })
  }

  router.post('/send', making(wantedBySend))
  router.post('/link', making(wantedByLink))

  router.post(
    '/invites/:inviteId/resend',
    visit('invite.resend', async (visit) => {
      const { inviteId } = await invites.resend(idOf(visit.req), {}, { appId: visit.app.appId, actor: visit.actor })
      back(visit, 'resent', inviteId)
    }),
  )

  router.post(
    '/invites/:inviteId/delete',
    visit('invite.revoke', async (visit) => {
      const scope = { appId: visit.app.appId, actor: visit.actor }
      // One that was used meanwhile must not be reported as deleted.
      if (!(await invites.revoke(idOf(visit.req), scope))) throw new InviteError('invite_not_found')
      back(visit, 'deleted')
    }),
  )

  addRequestForms({ router, invites, visit, back })
  addSettingsForms({ router, invites, visit, back, show })
  addRecordPages({ router, invites, context, visit, frame, templates: ({ app }) => rendersOf(app.appId) })

  router.use((error: unknown, req: Request, res: Response, next: NextFunction) => {
    if (error instanceof HostFailure) return next(error.error)
    if (!(error instanceof InviteError) || res.headersSent) return next(error)
    tellOperator(context, error)
    const html = rendersOf(chosenApp(context, req))?.error(errorPage(baseOf(req), error.status, explain(error)))
    res.status(error.status).set(error.headers).type('html').send(html)
  })

  return router
}

/** Browsers send `Sec-Fetch-Site` or `Origin` with every form; what sends neither and no cookie is no browser. */
function isForged(context: Context, req: Request): boolean {
  const isBrowser =
    req.get('Sec-Fetch-Site') !== undefined || req.get('Origin') !== undefined || req.headers.cookie !== undefined
  return isBrowser && isCrossSite(context, req)
}

function chosenApp({ config }: Context, req: Request): string {
  const { appId } = req.query
  return typeof appId === 'string' ? appId : (config.defaultAppId ?? [...config.apps.keys()][0] ?? '')
}

/** Where the dashboard is mounted, as the path of this site that it is: `//host` would lead to another. */
function baseOf(req: Request): string {
  return req.baseUrl.replace(/^[/\\]+/, '/')
}

function idOf(req: Request): string {
  const { inviteId } = req.params
  return typeof inviteId === 'string' ? inviteId : ''
}

function explain(error: InviteError): string {
  const isGone = error.message === new InviteError('invite_not_found').message
  return isGone ? 'This invite is no longer outstanding: it was used or deleted meanwhile.' : publicDetail(error)
}
