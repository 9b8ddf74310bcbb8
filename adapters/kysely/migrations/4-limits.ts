// Step 4: settings beyond the mode, and quotas.
import type { Dialect } from '../schema.js'

// Settings whose mode was never stored, a switch that is planned, and limits. SQLite lets no `not null` go, so the table
// is made anew.
export function addLimits({
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
