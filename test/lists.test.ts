// `invites.sendMany`: in whose name, told of what, spread how, and stopped when.
import { expect } from 'chai'
import type { SentRow } from '../src/index.js'
import { readList } from '../src/lists/read.js'
import type { ListedRow } from '../src/use-cases/send-many.js'
import { openHost, refusal, START } from './support/host.js'

const HOUR = 3_600_000
const people = (count: number, from = 0) =>
  Array.from({ length: count }, (_none, at) => ({ email: `user${from + at}@example.com` }))
const mailer = { sendMail: async () => undefined }

describe('invites.sendMany', () => {
  it('takes anything that yields rows, and tells of each in order, and of each invite', async () => {
    const { invites } = await openHost()
    const made = new Set<string>()
    invites.events.on('created', ({ invite }) => made.add(invite.inviteId))
    async function* rows() {
      yield* people(2500)
    }
    const told: SentRow[] = []
    const result = await invites.sendMany(rows(), { onRows: async (some) => void told.push(...some) })
    expect(result).to.deep.equal({
      dryRun: false,
      created: 2500,
      skipped: { invite_exists: 0, already_joined: 0, no_more_mail: 0 },
      invalid: 0,
    })
    expect(told.map(({ line }) => line)).to.deep.equal(people(2500).map((_row, at) => at + 1))
    expect(new Set(told.map(({ inviteId }) => inviteId))).to.deep.equal(made)
    const { inviteCode } = (await invites.list({ q: 'user2499@' })).items[0] ?? {}
    expect(inviteCode).to.match(/^\w{4}-/)
  })

  it('sends in the name that a row says, who may not grant a role nobody', async () => {
    const asked: unknown[] = []
    const findInviter = async ({ email }: { email?: string }) => {
      asked.push(email)
      return email === 'boss@acme.dev' ? { id: 'boss', email, access: 'member' as const, roles: ['nurse'] } : null
    }
    const { invites } = await openHost({ invites: { findInviter } })
    const row = (name: string, inviterEmail: string, role: string) => ({
      email: `${name}@example.com`,
      inviterEmail,
      role,
    })
    const rows = [
      row('a', 'boss@acme.dev', 'nurse'),
      row('b', 'boss@acme.dev', 'admin'),
      row('c', 'x@acme.dev', 'nurse'),
    ]
    const told: SentRow[] = []
    const result = await invites.sendMany(rows, { onRows: (some) => told.push(...some) })
    expect(result).to.include({ created: 1, invalid: 2 })
    expect(told[1]?.errors).to.deep.equal([{ pointer: '#', detail: "The role admin is not the inviter's to grant." }])
    expect(told[2]?.errors[0]?.pointer).to.equal('#/inviterEmail')
    expect(asked, 'each is looked up once').to.deep.equal(['boss@acme.dev', 'x@acme.dev'])
    expect((await invites.list()).items[0]?.inviter?.id).to.equal('boss')
  })

  it('spreads mails over time, behind those that wait, and the terms with them', async () => {
    const { invites, store } = await openHost({ invites: { mailer, from: 'a@acme.dev', deliver: false, ttlMs: HOUR } })
    await invites.sendMany(people(3), { perHour: 2 })
    await invites.sendMany(people(5), { perHour: 2 }) // the same list, longer
    const due = await Promise.all(
      (await invites.list({ limit: 100 })).items.map(async ({ inviteId, email, expiresAt }) => {
        const record = await store.findInvite({ appId: 'default', inviteId })
        const at = record?.delivery?.nextAttemptAt ?? 0
        expect(expiresAt).to.equal(new Date(at + HOUR).toISOString())
        return [email, (at - START) / HOUR] as const
      }),
    )
    const expected = people(5).map(({ email }, at) => [email, at / 2])
    expect(due.sort()).to.deep.equal(expected)
  })

  it('stops after the batch where it is told to, and goes on when it is sent again', async () => {
    const { invites } = await openHost()
    const stopping = new AbortController()
    const first = await invites.sendMany(people(5000), { signal: stopping.signal, onRows: () => stopping.abort() })
    expect(first.created).to.be.within(1, 4999)
    const again = await invites.sendMany(people(5000))
    expect(again.created).to.equal(5000 - first.created)
    expect(again.skipped.invite_exists).to.equal(first.created)
  })

  it('keeps what was made where the list breaks off, and fails with its error', async () => {
    const { invites } = await openHost()
    async function* rows() {
      yield* people(1000)
      throw new Error('the disk is gone')
    }
    const error = await invites.sendMany(rows()).catch((thrown: unknown) => thrown)
    expect(String(error)).to.equal('Error: the disk is gone')
    expect((await invites.sendMany(people(1000))).skipped.invite_exists).to.be.above(0)
  })

  it('refuses members, and options that are none', async () => {
    const { invites } = await openHost()
    const actor = { id: '7', access: 'member' as const }
    expect(await refusal(invites.sendMany(people(1), {}, { actor }))).to.equal('not_allowed')
    expect(await refusal(invites.sendMany(people(1), { perHour: 0 }))).to.equal('input_invalid')
    const wrong = await invites.sendMany(people(1), { dryrun: true } as object).catch((thrown: unknown) => thrown)
    expect(String(wrong)).to.include('Did you mean `dryRun`')
  })
})

