// How many invites each inviter may send: taken from under a lock of the inviter's own, given back and refilled as time
// goes by, whenever it is looked at.
import { balanceAt } from '../../src/quotas.js'
import type { InviteStore, QuotaBalance, QuotaKey, QuotaState } from '../../src/store.js'
import type { QuotaRule } from '../../src/types.js'
import { balanceOf, joinedGrants, more, owing, type QuotaRow } from './joined-grants.js'
import type { LogOperations } from './log.js'
import { type Operation, prepare } from './operation.js'
import type { DbTime, Dialect } from './schema.js'
import type { SettingsOperations } from './settings.js'

type Request<Name extends 'getQuota' | 'setQuota' | 'grantQuota'> = Parameters<InviteStore[Name]>[0]

export interface QuotaOperations {
  getQuota(request: Request<'getQuota'>): Operation<QuotaState>
  setQuota(request: Request<'setQuota'>): Operation<QuotaState>
  grantQuota(request: Request<'grantQuota'>): Operation<number>
  /**
   * Takes `uses` from a quota (`null`: any number), if so many are left, and says how it stands then. Locks the quota;
   * the locks of invites come after it.
   */
  take(request: QuotaKey & { readonly uses: number | null; readonly now: number }): Operation<{
    readonly taken: boolean
    readonly state: QuotaState
  }>
  /** Undoes a `take` of the same transaction. */
  putBack(request: { readonly appId: string; readonly inviterId: string; readonly uses: number }): Operation<void>
}

export function quotaOperations(
  dialect: Dialect,
  { settings, log }: { settings: SettingsOperations; log: LogOperations },
): QuotaOperations {
  const { db, tables } = dialect
  const joined = joinedGrants(dialect)
  const columns = ['uses_left', 'refilled_at'] as const

  const read = prepare((p: { appId: string; inviterId: string }) =>
    db.selectFrom(tables.quotas).select(columns).where('app_id', '=', p.appId).where('inviter_id', '=', p.inviterId),
  )

  // An upsert that changes nothing locks the row, and makes it where there is none.
  const lock = prepare((p: { appId: string; inviterId: string; left: number | null; now: DbTime }) =>
    db
      .insertInto(tables.quotas)
      .values({ app_id: p.appId, inviter_id: p.inviterId, uses_left: p.left, refilled_at: p.now })
      .onConflict((conflict) =>
        conflict.columns(['app_id', 'inviter_id']).doUpdateSet((eb) => ({ app_id: eb.ref('excluded.app_id') })),
      )
      .returning(columns),
  )

  const write = prepare((p: { appId: string; inviterId: string; left: number | null; refilledAt: DbTime }) =>
    db
      .updateTable(tables.quotas)
      .set({ uses_left: p.left, refilled_at: p.refilledAt })
      .where('app_id', '=', p.appId)
      .where('inviter_id', '=', p.inviterId),
  )

  const raise = prepare((p: { appId: string; inviterId: string; by: number }) =>
    db
      .updateTable(tables.quotas)
      .set((eb) => ({ uses_left: eb('uses_left', '+', p.by) }))
      .where('app_id', '=', p.appId)
      .where('inviter_id', '=', p.inviterId),
  )

  const { expiredOf, unused } = owing

  const giveBack = prepare((p: { appId: string; inviterId: string; now: DbTime }) =>
    db
      .updateTable(tables.invites)
      .set({ quota_cost: 0, quota_back: unused })
      .where('app_id', '=', p.appId)
      .where('inviter_id', '=', p.inviterId)
      .where(expiredOf(p.now))
      .returning('quota_back'),
  )

  const owed = prepare((p: { appId: string; inviterId: string; now: DbTime }) =>
    db
      .selectFrom(tables.invites)
      .select(unused.as('quota_back'))
      .where('app_id', '=', p.appId)
      .where('inviter_id', '=', p.inviterId)
      .where(expiredOf(p.now)),
  )

  const toBalance = (row: QuotaRow | undefined) => row && balanceOf(dialect, row)

  const sum = (rows: readonly { readonly quota_back: number }[]) =>
    rows.reduce((total, row) => total + row.quota_back, 0)

  function* ruleOf({ appId, defaultQuota }: { appId: string; defaultQuota: QuotaRule }): Operation<QuotaRule> {
    return (yield* settings.getSettings(appId)).quota ?? defaultQuota
  }

  function* getQuota({ now, ...key }: Request<'getQuota'>): Operation<QuotaState> {
    const rule = yield* ruleOf(key)
    const balance = balanceAt(toBalance((yield* read(key))[0]), rule, now)
    const back = rule.giveBack ? sum(yield* owed({ ...key, now: dialect.encodeTime(now) })) : 0
    return { ...more(balance, back), rule }
  }

  /** The quota, locked, with all that time has added to it. */
  function* locked(key: QuotaKey, now: number): Operation<QuotaState> {
    const rule = yield* ruleOf(key)
    const at = dialect.encodeTime(now)
    const [row] = yield* lock({ ...key, left: rule.start, now: at })
    const balance = balanceAt(toBalance(row), rule, now)
    return { ...more(balance, rule.giveBack ? sum(yield* giveBack({ ...key, now: at })) : 0), rule }
  }

  function* put(key: QuotaKey, { left, refilledAt }: QuotaBalance): Operation<void> {
    yield* write({ ...key, left, refilledAt: dialect.encodeTime(refilledAt) })
  }

  function* take({ uses, now, ...key }: Parameters<QuotaOperations['take']>[0]) {
    const state = yield* locked(key, now)
    const taken = state.left === null || (uses !== null && uses <= state.left)
    const left = taken && state.left !== null && uses !== null ? state.left - uses : state.left
    yield* put(key, { ...state, left })
    return { taken, state: { ...state, left } }
  }

  function* setQuota({ left, now, note, ...key }: Request<'setQuota'>): Operation<QuotaState> {
    const { rule } = yield* locked(key, now)
    yield* put(key, { left, refilledAt: now })
    yield* log.logChange(note, { ...key, now })
    return { left, refilledAt: now, rule }
  }

  function* grantQuota({ appId, add, to, defaultQuota, now, note }: Request<'grantQuota'>): Operation<number> {
    yield* log.logChange(note, { appId, now })
    if ('inviterId' in to) {
      const key = { appId, inviterId: to.inviterId, defaultQuota }
      const state = yield* locked(key, now)
      yield* put(key, more(state, add))
      return 1
    }
    const rule = yield* ruleOf({ appId, defaultQuota })
    const time = { from: dialect.encodeTime(to.joinedFrom), until: dialect.encodeTime(to.joinedUntil) }
    return yield* joined.grant({ appId, ...time }, { add, rule, now })
  }

  return {
    getQuota,
    setQuota,
    grantQuota,
    take,
    *putBack({ appId, inviterId, uses }) {
      yield* raise({ appId, inviterId, by: uses })
    },
  }
}
