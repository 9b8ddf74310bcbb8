// Step 12: where invites come from, to be counted by. What is there already has none: its metadata is not read.
import type { Dialect } from '../schema.js'

// Found by the indexes in order of time, as role and inviter are; an acceptance's is that of its invite.
export function addSource({ tables, quote, textType: text }: Dialect): readonly string[] {
  return [
    `alter table ${quote(tables.invites)} add column source ${text}`,
    `alter table ${quote(tables.log)} add column source ${text}`,
  ]
}
