// What a change is logged as: who asks, and what they do.
import { nanoid } from 'nanoid'
import { isAppKeyActor } from './app-keys.js'
import type { KnownScope } from './context.js'
import type { LogAction } from './record-types.js'
import type { LogNote } from './store.js'

/** The note of one change. `details` must be free of personal data and secrets. */
export function noteOf(action: LogAction, { actor }: KnownScope, details: Details = {}): LogNote {
  const given = Object.entries(details).filter(([, value]) => value !== undefined)
  return {
    id: nanoid(),
    action,
    actor: actorOf(actor),
    details: given.length === 0 ? null : Object.fromEntries(given),
  }
}

/** The note of what somebody did by a link that was mailed to them: nobody says who they are. */
export function inviteeNote(action: LogAction): LogNote {
  return { id: nanoid(), action, actor: { kind: 'invitee', id: null }, details: null }
}

function actorOf(actor: KnownScope['actor']): LogNote['actor'] {
  if (actor === undefined) return { kind: 'code', id: null }
  return { kind: isAppKeyActor(actor) ? 'key' : actor.access, id: actor.id }
}

type Details = Readonly<Record<string, unknown>>
