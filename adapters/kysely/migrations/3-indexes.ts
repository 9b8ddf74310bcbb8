// Step 3: indexes by state, for long lists.
import type { Dialect } from '../schema.js'
import { INITIAL, STATE } from '../states.js'

// Lists are read in the order of an index that holds one state, from where the cursor stands, so that a page costs the
// same wherever it is and however many invites are in other states. `held` is in no index: on Postgres, a claim then
// rewrites the row alone.
export function indexByState({ tables, quote, timeType: time }: Dialect): readonly string[] {
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
