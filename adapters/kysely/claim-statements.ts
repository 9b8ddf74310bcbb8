// The statements under the rules of claiming, each compiled once.
import { type SqlBool, sql } from 'kysely'
import { prepare } from './operation.js'
import { isNotPaused } from './pausing.js'
import type { AcceptanceRow } from './records.js'
import type { DbTime, Dialect } from './schema.js'

export function claimStatements(dialect: Dialect) {
  const { db, tables } = dialect

  const unrevoked = (p: { appId: string; codeHash: string }) =>
    db
      .selectFrom(tables.invites)
      .where('app_id', '=', p.appId)
      .where('code_hash', '=', p.codeHash)
      .where('revoked_at', 'is', null)

  const clearLapsedByCode = prepare((p: { appId: string; codeHash: string; now: DbTime }) =>
    db
      .deleteFrom(tables.claims)
      .where('invite_id', 'in', unrevoked(p).select('id'))
      .where('lapses_at', '<=', p.now)
      .returning('invite_id'),
  )

  const clearLapsedById = prepare((p: { inviteId: string; now: DbTime }) =>
    db
      .deleteFrom(tables.claims)
      .where('invite_id', '=', p.inviteId)
      .where('lapses_at', '<=', p.now)
      .returning('invite_id'),
  )

  const lowerHeld = prepare((p: { inviteId: string; by: number }) =>
    db
      .updateTable(tables.invites)
      .set((eb) => ({ held: eb('held', '-', p.by) }))
      .where('id', '=', p.inviteId),
  )

  const unexpired = (now: DbTime) => sql<SqlBool>`(expires_at is null or expires_at > ${now})`
  const hasUseLeft = (lapsed: number) => sql<SqlBool>`(max_uses is null or uses + held - ${lapsed} < max_uses)`

  /** Whether this address neither has used an invite nor holds a use of it; none given is as good as used. */
  const isFirstOf = (p: { email: string | null; now: DbTime }) => {
    const own = sql.ref(`${tables.invites}.id`)
    const used = db
      .selectFrom(`${tables.acceptances} as used`)
      .select('used.id')
      .where('used.email', '=', p.email)
      .where(sql<SqlBool>`used.invite_id = ${own}`)
      .where('used.reopened_at', 'is', null)
    const held = db
      .selectFrom(`${tables.claims} as other`)
      .select('other.id')
      .where(sql<SqlBool>`other.invite_id = ${own}`)
      .where('other.lapses_at', '>', p.now)
      .where('other.email', '=', p.email)
    return sql<SqlBool>`(once_per_person = 0 or (cast(${p.email} as text) is not null and not exists ${used} and not exists ${held}))`
  }

  const hold = prepare(
    (p: {
      appId: string
      codeHash: string
      now: DbTime
      lapsed: number
      email: string | null
      domain: string | null
      withoutEmail: number
    }) =>
      db
        .updateTable(tables.invites)
        .set((eb) => ({ held: eb(eb('held', '-', p.lapsed), '+', 1) }))
        .where('app_id', '=', p.appId)
        .where('code_hash', '=', p.codeHash)
        .where('revoked_at', 'is', null)
        .where(unexpired(p.now))
        .where(hasUseLeft(p.lapsed))
        .where(sql<SqlBool>`(email_canonical is null or email_canonical = ${p.email} or ${p.withoutEmail} = 1)`)
        .where(sql<SqlBool>`(email_domain is null or email_domain = ${p.domain})`)
        .where(isNotPaused(dialect))
        .where(isFirstOf(p))
        .returningAll(),
  )

  const hasUsed = prepare((p: { inviteId: string; email: string }) =>
    db
      .selectFrom(tables.acceptances)
      .select('id')
      .where('email', '=', p.email)
      .where('invite_id', '=', p.inviteId)
      .where('reopened_at', 'is', null)
      .limit(1),
  )

  const insertClaim = prepare((p: { id: string; inviteId: string; email: string | null; lapsesAt: DbTime }) =>
    db.insertInto(tables.claims).values({ id: p.id, invite_id: p.inviteId, email: p.email, lapses_at: p.lapsesAt }),
  )

  const firstLapse = prepare((p: { inviteId: string }) =>
    db.selectFrom(tables.claims).select('lapses_at').where('invite_id', '=', p.inviteId).orderBy('lapses_at').limit(1),
  )

  // One statement, so that a hold that is being accepted meanwhile is counted once. No more are counted than there are
  // seats.
  const seatsTaken = prepare((p: { appId: string; now: DbTime; seats: number }) =>
    db.selectNoFrom([
      db
        .selectFrom(
          db
            .selectFrom(tables.acceptances)
            .select('id')
            .where('app_id', '=', p.appId)
            .where('reopened_at', 'is', null)
            .limit(p.seats)
            .as('joined'),
        )
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .as('accepted'),
      db
        .selectFrom(tables.claims)
        .innerJoin(tables.invites, `${tables.invites}.id`, `${tables.claims}.invite_id`)
        .where('app_id', '=', p.appId)
        .where('lapses_at', '>', p.now)
        .select((eb) => eb.fn.countAll<number>().as('count'))
        .as('held'),
    ]),
  )

  const removeClaim = prepare((p: { claimId: string; inviteId: string }) =>
    db.deleteFrom(tables.claims).where('id', '=', p.claimId).where('invite_id', '=', p.inviteId).returningAll(),
  )

  // Two selects, because SQLite reads the whole table for an OR over partial indexes.
  const findAcceptance = prepare((p: { claimId: string; inviteId: string; userId: string | null }) => {
    const counted = db.selectFrom(tables.acceptances).selectAll().where('reopened_at', 'is', null)
    return counted
      .where('claim_id', '=', p.claimId)
      .unionAll(counted.where('invite_id', '=', p.inviteId).where('user_id', '=', p.userId))
  })

  const useHeld = prepare((p: { inviteId: string; appId: string }) =>
    db
      .updateTable(tables.invites)
      .set((eb) => ({ held: eb('held', '-', 1), uses: eb('uses', '+', 1) }))
      .where('id', '=', p.inviteId)
      .where('app_id', '=', p.appId)
      .returningAll(),
  )

  const useFree = prepare((p: { inviteId: string; appId: string; email: string | null; now: DbTime; lapsed: number }) =>
    db
      .updateTable(tables.invites)
      .set((eb) => ({ held: eb('held', '-', p.lapsed), uses: eb('uses', '+', 1) }))
      .where('id', '=', p.inviteId)
      .where('app_id', '=', p.appId)
      .where('revoked_at', 'is', null)
      .where(unexpired(p.now))
      .where(hasUseLeft(p.lapsed))
      .where(isNotPaused(dialect))
      .where(isFirstOf(p))
      .returningAll(),
  )

  const insertAcceptance = prepare((p: AcceptanceRow) =>
    db.insertInto(tables.acceptances).values({
      id: p.id,
      invite_id: p.invite_id,
      app_id: p.app_id,
      claim_id: p.claim_id,
      user_id: p.user_id,
      email: p.email,
      role: p.role,
      org_id: p.org_id,
      inviter_id: p.inviter_id,
      inviter_email: p.inviter_email,
      inviter_name: p.inviter_name,
      accepted_at: p.accepted_at,
      reopened_at: p.reopened_at,
      approval: p.approval,
      decided_at: p.decided_at,
    }),
  )

  return {
    clearLapsedByCode,
    clearLapsedById,
    lowerHeld,
    hold,
    hasUsed,
    insertClaim,
    firstLapse,
    seatsTaken,
    removeClaim,
    findAcceptance,
    useHeld,
    useFree,
    insertAcceptance,
  }
}
