// What the dashboard hands to each part of it.
import type { RequestHandler, Router } from 'express'
import type { KnownActor } from '../actors.js'
import type { AppConfig } from '../app-config.js'
import type { Action } from '../types.js'
import type { readForm } from './body.js'
import type { Invites } from './invites.js'

/** The dashboard, as its parts see it. */
export interface Desk<Visit> {
  readonly router: Router
  readonly invites: Invites
  visit(action: Action, handle: (visit: Visit) => Promise<void>): RequestHandler
}

/** A request to the dashboard, with who makes it and about which app. */
export interface DeskVisit {
  readonly req: Parameters<typeof readForm>[0]
  readonly res: Parameters<typeof readForm>[1]
  readonly app: AppConfig
  readonly actor: KnownActor
}
