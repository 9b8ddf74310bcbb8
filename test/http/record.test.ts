// The record over HTTP: the log, statistics, the tree, pausing an inviter, and lists as CSV.
import { expect } from 'chai'
import request from 'supertest'
import { DAY, type Host, type HostOptions, manager, openHost, refusal, sendInvite } from '../support/host.js'

interface Entry {
  readonly action: string
  readonly actor: { readonly kind: string; readonly id: string | null }
  readonly inviteId: string | null
  readonly details: Readonly<Record<string, unknown>> | null
}

async function open(options: HostOptions = {}) {
  const host = await openHost({ ...options, invites: { quota: 9, ...options.invites } })
  const log = async (query = '', appId = 'default'): Promise<readonly Entry[]> =>
    (await host.manage.get(`${appId}/audit${query}`).expect(200)).body.items
  return { host, log, ann: manager(host.app, 'member:ann') }
}

/** Somebody joins by an invite in this inviter's name. */
async function join(host: Host, inviter: string, userId: string, appId?: string) {
  const actor = { id: inviter, access: 'supervisor' } as const
  const { inviteCode } = await host.invites.send({}, { actor, appId })
  const claim = await host.invites.claim({ inviteCode: inviteCode ?? '', email: `${userId}@example.com` }, { appId })
  return await claim.accept({ userId })
}

describe('the log', () => {
  it('says who did what to which invite, and no more than that', async () => {
    const { host, log, ann } = await open()
    const made = await ann.post('default/invite', { email: 'ada@example.com', message: 'Hello', metadata: { a: 'b' } })
    const { inviteId, inviteCode } = made.body
    host.clock.advance(1)
    await host.manage.patch(`default/invite/${inviteId}`, { role: 'nurse', metadata: { secret: 'c' } }).expect(200)
    host.clock.advance(1)
    await ann.post(`default/invite/${inviteId}/resend`, { rotate: true }).expect(200)
    host.clock.advance(1)
    await host.invites.revoke(inviteId)
    host.clock.advance(1)
    await ann.get(`default/invite/${inviteId}`).expect(404)
    await ann.post(`default/invite/${inviteId}/resend`).expect(409)
    await host.manage.put('default/settings', { seats: 7 }).expect(200)
    const entries = await log()
    const told = entries.map(({ action, actor, details }) => [action, actor.kind, actor.id, details])
    expect(told).to.deep.equal([
      ['settings.write', 'supervisor', 'boss', { seats: 7 }],
      ['invite.revoke', 'code', null, null],
      ['invite.resend', 'member', 'ann', { rotated: true, mailed: false }],
      ['invite.update', 'supervisor', 'boss', { role: 'nurse', metadata: true }],
      ['invite.create', 'member', 'ann', { role: null, orgId: null, maxUses: 1, inviterId: 'ann', mailed: false }],
    ])
    expect(entries.slice(1).map((entry) => entry.inviteId)).to.deep.equal(Array(4).fill(inviteId))
    const text = JSON.stringify(entries)
    for (const secret of [inviteCode, 'ada@', 'ann@', 'Hello', 'secret']) expect(text).not.to.include(secret)
    expect((await log(`?inviteId=${inviteId}&actor=ann`)).map(({ action }) => action)).to.deep.equal([
      'invite.resend',
      'invite.create',
    ])
    expect(await log('?action=settings.write&from=2026-11-21T09:00:00.005Z')).to.deep.equal([])
  })

  it('tells times as they are told everywhere', async () => {
    const { host, log } = await open()
    const at = '2027-03-01T09:00:00.000Z'
    await host.manage.put('default/settings', { schedule: { mode: 'open', at: '2027-03-01T10:00+01:00' } }).expect(200)
    host.clock.advance(1)
    await host.manage.post('default/quota', { add: 5, joinedFrom: at }).expect(200)
    expect((await log()).map(({ details }) => details)).to.deep.equal([
      { add: 5, joinedFrom: at },
      { schedule: { mode: 'open', at } },
    ])
  })

  it('has an entry for each signup, and none for what was given back', async () => {
    const { host, log } = await open({ gate: { email: (req) => req.body.email } })
    const { inviteId, inviteCode } = await sendInvite(host, { maxUses: 3 })
    host.clock.advance(1)
    const claim = await host.invites.claim({ inviteCode })
    await claim.release()
    await host.signup({ inviteCode, email: 'ada@example.com' }).expect(201)
    host.clock.advance(1)
    const [{ acceptanceId } = { acceptanceId: '' }] = (await host.invites.acceptances()).items
    await host.manage.post(`default/acceptance/${acceptanceId}/reopen`).expect(200)
    const entries = await log(`?inviteId=${inviteId}`)
    expect(entries.map(({ action }) => action)).to.deep.equal(['acceptance.reopen', 'invite.accept', 'invite.create'])
    expect(entries[1]?.actor).to.deep.equal({ kind: 'invitee', id: null })
  })

  it('R-38 has one entry for a request that is sent twice under its key', async () => {
    const { log, ann } = await open()
    for (let time = 0; time < 2; time++) await ann.post('default/invite', {}).set('Idempotency-Key', 'key').expect(201)
    expect(await log()).to.have.length(1)
  })

  it('is read a page at a time', async () => {
    const { host } = await open()
    for (let n = 0; n < 5; n++) await sendInvite(host)
    const first = (await host.manage.get('default/audit?limit=3')).body
    const second = (await host.manage.get(`default/audit?limit=3&cursor=${first.nextCursor}`)).body
    expect([first.items.length, second.items.length, second.nextCursor]).to.deep.equal([3, 2, null])
    expect(new Set([...first.items, ...second.items].map(({ entryId }) => entryId)).size).to.equal(5)
  })
})

