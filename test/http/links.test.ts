// Links that many may use: once per person, by a domain; and limits on what is mailed.
import { expect } from 'chai'
import type { InvitesOptions } from '../../src/index.js'
import { DAY, type Host, MINUTE, manager, openHost, refusal, refusedOptions, sendInvite } from '../support/host.js'
import { startSmtp } from '../support/smtp.js'

const answer = (res: { readonly status: number; readonly body: { readonly code?: string } }) => [
  res.status,
  res.body.code,
]

describe('a shareable link', () => {
  it('that each person uses once takes an address once, however it is spelled, and needs one', async () => {
    const host = await openHost()
    const { inviteCode } = await sendInvite(host, { maxUses: 3, oncePerPerson: true })
    const signup = async (email?: string) => answer(await host.signup({ inviteCode, email }))
    expect(await signup()).to.deep.equal([403, 'invite_email_mismatch'])
    expect(await signup('ada@example.com')).to.deep.equal([201, undefined])
    for (const same of ['ada@example.com', 'ADA@EXAMPLE.COM']) {
      expect(await signup(same)).to.deep.equal([410, 'invite_used'])
    }
    expect(await refusal(host.invites.claim({ inviteCode, email: false }))).to.equal('invite_email_mismatch')
    expect(await signup('ada+2@example.com')).to.deep.equal([201, undefined])
    const { items } = await host.invites.acceptances()
    const second = items.find(({ email }) => email === 'ada+2@example.com')
    await host.invites.reopen(second?.acceptanceId ?? '')
    expect(await signup('ada+2@example.com')).to.deep.equal([201, undefined])
    expect((await host.invites.list({ status: 'pending' })).items[0]?.uses).to.equal(2)
  })

  it('that each person uses once makes one account of fifty signups at once', async () => {
    const host = await openHost()
    const { inviteCode } = await sendInvite(host, { maxUses: null, oncePerPerson: true })
    const all = await Promise.all(
      Array.from({ length: 50 }, () => host.signup({ inviteCode, email: 'ada@example.com' })),
    )
    expect(all.filter(({ status }) => status === 201)).to.have.length(1)
    expect(host.accounts).to.have.length(1)
  })

  it('is never once per person with an address, nor by anything but true or false', async () => {
    const host = await openHost()
    for (const fields of [{ email: 'ada@example.com', oncePerPerson: true }, { oncePerPerson: 1 }]) {
      const res = await host.manage.post('default/invite', fields)
      expect([res.status, res.body.errors[0].pointer]).to.deep.equal([400, '#/oncePerPerson'])
    }
  })

  it('R-25 of a domain takes its addresses in every spelling, and no other domain that looks or ends alike', async () => {
    const host = await openHost()
    const takes = async (emailDomain: string, email: string) => {
      const { inviteCode } = await sendInvite(host, { emailDomain, maxUses: null })
      return (await host.signup({ inviteCode, email })).status
    }
    for (const [domain, email] of [
      ['example.com', 'ada@example.com'],
      ['@Example.COM', 'ada@EXAMPLE.com'],
      ['bücher.example', 'ada@xn--bcher-kva.example'],
      ['xn--bcher-kva.example', 'ada@BÜCHER.example'],
      ['bu\u0308cher.example', 'ada@bücher.example'],
    ] as const) {
      expect(await takes(domain, email), `${email} at ${domain}`).to.equal(201)
    }
    for (const [domain, email] of [
      ['example.com', 'ada@evilexample.com'],
      ['example.com', 'ada@example.com.evil.example'],
      ['example.com', 'ada@sub.example.com'],
      ['sub.example.com', 'ada@example.com'],
      ['example.com', 'example.com@evil.example'],
      ['bücher.example', 'ada@bucher.example'],
      ['example.com', 'ada@ехample.com'], // Cyrillic
    ] as const) {
      expect(await takes(domain, email), `${email} at ${domain}`).to.equal(403)
    }
  })
})

