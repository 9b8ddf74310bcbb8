// What the contract suite is made of: invites, claims and moments that mean nothing by themselves.
import assert from 'node:assert/strict'
import type { AcceptRequest, ClaimRequest, InviteRecord, InviteStore, NewInvite } from '../../src/store.js'

/** Declares one test on a store of its own. */
export type Test = (name: string, body: (store: InviteStore) => Promise<void>) => void

export const NOW = Date.UTC(2026, 0, 1)
export const TERM = 1000
export const HOLD = 100
export const APP = 'app'

let counter = 0

export function newInvite(changes: Partial<NewInvite> = {}): NewInvite {
  const number = ++counter
  const { email = null, createdAt = NOW, termMs = TERM } = changes
  return {
    id: `invite-${String(number).padStart(6, '0')}`,
    appId: APP,
    email,
    emailCanonical: email?.toLowerCase() ?? null,
    emailDomain: null,
    oncePerPerson: false,
    source: null,
    codeHash: `hash-${number}`,
    codeSealed: `sealed-${number}`,
    role: null,
    orgId: null,
    inviterId: null,
    inviterEmail: null,
    inviterName: null,
    message: null,
    locale: null,
    metadata: null,
    maxUses: 1,
    createdAt,
    termMs,
    expiresAt: termMs === null ? null : createdAt + termMs,
    ...changes,
  }
}

export async function create(store: InviteStore, invite = newInvite(), deliveryId?: string): Promise<InviteRecord> {
  const result = await store.createInvite(invite, deliveryId)
  ok('created' in result, 'the address has a pending invite already')
  return result.created
}

/** The invite that was made, or that stands in its way; fails where neither is. */
export function madeOrThere(result: Awaited<ReturnType<InviteStore['createInvite']>>): InviteRecord {
  ok('created' in result || 'existing' in result, `it was not made: ${JSON.stringify(result)}`)
  return 'created' in result ? result.created : result.existing
}

/** The invite that a change made; fails where it was not made. */
export function changed(result: Awaited<ReturnType<InviteStore['changeInvite']>>): InviteRecord {
  ok(typeof result === 'object' && 'id' in result, `it was not changed: ${JSON.stringify(result)}`)
  return result
}

export async function found(store: InviteStore, invite: InviteRecord): Promise<InviteRecord> {
  const record = await store.findInvite({ appId: invite.appId, inviteId: invite.id })
  ok(record)
  return record
}

export function claimOf(
  invite: Pick<InviteRecord, 'appId' | 'codeHash'>,
  changes: Partial<ClaimRequest> = {},
): ClaimRequest {
  return {
    claimId: `claim-${++counter}`,
    appId: invite.appId,
    codeHash: invite.codeHash,
    email: null,
    withoutEmail: false,
    now: NOW,
    lapsesAt: NOW + HOLD,
    defaultMode: 'invite-only',
    defaultSeats: null,
    ...changes,
  }
}

export function acceptOf(
  claim: ClaimRequest,
  invite: InviteRecord,
  changes: Partial<AcceptRequest> = {},
): AcceptRequest {
  return {
    claimId: claim.claimId,
    inviteId: invite.id,
    appId: claim.appId,
    acceptanceId: `acceptance-${++counter}`,
    userId: null,
    email: claim.email?.canonical ?? null,
    verifiedEmail: null,
    now: claim.now,
    defaultMode: 'invite-only',
    defaultSeats: null,
    ...changes,
  }
}

/** As `assert.ok`, but without its search of the source for the words that failed: under a loader it takes half a minute. */
export function ok(value: unknown, message = 'this does not hold'): asserts value {
  if (!value) throw new assert.AssertionError({ message, actual: value, stackStartFn: ok })
}

export async function acceptFor(
  store: InviteStore,
  invite: InviteRecord,
  claimed: Partial<ClaimRequest> = {},
  accepted: Partial<AcceptRequest> = {},
) {
  const claim = claimOf(invite, claimed)
  ok((await store.claim(claim)).admitted)
  const result = await store.accept(acceptOf(claim, invite, accepted))
  ok(result.accepted)
  return result
}

/** Stores that nobody gets in. */
export async function close(store: InviteStore, now = NOW, appId = APP): Promise<void> {
  await store.changeSettings({ appId, change: { mode: 'closed' }, now })
}

export function address(canonical: string): { canonical: string; domain: string } {
  return { canonical, domain: canonical.slice(canonical.lastIndexOf('@') + 1) }
}

// Mulberry32: a small generator, so that a failing sequence is the same each time.
export function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}
