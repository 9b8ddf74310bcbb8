// The waiting list, as those see it who ask for access and those who decide.
import { expect } from 'chai'
import request from 'supertest'
import { DAY, type Host, type HostOptions, MINUTE, openHost, refusedOptions, sendInvite } from '../support/host.js'
import { textOf } from '../support/html.js'
import { type Smtp, startSmtp } from '../support/smtp.js'
import { trace } from '../support/trace.js'

const ADA = 'ada@example.com'
const company = { label: 'Where do you work?', required: true, maxLength: 20 }
const plan = { label: 'Which plan?', options: ['free', 'paid'] }

interface Waitlist extends Host {
  readonly smtp: Smtp
  /** Posts a request for access, as any page may. */
  ask(body: object, from?: string): request.Test
  /** The token of the newest mail to this address. */
  tokenFor(email: string): Promise<string>
  open(token: string): request.Test
  confirm(token: string): request.Test
  /** Somebody who asked and confirmed. */
  join(email: string): Promise<string>
}

async function openWaitlist(options: HostOptions['invites'] = {}, beside?: Host): Promise<Waitlist> {
  const smtp = await startSmtp()
  const host = await openHost({
    invites: {
      mailer: smtp.mailer,
      mode: 'waitlist',
      appName: 'Acme',
      limits: { accessRequests: { limit: 500 } },
      ...options,
    },
    before: (app) => app.set('trust proxy', 1),
    ...(beside && { beside }),
  })
  const path = '/invites/app/default/access-request'
  const ask = (body: object, from = '203.0.113.7') =>
    request(host.app).post(path).set('X-Forwarded-For', from).send(body)
  const html = (test: request.Test) => test.set('Accept', 'text/html')
  const open = (token: string) => html(request(host.app).get(`${path}/${token}`))
  const confirm = (token: string) => html(request(host.app).post(`${path}/${token}`))
  async function tokenFor(email: string) {
    await host.invites.deliver()
    const mail = smtp.received.findLast(({ recipients }) => sameAddress(recipients[0], email))?.mail
    const [, token] = /https:\/\/acme\.dev\/invites\/app\/default\/access-request\/(\S+)/.exec(mail?.text ?? '') ?? []
    if (token === undefined) throw new Error(`no link was mailed to ${email}`)
    return token
  }
  async function join(email: string) {
    await ask({ email }).expect(202)
    const token = await tokenFor(email)
    await confirm(token).expect(200)
    return token
  }
  return { ...host, smtp, ask, tokenFor, open, confirm, join }
}

/** Mail servers are given the domain in lower case. */
const sameAddress = (a: string | undefined, b: string) => a?.toLowerCase() === b.toLowerCase()
const waiting = async ({ invites }: Host) => (await invites.listRequests()).items.map(({ email }) => email)
const mailedTo = ({ smtp }: Waitlist) => smtp.received.map(({ recipients }) => recipients[0])

