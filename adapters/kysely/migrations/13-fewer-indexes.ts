// Step 13: fewer indexes, of which each costs whatever is written.
import type { Dialect } from '../schema.js'
import { NOTED } from '../states.js'

export function mergeIndexes({ tables, quote }: Dialect): readonly string[] {
  const invites = quote(tables.invites)
  const drop = (table: string, name: string) => `drop index ${quote(`${table}_${name}`)}`
  return [
    // At most one pending invite per app, organization and address: no null equals another, so what is not pending is in
    // nobody's way. Also finds all of an address, and lists the start of one where the matches are few.
    `create unique index "${tables.invites}_place" on ${invites}
      (app_id, email_canonical, (case when revoked_at is null and uses = 0 then coalesce(org_id, '') end))
      where email_canonical is not null`,
    drop(tables.invites, 'pending'),
    drop(tables.invites, 'address'),
    // prune and listInvites: what expired and was not noted yet. getStatistics: what expired in some time.
    drop(tables.invites, 'term'),
    drop(tables.invites, 'expiry'),
    `create index "${tables.invites}_term" on ${invites} ((${NOTED}), expires_at, app_id) where expires_at is not null`,
    // One acceptance per invite and user; those that were reopened are in nobody's way. Also lists those of a user.
    drop(tables.acceptances, 'by_user'),
    `create unique index "${tables.acceptances}_by_user" on ${quote(tables.acceptances)}
      (user_id, invite_id, (case when reopened_at is null then 1 end)) where user_id is not null`,
    drop(tables.acceptances, 'user'),
    // Whether somebody has joined an app is found by `_person`: nobody has joined so many that the app must be in it.
    drop(tables.acceptances, 'joined'),
  ]
}
