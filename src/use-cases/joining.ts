// Telling that somebody joined, and which other invite of theirs was closed by it.
import type { Context } from '../context.js'
import { InviteError } from '../errors.js'
import type { AcceptResult } from '../store.js'
import type { Acceptance, InviteSummary } from '../types.js'
import { acceptanceView, summaryOf } from '../views.js'

// Told together, but perhaps later: what the host's transaction holds may yet be rolled back.
const closedBy = new WeakMap<Acceptance, InviteSummary>()

/** What was recorded. @throws InviteError `invite_claim_lost` where nothing was. */
export function recorded(context: Context, result: AcceptResult): Acceptance {
  if (!result.accepted) throw new InviteError('invite_claim_lost')
  const acceptance = acceptanceView(result.acceptance)
  if (result.closed) closedBy.set(acceptance, summaryOf(result.closed, context.config.clock()))
  return acceptance
}

/** Tells the listeners, once it is committed. */
export function tellJoined(context: Context, acceptance: Acceptance): void {
  context.emit('accepted', { acceptance })
  const invite = closedBy.get(acceptance)
  if (invite !== undefined) context.emit('revoked', { invite })
}

/** Of two that tell of one acceptance the first, which knows what was closed. */
export function sameJoined(first: Acceptance | undefined, again: Acceptance): Acceptance {
  return first?.acceptanceId === again.acceptanceId ? first : again
}
