// A time as the dashboard shows it.
import type { Shape } from './templates/shape.js'

export interface ShownTime {
  readonly iso: string
  readonly text: string
}

export const shownTimeShape: Shape<ShownTime> = { iso: 'text', text: 'text' }

// Made when they are needed: the first one of a process takes 10 ms.
let dayFormat: Intl.DateTimeFormat | undefined
let monthFormat: Intl.DateTimeFormat | undefined
let dateFormat: Intl.DateTimeFormat | undefined

/** Of the day in UTC, without its year. */
export function shownDay(iso: string): string {
  dayFormat ??= new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })
  return dayFormat.format(new Date(iso))
}

/** Of the month in UTC. */
export function shownMonth(iso: string): string {
  monthFormat ??= new Intl.DateTimeFormat('en-GB', { month: 'short', year: 'numeric', timeZone: 'UTC' })
  return monthFormat.format(new Date(iso))
}

export function shownTime(iso: string): ShownTime {
  dateFormat ??= new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })
  return { iso, text: `${dateFormat.format(new Date(iso))} UTC` }
}