describe('R-28 the record of an app', () => {
  it('is its own', async () => {
    const { host, log } = await open({ invites: { apps: { default: {}, school: {} } } })
    await join(host, 'ann', 'bob')
    const { inviteId } = await sendInvite(host)
    expect(await log('', 'school')).to.deep.equal([])
    expect(await log(`?inviteId=${inviteId}`, 'school')).to.deep.equal([])
    expect((await host.manage.get('school/stats')).body.total.made).to.equal(0)
    expect((await host.manage.get('school/tree?rootId=ann')).body.users).to.deep.equal([])
    expect((await host.manage.get('school/acceptance?inviterId=ann')).body.items).to.deep.equal([])
    for (const list of ['acceptance', 'invite'])
      expect((await host.manage.get(`school/${list}.csv`)).text.trim().split('\n')).to.have.length(1)
    await host.manage.put('school/inviter/ann', { paused: true }).expect(200)
    expect((await host.invites.inviter('ann')).pausedAt).to.equal(null)
    expect(await host.invites.revokeAll({ inviterId: 'ann', branch: true }, { appId: 'school' })).to.equal(0)
  })

  it('is for supervisors; a member sees its own invites, and whether it is paused', async () => {
    const { host, ann } = await open()
    await sendInvite(host, { email: 'ada@example.com' })
    await ann.post('default/invite', { email: 'eve@example.com' }).expect(201)
    for (const path of ['audit', 'stats', 'tree?rootId=ann', 'acceptance.csv', 'inviter/bob'])
      expect((await ann.get(`default/${path}`)).status, path).to.equal(403)
    await ann.put('default/inviter/ann', { paused: false }).expect(403)
    expect((await ann.get('default/inviter/ann').expect(200)).body.pausedAt).to.equal(null)
    const csv = (await ann.get('default/invite.csv').expect(200)).text
    expect(csv).to.include('eve@example.com').and.not.include('ada@example.com')
    for (const path of ['audit', 'stats', 'tree?rootId=ann', 'acceptance.csv', 'invite.csv', 'inviter/ann'])
      await request(host.app).get(`/invites/app/default/${path}`).expect(401)
  })

  it('refuses what it does not know', async () => {
    const { host } = await open()
    const wrong = [
      'audit?action=claim',
      'audit?limit=0',
      'audit?from=yesterday',
      'audit?who=ann',
      'stats?by=hour',
      'stats?from=2026-11-22T00:00:00Z',
      'stats?from=1990-01-01T00:00:00Z',
      'tree',
      'tree?rootId=ann&depth=0',
      'acceptance?inviter=ann',
      'acceptance.csv?limit=5',
      'invite.csv?status=gone',
    ]
    for (const path of wrong) {
      const res = await host.manage.get(`default/${path}`)
      expect([res.status, res.body.code], path).to.deep.equal([400, 'input_invalid'])
    }
    for (const body of [{}, { paused: 1 }, { paused: true, until: 5 }])
      await host.manage.put('default/inviter/ann', body).expect(400)
    expect(await refusal(host.invites.revokeAll({ branch: true }))).to.equal('input_invalid')
    expect(await refusal(host.invites.revokeAll({ inviter: 'ann' } as never))).to.equal('input_invalid')
  })
})

