// The routes of the record: the log, statistics, the tree, pausing an inviter, and lists as CSV.
import { pipeline } from 'node:stream/promises'
import type { Response } from 'express'
import { exportAcceptances, exportInvites, type Table } from '../../use-cases/export.js'
import type { Invites } from '../invites.js'
import { param, type Routes } from './routes.js'

export function addRecord({ router, invites, context, manage }: Routes): void {
  router.get(
    '/app/:appId/acceptance.csv',
    manage('acceptance.list', async ({ req, res, scope }) =>
      sendCsv(res, 'acceptances', await exportAcceptances(context, req.query, scope)),
    ),
  )

  router.get(
    '/app/:appId/invite.csv',
    manage('invite.list', async ({ req, res, scope }) =>
      sendCsv(res, 'invites', await exportInvites(context, req.query, scope)),
    ),
  )

  router.get(
    '/app/:appId/audit',
    manage('audit.read', ({ req, scope }) => invites.audit(req.query as Parameters<Invites['audit']>[0], scope)),
  )

  router.get(
    '/app/:appId/stats',
    manage('stats.read', ({ req, scope }) => invites.stats(req.query as Parameters<Invites['stats']>[0], scope)),
  )

  router.get(
    '/app/:appId/tree',
    manage('acceptance.list', ({ req, scope }) =>
      invites.tree(req.query as unknown as Parameters<Invites['tree']>[0], scope),
    ),
  )

  // Pausing is a quota of nothing for a while: whoever may set the one may do the other.
  router.get(
    '/app/:appId/inviter/:inviterId',
    manage('quota.read', ({ req, scope }) => invites.inviter(param(req, 'inviterId'), undefined, scope)),
  )

  router.put(
    '/app/:appId/inviter/:inviterId',
    manage('quota.write', ({ req, body, scope }) =>
      invites.inviter(param(req, 'inviterId'), body as Parameters<Invites['inviter']>[1], scope),
    ),
  )
}

async function sendCsv(res: Response, name: string, { columns, rows }: Table): Promise<void> {
  const { stringify } = await import('csv-stringify') // not before: it takes its time to load
  // A cell that a spreadsheet would take for a formula gets a ' before it (R-36). Quoted, since it takes a bare CR within
  // a cell for the end of the row.
  const writer = stringify({ columns, header: true, quoted_string: true, escape_formulas: true })
  res.attachment(`${name}.csv`).type('text/csv')
  await pipeline(rows, writer, res).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error // the client has left, and misses nothing
  })
}
