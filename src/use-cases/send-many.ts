// Making invites by the thousand: read, judged and written in batches, so that neither memory nor the event loop fills.
import { setImmediate as turn } from 'node:timers/promises'
import type * as v from 'valibot'
import { type KnownActor, supervisorsOnly } from '../actors.js'
import type { AppConfig } from '../app-config.js'
import { appOf, type Context, findInviter, type KnownScope } from '../context.js'
import { type FieldError, InviteError } from '../errors.js'
import { type NewId, orderedId } from '../ids.js'
import { type InputOf, read } from '../input.js'
import { refusalIds } from '../mail/no-more.js'
import { noteOf } from '../notes.js'
import { checkNames } from '../option-names.js'
import type { Awaitable } from '../options.js'
import { PAUSED } from '../record-types.js'
import { rowSchema, sendManySchema } from '../schemas/lists.js'
import type { InviteeState, MailSpread, NewInviteOutcome, NewInvites } from '../store.js'
import { summaryOf } from '../views.js'
import { createSeen } from './seen.js'
import { inviterOf, isMailed, newInvite } from './send.js'

/**
 * One new invite of many, as it is asked for.
 * @interface
 */
export type SendManyRow = InputOf<typeof rowSchema>

/** How many invites are made, and who is told. */
export interface SendManyOptions {
  /** Whether to say what would become of the list, and change nothing. Default: false. */
  readonly dryRun?: boolean | undefined
  /** How many mails are due an hour, 1 to 1000000, after those that already wait. Default: all at once. */
  readonly perHour?: number | undefined
  /** Stops after the batch that is being written. */
  readonly signal?: AbortSignal | undefined
  /** Told what became of each row, in order, some at a time; the next are read when it is done. */
  readonly onRows?: ((rows: readonly SentRow[]) => Awaitable<unknown>) | undefined
}

/** What became of one row of a list. */
export interface SentRow {
  /** The line of the text that it began on; without a text its number. Both from 1. */
  readonly line: number
  /** `created` and `skipped`; or `invalid`, for the reasons in `errors`. */
  readonly status: 'created' | 'skipped' | 'invalid'
  /** The new invite; `null` where none was made. */
  readonly inviteId: string | null
  /** Why it was skipped, see {@link SkippedRows}; else `null`. */
  readonly reason: keyof SkippedRows | null
  /** What is wrong with it; empty where it is not `invalid`. */
  readonly errors: readonly FieldError[]
}

/** What became of a list. */
export interface SentMany {
  /** Whether nothing was changed, and these are what there would be. */
  readonly dryRun: boolean
  /** How many invites were made. */
  readonly created: number
  /** How many rows were left out, by reason. A list that is sent again has all of them here. */
  readonly skipped: SkippedRows
  /** How many rows were wrong. */
  readonly invalid: number
}

/** Rows that were left out, by reason. */
export interface SkippedRows {
  /** Their address had a pending invite, or an earlier row. */
  readonly invite_exists: number
  /** Their address has joined. */
  readonly already_joined: number
  /** Their address asked for no more mail, and the invite was to be mailed. */
  readonly no_more_mail: number
}

/** A row as it was read; or why it could not be. */
export type ListedRow =
  | { readonly line: number; readonly fields: unknown }
  | { readonly line: number; readonly errors: readonly FieldError[] }

type Fields = v.InferOutput<typeof rowSchema>

/** A row as it was judged. */
type Judged =
  | { readonly line: number; readonly fields: Fields; readonly inviter: KnownActor | undefined }
  | { readonly line: number; readonly errors: readonly FieldError[] }

interface Alone {
  /** For how long the process may be stopped, in ms. More where it has nothing else to do: larger batches are faster. */
  readonly blockMs?: number
}

type Made = NewInvites['invites'][number]

const reasons = { invited: 'invite_exists', joined: 'already_joined', refusing: 'no_more_mail' } as const

const HOUR_MS = 3_600_000
const SLICE_MS = 10 // of judging and sealing, between turns of the event loop
// A transaction of SQLite stops the process. It gets as many rows as it writes in this time, within these bounds.
const BLOCK_MS = 25
const BATCH = { first: 200, least: 200, most: 2000 }
const GROWTH = 1.3 // from one batch to the next at most: one that was quick by chance must not make the next a long one
const MAX_INVITERS = 1000

/** How, checked. @throws TypeError where an option is wrong, InviteError where a field is. */
export function readSendMany(options: SendManyOptions): SendManyOptions {
  checkNames('sendMany', options, ['dryRun', 'perHour', 'signal', 'onRows'])
  const { signal, onRows, ...fields } = options
  return { ...read(sendManySchema, fields), signal, onRows }
}