describe('pausing an inviter', () => {
  it('R-17 refuses their invites and their sending, everywhere and at once, until it is ended', async () => {
    const { host, log, ann } = await open()
    const { inviteId, inviteCode } = (await ann.post('default/invite', {}).expect(201)).body
    const paused = await host.manage.put('default/inviter/ann', { paused: true }).expect(200)
    const state = { appId: 'default', inviterId: 'ann', pausedAt: '2026-11-21T09:00:00.000Z' }
    expect(paused.body).to.deep.equal(state)
    const other = await openHost({ beside: host })
    const refused = await other.signup({ inviteCode, email: 'ada@example.com' })
    expect([refused.status, refused.body.code]).to.deep.equal([403, 'not_allowed'])
    expect(refused.body.message).to.equal('Whoever sent this invite is paused.')
    const checked = await request(host.app).post('/invites/app/default/invite/check').send({ inviteCode })
    expect([checked.status, checked.body.code]).to.deep.equal([404, 'invite_not_found'])
    expect((await ann.post('default/invite', {})).status).to.equal(403)
    expect((await host.invites.quota('ann')).left).to.equal(8)
    expect(other.accounts).to.deep.equal([])
    await host.manage.put('default/inviter/ann', { paused: false }).expect(200)
    await other.signup({ inviteCode, email: 'ada@example.com' }).expect(201)
    const actions = (await log()).map(({ action }) => action)
    expect(actions).to.include.members(['inviter.pause', 'inviter.resume'])
    expect((await log(`?inviteId=${inviteId}`)).map(({ action }) => action)).to.include('invite.accept')
  })

  it('R-17 a whole branch is revoked at once', async () => {
    const { host, log } = await open()
    await join(host, 'ann', 'bob')
    await join(host, 'bob', 'cleo')
    for (const id of ['ann', 'bob', 'cleo', 'dan']) await host.invites.send({}, { actor: { id, access: 'supervisor' } })
    expect(await host.invites.revokeAll({ inviterId: 'ann', branch: true })).to.equal(3)
    const [entry] = await log('?action=invite.revoke')
    expect(entry?.details).to.deep.equal({ all: true, inviterId: 'ann', branch: true })
    expect((await host.invites.list()).items.map(({ inviter }) => inviter?.id)).to.deep.equal(['dan'])
    const tree = (await host.manage.get('default/tree?rootId=ann&depth=9')).body
    expect(tree).to.deep.equal({
      appId: 'default',
      rootId: 'ann',
      joined: 2,
      levels: [1, 1],
      users: [
        { userId: 'bob', inviterId: 'ann', depth: 1, joined: 1 },
        { userId: 'cleo', inviterId: 'bob', depth: 2, joined: 0 },
      ],
    })
    const theirs = (await host.manage.get('default/acceptance?inviterId=bob')).body.items
    expect(theirs.map(({ userId }: { userId: string }) => userId)).to.deep.equal(['cleo'])
  })
})

describe('statistics', () => {
  it('count by days, weeks and months', async () => {
    const { host } = await open()
    const { inviteCode } = await sendInvite(host, { role: 'nurse' })
    await host.invites.send({ email: 'ada@example.com', expiresInMs: DAY })
    host.clock.advance(9 * DAY)
    const { inviteId } = await sendInvite(host)
    await host.invites.revoke(inviteId)
    const late = await sendInvite(host)
    host.clock.advance(2 * 60_000)
    await (await host.invites.claim({ inviteCode: late.inviteCode })).accept()
    host.clock.advance(1)
    expect(await refusal(host.invites.claim({ inviteCode }))).to.equal('invite_expired')
    const total = { made: 4, mailed: 0, failed: 0, accepted: 1, expired: 2, revoked: 1 }
    const days = (await host.manage.get('default/stats').expect(200)).body
    expect([days.total, days.medianAcceptMs, days.periods.length]).to.deep.equal([total, 120_000, 31])
    expect(days.roles).to.deep.equal([
      { role: null, made: 3, accepted: 1 },
      { role: 'nurse', made: 1, accepted: 0 },
    ])
    expect(days.inviters).to.deep.equal([{ inviterId: null, made: 4, accepted: 1 }])
    const span = 'from=2026-11-16T00:00:00Z&until=2026-12-07T00:00:00Z'
    const weeks = (await host.manage.get(`default/stats?by=week&${span}`)).body
    expect(weeks.periods.map((week: Record<string, unknown>) => [week.from, week.made, week.expired])).to.deep.equal([
      ['2026-11-16T00:00:00.000Z', 2, 1],
      ['2026-11-23T00:00:00.000Z', 0, 1],
      ['2026-11-30T00:00:00.000Z', 2, 0],
    ])
    const months = (await host.manage.get(`default/stats?by=month&${span}`)).body
    expect(months.periods.map((month: Record<string, unknown>) => [month.from, month.made])).to.deep.equal([
      ['2026-11-01T00:00:00.000Z', 4],
      ['2026-12-01T00:00:00.000Z', 0],
    ])
  })

  it('count by the inviter and by the source that each invite was made with', async () => {
    const { host } = await open()
    const from = (id: string) => ({ actor: { id, access: 'supervisor' } as const })
    const sources = ['fair', 'Product Hunt', 'fair', 'ada@example.com', '', ' x', 'x'.repeat(65), 7, { a: 1 }]
    for (const source of sources) await host.invites.send({ metadata: { source } }, from('ann'))
    await host.invites.send({}, from('bob'))
    await host.invites.sendMany([{ email: 'ada@example.com', metadata: { source: 'fair' } }], {}, from('bob'))
    const { items } = await host.invites.list({ q: 'ada@example.com' })
    const [{ inviteId, inviteCode } = { inviteId: '', inviteCode: '' }] = items
    await host.invites.update(inviteId, { metadata: { source: 'blog' } })
    await host.signup({ inviteCode, email: 'ada@example.com' }).expect(201)
    host.clock.advance(1)
    const { body } = await host.manage.get('default/stats').expect(200)
    expect(body.inviters).to.deep.equal([
      { inviterId: 'bob', made: 2, accepted: 1 },
      { inviterId: 'ann', made: 9, accepted: 0 },
    ])
    expect(body.sources).to.deep.equal([
      { source: 'fair', made: 3, accepted: 1 },
      { source: null, made: 7, accepted: 0 },
      { source: 'Product Hunt', made: 1, accepted: 0 },
    ])
  })

  it('stay, when housekeeping has removed what they count', async () => {
    const { host } = await open()
    const { inviteId } = await sendInvite(host)
    await host.invites.revoke(inviteId)
    host.clock.advance(100 * DAY)
    expect((await host.invites.prune()).invites).to.equal(1)
    const { total } = await host.invites.stats({ from: '2026-11-01T00:00:00Z', by: 'month' })
    expect([total.made, total.revoked]).to.deep.equal([1, 1])
  })
})

