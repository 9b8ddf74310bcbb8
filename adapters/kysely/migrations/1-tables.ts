// Step 1: the tables of the first version.
import type { Dialect } from '../schema.js'

// The checks are the last line: they hold even against a wrong statement, or a hand at the SQL prompt.
export function createTables({
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
