// "No more": the link by which whoever is mailed has it ended, and whether an address has.
//
// What is kept of an address is a keyed digest, so that the list of those who want no mail is no list of addresses. The
// link carries that digest and a signature of its own, and so works however old the mail is.
import type { Context } from '../context.js'
import type { InviteRecord } from '../store.js'

/** What a refusal of this address may be kept under: by each secret, the newest first. */
export function refusalIds({ keyring }: Context, emailCanonical: string): readonly string[] {
  return keyring.digests('mail-refusal', [emailCanonical])
}

/** Where the invitee of this app's mail can have no more. */
export function noMoreUrl(context: Context, appId: string, emailCanonical: string): string {
  const token = noMoreToken(context, { appId, emailCanonical })
  return `${context.config.baseUrl}/app/${encodeURIComponent(appId)}/no-more/${token}`
}

/** What that link carries. */
export function noMoreToken(
  context: Context,
  { appId, emailCanonical }: Pick<InviteRecord, 'appId' | 'emailCanonical'>,
): string {
  const [id = ''] = refusalIds(context, emailCanonical ?? '')
  return `${id}.${context.keyring.sign('no-more', [appId, id])}`
}

/** Whose refusal the token of such a link is for; `undefined` where we never mailed it. */
export function readNoMoreToken({ keyring }: Context, appId: string, token: string): string | undefined {
  const [id = '', signature = '', ...rest] = token.split('.')
  return rest.length === 0 && keyring.verify('no-more', [appId, id], signature) ? id : undefined
}

/** Whether this address wants no mail of any app of this install. */
export async function wantsNoMail(context: Context, emailCanonical: string): Promise<boolean> {
  return await context.store.refusesMail({ ids: refusalIds(context, emailCanonical) })
}

/** Header fields that let mail programs offer it as a button (RFC 2369, 8058); the second is for https alone. */
export function noMoreHeaders(url: string): Readonly<Record<string, string>> {
  const list = { 'List-Unsubscribe': `<${url}>` }
  return url.startsWith('https:') ? { ...list, 'List-Unsubscribe-Post': 'List-Unsubscribe=One-Click' } : list
}
