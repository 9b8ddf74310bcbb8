// What every page of the dashboard has around it: the app, the other apps, the other pages.
import type { AppConfig } from './app-config.js'
import type { Shape } from './templates/shape.js'
import type { Actor } from './types.js'

interface Choice {
  readonly name: string
  readonly href: string
  readonly current: boolean
}

export interface FrameValues {
  /** Where the dashboard is mounted; every link starts with it. */
  readonly base: string
  /** Appended to links, so that they stay with the app: `?appId=clinic`, or nothing. */
  readonly query: string
  readonly appName: string
  /** The apps to choose from; absent where there is one. */
  readonly apps?: readonly Choice[]
  /** The pages there are; absent for members, who have one. */
  readonly pages?: readonly Choice[]
}

const choice = { name: 'text', href: 'url', current: 'text' } as const

export const frameShape: Shape<FrameValues> = {
  base: 'url',
  query: 'text',
  appName: 'text',
  apps: [choice],
  pages: [choice],
}

/** How a list goes on, for the links under it. */
export interface PagerValues {
  /** Whether this is a page behind the first. */
  readonly paged: boolean
  readonly nextHref?: string
  readonly firstHref: string
}

export const pagerShape: Shape<PagerValues> = { paged: 'text', nextHref: 'url', firstHref: 'url' }

export interface FrameInput {
  readonly base: string
  readonly app: AppConfig
  readonly apps: readonly AppConfig[]
  readonly actor: Actor
}

/** Of the page at `path` below the dashboard. */
export function frameValues(input: FrameInput, path = ''): FrameValues {
  const { base, app, apps, actor } = input
  const several = apps.length > 1
  return {
    base,
    query: several ? `?${new URLSearchParams({ appId: app.appId })}` : '',
    appName: app.appName,
    ...(several && {
      apps: apps.map((each) => ({
        name: each.appName,
        href: hrefOf({ ...input, app: each }, path),
        current: each === app,
      })),
    }),
    ...(actor.access === 'supervisor' && {
      pages: pages.map((page) => ({ name: page.name, href: hrefOf(input, page.path), current: page.path === path })),
    }),
  }
}

export function pagerValues(
  input: FrameInput,
  path: string,
  { paged, nextCursor }: { readonly paged: boolean; readonly nextCursor: string | null },
): PagerValues {
  return {
    paged,
    ...(nextCursor !== null && { nextHref: hrefOf(input, path, { cursor: nextCursor }) }),
    firstHref: hrefOf(input, path),
  }
}

/** A link that stays with the app. */
export function hrefOf({ base, app, apps }: FrameInput, path: string, more: Record<string, string> = {}): string {
  const query = new URLSearchParams({ ...(apps.length > 1 ? { appId: app.appId } : {}), ...more }).toString()
  return `${base}/${path}${query === '' ? '' : `?${query}`}`
}

const pages = [
  { name: 'Invites', path: '' },
  { name: 'Who joined', path: 'joined' },
  { name: 'Statistics', path: 'statistics' },
  { name: 'Log', path: 'log' },
] as const