describe('CSV', () => {
  it('R-36 has no cell that a spreadsheet takes for a formula', async () => {
    const { host } = await open()
    const names = [
      'a\r=1+1',
      '=1+1',
      '+1',
      '-1',
      '@SUM(A1)',
      '\tx',
      '\rx',
      '=HYPERLINK("https://evil.example","a")',
      'a,"b"\nc',
    ]
    for (const name of names) {
      const actor = {
        id: `id of ${JSON.stringify(name)}`,
        name,
        email: '=cmd@example.com',
        access: 'supervisor',
      } as const
      const { inviteCode } = await host.invites.send({ role: '-x', orgId: '=2' }, { actor })
      await (await host.invites.claim({ inviteCode: inviteCode ?? '' })).accept({ userId: '@user' })
      host.clock.advance(1)
    }
    for (const list of ['invite', 'acceptance']) {
      const res = await host.manage.get(`default/${list}.csv`).expect(200)
      expect(res.type).to.equal('text/csv')
      const disposition = res.get('Content-Disposition')?.replaceAll('"', '') // Express 4 quotes the name
      expect(disposition).to.equal(`attachment; filename=${list}s.csv`)
      const rows = readCsv(res.text)
      expect(rows).to.have.length(names.length + 1)
      for (const cell of rows.flat()) expect(cell).not.to.match(/^[=+\-@\t\r]/)
      const column = rows[0]?.indexOf('inviterName') ?? -1
      const shown = rows.slice(1).map((row) => row[column]?.replace(/^'/, ''))
      expect(shown.reverse()).to.deep.equal(names)
    }
  })

  it('has every row, over many pages, and no code', async () => {
    const { host } = await open()
    const codes: string[] = []
    for (let n = 0; n < 1002; n++) codes.push((await sendInvite(host)).inviteCode)
    const { text } = await host.manage.get('default/invite.csv?status=pending').expect(200)
    expect(readCsv(text)).to.have.length(1003)
    for (const code of codes) expect(text).not.to.include(code)
    expect(readCsv((await host.manage.get('default/invite.csv?q=ada').expect(200)).text)).to.have.length(1)
  }).timeout(60_000)

  it('answers 503 where the database is gone before the first row', async () => {
    const { host } = await open()
    await host.store.close()
    const res = await host.manage.get('default/acceptance.csv')
    expect([res.status, res.body.code]).to.deep.equal([503, 'store_unavailable'])
  })
})

/** RFC 4180. */
function readCsv(text: string): readonly (readonly string[])[] {
  const rows: string[][] = [[]]
  for (const [, quoted, plain = '', end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\n|$)/g)) {
    rows.at(-1)?.push(quoted?.replaceAll('""', '"') ?? plain)
    if (end === '\n') rows.push([])
  }
  return rows.filter((row) => row.length > 1)
}
