// What is switched at run time, on the dashboard: the mode, a planned switch of it, the seats.
import { type ShownTime, shownTime, shownTimeShape } from './shown-time.js'
import type { Shape } from './templates/shape.js'
import { type Mode, modes, type Settings } from './types.js'

/** The settings of an app, and what was typed where it could not be set. */
export interface SettingsValues {
  /** The switch that is planned; `null`: none. */
  readonly plan: { readonly mode: Mode; readonly at: ShownTime } | null
  /** What may be planned. */
  readonly choices: readonly { readonly mode: Mode; readonly chosen: boolean }[]
  /** When, as the form has it: in UTC, without its zone. */
  readonly at: string
  readonly planError: string | null
  /** How many; empty for any number. */
  readonly seats: string
  readonly seatsError: string | null
}

/** What could not be set, to be shown again with why. */
export interface TypedSettings {
  readonly mode?: string
  readonly at?: string
  readonly planError?: string
  readonly seats?: string
  readonly seatsError?: string
}

export const settingsShape: Shape<SettingsValues> = {
  plan: { mode: 'text', at: shownTimeShape },
  choices: [{ mode: 'text', chosen: 'text' }],
  at: 'text',
  planError: 'text',
  seats: 'text',
  seatsError: 'text',
}

export const modeMeanings: Readonly<Record<Mode, string>> = {
  'invite-only': 'Only people with an invite can sign up.',
  waitlist: 'Only people with an invite can sign up; the others wait for one.',
  open: 'Anybody can sign up, with or without an invite.',
  closed: 'Nobody can sign up, not even with an invite.',
}

export function settingsValues({ mode, schedule, seats }: Settings, typed: TypedSettings): SettingsValues {
  const chosen = typed.mode ?? (mode === 'open' ? 'closed' : 'open')
  return {
    plan: schedule && { mode: schedule.mode, at: shownTime(schedule.at) },
    choices: modes.map((each) => ({ mode: each, chosen: each === chosen })),
    at: typed.at ?? '',
    planError: typed.planError ?? null,
    seats: typed.seats ?? (seats === null ? '' : String(seats)),
    seatsError: typed.seatsError ?? null,
  }
}
