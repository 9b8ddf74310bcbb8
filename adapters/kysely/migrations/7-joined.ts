// Step 7: who has joined, by address.
import type { Dialect } from '../schema.js'

export function indexJoined({ tables, quote }: Dialect): readonly string[] {
  return [
    // createInvites and findInvitees: a list that is imported again invites nobody who has joined.
    `create index "${tables.acceptances}_joined" on ${quote(tables.acceptances)} (app_id, email)
      where email is not null and reopened_at is null`,
  ]
}
