// whatever leaves the process other than to its rightful reader holds nothing to sign up with.

import { expect } from 'chai'
import request from 'supertest'
import { openHost, sendInvite } from './support/host.js'
import { startReceiver, WEBHOOK_SECRET } from './support/receiver.js'
import { startSmtp } from './support/smtp.js'

describe('R-19 secrets', () => {
  it('a dump of the database, all events, logs and warnings of a full flow hold no code and no proof', async () => {
    const told: string[] = []
    const { restore } = captureOutput((text) => told.push(text))
    try {
      const smtp = await startSmtp()
      const receiver = await startReceiver()
      const webhooks = { url: `${receiver.url}?token=a-token-of-the-url`, secret: WEBHOOK_SECRET }
      const host = await openHost({ invites: { mailer: smtp.mailer, webhooks } })
      for (const name of ['created', 'sent', 'failed', 'accepted', 'revoked', 'webhookFailed'] as const) {
        host.invites.events.on(name, (event: unknown) => told.push(JSON.stringify(event)))
      }
      const ada = await sendInvite(host, { email: 'ada@example.com', message: 'hello' })
      const bob = await sendInvite(host, { email: 'bob@example.com' })
      const shared = await sendInvite(host, { maxUses: 3 })
      const create = () =>
        host.manage.post('default/invite', { email: 'eve@example.com' }).set('Idempotency-Key', 'key')
      const { body: keyed } = await create().expect(201)
      expect((await create().expect(201)).get('Idempotency-Replayed')).to.equal('true')
      await host.invites.deliver()
      const again = await host.invites.resend(bob.inviteId, { rotate: true })
      smtp.refuse = { code: 451, message: `cannot take ${again.inviteCode} now` }
      await host.invites.deliver()
      const proofs = smtp.received.map(({ mail }) => /join\/[^.\s]+\.([\w-]+)/.exec(mail.text ?? '')?.[1] ?? '')
      expect(proofs.filter(Boolean)).to.have.length(3)
      await host.signup({ inviteCode: ada.inviteCode, email: 'ada@example.com' }).expect(201)
      await host.signup({ inviteCode: shared.inviteCode }).expect(201)
      await host.signup({ inviteCode: 'wrong' }).expect(403)
      await request(host.app)
        .post('/invites/app/default/invite/check')
        .send({ inviteCode: shared.inviteCode })
        .expect(200)
      await host.invites.revoke(bob.inviteId)

      await host.invites.deliver()
      receiver.answer = { status: 500 }
      await sendInvite(host)
      await host.invites.deliver()
      expect(receiver.posted.length).to.be.greaterThan(5)
      told.push(...receiver.posted.map(({ body }) => body))

      const dump = JSON.stringify(await host.database.tables())
      expect(dump).to.contain('ada@example.com')
      expect(dump).to.contain('"answer":"1.')
      const codes = [ada.inviteCode, bob.inviteCode, shared.inviteCode, again.inviteCode ?? '', keyed.inviteCode]
      const hooked = [WEBHOOK_SECRET, WEBHOOK_SECRET.slice('whsec_'.length), 'a-token-of-the-url']
      for (const secret of [...codes, ...codes.map((code) => code.replaceAll('-', '')), ...proofs, ...hooked]) {
        expect(dump).not.to.contain(secret)
        expect(told.join('\n')).not.to.contain(secret)
      }
      expect(told.length).to.be.greaterThan(5)
    } finally {
      restore()
    }
  })
})

function captureOutput(seen: (text: string) => void): { restore: () => void } {
  const { stdout, stderr } = process
  const originals = [stdout.write, stderr.write] as const
  const watch = (stream: NodeJS.WriteStream, write: typeof stdout.write) => {
    stream.write = ((chunk: string | Uint8Array, ...rest: []) => {
      seen(String(chunk))
      return write.call(stream, chunk, ...rest)
    }) as typeof write
  }
  watch(stdout, originals[0])
  watch(stderr, originals[1])
  return {
    restore: () => {
      stdout.write = originals[0]
      stderr.write = originals[1]
    },
  }
}
