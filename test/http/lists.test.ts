// POST …/invite/bulk: many invites with one request, and what became of each row.
import { expect } from 'chai'
import request from 'supertest'
import { type Host, openHost } from '../support/host.js'

function post(host: Host, body: string | object, headers: Record<string, string> = {}, query = ''): request.Test {
  const type = typeof body === 'string' ? 'text/csv' : 'application/json'
  return request(host.app)
    .post(`/invites/app/default/invite/bulk${query}`)
    .set({ Authorization: 'Bearer supervisor', 'Content-Type': type, ...headers })
    .send(body)
}

async function emailsOf({ invites }: Host): Promise<readonly (string | null)[]> {
  return (await invites.list({ limit: 100 })).items.map(({ email }) => email).sort()
}

const none = { inviteId: null, reason: null, errors: [] }

describe('POST …/invite/bulk', () => {
  it('R-36 tells what became of each row of a JSON array', async () => {
    const host = await openHost()
    await host.invites.send({ email: 'old@example.com' })
    const rows = [
      { email: 'ada@example.com', role: 'nurse', metadata: { plan: 'pro' } },
      { email: 'Old@Example.com' },
      { email: 'nobody', rolle: 'nurse' },
      { email: 'ADA@example.com' },
      {},
      'eve@example.com',
    ]
    const { status, body } = await post(host, rows)
    expect(status).to.equal(200)
    const [ada] = (await host.invites.list({ q: 'ada' })).items
    expect(ada).to.include({ email: 'ada@example.com', role: 'nurse' })
    expect(ada?.metadata).to.deep.equal({ plan: 'pro' })
    const exists = { ...none, status: 'skipped', reason: 'invite_exists' }
    const addressRule = 'must be one plain e-mail address, such as ada@example.com'
    expect(body.rows.slice(0, 4)).to.deep.equal([
      { ...none, line: 1, status: 'created', inviteId: ada?.inviteId },
      { ...exists, line: 2 },
      {
        ...none,
        line: 3,
        status: 'invalid',
        errors: [
          { pointer: '#/email', detail: addressRule },
          { pointer: '#/rolle', detail: 'is not a field of this request' },
        ],
      },
      { ...exists, line: 4 },
    ])
    expect(body.rows.slice(4).map(({ status }: { status: string }) => status)).to.deep.equal(['invalid', 'invalid'])
    const { rows: _rows, ...counts } = body
    expect(counts).to.deep.equal({
      dryRun: false,
      created: 1,
      skipped: { invite_exists: 2, already_joined: 0, no_more_mail: 0 },
      invalid: 3,
    })
  })

  it('R-36 takes CSV, and says that all of it was there where it is sent again', async () => {
    const host = await openHost()
    const csv =
      '\uFEFFE-Mail;Organization;metadata.plan\r\nada@example.com;o1;pro\r\n\r\n"bob@example.com";;"a\r\nb"\r\nx;;;;\r\n'
    const first = await post(host, csv)
    expect(first.body).to.deep.include({ created: 2, invalid: 1 })
    expect(first.body.rows.map(({ line }: { line: number }) => line)).to.deep.equal([2, 4, 6])
    expect((await host.invites.list({ q: 'bob' })).items[0]?.metadata).to.deep.equal({ plan: 'a\r\nb' })
    const again = await post(host, csv)
    expect(again.body).to.deep.include({
      created: 0,
      skipped: { invite_exists: 2, already_joined: 0, no_more_mail: 0 },
    })
    const { inviteCode } = (await host.invites.list({ q: 'ada' })).items[0] ?? {}
    await host.signup({ email: 'ada@example.com', inviteCode }).expect(201)
    const joined = await post(host, csv)
    expect(joined.body).to.deep.include({
      created: 0,
      skipped: { invite_exists: 1, already_joined: 1, no_more_mail: 0 },
    })
  })

  it('changes nothing in a dry run, which says the same', async () => {
    const host = await openHost()
    const rows = ['ada', 'bob', 'ada'].map((name) => ({ email: `${name}@example.com` }))
    const told = await post(host, rows, {}, '?dryRun=true')
    expect(told.body).to.deep.include({
      dryRun: true,
      created: 2,
      skipped: { invite_exists: 1, already_joined: 0, no_more_mail: 0 },
    })
    expect(await emailsOf(host)).to.deep.equal([])
    const done = await post(host, rows, {}, '?dryRun=false')
    expect(done.body).to.deep.include({ created: 2, skipped: { invite_exists: 1, already_joined: 0, no_more_mail: 0 } })
    expect((await post(host, rows, {}, '?dryRun=yes')).status).to.equal(400)
    expect((await post(host, rows, {}, '?dryRnu=true')).status).to.equal(400)
  })

  it('is for supervisors: R-29 no member gets past a quota with one request for many', async () => {
    const host = await openHost()
    const res = await post(host, [{ email: 'ada@example.com' }], { Authorization: 'Bearer member:7' })
    expect(res.status).to.equal(403)
    expect(await emailsOf(host)).to.deep.equal([])
  })

  const refused: [string, string | object, number, RegExp][] = [
    [
      'a row too many',
      Array.from({ length: 1001 }, (_none, at) => ({ email: `u${at}@example.com` })),
      413,
      /1,000 rows.*seed/,
    ],
    ['a row too many of CSV', `email\n${'a@example.com\n'.repeat(1001)}`, 413, /1,000 rows.*seed/],
    ['more than 1 MB', `email\n${'x'.repeat(2 ** 20)}`, 413, /1 MB/],
    ['more than 1 MB of JSON', [{ message: 'x'.repeat(2 ** 20) }], 413, /1 MB/],
    ['what is no list', { email: 'ada@example.com' }, 400, /JSON array/],
    ['a column that is no field', 'email,rolle\nada@example.com,x', 400, /column rolle/],
    ['no address', 'role,locale\nx,de', 400, /No column is the address/],
    ['two addresses', 'email,mail\na@example.com,b@example.com', 400, /More than one column is email/],
    ['an open quote', 'email,role\na@example.com,x\nb@example.com,"x\n', 400, /line 3, cell 2/],
    ['a quote within', 'email,role\na@example.com,x\n"b"@example.com,x\n', 400, /line 3, cell 1.*quote/],
  ]
  for (const [name, body, status, detail] of refused) {
    it(`refuses ${name}, and makes nothing`, async () => {
      const host = await openHost()
      const res = await post(host, body)
      expect(res.status).to.equal(status)
      expect(res.body).to.include({ code: 'input_invalid' })
      expect(res.body.detail).to.match(detail)
      expect(await emailsOf(host)).to.deep.equal([])
    })
  }

  it('reads other encodings as they are told, and says where a text is in none', async () => {
    const host = await openHost()
    const bytes = (body: Buffer, charset: string) =>
      post(host, '', { 'Content-Type': `text/csv${charset}` }).send(body as unknown as string)
    const latin = Buffer.from('email,message\nada@example.com,Grüße', 'latin1')
    const wrong = await bytes(latin, '')
    expect(wrong.status).to.equal(400)
    expect(wrong.body.detail).to.include('not utf-8 at line 2, column 19')
    expect((await bytes(latin, '; charset=windows-1252')).body).to.include({ created: 1 })
    const utf16 = Buffer.from('\uFEFFemail\tmessage\neve@example.com\tGrüße', 'utf16le')
    expect((await bytes(utf16, '')).body).to.include({ created: 1 })
    expect((await bytes(latin, '; charset=klingon')).status).to.equal(415)
    expect((await post(host, 'email', { 'Content-Type': 'text/plain' })).status).to.equal(415)
  })

  it('R-38 is carried out once under an Idempotency-Key', async () => {
    const host = await openHost()
    const csv = 'email\nada@example.com\nnobody\n'
    const key = { 'Idempotency-Key': 'list-1' }
    const first = await post(host, csv, key)
    expect(first.body).to.include({ created: 1, invalid: 1 })
    const again = await post(host, csv, key)
    expect(again.body).to.deep.equal(first.body)
    expect(again.headers['idempotency-replayed']).to.equal('true')
    expect((await post(host, `${csv}bob@example.com\n`, key)).status).to.equal(422)
    expect((await post(host, csv, key, '?dryRun=true')).status).to.equal(422)
  })
})
