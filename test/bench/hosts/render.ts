// Prints how many mails a second are rendered: an invite in, a message ready for the mailer out. Of the sources, since
// what was built has no door to the inside.
import { randomUUID } from 'node:crypto'
import { newInvite } from '../../../adapters/contract/fixtures.js'
import { sqliteStore } from '../../../adapters/sqlite.js'
import { generateCode } from '../../../src/codes.js'
import { createInvites } from '../../../src/index.js'
import { contextOf } from '../../../src/invites.js'
import { createCompose } from '../../../src/mail/message.js'
import type { DeliveryRecord, InviteRecord } from '../../../src/store.js'

const count = Number(process.argv[2])
const store = sqliteStore(':memory:')
const invites = createInvites({
  store,
  secret: 'a secret of the benchmark, long enough',
  baseUrl: 'https://acme.dev/invites',
  signupUrl: 'https://acme.dev/signup',
  mailer: { sendMail: async () => undefined },
  from: 'Acme <hello@acme.dev>',
  deliver: false,
})
const context = contextOf(invites)
const [app] = context.config.apps.values()
if (app === undefined) throw new Error('There is no app.')
const compose = createCompose(context, app)

const mails = Array.from({ length: count }, (_each, at) => {
  const email = `${randomUUID()}@example.com`
  const invite = newInvite({ email, appId: app.appId, role: 'beta', inviterName: `Bo ${at}`, message: 'Come & see!' })
  const record = { ...invite, generation: 0, uses: 0, held: 0, revokedAt: null, delivery: null } as unknown
  return { invite: record as InviteRecord, code: generateCode() }
})
let bytes = 0
const renderAll = () => {
  for (const { invite, code } of mails) {
    const { html, text } = compose(invite, { id: invite.id } as DeliveryRecord, code)
    bytes += html.length + text.length
  }
}
renderAll() // what is compiled at the first time is
const began = performance.now()
renderAll()
console.log(JSON.stringify({ rate: (count * 1000) / (performance.now() - began), bytes: bytes / count / 2 }))
await invites.close()
