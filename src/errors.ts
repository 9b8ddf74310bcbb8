// The one family of expected failures, and the table that gives each its status and sentence.

/** What only who runs the host should read is in `cause`, one level down; the message is for anybody. */
export function storeUnavailable(why: string, cause?: unknown): InviteError {
  return new InviteError('store_unavailable', { cause: new Error(why, { cause }) })
}

/** What went wrong, as a stable word that callers may branch on. */
export type InviteErrorCode = keyof typeof failures

/** One field of a request that was refused. */
export interface FieldError {
  /** The field, as a JSON pointer (RFC 6901, written as a URI fragment): `#/email`. */
  readonly pointer: string
  /** What was wrong and what would be right. */
  readonly detail: string
}

/** What an {@link InviteError} may carry beyond its code. */
export interface InviteErrorOptions {
  /** A sentence for this case; default: the code's own. */
  readonly detail?: string
  /** HTTP status; default: the code's own. Only `input_invalid` (413, 415) and `idempotency_conflict` (422) differ. */
  readonly status?: number
  /** Response headers that belong to the failure, such as `Retry-After` (seconds). */
  readonly headers?: Readonly<Record<string, string>>
  /** The fields that were refused, with `input_invalid`. */
  readonly errors?: readonly FieldError[]
  /** What lies beneath. */
  readonly cause?: unknown
}

const failures = {
  invite_required: [403, 'Signing up needs an invite. Open the link in your invite once more, or type its code.'],
  invite_invalid: [403, 'This invite code is not valid. Check it for typing errors, or ask for a new invite.'],
  invite_expired: [410, 'This invite has expired. Ask whoever invited you to send it again.'],
  invite_used: [410, 'This invite has already been used.'],
  invite_email_mismatch: [403, 'This invite is for another e-mail address.'],
  invite_claimed: [409, 'Somebody is signing up with this invite right now. Try again in a moment.'],
  invite_claim_lost: [409, 'The signup took too long and its invite has been taken by somebody else.'],
  signup_closed: [403, 'Signing up is closed.'],
  invite_not_found: [404, 'There is no such invite.'],
  invite_exists: [409, 'This address already has an outstanding invite. Send that one again instead.'],
  invite_over: [409, 'This invite was used or revoked and cannot be changed. Make a new one.'],
  quota_exceeded: [429, 'There are not enough invites left to give.'],
  rate_limited: [429, 'Too many wrong invite codes. Wait before trying again.'],
  input_invalid: [400, 'The request has fields that cannot be accepted.'],
  not_allowed: [403, 'This is not allowed with the access you have.'],
  not_authenticated: [401, 'Sign in first.'],
  store_unavailable: [503, 'Invites cannot be looked up right now. Nothing was changed; try again.'],
  idempotency_conflict: [409, 'A request with this Idempotency-Key is still running. Try again in a moment.'],
} as const satisfies Record<string, readonly [number, string]>

/**
 * An expected failure. Middleware passes it to `next(error)`; methods of `invites` reject with it.
 * `status`, `headers` and `expose` are read by Express's default error handler as they are.
 */
export class InviteError extends Error {
  /** Tells it from other errors where `instanceof` cannot, as across two copies of this package. */
  override readonly name = 'InviteError'
  /** What to branch on; never changes for one kind of failure. */
  readonly code: InviteErrorCode
  /** HTTP status. */
  readonly status: number
  /** Response headers that belong to the failure, such as `Retry-After` (seconds). Empty where there are none. */
  readonly headers: Readonly<Record<string, string>>
  /** The fields that were refused; `undefined` but for `input_invalid`. */
  readonly errors: readonly FieldError[] | undefined
  /** Whether `message` may be shown to the client: true below 500. */
  readonly expose: boolean

  /** For stores and hosts that answer with a failure of this family. */
  constructor(code: InviteErrorCode, options: InviteErrorOptions = {}) {
    const [status, sentence] = failures[code]
    super(options.detail ?? sentence, { cause: options.cause })
    this.code = code
    this.status = options.status ?? status
    this.headers = options.headers ?? {}
    this.errors = options.errors
    this.expose = this.status < 500
  }
}
