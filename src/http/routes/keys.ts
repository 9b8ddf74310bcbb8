// The routes of keys: which there are, and revoking one. None makes any: whoever got hold of a session or of a key
// could make itself a key that outlasts both.
import { read } from '../../input.js'
import { emptySchema } from '../../schemas/invites.js'
import type { Invites } from '../invites.js'
import { param, type Routes } from './routes.js'

export function addKeys({ router, invites, manage }: Routes): void {
  router.get(
    '/app/:appId/key',
    manage('key.manage', ({ req, scope }) => invites.listKeys(req.query as Parameters<Invites['listKeys']>[0], scope)),
  )

  router.delete(
    '/app/:appId/key/:keyId',
    manage('key.manage', async ({ req, body, scope }) => {
      read(emptySchema, body)
      await invites.revokeKey(param(req, 'keyId'), scope)
      return {}
    }),
  )
}
