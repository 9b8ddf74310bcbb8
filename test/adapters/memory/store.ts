// A store in memory, as an example of an adapter of your own: the whole contract, in a few hundred lines.
//
// Each method is one synchronous step, so nothing comes between what it reads and what it writes. On a database, that
// takes a transaction that locks the invite's row before it judges.
import { modeAt } from '../../../src/modes.js'
import type {
  AcceptanceRecord,
  AcceptRequest,
  ClaimRefusal,
  ClaimRequest,
  CreateInviteOptions,
  InviteRecord,
  InviteStore,
  LogNote,
  NewInvite,
  StoredSettings,
} from '../../../src/store.js'
import type { InviteStatus } from '../../../src/types.js'
import { memoryAccessRequests } from './access-requests.js'
import { memoryAppKeys } from './app-keys.js'
import { memoryLists } from './lists.js'
import { memoryMails } from './mails.js'
import { memoryOutbox } from './outbox.js'
import { memoryPrivacy } from './privacy.js'
import { memoryQuotas } from './quotas.js'
import { memoryRecord } from './record.js'
import { memoryRequests } from './requests.js'
import { type Kept, steps } from './step.js'

type Invite = Kept<InviteRecord>
type Created = Awaited<ReturnType<InviteStore['createInvite']>>
type Joining = Pick<ClaimRequest, 'appId' | 'defaultMode' | 'defaultSeats' | 'now'>

