// Requests that cannot be read: what is wrong is said field by field, and nothing is changed.
import Database from 'better-sqlite3'
import { expect } from 'chai'
import request from 'supertest'
import type { Invites } from '../../src/index.js'
import { type Host, openHost, refusal, sendInvite } from '../support/host.js'
import { itOnSqlite } from '../support/host-database.js'

/** Expects `input_invalid` for these fields. */
function refused(res: request.Response, ...pointers: string[]): void {
  expect(res.status, res.text).to.equal(400)
  expect(res.type).to.equal('application/problem+json')
  expect(res.body.code).to.equal('input_invalid')
  const told = res.body.errors.map((error: { pointer: string }) => error.pointer)
  expect(told).to.deep.equal(pointers)
  for (const { detail } of res.body.errors) expect(detail).to.be.a('string').that.is.not.equal('')
}

async function nothingWasMade(host: Host): Promise<void> {
  const every = await host.invites.list({ status: ['pending', 'accepted', 'expired', 'revoked'] })
  expect(every.items).to.deep.equal([])
}

const notAnInteger = [0, -1, 1.5, '1', '', true, [], {}, 1e300]

describe('bad input', () => {
  for (const field of ['maxUses', 'expiresInMs']) {
    it(`R-10 ${field} is a positive integer or null`, async () => {
      const host = await openHost()
      for (const value of notAnInteger)
        refused(await host.manage.post('default/invite', { [field]: value }), `#/${field}`)
      const notANumber = { [field]: Number.NaN } as Parameters<Invites['send']>[0]
      expect(await refusal(host.invites.send(notANumber))).to.equal('input_invalid')
      await nothingWasMade(host)
      for (const value of [1, null]) await host.manage.post('default/invite', { [field]: value }).expect(201)
    })
  }

  itOnSqlite('R-10 the schema itself refuses such numbers, from whatever writes them', async () => {
    const host = await openHost()
    const { inviteId } = await sendInvite(host, { maxUses: 2 })
    const db = new Database(host.database.file)
    const table = 'invite_only_invites'
    const columns = (db.prepare(`select name from pragma_table_info('${table}')`).pluck().all() as string[]).filter(
      (name) => !['id', 'code_hash', 'max_uses', 'term_ms'].includes(name),
    )
    const insert = (maxUses: unknown, termMs: unknown) =>
      db
        .prepare(
          `insert into ${table} (id, code_hash, max_uses, term_ms, ${columns})
           select 'copy', 'copy', ?, ?, ${columns} from ${table}`,
        )
        .run(maxUses, termMs)
    for (const wrong of [0, -1, 1.5, 'many', '1.5', true]) {
      const value = wrong === true ? Buffer.from([1]) : wrong // SQLite has no booleans; this is a BLOB
      expect(() => insert(value, 1), `max_uses ${wrong}`).to.throw(/constraint failed|cannot store/)
      expect(() => insert(1, value), `term_ms ${wrong}`).to.throw(/constraint failed|cannot store/)
      for (const column of ['max_uses', 'term_ms']) {
        const update = db.prepare(`update ${table} set ${column} = ? where id = ?`)
        expect(() => update.run(value, inviteId), `${column} ${wrong}`).to.throw(/constraint failed|cannot store/)
      }
    }
    expect(() => db.prepare(`update ${table} set max_uses = 1, uses = 2`).run()).to.throw('CHECK')
    expect(() => db.prepare(`update ${table} set uses = -1`).run()).to.throw('CHECK')
    expect(() => db.prepare(`update ${table} set held = 3`).run()).to.throw('CHECK')
    insert(null, null)
    db.close()
  })

  const wrongFields: Readonly<Record<string, readonly unknown[]>> = {
    email: [7, true, [], {}, '', 'ada', 'ada@example.com, eve@example.com', ['ada@example.com']],
    role: [7, true, [], {}, '', 'two words', 'r\n', 'r'.repeat(65)],
    orgId: [7, true, [], {}, '', 'a\nb', 'o'.repeat(256)],
    inviterEmail: [7, true, null, [], {}, '', 'ann', 'nobody@example.com'],
    message: [7, true, [], {}, 'bell \u0007', 'm'.repeat(1001)],
    locale: [7, true, [], {}, '', 'english', 'en_GB', '../en'],
    emailDomain: [7, true, [], {}, '', 'not a domain', 'ada@example.com'],
    metadata: [7, true, [], ['a'], 'text', { text: 'm'.repeat(4096) }],
    sendEmail: [7, null, [], {}, 'true'],
  }
  for (const [field, values] of Object.entries(wrongFields)) {
    it(`names ${field}`, async () => {
      const host = await openHost({ invites: { findInviter: () => null } })
      for (const value of values) refused(await host.manage.post('default/invite', { [field]: value }), `#/${field}`)
      await nothingWasMade(host)
    })
  }

  it('names every field that is wrong', async () => {
    const host = await openHost()
    const res = await host.manage.post('default/invite', { email: 7, maxUses: 0, sendEmail: 'yes' })
    refused(res, '#/email', '#/maxUses', '#/sendEmail')
  })

  it('names the fields that do not go with an address', async () => {
    const host = await openHost()
    const email = 'ada@example.com'
    refused(await host.manage.post('default/invite', { email, maxUses: 2 }), '#/maxUses')
    refused(await host.manage.post('default/invite', { email, maxUses: null }), '#/maxUses')
    refused(await host.manage.post('default/invite', { email, emailDomain: 'example.com' }), '#/emailDomain')
    refused(await host.manage.post('default/invite', { email, sendEmail: true }), '#/sendEmail')
    const neither = await host.manage.post('default/invite', { sendEmail: true })
    expect(neither.status).to.equal(400)
    expect(neither.body.errors[0].pointer).to.equal('#/sendEmail')
    await nothingWasMade(host)
  })

  describe('unknown fields are refused', () => {
    it('each by its name', async () => {
      const host = await openHost()
      refused(await host.manage.post('default/invite', { emial: 'ada@example.com' }), '#/emial')
      refused(await host.manage.post('default/invite', { 'a/b~c d': 1 }), '#/a~1b~0c%20d')
      refused(await host.manage.post('default/invite', { first: 1, second: 2 }), '#/first', '#/second')
      await nothingWasMade(host)
    })

    it('also those that every object has', async () => {
      const host = await openHost()
      for (const name of ['constructor', 'toString', '__proto__', 'hasOwnProperty']) {
        const send = (path: string) => host.manage.post(path).type('json').send(`{"${name}":{"role":"admin"}}`)
        refused(await send('default/invite'), `#/${name}`)
        refused(await send('default/invite/check'), `#/${name}`)
      }
      await nothingWasMade(host)
    })

    it('of Catalyze’s model on the routes that are not of its document', async () => {
      const host = await openHost()
      const { inviteId } = await sendInvite(host)
      for (const field of ['inviteId', 'inviteCode', 'appId', 'used']) {
        refused(await host.manage.post(`default/invite/${inviteId}/resend`, { [field]: 'x' }), `#/${field}`)
        refused(await host.manage.put('default/settings', { [field]: 'x' }), `#/${field}`)
        refused(await host.manage.get(`default/invite?${field}=x`), `#/${field}`)
      }
    })

    it('in the query and the body of GET and DELETE', async () => {
      const host = await openHost()
      const { inviteId } = await sendInvite(host)
      const path = `default/invite/${inviteId}`
      for (const method of ['get', 'delete'] as const) {
        refused(await host.manage[method](`${path}?force=1`), '#/force')
        refused(await host.manage[method](path).send({ force: true }), '#/force')
      }
      refused(await host.manage.post('default/invite?email=ada@example.com', {}), '#/email')
      await host.manage.get(path).expect(200)
    })
  })

  describe('the other routes name theirs', () => {
    const queries: readonly (readonly [string, string])[] = [
      ['limit=0', '#/limit'],
      ['limit=101', '#/limit'],
      ['limit=-1', '#/limit'],
      ['limit=1.5', '#/limit'],
      ['limit=ten', '#/limit'],
      ['limit=', '#/limit'],
      ['limit=1&limit=2', '#/limit'],
      ['cursor=', '#/cursor'],
      ['cursor=x', '#/cursor'],
      [`cursor=${Buffer.from('NaN a').toString('base64url')}`, '#/cursor'],
      [`cursor=${Buffer.from('1 a b').toString('base64url')}`, '#/cursor'],
      [`cursor=${Buffer.from('1 ').toString('base64url')}`, '#/cursor'],
      ['cursor=a&cursor=b', '#/cursor'],
      ['page=2', '#/page'],
    ]
    for (const path of ['invite', 'acceptance']) {
      it(`GET /${path}`, async () => {
        const host = await openHost()
        for (const [query, pointer] of queries) refused(await host.manage.get(`default/${path}?${query}`), pointer)
      })
    }

    it('GET /invite: status and q', async () => {
      const host = await openHost()
      for (const query of ['status=', 'status=used', 'status=pending,used', 'status=pending,', 'status=PENDING']) {
        const res = await host.manage.get(`default/invite?${query}`)
        expect(res.body.code, query).to.equal('input_invalid')
        expect(res.body.errors[0].pointer).to.match(/^#\/status/)
      }
      refused(await host.manage.get('default/invite?q=a&q=b'), '#/q')
      refused(await host.manage.get(`default/invite?q=${'a'.repeat(255)}`), '#/q')
    })

    it('resend: rotate', async () => {
      const host = await openHost()
      const { inviteId, inviteCode } = await sendInvite(host)
      const path = `default/invite/${inviteId}/resend`
      for (const rotate of [1, 'true', null, [], {}]) refused(await host.manage.post(path, { rotate }), '#/rotate')
      refused(await host.manage.post(path, { rotat: true }), '#/rotat')
      expect((await host.signup({ inviteCode })).status).to.equal(201)
    })

    it('settings: mode', async () => {
      const host = await openHost()
      for (const mode of ['', 'OPEN', 'public', 1, true, null, [], ['open'], {}]) {
        refused(await host.manage.put('default/settings', { mode }), '#/mode')
      }
      refused(await host.manage.put('default/settings', { modus: 'open' }), '#/modus')
      expect((await host.manage.get('default/settings')).body.mode).to.equal('invite-only')
    })

    it('check: inviteCode', async () => {
      const host = await openHost()
      for (const inviteCode of [1, true, null, [], {}]) {
        refused(await host.manage.post('default/invite/check', { inviteCode }), '#/inviteCode')
      }
      refused(await host.manage.post('default/invite/check', { code: 'x' }), '#/code')
    })
  })

  describe('as a body', () => {
    /** Every route that takes a body. */
    async function openTargets() {
      const host = await openHost()
      const { inviteId } = await sendInvite(host)
      const paths = ['default/invite', 'default/invite/check', `default/invite/${inviteId}/resend`]
      const targets = [
        ...paths.map((path) => () => host.manage.post(path)),
        () => host.manage.put('default/settings'),
        () => host.manage.delete(`default/invite/${inviteId}`),
      ]
      return { host, inviteId, targets }
    }

    const bodies: Readonly<Record<string, readonly [type: string, body: string, status: number]>> = {
      'malformed JSON: 400': ['application/json', '{"email": ', 400],
      'JSON that is no object: 400': ['application/json', '"ada@example.com"', 400],
      'null: 400': ['application/json', 'null', 400],
      'a list: 400': ['application/json', '[]', 400],
      'a list of one: 400': ['application/json', '[{"email":"ada@example.com"}]', 400],
      'a form: 415': ['application/x-www-form-urlencoded', 'email=ada%40example.com', 415],
      'plain text: 415': ['text/plain', '{"email":"ada@example.com"}', 415],
      'JSON in an unknown charset: 415': ['application/json; charset=klingon', '{}', 415],
      'more than 64 kB: 413': ['application/json', JSON.stringify({ message: 'm'.repeat(65 * 1024) }), 413],
    }
    for (const [name, [type, body, status]] of Object.entries(bodies)) {
      it(name, async () => {
        const { host, inviteId, targets } = await openTargets()
        for (const target of targets) {
          const res = await target().set('Content-Type', type).send(body)
          expect(res.status, `${res.request.method} ${res.request.url} ${res.text}`).to.equal(status)
          expect(res.type).to.equal('application/problem+json')
          expect(res.body).to.include({ code: 'input_invalid', status })
        }
        expect((await host.invites.list()).items.map((invite) => invite.inviteId)).to.deep.equal([inviteId])
      })
    }

    it('JSON without a Content-Type: 415', async () => {
      const host = await openHost()
      const server = host.app.listen(0)
      try {
        const { port } = server.address() as { port: number }
        const res = await fetch(`http://127.0.0.1:${port}/invites/app/default/invite`, {
          method: 'POST',
          headers: { Authorization: 'Bearer supervisor' },
          body: Buffer.from('{}'),
        })
        expect(res.status).to.equal(415)
      } finally {
        server.close()
      }
      await nothingWasMade(host)
    })

    it('any other JSON type is read', async () => {
      const host = await openHost()
      const res = await host.manage.post('default/invite').type('application/merge-patch+json').send('{"role":"nurse"}')
      expect(res.status).to.equal(201)
      expect(res.body.role).to.equal('nurse')
    })
  })

  it('says nothing of fields to somebody who may not ask', async () => {
    const host = await openHost()
    const res = await request(host.app).post('/invites/app/default/invite').type('json').send('{"email": ')
    expect(res.status).to.equal(401)
    expect(res.body.errors).to.equal(undefined)
  })
})
