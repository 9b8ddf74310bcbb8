// Who may manage invites: the host's `authorize`, and the rule against requests that other sites make.
import type { Request, Response } from 'express'
import { type KnownActor, readActor } from '../actors.js'
import type { Context } from '../context.js'
import { InviteError } from '../errors.js'
import { checkNames } from '../option-names.js'
import type { Awaitable } from '../options.js'
import type { Action, Actor } from '../types.js'

/** How the host says who may manage invites. */
export interface AuthorizeOption {
  /**
   * Says who is asking, and with what access; `null` for nobody (401), `false` for somebody who may not (403). What it
   * throws goes to the host's error handlers.
   * Required: there is no default that would be safe.
   * @example ({ user }) => user ? { id: user.id, email: user.email, access: user.isAdmin ? 'supervisor' : 'member' } : null
   */
  // A method, so that hosts may type `req` as the request they know.
  authorize(req: Request, what: { readonly appId: string; readonly action: Action }): Awaitable<Actor | null | false>
}

/** A request that has been let through to manage invites. */
export interface Managed {
  readonly req: Request
  readonly res: Response
  readonly action: Action
  readonly scope: { readonly appId: string; readonly actor: KnownActor }
  readonly body: unknown
}

/** An error of the host's own, on its way through our router to the host's error handlers. */
export class HostFailure {
  constructor(readonly error: unknown) {}
}

/** @throws TypeError where there is no `authorize`, without which everybody would manage invites, or more than that. */
export function checkAuthorize(owner: string, options: AuthorizeOption | undefined): void {
  if (options !== undefined) checkNames(owner, options, ['authorize'])
  if (typeof options?.authorize === 'function') return
  throw new TypeError(
    `${owner} needs \`authorize\`: a function (req, { appId, action }) that returns who is asking, such as ` +
      "{ id: '7', access: 'supervisor' }, or null.",
  )
}

/** @throws InviteError `not_authenticated`, `not_allowed`; {@link HostFailure} where `authorize` fails or returns no actor. */
export async function askHost(host: AuthorizeOption, req: Request, appId: string, action: Action): Promise<KnownActor> {
  let isKnown = false
  try {
    const actor = await host.authorize(req, { appId, action })
    if (actor) return readActor('authorize', actor)
    isKnown = actor === false
  } catch (error) {
    throw new HostFailure(error)
  }
  throw new InviteError(isKnown ? 'not_allowed' : 'not_authenticated')
}

/**
 * Whether a browser sent this for another site (OWASP ASVS 5.0, 3.5.1). Told by `Sec-Fetch-Site`, or for older
 * browsers by `Origin`, which every browser sends with a POST.
 */
export function isCrossSite({ config }: Context, req: Request): boolean {
  const site = req.get('Sec-Fetch-Site')
  if (site !== undefined) return site !== 'same-origin' && site !== 'none'
  return req.get('Origin') !== config.origin
}

/** Whether it asks for more than to be told. */
export function changes(req: Request): boolean {
  return req.method !== 'GET' && req.method !== 'HEAD'
}

/** Whether a browser may have sent it by itself, with what it remembers of the user. */
export function isCookieBorne(req: Request): boolean {
  return req.headers.cookie !== undefined && req.headers.authorization === undefined
}
