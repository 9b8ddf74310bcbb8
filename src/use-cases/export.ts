// Whole lists as rows of a table, a page at a time, so that a million take no more memory than a thousand. Without codes.
import { supervisorsOnly } from '../actors.js'
import { appOf, type Context, type KnownScope } from '../context.js'
import { read } from '../input.js'
import { inviteExportSchema, inviterOnlySchema } from '../schemas/record.js'
import type { AcceptanceRecord, InviteRecord, PagePosition } from '../store.js'
import type { Inviter } from '../types.js'
import { acceptanceView, summaryOf } from '../views.js'
import { searchFor } from './manage.js'

const PAGE = 500

type Cells = Readonly<Record<string, string | number | null>>

/** Rows that are read as they are asked for. */
export interface Table {
  readonly columns: readonly string[]
  readonly rows: AsyncIterable<Cells>
}

const inviterColumns = ['inviterId', 'inviterEmail', 'inviterName'] as const
const inviteColumns = [
  ...(['inviteId', 'email', 'appId', 'status', 'role', 'orgId'] as const),
  ...inviterColumns,
  ...([
    'emailDomain',
    'oncePerPerson',
    'maxUses',
    'uses',
    'createdAt',
    'expiresAt',
    'deliveryState',
    'sentAt',
    'metadata',
  ] as const),
]
const acceptanceColumns = [
  ...(['acceptanceId', 'inviteId', 'appId', 'userId', 'email', 'role', 'orgId'] as const),
  ...inviterColumns,
  ...(['acceptedAt', 'reopenedAt', 'approval', 'decidedAt'] as const),
]

/** Every acceptance, newest first. Rejects, instead of breaking off, where the first page cannot be had. */
export async function exportAcceptances(context: Context, query: unknown, scope: KnownScope): Promise<Table> {
  const { appId } = appOf(context, scope.appId)
  supervisorsOnly(scope.actor)
  const { inviterId } = read(inviterOnlySchema, query)
  return await tableOf(acceptanceColumns, {
    page: (after) => context.store.listAcceptances({ appId, inviterId, limit: PAGE, after }),
    position: (record: AcceptanceRecord) => ({ at: record.acceptedAt, id: record.id }),
    cells(record) {
      const { inviter, ...acceptance } = acceptanceView(record)
      return { ...acceptance, ...inviterCells(inviter) }
    },
  })
}

/** Every invite that the actor may see, newest first. Rejects, instead of breaking off, where the first page cannot be had. */
export async function exportInvites(context: Context, query: unknown, scope: KnownScope): Promise<Table> {
  const { appId } = appOf(context, scope.appId)
  const { status, q } = read(inviteExportSchema, query)
  const search = searchFor(q)
  const now = context.config.clock()
  const inviterId = scope.actor?.access === 'member' ? scope.actor.id : undefined
  const list = { appId, inviterId, statuses: status, ...search, limit: PAGE, now }
  return await tableOf(inviteColumns, {
    page: async (after) => (search ? await context.store.listInvites({ ...list, after }) : []),
    position: (record: InviteRecord) => ({ at: record.createdAt, id: record.id }),
    cells(record) {
      const { inviter, metadata, delivery, oncePerPerson, used: _used, ...invite } = summaryOf(record, now)
      const mail = { deliveryState: delivery.state, sentAt: delivery.sentAt }
      const more = { oncePerPerson: String(oncePerPerson), metadata: metadata && JSON.stringify(metadata) }
      return { ...invite, ...inviterCells(inviter), ...mail, ...more }
    },
  })
}

interface Source<Item> {
  readonly page: (after: PagePosition | undefined) => Promise<readonly Item[]>
  readonly position: (item: Item) => PagePosition
  readonly cells: (item: Item) => Cells
}

async function tableOf<Item>(columns: readonly string[], { page, position, cells }: Source<Item>): Promise<Table> {
  const first = await page(undefined)
  async function* rows() {
    for (let items = first; items.length > 0; ) {
      for (const item of items) yield cells(item)
      const last = items.at(-1)
      items = last === undefined || items.length < PAGE ? [] : await page(position(last))
    }
  }
  return { columns, rows: rows() }
}

function inviterCells(inviter: Inviter | null): Cells {
  return {
    inviterId: inviter?.id ?? null,
    inviterEmail: inviter?.email ?? null,
    inviterName: inviter?.name ?? null,
  }
}
