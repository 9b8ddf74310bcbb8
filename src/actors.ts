// Who asks, as the host names them: checked where they come in, and what they may grant.
import * as v from 'valibot'
import { InviteError } from './errors.js'
import type { Actor } from './types.js'

const accessRule = "must be 'supervisor' or 'member'"

const actorSchema = v.object(
  {
    id: v.pipe(
      v.union([v.string(), v.number()], 'must be a string or a number'),
      v.transform(String),
      v.nonEmpty('must not be empty'),
    ),
    email: v.nullish(v.string('must be a string')),
    name: v.nullish(v.string('must be a string')),
    access: v.picklist(['supervisor', 'member'], accessRule),
    roles: v.optional(v.array(v.string('must be strings'), 'must be a list')),
    orgIds: v.optional(v.array(v.string('must be strings'), 'must be a list')),
  },
  (issue) => (issue.expected === 'Object' ? 'must be an object' : 'is missing'),
)

/** An actor that was checked. */
export type KnownActor = Actor & { readonly id: string }

/** The actor that the host's `source` returned. @throws TypeError where it is none; it says what is wrong. */
export function readActor(source: 'authorize' | 'findInviter' | 'scope.actor', value: unknown): KnownActor {
  const result = v.safeParse(actorSchema, value)
  if (result.success) return result.output
  const [{ path, message }] = result.issues
  const field = path?.[0]?.key === undefined ? 'it' : `\`${String(path[0].key)}\``
  throw new TypeError(
    `${source} must ${source === 'scope.actor' ? 'be' : 'return'} { id, email?, name?, access, roles?, orgIds? } with \`access\` 'supervisor' or 'member', or null: ${field} ${message}.`,
  )
}

/** @throws InviteError `not_allowed` where the actor is a member. */
export function supervisorsOnly(actor: Actor | undefined): void {
  if (actor !== undefined && actor.access !== 'supervisor') throw new InviteError('not_allowed')
}

/** Whether this actor may hand out this role, or may invite into this organization. */
export function canGrant(actor: Actor, { role = null, orgId = null }: Granted): boolean {
  return isAmong(actor, actor.roles, role) && isAmong(actor, actor.orgIds, orgId)
}

/** What an invite hands out. */
interface Granted {
  readonly role?: string | null
  readonly orgId?: string | null
}

/** Default: everything for a supervisor, nothing for a member. */
function isAmong({ access }: Actor, granted: readonly string[] | undefined, wanted: string | null): boolean {
  if (wanted === null) return true
  return granted === undefined ? access === 'supervisor' : granted.includes(wanted)
}
