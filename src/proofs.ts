// The mailed proof: what shows that whoever comes with a code has read the mail it was sent in. It is made when the
// mail is, from the invite alone, and never stored, so nothing that holds the code can be turned into it.
import type { Context } from './context.js'
import type { InviteRecord } from './store.js'

type Proven = Pick<InviteRecord, 'appId' | 'id' | 'emailCanonical' | 'codeGeneration'>

const parts = (invite: Proven) => [invite.appId, invite.id, invite.emailCanonical ?? '', invite.codeGeneration]

export function makeProof({ keyring }: Context, invite: Proven): string {
  return keyring.sign('mail-proof', parts(invite))
}

/** Whether `proof` was mailed to this invite's address, with the code it has now. */
export function isProven({ keyring }: Context, invite: Proven, proof: string | undefined): boolean {
  return proof !== undefined && invite.emailCanonical !== null && keyring.verify('mail-proof', parts(invite), proof)
}

/** What a join link carries: the code, and in mail the proof behind a dot. */
export function makeToken(code: string, proof?: string): string {
  return proof === undefined ? code : `${code}.${proof}`
}

export function readToken(token: string): { readonly code: string; readonly proof: string | undefined } {
  const dot = token.indexOf('.')
  const proof = dot < 0 ? '' : token.slice(dot + 1) // empty too behind a full stop that was copied along
  return { code: dot < 0 ? token : token.slice(0, dot), proof: proof || undefined }
}
