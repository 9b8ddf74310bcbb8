// The routes of the waiting list: for everybody, to ask for access and to confirm that; for supervisors, to decide.
import { appOf } from '../../context.js'
import { read } from '../../input.js'
import { emptySchema } from '../../schemas/invites.js'
import { type AccessRequestInput, confirmRequest, requestStanding } from '../../use-cases/access-requests.js'
import { type ApproveRequests, approveRequests } from '../../use-cases/request-decisions.js'
import { readJson } from '../body.js'
import type { Invites } from '../invites.js'
import { sendStanding } from '../request-page.js'
import { countRequest } from '../throttle.js'
import { param, type Routes } from './routes.js'

/** The one answer, whatever is known of the address. */
const ASKED = { detail: 'A mail with a link is on its way to this address. Open it to be put on the waiting list.' }

export function addAccessRequests({ router, invites, context, manage, once, open }: Routes): void {
  router.post(
    '/app/:appId/access-request',
    open(async (req, res) => {
      const { appId } = appOf(context, param(req, 'appId'))
      for (const [name, value] of Object.entries(await countRequest(context, req))) res.append(name, value)
      read(emptySchema, req.query)
      await invites.requestAccess((await readJson(req, res)) as AccessRequestInput, { appId })
      res.status(202).json(ASKED)
    }),
  )

  router.get(
    '/app/:appId/access-request',
    manage('request.list', ({ req, scope }) =>
      invites.listRequests(req.query as Parameters<Invites['listRequests']>[0], scope),
    ),
  )

  // Before the links, whose tokens are never so short.
  router.post(
    '/app/:appId/access-request/approve',
    manage(
      'request.decide',
      once(({ body, scope }, newId) => approveRequests(context, body as ApproveRequests, scope, newId)),
    ),
  )

  router.post(
    '/app/:appId/access-request/decline',
    manage(
      'request.decide',
      once(({ body, scope }) => invites.declineRequests(body as Parameters<Invites['declineRequests']>[0], scope)),
    ),
  )

  router.get(
    '/app/:appId/access-request/:token',
    open((req, res) =>
      sendStanding(context, req, res, link(param(req, 'appId'), param(req, 'token')), requestStanding),
    ),
  )

  router.post(
    '/app/:appId/access-request/:token',
    open((req, res) => sendStanding(context, req, res, link(param(req, 'appId'), param(req, 'token')), confirmRequest)),
  )
}

const link = (appId: string, token: string) => ({ appId, token })
