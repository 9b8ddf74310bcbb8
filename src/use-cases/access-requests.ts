// Asking for access to an app with a waiting list, and confirming it by the mailed link.
import type { AppConfig } from '../app-config.js'
import { appOf, type Context, type KnownScope, modeOf } from '../context.js'
import { InviteError } from '../errors.js'
import { randomId } from '../ids.js'
import { type InputOf, read } from '../input.js'
import { readAnswers } from '../request-questions.js'
import { isRequestToken, requestIdIn } from '../request-tokens.js'
import { accessRequestSchema } from '../schemas/access-requests.js'
import type { AccessRequestRecord } from '../store.js'

/**
 * Who asks for access.
 * @interface
 */
export type AccessRequestInput = InputOf<typeof accessRequestSchema>

const MINUTE = 60_000
const QUIET_MS = 10 * MINUTE // an address is mailed once in that time, however often it is asked for
const LINK_MS = 7 * 24 * 60 * MINUTE
export const MAX_COUNTED = 10_000

/**
 * Mails the link that confirms. What is known of the address makes no difference to whoever asks: not to the answer, nor
 * to what is done for it.
 */
export async function askForAccess(
  context: Context,
  input: AccessRequestInput,
  scope: Pick<KnownScope, 'appId'>,
): Promise<void> {
  const app = appOf(context, scope.appId)
  const { email, answers, locale } = read(accessRequestSchema, input)
  const known = readAnswers(app.requestQuestions, answers)
  const { store, config } = context
  if (config.mailer === undefined || (await modeOf(context, app)) !== 'waitlist') {
    throw new InviteError('signup_closed', { detail: 'There is no waiting list at the moment.' })
  }
  const now = config.clock()
  await store.askForAccess(
    {
      id: randomId('request'),
      appId: app.appId,
      email: email.original,
      emailCanonical: email.canonical,
      answers: known,
      locale: locale ?? null,
      createdAt: now,
    },
    { deliveryId: randomId('mail'), quietSince: now - QUIET_MS },
  )
  context.mailQueued()
}

/** Where a request stands, as whoever reads its mail may know. */
export interface RequestStanding {
  readonly email: string
  /** `unconfirmed`; `waiting`, also for one that was declined, which nobody is told of; or `invited`. */
  readonly state: 'unconfirmed' | 'waiting' | 'invited'
  /** Its place, from 1; `undefined` beyond what is counted. */
  readonly position: number | undefined
  /** What was answered, by the questions' labels. */
  readonly answers: readonly { readonly label: string; readonly answer: string }[]
}

/** Where the request of this link stands. Changes nothing. @throws InviteError `invite_not_found` for a link that is none. */
export async function requestStanding(context: Context, app: AppConfig, token: string): Promise<RequestStanding> {
  return await standingOf(context, app, await requestOf(context, app, token))
}

/** Confirms the request of this link, and tells where it stands then. Once more, it changes nothing. */
export async function confirmRequest(context: Context, app: AppConfig, token: string): Promise<RequestStanding> {
  const { id: requestId, askedAt } = await requestOf(context, app, token)
  const { store, config } = context
  const request = await store.verifyAccessRequest({ appId: app.appId, requestId, askedAt, now: config.clock() })
  if (request?.verifiedAt == null) throw noSuchLink() // it was asked for anew, with other answers perhaps
  return await standingOf(context, app, request)
}

async function requestOf(context: Context, { appId }: AppConfig, token: string): Promise<AccessRequestRecord> {
  const request = await context.store.findAccessRequest({ appId, requestId: requestIdIn(token) })
  if (request === undefined || !isRequestToken(context, request, token)) throw noSuchLink()
  const isLate = request.verifiedAt === null && context.config.clock() - request.askedAt > LINK_MS
  if (isLate) throw noSuchLink()
  return request
}

function noSuchLink(): InviteError {
  return new InviteError('invite_not_found', {
    detail: 'This link does not work, or not any more. Ask for access once more to get a new one.',
  })
}

async function standingOf(context: Context, app: AppConfig, request: AccessRequestRecord): Promise<RequestStanding> {
  const { email, decision, verifiedAt } = request
  const state = verifiedAt === null ? 'unconfirmed' : decision === 'approve' ? 'invited' : 'waiting'
  const answers = [...app.requestQuestions].flatMap(([name, { label }]) => {
    const answer = request.answers[name]
    return answer === undefined ? [] : { label, answer }
  })
  return { email, state, answers, position: state === 'waiting' ? await positionOf(context, request) : undefined }
}

/** Its place, from 1; `undefined` where it is not confirmed, or beyond what is counted. */
export async function positionOf(
  { store }: Context,
  { appId, id: requestId, verifiedAt }: AccessRequestRecord,
): Promise<number | undefined> {
  if (verifiedAt === null) return undefined
  const before = await store.countAccessRequestsBefore({ appId, verifiedAt, requestId, limit: MAX_COUNTED })
  return before < MAX_COUNTED ? before + 1 : undefined
}
