// How many invites each member may send.
import { supervisorsOnly } from '../actors.js'
import type { AppConfig } from '../app-config.js'
import { appOf, type Context, type KnownScope } from '../context.js'
import { InviteError } from '../errors.js'
import { type InputOf, invalid, read } from '../input.js'
import { noteOf } from '../notes.js'
import { nextRefillAt } from '../quotas.js'
import { grantSchema, quotaSchema } from '../schemas/settings.js'
import type { QuotaKey, QuotaState } from '../store.js'
import type { Quota } from '../types.js'
import { isoTime } from '../views.js'

/**
 * What is to change about a quota.
 * @interface
 */
export type QuotaChange = InputOf<typeof quotaSchema>
/**
 * Who gets how many more.
 * @interface
 */
export type QuotaGrant = InputOf<typeof grantSchema>

/** Who got more. */
export interface QuotaGranted {
  /** How many they were. */
  readonly granted: number
}

export async function getQuota(context: Context, inviterId: string, scope: KnownScope): Promise<Quota> {
  const app = appOf(context, scope.appId)
  const { actor } = scope
  if (actor?.access === 'member' && actor.id !== inviterId) throw new InviteError('not_allowed')
  const key = quotaKey(app, { id: inviterId })
  return quotaView(key, await context.store.getQuota({ ...key, now: context.config.clock() }))
}

export async function setQuota(
  context: Context,
  inviterId: string,
  change: QuotaChange,
  scope: KnownScope,
): Promise<Quota> {
  const app = appOf(context, scope.appId)
  supervisorsOnly(scope.actor)
  const { left } = read(quotaSchema, change)
  const key = quotaKey(app, { id: inviterId })
  const note = noteOf(context, 'quota.write', scope, { inviterId, left })
  return quotaView(key, await context.store.setQuota({ ...key, left, now: context.config.clock(), note }))
}

export async function grantQuota(context: Context, grant: QuotaGrant, scope: KnownScope): Promise<QuotaGranted> {
  const app = appOf(context, scope.appId)
  supervisorsOnly(scope.actor)
  const { add, inviterId, joinedFrom, joinedUntil } = read(grantSchema, grant)
  const { appId, quota: defaultQuota } = app
  const now = context.config.clock()
  const isForOne = inviterId !== undefined
  if (isForOne === (joinedFrom !== undefined || joinedUntil !== undefined)) {
    const detail = 'must be there, or joinedFrom or joinedUntil or both, for everybody who joined in that time'
    throw invalid([{ pointer: '#/inviterId', detail }])
  }
  const to = isForOne ? { inviterId } : { joinedFrom: joinedFrom ?? 0, joinedUntil: joinedUntil ?? now + 1 }
  const note = noteOf(context, 'quota.grant', scope, {
    add,
    inviterId,
    joinedFrom: joinedFrom && isoTime(joinedFrom),
    joinedUntil: joinedUntil && isoTime(joinedUntil),
  })
  return { granted: await context.store.grantQuota({ appId, add, to, defaultQuota, now, note }) }
}

/** Names the quota of a member. */
export function quotaKey({ appId, quota }: AppConfig, { id }: { readonly id: string }): QuotaKey {
  return { appId, inviterId: id, defaultQuota: quota }
}

function quotaView({ appId, inviterId }: QuotaKey, state: QuotaState): Quota {
  const refillsAt = nextRefillAt(state, state.rule)
  return { appId, inviterId, left: state.left, refillsAt: refillsAt === undefined ? null : isoTime(refillsAt) }
}
