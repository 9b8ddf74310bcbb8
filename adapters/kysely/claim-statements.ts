// The statements under claiming, each for a list of requests and compiled once.
import { type RawBuilder, sql } from 'kysely'
import { additionOf } from './inserting.js'
import { change, prepare, prepareChanges, prepareMany } from './operation.js'
import type { AcceptanceRow, InviteRow } from './records.js'
import type { DbTime, Dialect, Tables } from './schema.js'

export interface ClaimRow {
  readonly id: string
  readonly invite_id: string
  readonly email: string | null
  readonly lapses_at: DbTime
}

/** What is beside an invite, and where it is. */
export interface Around extends Pick<InviteRow, 'id' | 'app_id' | 'code_hash' | 'revoked_at'> {
  /** Who sent it, where that one's invites are paused. */
  readonly paused_inviter: string | null
  /** When the first of its holds lapses, or has lapsed. */
  readonly first_lapse: DbTime | null
}

/** The hold that a request names, if there is one, and what was recorded before. */
export interface Standing {
  readonly place: number
  readonly email: string | null
  readonly lapses_at: DbTime | null
  /** The acceptance of this very claim. */
  readonly by_claim: string | null
  /** The one of the same user. */
  readonly by_user: string | null
}

const acceptance = {
  id: 'text',
  invite_id: 'text',
  app_id: 'text',
  claim_id: 'text',
  user_id: 'text',
  email: 'text',
  role: 'text',
  org_id: 'text',
  inviter_id: 'text',
  inviter_email: 'text',
  inviter_name: 'text',
  accepted_at: 'time',
  approval: 'text',
} as const