describe('the waiting list', () => {
  it('is joined by a link that is mailed, and a button behind it', async () => {
    const list = await openWaitlist({ requestQuestions: { company, plan } })
    const asked = await list.ask({ email: 'Ada@Example.com', answers: { company: 'Acme <Labs>', plan: 'paid' } })
    expect(asked.status).to.equal(202)
    expect(await waiting(list)).to.deep.equal([])
    const token = await list.tokenFor('Ada@Example.com')
    const { mail } = list.smtp.received[0] ?? {}
    expect(mail?.subject).to.equal('Confirm your address for Acme')
    expect(mail?.html).to.include(token).and.include('Join the waiting list')
    const page = await list.open(token)
    expect(page.status).to.equal(200)
    expect(textOf(page.text)).to.include('You ask for access to Acme as Ada@Example.com')
    expect(textOf(page.text)).to.include('Where do you work? Acme <Labs>').and.include('Which plan? paid')
    const [, action] = /<form method="post" action="([^"]+)">/.exec(page.text) ?? []
    expect(action).to.equal(`https://acme.dev/invites/app/default/access-request/${token}`)
    expect(textOf((await list.confirm(token)).text)).to.include('You are on the list, at place 1')
    const { items } = await list.invites.listRequests()
    expect(items).to.have.length(1)
    expect(items[0]).to.deep.include({ email: 'Ada@Example.com', status: 'waiting', position: 1, inviteId: null })
    expect(items[0]?.answers).to.deep.equal({ company: 'Acme <Labs>', plan: 'paid' })
  })

  it('R-07 is not joined by opening the link, however often', async () => {
    const list = await openWaitlist()
    await list.ask({ email: ADA })
    const token = await list.tokenFor(ADA)
    const before = await list.database.tables()
    for (let times = 0; times < 100; times++) {
      expect((await list.open(token)).text).to.include('Join the waiting list')
      await request(list.app).head(`/invites/app/default/access-request/${token}`).expect(200)
    }
    expect(await list.database.tables()).to.deep.equal(before)
    expect(await waiting(list)).to.deep.equal([])
    await list.confirm(token)
    list.clock.advance(MINUTE)
    expect(textOf((await list.open(token)).text)).to.include('at place 1')
    expect((await list.invites.listRequests()).items[0]?.verifiedAt).to.equal('2026-11-21T09:00:00.000Z')
  })

  it('sends pages that run nothing, load nothing and are kept by nobody', async () => {
    const list = await openWaitlist()
    await list.ask({ email: ADA })
    const { headers } = await list.open(await list.tokenFor(ADA))
    expect(headers['content-security-policy']).to.match(
      /^default-src 'none'; style-src 'sha256-[^;]+; form-action https:/,
    )
    expect(headers).to.include({ 'cache-control': 'no-store', 'referrer-policy': 'no-referrer' })
  })

  it('R-22 answers everybody alike: the unknown, the waiting, the invited, members; by the same statements', async () => {
    const list = await openWaitlist()
    const member = await sendInvite(list, { email: 'member@example.com' })
    await list.signup({ email: 'member@example.com', inviteCode: member.inviteCode }).expect(201)
    await sendInvite(list, { email: 'invited@example.com' })
    for (const name of ['waiting', 'approved', 'declined']) await list.join(`${name}@example.com`)
    await list.ask({ email: 'unconfirmed@example.com' })
    await list.invites.approveRequests({ requests: ['approved@example.com'] })
    await list.invites.declineRequests({ requests: ['declined@example.com'] })
    list.clock.advance(DAY)
    await list.ask({ email: 'moment-ago@example.com' })
    await list.invites.deliver()
    const seen: object[] = []
    const steps: (readonly string[])[] = []
    await list.ask({ email: 'first@example.com' })
    for (const name of [
      'nobody',
      'member',
      'invited',
      'waiting',
      'approved',
      'declined',
      'unconfirmed',
      'moment-ago',
    ]) {
      const asked = list.ask({ email: `${name}@example.com` }, `198.51.100.${seen.length}`)
      steps.push(
        await trace(() =>
          asked.then(({ status, text, headers: { date, ...headers } }) => seen.push({ status, text, headers })),
        ),
      )
    }
    for (const each of seen) expect(each).to.deep.equal(seen[0])
    for (const each of steps) expect(each).to.deep.equal(steps[0])
    expect(seen[0]).to.deep.include({ status: 202 })
    expect(steps[0]?.filter((step) => step.includes('invite_only_access_requests'))).to.have.length(3)
  })

  it('mails an address once in ten minutes, whoever asks', async () => {
    const list = await openWaitlist()
    await Promise.all(Array.from({ length: 20 }, () => list.ask({ email: ADA }).expect(202)))
    await list.invites.deliver()
    list.clock.advance(10 * MINUTE - 1)
    await list.ask({ email: 'ADA@example.com' }).expect(202)
    await list.invites.deliver()
    expect(mailedTo(list)).to.deep.equal([ADA])
    list.clock.advance(1)
    await list.ask({ email: ADA }).expect(202)
    await list.invites.deliver()
    expect(mailedTo(list)).to.deep.equal([ADA, ADA])
  })

  it('lets nobody confirm answers that were changed since they were mailed', async () => {
    const list = await openWaitlist({ requestQuestions: { company } })
    await list.ask({ email: ADA, answers: { company: 'Acme' } })
    const first = await list.tokenFor(ADA)
    list.clock.advance(10 * MINUTE)
    await list.ask({ email: ADA, answers: { company: 'Evil' } })
    expect((await list.confirm(first)).status).to.equal(404)
    list.clock.advance(10 * MINUTE)
    await list.ask({ email: ADA, answers: { company: 'Acme' } })
    await list.confirm(first).expect(200)
    list.clock.advance(10 * MINUTE)
    await list.ask({ email: ADA, answers: { company: 'Evil' } })
    expect((await list.invites.listRequests()).items[0]?.answers).to.deep.equal({ company: 'Acme' })
  })

  it('takes no link but the one that was mailed, for a week, and not where secrets are other ones', async () => {
    const list = await openWaitlist()
    const own = await list.join('eve@example.com')
    await list.ask({ email: ADA })
    const token = await list.tokenFor(ADA)
    const [id = '', proof = ''] = token.split('.')
    for (const wrong of [
      id,
      `${id}.`,
      `${id}.${own.split('.')[1]}`,
      `${own.split('.')[0]}.${proof}`,
      `${token}x`,
      '.',
      'a',
    ]) {
      expect((await list.confirm(wrong)).status, wrong).to.equal(404)
      expect((await list.open(wrong)).status, wrong).to.equal(404)
    }
    const other = await openWaitlist({ secret: 'another secret, that is long enough too' }, list)
    expect((await other.confirm(token)).status).to.equal(404)
    list.clock.advance(7 * DAY + 1)
    const late = await list.confirm(token)
    expect([late.status, textOf(late.text)]).to.satisfy(
      ([status, text]: [number, string]) => status === 404 && text.includes('Ask for access once more'),
    )
    expect(await waiting(list)).to.deep.equal(['eve@example.com'])
    await list.open(own).expect(200)
  })

  it('is there in mode waitlist only, and where mail can be sent', async () => {
    const list = await openWaitlist()
    for (const mode of ['open', 'invite-only', 'closed'] as const) {
      await list.invites.settings({ mode })
      const res = await list.ask({ email: ADA })
      expect([res.status, res.body.code, res.body.detail]).to.deep.equal([
        403,
        'signup_closed',
        'There is no waiting list at the moment.',
      ])
    }
    const mute = await openWaitlist({ mailer: undefined })
    expect((await mute.ask({ email: ADA })).body.code).to.equal('signup_closed')
    expect(
      (await list.ask({ email: ADA }).then(() => request(list.app).post('/invites/app/none/access-request'))).status,
    ).to.equal(404)
  })

  it('says of each field what is wrong with it', async () => {
    const list = await openWaitlist({ requestQuestions: { company, plan } })
    const errors = async (body: object) => {
      const res = await list.ask(body)
      expect(res.status).to.equal(400)
      return res.body.errors
    }
    const answers = { company: 'Acme' }
    expect(await errors({ answers })).to.deep.equal([{ pointer: '#/email', detail: 'must be there' }])
    expect(await errors({ email: `${ADA}, eve@example.com`, answers })).to.have.length(1)
    expect(await errors({ email: ADA, answers, admin: true })).to.deep.equal([
      { pointer: '#/admin', detail: 'is not a field of this request' },
    ])
    expect(await errors({ email: ADA, answers: { company: ' ', plan: 'gold', 'a/b': 'x' } })).to.deep.equal([
      { pointer: '#/answers/a~1b', detail: 'is not a question of this app' },
      { pointer: '#/answers/company', detail: 'must be answered' },
      { pointer: '#/answers/plan', detail: 'must be one of free, paid' },
    ])
    expect(await errors({ email: ADA, answers: { company: 'x'.repeat(21) } })).to.have.length(1)
    expect(await errors({ email: ADA, answers: { company: 'nul\0' } })).to.have.length(1)
    expect(await errors({ email: ADA, answers: { company: 7 } })).to.have.length(1)
    expect(await errors({ email: ADA, answers: 'Acme' })).to.have.length(1)
    const long = Object.fromEntries(['a', 'b', 'c'].map((name) => [name, { label: name, maxLength: 2000 }]))
    const wide = await openWaitlist({ requestQuestions: long })
    const full = await wide.ask({
      email: ADA,
      answers: { a: 'x'.repeat(2000), b: 'x'.repeat(2000), c: 'x'.repeat(2000) },
    })
    expect(full.body.errors).to.deep.equal([
      { pointer: '#/answers', detail: 'must be at most 4096 bytes together, as JSON' },
    ])
  })

  it('checks its options at start', async () => {
    const asked = (requestQuestions: unknown) => refusedOptions({ requestQuestions: requestQuestions as never })
    expect(await asked({ company: {} })).to.include('`requestQuestions.company.label` must be a line of text')
    expect(await asked({ company: { label: 'x', lenght: 3 } })).to.include('lenght')
    expect(await asked({ company: { label: 'x', maxLength: 2001 } })).to.include('a whole number from 1 to 2000')
    expect(await asked({ company: { label: 'x', options: [] } })).to.include(
      '`requestQuestions.company.options` must be',
    )
    expect(await asked({ company: { label: 'x', required: 1 } })).to.include('true or false')
    expect(await asked({ 'a b': { label: 'x' } })).to.include('named by a letter')
    expect(await asked([])).to.include('an object of up to 20 questions')
    expect(await refusedOptions({ limits: { accessRequests: { limit: 0 } } })).to.include('limits.accessRequests.limit')
  })

  it('throttles who asks for many, and nobody else', async () => {
    const list = await openWaitlist({ limits: { accessRequests: { limit: 2, windowMs: 60_000 } } })
    const first = await list.ask({ email: 'a@example.com' })
    expect(first.get('RateLimit-Policy')).to.equal('"access-requests";q=2;w=60')
    await list.ask({ email: 'b@example.com' }).expect(202)
    const third = await list.ask({ email: 'c@example.com' })
    expect([third.status, third.body.code, third.get('Retry-After')]).to.deep.equal([429, 'rate_limited', '60'])
    expect(third.body.detail).to.equal('Too many requests for access. Wait before trying again.')
    await list.ask({ email: 'd@example.com' }, '203.0.113.8').expect(202)
    await request(list.app).post('/invites/app/default/invite/check').send({ inviteCode: 'x' }).expect(404)
  })

  it('is bypassed by invites', async () => {
    const list = await openWaitlist()
    await list.join('first@example.com')
    const { inviteCode } = await sendInvite(list, { email: ADA })
    await list.signup({ email: ADA, inviteCode }).expect(201)
    expect((await list.signup({ email: 'first@example.com' })).body.code).to.equal('invite_required')
  })
})

