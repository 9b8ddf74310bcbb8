// Random sequences of everything that can happen to invites, on each store, held against a model of a few rules.
import { expect } from 'chai'
import fc from 'fast-check'
import { type Claim, InviteError, type InviteStore, type Invites } from '../../src/index.js'
import { memoryStore } from '../adapters/memory/store.js'
import { databases, type Ledger } from '../support/databases.js'
import { openHost } from '../support/host.js'
import { Model, type ModelClaim, type ModelInvite } from './model.js'

const CLAIM_TTL_MS = 1000
const TERM_MS = 2000

// The same sequences each time; `MODEL_SEED=1 MODEL_RUNS=500 npx mocha test/model` tries others, or one that failed.
const SEED = Number(process.env.MODEL_SEED ?? 20261121)

const terms = fc.constantFrom(TERM_MS, 10 * TERM_MS, null)
const addresses = fc.constantFrom(null, null, 'ada', 'bob')
const asserted = fc.constantFrom(null, null, null, 'ada', 'bob') // by a provider; else the code alone counts
const which = fc.nat({ max: 20 })

const weighted = <Value>(weight: number, arbitrary: fc.Arbitrary<Value>) => ({ weight, arbitrary })
const does = <const Name extends string>(name: Name) => fc.constant(name)
const uses = fc.constantFrom(1, 1, 2, 3, null)
const pauses = fc.constantFrom(1, CLAIM_TTL_MS - 1, CLAIM_TTL_MS, TERM_MS)
const modes = fc.constantFrom('closed', 'invite-only', 'open')

const step = fc.oneof(
  weighted(3, fc.record({ does: does('send'), email: addresses, maxUses: uses, termMs: terms })),
  weighted(8, fc.record({ does: does('claim'), which, user: fc.nat({ max: 5 }), email: asserted })),
  weighted(5, fc.record({ does: does('accept'), which })),
  weighted(2, fc.record({ does: does('release'), which })),
  weighted(1, fc.record({ does: does('revoke'), which })),
  weighted(1, fc.record({ does: does('resend'), which, rotate: fc.boolean() })),
  weighted(1, fc.record({ does: does('update'), which, termMs: terms })),
  weighted(2, fc.record({ does: does('reopen'), which })),
  weighted(3, fc.record({ does: does('wait'), ms: pauses })),
  weighted(1, fc.record({ does: does('switch'), mode: modes })),
)
type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never

interface Issued {
  readonly inviteId: string
  inviteCode: string
}

/** The real thing, and what it has handed out, in the order of the model's. */
interface World {
  readonly invites: Invites
  advance(ms: number): void
  readonly run: number
  readonly issued: Issued[]
  readonly claims: { readonly claim: Claim; readonly userId: string; acceptanceId?: string }[]
}

const pick = <Item>(items: readonly Item[], index: number): [Item, number] | undefined => {
  const at = index % Math.max(items.length, 1)
  const item = items[at]
  return item === undefined ? undefined : [item, at]
}

const said = (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    (value) => (typeof value === 'boolean' ? String(value) : 'ok'),
    (error: unknown) => {
      if (error instanceof InviteError) return error.code
      throw error
    },
  )

