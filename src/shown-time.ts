// A time as the dashboard shows it.
import type { Shape } from './templates/shape.js'

export interface ShownTime {
  readonly iso: string
  readonly text: string
}

export const shownTimeShape: Shape<ShownTime> = { iso: 'text', text: 'text' }

const dateFormat = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })

export function shownTime(iso: string): ShownTime {
  return { iso, text: `${dateFormat.format(new Date(iso))} UTC` }
}