describe('limits on mails', () => {
  const limits = (mails: NonNullable<InvitesOptions['limits']>['mails']) => ({ limits: { mails } })
  const hour = (limit: number) => ({ limit, windowMs: 60 * MINUTE })

  async function openLimited(mails: Parameters<typeof limits>[0], more: Partial<InvitesOptions> = {}) {
    const smtp = await startSmtp()
    const host = await openHost({
      invites: { mailer: smtp.mailer, quota: null, ...limits(mails), ...more },
      gate: { appId: Object.keys(more.apps ?? { default: {} })[0] },
    })
    return { host, smtp }
  }
  const invite = (host: Host, email: string, who = 'supervisor', appId = 'default') =>
    manager(host.app, who).post(`${appId}/invite`, { email })

  it('R-30 refuse what is one too many for an address, made or sent again, until the time is over', async () => {
    const { host } = await openLimited({ perRecipient: hour(3) })
    const { inviteId } = (await invite(host, 'ada@example.com').expect(201)).body
    for (let n = 0; n < 2; n++) await host.manage.post(`default/invite/${inviteId}/resend`, {}).expect(200)
    host.clock.advance(20 * MINUTE)
    const again = await host.manage.post(`default/invite/${inviteId}/resend`, { rotate: true })
    expect(answer(again)).to.deep.equal([429, 'rate_limited'])
    expect(again.get('Retry-After')).to.equal(String(40 * 60))
    expect(again.body.detail).to.equal('This address has been sent as many invites as it may be for now.')
    await host.invites.revoke(inviteId)
    expect(answer(await invite(host, 'ADA@example.com'))).to.deep.equal([429, 'rate_limited'])
    await host.manage.post('default/invite', { email: 'ada@example.com', sendEmail: false }).expect(201)
    await invite(host, 'bob@example.com').expect(201)
    host.clock.advance(40 * MINUTE)
    await host.invites.revokeAll()
    await invite(host, 'ada@example.com').expect(201)
    const dump = await host.database.tables()
    expect(JSON.stringify(dump.invite_only_mail_counts)).not.to.contain('example.com')
  })

  it('R-30 are of an inviter, an app and all apps', async () => {
    const apps = { clinic: {}, school: {} }
    const { host } = await openLimited({ perInviter: hour(1), perApp: hour(3), overall: hour(4) }, { apps })
    let count = 0
    const send = async (who: string, appId = 'clinic') =>
      answer(await invite(host, `u${++count}@example.com`, who, appId))
    const sent = [201, undefined]
    const refused = [429, 'rate_limited']
    expect(await send('member:ann')).to.deep.equal(sent)
    expect(await send('member:ann')).to.deep.equal(refused)
    expect(await send('member:bob')).to.deep.equal(sent)
    expect(await send('member:cat')).to.deep.equal(sent)
    expect(await send('member:dan')).to.deep.equal(refused)
    expect(await send('member:ann', 'school')).to.deep.equal(sent)
    expect(await send('member:bob', 'school')).to.deep.equal(refused)
  })

  it('R-29 count recipients exactly, in all processes, and cost no quota where they refuse', async () => {
    const { host } = await openLimited({ perApp: hour(7) }, { quota: 50 })
    const twin = await openHost({
      beside: host,
      invites: { ...limits({ perApp: hour(7) }), quota: 50, mailer: { sendMail: async () => {} } },
    })
    const all = await Promise.all(
      Array.from({ length: 30 }, (_, n) => invite(n % 2 === 0 ? host : twin, `u${n}@example.com`, 'member:ann')),
    )
    expect(all.filter(({ status }) => status === 201)).to.have.length(7)
    expect((await host.invites.quota('ann')).left).to.equal(43)
    host.clock.advance(DAY)
  })

  it('are options that say what would be right', async () => {
    expect(await refusedOptions(limits({ perRecipient: { limit: 0, windowMs: 1 } }))).to.include(
      '`limits.mails.perRecipient.limit`',
    )
    expect(await refusedOptions(limits({ perApp: { limit: 1 } as never }))).to.include('`limits.mails.perApp.windowMs`')
    expect(await refusedOptions(limits({ perPerson: hour(1) } as never))).to.include('unknown option `perPerson`')
  })
})