/** Rows that code has at hand, a few hundred at a time. */
export async function* listRows(
  rows: Iterable<unknown> | AsyncIterable<unknown>,
): AsyncGenerator<readonly ListedRow[], void, undefined> {
  let line = 0
  let some: ListedRow[] = []
  for await (const fields of rows) {
    some.push({ line: ++line, fields })
    if (some.length < BATCH.first) continue
    yield some
    some = []
  }
  yield some
}

/** Asked again with the same ids, it makes nothing new. */
export async function sendMany(
  context: Context,
  rows: AsyncIterable<readonly ListedRow[]>,
  { dryRun = false, perHour, signal, onRows, blockMs = BLOCK_MS }: SendManyOptions & Alone,
  scope: KnownScope,
  newId: NewId = orderedId,
): Promise<SentMany> {
  const app = appOf(context, scope.appId)
  supervisorsOnly(scope.actor)
  const judge = judgeFor(context, app, scope.actor)
  const seen = createSeen()
  const counts = { created: 0, invite_exists: 0, already_joined: 0, no_more_mail: 0, invalid: 0 }
  const everyMs = perHour === undefined ? undefined : HOUR_MS / perHour
  let nextMailAt = everyMs === undefined || dryRun ? undefined : await firstMailAt(context, everyMs)
  let size = BATCH.first
  let batch: (Judged & { readonly made?: Made })[] = []
  let writing: Promise<void> = Promise.resolve()
  const pause = createPause()

  /** Writes what was gathered while the next is being gathered; one batch after the other. */
  async function flush(): Promise<void> {
    const gathered = batch
    batch = []
    await writing
    writing = gathered.length === 0 || signal?.aborted ? Promise.resolve() : write(gathered)
    writing.catch(() => undefined) // told at the next `await`
  }

  async function write(gathered: typeof batch): Promise<void> {
    const states = dryRun ? await look(gathered) : await make(gathered)
    const sent = gathered.map((row): SentRow => {
      const none = { line: row.line, inviteId: null, reason: null, errors: [] }
      if ('errors' in row) return { ...none, status: 'invalid', errors: row.errors }
      const { state, inviteId } = states.next().value ?? { state: 'new', inviteId: null }
      if (state === 'paused') return { ...none, status: 'invalid', errors: [{ pointer: '#', detail: PAUSED }] }
      if (state === 'new') return { ...none, status: 'created', inviteId }
      return { ...none, status: 'skipped', reason: reasons[state] }
    })
    for (const { status, reason } of sent) counts[status === 'skipped' ? (reason ?? 'invite_exists') : status]++
    await onRows?.(sent)
  }

  async function make(gathered: typeof batch) {
    const invites = gathered.flatMap((row) => row.made ?? [])
    const spread = nextMailAt === undefined || everyMs === undefined ? undefined : { from: nextMailAt, everyMs }
    await turn() // others have theirs before it and behind it
    const began = performance.now()
    const asked = create(context, app, { invites, spread, scope })
    size = sizeAfter({ tookMs: performance.now() - began, rows: gathered.length, size, blockMs })
    const outcomes = await asked
    await turn()
    const created = outcomes.map((outcome, at) => ('created' in outcome ? invites[at] : undefined))
    const mailed = created.filter((made) => made?.deliveryId !== undefined).length
    if (spread) nextMailAt = spread.from + mailed * spread.everyMs
    return outcomes.map(stateOf).values()
  }

  /** Where they stand, in place of making them. */
  async function look(gathered: typeof batch) {
    const invitees = gathered.flatMap((row) =>
      'errors' in row
        ? []
        : {
            email: row.fields.email.canonical,
            orgId: row.fields.orgId ?? null,
            refusalIds: isMailed(context, row.fields) ? refusalIds(context, row.fields.email.canonical) : [],
          },
    )
    const states = await context.store.findInvitees({ appId: app.appId, invitees, now: context.config.clock() })
    const told = invitees.map(({ email, orgId }, at): State => {
      const state = states[at] ?? 'new'
      const isFirst = state !== 'new' || seen.add(`${email} ${orgId ?? ''}`)
      return { state: isFirst ? state : 'invited', inviteId: null }
    })
    return told.values()
  }

  try {
    for await (const some of rows) {
      for (const row of some) {
        const judged = await judge(row)
        batch.push(dryRun || 'errors' in judged ? judged : { ...judged, made: makeInvite(context, app, judged, newId) })
        if (batch.length >= size) await flush()
        if (signal?.aborted) break
        await pause()
      }
      if (signal?.aborted) break
    }
    await flush()
  } finally {
    await writing // also where the list cannot be read on: what is being written is counted
  }
  const { created, invalid, ...skipped } = counts
  return { dryRun, created, skipped, invalid }
}

