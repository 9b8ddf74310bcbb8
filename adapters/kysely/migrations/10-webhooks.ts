// Step 10: webhooks that wait, were sent or were given up.
import type { Dialect } from '../schema.js'

// No foreign keys: what a webhook tells of may be removed before it is sent, and that is told then.
export function addWebhooks({
  tables,
  quote,
  textType: text,
  timeType: time,
  tableOptions: options,
}: Dialect): readonly string[] {
  const webhooks = quote(tables.webhooks)
  return [
    `create table ${webhooks} (
      id ${text} primary key,
      entry_id ${text} not null,
      endpoint ${text} not null,
      app_id ${text} not null,
      action ${text} not null,
      at ${time} not null,
      attempts integer not null default 0 check (attempts >= 0),
      last_error ${text},
      next_attempt_at ${time} not null,
      leased_until ${time},
      sent_at ${time},
      failed_at ${time}
    ) ${options}`,
    `create index "${tables.webhooks}_due" on ${webhooks} (endpoint, next_attempt_at)
      where sent_at is null and failed_at is null`,
    `create index "${tables.webhooks}_failed" on ${webhooks} (app_id, at, id) where failed_at is not null`,
    // prune.
    `create index "${tables.webhooks}_over" on ${webhooks} (at)`,
  ]
}
