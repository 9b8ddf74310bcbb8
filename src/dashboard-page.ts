// The dashboard's templates and what they are told: every value ready to be shown, none of it markup.
import { readFileSync } from 'node:fs'
import { STATUS_CODES } from 'node:http'
import { canGrant } from './actors.js'
import type { AppConfig } from './app-config.js'
import {
  type FrameInput,
  type FrameValues,
  frameShape,
  frameValues,
  type PagerValues,
  pagerShape,
  pagerValues,
} from './dashboard-frame.js'
import { type InviteRow, inviteRow, inviteRowShape } from './dashboard-invites.js'
import { type JoinedValues, joinedShape, type LogValues, logShape } from './dashboard-record.js'
import {
  modeMeanings,
  type SettingsValues,
  settingsShape,
  settingsValues,
  type TypedSettings,
} from './dashboard-settings.js'
import { type StatisticsValues, statisticsShape } from './dashboard-statistics.js'
import { type WaitlistValues, waitlistShape, waitlistValues } from './dashboard-waitlist.js'
import { type ShownTime, shownTime, shownTimeShape } from './shown-time.js'
import type { Shape } from './templates/shape.js'
import { openTemplates, type Render } from './templates/templates.js'
import { type AccessRequest, type Invite, type Mode, modes, type Page, type Quota, type Settings } from './types.js'

export interface PageValues extends FrameValues, PagerValues {
  readonly supervisor: boolean
  /** Whether the viewer has invites to send. */
  readonly mayInvite: boolean
  /** What a member may still send; absent where there is no limit. */
  readonly quota?: { readonly left: string; readonly more: ShownTime | null }
  readonly mails: boolean
  readonly mode?: Mode
  readonly modes: readonly { readonly mode: Mode; readonly current: boolean; readonly meaning: string }[]
  /** The planned switch and the seats; absent for members. */
  readonly settings?: SettingsValues
  readonly invites: readonly InviteRow[]
  /** Who waits; absent but for those who decide, in mode `waitlist`. */
  readonly waitlist?: WaitlistValues
  /** What the viewer may grant; absent where the install names no roles, or none may be granted. */
  readonly roles?: readonly { readonly role: string; readonly chosen: boolean }[]
  /** What was typed, where it could not be sent. */
  readonly typed?: string
  readonly sendError?: string
  /** As `typed`, of how many may use a link. */
  readonly typedUses?: string
  readonly linkError?: string
  readonly notice?: Partial<Record<Notice, boolean>> & {
    email?: string
    joinUrl?: string
    mailed?: boolean
  }
}

type Notice =
  | ('sent' | 'resent' | 'deleted' | 'approved' | 'declined' | 'undecided')
  | ('mode' | 'planned' | 'unplanned' | 'seats')

/** What the error page is told. */
export interface ErrorValues {
  readonly base: string
  readonly status: number
  readonly title: string
  readonly detail: string
}

/** What the templates of the page may use. */
const pageShape: Shape<PageValues> = {
  ...frameShape,
  ...pagerShape,
  supervisor: 'text',
  mayInvite: 'text',
  quota: { left: 'text', more: shownTimeShape },
  mails: 'text',
  mode: 'text',
  modes: [{ mode: 'text', current: 'text', meaning: 'text' }],
  settings: settingsShape,
  invites: [inviteRowShape],
  waitlist: waitlistShape,
  roles: [{ role: 'text', chosen: 'text' }],
  typed: 'text',
  sendError: 'text',
  typedUses: 'text',
  linkError: 'text',
  notice: {
    sent: 'text',
    resent: 'text',
    deleted: 'text',
    approved: 'text',
    declined: 'text',
    undecided: 'text',
    mode: 'text',
    planned: 'text',
    unplanned: 'text',
    seats: 'text',
    email: 'text',
    joinUrl: 'url',
    mailed: 'text',
  },
}

/** What the template of the error page may use. */
const errorShape: Shape<ErrorValues> = { base: 'url', status: 'text', title: 'text', detail: 'text' }

/** The dashboard of one app, ready to be filled in. */
export interface DashboardTemplates {
  readonly page: Render<PageValues>
  readonly joined: Render<JoinedValues>
  readonly statistics: Render<StatisticsValues>
  readonly log: Render<LogValues>
  readonly error: Render<ErrorValues>
  readonly css: string
}

/** @throws TypeError where a template does not compile, or uses what is not there. */
export function loadDashboard(app: AppConfig): DashboardTemplates {
  const templates = openTemplates(app.templates)
  return {
    page: templates.load('dashboard/invites.html.hbs', pageShape),
    joined: templates.load('dashboard/joined.html.hbs', joinedShape),
    statistics: templates.load('dashboard/statistics.html.hbs', statisticsShape),
    log: templates.load('dashboard/log.html.hbs', logShape),
    error: templates.load('dashboard/error.html.hbs', errorShape),
    css: readFileSync(templates.find('dashboard/dashboard.css'), 'utf8'),
  }
}

export interface PageInput extends FrameInput {
  readonly page: Page<Invite>
  readonly paged: boolean
  /** Absent for members. */
  readonly settings: Settings | undefined
  readonly typedSettings: TypedSettings | undefined
  /** Absent where it is not shown. */
  readonly requests: Page<AccessRequest> | undefined
  /** The viewer's own; absent for a supervisor. */
  readonly quota: Quota | undefined
  readonly mails: boolean
  /** All roles there are, if the install names them. */
  readonly roles: readonly string[] | undefined
  /** Which of them was asked for. */
  readonly role: string | undefined
}

export function invitePage(input: PageInput): PageValues {
  const { app, actor, page, settings, quota } = input
  const roles = input.roles?.filter((role) => canGrant(actor, { role })) ?? []
  return {
    ...frameValues(input),
    ...pagerValues(input, '', { paged: input.paged, nextCursor: page.nextCursor }),
    supervisor: actor.access === 'supervisor',
    mayInvite: quota === undefined || quota.left !== 0,
    ...(quota && quota.left !== null && { quota: shownQuota(quota, quota.left) }),
    mails: input.mails,
    ...(settings && { mode: settings.mode, settings: settingsValues(settings, input.typedSettings ?? {}) }),
    modes: modes.map((each) => ({ mode: each, current: each === settings?.mode, meaning: modeMeanings[each] })),
    invites: page.items.map((invite) => inviteRow(invite, input.mails)),
    ...(input.requests && { waitlist: waitlistValues(app, input.requests) }),
    ...(roles.length > 0 && { roles: roles.map((role) => ({ role, chosen: role === input.role })) }),
  }
}

export function errorPage(base: string, status: number, detail: string): ErrorValues {
  return { base, status, title: STATUS_CODES[status] ?? String(status), detail }
}

function shownQuota({ refillsAt }: Quota, left: number): NonNullable<PageValues['quota']> {
  const counted = left === 1 ? '1 invite' : `${left === 0 ? 'no' : left} invites`
  return { left: counted, more: refillsAt === null ? null : shownTime(refillsAt) }
}
