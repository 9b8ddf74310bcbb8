// The routes of what a supervisor looks after beside invites: who joined, settings, quotas.

import { read } from '../../input.js'
import { emptySchema } from '../../schemas/invites.js'
import type { Invites } from '../invites.js'
import { param, type Routes } from './routes.js'

export function addSettings({ router, invites, manage, once }: Routes): void {
  router.get(
    '/app/:appId/acceptance',
    manage('acceptance.list', ({ req, scope }) =>
      invites.acceptances(req.query as Parameters<Invites['acceptances']>[0], scope),
    ),
  )

  router.post(
    '/app/:appId/acceptance/:acceptanceId/reopen',
    manage('acceptance.reopen', ({ req, body, scope }) => {
      read(emptySchema, body)
      return invites.reopen(param(req, 'acceptanceId'), scope)
    }),
  )

  router.post(
    '/app/:appId/acceptance/:acceptanceId/approve',
    manage('acceptance.decide', ({ req, body, scope }) => {
      read(emptySchema, body)
      return invites.approveAcceptance(param(req, 'acceptanceId'), scope)
    }),
  )

  router.post(
    '/app/:appId/acceptance/:acceptanceId/decline',
    manage('acceptance.decide', ({ req, body, scope }) => {
      read(emptySchema, body)
      return invites.declineAcceptance(param(req, 'acceptanceId'), scope)
    }),
  )

  router.get(
    '/app/:appId/settings',
    manage('settings.read', ({ scope }) => invites.settings(undefined, scope)),
  )

  router.put(
    '/app/:appId/settings',
    manage('settings.write', ({ body, scope }) => invites.settings(body as Parameters<Invites['settings']>[0], scope)),
  )

  router.get(
    '/app/:appId/quota/:inviterId',
    manage('quota.read', ({ req, scope }) => invites.quota(param(req, 'inviterId'), undefined, scope)),
  )

  router.put(
    '/app/:appId/quota/:inviterId',
    manage('quota.write', ({ req, body, scope }) =>
      invites.quota(param(req, 'inviterId'), body as Parameters<Invites['quota']>[1], scope),
    ),
  )

  router.post(
    '/app/:appId/quota',
    manage(
      'quota.write',
      once(({ body, scope }) => invites.grantQuota(body as Parameters<Invites['grantQuota']>[0], scope)),
    ),
  )
}
