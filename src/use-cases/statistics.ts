// What happened in some time, by days, weeks or months.
import { supervisorsOnly } from '../actors.js'
import { appOf, type Context, type KnownScope } from '../context.js'
import { type InputOf, invalidField, read } from '../input.js'
import type { PeriodCounts, Statistics } from '../record-types.js'
import { statsSchema } from '../schemas/record.js'
import type { Counts, DayCounts } from '../store.js'
import { isoTime } from '../views.js'

/**
 * Which time, and by which periods.
 * @interface
 */
export type StatsQuery = InputOf<typeof statsSchema>

const DAY_MS = 24 * 60 * 60 * 1000
const MAX_PERIODS = 1000
const TOP = 50

const nothing: Counts = { made: 0, mailed: 0, failed: 0, accepted: 0, expired: 0, revoked: 0 }

export async function getStatistics(context: Context, query: StatsQuery, scope: KnownScope): Promise<Statistics> {
  const { appId } = appOf(context, scope.appId)
  supervisorsOnly(scope.actor)
  const now = context.config.clock()
  const { by, until = now, from = until - 30 * DAY_MS } = read(statsSchema, query)
  const starts = startsBetween(from, until, by)
  const found = await context.store.getStatistics({ appId, from, until, now, top: TOP })
  return {
    appId,
    from: isoTime(from),
    until: isoTime(until),
    by,
    total: found.days.reduce(plus, nothing),
    periods: countedBy(starts, found.days),
    medianAcceptMs: found.medianAcceptMs,
    inviters: found.inviters.map(({ of, made, accepted }) => ({ inviterId: of, made, accepted })),
    roles: found.roles.map(({ of, made, accepted }) => ({ role: of, made, accepted })),
    sources: found.sources.map(({ of, made, accepted }) => ({ source: of, made, accepted })),
  }
}

/** When each period begins that a part of that time is in. */
function startsBetween(from: number, until: number, by: Statistics['by']): readonly number[] {
  if (from >= until) throw invalidField('from', 'must be before until')
  const starts: number[] = []
  for (let start = startOf(from, by); start < until; start = nextOf(start, by)) {
    if (starts.push(start) > MAX_PERIODS) throw invalidField('by', `must be longer: there are over ${MAX_PERIODS}`)
  }
  return starts
}

function startOf(time: number, by: Statistics['by']): number {
  const date = new Date(time)
  const day = Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate())
  if (by === 'day') return day
  if (by === 'month') return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1)
  return day - ((date.getUTCDay() + 6) % 7) * DAY_MS // the week begins on Monday
}

function nextOf(start: number, by: Statistics['by']): number {
  if (by !== 'month') return start + (by === 'day' ? 1 : 7) * DAY_MS
  const date = new Date(start)
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1)
}

/** Both are in order. */
function countedBy(starts: readonly number[], days: readonly DayCounts[]): readonly PeriodCounts[] {
  let next = 0
  return starts.map((start, at) => {
    const end = starts[at + 1] ?? Number.POSITIVE_INFINITY
    let counts = nothing
    for (let day = days[next]; day !== undefined && day.day < end; day = days[++next]) counts = plus(counts, day)
    return { from: isoTime(start), ...counts }
  })
}

function plus(a: Counts, b: Counts): Counts {
  return {
    made: a.made + b.made,
    mailed: a.mailed + b.mailed,
    failed: a.failed + b.failed,
    accepted: a.accepted + b.accepted,
    expired: a.expired + b.expired,
    revoked: a.revoked + b.revoked,
  }
}
