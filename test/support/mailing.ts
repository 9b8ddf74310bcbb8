// A host whose mails are kept instead of sent, for tests of what is in them.
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect } from 'chai'
import type { InvitesOptions, MailMessage } from '../../src/index.js'
import { temporaryFolder } from './cleanup.js'
import { type Host, openHost, sendInvite } from './host.js'

class Courier {
  readonly taken: MailMessage[] = []
  async sendMail(message: MailMessage) {
    this.taken.push(message)
  }
  get last(): MailMessage {
    const message = this.taken.at(-1)
    if (message === undefined) throw new Error('nothing was mailed')
    return message
  }
}

/** A folder of templates, by their names in it. */
export function templateFolder(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder()
  for (const [name, source] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true })
    writeFileSync(join(folder, name), source)
  }
  return folder
}

export interface Mailing extends Partial<InvitesOptions> {
  /** The inviter's. */
  readonly name?: string
}

export async function openMailing({ name = 'Grace Hopper', ...invites }: Mailing = {}): Promise<[Host, Courier]> {
  const mailer = new Courier()
  const findInviter = () => ({ id: 'grace', email: 'grace@example.com', name, access: 'supervisor' as const })
  const host = await openHost({
    invites: { mailer, appName: 'Acme', findInviter, ...invites },
    gate: { appId: Object.keys(invites.apps ?? { default: {} })[0] },
  })
  return [host, mailer]
}

/** The one mail of an invite that holds these fields. */
export async function mailOf(mailing: Mailing, fields: Parameters<typeof sendInvite>[1] = {}): Promise<MailMessage> {
  const [host, courier] = await openMailing(mailing)
  await sendInvite(host, { email: 'ada@example.com', inviterEmail: 'grace@example.com', ...fields })
  await host.invites.deliver()
  expect(courier.taken).to.have.length(1)
  return courier.last
}
