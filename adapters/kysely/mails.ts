// How much is mailed, counted under a lock of each counter, and who wants no mail.
import type { MailCount, MailRefusalStore, MailsExceeded } from '../../src/store.js'
import type { LogOperations } from './log.js'
import { all, type Operation, prepare } from './operation.js'
import type { DbTime, Dialect } from './schema.js'

type Request<Name extends keyof MailRefusalStore> = Parameters<MailRefusalStore[Name]>[0]

/** Counters, locked. */
interface LockedCounts {
  /** The one that is full. */
  readonly exceeded: MailsExceeded | undefined
  /** Counts one mail more. */
  add(): Operation<void>
}

export interface MailOperations {
  /** Locks counters, in one order. The locks of invites come after it. */
  lockCounts(counts: readonly MailCount[], now: number): Operation<LockedCounts>
  refuseMail(request: Request<'refuseMail'>): Operation<void>
  allowMail(request: Request<'allowMail'>): Operation<void>
  refusesMail(request: Request<'refusesMail'>): Operation<boolean>
}

export function mailOperations(dialect: Dialect, log: LogOperations): MailOperations {
  const { db, tables } = dialect

  // An upsert that changes nothing locks the row, and makes it where there is none.
  const lock = prepare((p: { id: string; endsAt: DbTime }) =>
    db
      .insertInto(tables.mail_counts)
      .values({ id: p.id, mails: 0, ends_at: p.endsAt })
      .onConflict((conflict) => conflict.column('id').doUpdateSet((eb) => ({ id: eb.ref('excluded.id') })))
      .returning(['mails', 'ends_at']),
  )

  const write = prepare((p: { id: string; mails: number; endsAt: DbTime }) =>
    db.updateTable(tables.mail_counts).set({ mails: p.mails, ends_at: p.endsAt }).where('id', '=', p.id),
  )

  function* lockCounts(counts: readonly MailCount[], now: number): Operation<LockedCounts> {
    const sorted = [...counts].sort((a, b) => (a.id < b.id ? -1 : 1))
    const after: { id: string; mails: number; endsAt: DbTime }[] = []
    let exceeded: MailsExceeded | undefined
    for (const { id, limit, windowMs } of sorted) {
      const fresh = dialect.encodeTime(now + windowMs)
      const [row] = yield* lock({ id, endsAt: fresh })
      const until = row ? dialect.decodeTime(row.ends_at) : now
      const mails = row && until > now ? row.mails : 0
      if (mails >= limit && until > (exceeded?.until ?? now)) exceeded = { id, until }
      after.push({ id, mails: mails + 1, endsAt: row && mails > 0 ? row.ends_at : fresh })
    }
    return {
      exceeded,
      *add() {
        for (const counter of after) yield* write(counter)
      },
    }
  }

  const findRefusals = (ids: readonly string[]) =>
    db.selectFrom(tables.mail_refusals).select('id').where('id', 'in', ids).limit(1)

  return {
    lockCounts,
    *refuseMail({ id, now, logged }) {
      const refusal = { id, refused_at: dialect.encodeTime(now) }
      const noted = yield* all(
        db
          .insertInto(tables.mail_refusals)
          .values(refusal)
          .onConflict((conflict) => conflict.doNothing())
          .returning('id'),
      )
      if (logged && noted.length > 0) yield* log.logChange(logged.note, { appId: logged.appId, now })
    },
    *allowMail({ ids, now, logged }) {
      const gone = yield* all(db.deleteFrom(tables.mail_refusals).where('id', 'in', ids).returning('id'))
      if (logged && gone.length > 0) yield* log.logChange(logged.note, { appId: logged.appId, now })
    },
    *refusesMail({ ids }) {
      return (yield* all(findRefusals(ids))).length > 0
    },
  }
}
