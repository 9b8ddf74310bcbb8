// What a change is logged as: who asks, and what they do.
import { nanoid } from 'nanoid'
import type { AppConfig } from './app-config.js'
import { isAppKeyActor } from './app-keys.js'
import type { Context, KnownScope } from './context.js'
import type { LogAction } from './record-types.js'
import type { LogNote } from './store.js'

/** The note of one change. `details` must be free of personal data and secrets. */
export function noteOf(
  { config }: Context,
  action: LogAction,
  { actor, appId = config.defaultAppId }: KnownScope,
  details: Details = {},
): LogNote {
  const given = Object.entries(details).filter(([, value]) => value !== undefined)
  return {
    id: nanoid(),
    action,
    actor: actorOf(actor),
    details: given.length === 0 ? null : Object.fromEntries(given),
    webhooks: config.apps.get(appId ?? '')?.webhooks.targets,
  }
}

/** The note of what somebody did by a link that was mailed to them: nobody says who they are. */
export function inviteeNote(action: LogAction, { webhooks }: AppConfig): LogNote {
  return { id: nanoid(), action, actor: { kind: 'invitee', id: null }, details: null, webhooks: webhooks.targets }
}

function actorOf(actor: KnownScope['actor']): LogNote['actor'] {
  if (actor === undefined) return { kind: 'code', id: null }
  return { kind: isAppKeyActor(actor) ? 'key' : actor.access, id: actor.id }
}

type Details = Readonly<Record<string, unknown>>
