// Making an invite and queueing its mail.
import type * as v from 'valibot'
import { canGrant, type KnownActor } from '../actors.js'
import { parseAddress } from '../addresses.js'
import type { AppConfig } from '../app-config.js'
import { isAppKeyActor } from '../app-keys.js'
import { appOf, type Context, findInviter, type KnownScope } from '../context.js'
import { InviteError } from '../errors.js'
import { type NewId, randomId } from '../ids.js'
import { type InputOf, invalid, invalidField, read } from '../input.js'
import { mailCounts, tooManyMails } from '../mail/limits.js'
import { noteOf } from '../notes.js'
import { nextRefillAt } from '../quotas.js'
import { PAUSED } from '../record-types.js'
import { sendSchema } from '../schemas/invites.js'
import { sourceOf } from '../sources.js'
import type { NewInvite, QuotaState } from '../store.js'
import type { Invite } from '../types.js'
import { summaryOf, viewOf } from '../views.js'
import { checkCustomCode, checkOlderCodes, codeTaken, customCode, newCode } from './new-codes.js'
import { quotaKey } from './quotas.js'

/**
 * A new invite, as it is asked for.
 * @interface
 */
export type SendInvite = InputOf<typeof sendSchema>
export type Fields = v.InferOutput<typeof sendSchema>
type FindByEmail = (email: string) => Promise<KnownActor | undefined>

const ROLE = /^[A-Za-z0-9._:-]{1,64}$/

/** Asked again with the same ids, it makes nothing new, and returns the invite as it stands. */
export async function sendInvite(
  context: Context,
  input: SendInvite,
  scope: KnownScope,
  newId: NewId = randomId,
): Promise<Invite> {
  const app = appOf(context, scope.appId)
  const fields = read(sendSchema, input)
  checkCustomCode(context, app, fields, scope.actor)
  const prepare = await prepareInvites(context, fields, scope)

  const now = context.config.clock()
  const invite = prepare(fields, newId('invite'), now)
  const mailed = isMailed(context, fields)
  const charge = scope.actor?.access === 'member' ? quotaKey(app, scope.actor) : undefined
  const { role, orgId, maxUses, inviterId } = invite
  const note = noteOf(context, 'invite.create', scope, { role, orgId, maxUses, inviterId, mailed })
  if (fields.customCode !== undefined) await checkOlderCodes(context, invite, fields.customCode)
  const mails = mailed ? mailCounts(context, invite) : []
  const result = await context.store.createInvite(invite, mailed ? newId('mail') : undefined, { charge, mails, note })
  if ('existing' in result) throw new InviteError('invite_exists')
  if ('paused' in result) throw new InviteError('not_allowed', { detail: PAUSED })
  if ('exceeded' in result) throw exceeded(invite, result.exceeded, now)
  if ('limited' in result) throw tooManyMails(context, invite, result.limited)
  if ('codeTaken' in result) throw codeTaken()
  if (mailed) context.mailQueued()
  context.emit('created', { invite: summaryOf(result.created, now) })
  return viewOf(context, result.created, now)
}

/**
 * Judges what invites are to hand out and in whose name, once for all of them, and returns what makes each for its
 * address. @throws InviteError where that may not be.
 */
export async function prepareInvites(
  context: Context,
  fields: Fields,
  scope: KnownScope,
): Promise<(to: Pick<Fields, 'email' | 'locale'>, id: string, now: number) => NewInvite> {
  const app = appOf(context, scope.appId)
  const inviter = await inviterOf(context, app, fields, scope.actor)
  return (to, id, now) => newInvite(context, app, { ...fields, ...to }, { inviter, id, now })
}

/**
 * In whose name such an invite is. `find` looks up who has an address.
 * @throws InviteError where the fields do not go together, or it may not be sent so.
 */
export async function inviterOf(
  context: Context,
  app: AppConfig,
  fields: Fields,
  actor: KnownActor | undefined,
  find: FindByEmail = (email) => findInviter(context, { appId: app.appId, email }),
): Promise<KnownActor | undefined> {
  checkTogether(context, fields)
  const inviter = await inviterFor(context, fields, actor, find)
  checkRole(context, fields.role ?? null, [actor, inviter])
  checkOrganization(fields.orgId ?? null, [actor, inviter])
  return inviter
}

export function isMailed({ config }: Context, { email, sendEmail }: Fields): boolean {
  return email != null && config.mailer !== undefined && sendEmail !== false
}

function checkTogether({ config }: Context, fields: Fields): void {
  const errors = []
  if (fields.email && fields.maxUses !== undefined && fields.maxUses !== 1) {
    errors.push({ pointer: '#/maxUses', detail: 'must be 1 or left out for an invite with an address' })
  }
  if (fields.email && fields.emailDomain) {
    errors.push({ pointer: '#/emailDomain', detail: 'must be left out for an invite with an address' })
  }
  if (fields.email && fields.oncePerPerson) {
    errors.push({ pointer: '#/oncePerPerson', detail: 'must be left out for an invite with an address' })
  }
  if (fields.sendEmail === true && !fields.email) {
    errors.push({ pointer: '#/sendEmail', detail: 'needs an address to send to' })
  }
  if (fields.sendEmail === true && config.mailer === undefined) {
    errors.push({ pointer: '#/sendEmail', detail: 'needs a mailer, and this install has none' })
  }
  if (errors.length > 0) throw invalid(errors)
}

