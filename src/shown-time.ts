// A time as the dashboard shows it.
import type { Shape } from './templates/shape.js'

export interface ShownTime {
  readonly iso: string
  readonly text: string
}

export const shownTimeShape: Shape<ShownTime> = { iso: 'text', text: 'text' }

let dateFormat: Intl.DateTimeFormat | undefined // made when it is needed: the first one of a process takes 10 ms

export function shownTime(iso: string): ShownTime {
  dateFormat ??= new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })
  return { iso, text: `${dateFormat.format(new Date(iso))} UTC` }
}
