// What a change is logged as: who asks, and what they do.
import { nanoid } from 'nanoid'
import type { KnownScope } from './context.js'
import type { LogAction } from './record-types.js'
import type { LogNote } from './store.js'

/** The note of one change. `details` must be free of personal data and secrets. */
export function noteOf(action: LogAction, { actor }: KnownScope, details: Details = {}): LogNote {
  const given = Object.entries(details).filter(([, value]) => value !== undefined)
  return {
    id: nanoid(),
    action,
    actor: actor === undefined ? { kind: 'code', id: null } : { kind: actor.access, id: actor.id },
    details: given.length === 0 ? null : Object.fromEntries(given),
  }
}

type Details = Readonly<Record<string, unknown>>
