// Guessing: wrong codes are counted by address, and nothing else is.
import { expect } from 'chai'
import { MemoryStore } from 'express-rate-limit'
import type request from 'supertest'
import { afterThis } from '../support/cleanup.js'
import { type Host, type HostOptions, openHost, sendInvite } from '../support/host.js'

const WRONG = 'ABCD-EFGH-JKMN-PQRS-TVWX-YZ01-2345'
const limits = (limit: number) => ({ limits: { wrongCodes: { limit } } })

/** Behind one proxy, as most hosts are. */
const behindProxy: HostOptions['before'] = (app) => void app.set('trust proxy', 1)
const from = (ip: string, test: request.Test) => test.set('X-Forwarded-For', ip)

/** What the headers tell of the throttle: guesses, and seconds. */
function standing(res: request.Response) {
  const numbers = (name: string, form: RegExp) =>
    form
      .exec(res.get(name) ?? 'none')
      ?.slice(1)
      .map(Number) ?? []
  const [left, seconds] = numbers('RateLimit', /^"wrong-codes";r=(\d+);t=(\d+)$/)
  const [limit, window] = numbers('RateLimit-Policy', /^"wrong-codes";q=(\d+);w=(\d+)$/)
  return { left, seconds, limit, window }
}

function expectLimited(res: request.Response): void {
  expect([res.status, res.body.code]).to.deep.equal([429, 'rate_limited'])
  expect(Number(res.get('Retry-After'))).to.be.within(1, 15 * 60)
  expect(standing(res)).to.include({ left: 0, window: 15 * 60 })
  expect(standing(res).seconds).to.equal(Number(res.get('Retry-After')))
}

function expectWrong(res: request.Response): void {
  expect([res.status, res.body.code]).to.deep.equal([403, 'invite_invalid'])
}

const guess = (host: Host, ip = '10.0.0.1') => from(ip, host.signup({ inviteCode: WRONG }))

