// Requests that must not change a row: reads, other apps' ids, and what other sites send in a supervisor's name.
import { Agent, get, type IncomingMessage, type RequestOptions } from 'node:http'
import { expect } from 'chai'
import express, { type Request } from 'express'
import request from 'supertest'
import { type Actor, inviteRouter, requireInvite } from '../../src/index.js'
import { afterThis } from '../support/cleanup.js'
import { DAY, type Host, MINUTE, openHost, sendInvite } from '../support/host.js'
import { startSmtp } from '../support/smtp.js'

const dump = (host: Host) => host.database.tables()

function listen(host: Host): string {
  const server = host.app.listen(0)
  afterThis(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`
}

/** mulberry32: the same numbers in every run. */
function randomFrom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}

describe('requests without effect', () => {
  it('R-07 GET and HEAD of every URL, 100 times, change no row', async () => {
    const smtp = await startSmtp()
    const host = await openHost({
      invites: { mailer: smtp.mailer },
      before: (app) =>
        void app.all('/door', express.json(), (req, res, next) => requireInvite(host.invites)(req, res, next)),
    })
    const expired = await sendInvite(host, { email: 'old@example.com', expiresInMs: 1 })
    const hung = await sendInvite(host, { maxUses: 2 })
    await host.invites.claim({ inviteCode: hung.inviteCode }) // lapses, and no read may clear it away
    host.clock.advance(2 * MINUTE)
    const pending = await sendInvite(host, { email: 'ada@example.com', role: 'nurse' })
    await host.invites.deliver()
    const mailed = smtp.received.find(({ recipients }) => recipients.includes('ada@example.com'))
    const proofLink = /https:\/\/acme\.dev(\/\S+)/.exec(mailed?.mail.text ?? '')?.[1] ?? ''
    expect(proofLink).to.include(`${pending.inviteCode}.`)
    const used = await sendInvite(host, { maxUses: 1 })
    await host.signup({ inviteCode: used.inviteCode }).expect(201)
    const revoked = await sendInvite(host)
    await host.invites.revoke(revoked.inviteId)
    await sendInvite(host, { email: 'queued@example.com' })
    const [acceptance] = (await host.invites.acceptances()).items

    const router = '/invites/app/default'
    const urls = [
      ...[proofLink, `${proofLink}x`, `${router}/join`, `${router}/join/nothing`, '/invites/app/nowhere/join/nothing'],
      ...[expired, hung, pending, used, revoked].map(({ inviteId }) => `${router}/invite/${inviteId}`),
      ...[hung, pending, used].map(({ inviteCode }) => `${router}/join/${inviteCode}`),
      ...[hung, pending].map(({ inviteCode }) => `/door?inviteCode=${inviteCode}&email=ada@example.com`),
      ...['?status=pending,accepted,expired,revoked', '?q=ada', '/check', '/nothing'].map(
        (end) => `${router}/invite${end}`,
      ),
      ...[`${router}/acceptance`, `${router}/acceptance/${acceptance?.acceptanceId}/reopen`, `${router}/settings`],
      ...[`${router}/invite/${pending.inviteId}/resend`, '/invites/openapi.json'],
      ...['/admin/invites', '/admin/invites/', '/signup'],
    ]
    const base = listen(host)
    const join = await fetch(`${base}${proofLink}`, { redirect: 'manual' })
    const cookie = join.headers.get('set-cookie')?.split(';')[0] ?? ''
    const before = await dump(host)
    const agent = new Agent({ keepAlive: true })
    afterThis(() => agent.destroy())
    const read = (url: string, options: RequestOptions) =>
      new Promise<void>((resolve, reject) => {
        const check = (res: IncomingMessage) => {
          if (res.statusCode === undefined || res.statusCode >= 500) reject(new Error(`${url}: ${res.statusCode}`))
          res.resume().on('end', resolve)
        }
        get(base + url, { agent, ...options }, check).on('error', reject)
      })
    const visitors = [{ Authorization: 'Bearer supervisor' }, { Cookie: cookie }]
    for (const url of urls) {
      for (let n = 0; n < 100; n += visitors.length) {
        await Promise.all(
          visitors.flatMap((headers) => ['GET', 'HEAD'].map((method) => read(url, { method, headers }))),
        )
      }
    }
    expect(await dump(host)).to.deep.equal(before)
  }).timeout(60_000)

  describe('R-28 across apps', () => {
    const appIds = ['clinic', 'school', 'studio']

    /** Three apps with invites in every state and acceptances; whoever asks has rights in one app alone. */
    async function openApps() {
      const host = await openHost({
        invites: { apps: { clinic: {}, school: {}, studio: {} } },
        gate: { appId: (req) => req.get('X-App') },
      })
      const authorize = (req: Request, { appId }: { appId: string }): Actor | null =>
        req.get('Authorization') === `Bearer ${appId}` ? { id: 'boss', access: 'supervisor' } : null
      const server = express().use('/invites', inviteRouter(host.invites, { authorize }))
      const ids: { appId: string; inviteIds: string[]; acceptanceIds: string[]; codes: string[] }[] = []
      for (const appId of appIds) {
        const inviteIds: string[] = []
        const codes: string[] = []
        const make = async (fields: Parameters<typeof sendInvite>[1]) => {
          const invite = await sendInvite(host, fields, appId)
          inviteIds.push(invite.inviteId)
          codes.push(invite.inviteCode)
          return invite
        }
        await make({ email: 'ada@example.com', role: 'nurse' })
        await make({ maxUses: null })
        await make({ expiresInMs: 1 })
        await host.invites.revoke((await make({})).inviteId, { appId })
        for (const fields of [{}, { email: 'eve@example.com' }, { maxUses: 2 }]) {
          const { inviteCode } = await make(fields)
          await host.signup({ inviteCode, email: 'eve@example.com' }).set('X-App', appId).expect(201)
        }
        host.clock.advance(1000)
        const { items } = await host.invites.acceptances({}, { appId })
        ids.push({ appId, inviteIds, codes, acceptanceIds: items.map(({ acceptanceId }) => acceptanceId) })
      }
      const base = listen({ ...host, app: server })
      const as = (appId: string, method: string, path: string, body?: object) =>
        fetch(`${base}/invites/app/${path}`, {
          method,
          headers: { Authorization: `Bearer ${appId}`, 'Content-Type': 'application/json' },
          ...(body && { body: JSON.stringify(body) }),
        })
      return { host, ids, as }
    }

    it('R-28 with the rights of one app no verb on another’s ids reads or changes anything', async () => {
      const { host, ids, as } = await openApps()
      const random = randomFrom(28)
      const pick = <Item>(items: readonly Item[]): Item => {
        const item = items[Math.floor(random() * items.length)]
        if (item === undefined) throw new Error('nothing to pick from')
        return item
      }
      const before = await dump(host)
      const attempts = (invite: string, acceptance: string) =>
        [
          ['GET', `invite/${invite}`],
          ['HEAD', `invite/${invite}`],
          ['DELETE', `invite/${invite}`],
          ['POST', `invite/${invite}/resend`, {}],
          ['POST', `invite/${invite}/resend`, { rotate: true }],
          ['POST', `acceptance/${acceptance}/reopen`],
        ] as const
      const unknown = 'V1StGXR8_Z5jdHi6B-myT'
      const answers: string[] = []
      for (const [method, path, body] of attempts(unknown, unknown)) {
        answers.push(await (await as('clinic', method, `clinic/${path}`, body)).text())
      }
      for (let n = 0; n < 200; n++) {
        const own = pick(ids)
        const other = pick(ids.filter((each) => each !== own))
        for (const [index, attempt] of attempts(pick(other.inviteIds), pick(other.acceptanceIds)).entries()) {
          const [method, path, body] = attempt
          const res = await as(own.appId, method, `${own.appId}/${path}`, body)
          expect(res.status, `${method} ${path}`).to.equal(404)
          expect(await res.text()).to.equal(answers[index])
          const direct = await as(own.appId, method, `${other.appId}/${path}`, body)
          expect(direct.status).to.equal(401)
          await direct.arrayBuffer()
        }
      }
      expect(await dump(host)).to.deep.equal(before)
    }).timeout(60_000)

    it('R-28 lists and codes belong to their app', async () => {
      const { host, ids, as } = await openApps()
      const json = async (res: Promise<Response>) => (await (await res).json()) as { items: Record<string, unknown>[] }
      const every = 'status=pending,accepted,expired,revoked&limit=100'
      for (const { appId, inviteIds, codes } of ids) {
        const { items } = await json(as(appId, 'GET', `${appId}/invite?${every}`))
        expect(items.map((item) => item.inviteId)).to.have.members(inviteIds)
        const joined = await json(as(appId, 'GET', `${appId}/acceptance`))
        expect(joined.items.map((item) => item.appId)).to.deep.equal([appId, appId, appId])
        const found = await json(as(appId, 'GET', `${appId}/invite?q=ada`))
        expect(found.items.map((item) => item.appId)).to.deep.equal([appId])
        for (const { appId: otherId } of ids.filter((other) => other.appId !== appId)) {
          for (const inviteCode of codes) {
            const wrong = await host.signup({ inviteCode, email: 'ada@example.com' }).set('X-App', otherId)
            expect(wrong.body.code).to.equal('invite_invalid')
            const check = await as(otherId, 'POST', `${otherId}/invite/check`, { inviteCode })
            expect(check.status).to.equal(404)
          }
        }
      }
    })

    it('R-28 settings belong to their app', async () => {
      const { as } = await openApps()
      const modes = { clinic: 'open', school: 'closed', studio: 'waitlist' }
      for (const [appId, mode] of Object.entries(modes)) {
        expect((await as(appId, 'PUT', `${appId}/settings`, { mode })).status).to.equal(200)
        const other = await as(appId, 'PUT', `${appId === 'clinic' ? 'school' : 'clinic'}/settings`, { mode: 'open' })
        expect(other.status).to.equal(401)
      }
      for (const [appId, mode] of Object.entries(modes)) {
        expect(await (await as(appId, 'GET', `${appId}/settings`)).json()).to.include({ appId, mode })
      }
    })

    it('R-28 a cursor of another app shows nothing of it', async () => {
      const { ids, as } = await openApps()
      const [clinic, , studio] = ids
      const page = (appId = '', query = '') => as(appId, 'GET', `${appId}/invite?limit=1${query}`)
      const theirs = (await (await page(studio?.appId)).json()) as { nextCursor: string }
      const own = (await (await page(clinic?.appId, `&cursor=${theirs.nextCursor}`)).json()) as {
        items: { appId: string }[]
      }
      expect(own.items.map(({ appId }) => appId)).to.deep.equal(['clinic'])
    })
  })

  describe('from other sites', () => {
    /** Every management request that changes something, sent as a browser sends it: with a cookie. */
    async function openVictim() {
      const host = await openHost()
      const { inviteId } = await sendInvite(host, { email: 'ada@example.com' })
      const used = await sendInvite(host)
      await host.signup({ inviteCode: used.inviteCode }).expect(201)
      host.clock.advance(DAY)
      const [acceptance] = (await host.invites.acceptances()).items
      const url = (path: string) => `/invites/app/default/${path}`
      const changes: Readonly<Record<string, () => request.Test>> = {
        create: () => request(host.app).post(url('invite')).send({ email: 'eve@example.com' }),
        resend: () =>
          request(host.app)
            .post(url(`invite/${inviteId}/resend`))
            .send({ rotate: true }),
        settings: () => request(host.app).put(url('settings')).send({ mode: 'open' }),
        reopen: () => request(host.app).post(url(`acceptance/${acceptance?.acceptanceId}/reopen`)),
        revoke: () => request(host.app).delete(url(`invite/${inviteId}`)),
      }
      const cookie = { Cookie: 'session=1', 'X-Who': 'Bearer supervisor' }
      return { host, changes, cookie, url }
    }

    const foreign: Readonly<Record<string, Record<string, string>>> = {
      'Sec-Fetch-Site: cross-site': { 'Sec-Fetch-Site': 'cross-site' },
      'Sec-Fetch-Site: same-site': { 'Sec-Fetch-Site': 'same-site' },
      'Sec-Fetch-Site: cross-site, whatever Origin': { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://acme.dev' },
      'another Origin': { Origin: 'https://evil.example' },
      'the Origin of a subdomain': { Origin: 'https://evil.acme.dev' },
      'the Origin without TLS': { Origin: 'http://acme.dev' },
      'the Origin on another port': { Origin: 'https://acme.dev:8443' },
      'an opaque Origin': { Origin: 'null' },
      'neither header': {},
    }
    for (const [name, headers] of Object.entries(foreign)) {
      it(`a request with a cookie and ${name} is not_allowed and changes nothing`, async () => {
        const { host, changes, cookie } = await openVictim()
        const before = await dump(host)
        for (const [change, send] of Object.entries(changes)) {
          const res = await send().set({ ...cookie, ...headers })
          expect([res.status, res.body.code], change).to.deep.equal([403, 'not_allowed'])
        }
        expect(await dump(host)).to.deep.equal(before)
      })
    }

    const own: Readonly<Record<string, Record<string, string>>> = {
      'Sec-Fetch-Site: same-origin': { 'Sec-Fetch-Site': 'same-origin' },
      'Sec-Fetch-Site: none': { 'Sec-Fetch-Site': 'none' },
      'without Sec-Fetch-Site, baseUrl’s Origin': { Origin: 'https://acme.dev' },
    }
    for (const [name, headers] of Object.entries(own)) {
      it(`a request with a cookie and ${name} passes`, async () => {
        const { changes, cookie } = await openVictim()
        for (const [change, send] of Object.entries(changes)) {
          const res = await send().set({ ...cookie, ...headers })
          expect(res.status, `${change} ${res.text}`).to.be.oneOf([200, 201])
        }
      })
    }

    it('with Authorization, or without a cookie, the rule does not apply', async () => {
      const { changes } = await openVictim()
      const site = { 'Sec-Fetch-Site': 'cross-site', Origin: 'https://evil.example' }
      for (const [change, send] of Object.entries(changes)) {
        if (change === 'revoke') continue // would end what the second round changes
        const withBoth = await send().set({ ...site, Cookie: 'session=1', Authorization: 'Bearer supervisor' })
        expect(withBoth.status, `${change} ${withBoth.text}`).to.be.oneOf([200, 201])
      }
      const { changes: again } = await openVictim()
      for (const [change, send] of Object.entries(again)) {
        const bare = await send().set({ ...site, 'X-Who': 'Bearer supervisor' })
        expect(bare.status, `${change} ${bare.text}`).to.be.oneOf([200, 201])
      }
    })

    it('reading is not refused: it changes nothing', async () => {
      const { host, cookie, url } = await openVictim()
      for (const path of ['invite', 'settings', 'acceptance']) {
        const read = request(host.app).get(url(path)).set(cookie)
        expect((await read.set('Sec-Fetch-Site', 'cross-site')).status).to.equal(200)
      }
    })
  })
})
