// Where people of a list stand: pending invite, account, no more mail; asked for all of them at once.
import { type RawBuilder, sql } from 'kysely'
import type { Invitee } from '../../src/store.js'
import { type Operation, prepare, prepareMany } from './operation.js'
import type { InviteRow } from './records.js'
import type { Dialect } from './schema.js'

/** What is in the way of an invitee. */
export interface Standing {
  readonly joined: boolean
  /** No mail to this address, whatever the organization. */
  readonly refusing: boolean
  /** Pending, or expired without having been used. */
  readonly holder: { readonly id: string; readonly isExpired: boolean } | undefined
}

export const nobody: Standing = { joined: false, refusing: false, holder: undefined }
const invitees = { app_id: 'text', email_canonical: 'text', org_id: 'text' } as const

export interface StandingOperations {
  /** Where they stand, by place. */
  find(appId: string, people: readonly Invitee[], now: number): Operation<Map<string, Standing>>
  /** The places, each after its app, that have an invite which is pending, or expired without having been used. */
  heldAmong(places: readonly (Invitee & { readonly appId: string })[]): Operation<ReadonlySet<string>>
  /** The places of these people who have joined. */
  joinedAmong(appId: string, people: readonly Invitee[]): Operation<ReadonlySet<string>>
  /** Those of these ids under which mail is refused. */
  refusedAmong(people: readonly Pick<Invitee, 'refusalIds'>[]): Operation<ReadonlySet<string>>
}

export function standingOperations(dialect: Dialect): StandingOperations {
  const { db, tables } = dialect
  const raw = <Row>(query: RawBuilder<Row>) => ({ compile: () => query.compile(db) })
  const inviteTable = sql.raw(dialect.quote(tables.invites))
  const acceptanceTable = sql.raw(dialect.quote(tables.acceptances))

  // `cross join`: the rows that are sent along come first, whatever the database believes of the sizes.
  const holders = prepareMany(dialect, invitees, (listed) =>
    raw(sql<Pick<InviteRow, 'id' | 'app_id' | 'email_canonical' | 'org_id' | 'expires_at'>>`
      select i.id, i.app_id, i.email_canonical, i.org_id, i.expires_at from ${listed} cross join ${inviteTable} as i
      where i.app_id = listed.app_id and i.email_canonical = listed.email_canonical
        and coalesce(i.org_id, '') = coalesce(listed.org_id, '') and i.revoked_at is null and i.uses = 0`),
  )

  const joined = prepareMany(dialect, invitees, (listed) =>
    raw(sql<Pick<InviteRow, 'email_canonical' | 'org_id'>>`
      select a.email as email_canonical, a.org_id from ${listed} cross join ${acceptanceTable} as a
      where a.app_id = listed.app_id and a.email = listed.email_canonical and a.email is not null
        and coalesce(a.org_id, '') = coalesce(listed.org_id, '') and a.reopened_at is null`),
  )

  const refusals = prepareMany(dialect, { id: 'text' }, (listed) =>
    raw(sql<{ id: string }>`
      select r.id from ${listed} cross join ${sql.raw(dialect.quote(tables.mail_refusals))} as r where r.id = listed.id`),
  )

  const anyRefusal = prepare((_p: object) => db.selectFrom(tables.mail_refusals).select('id').limit(1))

  const placesOf = (appId: string, people: readonly Invitee[]) =>
    [...new Map(people.map((each) => [placeOf(each), each])).values()].map(({ email, orgId }) => ({
      app_id: appId,
      email_canonical: email,
      org_id: orgId,
    }))

  function* heldAmong(people: readonly (Invitee & { readonly appId: string })[]): Operation<ReadonlySet<string>> {
    const rows = yield* holders(
      people.map(({ appId, email, orgId }) => ({ app_id: appId, email_canonical: email, org_id: orgId })),
    )
    return new Set(rows.map((row) => `${row.app_id} ${placeOfRow(row)}`))
  }

  function* joinedAmong(appId: string, people: readonly Invitee[]): Operation<ReadonlySet<string>> {
    return new Set((yield* joined(placesOf(appId, people))).map(placeOfRow))
  }

  function* refusedAmong(people: readonly Pick<Invitee, 'refusalIds'>[]): Operation<ReadonlySet<string>> {
    const ids = new Set(people.flatMap(({ refusalIds = [] }) => refusalIds))
    if (ids.size === 0 || (yield* anyRefusal({})).length === 0) return new Set()
    return new Set((yield* refusals([...ids].map((id) => ({ id })))).map(({ id }) => id))
  }

  function* find(appId: string, people: readonly Invitee[], now: number): Operation<Map<string, Standing>> {
    const places = placesOf(appId, people)
    const found = new Map<string, Standing>()
    for (const row of yield* holders(places)) {
      const isExpired = row.expires_at !== null && dialect.decodeTime(row.expires_at) <= now
      found.set(placeOfRow(row), { ...nobody, holder: { id: row.id, isExpired } })
    }
    // Read after the holders: one that has just been accepted is missing there, and here then.
    for (const row of yield* joined(places)) {
      const place = placeOfRow(row)
      found.set(place, { ...nobody, joined: true, holder: found.get(place)?.holder })
    }
    const refused = yield* refusedAmong(people)
    for (const each of people) {
      const place = placeOf(each)
      if (!each.refusalIds?.some((id) => refused.has(id))) continue
      found.set(place, { ...(found.get(place) ?? nobody), refusing: true })
    }
    return found
  }

  return { find, heldAmong, joinedAmong, refusedAmong }
}

/** Whether a mail is meant to go there, which may be refused. */
export function isAsked({ refusalIds = [] }: Invitee): boolean {
  return refusalIds.length > 0
}

/** An address and organization, as one word. */
export function placeOf({ email, orgId }: Pick<Invitee, 'email' | 'orgId'>): string {
  return `${email} ${orgId ?? ''}` // no address has a space
}

export function placeOfRow(row: Pick<InviteRow, 'email_canonical' | 'org_id'>): string {
  return placeOf({ email: row.email_canonical ?? '', orgId: row.org_id })
}