describe('deciding on the waiting list', () => {
  it('approves with an invite by mail, that lets that address in with what was granted', async () => {
    const list = await openWaitlist()
    const token = await list.join(ADA)
    const body = { requests: [ADA], role: 'nurse', orgId: 'north', expiresInMs: DAY, message: 'Welcome!' }
    const res = await list.manage.post('default/access-request/approve', body)
    expect(res.status).to.equal(200)
    expect(res.body.decided).to.equal(1)
    const [item] = res.body.items
    expect(item).to.deep.include({ email: ADA, status: 'approved', position: null, decidedBy: 'boss' })
    const invite = await list.invites.retrieve(item.inviteId)
    expect(invite).to.deep.include({ email: ADA, role: 'nurse', orgId: 'north', expiresAt: '2026-11-22T09:00:00.000Z' })
    expect(invite.metadata).to.equal(null)
    await list.invites.deliver()
    const { mail } = list.smtp.received.at(-1) ?? {}
    expect(mail?.text)
      .to.include('Welcome!')
      .and.include(invite.inviteCode ?? 'a code')
    expect(textOf((await list.open(token)).text)).to.include('You are invited')
    const { inviteCode } = invite
    expect((await list.signup({ email: 'eve@example.com', inviteCode })).body.code).to.equal('invite_email_mismatch')
    expect((await list.signup({ email: ADA, inviteCode })).body.role).to.equal('nurse')
  })

  it('makes one invite, however many approve at once, and changes nothing when repeated', async () => {
    const list = await openWaitlist()
    const other = await openWaitlist({}, list)
    await list.join(ADA)
    const made: string[] = []
    for (const { invites } of [list, other]) invites.events.on('created', ({ invite }) => made.push(invite.inviteId))
    const all = await Promise.all(
      Array.from({ length: 10 }, (_, n) => (n % 2 ? list : other).invites.approveRequests({ requests: [ADA] })),
    )
    expect(all.map(({ decided }) => decided).sort()).to.deep.equal([0, 0, 0, 0, 0, 0, 0, 0, 0, 1])
    expect(new Set(all.map(({ items }) => items[0]?.inviteId))).to.deep.equal(new Set(made))
    expect((await list.invites.list()).items).to.have.length(1)
    await list.invites.deliver()
    expect(mailedTo(list)).to.deep.equal([ADA, ADA]) // the link that confirms, and the invite
  })

  it('approves the next so many, by place or by when they asked', async () => {
    const list = await openWaitlist()
    const names = ['one', 'two', 'three', 'four', 'five'].map((name) => `${name}@example.com`)
    for (const email of names) {
      await list.ask({ email })
      list.clock.advance(1)
    }
    for (const email of [...names].reverse()) {
      await list.confirm(await list.tokenFor(email)).expect(200)
      list.clock.advance(1)
    }
    expect(await waiting(list)).to.deep.equal([...names].reverse())
    const approve = async (body: object) =>
      (await list.manage.post('default/access-request/approve', body)).body.items.map(
        (each: { email: string }) => each.email,
      )
    expect(await approve({ next: 2 })).to.deep.equal(['five@example.com', 'four@example.com'])
    expect(await approve({ next: 2, by: 'createdAt' })).to.deep.equal(['one@example.com', 'two@example.com'])
    expect(await approve({ next: 100 })).to.deep.equal(['three@example.com'])
    expect(await approve({ next: 100 })).to.deep.equal([])
    expect((await list.invites.list()).items).to.have.length(5)
  })

  it('R-38 approves the next so many once, for the same request again', async () => {
    const list = await openWaitlist()
    for (const name of ['a', 'b', 'c']) await list.join(`${name}@example.com`)
    const once = () => list.manage.post('default/access-request/approve', { next: 1 }).set('Idempotency-Key', 'key')
    const first = (await once()).body
    expect((await once()).body).to.deep.equal(first)
    expect(await waiting(list)).to.have.length(2)
  })

  it('R-38 takes a key of one decision for another where it comes with the other', async () => {
    const list = await openWaitlist()
    await list.join(ADA)
    const decide = (how: 'approve' | 'decline') =>
      list.manage.post(`default/access-request/${how}`, { requests: [ADA] }).set('Idempotency-Key', 'key')
    expect((await decide('approve')).body.items[0].status).to.equal('approved')
    expect((await decide('decline')).body.items[0].status).to.equal('declined')
    expect((await decide('approve')).body.items[0].status).to.equal('approved')
    expect((await list.invites.listRequests({ status: 'declined' })).items).to.have.length(1)
  })

  it('declines without a word, and both can be taken back', async () => {
    const list = await openWaitlist()
    const token = await list.join(ADA)
    const before = list.smtp.received.length
    const place = textOf((await list.open(token)).text)
    await list.manage.post('default/access-request/decline', { requests: [ADA] }).expect(200)
    await list.invites.deliver()
    expect(list.smtp.received).to.have.length(before)
    expect(textOf((await list.open(token)).text)).to.equal(place)
    expect(await waiting(list)).to.deep.equal([])
    const { items } = (await list.manage.get('default/access-request?status=declined')).body
    const [approved] = (await list.invites.approveRequests({ requests: [items[0].requestId] })).items
    const { inviteCode } = await list.invites.retrieve(approved?.inviteId ?? '')
    const revoked: unknown[] = []
    list.invites.events.on('revoked', ({ invite }) => revoked.push(invite.inviteId))
    expect((await list.invites.declineRequests({ requests: [ADA] })).decided).to.equal(1)
    expect(revoked).to.deep.equal([approved?.inviteId])
    expect((await list.signup({ email: ADA, inviteCode })).body.code).to.equal('invite_invalid')
  })

  it('leaves somebody in who has joined', async () => {
    const list = await openWaitlist()
    await list.join(ADA)
    const [approved] = (await list.invites.approveRequests({ requests: [ADA] })).items
    const { inviteCode } = await list.invites.retrieve(approved?.inviteId ?? '')
    await list.signup({ email: ADA, inviteCode }).expect(201)
    const declined = await list.invites.declineRequests({ requests: [ADA] })
    expect([declined.decided, declined.items[0]?.status]).to.deep.equal([0, 'approved'])
  })

  it('is for supervisors, who may grant only what they may', async () => {
    const list = await openWaitlist({ roles: ['nurse'] })
    await list.join(ADA)
    for (const who of ['member:ann', '']) {
      const as = (test: request.Test) => test.set('X-Who', who && `Bearer ${who}`)
      const path = '/invites/app/default/access-request'
      const status = who === '' ? 401 : 403
      await as(request(list.app).get(path)).expect(status)
      await as(request(list.app).post(`${path}/approve`).send({ next: 1 })).expect(status)
      await as(request(list.app).post(`${path}/decline`).send({ next: 1 })).expect(status)
    }
    const boss = { id: 'boss', access: 'supervisor', roles: [] } as const
    const refused = await list.invites.approveRequests({ next: 1, role: 'nurse' }, { actor: boss }).catch(String)
    expect(refused).to.include("The role nurse is not the inviter's to grant")
    for (const body of [
      {},
      { next: 0 },
      { next: 1.5 },
      { next: 501 },
      { next: 1, requests: [ADA] },
      { requests: [] },
      { next: 1, role: 'boss' },
      { next: 1, by: 'name' },
      { next: 1, email: ADA },
    ]) {
      const res = await list.manage.post('default/access-request/approve', body)
      expect(res.status, JSON.stringify(body)).to.equal(400)
    }
    await list.ask({ email: 'unconfirmed@example.com' })
    const unknown = await list.manage.post('default/access-request/approve', {
      requests: [ADA, 'unconfirmed@example.com'],
    })
    expect([unknown.status, unknown.body.code]).to.deep.equal([404, 'invite_not_found'])
    expect(await waiting(list)).to.deep.equal([ADA])
  })

  it('lists page by page, each with its place', async () => {
    const list = await openWaitlist()
    for (const name of ['a', 'b', 'c']) await list.join(`${name}@example.com`)
    const first = (await list.manage.get('default/access-request?limit=2')).body
    const next = (await list.manage.get(`default/access-request?limit=2&cursor=${first.nextCursor}`)).body
    expect(first.items.map(({ position }: { position: number }) => position)).to.deep.equal([1, 2])
    expect(next.items.map(({ position }: { position: number }) => position)).to.deep.equal([3])
    expect(next.nextCursor).to.equal(null)
    await list.invites.approveRequests({ next: 1 })
    expect((await list.invites.listRequests()).items.map(({ position }) => position)).to.deep.equal([1, 2])
    expect((await list.invites.listRequests({ by: 'createdAt' })).items.map(({ position }) => position)).to.deep.equal([
      null,
      null,
    ])
  })

  it('tells events nothing of who asks, and what they answered to nobody but supervisors', async () => {
    const list = await openWaitlist({ requestQuestions: { company } })
    const told: unknown[] = []
    for (const name of ['created', 'sent', 'failed', 'accepted', 'revoked', 'refused'] as const) {
      list.invites.events.on(name, (event: unknown) => told.push(event))
    }
    await list.ask({ email: ADA, answers: { company: 'Secret Labs' } })
    await list.confirm(await list.tokenFor(ADA)).expect(200)
    expect(told).to.deep.equal([])
    await list.invites.declineRequests({ requests: [ADA] })
    expect(told).to.deep.equal([])
    await list.invites.approveRequests({ requests: [ADA] })
    await list.invites.deliver()
    expect(told).to.have.length(2)
    expect(JSON.stringify(told)).not.to.include('Secret')
    expect(list.smtp.received.map(({ raw }) => raw).join()).not.to.include('Secret Labs')
  })

  it('R-34 tries the mail again, and tells nothing of it but that it is late', async () => {
    const list = await openWaitlist()
    list.smtp.refuse = { code: 451, message: 'try later' }
    await list.ask({ email: ADA }).expect(202)
    await list.invites.deliver()
    expect(mailedTo(list)).to.deep.equal([])
    list.smtp.refuse = undefined
    list.clock.advance(MINUTE)
    await list.confirm(await list.tokenFor(ADA)).expect(200)
    expect(await waiting(list)).to.deep.equal([ADA])
  })

  it('forgets who never confirmed', async () => {
    const list = await openWaitlist()
    await list.ask({ email: ADA })
    await list.join('eve@example.com')
    list.clock.advance(2 * DAY)
    expect((await list.invites.prune({ olderThanMs: DAY })).accessRequests).to.equal(1)
    expect(await waiting(list)).to.deep.equal(['eve@example.com'])
  })
})

