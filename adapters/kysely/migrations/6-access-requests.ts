// Step 6: the waiting list, and mails that tell of something else than an invite.
import type { Dialect } from '../schema.js'

// SQLite lets no `not null` go, so the table of mails is made anew.
export function addAccessRequests({
  tables,
  quote,
  textType: text,
  timeType: time,
  jsonType: json,
  tableOptions: options,
}: Dialect): readonly string[] {
  const requests = quote(tables.access_requests)
  const deliveries = quote(tables.deliveries)
  const fresh = quote(`${tables.deliveries}_new`)
  const kept = 'id, invite_id, attempts, last_error, next_attempt_at, leased_until, sent_at, failed_at, canceled_at'
  return [
    `create table ${requests} (
      id ${text} primary key,
      app_id ${text} not null,
      email ${text} not null,
      email_canonical ${text} not null,
      answers ${json} not null,
      locale ${text},
      created_at ${time} not null,
      asked_at ${time} not null,
      delivery_id ${text} not null,
      verified_at ${time},
      decision ${text} check (decision in ('approve', 'decline')),
      decided_at ${time},
      decided_by ${text},
      invite_id ${text} references ${quote(tables.invites)} (id) on delete set null,
      check ((decision is null) = (decided_at is null)),
      check (decision is null or verified_at is not null),
      check (invite_id is null or (decision is not null and decision = 'approve'))
    ) ${options}`,
    `create unique index "${tables.access_requests}_address" on ${requests} (app_id, email_canonical)`,
    // askForAccess: whether it was this mail that the request took.
    `create index "${tables.access_requests}_mail" on ${requests} (delivery_id)`,
    // listAccessRequests, countAccessRequestsBefore: those that wait, in either order.
    `create index "${tables.access_requests}_waiting" on ${requests} (app_id, verified_at, id)
      where verified_at is not null and decision is null`,
    `create index "${tables.access_requests}_made" on ${requests} (app_id, created_at, id)
      where verified_at is not null and decision is null`,
    // listAccessRequests: those that were decided.
    `create index "${tables.access_requests}_decided" on ${requests} (app_id, decision, decided_at, id)
      where decision is not null`,
    // The foreign key: the request of an invite that is removed.
    `create index "${tables.access_requests}_invite" on ${requests} (invite_id) where invite_id is not null`,
    // prune: what nobody confirmed, and what was decided.
    `create index "${tables.access_requests}_over" on ${requests} (coalesce(decided_at, asked_at), id)
      where verified_at is null or decision is not null`,
    `create table ${fresh} (
      id ${text} primary key,
      invite_id ${text} references ${quote(tables.invites)} (id) on delete cascade,
      request_id ${text} references ${requests} (id) on delete cascade,
      attempts integer not null default 0 check (attempts >= 0),
      last_error ${text},
      next_attempt_at ${time} not null,
      leased_until ${time},
      sent_at ${time},
      failed_at ${time},
      canceled_at ${time},
      check ((invite_id is null) <> (request_id is null))
    ) ${options}`,
    `insert into ${fresh} (${kept}) select ${kept} from ${deliveries}`,
    `drop table ${deliveries}`,
    `alter table ${fresh} rename to "${tables.deliveries}"`,
    `create index "${tables.deliveries}_due" on ${deliveries} (next_attempt_at)
      where sent_at is null and failed_at is null and canceled_at is null`,
    `create index "${tables.deliveries}_invite" on ${deliveries} (invite_id)`,
    `create index "${tables.deliveries}_request" on ${deliveries} (request_id) where request_id is not null`,
    `create index "${tables.deliveries}_over" on ${deliveries} (coalesce(sent_at, failed_at, canceled_at), id)
      where coalesce(sent_at, failed_at, canceled_at) is not null`,
  ]
}
