// What a signup page may show of an invite, and that every wrong code is answered alike.
import { expect } from 'chai'
import request from 'supertest'
import { DAY, type Host, openHost, sendInvite } from '../support/host.js'
import { type Smtp, startSmtp } from '../support/smtp.js'
import { trace } from '../support/trace.js'

const UNKNOWN = 'ABCD-EFGH-JKMN-PQRS-TVWX-YZ01-2345'
const apps = { default: {}, school: {} }

function check(host: Host, body?: object, appId = 'default'): request.Test {
  return request(host.app).post(`/invites/app/${appId}/invite/check`).send(body)
}

/** The `Cookie` header of somebody who followed this link. */
async function follow(host: Host, link: string): Promise<string> {
  const { pathname } = new URL(link)
  const res = await request(host.app).get(pathname).expect(302)
  return res.get('Set-Cookie')?.[0]?.split(';')[0] ?? ''
}

/** The link in the newest mail to this address. */
async function mailedLink(host: Host, smtp: Smtp, email: string): Promise<string> {
  await host.invites.deliver()
  const mail = smtp.received.findLast(({ recipients }) => recipients.includes(email))
  return /https:\/\/\S+/.exec(mail?.mail.text ?? '')?.[0] ?? ''
}

/** A response without what belongs to its moment: the date, and the guesses left, which go down with each wrong code. */
function comparable(res: request.Response) {
  const { date: _date, ratelimit: _left, ...headers } = res.headers
  return { status: res.status, text: res.text, headers }
}

