// Codes that people make up: who may, for what, and what guessing them comes to.
import { createHash } from 'node:crypto'
import { expect } from 'chai'
import { MemoryStore } from 'express-rate-limit'
import request from 'supertest'
import type { InvitesOptions } from '../../src/index.js'
import { afterThis } from '../support/cleanup.js'
import { type Host, type HostOptions, manager, openHost, refusal, refusedOptions, SECRET } from '../support/host.js'

const LAUNCH = { customCode: 'LAUNCH-2026', maxUses: 50 }
const NEW = 'another secret of the tests, as long as that one'

/** Behind one proxy, so that each request may come from an address of its own. */
const open = (invites: Partial<InvitesOptions> = {}, options: HostOptions = {}) =>
  openHost({ before: (app) => void app.set('trust proxy', 1), ...options, invites: { humanCodes: true, ...invites } })

let clients = 0
const anew = () => `10.${(++clients >> 8) & 255}.${clients & 255}.1`
const from = (ip: string, test: request.Test) => test.set('X-Forwarded-For', ip)
const signup = (host: Host, inviteCode: string, ip = anew(), email = 'ada@example.com') =>
  from(ip, host.signup({ inviteCode, email }))
const answer = (res: request.Response) => [res.status, res.body.code]
const WRONG = [403, 'invite_invalid']
const LIMITED = [429, 'rate_limited']

/** Has an attacker of many addresses spend the budget of an app. */
async function spend(host: Host, guesses: number): Promise<void> {
  for (let n = 0; n < guesses; n++) expect(answer(await signup(host, `GUESS-${1000 + n}`))).to.deep.equal(WRONG)
}

