// A database as it is after years: invites and acceptances by the million, made by one text of SQL for both databases.
import { createHash } from 'node:crypto'
import Database from 'better-sqlite3'
import type pg from 'pg'

/** What runs SQL, and how it is spelled there. */
interface Sql {
  run(text: string): Promise<unknown>
  /** A column's value of milliseconds since 1970. */
  time(milliseconds: string): string
  readonly schema: string
}

export const POPULATED_AT = Date.UTC(2026, 0, 1)
const DAY_MS = 24 * 60 * 60 * 1000
const YEARS_MS = 3 * 365 * DAY_MS
const TERM_MS = 14 * DAY_MS
const CHUNK = 50_000

/**
 * Adds `size` invites (a multiple of 1,000) and as many acceptances, evenly over three years: of every 1,000, 720
 * accepted, 80 revoked, 120 with a term of 14 days (so nearly all expired), 40 shareable for ever, 40 with a long term.
 * A tenth is of the app `clinic`, the rest of `main`; half of them from the inviter `big`, the others from members with
 * 50 each, and the log says that they made them; half of the addresses are user.…@example.com, the others begin in 16 ways and are at 50 other domains.
 */
async function populate({ run, time, schema }: Sql, size: number): Promise<void> {
  const table = (name: string) => `${schema}invite_only_${name}`
  const step = YEARS_MS / size
  const start = POPULATED_AT - YEARS_MS
  for (let from = 0; from < size; from += CHUNK) {
    const n = `with recursive n(i) as (
        select cast(${from} as bigint) union all select i + 1 from n where i + 1 < ${Math.min(from + CHUNK, size)}
      ), made as (
        select i, (i * 7919 + 13) % 1000 as kind, ((i * 104729 + 7) / 1000) % 1000 as who,
          cast(${start} + i * ${step} as bigint) as at, md5('id' || i) as id from n
      )`
    await run(`${n} insert into ${table('invites')} (id, app_id, email, email_canonical, email_at, code_hash, code_sealed,
        org_id, inviter_id, max_uses, uses, created_at, term_ms, expires_at, revoked_at, delivery_id)
      select id, case when who % 10 = 0 then 'clinic' else 'main' end, email, email,
        case when email is not null then domain end, md5('code' || i), 'sealed:' || id,
        case when i % 3 = 0 then 'org-' || i % 100 end,
        case when who < 500 then 'big' else 'member-' || i % ${size / 50} end,
        case when shared then null else 1 end,
        case when kind < 720 then 1 when shared then 7 else 0 end,
        ${time('at')}, case when shared then null else ${TERM_MS} end,
        case when shared then null when kind >= 960 then ${time(`at + ${2 * YEARS_MS}`)} else ${time(`at + ${TERM_MS}`)} end,
        case when kind between 720 and 799 then ${time('at + 60000')} end,
        case when email is not null then 'mail-' || id end
      from (select *, kind between 920 and 959 as shared,
        case when kind between 920 and 959 or i % 4 = 0 then null else case when i % 2 = 0 then 'user.' else '' end || md5('a' || i) || '@' || domain end as email
        from (select *, case when i % 2 = 0 then 'example.com' else 'd' || i % 100 || '.example' end as domain from made) as d) as e`)
    await run(`${n} insert into ${table('acceptances')} (id, invite_id, app_id, claim_id, user_id, inviter_id, accepted_at)
      select md5('acc' || i || '.' || copy), id, case when who % 10 = 0 then 'clinic' else 'main' end,
        md5('claim' || i || '.' || copy), 'user-' || i || '.' || copy,
        case when who < 500 then 'big' else 'member-' || i % ${size / 50} end, ${time('at + 3600000')}
      from made join (select 0 as copy union all select 1 union all select 2 union all select 3 union all select 4
          union all select 5 union all select 6) as copies
        on (kind < 720 and copy = 0) or kind between 920 and 959`)
    await run(`${n} insert into ${table('log')} (id, app_id, at, actor_kind, actor_id, action, invite_id, inviter_id)
      select md5('log' || i), case when who % 10 = 0 then 'clinic' else 'main' end, ${time('at')}, 'member',
        case when who < 500 then 'big' else 'member-' || i % ${size / 50} end, 'invite.create', id,
        case when who < 500 then 'big' else 'member-' || i % ${size / 50} end
      from made`)
    await run(`${n} insert into ${table('deliveries')} (id, invite_id, attempts, next_attempt_at, sent_at)
      select 'mail-' || id, id, 1, ${time('at')}, ${time('at + 1000')} from made
      where i % 4 <> 0 and not kind between 920 and 959`)
  }
}

export async function populateSqlite(file: string, size: number): Promise<void> {
  const db = new Database(file)
  db.pragma('synchronous = off')
  db.pragma('cache_size = -1000000')
  db.function('md5', { deterministic: true }, (text) => createHash('md5').update(String(text)).digest('hex'))
  db.exec('begin')
  await populate({ run: async (text) => db.exec(text), time: (ms) => ms, schema: '' }, size)
  db.exec('commit')
  db.pragma('wal_checkpoint(truncate)')
  db.close()
}

export async function populatePostgres(pool: pg.Pool, schema: string, size: number): Promise<void> {
  const sql = {
    run: (text: string) => pool.query(text),
    time: (ms: string) => `to_timestamp((${ms}) / 1000.0)`,
    schema: `${schema}.`,
  }
  await populate(sql, size)
  for (const name of ['invites', 'acceptances', 'deliveries', 'claims', 'log'])
    await pool.query(`vacuum analyze ${schema}.invite_only_${name}`)
}
