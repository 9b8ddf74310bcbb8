// The waiting list: asking for access, confirming that, and who waits.
import { type SqlBool, sql } from 'kysely'
import type { AccessRequestRecord, AccessRequestStore, NewAccessRequest } from '../../src/store.js'
import { all, type Operation, prepare } from './operation.js'
import { toAccessRequest } from './records.js'
import type { DbJson, DbTime, Dialect } from './schema.js'

type Arguments<Name extends keyof AccessRequestStore> = Parameters<AccessRequestStore[Name]>

export interface AccessRequestOperations {
  askForAccess(request: NewAccessRequest, mail: Arguments<'askForAccess'>[1]): Operation<void>
  findAccessRequest(query: Arguments<'findAccessRequest'>[0]): Operation<AccessRequestRecord | undefined>
  verifyAccessRequest(request: Arguments<'verifyAccessRequest'>[0]): Operation<AccessRequestRecord | undefined>
  listAccessRequests(query: Arguments<'listAccessRequests'>[0]): Operation<readonly AccessRequestRecord[]>
  countAccessRequestsBefore(query: Arguments<'countAccessRequestsBefore'>[0]): Operation<number>
}

// Spelled as the indexes have it.
const isWaiting = sql<SqlBool>`(verified_at is not null and decision is null)`

export function accessRequestOperations(dialect: Dialect): AccessRequestOperations {
  const { db, tables } = dialect
  const requests = () => db.selectFrom(tables.access_requests).selectAll()

  // One statement for whatever there is of the address, so that it takes as long for all.
  const ask = prepare(
    (p: {
      id: string
      appId: string
      email: string
      emailCanonical: string
      answers: DbJson
      locale: string | null
      now: DbTime
      deliveryId: string
      quietSince: DbTime
    }) =>
      db
        .insertInto(tables.access_requests)
        .values({
          id: p.id,
          app_id: p.appId,
          email: p.email,
          email_canonical: p.emailCanonical,
          answers: p.answers,
          locale: p.locale,
          created_at: p.now,
          asked_at: p.now,
          delivery_id: p.deliveryId,
        })
        .onConflict((conflict) =>
          conflict
            .columns(['app_id', 'email_canonical'])
            .doUpdateSet((eb) => ({
              asked_at: eb.ref('excluded.asked_at'),
              delivery_id: eb.ref('excluded.delivery_id'),
              email: unlessConfirmed<string>('email'),
              answers: unlessConfirmed<DbJson>('answers'),
              locale: unlessConfirmed<string | null>('locale'),
            }))
            .where(sql<SqlBool>`${sql.ref(`${tables.access_requests}.asked_at`)} <= ${p.quietSince}`),
        ),
  )

  const unlessConfirmed = <Value>(column: string) =>
    sql<Value>`case when ${sql.ref(`${tables.access_requests}.verified_at`)} is null then ${sql.ref(`excluded.${column}`)} else ${sql.ref(`${tables.access_requests}.${column}`)} end`

  const cancelMails = prepare((p: { deliveryId: string; now: DbTime }) =>
    db
      .updateTable(tables.deliveries)
      .set({ canceled_at: p.now })
      .where(
        'request_id',
        'in',
        db.selectFrom(tables.access_requests).select('id').where('delivery_id', '=', p.deliveryId),
      )
      .where('sent_at', 'is', null)
      .where('failed_at', 'is', null)
      .where('canceled_at', 'is', null),
  )

  // Only where the request took this mail: not where it was mailed a moment ago.
  const queueMail = prepare((p: { deliveryId: string }) =>
    db
      .insertInto(tables.deliveries)
      .columns(['id', 'request_id', 'next_attempt_at'])
      .expression(
        db
          .selectFrom(tables.access_requests)
          .select(['delivery_id', 'id', 'asked_at'])
          .where('delivery_id', '=', p.deliveryId),
      ),
  )

  const byId = prepare((p: { appId: string; id: string }) =>
    requests().where('app_id', '=', p.appId).where('id', '=', p.id),
  )

  const byAddress = prepare((p: { appId: string; emailCanonical: string }) =>
    requests().where('app_id', '=', p.appId).where('email_canonical', '=', p.emailCanonical),
  )

  const verify = prepare((p: { appId: string; id: string; askedAt: DbTime; now: DbTime }) =>
    db
      .updateTable(tables.access_requests)
      .set({ verified_at: p.now })
      .where('app_id', '=', p.appId)
      .where('id', '=', p.id)
      .where('asked_at', '=', p.askedAt)
      .where('verified_at', 'is', null),
  )

  function* askForAccess(request: NewAccessRequest, mail: Arguments<'askForAccess'>[1]): Operation<void> {
    const { id, appId, email, emailCanonical, locale, createdAt } = request
    const { deliveryId } = mail
    const now = dialect.encodeTime(createdAt)
    const answers = dialect.encodeJson(request.answers)
    const quietSince = dialect.encodeTime(mail.quietSince)
    yield* ask({ id, appId, email, emailCanonical, answers, locale, now, deliveryId, quietSince })
    yield* cancelMails({ deliveryId, now })
    yield* queueMail({ deliveryId })
  }

  function* findAccessRequest(query: Arguments<'findAccessRequest'>[0]): Operation<AccessRequestRecord | undefined> {
    const { appId } = query
    const [row] = 'requestId' in query ? yield* byId({ appId, id: query.requestId }) : yield* byAddress(query)
    return row && toAccessRequest(dialect, row)
  }

  function* verifyAccessRequest({
    askedAt,
    now,
    ...key
  }: Arguments<'verifyAccessRequest'>[0]): Operation<AccessRequestRecord | undefined> {
    const at = dialect.encodeTime(now)
    yield* verify({ appId: key.appId, id: key.requestId, askedAt: dialect.encodeTime(askedAt), now: at })
    return yield* findAccessRequest(key)
  }

  function* listAccessRequests({
    appId,
    state,
    by,
    limit,
    after,
  }: Arguments<'listAccessRequests'>[0]): Operation<readonly AccessRequestRecord[]> {
    const at = after && dialect.encodeTime(after.at)
    let list = requests().where('app_id', '=', appId).limit(limit)
    if (state === 'waiting') {
      const order = by === 'position' ? 'verified_at' : 'created_at'
      list = list.where(isWaiting).orderBy(order).orderBy('id')
      if (after) list = list.where(sql<SqlBool>`(${sql.ref(order)}, id) > (${at}, ${after.id})`)
    } else {
      const decision = state === 'approved' ? 'approve' : 'decline'
      list = list.where('decision', '=', decision).orderBy('decided_at', 'desc').orderBy('id', 'desc')
      if (after) list = list.where(sql<SqlBool>`(decided_at, id) < (${at}, ${after.id})`)
    }
    return (yield* all(list)).map((row) => toAccessRequest(dialect, row))
  }

  function* countAccessRequestsBefore(query: Arguments<'countAccessRequestsBefore'>[0]): Operation<number> {
    const some = db
      .selectFrom(tables.access_requests)
      .select('id')
      .where('app_id', '=', query.appId)
      .where(isWaiting)
      .where(sql<SqlBool>`(verified_at, id) < (${dialect.encodeTime(query.verifiedAt)}, ${query.requestId})`)
      .limit(query.limit)
    const [found] = yield* all(db.selectFrom(some.as('some')).select((eb) => eb.fn.countAll<number>().as('count')))
    return found?.count ?? 0
  }

  return {
    askForAccess,
    findAccessRequest,
    verifyAccessRequest,
    listAccessRequests,
    countAccessRequestsBefore,
  }
}
