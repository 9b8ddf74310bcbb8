// The rules of claiming: who gets a use of an invite, and what becomes of it. They judge by what was read under the locks
// of the invites' rows, one request after the other, and reach no database.
import { modeAt } from '../../src/modes.js'
import type { AcceptRequest, ClaimRefusal, ClaimRequest, StoredSettings } from '../../src/store.js'
import type { InviteRow } from './records.js'

/** One use that is held. */
export interface Hold {
  readonly id: string
  readonly email: string | null
  readonly lapsesAt: number
}

/** What every request for a new use must bear. */
export type Joining = Pick<ClaimRequest, 'appId' | 'defaultMode' | 'defaultSeats' | 'now'>

export const capOf = ({ seats }: StoredSettings, { defaultSeats }: Pick<Joining, 'defaultSeats'>) =>
  seats === undefined ? defaultSeats : seats

/** An app, with its lock where its seats are limited. */
export class JudgedApp {
  readonly #taken = new Map<string, number>()
  readonly #changes: { readonly by: 1 | -1; readonly until: number }[] = []

  constructor(readonly settings: StoredSettings) {}

  /** Notes how many seats were found taken at `now`. Counted up to `cap`. */
  count(cap: number, now: number, taken: number): void {
    this.#taken.set(`${cap} ${now}`, taken)
  }

  hasCount(cap: number, now: number): boolean {
    return this.#taken.has(`${cap} ${now}`)
  }

  /** Why nobody may join now, whatever the invite. */
  shut(request: Joining): 'closed' | 'full' | undefined {
    const { defaultMode, now } = request
    if (modeAt(this.settings, defaultMode, now) === 'closed') return 'closed'
    const cap = capOf(this.settings, request)
    if (cap === null) return undefined
    let taken = this.#taken.get(`${cap} ${now}`) ?? cap
    for (const { by, until } of this.#changes) if (until > now) taken += by
    return taken < cap ? undefined : 'full'
  }

  /** A seat is taken, or given back, that would have been taken `until` then. */
  change(by: 1 | -1, until: number): void {
    this.#changes.push({ by, until })
  }
}

/** An invite whose row is locked, as it stands after the requests that were judged. */
export class JudgedInvite {
  uses: number
  held: number
  isPaused = false
  /** Of its holds those that matter: lapsed ones, those that are named, and of an invite once per person, the person's. */
  readonly holds = new Map<string, Hold>()
  /** Of an invite once per person: the addresses, of those that ask, that have used it. */
  readonly users = new Set<string>()
  /** The holds to be written, and those to be removed. */
  readonly added = new Map<string, Hold>()
  readonly removed = new Set<string>()

  constructor(
    readonly row: InviteRow,
    readonly expiresAt: number | null,
    /** Absent where none of its requests is for a new use. */
    public app?: JudgedApp | undefined,
  ) {
    this.uses = row.uses
    this.held = row.held
  }

  /** Whether anything of it is, though the counts be the same: whoever saw the row as it was must see that by the row. */
  get isChanged(): boolean {
    return this.uses !== this.row.uses || this.added.size > 0 || this.removed.size > 0
  }

  /** Whether this claim holds a use that has not lapsed. */
  isHeld({ claimId, now }: Pick<AcceptRequest, 'claimId' | 'now'>): boolean {
    return (this.holds.get(claimId)?.lapsesAt ?? Number.NEGATIVE_INFINITY) > now
  }

  /** Holds a use, if the rules allow it; else says why not. */
  claim(request: ClaimRequest): ClaimRefusal | undefined {
    this.#clearLapsed(request.now)
    if (this.isHeld(request)) return undefined // by a try before, of which nothing was heard
    const refusal = this.#refusal(request)
    if (refusal === undefined) {
      const hold = { id: request.claimId, email: request.email?.canonical ?? null, lapsesAt: request.lapsesAt }
      this.#add(hold)
    }
    return refusal
  }

  /** Counts a use: the one that is held, or, where that has lapsed or is gone, one that a new claim would get. */
  use(request: AcceptRequest): boolean {
    const isHeld = this.isHeld(request)
    const own = this.release(request.claimId)
    if (!isHeld) {
      this.#clearLapsed(request.now)
      if (
        this.app === undefined ||
        this.app.shut(request) !== undefined ||
        !this.#hasUseFor(own?.email ?? request.email, request.now)
      )
        return false
    }
    this.uses++
    this.app?.change(1, Number.POSITIVE_INFINITY)
    const email = this.row.email_canonical ?? own?.email ?? request.email
    if (email !== null) this.users.add(email)
    return true
  }

  /** Gives back what is held. */
  release(claimId: string): Hold | undefined {
    const hold = this.holds.get(claimId)
    if (hold) this.#remove(hold)
    return hold
  }

  /** The first that applies. */
  #refusal({ email, withoutEmail, now }: ClaimRequest): ClaimRefusal | undefined {
    const { row } = this
    if (row.max_uses !== null && this.uses >= row.max_uses) return 'used'
    if (this.#isExpired(now)) return 'expired'
    const bound = row.email_canonical
    const addressFits =
      (bound === null || bound === email?.canonical || (email === null && withoutEmail)) &&
      (row.email_domain === null || row.email_domain === email?.domain)
    if (!addressFits || (row.once_per_person === 1 && email === null)) return 'email_mismatch'
    if (row.once_per_person === 1 && email !== null && this.users.has(email.canonical)) return 'used'
    if (this.isPaused) return 'paused'
    return this.#hasUseFor(email?.canonical ?? null, now) ? undefined : 'claimed'
  }

  /** Whether a use is left that this address may have. */
  #hasUseFor(email: string | null, now: number): boolean {
    const { row } = this
    if (row.revoked_at !== null || this.#isExpired(now) || this.isPaused) return false
    if (row.max_uses !== null && this.uses + this.held >= row.max_uses) return false
    if (row.once_per_person === 0) return true
    return email !== null && !this.users.has(email) && ![...this.holds.values()].some((hold) => hold.email === email)
  }

  #isExpired(now: number): boolean {
    return this.expiresAt !== null && this.expiresAt <= now
  }

  #clearLapsed(now: number): void {
    for (const hold of this.holds.values()) if (hold.lapsesAt <= now) this.#remove(hold)
  }

  #add(hold: Hold): void {
    this.holds.set(hold.id, hold)
    this.added.set(hold.id, hold)
    this.held++
    this.app?.change(1, hold.lapsesAt)
  }

  #remove(hold: Hold): void {
    this.holds.delete(hold.id)
    if (!this.added.delete(hold.id)) this.removed.add(hold.id)
    this.held--
    this.app?.change(-1, hold.lapsesAt)
  }
}
