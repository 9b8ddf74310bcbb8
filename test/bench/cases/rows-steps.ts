// The steps that are measured among few rows and among many.
import { createHash, randomUUID } from 'node:crypto'
import { acceptOf, address, claimOf, generator, newInvite } from '../../../adapters/contract/fixtures.js'
import type { InviteRecord, InviteStore, ListInvites, NewInvite, PagePosition } from '../../../src/store.js'
import { type InviteStatus, inviteStatuses } from '../../../src/types.js'
import { POPULATED_AT } from '../../support/population.js'

/** One step: `prepare` makes what it needs, outside the time that is taken. */
export interface Step {
  readonly name: string
  /** How many rows it returns, where it is a page. */
  readonly rows?: number
  readonly prepare?: (round: number) => Promise<unknown>
  readonly run: (round: number, prepared: unknown) => Promise<unknown>
}

type Filter = Partial<Pick<ListInvites, 'inviterId' | 'emailPrefix' | 'domain'>>

const APP = 'main'
const PAGE = 11 // ten, and the one that tells of a next page
const START = POPULATED_AT - 3 * 365 * 24 * 60 * 60 * 1000
const EMPTY = ' '

export async function stepsOf(store: InviteStore, size: number): Promise<readonly Step[]> {
  const random = generator(size)
  const md5 = (text: string) => createHash('md5').update(text).digest('hex')
  const any = () => Math.floor(random() * size)
  const kindOf = (i: number) => (i * 7919 + 13) % 1000
  const inMain = (i: number) => Math.floor((i * 104729 + 7) / 1000) % 10 !== 0

  /** Of an invite that is shareable for ever: the only kind that is accepted again and again. */
  function sharedCode(): { readonly id: string; readonly codeHash: string } {
    for (;;) {
      const i = any()
      if (kindOf(i) >= 920 && kindOf(i) < 960 && inMain(i)) return { id: md5(`id${i}`), codeHash: md5(`code${i}`) }
    }
  }

  const make = (changes: Partial<NewInvite> = {}): NewInvite => {
    const id = randomUUID()
    const email = `${id}@example.com`
    const times = { createdAt: POPULATED_AT, termMs: 1e9, expiresAt: POPULATED_AT + 1e9 }
    return newInvite({ id, codeHash: md5(id), appId: APP, email, emailCanonical: email, ...times, ...changes })
  }
  const create = async (changes: Partial<NewInvite> = {}): Promise<InviteRecord> => {
    const made = await store.createInvite(make(changes), randomUUID())
    if (!('created' in made)) throw new Error('An address came twice.')
    return made.created
  }
  const claim = async (codeHash: string) => {
    const request = claimOf({ appId: APP, codeHash } as InviteRecord, {
      claimId: randomUUID(),
      email: address('somebody@example.com'),
      now: POPULATED_AT,
      lapsesAt: POPULATED_AT + 1e6,
    })
    if (!(await store.claim(request)).admitted) throw new Error('A claim was refused.')
    return request
  }

  async function pages(name: string, list: (after?: PagePosition) => Promise<readonly PagePosition[]>) {
    // From ever later in the list's first days, until there is a last page.
    const end = async (days = 1): Promise<PagePosition | undefined> => {
      const from = { at: START + days * 24 * 60 * 60 * 1000, id: EMPTY }
      const found = await list(from)
      if (found.length < PAGE && from.at < POPULATED_AT) return end(days * 1.3)
      let last = from
      for (let page = found; page.length === PAGE; page = await list(last)) last = page.at(-2) ?? last
      return last
    }
    const places = { first: undefined, middle: { at: (START + POPULATED_AT) / 2, id: EMPTY }, last: await end() }
    return await Promise.all(
      Object.entries(places).map(async ([place, after]): Promise<Step> => {
        return { name: `${name}: ${place} page`, rows: (await list(after)).length, run: () => list(after) }
      }),
    )
  }

  const invitePages = (name: string, statuses: readonly InviteStatus[], filter: Filter = {}) =>
    pages(name, async (after) => {
      const found = await store.listInvites({ appId: APP, statuses, ...filter, limit: PAGE, after, now: POPULATED_AT })
      return found.map(({ createdAt, id }) => ({ at: createdAt, id }))
    })

  return [
    ...(await invitePages('pending', ['pending'])),
    ...(await invitePages('expired', ['expired'])),
    ...(await invitePages('accepted', ['accepted'])),
    ...(await invitePages('revoked', ['revoked'])),
    ...(await invitePages('pending or expired', ['pending', 'expired'])),
    ...(await invitePages('accepted or revoked', ['accepted', 'revoked'])),
    ...(await invitePages('any status', inviteStatuses)),
    ...(await invitePages('an inviter of half, pending', ['pending'], { inviterId: 'big' })),
    ...(await invitePages('an inviter of half, expired', ['expired'], { inviterId: 'big' })),
    ...(await invitePages('a member of 50, any status', inviteStatuses, { inviterId: 'member-3' })),
    ...(await invitePages('a domain of half, pending', ['pending'], { domain: 'example.com' })),
    ...(await invitePages('a domain of 1 in 100, any status', inviteStatuses, { domain: 'd7.example' })),
    ...(await invitePages('q=us, of half', inviteStatuses, { emailPrefix: 'us' })),
    ...(await invitePages('q=a, of 1 in 32', inviteStatuses, { emailPrefix: 'a' })),
    ...(await invitePages('q=ab, of 1 in 512', inviteStatuses, { emailPrefix: 'ab' })),
    ...(await invitePages('q=user.ab, of 1 in 512, pending', ['pending'], { emailPrefix: 'user.ab' })),
    ...(await invitePages('q=user.abcd', inviteStatuses, { emailPrefix: 'user.abcd' })),
    ...(await pages('acceptances', async (after) => {
      const found = await store.listAcceptances({ appId: APP, limit: PAGE, after })
      return found.map(({ acceptedAt, id }) => ({ at: acceptedAt, id }))
    })),
    { name: 'check', run: () => store.lookUp({ appId: APP, codeHash: md5(`code${any()}`) }) },
    { name: 'retrieve', run: () => store.findInvite({ appId: APP, inviteId: md5(`id${any()}`) }) },
    {
      name: 'claim and release',
      prepare: async () => sharedCode(),
      async run(_round, prepared) {
        const { id, codeHash } = prepared as ReturnType<typeof sharedCode>
        const { claimId } = await claim(codeHash)
        await store.release({ claimId, inviteId: id })
      },
    },
    {
      name: 'claim and accept',
      prepare: async () => sharedCode(),
      async run(_round, prepared) {
        const { id, codeHash } = prepared as ReturnType<typeof sharedCode>
        const request = await claim(codeHash)
        const ids = { acceptanceId: randomUUID(), userId: randomUUID() }
        await store.accept(acceptOf(request, { id } as InviteRecord, ids))
      },
    },
    { name: 'create, with its mail', run: () => create() },
    {
      name: 'create for an address that has one',
      prepare: () => create(),
      run: (_round, other) => {
        const { email, emailCanonical } = other as InviteRecord
        return store.createInvite(make({ email, emailCanonical }), undefined)
      },
    },
    {
      name: 'resend',
      prepare: () => create(),
      run: (_round, invite) =>
        store.changeInvite({
          appId: APP,
          inviteId: (invite as InviteRecord).id,
          now: POPULATED_AT,
          expiresAt: POPULATED_AT + 2e9,
          deliveryId: randomUUID(),
        }),
    },
    {
      name: 'revoke',
      prepare: () => create(),
      run: (_round, invite) =>
        store.revokeInvite({ appId: APP, inviteId: (invite as InviteRecord).id, now: POPULATED_AT }),
    },
    {
      name: 'revoke all 5 of one inviter',
      async prepare(round) {
        const inviterId = `leaving-${round}`
        for (let count = 0; count < 5; count++) await create({ inviterId })
        return inviterId
      },
      run: (_round, inviterId) => store.revokeInvites({ appId: APP, inviterId: String(inviterId), now: POPULATED_AT }),
    },
    {
      name: 'lease a mail and finish it',
      prepare: () => create({ createdAt: START }), // due before all others
      async run() {
        const lease = { now: POPULATED_AT, leasedUntil: POPULATED_AT + 1e9, limit: 1 }
        const [leased] = await store.leaseDeliveries(lease)
        if (leased) await store.finishDelivery(leased.delivery, { sentAt: POPULATED_AT })
      },
    },
  ]
}
