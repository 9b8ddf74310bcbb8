// Step 5: keys of apps.
import type { Dialect } from '../schema.js'

export function createAppKeys({
  tables,
  quote,
  textType: text,
  timeType: time,
  tableOptions: options,
}: Dialect): readonly string[] {
  return [
    `create table ${quote(tables.app_keys)} (
      id ${text} primary key,
      app_id ${text} not null,
      label ${text} not null,
      scopes ${text} not null,
      key_hash ${text} not null,
      created_at ${time} not null,
      expires_at ${time},
      last_used_at ${time},
      revoked_at ${time}
    ) ${options}`,
    `create index "${tables.app_keys}_list" on ${quote(tables.app_keys)} (app_id, created_at, id)`,
    // Whether an app has keys: asked for every password that is none.
    `create index "${tables.app_keys}_live" on ${quote(tables.app_keys)} (app_id) where revoked_at is null`,
  ]
}
