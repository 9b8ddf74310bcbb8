// The waiting list on the dashboard: every value ready to be shown.
import type { AppConfig } from './app-config.js'
import { type ShownTime, shownTime, shownTimeShape } from './shown-time.js'
import type { Shape } from './templates/shape.js'
import type { AccessRequest, Page } from './types.js'

/** Who waits, from the first on. */
export interface WaitlistValues {
  readonly requests: readonly {
    readonly id: string
    readonly email: string
    readonly place: string
    readonly askedOn: ShownTime
    readonly answers: readonly { readonly label: string; readonly answer: string }[]
  }[]
  /** Whether more wait than are shown. */
  readonly more: boolean
}

export const waitlistShape: Shape<WaitlistValues> = {
  requests: [
    {
      id: 'text',
      email: 'text',
      place: 'text',
      askedOn: shownTimeShape,
      answers: [{ label: 'text', answer: 'text' }],
    },
  ],
  more: 'text',
}

export function waitlistValues(app: AppConfig, { items, nextCursor }: Page<AccessRequest>): WaitlistValues {
  return {
    requests: items.map(({ requestId, email, position, createdAt, answers }) => ({
      id: requestId,
      email,
      place: position === null ? '' : String(position),
      askedOn: shownTime(createdAt),
      // A question that was taken away since is shown by its name.
      answers: Object.entries(answers).map(([name, answer]) => ({
        label: app.requestQuestions.get(name)?.label ?? name,
        answer,
      })),
    })),
    more: nextCursor !== null,
  }
}
