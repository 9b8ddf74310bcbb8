// Making the invites of several requests in one transaction: a statement a table. Only those that nothing is in the way of.
import type { InviteStore } from '../../src/store.js'
import type { DeliveryOperations } from './deliveries.js'
import { byAddress, type ListedRow, listStatements } from './list-statements.js'
import type { LogOperations } from './log.js'
import { lastly, type Operation, together } from './operation.js'
import { fromNewInvite, type InviteRow, toInvite } from './records.js'
import type { Dialect } from './schema.js'
import { placeOf, type StandingOperations } from './standings.js'

export type CreateRequest = Parameters<InviteStore['createInvite']>
export type Created = Awaited<ReturnType<InviteStore['createInvite']>>

export interface CreatingOperations {
  /** `undefined`: to be made by itself. None of them is paid for by a quota or a limit of mails. */
  createGathered(requests: readonly CreateRequest[]): Operation<readonly (Created | undefined)[]>
}

export function creatingOperations(
  dialect: Dialect,
  { standings, deliveries, log }: { standings: StandingOperations; deliveries: DeliveryOperations; log: LogOperations },
): CreatingOperations {
  const statements = listStatements(dialect)

  function* createGathered(requests: readonly CreateRequest[]): Operation<readonly (Created | undefined)[]> {
    const places = requests.flatMap(([{ appId, emailCanonical: email, orgId }]) =>
      email === null ? [] : [{ appId, email, orgId }],
    )
    const inviters = new Map(
      requests.flatMap(([{ appId, inviterId }]) =>
        inviterId === null ? [] : [[`${appId} ${inviterId}`, { app_id: appId, inviter_id: inviterId }]],
      ),
    )
    // Who replaces an invite waits for whoever has that one's row; and so by itself.
    const [held, paused] = yield* together(standings.heldAmong(places), statements.paused([...inviters.values()]))
    const isBarred = ([{ appId, emailCanonical: email, orgId, inviterId }]: CreateRequest) =>
      paused.some((each) => each.app_id === appId && each.inviter_id === inviterId) ||
      (email !== null && held.has(`${appId} ${placeOf({ email, orgId })}`))
    const rows = new Map<string, InviteRow>()
    const free = requests.filter((request) => {
      const [invite, deliveryId] = request
      if (rows.has(invite.id) || isBarred(request)) return false // the same again is answered by what the first has made
      rows.set(invite.id, fromNewInvite(dialect, invite, deliveryId))
      return true
    })
    const made = yield* statements.insert([...rows.values()].map(listed).sort(byAddress))
    const added = free.filter(([invite]) => made.has(invite.id))
    const mails = added.flatMap(([{ id: inviteId, createdAt }, id]) =>
      id === undefined ? [] : [{ id, inviteId, now: dialect.encodeTime(createdAt) }],
    )
    const entries = added.flatMap(([{ id, createdAt: now }, , { note } = {}]) => {
      const invite = rows.get(id)
      return note && invite ? [{ note, invite, now }] : []
    })
    const ending = entries.some(({ note }) => note.webhooks) || !dialect.listed.atOnce ? together : lastly
    yield* ending(
      statements.insertMails(
        mails.map(({ id, inviteId, now }) => ({ id, invite_id: inviteId, attempts: 0, next_attempt_at: now })),
      ),
      log.logEach(entries),
    )
    const mailOf = new Map(mails.map((mail) => [mail.inviteId, deliveries.inserted(mail)]))
    const isAdded = new Set(added)
    return requests.map((request) => {
      const [{ id }] = request
      const row = isAdded.has(request) ? rows.get(id) : undefined
      return row && { created: toInvite(dialect, row, mailOf.get(id) ?? null) }
    })
  }

  const listed = (row: InviteRow): ListedRow =>
    dialect.listed.atOnce && row.metadata !== null
      ? { ...row, metadata: JSON.parse(String(row.metadata)) as ListedRow['metadata'] }
      : row

  return { createGathered }
}