describe('a code that was made up', () => {
  it('lets people sign up however it is typed, and is shown as it was given', async () => {
    const host = await open()
    const { body } = await host.manage.post('default/invite', LAUNCH).expect(201)
    expect(body).to.include({
      inviteCode: 'LAUNCH-2026',
      joinUrl: 'https://acme.dev/invites/app/default/join/LAUNCH-2026',
    })
    for (const typed of ['LAUNCH-2026', 'launch2026', ' Launch 2O26 ', 'iaunch—2026']) {
      expect((await signup(host, typed)).status, typed).to.equal(201)
    }
    const check = await host.manage.post('default/invite/check', { inviteCode: 'launch-2026' })
    expect([check.status, check.get('RateLimit')]).to.deep.equal([200, '"wrong-codes";r=100;t=900'])
    const join = await request(host.app).get('/invites/app/default/join/launch-2026').expect(302)
    const cookie = join.get('Set-Cookie')?.[0]?.split(';')[0] ?? ''
    expect((await host.signup({}).set('Cookie', cookie)).status).to.equal(201)
    const query = request(host.app).post('/signup?inviteCode=LAUNCH2026').send({ inviteCode: 'launch-2026' })
    expect((await query).status).to.equal(201)
    const claim = await host.invites.claim({ inviteCode: 'launch-2026', email: 'eve@example.com' })
    expect(await claim.release()).to.equal(true)
  })

  it('R-18 is refused where the host does not allow them, and good for nobody once it does no more', async () => {
    const host = await open()
    await host.invites.send(LAUNCH)
    const strict = await openHost({ beside: host })
    const refused = await strict.manage.post('default/invite', { customCode: 'SECOND-2026' })
    expect(refused.body.errors[0]).to.include({ pointer: '#/customCode' })
    expect(answer(await strict.signup({ inviteCode: 'LAUNCH-2026' }))).to.deep.equal(WRONG)
    expect((await request(strict.app).get('/invites/app/default/join/LAUNCH-2026')).get('Set-Cookie')).to.equal(
      undefined,
    )
  })

  it('R-18 is for supervisors, long enough, and without an address for so many accounts and so long only', async () => {
    const host = await open({ ttlMs: null, quota: 5 })
    const refused = async (fields: object) => {
      const { status, body } = await host.manage.post('default/invite', { maxUses: 5, expiresInMs: 1000, ...fields })
      expect(status, JSON.stringify(fields)).to.equal(400)
      return body.errors.map(({ pointer }: { pointer: string }) => pointer)
    }
    for (const customCode of ['ABCDE', '-ABCDEF', 'ABC--DEF', 'ABC DEFG', 'ÄBCDEFG', 'A'.repeat(25), 7, '']) {
      expect(await refused({ customCode })).to.deep.equal(['#/customCode'])
    }
    expect(await refused({ customCode: 'BETA-24' })).to.deep.equal(['#/customCode'])
    expect(await refused({ ...LAUNCH, maxUses: null, expiresInMs: null })).to.deep.equal(['#/maxUses', '#/expiresInMs'])
    expect(await refused({ ...LAUNCH, expiresInMs: undefined })).to.deep.equal(['#/expiresInMs'])
    const member = await manager(host.app, 'member:ann').post('default/invite', { ...LAUNCH, expiresInMs: 1000 })
    expect(answer(member)).to.deep.equal([403, 'not_allowed'])
    const { inviteId } = await host.invites.send({ ...LAUNCH, expiresInMs: 1000 })
    expect(answer(await host.manage.patch(`default/invite/${inviteId}`, { expiresInMs: null }))).to.deep.equal([
      400,
      'input_invalid',
    ])
    await host.manage.patch(`default/invite/${inviteId}`, { expiresInMs: 5000 }).expect(200)
    await host.manage.post('default/invite', { email: 'ada@example.com', customCode: 'ADA-2024' }).expect(201)
    expect((await signup(host, 'ada2024', anew(), 'ada@example.com')).status).to.equal(201)
  })

  it('is one invite’s for ever, of each app; a rotated one ends', async () => {
    const host = await open({ apps: { clinic: {}, school: {} } }, { gate: { appId: (req) => req.get('X-App') } })
    const clinic = await host.invites.send(LAUNCH, { appId: 'clinic' })
    const school = await host.invites.send(
      { ...LAUNCH, customCode: 'launch 2026'.replace(' ', '-') },
      { appId: 'school' },
    )
    const taken = await host.manage.post('clinic/invite', { customCode: 'Launch2O26' })
    expect([taken.status, taken.body.errors[0].pointer]).to.deep.equal([400, '#/customCode'])
    await host.invites.revoke(clinic.inviteId, { appId: 'clinic' })
    await host.manage.post('clinic/invite', LAUNCH).expect(400)
    const as = (appId: string) => signup(host, 'LAUNCH-2026').set('X-App', appId)
    expect(answer(await as('clinic'))).to.deep.equal(WRONG)
    expect((await as('school')).status).to.equal(201)
    const rotated = await host.invites.resend(school.inviteId, { rotate: true }, { appId: 'school' })
    expect(rotated.inviteCode).to.match(/^(\w{4}-){6}\w{4}$/)
    expect(answer(await as('school'))).to.deep.equal(WRONG)
  })

  it('R-19 is in no dump of the database, nor is what could be searched for it', async () => {
    const host = await open()
    await host.manage.post('default/invite', LAUNCH).set('Idempotency-Key', 'key').expect(201)
    await signup(host, 'LAUNCH-2026').expect(201)
    const dump = JSON.stringify(await host.database.tables())
    expect(dump).to.contain('"code_hash":"human.').and.to.contain('ada@example.com')
    for (const code of ['LAUNCH-2026', 'LAUNCH2026', '1AUNCH2026']) {
      for (const encoding of ['base64url', 'hex'] as const) {
        expect(dump).not.to.contain(createHash('sha256').update(code).digest(encoding))
      }
      expect(dump.toUpperCase()).not.to.contain(code)
    }
  })

  it('R-23 outlives the rotation of the secret, and is not given away twice over it', async () => {
    const before = await open()
    await before.invites.send(LAUNCH)
    const during = await open({ secret: [NEW, SECRET] }, { beside: before })
    await during.manage.post('default/invite', LAUNCH).expect(400)
    await during.invites.send({ ...LAUNCH, customCode: 'AUTUMN-2026' })
    for (const code of ['LAUNCH-2026', 'AUTUMN-2026']) expect((await signup(during, code)).status).to.equal(201)
    const after = await open({ secret: NEW }, { beside: before })
    expect((await signup(after, 'AUTUMN-2026')).status).to.equal(201)
    expect(answer(await signup(after, 'LAUNCH-2026'))).to.deep.equal(WRONG)
  })

  for (const secret of [SECRET, [NEW, SECRET]]) {
    it(`R-22 unknown, revoked and another app’s take the same statements and answers, with ${Array.isArray(secret) ? 'two secrets' : 'one'}`, async () => {
      const first = await openHost()
      const asked: string[] = []
      const store = new Proxy(first.store, {
        get(target, name) {
          const member: unknown = Reflect.get(target, name)
          if (typeof member !== 'function') return member
          return (...args: unknown[]) => {
            asked.push(String(name))
            return Reflect.apply(member, target, args)
          }
        },
      })
      const host = await open({ store, secret, apps: { clinic: {}, school: {} } }, { gate: { appId: 'clinic' } })
      const revoked = await host.invites.send({ ...LAUNCH, customCode: 'REVOKED-1' }, { appId: 'clinic' })
      await host.invites.revoke(revoked.inviteId, { appId: 'clinic' })
      await host.invites.send({ ...LAUNCH, customCode: 'FOREIGN-1' }, { appId: 'school' })
      const seen = new Set<string>()
      for (const code of ['UNKNOWN-1', 'REVOKED-1', 'FOREIGN-1']) {
        asked.length = 0
        const res = await signup(host, code)
        const check = await from(anew(), host.manage.post('clinic/invite/check', { inviteCode: code }))
        const { date: _date, ...headers } = check.headers
        seen.add(JSON.stringify([asked, answer(res), res.text, check.status, check.text, headers]))
      }
      expect([...seen]).to.have.length(1)
      expect(asked.filter((name) => name === 'claim')).to.have.length(1)
    })
  }

  describe('while it is guessed', () => {
    const humanCodes = { perApp: 5, overall: 8 }

    it('R-18 lets each client be wrong once when its app’s budget is spent, and tells so once', async () => {
      const host = await open({ humanCodes })
      const told: unknown[] = []
      host.invites.events.on('guessing', (event) => told.push(event))
      await host.invites.send(LAUNCH)
      await spend(host, 5)
      expect(told).to.deep.equal([{ appId: 'default', wrongCodes: 5 }])
      const attacker = anew()
      expect(answer(await signup(host, 'GUESS-1', attacker))).to.deep.equal(WRONG)
      for (const code of ['GUESS-2', 'LAUNCH-2026']) {
        const res = await signup(host, code, attacker)
        expect(answer(res)).to.deep.equal(LIMITED)
        expect(Number(res.get('Retry-After'))).to.be.within(1, 15 * 60)
      }
      expect(told).to.have.length(1)
    })

    it('R-22 never refuses whoever comes with the right one, nor any code of ours', async () => {
      const host = await open({ humanCodes })
      await host.invites.send(LAUNCH)
      const { inviteCode } = await host.invites.send({ maxUses: 9 })
      await spend(host, 12)
      const owner = anew()
      for (let n = 0; n < 3; n++) expect((await signup(host, 'LAUNCH-2026', owner)).status).to.equal(201)
      const attacker = anew()
      for (let n = 0; n < 3; n++) await signup(host, `GUESS-${n}`, attacker)
      expect((await signup(host, inviteCode ?? '', attacker)).status).to.equal(201)
    })

    it('R-18 has no more guesses made side by side than in a row', async () => {
      const host = await open({ humanCodes, limits: { wrongCodes: { limit: 3 } } })
      await host.invites.send(LAUNCH)
      const burst = async (size: number) => {
        const attacker = anew()
        const all = await Promise.all(Array.from({ length: size }, (_, n) => signup(host, `BURST-${n}`, attacker)))
        return all.filter(({ status }) => status === 403).length
      }
      expect(await burst(20)).to.equal(3)
      await spend(host, 5)
      expect(await burst(20)).to.equal(1)
    })

    it('has a budget of all apps too, and none of another app’s', async () => {
      const host = await open(
        { humanCodes, apps: { clinic: {}, school: {}, studio: {} } },
        { gate: { appId: (req) => req.get('X-App') } },
      )
      const told: unknown[] = []
      host.invites.events.on('guessing', (event) => told.push(event))
      const guess = async (appId: string, ip = anew()) => answer(await signup(host, 'GUESS-1', ip).set('X-App', appId))
      for (let n = 0; n < 6; n++) await guess('clinic')
      const client = anew()
      expect(await guess('school', client)).to.deep.equal(WRONG)
      expect(await guess('school', client)).to.deep.equal(WRONG)
      expect(await guess('school', client)).to.deep.equal(LIMITED)
      expect(told).to.deep.equal([
        { appId: 'clinic', wrongCodes: 5 },
        { appId: null, wrongCodes: 8 },
      ])
    })

    it('counts at every door, and a wrong address for the right code; nothing else', async () => {
      const host = await open({ limits: { wrongCodes: { limit: 3 } } })
      await host.invites.send({ email: 'ada@example.com', customCode: 'ADA-2024' })
      const used = await host.invites.send({ ...LAUNCH, maxUses: 1 })
      await signup(host, used.inviteCode ?? '').expect(201)
      const ip = anew()
      for (let n = 0; n < 5; n++)
        expect(answer(await signup(host, 'LAUNCH-2026', ip))).to.deep.equal([410, 'invite_used'])
      expect(answer(await signup(host, 'ADA-2024', ip, 'eve@example.com'))).to.deep.equal([
        403,
        'invite_email_mismatch',
      ])
      await from(ip, host.manage.post('default/invite/check', { inviteCode: 'GUESS-1' })).expect(404)
      const form = from(
        ip,
        request(host.app).post('/invites/app/default/join').type('form').send({ inviteCode: 'GUESS-2' }),
      )
      expect((await form).status).to.equal(403)
      expect(answer(await signup(host, 'ADA-2024', ip))).to.deep.equal(LIMITED)
    })

    it('R-18 stops code without requests when the budget is spent', async () => {
      const host = await open({ humanCodes })
      await host.invites.send(LAUNCH)
      for (let n = 0; n < 5; n++)
        expect(await refusal(host.invites.claim({ inviteCode: `GUESS-${n}`, email: false }))).to.equal('invite_invalid')
      expect(await refusal(host.invites.check({ inviteCode: 'LAUNCH-2026' }))).to.equal('rate_limited')
      expect(await refusal(host.invites.claim({ inviteCode: 'LAUNCH-2026', email: false }))).to.equal('rate_limited')
      expect((await signup(host, 'LAUNCH-2026')).status).to.equal(201)
    })

    it('shares its budgets with the processes that share the counters', async () => {
      const store = new MemoryStore()
      afterThis(() => store.shutdown())
      const limits = { wrongCodes: { store } }
      const host = await open({ humanCodes, limits })
      const twin = await open({ humanCodes, limits }, { beside: host })
      await spend(host, 3)
      await spend(twin, 2)
      const attacker = anew()
      expect(answer(await signup(twin, 'GUESS-1', attacker))).to.deep.equal(WRONG)
      expect(answer(await signup(host, 'GUESS-2', attacker))).to.deep.equal(LIMITED)
    })
  })

  it('has options that say what would be right', async () => {
    expect(await refusedOptions({ humanCodes: { perApp: 0 } })).to.include('`humanCodes.perApp` must be')
    expect(await refusedOptions({ humanCodes: 1 as never })).to.include('`humanCodes` must be true, false')
    expect(await refusedOptions({ humanCodes: { perAp: 1 } as never })).to.include('Did you mean `perApp`?')
    const store = { get: () => undefined, increment: () => ({ totalHits: 1 }) }
    expect(await refusedOptions({ humanCodes: true, limits: { wrongCodes: { store } } })).to.include('`decrement`')
  })
})
