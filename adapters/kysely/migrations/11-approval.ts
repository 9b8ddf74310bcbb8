// Step 11: joining that somebody has to approve.
import type { Dialect } from '../schema.js'

export function addApproval({ tables, quote, textType: text, timeType: time }: Dialect): readonly string[] {
  const acceptances = quote(tables.acceptances)
  return [
    `alter table ${acceptances} add column approval ${text} check (approval in ('pending', 'approved', 'declined'))`,
    `alter table ${acceptances} add column decided_at ${time}`,
    // acceptances: those that wait to be approved, or were.
    `create index "${tables.acceptances}_approval" on ${acceptances} (app_id, approval, accepted_at, id)
      where approval is not null`,
  ]
}
