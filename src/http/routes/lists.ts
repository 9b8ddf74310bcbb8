// The route of lists: many invites with one request, and what became of each.
import { supervisorsOnly } from '../../actors.js'
import { InviteError } from '../../errors.js'
import { read } from '../../input.js'
import { sendManySchema } from '../../schemas/lists.js'
import { type ListedRow, type SentRow, sendMany } from '../../use-cases/send-many.js'
import { checkRows, readListBody } from '../body.js'
import type { Routes } from './routes.js'

export function addLists({ router, context, manage, once }: Routes): void {
  router.post(
    '/app/:appId/invite/bulk',
    manage(
      'invite.bulk',
      once(async ({ req, body, scope }, newId) => {
        supervisorsOnly(scope.actor)
        const options = read(sendManySchema, req.query)
        const listed = await rowsOf(body)
        const rows: SentRow[] = []
        const onRows = (some: readonly SentRow[]) => rows.push(...some)
        return { ...(await sendMany(context, inOne(listed), { ...options, onRows }, scope, newId)), rows }
      }),
      readListBody,
    ),
  )
}

/** All of them, before the first is used: what is wrong with the whole is told while nothing is done. */
async function rowsOf(body: unknown): Promise<readonly ListedRow[]> {
  if (typeof body === 'string') {
    const { readCsv } = await import('../../lists/csv.js') // with its parser, only where there is something to parse
    const rows: ListedRow[] = []
    for await (const some of readCsv(inOne(body), {})) {
      rows.push(...some)
      checkRows(rows.length)
    }
    return rows
  }
  if (!Array.isArray(body))
    throw new InviteError('input_invalid', { detail: 'The body must be a JSON array of invites.' })
  checkRows(body.length)
  return body.map((fields: unknown, at) => ({ line: at + 1, fields }))
}

async function* inOne<Part>(part: Part): AsyncGenerator<Part, void, undefined> {
  yield part
}
