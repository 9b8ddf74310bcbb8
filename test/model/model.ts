// What an invite is, without any database: the few rules that every store must agree with, whatever happens in which order.

export type Mode = 'open' | 'invite-only' | 'closed'

export interface ModelInvite {
  readonly email: string | null
  readonly maxUses: number | null
  termMs: number | null
  expiresAt: number | null
  uses: number
  revoked: boolean
}

interface ModelAcceptance {
  readonly invite: ModelInvite
  readonly userId: string
  counts: boolean
}

export interface ModelClaim {
  readonly invite: ModelInvite
  readonly userId: string
  /** Who a provider says it is; `null`: the code alone counts. */
  readonly email: string | null
  readonly lapsesAt: number
  isHeld: boolean
  /** As it was told when it was accepted: of itself, or of the same user before. */
  acceptance?: ModelAcceptance
}

export class Model {
  now: number
  mode: Mode = 'invite-only'
  readonly invites: ModelInvite[] = []
  readonly claims: ModelClaim[] = []
  readonly acceptances: ModelAcceptance[] = []

  constructor(
    now: number,
    private readonly claimTtlMs: number,
  ) {
    this.now = now
  }

  isUsed = ({ maxUses, uses }: ModelInvite) => maxUses !== null && uses >= maxUses
  isExpired = ({ expiresAt }: ModelInvite) => expiresAt !== null && expiresAt <= this.now
  isLive = (claim: ModelClaim) => claim.isHeld && claim.lapsesAt > this.now
  held = (invite: ModelInvite) => this.claims.filter((claim) => claim.invite === invite && this.isLive(claim)).length

  /** What a claim on this invite hears now; with `email`, of whom that is asserted. */
  judge(invite: ModelInvite, email: string | null = null): string {
    if (this.mode === 'closed') return 'signup_closed'
    if (invite.revoked) return 'invite_invalid'
    if (this.isUsed(invite)) return 'invite_used'
    if (this.isExpired(invite)) return 'invite_expired'
    if (email !== null && invite.email !== null && invite.email !== email) return 'invite_email_mismatch'
    const isFree = invite.maxUses === null || invite.uses + this.held(invite) < invite.maxUses
    return isFree ? 'ok' : 'invite_claimed'
  }

  /** Whether there is room for a pending invite of this address; an expired one makes it. */
  makeRoom(email: string | null, except?: ModelInvite): boolean {
    const holder = this.invites.find((i) => email !== null && i.email === email && !i.revoked && i.uses === 0)
    if (holder === undefined || holder === except) return true
    if (!this.isExpired(holder)) return false
    holder.revoked = true
    return true
  }

  send(email: string | null, maxUses: number | null, termMs: number | null): string {
    if (!this.makeRoom(email)) return 'invite_exists'
    const expiresAt = termMs === null ? null : this.now + termMs
    this.invites.push({ email, maxUses, termMs, expiresAt, uses: 0, revoked: false })
    return 'ok'
  }

  claim(invite: ModelInvite, userId: string, email: string | null): string {
    const said = this.judge(invite, email)
    if (said === 'ok') this.claims.push({ invite, userId, email, lapsesAt: this.now + this.claimTtlMs, isHeld: true })
    return said
  }

  accept(claim: ModelClaim): string {
    const { invite, userId } = claim
    const wasLive = this.isLive(claim)
    claim.isHeld = false
    const before = this.acceptances.find((a) => a.invite === invite && a.userId === userId && a.counts)
    if (!before && !wasLive && this.judge(invite) !== 'ok') return 'invite_claim_lost'
    claim.acceptance = before ?? { invite, userId, counts: true }
    if (before) return 'ok'
    this.acceptances.push(claim.acceptance)
    invite.uses++
    if (invite.email === null && claim.email !== null) this.close(claim.email)
    return 'ok'
  }

  /** What is left over of an address that has joined by another invite. */
  close(email: string): void {
    for (const invite of this.invites) if (invite.email === email && !this.isUsed(invite)) invite.revoked = true
  }

  release(claim: ModelClaim): string {
    claim.isHeld = false
    return 'ok'
  }

  revoke(invite: ModelInvite): string {
    const isOver = invite.revoked || this.isUsed(invite)
    if (!isOver) invite.revoked = true
    return String(!isOver)
  }

  /** A new term from now on. */
  extend(invite: ModelInvite, termMs: number | null): string {
    if (invite.revoked || this.isUsed(invite)) return 'invite_over'
    invite.expiresAt = termMs === null ? null : this.now + termMs
    return 'ok'
  }

  update(invite: ModelInvite, termMs: number | null): string {
    const said = this.extend(invite, termMs)
    if (said === 'ok') invite.termMs = termMs
    return said
  }

  reopen({ acceptance }: ModelClaim): string {
    if (!acceptance?.counts) return 'ok'
    if (!this.makeRoom(acceptance.invite.email, acceptance.invite)) return 'invite_exists'
    acceptance.invite.uses--
    acceptance.counts = false
    return 'ok'
  }
}
