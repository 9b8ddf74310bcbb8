// The statements of the plain way: each judges, changes and tells, for a list of requests at once.
//
// What is judged is what the statement sees, and a row that was changed since is not the one in its view any more: that,
// and one that another transaction has locked, is left to the rules. So whatever changes the holds of an invite must write
// its row too.
//
// Each row is looked up by itself, in a subquery that nothing can be joined to, and by one index: what another index begins
// with, or is limited to, stands in `is true`. So a plan that is kept is good when the tables have grown.
import { type RawBuilder, sql } from 'kysely'
import { prepareMany, raw } from './operation.js'
import type { AcceptanceRow, InviteRow } from './records.js'
import type { Dialect, Tables } from './schema.js'

/** What became of a claim: of its invite, as it was before. Without an `id`, nothing was done. */
export type PlainClaim = { readonly place: number; readonly is_unknown: 0 | 1 } & (InviteRow | { readonly id: null })

export interface PlainRelease {
  readonly place: number
  readonly was_freed: 0 | 1
  /** Whether there is such a hold. */
  readonly is_held: 0 | 1
}

export function plainStatements(dialect: Dialect) {
  const table = (name: keyof Tables) => sql.raw(dialect.quote(dialect.tables[name]))
  const invites = table('invites')
  const claims = table('claims')
  const acceptances = table('acceptances')

  const isAsSeen = sql`(select true from ${invites} as seen where seen.ctid = i.ctid)`
  const lock = (...rows: readonly string[]) => sql`for update of ${sql.raw(rows.join(', '))} skip locked`

  /** Changes the invites of `free` by how many requests each has there. */
  const count = (change: RawBuilder<unknown>) => sql`
    update ${invites} as i set ${change}
    from (select free.id, count(*) as n from free where free.id is not null group by free.id) as taken
    where i.id = taken.id and i.id = any (array(select free.id from free))`

  const ended = (id: RawBuilder<unknown>) => sql`delete from ${claims} where id = any (array(${id}))`

  const claim = prepareMany(
    dialect,
    {
      place: 'integer',
      claim: 'text',
      app: 'text',
      code: 'text',
      address: 'text',
      domain: 'text',
      is_without: 'integer',
      nth: 'integer',
      now: 'time',
      until: 'time',
    },
    (listed) =>
      raw<PlainClaim>(
        dialect,
        sql`
        with asked as materialized (
          select listed.*, (
            select s.mode = 'closed' or s.next_mode = 'closed' or s.limits ->> 'seats' is not null
            from ${table('settings')} as s where s.app_id = listed.app
          ) is not true as is_open
          from ${listed}
        ), free as materialized (
          select asked.place, asked.claim, asked.address, asked.until, i.*, (i.id is null and asked.is_open and (
            select true from ${invites} as known
            where known.code_hash = asked.code and (known.app_id = asked.app and known.revoked_at is null) is true
          ) is null)::integer as is_unknown
          from asked left join lateral (
            select i.* from ${invites} as i
            where asked.is_open and i.code_hash = asked.code and (i.app_id = asked.app) is true and i.revoked_at is null
              and (i.max_uses is null or i.uses + i.held + asked.nth <= i.max_uses)
              and (i.expires_at is null or i.expires_at > asked.now)
              and (i.email_canonical is null or i.email_canonical = asked.address
                or (asked.address is null and asked.is_without = 1))
              and (i.email_domain is null or i.email_domain = asked.domain)
              and i.once_per_person = 0
              and (i.held = 0 or (
                select true from ${claims} as c where c.invite_id = i.id and c.lapses_at <= asked.now limit 1
              ) is null)
              and not exists (
                select from ${table('paused_inviters')} as p where p.app_id = i.app_id and p.inviter_id = i.inviter_id
              )
              and ${isAsSeen} ${lock('i')}
          ) as i on true
        ), counted as (${count(sql`held = i.held + taken.n`)}), held as (
          insert into ${claims} (id, invite_id, email, lapses_at)
          select free.claim, free.id, free.address, free.until from free where free.id is not null
        )
        select * from free`,
      ),
  )

  const accept = prepareMany(
    dialect,
    {
      acceptance: 'text',
      claim: 'text',
      invite: 'text',
      app: 'text',
      user_id: 'text',
      address: 'text',
      approval: 'text',
      now: 'time',
    },
    (listed) =>
      raw<AcceptanceRow>(
        dialect,
        sql`
        with asked as materialized (select listed.* from ${listed}), free as materialized (
          select asked.*, i.* from asked cross join lateral (
            select i.id, i.app_id, coalesce(i.email_canonical, c.email, asked.address) as email, i.role, i.org_id,
              i.inviter_id, i.inviter_email, i.inviter_name
            from ${invites} as i cross join ${claims} as c
            where i.id = asked.invite and (i.app_id = asked.app) is true
              and c.id = asked.claim and (c.invite_id = asked.invite and c.lapses_at > asked.now) is true
              and not exists (
                select from ${acceptances} as a
                where a.user_id = asked.user_id and (a.invite_id = asked.invite and a.reopened_at is null) is true
              )
              and (i.delivery_id is null or not exists (
                select from ${table('deliveries')} as d
                where d.invite_id = asked.invite and coalesce(d.sent_at, d.failed_at, d.canceled_at) is null
              ))
              and ${isAsSeen} ${lock('i', 'c')}
          ) as i
        ), counted as (${count(sql`uses = i.uses + taken.n, held = i.held - taken.n`)}), ended as (
          ${ended(sql`select free.claim from free`)}
        )
        insert into ${acceptances} (id, invite_id, app_id, claim_id, user_id, email, role, org_id, inviter_id,
          inviter_email, inviter_name, accepted_at, approval)
        select free.acceptance, free.id, free.app_id, free.claim, free.user_id, free.email, free.role, free.org_id,
          free.inviter_id, free.inviter_email, free.inviter_name, free.now, free.approval
        from free
        returning *`,
      ),
  )

  const release = prepareMany(dialect, { place: 'integer', claim: 'text', invite: 'text' }, (listed) =>
    raw<PlainRelease>(
      dialect,
      sql`
      with asked as materialized (
        select listed.*, (
          select true from ${claims} as c where c.id = listed.claim and (c.invite_id = listed.invite) is true
        ) is true as is_held
        from ${listed}
      ), free as materialized (
        select asked.*, i.id from asked left join lateral (
          select i.id from ${invites} as i cross join ${claims} as c
          where asked.is_held and i.id = asked.invite and c.id = asked.claim and ${isAsSeen} ${lock('i', 'c')}
        ) as i on true
      ), counted as (${count(sql`held = i.held - taken.n`)}), ended as (
        ${ended(sql`select free.claim from free where free.id is not null`)}
      )
      select free.place, free.is_held::integer as is_held, (free.id is not null)::integer as was_freed from free`,
    ),
  )

  return { claim, accept, release }
}