describe('the waiting list on the dashboard', () => {
  const page = ({ app }: Host, who = 'supervisor') =>
    request(app).get('/admin/invites/').set('Authorization', `Bearer ${who}`)
  const press = (host: Host, what: string, fields: object, who = 'supervisor') =>
    request(host.app)
      .post(`/admin/invites/requests/${what}`)
      .set('Authorization', `Bearer ${who}`)
      .type('form')
      .send(fields)

  it('shows who waits, with what they answered as text, and decides on them', async () => {
    const list = await openWaitlist({ requestQuestions: { company: { label: 'Where do you work?' } } })
    await list.ask({ email: ADA, answers: { company: '<b>Acme</b>' } })
    await list.confirm(await list.tokenFor(ADA))
    for (const name of ['bob', 'eve']) {
      list.clock.advance(1)
      await list.join(`${name}@example.com`)
    }
    const { text } = await page(list)
    expect(textOf(text)).to.include('Place 1').and.include('Where do you work? <b>Acme</b>')
    expect(text).not.to.include('<b>Acme')
    const [, id = ''] = /name="request" value="([^"]+)"><button type="submit" aria-label="Decline ada/.exec(text) ?? []
    const declined = await press(list, 'decline', { request: id })
    expect([declined.status, declined.get('Location')]).to.deep.equal([303, '/admin/invites/?done=declined'])
    expect((await press(list, 'decline', { request: id })).get('Location')).to.include('done=undecided')
    expect((await press(list, 'approve', { next: '1' })).get('Location')).to.include('done=approved')
    expect(await waiting(list)).to.deep.equal(['eve@example.com'])
    for (const next of ['0', '501', 'all', '']) expect((await press(list, 'approve', { next })).status).to.equal(400)
    const after = textOf((await page(list)).text)
    expect(after).to.include('eve@example.com').and.include('bob@example.com').and.not.include(ADA)
    await press(list, 'approve', { next: '10' })
    expect(textOf((await page(list)).text)).to.include('Nobody is on the waiting list.')
  })

  it('is for supervisors, and in mode waitlist alone', async () => {
    const list = await openWaitlist()
    await list.join(ADA)
    expect((await page(list, 'member:ann')).text).not.to.include('Waiting list')
    await press(list, 'approve', { next: '1' }, 'member:ann').expect(403)
    const forged = press(list, 'approve', { next: '1' }).set('Sec-Fetch-Site', 'cross-site')
    await forged.expect(403)
    expect(await waiting(list)).to.deep.equal([ADA])
    await list.invites.settings({ mode: 'invite-only' })
    expect((await page(list)).text).not.to.include('Waiting list')
  })
})