describe('POST /invite/check', () => {
  const preview = {
    appId: 'default',
    appName: 'Acme',
    email: null,
    emailHint: 'a•••@example.com',
    inviter: { name: 'Bo Boss' },
    role: 'nurse',
    orgId: 'ward-7',
    expiresAt: '2026-11-28T09:00:00.000Z',
  }

  async function openInvited() {
    const smtp = await startSmtp()
    const host = await openHost({ invites: { appName: 'Acme', mailer: smtp.mailer } })
    const fields = { email: 'ada@example.com', role: 'nurse', orgId: 'ward-7', metadata: { secret: 'of the host' } }
    const { body: invite } = await host.manage.post('default/invite', { ...fields, message: 'Welcome!' })
    return { smtp, host, invite }
  }

  it('shows with the code what a signup page may show, of the address only a hint', async () => {
    const { host, invite } = await openInvited()
    const res = await check(host, { inviteCode: invite.inviteCode.toLowerCase() })
    expect(res.status).to.equal(200)
    expect(res.body).to.deep.equal(preview)
  })

  it('takes the code from the join cookie; a link passed on by hand still shows only a hint', async () => {
    const { host, invite } = await openInvited()
    const cookie = await follow(host, invite.joinUrl)
    for (const body of [undefined, {}, { inviteCode: '' }, { inviteCode: ' - ' }]) {
      const res = await check(host, body).set('Cookie', cookie)
      expect(res.body).to.deep.equal(preview)
    }
  })

  it('shows the full address to whoever followed the mailed link', async () => {
    const { smtp, host, invite } = await openInvited()
    const cookie = await follow(host, await mailedLink(host, smtp, 'ada@example.com'))
    const res = await check(host).set('Cookie', cookie)
    expect(res.body).to.deep.equal({ ...preview, email: 'ada@example.com' })
    const typed = await check(host, { inviteCode: invite.inviteCode.toLowerCase() }).set('Cookie', cookie)
    expect(typed.body.email).to.equal('ada@example.com')
  })

  it('an explicit code wins over the cookie, whose proof does not count for it', async () => {
    const { smtp, host } = await openInvited()
    const cookie = await follow(host, await mailedLink(host, smtp, 'ada@example.com'))
    const other = await sendInvite(host, { email: 'eve@example.com' })
    const res = await check(host, { inviteCode: other.inviteCode }).set('Cookie', cookie)
    expect(res.body).to.include({ email: null, emailHint: 'e•••@example.com' })
  })

  it('a proof is good for its own invite and its own code only', async () => {
    const { smtp, host, invite } = await openInvited()
    const link = await mailedLink(host, smtp, 'ada@example.com')
    const proof = link.split('.').at(-1)
    const other = await sendInvite(host, { email: 'eve@example.com' })
    const { body: rotated } = await host.manage.post(`default/invite/${invite.inviteId}/resend`, { rotate: true })
    for (const joinUrl of [`${other.joinUrl}.${proof}`, `${rotated.joinUrl}.${proof}`, `${rotated.joinUrl}.`]) {
      const res = await check(host).set('Cookie', await follow(host, joinUrl))
      expect([res.status, res.body.email]).to.deep.equal([200, null])
    }
    expect((await check(host).set('Cookie', await follow(host, link))).status).to.equal(404)
    const fresh = await follow(host, await mailedLink(host, smtp, 'ada@example.com'))
    expect((await check(host).set('Cookie', fresh)).body.email).to.equal('ada@example.com')
  })

  it('shows a shareable invite without address or inviter', async () => {
    const host = await openHost()
    const { inviteCode } = await sendInvite(host, { expiresInMs: null })
    const nothing = { email: null, emailHint: null, inviter: null, role: null, orgId: null, expiresAt: null }
    const res = await check(host, { inviteCode })
    expect(res.body).to.deep.equal({ appId: 'default', appName: 'acme.dev', ...nothing })
  })

  it('changes nothing: any number of times, and the invite is still good', async () => {
    const { host, invite } = await openInvited()
    for (let n = 0; n < 5; n++) await check(host, { inviteCode: invite.inviteCode }).expect(200)
    const { inviteCode } = invite
    expect((await host.signup({ inviteCode, email: 'ada@example.com' })).status).to.equal(201)
  })

  /** Codes that let nobody in. */
  async function badCodes(host: Host): Promise<Record<string, string | undefined>> {
    const expired = await sendInvite(host, { email: 'old@example.com', expiresInMs: 1 })
    const revoked = await sendInvite(host, { email: 'ada@example.com' })
    await host.invites.revoke(revoked.inviteId)
    const used = await sendInvite(host)
    await host.signup({ inviteCode: used.inviteCode }).expect(201)
    const rotated = await sendInvite(host)
    await host.invites.resend(rotated.inviteId, { rotate: true })
    const other = await sendInvite(host, {}, 'school')
    host.clock.advance(1)
    return {
      unknown: UNKNOWN,
      'no code at all': undefined,
      'not a code': 'x',
      'an inviteId': other.inviteId,
      revoked: revoked.inviteCode,
      'rotated away': rotated.inviteCode,
      "another app's": other.inviteCode,
      used: used.inviteCode,
      expired: expired.inviteCode,
    }
  }

  it('R-22 answers one 404, equal to the byte, for whatever would not let anybody in', async () => {
    const host = await openHost({ invites: { apps } })
    const codes = await badCodes(host)
    const expected = comparable(await check(host, { inviteCode: UNKNOWN }))
    expect(expected.status).to.equal(404)
    expect(JSON.parse(expected.text).code).to.equal('invite_not_found')
    for (const [name, inviteCode] of Object.entries(codes)) {
      expect(comparable(await check(host, { inviteCode })), name).to.deep.equal(expected)
    }
    const good = await sendInvite(host)
    await host.invites.settings({ mode: 'closed' }, { appId: 'default' })
    expect(comparable(await check(host, { inviteCode: good.inviteCode })), 'closed').to.deep.equal(expected)
    await host.invites.settings({ mode: 'waitlist' }, { appId: 'default' })
    await check(host, { inviteCode: good.inviteCode }).expect(200)
  })

  it('R-22 counts down by one for whatever would not let anybody in, and not for a good code or none', async () => {
    const host = await openHost({ invites: { apps } })
    const { 'no code at all': _none, ...codes } = await badCodes(host)
    const { inviteCode } = await sendInvite(host)
    const left = (res: request.Response) =>
      Number(/^"wrong-codes";r=(\d+);t=\d+$/.exec(res.get('RateLimit') ?? '')?.[1])
    let expected = 100
    for (const [name, code] of Object.entries(codes)) {
      expect(left(await check(host, { inviteCode: code })), name).to.equal(--expected)
      expect(left(await check(host, { inviteCode })), 'good').to.equal(expected)
      expect(left(await check(host)), 'none').to.equal(expected)
    }
  })

  it('R-22 answers the same 404 to the cookie of a code that lets nobody in', async () => {
    const host = await openHost({ invites: { apps } })
    const expected = comparable(await check(host, { inviteCode: UNKNOWN }))
    const { joinUrl, inviteId } = await sendInvite(host)
    const cookie = await follow(host, joinUrl)
    await host.invites.revoke(inviteId)
    expect(comparable(await check(host).set('Cookie', cookie))).to.deep.equal(expected)
    expect(comparable(await check(host, {}, 'school').set('Cookie', cookie))).to.deep.equal(expected)
  })

  it('answers 404 for an unknown app and 503 without the store', async () => {
    const host = await openHost()
    const { inviteCode } = await sendInvite(host)
    expect((await check(host, { inviteCode }, 'nowhere')).body.code).to.equal('invite_not_found')
    await host.store.close()
    const res = await check(host, { inviteCode })
    expect([res.status, res.body.code]).to.deep.equal([503, 'store_unavailable'])
  })

  describe('R-22 unknown, revoked and another app’s', () => {
    /** Codes that a signup is to tell nothing about. */
    async function openSecretive() {
      const host = await openHost({ invites: { apps } })
      const revoked = await sendInvite(host, { email: 'ada@example.com' })
      await host.invites.revoke(revoked.inviteId)
      const other = await sendInvite(host, { email: 'ada@example.com' }, 'school')
      const codes = { unknown: UNKNOWN, revoked: revoked.inviteCode, other: other.inviteCode, 'not a code': 'x' }
      return { host, codes: Object.entries(codes) }
    }

    const doors: Readonly<Record<string, (host: Host, inviteCode: string) => request.Test>> = {
      signup: (host, inviteCode) => host.signup({ inviteCode, email: 'ada@example.com' }),
      check: (host, inviteCode) => check(host, { inviteCode }),
    }
    for (const [door, knock] of Object.entries(doors)) {
      it(`R-22 get the same answer at ${door}: status, body and headers`, async () => {
        const { host, codes } = await openSecretive()
        const expected = comparable(await knock(host, UNKNOWN))
        expect(JSON.parse(expected.text).code).to.equal(door === 'signup' ? 'invite_invalid' : 'invite_not_found')
        for (const [name, code] of codes) expect(comparable(await knock(host, code)), name).to.deep.equal(expected)
      })

      it(`R-22 take the same statements and hashes at ${door}`, async () => {
        const { host, codes } = await openSecretive()
        await knock(host, UNKNOWN)
        const expected = await trace(() => knock(host, UNKNOWN))
        expect(expected.filter((step) => step.includes('invite_only_invites'))).not.to.deep.equal([])
        expect(expected).to.include('hash sha256')
        for (const [name, code] of codes) {
          expect(await trace(() => knock(host, code)), name).to.deep.equal(expected)
        }
      })
    }

    it('R-22 are told apart from used and expired only by a holder of the code', async () => {
      const host = await openHost()
      const used = await sendInvite(host)
      await host.signup({ inviteCode: used.inviteCode }).expect(201)
      const expired = await sendInvite(host)
      host.clock.advance(7 * DAY)
      expect((await host.signup({ inviteCode: used.inviteCode })).body.code).to.equal('invite_used')
      expect((await host.signup({ inviteCode: expired.inviteCode })).body.code).to.equal('invite_expired')
    })
  })
})
