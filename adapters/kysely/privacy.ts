// Forgetting people: their rows lose what names them, and stay to be counted.
import { sql } from 'kysely'
import type { PersonCounts, PrivacyStore, PruneRequest, PruneResult } from '../../src/store.js'
import type { LogOperations } from './log.js'
import { all, type Operation } from './operation.js'
import type { ReadingOperations } from './reading.js'
import { toAcceptance, toAccessRequest } from './records.js'
import type { DbTime, Dialect } from './schema.js'
import { hasUseLeft } from './states.js'

type Request<Name extends keyof PrivacyStore> = Parameters<PrivacyStore[Name]>[0]

export interface PrivacyOperations {
  findPerson(request: Request<'findPerson'>): Operation<Awaited<ReturnType<PrivacyStore['findPerson']>>>
  forgetPerson(request: Request<'forgetPerson'>): Operation<PersonCounts>
  /** A batch of housekeeping: by the age of what was accepted. */
  pruneAddresses(request: PruneRequest): Operation<PruneResult>
}

export function privacyOperations(
  dialect: Dialect,
  { reading, log }: { reading: ReadingOperations; log: LogOperations },
): PrivacyOperations {
  const { db, tables } = dialect

  const invitesOf = ({ appId, email }: Pick<Request<'findPerson'>, 'appId' | 'email'>) =>
    db.selectFrom(tables.invites).where('app_id', '=', appId).where('email_canonical', '=', email)

  const acceptancesOf = ({ appId, email }: Pick<Request<'findPerson'>, 'appId' | 'email'>) =>
    db.selectFrom(tables.acceptances).where('email', '=', email).where('app_id', '=', appId)

  const sentBy = (table: 'invites' | 'acceptances', { appId, spellings }: Request<'findPerson'>) =>
    db
      .selectFrom(tables[table])
      .where('app_id', '=', appId)
      .where('inviter_email', 'is not', null)
      .where(sql<string>`lower(inviter_email)`, 'in', spellings)

  const requestsOf = ({ appId, email }: Pick<Request<'findPerson'>, 'appId' | 'email'>) =>
    db.selectFrom(tables.access_requests).where('app_id', '=', appId).where('email_canonical', '=', email)

  /** Leaves of these invites what names nobody. Without a code, nobody can use one that is reopened. */
  function* blank(ids: readonly string[], now: DbTime): Operation<void> {
    if (ids.length === 0) return
    const at = sql`cast(${now} as ${sql.raw(dialect.timeType)})`
    const isOpen = sql`revoked_at is null and ${hasUseLeft}`
    yield* all(
      db
        .updateTable(tables.invites)
        .set({
          email: null,
          email_canonical: null,
          email_at: null,
          message: null,
          locale: null,
          metadata: null,
          code_hash: sql<string>`'forgotten.' || id`,
          code_sealed: '',
          revoked_at: sql<DbTime>`case when ${isOpen} then ${at} else revoked_at end`,
          // As of what is revoked in time: nothing is given back for it.
          quota_cost: sql<number>`case when ${isOpen} and (expires_at is null or expires_at > ${at}) then 0 else quota_cost end`,
        })
        .where('id', 'in', ids),
    )
    yield* all(
      db
        .updateTable(tables.deliveries)
        .set({ canceled_at: now })
        .where('invite_id', 'in', ids)
        .where('sent_at', 'is', null)
        .where('failed_at', 'is', null)
        .where('canceled_at', 'is', null),
    )
    yield* all(db.updateTable(tables.deliveries).set({ last_error: null }).where('invite_id', 'in', ids))
  }

  function* findPerson(person: Request<'findPerson'>): ReturnType<PrivacyOperations['findPerson']> {
    const invites = yield* all(invitesOf(person).selectAll().orderBy('created_at'))
    const acceptances = yield* all(acceptancesOf(person).selectAll().orderBy('accepted_at'))
    let sent = 0
    for (const table of ['invites', 'acceptances'] as const) {
      const [row] = yield* all(sentBy(table, person).select((eb) => eb.fn.countAll().as('count')))
      sent += Number(row?.count ?? 0)
    }
    return {
      invites: yield* reading.withDeliveries(invites),
      acceptances: acceptances.map((row) => toAcceptance(dialect, row)),
      sent,
      requests: (yield* all(requestsOf(person).selectAll())).map((row) => toAccessRequest(dialect, row)),
    }
  }

  function* forgetPerson(request: Request<'forgetPerson'>): Operation<PersonCounts> {
    const { email, limit } = request
    // First: whoever decides on a request locks it before its invite.
    const asked = requestsOf(request)
      .select('id')
      .$if(dialect.rowLocks, (query) => query.forUpdate())
    const removed = yield* all(db.deleteFrom(tables.access_requests).where('id', 'in', asked).returning('id'))
    const own = yield* all(
      invitesOf(request)
        .select('id')
        .orderBy('id')
        .limit(limit)
        .$if(dialect.rowLocks, (query) => query.forUpdate()),
    )
    yield* blank(
      own.map(({ id }) => id),
      dialect.encodeTime(request.now),
    )
    yield* all(db.updateTable(tables.claims).set({ email: null }).where('email', '=', email))
    const joined = yield* all(
      db
        .updateTable(tables.acceptances)
        .set({ email: null })
        .where('id', 'in', acceptancesOf(request).select('id').orderBy('id').limit(limit))
        .returning('id'),
    )
    let sent = 0
    for (const table of ['invites', 'acceptances'] as const) {
      const found = sentBy(table, request)
        .select('id')
        .orderBy('id')
        .limit(limit)
        .$if(dialect.rowLocks, (query) => query.forUpdate())
      const unnamed = db.updateTable(tables[table]).set({ inviter_email: null, inviter_name: null })
      sent += (yield* all(unnamed.where('id', 'in', found).returning('id'))).length
    }
    const isAny = own.length + joined.length + sent + removed.length > 0
    if (isAny) yield* log.logChange(request.note, request)
    return { invites: own.length, acceptances: joined.length, sent, requests: removed.length }
  }

  function* pruneAddresses(request: PruneRequest): Operation<PruneResult> {
    const found = yield* all(
      db
        .selectFrom(tables.acceptances)
        .select(['id', 'invite_id'])
        .where('email', 'is not', null)
        .where('accepted_at', '<=', dialect.encodeTime(request.before))
        .orderBy('accepted_at')
        .limit(request.limit),
    )
    if (found.length === 0) return { removed: 0, next: undefined }
    const over = yield* all(
      db
        .selectFrom(tables.invites)
        .select('id')
        .where(
          'id',
          'in',
          found.map((acceptance) => acceptance.invite_id),
        )
        .where('email', 'is not', null)
        .where((eb) => eb.or([eb('revoked_at', 'is not', null), eb('uses', '>=', eb.ref('max_uses'))]))
        .orderBy('id')
        .$if(dialect.rowLocks, (query) => query.forUpdate()),
    )
    yield* blank(
      over.map(({ id }) => id),
      dialect.encodeTime(request.now),
    )
    const ids = found.map(({ id }) => id)
    yield* all(db.updateTable(tables.acceptances).set({ email: null }).where('id', 'in', ids))
    return { removed: ids.length, next: ids.length === request.limit ? { at: 0, id: '' } : undefined }
  }

  return { findPerson, forgetPerson, pruneAddresses }
}
