// What the page of a refusal says for each code, and the ways forward that make sense for it.
import type { InviteErrorCode } from './errors.js'

/** A way forward: a question, and the link that answers it. */
type Way = readonly [question: string, label: string]

export interface RefusalWords {
  readonly headline: string
  /** Names the field to paste a code into; absent where another code would not help. */
  readonly codeLabel?: string
  /** In the order in which they are shown. */
  readonly ways?: Readonly<Partial<Record<'signup' | 'ask' | 'signIn', Way>>>
  /** What stands for `ask` where there is nowhere to ask; absent where the sentence of the code says it. */
  readonly askHint?: string
}

const CODE = 'Invite code or link'
const ANOTHER = 'Another invite code or link'
const HINT = 'Whoever invited you can send you a new link.'
const KNOWN: Way = ['Do you have an account?', 'Sign in']
const RETRY: Way = ['', 'Try again']
const BACK: Way = ['', 'Back to the signup page']

export const refusalWords: Readonly<Record<InviteErrorCode, RefusalWords>> = {
  invite_required: {
    headline: 'You need an invite',
    codeLabel: CODE,
    ways: { ask: ['No invite yet?', 'Ask for one'], signIn: KNOWN },
  },
  invite_invalid: {
    headline: 'This code does not work',
    codeLabel: CODE,
    ways: { ask: ['Still no luck?', 'Ask for a new link'], signIn: KNOWN },
  },
  invite_expired: {
    headline: 'Your invite has expired',
    codeLabel: ANOTHER,
    ways: { ask: ['No other invite?', 'Ask for a new link'], signIn: KNOWN },
  },
  invite_used: {
    headline: 'This invite is used up',
    codeLabel: ANOTHER,
    ways: { signIn: ['Was that you?', 'Sign in'], ask: ['Was it somebody else?', 'Ask for a new link'] },
    askHint: HINT,
  },
  invite_email_mismatch: {
    headline: 'This invite is for another address',
    codeLabel: ANOTHER,
    ways: {
      signup: ['Is that address yours too?', 'Sign up with it'],
      ask: ['Is it not?', 'Ask for an invite of your own'],
      signIn: KNOWN,
    },
    askHint: HINT,
  },
  invite_claimed: {
    headline: 'One moment, please',
    ways: { signup: RETRY, signIn: ['Was that you?', 'Sign in'] },
  },
  invite_claim_lost: {
    headline: 'That took too long',
    codeLabel: ANOTHER,
    ways: { ask: ['No other invite?', 'Ask for a new link'] },
    askHint: HINT,
  },
  signup_closed: { headline: 'Closed for now', ways: { signIn: KNOWN } },
  rate_limited: { headline: 'Too many tries', ways: { signup: BACK, signIn: KNOWN } },
  input_invalid: { headline: 'Something is not right', ways: { signup: BACK } },
  not_authenticated: { headline: 'You are not signed in', ways: { signIn: ['', 'Sign in'] } },
  not_allowed: { headline: 'That is not for you to do', ways: { signIn: ['Do you have another account?', 'Sign in'] } },
  store_unavailable: { headline: 'Sorry, that is our fault', ways: { signup: RETRY } },
  invite_not_found: { headline: 'Nothing to be found here', ways: { signup: BACK } },
  invite_exists: { headline: 'There is an invite already' },
  invite_over: { headline: 'This invite is over' },
  quota_exceeded: { headline: 'No invites left' },
  idempotency_conflict: { headline: 'One moment, please' },
}

/** `You can try again in 12 minutes.`, from a `Retry-After` in seconds; empty where there is none. */
export function waitingTime(retryAfter: string | undefined): string {
  const seconds = Number(retryAfter ?? Number.NaN)
  if (!Number.isFinite(seconds)) return ''
  const [count, unit] = seconds > 90 ? [Math.ceil(seconds / 60), 'minute'] : [Math.max(Math.ceil(seconds), 1), 'second']
  return `You can try again in ${count} ${unit}${count === 1 ? '' : 's'}.`
}
