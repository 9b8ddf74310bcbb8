// The schema, as numbered steps that are only ever added to.
import { CompiledQuery } from 'kysely'
import { all, type Operation } from './operation.js'
import type { Dialect } from './schema.js'
import { INITIAL, STATE } from './states.js'

const steps: readonly ((dialect: Dialect) => readonly string[])[] = [
  createTables,
  createKeyedRequests,
  indexByState,
  addLimits,
]

function createMigrations({ quote, tables }: Dialect): string {
  return `create table ${quote(tables.migrations)} (version integer primary key)`
}

/** The statements that make the tables of a database that has none, and note that they were made. */
export function migrationStatements(dialect: Dialect): readonly string[] {
  const { quote, tables } = dialect
  return [
    createMigrations(dialect),
    ...steps.flatMap((step, index) => [
      ...step(dialect),
      `insert into ${quote(tables.migrations)} (version) values (${index + 1})`,
    ]),
  ]
}

/** Runs the steps that this database has not had. Must run in one transaction that nobody else migrates in. */
export function* migrate(dialect: Dialect): Operation<void> {
  const { db, tables } = dialect
  // Asked first: `if not exists` needs the right to make one even where there is one.
  const [known] = yield dialect.findTable(tables.migrations)
  if (known === undefined) yield CompiledQuery.raw(createMigrations(dialect))
  const done = yield* all(db.selectFrom(tables.migrations).select('version'))
  const version = Math.max(0, ...done.map((row) => row.version))
  if (version > steps.length) {
    throw new Error(
      `The invite tables (${tables.invites}, …) have schema version ${version}, and this express-invite-only knows ` +
        `versions up to ${steps.length}: a newer release has migrated this database. Update express-invite-only.`,
    )
  }
  for (const [index, statements] of steps.entries()) {
    if (index < version) continue
    for (const statement of statements(dialect)) yield CompiledQuery.raw(statement)
    yield* all(db.insertInto(tables.migrations).values({ version: index + 1 }))
  }
}

// The checks are the last line: they hold even against a wrong statement, or a hand at the SQL prompt.
function createTables({
  tables,
  quote,
  textType: text,
  timeType: time,
  longType: long,
  jsonType: json,
  tableOptions: options,
}: Dialect): readonly string[] {
  return [
    `create table ${quote(tables.invites)} (
      id ${text} primary key,
      app_id ${text} not null,
      email ${text},
      email_canonical ${text},
      email_at ${text},
      email_domain ${text},
      code_hash ${text} not null,
      code_sealed ${text} not null,
      code_generation integer not null default 1 check (code_generation >= 1),
      role ${text},
      org_id ${text},
      inviter_id ${text},
      inviter_email ${text},
      inviter_name ${text},
      message ${text},
      locale ${text},
      metadata ${json},
      max_uses integer check (max_uses >= 1),
      uses integer not null default 0 check (uses >= 0),
      held integer not null default 0 check (held >= 0),
      created_at ${time} not null,
      term_ms ${long} check (term_ms >= 1),
      expires_at ${time},
      revoked_at ${time},
      delivery_id ${text},
      check (max_uses is null or uses + held <= max_uses),
      check ((email is null) = (email_canonical is null) and (email is null) = (email_at is null)),
      check (email is null or (max_uses is not null and max_uses = 1 and email_domain is null))
    ) ${options}`,
    `create unique index "${tables.invites}_code" on ${quote(tables.invites)} (code_hash)`,
    // At most one pending invite per app, organization and address. A bound invite has one use, so unused is pending;
    // expired ones count too, until creating over one revokes it.
    `create unique index "${tables.invites}_pending" on ${quote(tables.invites)} (app_id, email_canonical, coalesce(org_id, ''))
      where email_canonical is not null and revoked_at is null and uses = 0`,
    `create index "${tables.invites}_list" on ${quote(tables.invites)} (app_id, created_at, id)`,
    `create index "${tables.invites}_inviter" on ${quote(tables.invites)} (app_id, inviter_id, created_at, id)`,
    `create table ${quote(tables.claims)} (
      id ${text} primary key,
      invite_id ${text} not null references ${quote(tables.invites)} (id) on delete cascade,
      email ${text},
      lapses_at ${time} not null
    ) ${options}`,
    `create index "${tables.claims}_invite" on ${quote(tables.claims)} (invite_id, lapses_at)`,
    `create table ${quote(tables.acceptances)} (
      id ${text} primary key,
      invite_id ${text} not null references ${quote(tables.invites)} (id) on delete cascade,
      app_id ${text} not null,
      claim_id ${text} not null,
      user_id ${text},
      email ${text},
      role ${text},
      org_id ${text},
      inviter_id ${text},
      inviter_email ${text},
      inviter_name ${text},
      accepted_at ${time} not null,
      reopened_at ${time}
    ) ${options}`,
    `create unique index "${tables.acceptances}_claim" on ${quote(tables.acceptances)} (claim_id) where reopened_at is null`,
    `create unique index "${tables.acceptances}_user" on ${quote(tables.acceptances)} (invite_id, user_id)
      where user_id is not null and reopened_at is null`,
    `create index "${tables.acceptances}_list" on ${quote(tables.acceptances)} (app_id, accepted_at, id)`,
    `create table ${quote(tables.deliveries)} (
      id ${text} primary key,
      invite_id ${text} not null references ${quote(tables.invites)} (id) on delete cascade,
      attempts integer not null default 0 check (attempts >= 0),
      last_error ${text},
      next_attempt_at ${time} not null,
      leased_until ${time},
      sent_at ${time},
      failed_at ${time},
      canceled_at ${time}
    ) ${options}`,
    `create index "${tables.deliveries}_due" on ${quote(tables.deliveries)} (next_attempt_at)
      where sent_at is null and failed_at is null and canceled_at is null`,
    `create index "${tables.deliveries}_invite" on ${quote(tables.deliveries)} (invite_id)`,
    `create table ${quote(tables.settings)} (
      app_id ${text} primary key,
      mode ${text} not null check (mode in ('open', 'invite-only', 'waitlist', 'closed')),
      updated_at ${time} not null
    ) ${options}`,
  ]
}

