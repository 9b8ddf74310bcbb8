// The routes of invites: make, list, read, edit, send again, revoke.
import type { Request } from 'express'
import { read } from '../../input.js'
import { emptySchema } from '../../schemas/invites.js'
import { type ResendOptions, resendInvite } from '../../use-cases/manage.js'
import { type SendInvite, sendInvite } from '../../use-cases/send.js'
import type { Invites } from '../invites.js'
import { param, type Routes } from './routes.js'

// The fields of Catalyze's Invite model, which its clients send along with every request.
const modelFields = ['inviteId', 'inviteCode', 'appId', 'used']

export function addInvites({ router, invites, context, manage, once }: Routes): void {
  router.post(
    '/app/:appId/invite',
    manage(
      'invite.create',
      once(async ({ req, res, body, scope }, newId) => {
        read(emptySchema, without(modelFields, req.query))
        const invite = await sendInvite(context, without(modelFields, body) as SendInvite, scope, newId)
        res.status(201).location(`${context.config.baseUrl}/app/${invite.appId}/invite/${invite.inviteId}`)
        return invite
      }),
    ),
  )

  router.get(
    '/app/:appId/invite',
    manage('invite.list', ({ req, scope }) => invites.list(req.query as Parameters<Invites['list']>[0], scope)),
  )

  router.get(
    '/app/:appId/invite/:inviteId',
    manage('invite.read', ({ req, body, scope }) => {
      onlyModelFields(req, body)
      return invites.retrieve(param(req, 'inviteId'), scope)
    }),
  )

  router.patch(
    '/app/:appId/invite/:inviteId',
    manage('invite.update', ({ req, body, scope }) =>
      invites.update(param(req, 'inviteId'), body as Parameters<Invites['update']>[1], scope),
    ),
  )

  router.delete(
    '/app/:appId/invite/:inviteId',
    manage('invite.revoke', async ({ req, body, scope }) => {
      onlyModelFields(req, body)
      await invites.revoke(param(req, 'inviteId'), scope)
      return {}
    }),
  )

  router.post(
    '/app/:appId/invite/:inviteId/resend',
    manage(
      'invite.resend',
      once(({ req, body, scope }, newId) =>
        resendInvite(context, param(req, 'inviteId'), body as ResendOptions, scope, newId),
      ),
    ),
  )
}

/** GET and DELETE take nothing but what Catalyze's clients send along. */
function onlyModelFields(req: Request, body: unknown): void {
  read(emptySchema, without([...modelFields, 'email'], req.query))
  read(emptySchema, without([...modelFields, 'email'], body))
}

function without(names: readonly string[], fields: unknown): unknown {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return fields
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)))
}