export function claimStatements(dialect: Dialect) {
  const { db, tables } = dialect
  const raw = <Row>(query: RawBuilder<Row>) => ({ compile: () => query.compile(db) })
  const table = (name: keyof Tables) => sql.raw(dialect.quote(tables[name]))
  const invites = table('invites')
  const claims = table('claims')
  const acceptances = table('acceptances')

  // In one order, so that two never wait for each other; or without any waiting, and then without those rows.
  const locking = (waits: boolean) =>
    dialect.rowLocks ? sql.raw(`order by i.id for update of i${waits ? '' : ' skip locked'}`) : sql``

  const lockIds = (waits: boolean) =>
    prepareMany(dialect, { id: 'text' }, (listed) =>
      raw(sql<InviteRow>`
        select i.* from ${listed} cross join ${invites} as i where i.id = listed.id ${locking(waits)}`),
    )

  const lock = prepare((p: { id: string }) =>
    raw(sql<Pick<InviteRow, 'id'>>`select id from ${invites} where id = ${p.id} for update`),
  )

  // By the unique index alone, whatever app it is and whether it was revoked: the rules tell.
  const lockCodes = (waits: boolean) =>
    prepareMany(dialect, { code_hash: 'text' }, (listed) =>
      raw(sql<InviteRow>`
        select i.* from ${listed} cross join ${invites} as i
        where i.code_hash = listed.code_hash ${locking(waits)}`),
    )

  // What is beside an invite, by its code, so that it is asked for together with the lock of the row.
  const around = prepareMany(dialect, { code_hash: 'text' }, (listed) =>
    raw(sql<Around>`
      select i.id, i.app_id, i.code_hash, i.revoked_at, p.inviter_id as paused_inviter,
        (select min(c.lapses_at) from ${claims} as c where c.invite_id = i.id) as first_lapse
      from ${listed} cross join ${invites} as i
      left join ${table('paused_inviters')} as p on p.app_id = i.app_id and p.inviter_id = i.inviter_id
      where i.code_hash = listed.code_hash`),
  )

  // The 0 is no parameter: one would not match the unique index.
  const siblings = prepareMany(dialect, { invite_id: 'text', app_id: 'text', email: 'text' }, (listed) =>
    raw(sql<{ own: string; other: string }>`
      select own.id as own, other.id as other
      from ${listed} cross join ${invites} as own cross join ${invites} as other
      where own.id = listed.invite_id and own.app_id = listed.app_id and own.email_canonical is null
        and other.app_id = own.app_id and other.email_canonical = listed.email
        and coalesce(other.org_id, '') = coalesce(own.org_id, '') and other.revoked_at is null and other.uses = 0`),
  )

  const lapsed = prepareMany(dialect, { invite_id: 'text', now: 'time' }, (listed) =>
    raw(sql<ClaimRow>`
      select c.* from ${listed} cross join ${claims} as c
      where c.invite_id = listed.invite_id and c.lapses_at <= listed.now`),
  )

  const holdsOfPersons = prepareMany(dialect, { invite_id: 'text', email: 'text' }, (listed) =>
    raw(sql<ClaimRow>`
      select c.* from ${listed} cross join ${claims} as c
      where c.invite_id = listed.invite_id and c.email = listed.email`),
  )

  const usesOfPersons = prepareMany(dialect, { invite_id: 'text', email: 'text' }, (listed) =>
    raw(sql<{ invite_id: string; email: string }>`
      select a.invite_id, a.email from ${listed} cross join ${acceptances} as a
      where a.email = listed.email and a.invite_id = listed.invite_id and a.reopened_at is null`),
  )

  // How whoever names a hold stands. Acceptances are looked up one by one, by the unique index that is there for it: of a
  // join, Postgres reads all that was never reopened, until ANALYZE tells it how many those are.
  const standings = prepareMany(
    dialect,
    { place: 'integer', claim_id: 'text', invite_id: 'text', user_id: 'text' },
    (listed) =>
      raw(sql<Standing>`
        select listed.place, c.email, c.lapses_at,
          (select r.id from ${acceptances} as r where r.claim_id = listed.claim_id and r.reopened_at is null) as by_claim,
          (select r.id from ${acceptances} as r
           where r.invite_id = listed.invite_id and r.user_id = listed.user_id and r.reopened_at is null) as by_user
        from ${listed} left join ${claims} as c on c.id = listed.claim_id and c.invite_id = listed.invite_id`),
  )

  const acceptancesOf = prepareMany(dialect, { id: 'text' }, (listed) =>
    raw(sql<AcceptanceRow>`select a.* from ${listed} cross join ${acceptances} as a where a.id = listed.id`),
  )

  const paused = prepareMany(dialect, { app_id: 'text', inviter_id: 'text' }, (listed) =>
    raw(sql<{ app_id: string; inviter_id: string }>`
      select p.app_id, p.inviter_id from ${listed} cross join ${table('paused_inviters')} as p
      where p.app_id = listed.app_id and p.inviter_id = listed.inviter_id`),
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

  const write = prepareChanges(dialect, {
    counts: change(
      { id: 'text', uses: 'integer', held: 'integer' },
      {
        many: (listed) =>
          sql`update ${invites} as i set uses = listed.uses, held = listed.held from ${listed} where i.id = listed.id`,
        one: ({ id, uses, held }) => sql`update ${invites} set uses = ${uses}, held = ${held} where id = ${id}`,
      },
    ),
    removedClaims: change(
      { id: 'text' },
      {
        many: (listed) => sql`delete from ${claims} where id in (select listed.id from ${listed})`,
        one: ({ id }) => sql`delete from ${claims} where id = ${id}`,
      },
    ),
    newClaims: additionOf(dialect, 'claims', { id: 'text', invite_id: 'text', email: 'text', lapses_at: 'time' }),
    acceptances: additionOf(dialect, 'acceptances', acceptance),
  })

  const firstLapses = prepareMany(dialect, { invite_id: 'text' }, (listed) =>
    raw(sql<Pick<ClaimRow, 'invite_id' | 'lapses_at'>>`
      select c.invite_id, min(c.lapses_at) as lapses_at from ${listed} cross join ${claims} as c
      where c.invite_id = listed.invite_id group by c.invite_id`),
  )

  const byWaiting = <Statement>(make: (waits: boolean) => Statement) => {
    const [waiting, skipping] = [make(true), make(false)]
    return (waits: boolean) => (waits ? waiting : skipping)
  }

  return {
    lock,
    lockIds: byWaiting(lockIds),
    lockCodes: byWaiting(lockCodes),
    around,
    siblings,
    lapsed,
    holdsOfPersons,
    usesOfPersons,
    standings,
    acceptancesOf,
    paused,
    seatsTaken,
    write,
    firstLapses,
  }
}

export type ClaimStatements = ReturnType<typeof claimStatements>
