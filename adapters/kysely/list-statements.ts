// The statements under lists, each for many rows and compiled once.
import { type RawBuilder, sql } from 'kysely'
import { prepareInserts, prepareInsertsOfNew } from './inserting.js'
import type { Logged } from './log.js'
import { prepare, prepareMany } from './operation.js'
import type { InviteRow } from './records.js'
import type { Dialect, Tables } from './schema.js'

// Those of a new invite that its row does not begin without.
const columns = {
  id: 'text',
  app_id: 'text',
  email: 'text',
  email_canonical: 'text',
  email_at: 'text',
  email_domain: 'text',
  once_per_person: 'integer',
  code_hash: 'text',
  code_sealed: 'text',
  role: 'text',
  org_id: 'text',
  inviter_id: 'text',
  inviter_email: 'text',
  inviter_name: 'text',
  message: 'text',
  locale: 'text',
  metadata: 'json',
  source: 'text',
  max_uses: 'integer',
  created_at: 'time',
  term_ms: 'long',
  expires_at: 'time',
  delivery_id: 'text',
} as const

/** A new invite of a list. */
export type ListedRow = { readonly [Name in keyof typeof columns]: InviteRow[Name] }

export function listStatements(dialect: Dialect) {
  const { db, tables } = dialect
  const raw = <Row>(query: RawBuilder<Row>) => ({ compile: () => query.compile(db) })
  const table = (name: keyof Tables) => sql.raw(dialect.quote(tables[name]))
  const invites = table('invites')

  const known = prepareMany(dialect, { id: 'text', app_id: 'text' }, (listed) =>
    raw(sql<{ id: string }>`
      select i.id from ${listed} cross join ${invites} as i where i.id = listed.id and i.app_id = listed.app_id`),
  )

  const paused = prepareMany(dialect, { app_id: 'text', inviter_id: 'text' }, (listed) =>
    raw(sql<{ app_id: string; inviter_id: string }>`
      select p.app_id, p.inviter_id from ${listed} cross join ${table('paused_inviters')} as p
      where p.app_id = listed.app_id and p.inviter_id = listed.inviter_id`),
  )

  const lock = prepareMany(dialect, { id: 'text' }, (listed) =>
    raw(
      sql`select i.id from ${listed} cross join ${invites} as i where i.id = listed.id order by i.id for update of i`,
    ),
  )

  const revokeExpired = prepareMany(dialect, { invite_id: 'text', now: 'time' }, (listed) =>
    raw(sql<Logged>`
      update ${invites} as i set revoked_at = listed.now from ${listed}
      where i.id = listed.invite_id and i.revoked_at is null and i.uses = 0 and i.expires_at <= listed.now
      returning id, app_id, inviter_id, role`),
  )

  const insert = prepareInsertsOfNew(dialect, 'invites', columns)

  const remove = prepareMany(dialect, { id: 'text' }, (listed) =>
    raw(sql`delete from ${invites} where id in (select listed.id from ${listed})`),
  )

  const mail = { id: 'text', invite_id: 'text', attempts: 'integer', next_attempt_at: 'time' } as const
  const insertMails = prepareInserts(dialect, 'deliveries', mail)

  const lastDue = prepare((_p: object) =>
    db
      .selectFrom(tables.deliveries)
      .select('next_attempt_at')
      .where('sent_at', 'is', null)
      .where('failed_at', 'is', null)
      .where('canceled_at', 'is', null)
      .where('attempts', '=', 0)
      .orderBy('next_attempt_at', 'desc')
      .limit(1),
  )

  return {
    /** Those of these invites that there are. */
    known,
    paused,
    lock,
    revokeExpired,
    /** Adds those that nothing is in the way of. */
    insert,
    insertMails,
    /** Undoes an `insert` of this transaction. */
    remove,
    lastDue,
  }
}

/** In one order, so that two that add the same people never wait for each other. */
export function byAddress({ email_canonical: one }: ListedRow, { email_canonical: other }: ListedRow): number {
  return (one ?? '') < (other ?? '') ? -1 : (one ?? '') > (other ?? '') ? 1 : 0
}
