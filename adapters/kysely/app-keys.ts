// Keys of apps: made, found, revoked, and when they were last used.
import { sql } from 'kysely'
import type { AppKeyRecord, FoundAppKey, InviteStore, LogNote, NewAppKey } from '../../src/store.js'
import type { LogOperations } from './log.js'
import { all, type Operation, prepare } from './operation.js'
import type { AppKeyTable, DbTime, Dialect } from './schema.js'

type Request<Name extends 'findAppKey' | 'listAppKeys' | 'revokeAppKey' | 'noteAppKeyUse'> = Parameters<
  InviteStore[Name]
>[0]

export interface AppKeyOperations {
  createAppKey(key: NewAppKey, note?: LogNote): Operation<AppKeyRecord>
  findAppKey(query: Request<'findAppKey'>): Operation<FoundAppKey>
  listAppKeys(query: Request<'listAppKeys'>): Operation<readonly AppKeyRecord[]>
  revokeAppKey(request: Request<'revokeAppKey'>): Operation<boolean | undefined>
  noteAppKeyUse(request: Request<'noteAppKeyUse'>): Operation<void>
}

export function appKeyOperations(dialect: Dialect, log: LogOperations): AppKeyOperations {
  const { db, tables } = dialect

  const byId = prepare((p: { appId: string; keyId: string }) =>
    db.selectFrom(tables.app_keys).selectAll().where('app_id', '=', p.appId).where('id', '=', p.keyId),
  )

  const anyLive = prepare((p: { appId: string }) =>
    db
      .selectFrom(tables.app_keys)
      .select('id')
      .where('app_id', '=', p.appId)
      .where('revoked_at', 'is', null)
      .limit(sql.lit(1)),
  )

  const revoke = prepare((p: { appId: string; keyId: string; now: DbTime }) =>
    db
      .updateTable(tables.app_keys)
      .set({ revoked_at: p.now })
      .where('app_id', '=', p.appId)
      .where('id', '=', p.keyId)
      .where('revoked_at', 'is', null)
      .returning('id'),
  )

  const noteUse = prepare((p: { appId: string; keyId: string; now: DbTime }) =>
    db
      .updateTable(tables.app_keys)
      .set({ last_used_at: p.now })
      .where('app_id', '=', p.appId)
      .where('id', '=', p.keyId)
      .where(({ eb, or }) => or([eb('last_used_at', 'is', null), eb('last_used_at', '<', p.now)])),
  )

  function toRecord(row: AppKeyTable): AppKeyRecord {
    const time = (at: DbTime | null) => (at === null ? null : dialect.decodeTime(at))
    return {
      id: row.id,
      appId: row.app_id,
      label: row.label,
      scopes: row.scopes.split(' '),
      keyHash: row.key_hash,
      createdAt: dialect.decodeTime(row.created_at),
      expiresAt: time(row.expires_at),
      lastUsedAt: time(row.last_used_at),
      revokedAt: time(row.revoked_at),
    }
  }

  return {
    *createAppKey({ id, appId, label, scopes, keyHash, createdAt, expiresAt }, note) {
      const row = {
        id,
        app_id: appId,
        label,
        scopes: scopes.join(' '),
        key_hash: keyHash,
        created_at: dialect.encodeTime(createdAt),
        expires_at: expiresAt === null ? null : dialect.encodeTime(expiresAt),
        last_used_at: null,
        revoked_at: null,
      }
      yield* all(db.insertInto(tables.app_keys).values(row))
      yield* log.logChange(note, { appId, now: createdAt })
      return toRecord(row)
    },

    *findAppKey(query) {
      const [row] = yield* byId(query)
      if (row !== undefined && row.revoked_at === null) return { key: toRecord(row), hasKeys: true }
      const hasKeys = (yield* anyLive({ appId: query.appId })).length > 0
      return { key: row && toRecord(row), hasKeys }
    },

    *listAppKeys({ appId, limit, after }) {
      let select = db.selectFrom(tables.app_keys).selectAll().where('app_id', '=', appId)
      if (after) {
        const position = dialect.encodeTime(after.at)
        select = select.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(position, after.id)))
      }
      const rows = yield* all(select.orderBy('created_at', 'desc').orderBy('id', 'desc').limit(limit))
      return rows.map(toRecord)
    },

    *revokeAppKey({ appId, keyId, now, note }) {
      if ((yield* revoke({ appId, keyId, now: dialect.encodeTime(now) })).length > 0) {
        yield* log.logChange(note, { appId, now })
        return true
      }
      return (yield* byId({ appId, keyId })).length > 0 ? false : undefined
    },

    *noteAppKeyUse({ appId, keyId, now }) {
      yield* noteUse({ appId, keyId, now: dialect.encodeTime(now) })
    },
  }
}
