// The code of a new invite: a random one, or one that somebody made up, where that may be.
import type * as v from 'valibot'
import type { KnownActor } from '../actors.js'
import type { AppConfig } from '../app-config.js'
import { generateCode, hashCode, normalizeCode, normalizeHumanCode } from '../codes.js'
import type { Context } from '../context.js'
import { InviteError } from '../errors.js'
import { humanHashes } from '../human-codes.js'
import { invalid, invalidField } from '../input.js'
import type { sendSchema } from '../schemas/invites.js'
import type { NewInvite } from '../store.js'
import { sealContext } from '../views.js'

type Fields = v.InferOutput<typeof sendSchema>

const MIN_SHARED = 8 // what guesses are up against where no address must be known too

/** A new code, sealed for this invite. */
export function newCode({ keyring }: Context, invite: { appId: string; id: string }): { hash: string; sealed: string } {
  const code = generateCode()
  return { hash: hashCode(normalizeCode(code) ?? code), sealed: keyring.seal('code-seal', code, sealContext(invite)) }
}

/** A code that somebody made up, sealed for this invite as it was given. */
export function customCode(context: Context, invite: { appId: string; id: string }, code: string) {
  const [hash = ''] = humanHashes(context, invite.appId, normalizeHumanCode(code) ?? code)
  return { hash, sealed: context.keyring.seal('code-seal', code, sealContext(invite)) }
}

export function codeTaken(): InviteError {
  return invalidField('customCode', 'is or was the code of another invite: make up another one')
}

/** The store sees to the newest secret's. @throws InviteError where the code was given away under an older one. */
export async function checkOlderCodes(context: Context, { appId, id }: NewInvite, code: string): Promise<void> {
  for (const codeHash of humanHashes(context, appId, normalizeHumanCode(code) ?? code).slice(1)) {
    const { invite: other } = await context.store.lookUp({ appId, codeHash })
    if (other !== undefined && other.id !== id) throw codeTaken()
  }
}

/** @throws InviteError where a code may not be made up, or not by this actor, or could be guessed at too much cost. */
export function checkCustomCode(
  { config }: Context,
  app: AppConfig,
  fields: Fields,
  actor: KnownActor | undefined,
): void {
  const code = fields.customCode
  if (code === undefined) return
  if (config.humanCodes === undefined) {
    throw invalidField('customCode', 'is not taken: this install does not set `humanCodes`')
  }
  if (actor?.access === 'member') {
    throw new InviteError('not_allowed', { detail: 'Only supervisors make codes up: leave customCode out.' })
  }
  if (fields.email) return
  const errors = []
  if ((normalizeHumanCode(code) ?? '').length < MIN_SHARED) {
    errors.push({ pointer: '#/customCode', detail: `must have ${MIN_SHARED} letters and digits without an address` })
  }
  if (fields.maxUses === null) errors.push({ pointer: '#/maxUses', detail: 'must be a number with a customCode' })
  const termMs = fields.expiresInMs === undefined ? app.ttlMs : fields.expiresInMs
  if (termMs === null) errors.push({ pointer: '#/expiresInMs', detail: 'must be a number with a customCode' })
  if (errors.length > 0) throw invalid(errors)
}
