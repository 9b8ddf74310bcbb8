// A time as the dashboard shows it.
import type { Shape } from './templates/shape.js'

export interface ShownTime {
  readonly iso: string
  readonly text: string
}

export const shownTimeShape: Shape<ShownTime> = { iso: 'text', text: 'text' }

let dateFormat: Intl.DateTimeFormat | undefined // made when it is needed: the first one of a process takes 10 ms

const dayFormat = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' })
const monthFormat = new Intl.DateTimeFormat('en-GB', { month: 'short', year: 'numeric', timeZone: 'UTC' })

/** Of the day in UTC, without its year. */
export function shownDay(iso: string): string {
  return dayFormat.format(new Date(iso))
}

/** Of the month in UTC. */
export function shownMonth(iso: string): string {
  return monthFormat.format(new Date(iso))
}

export function shownTime(iso: string): ShownTime {
  dateFormat ??= new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })
  return { iso, text: `${dateFormat.format(new Date(iso))} UTC` }
}
