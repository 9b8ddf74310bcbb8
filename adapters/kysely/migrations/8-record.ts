// Step 8: the log of who did what, and inviters that are paused.
import type { Dialect } from '../schema.js'
import { LASTED } from '../states.js'

// The log names invites without a foreign key: it outlives them.
export function addRecord({
  tables,
  quote,
  textType: text,
  timeType: time,
  jsonType: json,
  tableOptions: options,
}: Dialect): readonly string[] {
  const log = quote(tables.log)
  const acceptances = quote(tables.acceptances)
  return [
    `create table ${log} (
      id ${text} primary key,
      app_id ${text} not null,
      at ${time} not null,
      actor_kind ${text} not null check (actor_kind in ('supervisor', 'member', 'code', 'key', 'invitee')),
      actor_id ${text},
      action ${text} not null,
      invite_id ${text},
      acceptance_id ${text},
      inviter_id ${text},
      role ${text},
      details ${json}
    ) ${options}`,
    // listLog: all, of an invite, of an actor, of an action. getStatistics: of an action.
    `create index "${tables.log}_list" on ${log} (app_id, at, id)`,
    `create index "${tables.log}_invite" on ${log} (app_id, invite_id, at, id) where invite_id is not null`,
    `create index "${tables.log}_actor" on ${log} (app_id, actor_id, at, id) where actor_id is not null`,
    `create index "${tables.log}_action" on ${log} (app_id, action, at, id)`,
    // listLog of an invite; prune and the foreign key, as the index that it replaces.
    `drop index ${quote(`${tables.acceptances}_invite`)}`,
    `create index "${tables.acceptances}_invite" on ${acceptances} (invite_id, accepted_at, id)`,
    // listLog of an actor.
    `create index "${tables.acceptances}_by_user" on ${acceptances} (app_id, user_id, accepted_at, id) where user_id is not null`,
    // listAcceptances of an inviter, and the tree.
    `create index "${tables.acceptances}_inviter" on ${acceptances} (app_id, inviter_id, accepted_at, id) where inviter_id is not null`,
    // getStatistics: what expired in some time.
    `create index "${tables.invites}_expiry" on ${quote(tables.invites)} (app_id, expires_at) where expires_at is not null and ${LASTED}`,
    `create table ${quote(tables.paused_inviters)} (
      app_id ${text} not null,
      inviter_id ${text} not null,
      paused_at ${time} not null,
      primary key (app_id, inviter_id)
    ) ${options}`,
  ]
}
