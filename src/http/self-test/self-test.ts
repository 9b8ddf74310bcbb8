// `invites.selfTest`: tries the signup doors of an app with no invite, with a dead one, and with a good one.
import { appOf, type Context, modeOf } from '../../context.js'
import type { InviteErrorCode } from '../../errors.js'
import type { InviteEventEmitter } from '../../events.js'
import { type DoorReport, type DoorTry, reportOf, type SelfTestReport } from '../../self-test-report.js'
import { revokeInvite } from '../../use-cases/manage.js'
import { sendInvite } from '../../use-cases/send.js'
import { type Answer, answerWithin } from './answer.js'
import { checkSelfTestOptions, type Door, isRoute, isStrategy, type SelfTestOptions, type SignupTry } from './doors.js'
import { judgeAdmission, judgeRefusal, type Seen, type Tried } from './judge.js'
import { knockAs, knockAtRoute } from './knock.js'
import { listenerOf, type ServableApp, serve } from './serve.js'
import { checkCallback, knockAtStrategy } from './strategy.js'
import { newUnique, uniqueAddress } from './unique.js'

const TIMEOUT_MS = 10_000
const TERM_MS = 60 * 60_000 // what a killed test leaves behind admits nobody for long

interface Test {
  readonly context: Context
  readonly events: InviteEventEmitter
  readonly options: SelfTestOptions
  readonly appId: string
  readonly url: string
  /** The invites that it made. */
  readonly made: string[]
}

interface Ticket {
  readonly inviteId: string
  readonly inviteCode: string
}

/** @throws TypeError where an argument is wrong; InviteError where no invites can be made. */
export async function selfTest(
  context: Context,
  events: InviteEventEmitter,
  app: ServableApp,
  options: SelfTestOptions,
): Promise<SelfTestReport> {
  const listener = listenerOf(app)
  checkSelfTestOptions(options)
  for (const [at, door] of options.doors.entries()) if (isStrategy(door)) checkCallback(`doors[${at}]`, door)
  const known = appOf(context, options.appId)
  const mode = await modeOf(context, known)
  if (mode === 'open' || mode === 'closed') {
    const why = mode === 'open' ? 'everybody may sign up' : 'nobody may sign up'
    return { ok: false, doors: [], table: `No door was tried: the mode of ${known.appId} is ${mode}, so ${why}.` }
  }
  const { url, close } = await serve(listener)
  const test: Test = { context, events, options, appId: known.appId, url, made: [] }
  try {
    const dead = await newTicket(test)
    await revokeInvite(context, dead.inviteId, { appId: known.appId })
    const doors: DoorReport[] = []
    for (const door of options.doors) doors.push(await tryDoor(test, door, dead))
    return reportOf(doors)
  } finally {
    await close()
    await Promise.allSettled(test.made.map((inviteId) => revokeInvite(context, inviteId, { appId: known.appId })))
  }
}

async function tryDoor(test: Test, door: Door, dead: Ticket): Promise<DoorReport> {
  const tries: DoorTry[] = []
  const tried: Tried = { kind: kindOf(door), gate: gateOf(door), isGated: false }
  /** Whether the door may be tried again: what comes after its time would be taken for the next answer. */
  const goesOn = async (invite: 'none' | 'dead' | 'used', ticket?: Ticket) => {
    const seen = await watch(test, door, ticket)
    tries.push({ invite, ...judgeRefusal(invite, seen, tried) })
    return seen.answer.kind !== 'late'
  }
  if ((await goesOn('none')) && (await goesOn('dead', dead))) {
    const good = await newTicket(test, door)
    const isGated = tries.some(({ stood }) => stood)
    const verdict = judgeAdmission(await watch(test, door, good), { ...tried, isGated })
    tries.push({ invite: 'good', ...verdict })
    if (verdict.stood) await goesOn('used', good)
  }
  return { name: nameOf(door), stood: tries.every(({ stood }) => stood), tries }
}

/** Tries the door once, and sees what becomes of it. */
async function watch(test: Test, door: Door, ticket: Ticket | undefined): Promise<Seen> {
  const { context, events, options, appId } = test
  const refusals = new Set<InviteErrorCode>()
  const refused = (event: { readonly appId: string; readonly code: InviteErrorCode }) => {
    if (event.appId === appId) refusals.add(event.code)
  }
  const invite = async () => {
    const { inviteId } = ticket ?? {}
    return inviteId === undefined ? undefined : await context.store.findInvite({ appId, inviteId })
  }
  const [accounts, before] = [await options.accounts?.(), await invite()]
  events.on('refused', refused)
  try {
    const answer = await answerWithin(options.timeoutMs ?? TIMEOUT_MS, (signal) => {
      return knock(door, signupOf(test, ticket), signal)
    })
    if (answer.kind === 'failed' && answer.code !== undefined) refusals.add(answer.code)
    const [after, accountsAfter] = [await invite(), await options.accounts?.()]
    return {
      answer,
      refusals: [...refusals],
      accepted: (after?.uses ?? 0) - (before?.uses ?? 0),
      held: after?.held ?? 0,
      made: accounts === undefined || accountsAfter === undefined ? undefined : accountsAfter - accounts,
    }
  } finally {
    events.off('refused', refused)
  }
}

function knock(door: Door, signup: SignupTry, signal: AbortSignal): Promise<Answer> {
  if (isRoute(door)) return knockAtRoute(door, signup, signal)
  return isStrategy(door) ? knockAtStrategy(door, signup, signal) : knockAs(door, signup)
}

function signupOf({ url }: Test, ticket: Ticket | undefined): SignupTry {
  const unique = newUnique()
  return { url, inviteCode: ticket?.inviteCode, unique, email: uniqueAddress('test@example.com', unique) }
}

/** An invite for whoever holds it, good for one account. */
async function newTicket({ context, appId, made }: Test, door?: Door): Promise<Ticket> {
  const { metadata, ...grants } = door?.invite ?? {}
  const marked = { ...metadata, selfTest: true }
  const fields = { ...grants, metadata: marked, maxUses: 1, expiresInMs: TERM_MS, sendEmail: false }
  const { inviteId, inviteCode } = await sendInvite(context, fields, { appId })
  made.push(inviteId)
  return { inviteId, inviteCode: inviteCode ?? '' }
}

function kindOf(door: Door): Tried['kind'] {
  if (isRoute(door)) return 'path'
  return isStrategy(door) ? 'strategy' : 'try'
}

function nameOf(door: Door): string {
  if (door.name !== undefined) return door.name
  if (isRoute(door)) return `${door.method ?? 'POST'} ${door.path}`
  const name: unknown = isStrategy(door) ? Reflect.get(door.strategy, 'name') : undefined
  return typeof name === 'string' && name !== '' ? name : 'strategy'
}

function gateOf(door: Door): string {
  if (isRoute(door)) return 'Put requireInvite(invites) before the handler that makes the account.'
  if (isStrategy(door)) {
    return 'Make its verify callback by admit(invites, { findUser, createUser }). Or is this the profile of a user?'
  }
  return 'Claim before the account is made, with invites.claim({ inviteCode, email }), and accept once it is.'
}