function createKeyedRequests({
  tables,
  quote,
  textType: text,
  timeType: time,
  tableOptions: options,
}: Dialect): readonly string[] {
  return [
    `create table ${quote(tables.keyed_requests)} (
      id ${text} primary key,
      fingerprint ${text} not null,
      asked integer not null check (asked >= 1),
      started_at ${time} not null,
      leased_until ${time} not null,
      answer ${text}
    ) ${options}`,
    `create index "${tables.keyed_requests}_started" on ${quote(tables.keyed_requests)} (started_at)`,
  ]
}

// Lists are read in the order of an index that holds one state, from where the cursor stands, so that a page costs the
// same wherever it is and however many invites are in other states. `held` is in no index: on Postgres, a claim then
// rewrites the row alone.
function indexByState({ tables, quote, timeType: time }: Dialect): readonly string[] {
  const invites = quote(tables.invites)
  const listed = `(${STATE}), created_at, id, expires_at`
  return [
    `alter table ${invites} add column past_expiry ${time}`,
    `drop index ${quote(`${tables.invites}_list`)}`,
    `drop index ${quote(`${tables.invites}_inviter`)}`,
    // listInvites: a supervisor's.
    `create index "${tables.invites}_state" on ${invites} (app_id, ${listed})`,
    // listInvites: a member's own. revokeInvites of one inviter.
    `create index "${tables.invites}_inviter_state" on ${invites} (app_id, inviter_id, ${listed}) where inviter_id is not null`,
    // listInvites: `@domain`.
    `create index "${tables.invites}_domain_state" on ${invites} (app_id, email_at, ${listed}) where email_at is not null`,
    // listInvites: the start of an address, where the matches are many.
    `create index "${tables.invites}_initial_state" on ${invites} (app_id, (${INITIAL}), ${listed})
      where email_canonical is not null`,
    // listInvites: the start of an address, where the matches are few enough to be sorted.
    `create index "${tables.invites}_address" on ${invites} (app_id, email_canonical) where email_canonical is not null`,
    // prune and listInvites: what expired and was not noted yet.
    `create index "${tables.invites}_term" on ${invites} (expires_at)
      where expires_at is not null and revoked_at is null and (max_uses is null or uses < max_uses)
        and (past_expiry is null or past_expiry <> expires_at)`,
    // prune: what was never used and is over.
    `create index "${tables.invites}_over" on ${invites} (coalesce(revoked_at, past_expiry), id)
      where uses = 0 and coalesce(revoked_at, past_expiry) is not null`,
    // prune, and the foreign key: the acceptances of an invite that is removed.
    `create index "${tables.acceptances}_invite" on ${quote(tables.acceptances)} (invite_id)`,
    // prune: mails that wait for nothing.
    `create index "${tables.deliveries}_over" on ${quote(tables.deliveries)} (coalesce(sent_at, failed_at, canceled_at), id)
      where coalesce(sent_at, failed_at, canceled_at) is not null`,
  ]
}

// Settings whose mode was never stored, a switch that is planned, and limits. SQLite lets no `not null` go, so the table
// is made anew.
function addLimits({
  tables,
  quote,
  textType: text,
  timeType: time,
  jsonType: json,
  tableOptions: options,
}: Dialect): readonly string[] {
  const settings = quote(tables.settings)
  const fresh = quote(`${tables.settings}_new`)
  const modes = "('open', 'invite-only', 'waitlist', 'closed')"
  return [
    `create table ${fresh} (
      app_id ${text} primary key,
      mode ${text} check (mode in ${modes}),
      next_mode ${text} check (next_mode in ${modes}),
      next_mode_at ${time},
      limits ${json},
      updated_at ${time} not null,
      check ((next_mode is null) = (next_mode_at is null))
    ) ${options}`,
    `insert into ${fresh} (app_id, mode, updated_at) select app_id, mode, updated_at from ${settings}`,
    `drop table ${settings}`,
    `alter table ${fresh} rename to "${tables.settings}"`,
    `create table ${quote(tables.quotas)} (
      app_id ${text} not null,
      inviter_id ${text} not null,
      uses_left integer check (uses_left >= 0),
      refilled_at ${time} not null,
      primary key (app_id, inviter_id)
    ) ${options}`,
    `alter table ${quote(tables.invites)} add column quota_cost integer not null default 0 check (quota_cost >= 0)`,
    `alter table ${quote(tables.invites)} add column quota_back integer not null default 0 check (quota_back >= 0)`,
    // What an inviter's quota may get back.
    `create index "${tables.invites}_quota" on ${quote(tables.invites)} (app_id, inviter_id, expires_at) where quota_cost > 0`,
    // Counting live holds, of which there are few, among what lapsed and was not cleared.
    `create index "${tables.claims}_lapse" on ${quote(tables.claims)} (lapses_at)`,
  ]
}
