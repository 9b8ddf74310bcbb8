// The dashboard's statistics: every value ready to be shown.
import { type FrameInput, type FrameValues, frameShape, frameValues, hrefOf } from './dashboard-frame.js'
import type { Statistics } from './record-types.js'
import { shownDay, shownMonth } from './shown-time.js'
import type { Shape } from './templates/shape.js'

interface Share {
  readonly name: string
  readonly made: number
  readonly accepted: number
}

export interface StatisticsValues extends FrameValues {
  readonly spans: readonly { readonly name: string; readonly href: string; readonly current: boolean }[]
  readonly totals: readonly { readonly label: string; readonly count: number }[]
  /** How long half of those who joined took at most; `null`: nobody joined. */
  readonly median: string | null
  /** Whether anything happened at all. */
  readonly some: boolean
  /** Newest first. The lengths of bars are in percent of the longest. */
  readonly periods: readonly {
    readonly name: string
    readonly made: number
    readonly mailed: number
    readonly accepted: number
    readonly expired: number
    readonly madeBar: number
    readonly acceptedBar: number
  }[]
  readonly inviters: readonly Share[]
  /** Empty where no invite says where it is from. */
  readonly sources: readonly Share[]
}

const share = { name: 'text', made: 'text', accepted: 'text' } as const

export const statisticsShape: Shape<StatisticsValues> = {
  ...frameShape,
  spans: [{ name: 'text', href: 'url', current: 'text' }],
  totals: [{ label: 'text', count: 'text' }],
  median: 'text',
  some: 'text',
  periods: [
    {
      ...share,
      mailed: 'text',
      expired: 'text',
      madeBar: 'text',
      acceptedBar: 'text',
    },
  ],
  inviters: [share],
  sources: [share],
}

const DAY_MS = 24 * 60 * 60 * 1000
const TOP = 10

/** How far back each page looks, today included, in UTC. */
const spans = {
  day: { name: '30 days', from: (today: number) => today - 29 * DAY_MS },
  week: {
    name: '12 weeks',
    from: (today: number) => today - (((new Date(today).getUTCDay() + 6) % 7) + 11 * 7) * DAY_MS,
  },
  month: {
    name: '12 months',
    from: (today: number) => Date.UTC(new Date(today).getUTCFullYear(), new Date(today).getUTCMonth() - 11, 1),
  },
} as const

type Period = Statistics['by']

/** What the page that was asked for counts. */
export function spanOf(
  by: unknown,
  now: number,
): { readonly by: Period; readonly from: string; readonly until: string } {
  const period: Period = by === 'week' || by === 'month' ? by : 'day'
  const today = Math.floor(now / DAY_MS) * DAY_MS
  const iso = (time: number) => new Date(time).toISOString()
  return { by: period, from: iso(spans[period].from(today)), until: iso(today + DAY_MS) }
}

/** The inviters that are shown, by their ids. */
export function shownInviters({ inviters }: Statistics): readonly string[] {
  return inviters.slice(0, TOP).flatMap(({ inviterId }) => inviterId ?? [])
}

/** `names`: the inviters', as far as the host knows them. */
export function statisticsPage(
  input: FrameInput,
  statistics: Statistics,
  names: ReadonlyMap<string, string>,
): StatisticsValues {
  const { total, periods, inviters, sources, medianAcceptMs, by } = statistics
  const longest = Math.max(1, ...periods.flatMap(({ made, accepted }) => [made, accepted]))
  const percent = (count: number) => Math.round((count / longest) * 1000) / 10
  return {
    ...frameValues(input, 'statistics'),
    spans: Object.entries(spans).map(([period, { name }]) => ({
      name,
      href: hrefOf(input, 'statistics', period === 'day' ? {} : { by: period }),
      current: period === by,
    })),
    totals: [
      { label: 'made', count: total.made },
      { label: 'mailed', count: total.mailed },
      { label: 'not mailable', count: total.failed },
      { label: 'accepted', count: total.accepted },
      { label: 'expired', count: total.expired },
      { label: 'revoked', count: total.revoked },
    ],
    median: medianAcceptMs === null ? null : spell(medianAcceptMs),
    some: Object.values(total).some((count) => count > 0),
    periods: periods.toReversed().map(({ from, made, mailed, accepted, expired }) => ({
      name: by === 'month' ? shownMonth(from) : shownDay(from),
      ...{ made, mailed, accepted, expired },
      madeBar: percent(made),
      acceptedBar: percent(accepted),
    })),
    inviters: inviters.slice(0, TOP).map(({ inviterId, made, accepted }) => ({
      name: inviterId === null ? 'Nobody named' : (names.get(inviterId) ?? inviterId),
      ...{ made, accepted },
    })),
    sources: sources.some(({ source }) => source !== null)
      ? sources.slice(0, TOP).map(({ source, ...counts }) => ({ name: source ?? 'Without', ...counts }))
      : [],
  }
}

function spell(ms: number): string {
  const units = [
    ['day', DAY_MS],
    ['hour', DAY_MS / 24],
    ['minute', 60_000],
    ['second', 1000],
  ] as const
  const [unit, size] = units.find(([, size]) => ms >= size) ?? ['second', 1000]
  const count = Math.max(1, Math.round(ms / size))
  return `${count} ${unit}${count === 1 ? '' : 's'}`
}