async function inviterFor(
  context: Context,
  { inviterEmail }: Fields,
  actor: KnownActor | undefined,
  find: FindByEmail,
): Promise<KnownActor | undefined> {
  // A program invites in the app's own name: `findInviter` could not vouch for it later.
  if (inviterEmail === undefined) return actor && isAppKeyActor(actor) ? undefined : actor
  const own = actor?.email ? parseAddress(actor.email) : undefined
  if (own?.canonical === inviterEmail.canonical) return actor
  if (actor?.access === 'member') {
    throw new InviteError('not_allowed', {
      detail: 'A member sends invites in its own name only: leave inviterEmail out.',
    })
  }
  if (context.config.findInviter === undefined) {
    throw invalidField('inviterEmail', 'cannot be looked up: this install has no `findInviter`')
  }
  const inviter = await find(inviterEmail.original)
  if (inviter === undefined)
    throw invalidField('inviterEmail', 'must be the address of a user who has access to this app')
  return inviter
}

/** @throws InviteError where there is no such role, or one of these may not grant it. */
export function checkRole(
  { config }: Context,
  role: string | null,
  granters: readonly (KnownActor | undefined)[],
): void {
  if (role === null) return
  const known = config.roles === undefined ? ROLE.test(role) : config.roles.includes(role)
  if (!known) {
    const right = config.roles?.join(', ') ?? '1 to 64 letters, digits and . _ : -'
    throw invalidField('role', `must be ${config.roles ? 'one of ' : ''}${right}`)
  }
  if (granters.some((granter) => granter && !canGrant(granter, { role }))) {
    throw new InviteError('not_allowed', { detail: `The role ${role} is not the inviter's to grant.` })
  }
}

function checkOrganization(orgId: string | null, granters: readonly (KnownActor | undefined)[]): void {
  if (granters.every((granter) => granter === undefined || canGrant(granter, { orgId }))) return
  throw new InviteError('not_allowed', { detail: `The organization ${orgId} is not the inviter's to invite into.` })
}

/** Why a quota does not pay for this invite. */
function exceeded({ maxUses }: NewInvite, quota: QuotaState, now: number): InviteError {
  const { left, rule } = quota
  // Where members begin with none, inviting is not theirs, unless they were given some.
  if (left === 0 && rule.start === 0 && rule.refill === null) {
    return new InviteError('not_allowed', { detail: 'You have no invites to send.' })
  }
  if (maxUses === null) {
    return invalidField('maxUses', `must be a number: each account counts, and you have ${invitesOf(left)} left`)
  }
  const refillsAt = nextRefillAt(quota, rule)
  const cost = maxUses === 1 ? '' : `, and this one counts as ${maxUses}`
  return new InviteError('quota_exceeded', {
    detail: left === 0 && maxUses === 1 ? 'You have no invites left.' : `You have ${invitesOf(left)} left${cost}.`,
    ...(refillsAt !== undefined && { headers: { 'Retry-After': String(Math.ceil((refillsAt - now) / 1000)) } }),
  })
}

export function newInvite(
  context: Context,
  app: AppConfig,
  fields: Fields,
  { inviter, id, now }: { readonly inviter: KnownActor | undefined; readonly id: string; readonly now: number },
): NewInvite {
  const own = { appId: app.appId, id }
  const code = fields.customCode === undefined ? newCode(context, own) : customCode(context, own, fields.customCode)
  const termMs = fields.expiresInMs === undefined ? app.ttlMs : fields.expiresInMs
  return {
    id,
    appId: app.appId,
    email: fields.email?.original ?? null,
    emailCanonical: fields.email?.canonical ?? null,
    emailDomain: fields.emailDomain ?? null,
    oncePerPerson: fields.oncePerPerson ?? false,
    codeHash: code.hash,
    codeSealed: code.sealed,
    role: fields.role ?? null,
    orgId: fields.orgId ?? null,
    inviterId: inviter?.id ?? null,
    inviterEmail: inviter?.email ?? null,
    inviterName: inviter?.name ?? null,
    message: fields.message ?? null,
    locale: fields.locale ?? null,
    metadata: fields.metadata ?? null,
    source: sourceOf(fields.metadata),
    maxUses: fields.maxUses === undefined ? 1 : fields.maxUses,
    createdAt: now,
    termMs,
    expiresAt: termMs === null ? null : now + termMs,
  }
}

function invitesOf(count: number | null): string {
  return count === 1 ? '1 invite' : `${count} invites`
}
