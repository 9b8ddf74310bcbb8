// The record in memory: the log, paused inviters, statistics, the tree.
import type {
  AcceptanceRecord,
  DayCounts,
  InviteRecord,
  InviteStore,
  LogNote,
  LogRecord,
  ShareCounts,
  TreeRecord,
  WebhookTargets,
} from '../../../src/store.js'
import type { Step } from './step.js'
import { memoryWebhooks } from './webhooks.js'

interface Parts {
  readonly invites: ReadonlyMap<string, InviteRecord>
  readonly acceptances: ReadonlyMap<string, AcceptanceRecord>
}

/** An entry, with what is counted of the invite that it is about. */
type Entry = LogRecord & Pick<InviteRecord, 'inviterId' | 'role' | 'source'>

const DAY = 24 * 60 * 60 * 1000
const countedAs = {
  'invite.create': 'made',
  'mail.sent': 'mailed',
  'mail.failed': 'failed',
  'invite.revoke': 'revoked',
}

export function memoryRecord({ invites, acceptances }: Parts) {
  const log: Entry[] = []
  const pauses = new Map<string, number>()
  const nameOf = ({ appId, inviterId }: { appId: string; inviterId: string | null }) =>
    JSON.stringify([appId, inviterId])
  const isPaused = (invite: { appId: string; inviterId: string | null }) => pauses.has(nameOf(invite))

  const webhooks = memoryWebhooks({ invites, acceptances, entries: () => entries().map(toRecord) })

  function write({ webhooks: targets, ...note }: LogNote, where: Omit<Entry, keyof LogNote>): void {
    const entry = { ...note, ...where }
    log.push(entry)
    webhooks.queue(targets, entry)
  }

  /** Tells of an acceptance, which is its own entry. */
  function noteAcceptance({ id, appId, acceptedAt: at }: AcceptanceRecord, targets: WebhookTargets | undefined): void {
    webhooks.queue(targets, { id, appId, at, action: 'invite.accept' })
  }

  function noteChange(note: LogNote | undefined, { appId, now: at }: { appId: string; now: number }): void {
    if (note) write(note, { appId, at, inviteId: null, acceptanceId: null, inviterId: null, role: null, source: null })
  }

  function noteInvite(
    note: LogNote | undefined,
    { id: inviteId, appId, inviterId, role, source }: InviteRecord,
    at: number,
    acceptanceId: string | null = null,
  ): void {
    if (note) write(note, { appId, at, inviteId, acceptanceId, inviterId, role, source })
  }

  const inPassing = (note: LogNote | undefined, action: string): LogNote | undefined =>
    note && { ...note, id: `${note.id}.${action}`, action, details: null }

  function entries(): readonly Entry[] {
    const accepts = [...acceptances.values()].map(({ id, appId, acceptedAt, inviteId, userId, inviterId, role }) => ({
      ...{ id, appId, at: acceptedAt, action: 'invite.accept', actor: { kind: 'invitee', id: userId } as const },
      ...{ inviteId, acceptanceId: id, details: null, inviterId, role },
      source: invites.get(inviteId)?.source ?? null,
    }))
    return [...log, ...accepts].sort((a, b) => b.at - a.at || (a.id < b.id ? 1 : -1))
  }

  const toRecord = ({ inviterId, role, source, ...record }: Entry): LogRecord => record

  const joinedBy = (appId: string, inviterId: string) =>
    [...acceptances.values()].flatMap((each) =>
      each.appId === appId && each.inviterId === inviterId && each.reopenedAt === null ? (each.userId ?? []) : [],
    )

  /** Who is how deep below the root. */
  function below({ appId, rootId, depth }: { appId: string; rootId: string; depth: number }): TreeRecord[] {
    const found: TreeRecord[] = []
    const seen = new Set([rootId])
    let level = [rootId]
    for (let step = 1; step <= depth && level.length > 0; step++) {
      const next: TreeRecord[] = []
      for (const inviterId of level.sort()) {
        for (const userId of joinedBy(appId, inviterId)) {
          if (seen.has(userId)) continue
          seen.add(userId)
          next.push({ userId, inviterId, depth: step, joined: new Set(joinedBy(appId, userId)).size })
        }
      }
      level = next.map(({ userId }) => userId)
      found.push(...next.sort((a, b) => (a.userId < b.userId ? -1 : 1)))
    }
    return found
  }

  function shares(of: (entry: Entry) => string | null, made: readonly Entry[], accepted: readonly Entry[]) {
    const keys = [...new Set([...made, ...accepted].map(of))]
    const count = (list: readonly Entry[], key: string | null) => list.filter((entry) => of(entry) === key).length
    return keys
      .map((key): ShareCounts => ({ of: key, made: count(made, key), accepted: count(accepted, key) }))
      .sort((a, b) => b.accepted - a.accepted || b.made - a.made || ((a.of ?? '') < (b.of ?? '') ? -1 : 1))
  }

  type Methods = Pick<InviteStore, 'listLog' | 'pauseInviter' | 'findPause' | 'getStatistics' | 'getTree'>
  const methods = (step: Step): Methods => ({
    listLog: step(({ appId, inviteId, actorId, action, from = 0, until = Infinity, limit, after }) =>
      entries()
        .filter((entry) => entry.appId === appId && entry.at >= from && entry.at < until)
        .filter((entry) => inviteId === undefined || entry.inviteId === inviteId)
        .filter((entry) => actorId === undefined || entry.actor.id === actorId)
        .filter((entry) => action === undefined || entry.action === action)
        .filter(({ at, id }) => after === undefined || at < after.at || (at === after.at && id < after.id))
        .slice(0, limit)
        .map(toRecord),
    ),

    pauseInviter: step(({ paused, note, ...key }) => {
      if (isPaused(key) !== paused) noteChange(note, key)
      if (!paused) pauses.delete(nameOf(key))
      else if (!isPaused(key)) pauses.set(nameOf(key), key.now)
      return pauses.get(nameOf(key)) ?? null
    }),

    findPause: step((key) => pauses.get(nameOf(key)) ?? null),

    getStatistics: step(({ appId, from, until, now, top }) => {
      const days = new Map<number, { -readonly [Name in keyof DayCounts]: number }>()
      const add = (at: number, what: string | undefined) => {
        const day = Math.floor(at / DAY) * DAY
        const counts = days.get(day) ?? { day, made: 0, mailed: 0, failed: 0, accepted: 0, expired: 0, revoked: 0 }
        if (what !== undefined) days.set(day, { ...counts, [what]: counts[what as keyof DayCounts] + 1 })
      }
      const isCounted = ({ acceptanceId }: Entry) => acceptances.get(acceptanceId ?? '')?.reopenedAt === null
      const then = entries().filter((entry) => entry.appId === appId && entry.at >= from && entry.at < until)
      const made = then.filter(({ action }) => action === 'invite.create')
      const accepted = then.filter((entry) => entry.action === 'invite.accept' && isCounted(entry))
      for (const { at, action } of then) add(at, countedAs[action as keyof typeof countedAs])
      for (const { at } of accepted) add(at, 'accepted')
      for (const { appId: theirs, expiresAt, revokedAt, maxUses, uses } of invites.values()) {
        if (theirs !== appId || expiresAt === null || expiresAt < from || expiresAt >= Math.min(until, now + 1))
          continue
        const isOver = (maxUses !== null && uses >= maxUses) || (revokedAt !== null && revokedAt < expiresAt)
        if (!isOver) add(expiresAt, 'expired')
      }
      const waits = accepted
        .map(({ at, inviteId }) => at - (invites.get(inviteId ?? '')?.createdAt ?? at))
        .sort((a, b) => a - b)
      const middle = [waits[(waits.length - 1) >> 1], waits[waits.length >> 1]]
      return {
        days: [...days.values()].sort((a, b) => a.day - b.day),
        medianAcceptMs: waits.length === 0 ? null : Math.round(((middle[0] ?? 0) + (middle[1] ?? 0)) / 2),
        inviters: shares(({ inviterId }) => inviterId, made, accepted).slice(0, top),
        roles: shares(({ role }) => role, made, accepted).slice(0, top),
        sources: shares(({ source }) => source, made, accepted).slice(0, top),
      }
    }),

    getTree: step(({ limit, ...query }) => {
      const users = below(query)
      const depths = [...new Set(users.map(({ depth }) => depth))]
      return {
        levels: depths.map((depth) => users.filter((user) => user.depth === depth).length),
        users: users.slice(0, limit),
      }
    }),
  })

  return { methods, noteChange, noteInvite, noteAcceptance, inPassing, isPaused, below, webhooks }
}