describe('the throttle', () => {
  it('R-22 lets 100 wrong codes pass from one address, and then none, whatever the code', async () => {
    const host = await openHost({ before: behindProxy })
    const { inviteCode } = await sendInvite(host)
    for (let n = 0; n < 100; n++) expectWrong(await guess(host))
    for (const code of [WRONG, inviteCode, 'x']) {
      expectLimited(await from('10.0.0.1', host.signup({ inviteCode: code })))
    }
    expect(host.accounts).to.deep.equal([])
  })

  it('R-22 counts at every door together, and at the router answers as a problem document', async () => {
    const host = await openHost({ invites: limits(4), before: behindProxy })
    const check = (body: object) => from('10.0.0.1', host.manage.post('default/invite/check', body))
    for (let n = 0; n < 2; n++) {
      expectWrong(await guess(host))
      expect((await check({ inviteCode: WRONG })).status).to.equal(404)
    }
    expectLimited(await guess(host))
    const res = await check({ inviteCode: WRONG })
    expectLimited(res)
    expect(res.type).to.equal('application/problem+json')
    await from('10.0.0.2', host.manage.post('default/invite/check', { inviteCode: WRONG })).expect(404)
  })

  it('tells at `check` how many guesses are left, and for how long', async () => {
    const host = await openHost({ invites: limits(3), before: behindProxy })
    const { inviteCode } = await sendInvite(host)
    const check = (code: string | undefined, ip = '10.0.0.1') =>
      from(ip, host.manage.post('default/invite/check', { inviteCode: code }))
    const policy = { limit: 3, window: 15 * 60 }
    expect(standing(await check(inviteCode))).to.deep.equal({ ...policy, left: 3, seconds: 15 * 60 })
    for (const left of [2, 1, 0]) {
      const res = await check(WRONG)
      expect([res.status, standing(res).left]).to.deep.equal([404, left])
      expect(standing(res).seconds).to.be.within(14 * 60, 15 * 60)
    }
    const refused = await check(inviteCode)
    expectLimited(refused)
    expect(standing(refused)).to.include({ ...policy, left: 0 })
    expect(standing(await check(inviteCode, '10.0.0.2')).left).to.equal(3)
    expect(standing(await from('10.0.0.2', host.manage.post('default/invite', {}))).left).to.equal(undefined)
  })

  it('counts the seconds from when the store says that the window ends', async () => {
    const store = {
      get: () => ({ totalHits: 1, resetTime: new Date(Date.now() + 29_500) }),
      increment: () => ({ totalHits: 2, resetTime: new Date(Date.now() - 1) }), // ended while it was asked
    }
    const host = await openHost({ invites: { limits: { wrongCodes: { limit: 5, windowMs: 1500, store } } } })
    const { inviteCode } = await sendInvite(host)
    const check = (code: string) => host.manage.post('default/invite/check', { inviteCode: code })
    expect(standing(await check(inviteCode))).to.deep.equal({ left: 4, seconds: 30, limit: 5, window: 2 })
    expect(standing(await check(WRONG))).to.deep.equal({ left: 3, seconds: 1, limit: 5, window: 2 })
  })

  it('stands beside what a limiter of the host tells', async () => {
    const before: HostOptions['before'] = (app) =>
      void app.use((_req, res, next) => {
        res.set({ RateLimit: '"host";r=9;t=60', 'RateLimit-Policy': '"host";q=10;w=60' })
        next()
      })
    const host = await openHost({ before })
    const res = await host.manage.post('default/invite/check', { inviteCode: WRONG })
    expect(res.get('RateLimit')).to.equal('"host";r=9;t=60, "wrong-codes";r=99;t=900')
    expect(res.get('RateLimit-Policy')).to.equal('"host";q=10;w=60, "wrong-codes";q=100;w=900')
  })

  it('R-22 never costs the owner of an invite anything: from another address the code still works', async () => {
    const host = await openHost({ invites: limits(5), before: behindProxy })
    const { inviteCode } = await sendInvite(host)
    for (let n = 0; n < 20; n++) await guess(host)
    expectLimited(await guess(host))
    expect((await from('10.0.0.2', host.signup({ inviteCode }))).status).to.equal(201)
  })

  it('R-22 never hinders managing, reading and joining', async () => {
    const host = await openHost({ invites: limits(1), before: behindProxy })
    const { joinUrl, inviteId } = await sendInvite(host)
    await guess(host)
    expectLimited(await guess(host))
    await from('10.0.0.1', host.manage.get(`default/invite/${inviteId}`)).expect(200)
    await from('10.0.0.1', host.manage.get(new URL(joinUrl).pathname.replace('/invites/app/', ''))).expect(302)
  })

  it('R-22 neither counts nor resets at success, used, expired, claimed, mismatch and none', async () => {
    const host = await openHost({ invites: limits(3), before: behindProxy })
    const expired = await sendInvite(host, { expiresInMs: 1 })
    const used = await sendInvite(host)
    await host.signup({ inviteCode: used.inviteCode }).expect(201)
    const held = await sendInvite(host)
    await host.invites.claim({ inviteCode: held.inviteCode })
    const bound = await sendInvite(host, { email: 'ada@example.com' })
    const open = await sendInvite(host, { maxUses: null })
    host.clock.advance(1)

    for (let n = 0; n < 2; n++) expectWrong(await guess(host))
    const answers: Readonly<Record<string, object>> = {
      invite_used: { inviteCode: used.inviteCode },
      invite_expired: { inviteCode: expired.inviteCode },
      invite_claimed: { inviteCode: held.inviteCode },
      invite_email_mismatch: { inviteCode: bound.inviteCode, email: 'eve@example.com' },
      invite_required: { email: 'ada@example.com' },
      input_invalid: { inviteCode: bound.inviteCode, email: 'ada' },
    }
    for (let n = 0; n < 5; n++) {
      for (const [code, body] of Object.entries(answers)) {
        expect((await from('10.0.0.1', host.signup(body))).body.code).to.equal(code)
      }
      expect((await from('10.0.0.1', host.signup({ inviteCode: open.inviteCode }))).status).to.equal(201)
      const check = from('10.0.0.1', host.manage.post('default/invite/check', { inviteCode: open.inviteCode }))
      expect((await check).status).to.equal(200)
    }
    expectWrong(await guess(host))
    expectLimited(await guess(host))
  })

  it('R-22 counts a cookie with a wrong code like a code that was typed', async () => {
    const host = await openHost({ invites: limits(2) })
    const { joinUrl, inviteId } = await sendInvite(host)
    const join = await host.manage.get(new URL(joinUrl).pathname.replace('/invites/app/', ''))
    await host.invites.revoke(inviteId)
    const cookie = join.get('Set-Cookie')?.[0]?.split(';')[0] ?? ''
    for (let n = 0; n < 2; n++) expectWrong(await host.signup({}).set('Cookie', cookie))
    expectLimited(await host.signup({}).set('Cookie', cookie))
  })

  it('takes an express-rate-limit store, which several processes may share', async () => {
    const store = new MemoryStore()
    afterThis(() => store.shutdown())
    const wrongCodes = { limit: 4, store }
    const host = await openHost({ invites: { limits: { wrongCodes } } })
    const twin = await openHost({ beside: host, invites: { limits: { wrongCodes } } })
    for (const each of [host, twin, host, twin]) expectWrong(await each.signup({ inviteCode: WRONG }))
    for (const each of [host, twin]) expectLimited(await each.signup({ inviteCode: WRONG }))
  })

  it('answers 503 and lets nobody guess where its counters cannot be reached', async () => {
    const down = () => {
      throw new Error('Redis is down')
    }
    const store = { get: down, increment: down }
    const host = await openHost({ invites: { limits: { wrongCodes: { store } } } })
    const { inviteCode } = await sendInvite(host)
    for (const code of [WRONG, inviteCode]) {
      const res = await host.signup({ inviteCode: code })
      expect([res.status, res.body.code]).to.deep.equal([503, 'store_unavailable'])
    }
    expect(host.accounts).to.deep.equal([])
  })

  describe('tells clients apart', () => {
    it('R-24 by req.ip: without a trusted proxy rotating X-Forwarded-For changes nothing', async () => {
      const host = await openHost({ invites: limits(5) })
      for (let n = 0; n < 5; n++) expectWrong(await guess(host, `10.0.0.${n}`))
      for (let n = 0; n < 5; n++) expectLimited(await guess(host, `10.0.1.${n}`).set('Forwarded', `for=10.0.2.${n}`))
    })

    it('R-24 behind one proxy by what that proxy added, whatever the client wrote before it', async () => {
      const host = await openHost({ invites: limits(5), before: behindProxy })
      for (let n = 0; n < 5; n++) expectWrong(await guess(host, `10.0.1.${n}, 10.0.0.1`))
      expectLimited(await guess(host, '10.0.1.99, 10.0.0.1'))
      expectWrong(await guess(host, '10.0.0.1, 10.0.1.99'))
    })

    it('R-24 an IPv6 client by its network, of which it has every address', async () => {
      const host = await openHost({ invites: limits(5), before: behindProxy })
      for (let n = 0; n < 5; n++) expectWrong(await guess(host, `2001:db8:1:2::${n + 1}`))
      expectLimited(await guess(host, '2001:db8:1:2:ffff::1'))
      expectWrong(await guess(host, '2001:db8:ffff:2::1'))
    })

    it('R-24 an IPv4 client by its address, also where a server for both has it as an IPv6 one', async () => {
      const host = await openHost({ invites: limits(4), before: behindProxy })
      for (const ip of ['192.0.2.1', '::ffff:192.0.2.1', '::FFFF:192.0.2.1', '::ffff:c000:201']) {
        expectWrong(await guess(host, ip))
      }
      expectLimited(await guess(host, '192.0.2.1'))
      expectWrong(await guess(host, '::ffff:192.0.2.2'))
    })

    it('R-24 and warns once where `trust proxy` is true', async () => {
      const warnings: Error[] = []
      const hear = (warning: Error) => {
        if (Reflect.get(warning, 'code') === 'INVITE_TRUST_PROXY') warnings.push(warning)
      }
      process.on('warning', hear)
      afterThis(() => process.off('warning', hear))
      const host = await openHost({ before: (app) => void app.set('trust proxy', true) })
      for (let n = 0; n < 3; n++) expectWrong(await guess(host, `10.0.0.${n}`))
      await new Promise((resolve) => setImmediate(resolve))
      expect(warnings).to.have.length(1)
      expect(warnings[0]?.message).to.match(/trust proxy/)

      const proper = await openHost({ before: behindProxy })
      expectWrong(await guess(proper))
      const bare = await openHost()
      expectWrong(await guess(bare))
      await new Promise((resolve) => setImmediate(resolve))
      expect(warnings).to.have.length(1)
    })
  })

  it('R-22 is not outrun by guesses sent at once', async () => {
    const host = await openHost({ invites: limits(5) })
    const server = host.app.listen(0)
    afterThis(() => {
      server.closeAllConnections()
      server.close()
    })
    const { port } = server.address() as { port: number }
    const guesses = Array.from({ length: 100 }, () =>
      fetch(`http://127.0.0.1:${port}/signup`, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ inviteCode: WRONG }),
      }),
    )
    const statuses = (await Promise.all(guesses)).map(({ status }) => status)
    expect(statuses.filter((status) => status === 403)).to.have.length(5)
  })

  it('R-22 counts for a quarter of an hour by default', async () => {
    const host = await openHost({ invites: limits(1) })
    expectWrong(await guess(host))
    const res = await guess(host)
    expect(Number(res.get('Retry-After'))).to.be.within(15 * 60 - 5, 15 * 60)
  })
})
