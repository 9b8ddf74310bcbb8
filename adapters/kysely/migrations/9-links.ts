// Step 9: links that each person uses once, counters of mails, who wants no mail, and finding a person's traces.
import type { Dialect } from '../schema.js'

export function addLinks({
  tables,
  quote,
  textType: text,
  timeType: time,
  tableOptions: options,
}: Dialect): readonly string[] {
  const invites = quote(tables.invites)
  const acceptances = quote(tables.acceptances)
  return [
    `alter table ${invites} add column once_per_person integer not null default 0
      check (once_per_person in (0, 1) and (once_per_person = 0 or email is null))`,
    `create table ${quote(tables.mail_counts)} (
      id ${text} primary key,
      mails integer not null check (mails >= 0),
      ends_at ${time} not null
    ) ${options}`,
    // prune: those whose time is over.
    `create index "${tables.mail_counts}_end" on ${quote(tables.mail_counts)} (ends_at)`,
    `create table ${quote(tables.mail_refusals)} (
      id ${text} primary key,
      refused_at ${time} not null
    ) ${options}`,
    // claim: whether this person has used it. forget: all of a person.
    `create index "${tables.acceptances}_person" on ${acceptances} (email, invite_id) where email is not null`,
    // forget, by age.
    `create index "${tables.acceptances}_named" on ${acceptances} (accepted_at, id) where email is not null`,
    // forget: what somebody sent.
    `create index "${tables.invites}_sender" on ${invites} (app_id, lower(inviter_email)) where inviter_email is not null`,
    `create index "${tables.acceptances}_sender" on ${acceptances} (app_id, lower(inviter_email)) where inviter_email is not null`,
  ]
}