describe('reading a list', () => {
  async function rowsOf(text: string | readonly Buffer[], options = {}): Promise<readonly ListedRow[]> {
    const source = async function* () {
      if (typeof text !== 'string') yield* text
      else for (const byte of Buffer.from(text)) yield Buffer.of(byte) // however it is cut
    }
    const rows: ListedRow[] = []
    for await (const some of readList(source(), options)) rows.push(...some)
    return rows
  }
  const failure = async (text: string, options = {}) =>
    String(await rowsOf(text, options).catch((error: unknown) => error))
  const ada = { email: 'ada@example.com' }

  it('knows columns by their names, as they are told, or by there being only one', async () => {
    const cases: [string, object, object][] = [
      ['ada@example.com\n', {}, ada],
      ['\n\nE-Mail Address\nada@example.com', {}, ada],
      ['email\tNote\r\n ada@example.com \t"a ""b"""', {}, { ...ada, message: 'a "b"' }],
      [
        'Mail;Plan;X\nada@example.com;pro;1',
        { map: { email: 'Mail', 'metadata.plan': 'Plan' }, ignoreColumns: true },
        { ...ada, metadata: { plan: 'pro' } },
      ],
      ['email,expires in ms,send email\nada@example.com,never,no', {}, { ...ada, expiresInMs: null, sendEmail: false }],
      ['email,metadata.__proto__\nada@example.com,x', {}, { ...ada, metadata: JSON.parse('{"__proto__":"x"}') }],
      ['{"email":"ada@example.com"}', {}, ada],
      [
        '\uFEFF\n{"Mail":"ada@example.com","p":1}',
        { map: { email: 'Mail', 'metadata.plan': 'p' } },
        { ...ada, metadata: { plan: 1 } },
      ],
    ]
    for (const [text, options, fields] of cases) {
      const [row, ...more] = await rowsOf(text, options)
      expect(more).to.deep.equal([])
      expect(JSON.stringify(row && 'fields' in row && row.fields), text).to.equal(JSON.stringify(fields))
    }
  })

  it('says on which line each row begins', async () => {
    const csv =
      'email,message\n\na@example.com,"1\n2"\n,\nb@example.com,x\nc@example.com,"1\r\n2\r\n3"\nd@example.com,\n'
    expect((await rowsOf(csv)).map(({ line }) => line)).to.deep.equal([3, 6, 7, 10])
    const ndjson = '{"email":"a@example.com"}\n\n{"email":\n{"email":"b@example.com"}'
    const rows = await rowsOf(ndjson)
    expect(rows.map(({ line }) => line)).to.deep.equal([1, 3, 4])
    expect(rows[1]).to.deep.include({ errors: [{ pointer: '#', detail: 'is not valid JSON' }] })
    expect(await rowsOf('')).to.deep.equal([])
  })

  it('says why it cannot be read, and where', async () => {
    expect(await failure('[{"email":"a@example.com"}]')).to.include('one object a line')
    expect(await failure('email\n', { map: { mail: 'email' } })).to.include('no field mail')
    expect(await failure('email\n', { map: { email: 'Mail' } })).to.include('no column Mail')
    expect(await failure('{"email":', { encoding: 'klingon' })).to.include('klingon')
    const endless = await rowsOf([Buffer.from(`email\n"${'x'.repeat(100_000)}`)]).catch((error: unknown) =>
      String(error),
    )
    expect(endless).to.include('line 2')
    const long = await rowsOf([Buffer.from(`{"a":1}\n{"${'x'.repeat(100_000)}`)]).catch((error: unknown) =>
      String(error),
    )
    expect(long).to.include('Line 2 is too long')
  })
})
