// Set-ups that are odd but possible: told once each, with a code that the README explains.

/** The codes under which a misconfiguration is told. Each is a heading of the README. */
export type WarningCode =
  | 'INVITE_TRUST_PROXY'
  | 'INVITE_INSECURE_BASE_URL'
  | 'INVITE_GET_MOUNT'
  | 'INVITE_NO_BODY_PARSER'
  | 'INVITE_REDIRECT_COUNTED'
  | 'INVITE_NO_ADDRESS'
  | 'INVITE_FORM_POST'
  | 'INVITE_CLOCK_SKEW'
  | 'INVITE_DELIVERY_STALLED'
  | 'INVITE_WEBHOOK_FAILED'
  | 'INVITE_INSECURE_WEBHOOK'
  | 'INVITE_PRUNE_FAILED'
  | 'INVITE_LISTENER_FAILED'
  | 'INVITE_STORE_UNAVAILABLE'

const told = new WeakMap<object, Set<WarningCode>>()

/** Tells it on standard error (through `process.emitWarning`), once for each `owner` and code. */
export function warnOnce(owner: object, code: WarningCode, message: string): void {
  const codes = told.get(owner) ?? new Set()
  told.set(owner, codes)
  if (codes.has(code)) return
  codes.add(code)
  process.emitWarning(message, { type: 'ExpressInviteOnly', code })
}
