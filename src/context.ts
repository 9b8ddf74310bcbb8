// What every use case works with: the checked options, the guarded store, the keys, the outlets.
import { type KnownActor, readActor } from './actors.js'
import type { AppConfig } from './app-config.js'
import type { Config } from './config.js'
import { InviteError } from './errors.js'
import type { Emit, InviteEvents } from './events.js'
import type { Keyring } from './keyring.js'
import { modeAt } from './modes.js'
import type { InviteStore } from './store.js'
import type { Actor, Mode } from './types.js'

export interface Context {
  readonly config: Config
  /** The host's store, guarded: what it rejects with is an {@link InviteError}. */
  readonly store: InviteStore
  readonly keyring: Keyring
  readonly emit: Emit
  /** Whether anybody listens: for a list of a million, what they would hear is not made in vain. */
  readonly isHeard: (name: keyof InviteEvents) => boolean
  /** Tells the outbox worker that a mail was queued. */
  readonly mailQueued: () => void
  /** Tells the workers of webhooks that one was queued. What comes with a note tells it by itself. */
  readonly webhooksQueued: () => void
  /** Has `end` called when the install is closed. */
  readonly onClose: (end: () => void) => void
}

/** In which app, and in whose name. */
export interface Scope {
  /** Default: `default`, or the only app there is. */
  readonly appId?: string | undefined
  /** Whose access counts. Default: your own code's, which may do everything. */
  readonly actor?: Actor | undefined
}

/** A scope whose actor was checked. */
export interface KnownScope extends Scope {
  readonly actor?: KnownActor | undefined
}

/** @throws TypeError where the actor is none. */
export function readScope(scope: Scope): KnownScope {
  if (Object.hasOwn(scope, 'actor') && scope.actor == null) {
    throw new TypeError(
      'scope.actor is there and names nobody. Leave it out where your own code asks, with all rights.',
    )
  }
  return scope.actor === undefined
    ? { appId: scope.appId }
    : { appId: scope.appId, actor: readActor('scope.actor', scope.actor) }
}

/** The app meant. @throws InviteError `invite_not_found` where there is none; TypeError where it must be named. */
export function appOf({ config }: Context, appId: string | undefined = config.defaultAppId): AppConfig {
  if (appId === undefined) {
    throw new TypeError(
      `There are several apps and none is \`default\`: name one of ${[...config.apps.keys()].join(', ')}.`,
    )
  }
  const app = config.apps.get(appId)
  if (app === undefined) throw noSuchApp()
  return app
}

/** One answer for apps that there are not and those that are none of the asker's business. */
export function noSuchApp(): InviteError {
  return new InviteError('invite_not_found', { detail: 'There is no such app.' })
}

/** The mode in force. */
export async function modeOf({ config, store }: Context, app: AppConfig): Promise<Mode> {
  return modeAt(await store.getSettings(app.appId), app.mode, config.clock())
}

/** Who the host says that is; `undefined` where it knows nobody, or nobody any more. */
export async function findInviter(
  { config }: Context,
  query: { readonly appId: string; readonly id?: string; readonly email?: string },
): Promise<KnownActor | undefined> {
  const found = await config.findInviter?.(query)
  return found ? readActor('findInviter', found) : undefined
}

/**
 * The store, such that whatever it throws is a 503 with the reason as `cause`; except the TypeError about a `trx` that
 * is none, which says that the caller is wrong, not the store. Whatever queues webhooks is followed by `webhooksQueued`.
 */
export function guardStore(store: InviteStore, webhooksQueued: () => void): InviteStore {
  const guarded = new Map<string | symbol, (...args: unknown[]) => unknown>()
  return new Proxy(store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name)
      if (typeof member !== 'function') return member
      const known = guarded.get(name)
      if (known) return known
      const call = (...args: unknown[]) => {
        const joins = name === 'acceptSync' || (name === 'accept' && args[1] !== undefined)
        const failure = (error: unknown) => (joins && error instanceof TypeError ? error : unavailable(error))
        try {
          const result: unknown = Reflect.apply(Reflect.get(target, name), target, args)
          if (args.some(queuesWebhooks)) void Promise.resolve(result).then(webhooksQueued, () => undefined)
          return result instanceof Promise ? result.catch((error: unknown) => Promise.reject(failure(error))) : result
        } catch (error) {
          throw failure(error)
        }
      }
      guarded.set(name, call)
      return call
    },
  })
}

/** Whether it is, or has, a note that names somebody to tell. */
function queuesWebhooks(argument: unknown): boolean {
  const { webhooks, note } = (argument ?? {}) as { webhooks?: unknown; note?: { webhooks?: unknown } }
  return webhooks !== undefined || note?.webhooks !== undefined
}

function unavailable(error: unknown): InviteError {
  return error instanceof InviteError ? error : new InviteError('store_unavailable', { cause: error })
}