interface State {
  readonly state: InviteeState | 'paused'
  readonly inviteId: string | null
}

function stateOf(outcome: NewInviteOutcome): State {
  if ('created' in outcome) return { state: 'new', inviteId: outcome.created.id }
  if ('refusing' in outcome) return { state: 'refusing', inviteId: null }
  if ('paused' in outcome) return { state: 'paused', inviteId: null }
  return { state: 'joined' in outcome ? 'joined' : 'invited', inviteId: null }
}

async function create(
  context: Context,
  app: AppConfig,
  { invites, spread, scope }: { invites: readonly Made[]; spread: MailSpread | undefined; scope: KnownScope },
) {
  if (invites.length === 0) return []
  const now = context.config.clock()
  // Each entry has this and its invite's own id: they sort as the invites do, and indexes take those at their end.
  const note = { ...noteOf(context, 'invite.create', scope, { list: true }), id: 'made' }
  const outcomes = await context.store.createInvites({ appId: app.appId, invites, now, spread, note })
  if (context.isHeard('created')) tell(context, invites, outcomes, now)
  if (invites.some(({ deliveryId }) => deliveryId !== undefined)) context.mailQueued()
  return outcomes
}

function tell(context: Context, invites: readonly Made[], outcomes: readonly NewInviteOutcome[], now: number): void {
  for (const [at, outcome] of outcomes.entries()) {
    if (!('created' in outcome)) continue
    const { created } = outcome
    const id = invites[at]?.deliveryId
    const never = {
      requestId: null,
      lastError: null,
      leasedUntil: null,
      sentAt: null,
      failedAt: null,
      canceledAt: null,
    }
    const delivery = id === undefined ? null : { id, inviteId: created.id, attempts: 0, nextAttemptAt: now, ...never }
    const made = { ...created, oncePerPerson: false, source: created.source ?? null, delivery }
    const record = { ...made, codeGeneration: 1, uses: 0, held: 0, revokedAt: null }
    context.emit('created', { invite: summaryOf(record, now) })
  }
}

function makeInvite(
  context: Context,
  app: AppConfig,
  { line, fields, inviter }: Exclude<Judged, { readonly errors: unknown }>,
  newId: NewId,
): Made {
  const now = context.config.clock()
  const invite = newInvite(context, app, fields, { inviter, id: newId(`invite ${line}`), now })
  if (!isMailed(context, fields)) return { invite, deliveryId: undefined, refusalIds: [] }
  return { invite, deliveryId: newId(`mail ${line}`), refusalIds: refusalIds(context, fields.email.canonical) }
}

/** What reads a row and judges it. What is wrong with one is in its result; a store or host that fails is thrown. */
function judgeFor(context: Context, app: AppConfig, actor: KnownActor | undefined) {
  const inviters = new Map<string, Promise<KnownActor | undefined>>()
  function find(email: string): Promise<KnownActor | undefined> {
    if (inviters.size > MAX_INVITERS) inviters.clear()
    const known = inviters.get(email) ?? findInviter(context, { appId: app.appId, email })
    inviters.set(email, known)
    return known
  }
  return async function judge(row: ListedRow): Promise<Judged> {
    const { line } = row
    if ('errors' in row) return row
    try {
      const fields = read(rowSchema, row.fields)
      return { line, fields, inviter: await inviterOf(context, app, fields, actor, find) }
    } catch (error) {
      if (!(error instanceof InviteError) || error.status >= 500) throw error
      return { line, errors: error.errors ?? [{ pointer: '#', detail: error.message }] }
    }
  }
}

/** Behind what waits already: a list that is sent in two parts is spread like one. */
async function firstMailAt({ store, config }: Context, everyMs: number): Promise<number> {
  const last = await store.lastDeliveryAt()
  return Math.max(config.clock(), last === undefined ? 0 : last + everyMs)
}

/** How many rows the next batch has, after one of `rows` has stopped the process for `tookMs`. */
function sizeAfter({
  tookMs,
  rows,
  size,
  blockMs,
}: Readonly<Record<'tookMs' | 'rows' | 'size' | 'blockMs', number>>): number {
  if (rows < size) return size // the last
  const fitting = Math.round((rows * blockMs) / Math.max(tookMs, 1))
  return Math.max(BATCH.least, Math.min(fitting, BATCH.most, Math.round(size * GROWTH)))
}

/** Lets others have their turn where the last was a while ago. */
function createPause(): () => Promise<void> | undefined {
  let since = performance.now()
  return () => {
    if (performance.now() - since < SLICE_MS) return undefined
    return turn().then(() => {
      since = performance.now()
    })
  }
}