/** Does one step in the world and in the model; returns what each said. */
async function take(step: Step, world: World, model: Model): Promise<readonly [actual: string, expected: string]> {
  const { invites, issued, claims, run } = world
  const addressOf = (name: string | null) => name && `${name}-${run}@example.com`
  const onInvite = async (
    index: number,
    act: (real: Issued) => Promise<string>,
    modeled: (i: ModelInvite) => string,
  ) => {
    const [real, at] = pick(issued, index) ?? []
    const invite = model.invites[at ?? -1]
    return real && invite ? ([await act(real), modeled(invite)] as const) : (['', ''] as const)
  }
  const onClaim = async (
    index: number,
    act: (real: World['claims'][number]) => Promise<string>,
    modeled: (claim: ModelClaim) => string,
  ) => {
    const [real, at] = pick(claims, index) ?? []
    const claim = model.claims[at ?? -1]
    return real && claim ? ([await act(real), modeled(claim)] as const) : (['', ''] as const)
  }

  switch (step.does) {
    case 'send': {
      const email = addressOf(step.email)
      const maxUses = email === null ? step.maxUses : 1
      const sending = invites.send({ email, maxUses, expiresInMs: step.termMs })
      const actual = await said(
        sending.then(({ inviteId, inviteCode }) => issued.push({ inviteId, inviteCode: inviteCode ?? '' })),
      )
      return [actual, model.send(email, maxUses, step.termMs)]
    }
    case 'claim': {
      const userId = `user${step.user}`
      const email = addressOf(step.email)
      const whose = { email: email ?? (false as const), emailAsserted: email !== null }
      return onInvite(
        step.which,
        ({ inviteCode }) =>
          said(invites.claim({ inviteCode, ...whose }).then((claim) => claims.push({ claim, userId }))),
        (invite) => model.claim(invite, userId, email),
      )
    }
    case 'accept':
      return onClaim(
        step.which,
        (real) =>
          said(
            real.claim.accept({ userId: real.userId }).then(({ acceptanceId }) => {
              real.acceptanceId = acceptanceId
            }),
          ),
        (claim) => model.accept(claim),
      )
    case 'release':
      return onClaim(
        step.which,
        ({ claim }) => said(claim.release().then(() => undefined)),
        (claim) => model.release(claim),
      )
    case 'revoke':
      return onInvite(
        step.which,
        ({ inviteId }) => said(invites.revoke(inviteId)),
        (invite) => model.revoke(invite),
      )
    case 'resend':
      return onInvite(
        step.which,
        (real) =>
          said(
            invites.resend(real.inviteId, { rotate: step.rotate }).then(({ inviteCode }) => {
              real.inviteCode = inviteCode ?? ''
            }),
          ),
        (invite) => model.extend(invite, invite.termMs),
      )
    case 'update':
      return onInvite(
        step.which,
        ({ inviteId }) => said(invites.update(inviteId, { expiresInMs: step.termMs })),
        (invite) => model.update(invite, step.termMs),
      )
    case 'reopen':
      return onClaim(
        step.which,
        ({ acceptanceId }) => (acceptanceId === undefined ? Promise.resolve('ok') : said(invites.reopen(acceptanceId))),
        (claim) => model.reopen(claim),
      )
    case 'wait':
      world.advance(step.ms)
      model.now += step.ms
      return ['', '']
    case 'switch':
      model.mode = step.mode
      return [await said(invites.settings({ mode: step.mode })), 'ok']
  }
}

type Opened = { readonly store: InviteStore; readonly ledger?: Ledger }
const stores: Readonly<Record<string, { readonly runs: number; open(): Promise<Opened> }>> = {
  'in memory': { runs: 200, open: async () => ({ store: memoryStore() }) },
  SQLite: { runs: 75, open: () => databases.SQLite() },
  'SQLite without groups': { runs: 75, open: () => databases.SQLite(1) },
  Postgres: { runs: 25, open: () => databases.Postgres() },
  'Postgres without groups': { runs: 25, open: () => databases.Postgres(1) },
}

describe('any sequence of steps', () => {
  for (const [name, { runs, open }] of Object.entries(stores)) {
    const numRuns = Number(process.env.MODEL_RUNS ?? runs)

    it(`does on ${name} what the model says: ${numRuns} sequences from seed ${SEED}`, async function () {
      this.timeout(Math.max(60_000, numRuns * 500))
      const { store, ledger } = await open()
      const { invites, clock } = await openHost({ invites: { store, claimTtlMs: CLAIM_TTL_MS } })
      let run = 0
      const sequence = fc.asyncProperty(
        fc.array(step, { minLength: 20, maxLength: 60, size: 'max' }),
        async (steps) => {
          const world: World = { invites, advance: clock.advance, run: ++run, issued: [], claims: [] }
          const model = new Model(clock(), CLAIM_TTL_MS)
          await invites.settings({ mode: model.mode })
          for (const each of steps) {
            const [actual, expected] = await take(each, world, model)
            expect(actual, JSON.stringify(each)).to.equal(expected)
          }
          for (const [index, { inviteId }] of world.issued.entries()) {
            const invite = model.invites[index] as ModelInvite
            const record = await store.findInvite({ appId: 'default', inviteId })
            expect(record).to.include({ uses: invite.uses, expiresAt: invite.expiresAt })
            expect(record?.revokedAt !== null, 'revoked').to.equal(invite.revoked)
            expect(record?.held, 'lapsed ones too, until the next claim').to.be.at.least(model.held(invite))
            if (ledger) expect((await ledger.uses(inviteId)).claims).to.equal(record?.held)
          }
        },
      )
      await fc.assert(sequence, { seed: SEED, numRuns })
    })
  }
})
