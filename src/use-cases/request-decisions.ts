// Deciding who of the waiting list is invited.
import type * as v from 'valibot'
import { supervisorsOnly } from '../actors.js'
import { parseAddress } from '../addresses.js'
import { appOf, type Context, type KnownScope } from '../context.js'
import { readCursor, toPage } from '../cursors.js'
import { InviteError } from '../errors.js'
import { type NewId, randomId } from '../ids.js'
import { type InputOf, invalidField, read } from '../input.js'
import { mailCounts, tooManyMails } from '../mail/limits.js'
import { noteOf } from '../notes.js'
import { PAUSED } from '../record-types.js'
import { approveSchema, declineSchema, requestListSchema } from '../schemas/access-requests.js'
import type { AccessRequestDecided, AccessRequestDecision, AccessRequestRecord } from '../store.js'
import type { AccessRequest, Page } from '../types.js'
import { isoTime, summaryOf } from '../views.js'
import { MAX_COUNTED, positionOf } from './access-requests.js'
import { prepareInvites } from './send.js'

/**
 * Which page of requests for access.
 * @interface
 */
export type AccessRequestQuery = InputOf<typeof requestListSchema>
/**
 * Which requests for access to approve, and what their invites hand out.
 * @interface
 */
export type ApproveRequests = InputOf<typeof approveSchema>
/**
 * Which requests for access to decline.
 * @interface
 */
export type DeclineRequests = InputOf<typeof declineSchema>

/** What became of decisions. */
export interface DecidedRequests {
  /** How many were decided so by this call; the others were before, or have joined and cannot be declined any more. */
  readonly decided: number
  /** All that were named, as they stand now. */
  readonly items: readonly AccessRequest[]
}

export async function listRequests(
  context: Context,
  query: AccessRequestQuery,
  scope: KnownScope,
): Promise<Page<AccessRequest>> {
  const { appId } = appOf(context, scope.appId)
  supervisorsOnly(scope.actor)
  const { status: state, by, limit, cursor } = read(requestListSchema, query)
  const after = readCursor(cursor)
  const records = await context.store.listAccessRequests({ appId, state, by, limit: limit + 1, after })
  const time = ({ verifiedAt, createdAt, decidedAt }: AccessRequestRecord) =>
    (state !== 'waiting' ? decidedAt : by === 'position' ? verifiedAt : createdAt) ?? createdAt
  const { items, nextCursor } = toPage(records, limit, (record) => ({ at: time(record), id: record.id }))
  const [first] = items
  const isPlaced = first !== undefined && state === 'waiting' && by === 'position'
  const place = isPlaced ? await positionOf(context, first) : undefined
  return { items: items.map((record, index) => requestView(record, place && place + index)), nextCursor }
}

/** Asked again with the same ids, it invites nobody twice. */
export async function approveRequests(
  context: Context,
  input: ApproveRequests,
  scope: KnownScope,
  newId: NewId = randomId,
): Promise<DecidedRequests> {
  supervisorsOnly(scope.actor)
  const { requests, next, by, ...fields } = read(approveSchema, input)
  const prepare = await prepareInvites(context, fields, scope)
  const { store, config } = context
  const isMailed = config.mailer !== undefined
  return await decideAll(context, { requests, next, by }, scope, async (decision, { id, email, locale }) => {
    const invite = prepare({ email: parseAddress(email), locale }, newId(`invite ${id}`), decision.now)
    const note = noteOf(context, 'request.approve', scope, { requestId: id })
    const mailId = isMailed ? newId(`mail ${id}`) : undefined
    const mails = mailCounts(context, invite)
    const decided = await store.approveAccessRequest({ ...decision, note, mails }, invite, mailId)
    if (decided === 'paused') throw new InviteError('not_allowed', { detail: PAUSED })
    if (decided && 'limited' in decided) throw tooManyMails(context, invite, decided.limited)
    if (decided?.invite === undefined) return decided
    if (isMailed) context.mailQueued()
    context.emit('created', { invite: summaryOf(decided.invite, decision.now) })
    return decided
  })
}

export async function declineRequests(
  context: Context,
  input: DeclineRequests,
  scope: KnownScope,
): Promise<DecidedRequests> {
  supervisorsOnly(scope.actor)
  return await decideAll(context, read(declineSchema, input), scope, async (decision, { id }) => {
    const note = noteOf(context, 'request.decline', scope, { requestId: id })
    const decided = await context.store.declineAccessRequest({ ...decision, note })
    if (decided?.invite) context.emit('revoked', { invite: summaryOf(decided.invite, decision.now) })
    return decided
  })
}

type Decide = (
  decision: AccessRequestDecision,
  request: AccessRequestRecord,
) => Promise<AccessRequestDecided | undefined>

/** One by one, each in a step of its own: what was decided stays so, should a later one fail. */
async function decideAll(
  context: Context,
  which: v.InferOutput<typeof declineSchema>,
  scope: KnownScope,
  decide: Decide,
): Promise<DecidedRequests> {
  const { appId } = appOf(context, scope.appId)
  const decidedBy = scope.actor?.id ?? null
  const items: AccessRequest[] = []
  let decided = 0
  for (const request of await chosenOf(context, appId, which)) {
    const now = context.config.clock()
    const result = await decide({ appId, requestId: request.id, decidedBy, now }, request)
    if (result === undefined) continue // housekeeping came by
    items.push(requestView(result.request, undefined))
    if (result.changed) decided++
  }
  return { decided, items }
}

async function chosenOf(
  { store }: Context,
  appId: string,
  { requests, next, by }: v.InferOutput<typeof declineSchema>,
): Promise<readonly AccessRequestRecord[]> {
  if ((requests === undefined) === (next === undefined)) {
    throw invalidField('requests', 'must be there, or next: how many of those that wait')
  }
  if (requests === undefined) {
    return await store.listAccessRequests({ appId, state: 'waiting', by, limit: next ?? 0 })
  }
  const found = new Map<string, AccessRequestRecord>()
  for (const name of requests) {
    const emailCanonical = parseAddress(name)?.canonical
    const key = emailCanonical === undefined ? { appId, requestId: name } : { appId, emailCanonical }
    const request = await store.findAccessRequest(key)
    if (request?.verifiedAt == null) {
      throw new InviteError('invite_not_found', { detail: `There is no confirmed request for access of ${name}.` })
    }
    found.set(request.id, request)
  }
  return [...found.values()]
}

function requestView(record: AccessRequestRecord, position: number | undefined): AccessRequest {
  const { decision, verifiedAt, decidedAt } = record
  return {
    requestId: record.id,
    appId: record.appId,
    email: record.email,
    answers: record.answers,
    status: decision === null ? 'waiting' : decision === 'approve' ? 'approved' : 'declined',
    position: position === undefined || position > MAX_COUNTED ? null : position,
    createdAt: isoTime(record.createdAt),
    verifiedAt: isoTime(verifiedAt ?? record.createdAt),
    decidedAt: decidedAt === null ? null : isoTime(decidedAt),
    decidedBy: record.decidedBy,
    inviteId: record.inviteId,
  }
}
