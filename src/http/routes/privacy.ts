// The routes about one person. The address is in the body of a POST, also where nothing is changed: what is in a URL
// ends up in the logs of every server on the way.
import type { Invites } from '../invites.js'
import type { Routes } from './routes.js'

export function addPrivacy({ router, invites, manage }: Routes): void {
  router.post(
    '/app/:appId/person/export',
    manage('person.export', ({ body, scope }) => invites.export(body as Parameters<Invites['export']>[0], scope)),
  )

  router.post(
    '/app/:appId/person/forget',
    manage('person.forget', ({ body, scope }) => invites.forget(body as Parameters<Invites['forget']>[0], scope)),
  )
}
