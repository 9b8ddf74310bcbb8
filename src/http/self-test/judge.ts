// What a try came to: whether the door stood, and in words what was wrong and what to do about it.
import type { InviteErrorCode } from '../../errors.js'
import type { DoorTry } from '../../self-test-report.js'
import type { Answer } from './answer.js'

/** What was seen of one try. */
export interface Seen {
  readonly answer: Answer
  /** What gates refused meanwhile, and why. */
  readonly refusals: readonly InviteErrorCode[]
  /** Uses that were counted meanwhile. */
  readonly accepted: number
  /** Uses of this try's invite that are still held. */
  readonly held: number
  /** Accounts that were made meanwhile; `undefined` where the host does not say. */
  readonly made: number | undefined
}

/** What is known of the door that was tried. */
export interface Tried {
  readonly kind: 'path' | 'strategy' | 'try'
  /** What goes before the door that has no gate. */
  readonly gate: string
  /** Whether its gate has refused somebody before. */
  readonly isGated: boolean
}

type Verdict = Pick<DoorTry, 'stood' | 'answer' | 'why' | 'cure'>

// A gate of the host's own that claims whatever came: without a code, that is none.
const expected: Readonly<Record<'none' | 'dead' | 'used', readonly InviteErrorCode[]>> = {
  none: ['invite_required', 'invite_invalid', 'input_invalid'],
  dead: ['invite_invalid'],
  used: ['invite_used'],
}

const LATE = 'Does every way through it end the response, or call `next`? Where it is only slow, give `timeoutMs`.'
const ROUTE = 'Is this the path of your signup, and its method?'
const LIMIT = 'A limit of your app stopped the test, which comes four times to each door: raise it for tests.'
const FAILED = 'See what your app says of it.'
const BODY = 'Is this what your signup needs: its fields, its CSRF token, its session? See `body` and `headers`.'

const cures: Partial<Readonly<Record<InviteErrorCode, string>>> = {
  invite_required:
    'The gate found no code. Say where yours is, requireInvite(invites, { code }), or send it there: body: ({ email, inviteCode }) => ({ … }).',
  rate_limited: 'Too many wrong codes came from here. Wait, or raise `limits` for tests.',
  signup_closed: 'The mode was switched meanwhile.',
}

/** Whoever has no good invite must be kept out. */
export function judgeRefusal(invite: 'none' | 'dead' | 'used', seen: Seen, door: Tried): Verdict {
  const { answer, refusals, accepted, made } = seen
  const status = statusOf(answer)
  const isIn = accepted > 0 || (made !== undefined && made > 0) || says(answer) === 'in' || status === 201
  const isRefused = refusals.some((code) => expected[invite].includes(code))
  if (!isIn && (isRefused || made === 0)) return { stood: true, answer: `refused${inBrackets(status)}` }
  const letIn = { stood: false, answer: `LET IN${inBrackets(status)}` }
  const how = told(answer)
  if (isIn && refusals.length > 0) {
    const why = `${how}, and somebody was let in though a gate refused it (${refusals.join(', ')})`
    return { ...letIn, why, cure: 'What the gate refuses must go no further than your error handler.' }
  }
  if (isIn || (status !== undefined && status < 300)) {
    return { ...letIn, why: `${how}, and no gate refused it`, cure: door.gate }
  }
  if (answer.kind === 'late') return { stood: false, answer: 'no answer', why: how, cure: LATE }
  const notRefused = { stood: false, answer: `not refused${inBrackets(status)}` }
  if (refusals.length > 0) {
    const why = `${how}, refused with ${refusals.join(', ')} and not with ${expected[invite][0]}`
    return { ...notRefused, why, cure: cureOf(refusals) }
  }
  const cure =
    status !== undefined && status < 400
      ? `${door.gate} Or was this sent away before it got there, to https or to log in? See \`headers\`.`
      : cureFor(answer)
  return { ...notRefused, why: `${how}, and no gate refused it`, cure: cure ?? `${door.gate} ${BODY}` }
}

/** Whoever has a good one must be let in, once, and that must count. */
export function judgeAdmission(seen: Seen, door: Tried): Verdict {
  const { answer, refusals, accepted, held, made } = seen
  const status = statusOf(answer)
  const how = told(answer)
  const isBad = answer.kind === 'failed' || says(answer) === 'out' || (status !== undefined && status >= 400)
  const wrong = (words: string, why: string, cure: string) => ({
    stood: false,
    answer: `${words}${inBrackets(status)}`,
    why,
    cure,
  })
  if (answer.kind === 'late') return wrong('no answer', how, LATE)
  if (refusals.length > 0) return wrong('REFUSED', `${how}, refused with ${refusals.join(', ')}`, cureOf(refusals))
  if (accepted > 0) {
    if (isBad) return wrong('counted', `the invite was used, and yet ${how}`, 'Count it once the account is made.')
    if (made !== undefined && made < 1) {
      const cure = 'Let failures answer with 400 or above, or pass `succeeded`.'
      return wrong('counted', `${how}, and the invite was used though no account was made`, cure)
    }
    return { stood: true, answer: `let in${inBrackets(status)}` }
  }
  if (isBad) return wrong('failed', how, cureFor(answer) ?? BODY)
  if (!door.isGated) return wrong('not counted', `${how}, and no use of the invite was counted`, door.gate)
  if (held > 0) {
    return wrong(
      'held',
      `${how}, and the use is still held`,
      'Call claim.accept({ userId }) where the account is made.',
    )
  }
  const cure = 'Where the account is made, call await req.invite.accept({ userId }). Does `succeeded` say no?'
  return wrong('not counted', `${how}, but the use was given back`, door.kind === 'path' ? cure : door.gate)
}

/** What to do where the door itself fails. */
function cureFor(answer: Answer): string | undefined {
  const status = statusOf(answer)
  if (status === 404 || status === 405) return ROUTE
  if (status === 429) return LIMIT
  return answer.kind === 'failed' || (status !== undefined && status >= 500) ? FAILED : undefined
}

function cureOf(refusals: readonly InviteErrorCode[]): string {
  return refusals.flatMap((code) => cures[code] ?? []).at(0) ?? BODY
}

function statusOf(answer: Answer): number | undefined {
  return answer.kind === 'answered' ? answer.status : undefined
}

function says(answer: Answer): 'in' | 'out' | undefined {
  return answer.kind === 'answered' ? answer.says : undefined
}

const inBrackets = (status: number | undefined) => (status === undefined ? '' : ` (${status})`)

function told(answer: Answer): string {
  if (answer.kind === 'late') return `no answer within ${answer.timeoutMs} ms`
  if (answer.kind === 'failed') return `it failed: ${answer.text}`
  const text = answer.text ? `: ${answer.text}` : ''
  if (answer.says !== undefined) return answer.says === 'in' ? 'it made a user' : `it made no user${text}`
  return answer.status === undefined ? 'it ended' : `it answered ${answer.status}${text}`
}