export function memoryStore(): InviteStore {
  const invites = new Map<string, Invite>()
  const holds = new Map<string, { inviteId: string; email: string | null; lapsesAt: number }>()
  const acceptances = new Map<string, Kept<AcceptanceRecord>>()
  const settings = new Map<string, StoredSettings>()
  const { step, close } = steps()
  const record = memoryRecord({ invites, acceptances })
  const { noteChange, noteInvite, inPassing, isPaused } = record
  const outbox = memoryOutbox(
    (inviteId) => invites.get(inviteId ?? ''),
    (requestId) => accessRequests.find(requestId ?? ''),
    noteInvite,
  )
  const requests = memoryRequests()
  const mails = memoryMails(record)
  const appKeys = memoryAppKeys(noteChange)
  const quotas = memoryQuotas({
    invites,
    acceptances,
    storedRule: (appId) => settings.get(appId)?.quota,
    noteChange,
  })

  const accessRequests = memoryAccessRequests({ outbox, invites, createInvite, revoke, record })
  const lists = memoryLists({ invites, acceptances, holderOf, add, isRefused: mails.isRefused, record })

  const holdsOf = (invite: Invite) => [...holds].filter(([, hold]) => hold.inviteId === invite.id)
  /** Why nobody may join the app, whatever the invite. */
  function shut({ appId, defaultMode, defaultSeats, now }: Joining): 'closed' | 'full' | undefined {
    const { seats = defaultSeats, ...stored } = settings.get(appId) ?? {}
    if (modeAt(stored, defaultMode, now) === 'closed') return 'closed'
    const isLive = (hold: { readonly inviteId: string; readonly lapsesAt: number }) =>
      hold.lapsesAt > now && invites.get(hold.inviteId)?.appId === appId
    const joined = [...acceptances.values()].filter((each) => each.appId === appId && each.reopenedAt === null)
    return seats !== null && joined.length + [...holds.values()].filter(isLive).length >= seats ? 'full' : undefined
  }

  const hasUseLeft = (invite: Invite) => invite.maxUses === null || invite.uses < invite.maxUses
  const isExpired = (invite: Invite, now: number) => invite.expiresAt !== null && invite.expiresAt <= now

  function find({ appId, inviteId }: { appId: string; inviteId: string }): Invite | undefined {
    const invite = invites.get(inviteId)
    return invite?.appId === appId ? invite : undefined
  }

  function findByCode({ appId, codeHash }: { appId: string; codeHash: string }): Invite | undefined {
    return [...invites.values()].find((i) => i.appId === appId && i.codeHash === codeHash && i.revokedAt === null)
  }

  function statusOf(invite: Invite, now: number): InviteStatus {
    if (invite.revokedAt !== null) return 'revoked'
    if (!hasUseLeft(invite)) return 'accepted'
    return isExpired(invite, now) ? 'expired' : 'pending'
  }

  function revoke(invite: Invite, now: number): boolean {
    if (invite.revokedAt !== null || !hasUseLeft(invite)) return false
    invite.revokedAt = now
    outbox.cancel(invite, now)
    return true
  }

  const privacy = memoryPrivacy({ invites, acceptances, holds, revoke, accessRequests, record })

  /** What else is pending for this app, organization and address. One that has expired makes room. */
  function holderOf(
    { id, appId, orgId, emailCanonical }: NewInvite | Invite,
    now: number,
    note?: LogNote,
  ): Invite | undefined {
    if (emailCanonical === null) return undefined
    for (const other of invites.values()) {
      const isHere = other.appId === appId && other.orgId === orgId && other.emailCanonical === emailCanonical
      if (!isHere || other.id === id || other.uses > 0 || other.revokedAt !== null) continue
      if (!isExpired(other, now)) return other
      revoke(other, now)
      noteInvite(inPassing(note, 'invite.supersede'), other, now)
    }
    return undefined
  }

  /** Revokes what else was sent to the address that has joined. */
  function closeSibling(
    { id, appId, orgId, emailCanonical }: Invite,
    { verifiedEmail, now, acceptanceId, userId, webhooks }: AcceptRequest,
  ): Invite | undefined {
    if (verifiedEmail === null || emailCanonical !== null) return undefined
    const closed = [...invites.values()].find(
      (other) =>
        other.id !== id &&
        other.appId === appId &&
        other.orgId === orgId &&
        other.emailCanonical === verifiedEmail &&
        revoke(other, now),
    )
    const actor = { kind: 'invitee', id: userId } as const
    const note = { id: `${acceptanceId}.closed`, action: 'invite.revoke', actor, details: null, webhooks }
    if (closed) noteInvite(note, closed, now, acceptanceId)
    return closed
  }

  /** Whether a use is neither counted nor held. Holds that have lapsed are gone. */
  function isFree(invite: Invite, now: number): boolean {
    for (const [claimId, { lapsesAt }] of holdsOf(invite)) if (lapsesAt <= now) holds.delete(claimId)
    invite.held = holdsOf(invite).length
    return invite.maxUses === null || invite.uses + invite.held < invite.maxUses
  }

  function refusal(invite: Invite, { email, withoutEmail, now }: ClaimRequest): ClaimRefusal | undefined {
    const free = isFree(invite, now)
    const isTheirs = invite.emailCanonical === email?.canonical || (email === null && withoutEmail)
    if (!hasUseLeft(invite)) return 'used'
    if (isExpired(invite, now)) return 'expired'
    if (invite.emailCanonical !== null && !isTheirs) return 'email_mismatch'
    if (invite.emailDomain !== null && invite.emailDomain !== email?.domain) return 'email_mismatch'
    if (invite.oncePerPerson) {
      if (email === null) return 'email_mismatch'
      if (hasUsed(invite, email.canonical)) return 'used'
    }
    if (isPaused(invite)) return 'paused'
    const isHeld = invite.oncePerPerson && holdsOf(invite).some(([, hold]) => hold.email === email?.canonical)
    return free && !isHeld ? undefined : 'claimed'
  }

  const hasUsed = (invite: Invite, address: string | null) =>
    [...acceptances.values()].some(
      ({ inviteId, email, reopenedAt }) => inviteId === invite.id && email === address && reopenedAt === null,
    )

  /** Whether an invite that each person uses once lets this address in, now that its own hold is gone. */
  function isFirst(invite: Invite, address: string | null): boolean {
    if (!invite.oncePerPerson) return true
    const isHeld = holdsOf(invite).some(([, hold]) => hold.email === address)
    return address !== null && !hasUsed(invite, address) && !isHeld
  }

  /** The acceptance of this claim, or of the same user before. */
  function recordedOf({ claimId, inviteId, userId }: AcceptRequest): AcceptanceRecord | undefined {
    const isSame = (a: AcceptanceRecord) =>
      a.claimId === claimId || (userId !== null && a.userId === userId && a.inviteId === inviteId)
    return [...acceptances.values()].find((acceptance) => acceptance.reopenedAt === null && isSame(acceptance))
  }

  function letGo(invite: Invite, claimId: string) {
    const hold = holds.get(claimId)
    if (hold?.inviteId !== invite.id) return undefined
    holds.delete(claimId)
    invite.held--
    return hold
  }

  function add(invite: NewInvite, deliveryId: string | undefined, dueAt: number): Invite {
    const { oncePerPerson = false, source = null } = invite
    const created = {
      ...invite,
      oncePerPerson,
      source,
      codeGeneration: 1,
      uses: 0,
      held: 0,
      revokedAt: null,
      delivery: null,
    }
    invites.set(created.id, created)
    outbox.queue(created, deliveryId, dueAt)
    return created
  }

  /** What nobody has used and nobody holds. Each with what removes it. */
  function invitesOver(before: number, now: number): (() => void)[] {
    const isNamed = (invite: Invite) => [...acceptances.values()].some(({ inviteId }) => inviteId === invite.id)
    const isHeld = (invite: Invite) => holdsOf(invite).some(([, { lapsesAt }]) => lapsesAt > now)
    return [...invites.values()].flatMap((invite) => {
      const overAt = invite.revokedAt ?? invite.expiresAt
      if (overAt === null || overAt > before || isNamed(invite) || isHeld(invite) || quotas.owes(invite.id)) return []
      return () => {
        for (const [claimId] of holdsOf(invite)) holds.delete(claimId)
        outbox.forget(invite)
        accessRequests.forgetInvite(invite.id)
        invites.delete(invite.id)
      }
    })
  }

  function holdsOver(before: number): (() => void)[] {
    return [...holds].flatMap(([claimId, { inviteId, lapsesAt }]) => {
      const invite = invites.get(inviteId)
      return invite !== undefined && lapsesAt <= before ? () => void letGo(invite, claimId) : []
    })
  }

  function createInvite(
    invite: NewInvite,
    deliveryId?: string,
    { charge, mails: counts = [], note }: CreateInviteOptions = {},
  ): Created {
    const same = find({ appId: invite.appId, inviteId: invite.id })
    if (same) return { created: same }
    if (isPaused(invite)) return { paused: true }
    if (invites.has(invite.id)) throw new Error('An invite of another app has this id.')
    const mailed = deliveryId === undefined ? [] : counts
    const limited = mails.exceeded(mailed, invite.createdAt)
    if (limited) return { limited }
    if ([...invites.values()].some(({ codeHash }) => codeHash === invite.codeHash)) return { codeTaken: true }
    const existing = holderOf(invite, invite.createdAt, note)
    if (existing) return { existing }
    if (charge && !quotas.take(charge, invite.maxUses, invite.createdAt)) {
      return { exceeded: quotas.stateAt(charge, invite.createdAt).state }
    }
    mails.count(mailed, invite.createdAt)
    const created = add(invite, deliveryId, invite.createdAt)
    if (charge) quotas.pay(created, charge)
    noteInvite(note, created, invite.createdAt)
    return { created }
  }

  return {
    close,
    migrate: step(() => undefined),
    time: step(() => Date.now()),

    createInvite: step(createInvite),

    findInvite: step(find),
    lookUp: step((code) => {
      const invite = findByCode(code)
      const isStopped = invite !== undefined && isPaused(invite)
      return { invite, settings: settings.get(code.appId) ?? {}, isPaused: isStopped }
    }),

    listInvites: step(({ appId, inviterId, statuses, emailPrefix = '', domain, limit, after, now }) =>
      [...invites.values()]
        .filter((invite) => invite.appId === appId && statuses.includes(statusOf(invite, now)))
        .filter((invite) => inviterId === undefined || invite.inviterId === inviterId)
        .filter((invite) => emailPrefix === '' || invite.emailCanonical?.startsWith(emailPrefix))
        .filter((invite) => domain === undefined || invite.emailCanonical?.endsWith(`@${domain}`))
        .filter((invite) => !after || isAfter([invite.createdAt, invite.id], [after.at, after.id]))
        .sort((a, b) => (isAfter([a.createdAt, a.id], [b.createdAt, b.id]) ? 1 : -1))
        .slice(0, limit),
    ),

    changeInvite: step(
      ({ appId, inviteId, now, mails: counts = [], code, deliveryId, defaultQuota, note, ...changes }) => {
        const invite = find({ appId, inviteId })
        if (invite === undefined || outbox.isOf(invite, deliveryId)) return invite
        if (invite.revokedAt !== null || !hasUseLeft(invite)) return 'over'
        if (deliveryId !== undefined && isPaused(invite)) return 'paused'
        const mailed = deliveryId === undefined ? [] : counts
        const limited = mails.exceeded(mailed, now)
        if (limited) return { limited }
        if (changes.expiresAt !== undefined && !quotas.revive(invite, defaultQuota, now)) return 'quota_exceeded'
        const told = Object.entries(changes).filter(([, value]) => value !== undefined)
        Object.assign(invite, Object.fromEntries(told))
        if (code) {
          Object.assign(invite, { codeHash: code.hash, codeSealed: code.sealed })
          invite.codeGeneration++
        }
        outbox.queue(invite, deliveryId, now)
        noteInvite(note, invite, now)
        mails.count(mailed, now)
        return invite
      },
    ),

    revokeInvite: step(({ now, note, ...key }) => {
      const invite = find(key)
      const revoked = invite !== undefined && revoke(invite, now)
      if (revoked) noteInvite(note, invite, now)
      return invite && { revoked, invite }
    }),

    revokeInvites: step(({ appId, inviterId, branch, now, note }) => {
      const below = branch && inviterId !== undefined ? record.below({ appId, rootId: inviterId, depth: Infinity }) : []
      const theirs = new Set([inviterId, ...below.map(({ userId }) => userId)])
      const revoked = [...invites.values()]
        .filter((invite) => invite.appId === appId && (inviterId === undefined || theirs.has(invite.inviterId ?? '')))
        .filter((invite) => revoke(invite, now))
      for (const invite of revoked) noteInvite(note && { ...note, id: `${note.id}.${invite.id}` }, invite, now)
      return revoked
    }),

    claim: step((request) => {
      const why = shut(request)
      if (why !== undefined) return { admitted: false, reason: why }
      const invite = findByCode(request)
      if (invite === undefined) return { admitted: false, reason: 'unknown' }
      const reason = refusal(invite, request)
      const lapsesAt = Math.min(...holdsOf(invite).map(([, hold]) => hold.lapsesAt))
      if (reason !== undefined) return { admitted: false, reason, ...(reason === 'claimed' && { lapsesAt }) }
      const { claimId, email } = request
      holds.set(claimId, { inviteId: invite.id, email: email?.canonical ?? null, lapsesAt: request.lapsesAt })
      invite.held++
      return { admitted: true, invite }
    }),

    accept: step((request) => {
      const { now, claimId, userId } = request
      const invite = find(request)
      if (invite === undefined) return { accepted: false }
      const hold = letGo(invite, claimId)
      const recorded = recordedOf(request)
      if (recorded) return { accepted: true, fresh: false, acceptance: recorded }
      const isHeld = hold !== undefined && hold.lapsesAt > now
      const isAdmitted = () =>
        shut(request) === undefined && statusOf(invite, now) === 'pending' && !isPaused(invite) && isFree(invite, now)
      if (!isHeld && !(isAdmitted() && isFirst(invite, hold?.email ?? request.email))) return { accepted: false }
      invite.uses++
      if (!hasUseLeft(invite)) outbox.cancel(invite, now)
      const { id: inviteId, appId, role, orgId, inviterId, inviterEmail, inviterName } = invite
      const email = invite.emailCanonical ?? hold?.email ?? request.email
      const granted = { role, orgId, inviterId, inviterEmail, inviterName }
      const times = { acceptedAt: now, reopenedAt: null, decidedAt: null }
      const approval = request.pendingApproval === true ? ('pending' as const) : null
      const key = { id: request.acceptanceId, inviteId, appId, claimId }
      const acceptance = { ...key, userId, email, ...granted, ...times, approval }
      acceptances.set(acceptance.id, acceptance)
      record.noteAcceptance(acceptance, request.webhooks)
      return { accepted: true, fresh: true, acceptance, closed: closeSibling(invite, request) }
    }),

    release: step(({ claimId, inviteId }) => {
      const invite = invites.get(inviteId)
      return invite !== undefined && letGo(invite, claimId) !== undefined
    }),

    listAcceptances: step(({ appId, inviterId, userId, approval, limit, after }) =>
      [...acceptances.values()]
        .filter((acceptance) => acceptance.appId === appId)
        .filter((acceptance) => inviterId === undefined || acceptance.inviterId === inviterId)
        .filter((acceptance) => userId === undefined || acceptance.userId === userId)
        .filter((acceptance) => approval === undefined || acceptance.approval === approval)
        .filter(({ acceptedAt, id }) => !after || isAfter([acceptedAt, id], [after.at, after.id]))
        .sort((a, b) => (isAfter([a.acceptedAt, a.id], [b.acceptedAt, b.id]) ? 1 : -1))
        .slice(0, limit),
    ),

    decideAcceptance: step(({ appId, acceptanceId, approval, now, note }) => {
      const acceptance = acceptances.get(acceptanceId)
      const invite = acceptance && find({ appId, inviteId: acceptance.inviteId })
      if (!acceptance || !invite || acceptance.approval === null || acceptance.reopenedAt !== null) return undefined
      const changed = acceptance.approval !== approval
      if (changed) {
        Object.assign(acceptance, { approval, decidedAt: now })
        noteInvite(note, invite, now, acceptanceId)
      }
      return { acceptance, changed }
    }),
    reopenAcceptance: step(({ appId, acceptanceId, now, note }) => {
      const acceptance = acceptances.get(acceptanceId)
      const invite = acceptance && find({ appId, inviteId: acceptance.inviteId })
      if (acceptance === undefined || invite === undefined) return undefined
      if (acceptance.reopenedAt !== null) return acceptance
      if (holderOf(invite, now, note)) return 'exists'
      invite.uses--
      acceptance.reopenedAt = now
      noteInvite(note, invite, now, acceptanceId)
      return acceptance
    }),

    getSettings: step((appId) => settings.get(appId) ?? {}),
    changeSettings: step(({ appId, change, now, note }) => {
      noteChange(note, { appId, now })
      const { schedule, ...stored } = settings.get(appId) ?? {}
      const before = schedule && schedule.at <= now ? { ...stored, mode: schedule.mode } : { ...stored, schedule }
      const after = Object.entries({ ...before, ...change }).filter(([, value]) => value != null || value === null)
      settings.set(appId, Object.fromEntries(after))
      return settings.get(appId) ?? {}
    }),
    ...lists(step),
    ...record.methods(step),
    ...record.webhooks.methods(step),
    ...quotas.methods(step),
    ...outbox.methods(step),
    ...requests.methods(step),
    ...appKeys.methods(step),
    ...accessRequests.methods(step),
    ...mails.methods(step),
    ...privacy.methods(step),

    prune: step(({ what, before, now, limit }) => {
      const mayBeUsed = (invite: Invite) => invite.revokedAt === null && hasUseLeft(invite)
      const over = {
        invites: () => invitesOver(before, now),
        deliveries: () => outbox.over(before, mayBeUsed),
        claims: () => holdsOver(before),
        keyedRequests: () => requests.over(before),
        accessRequests: () => accessRequests.over(before),
        mailCounts: () => mails.over(before),
        webhooks: () => record.webhooks.over(before),
        addresses: () => privacy.over(before, now),
      }
      const found = over[what]()
      for (const remove of found.slice(0, limit)) remove()
      return { removed: Math.min(found.length, limit), next: found.length > limit ? { at: 0, id: '' } : undefined }
    }),
  }
}

type Position = readonly [at: number, id: string]

/** Of two in a list that begins with the newest. */
const isAfter = ([at, id]: Position, [otherAt, otherId]: Position) => at < otherAt || (at === otherAt && id < otherId)
