// Step 2: requests under an `Idempotency-Key`.
import type { Dialect } from '../schema.js'

export function createKeyedRequests({
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
