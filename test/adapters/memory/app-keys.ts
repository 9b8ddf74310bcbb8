// Keys of apps in memory.
import type { AppKeyRecord, AppKeyStore, LogNote } from '../../../src/store.js'
import type { Kept, Step } from './step.js'

export function memoryAppKeys(noteChange: (note: LogNote | undefined, where: { appId: string; now: number }) => void) {
  const keys = new Map<string, Kept<AppKeyRecord>>()

  function find({ appId, keyId }: { readonly appId: string; readonly keyId: string }) {
    const key = keys.get(keyId)
    return key?.appId === appId ? key : undefined
  }

  const methods = (step: Step): AppKeyStore => ({
    createAppKey: step((key, note) => {
      if (keys.has(key.id)) throw new Error('Another key has this id.')
      const created = { ...key, lastUsedAt: null, revokedAt: null }
      keys.set(key.id, created)
      noteChange(note, { appId: key.appId, now: key.createdAt })
      return created
    }),

    findAppKey: step((query) => {
      const hasKeys = [...keys.values()].some(({ appId, revokedAt }) => appId === query.appId && revokedAt === null)
      return { key: find(query), hasKeys }
    }),

    listAppKeys: step(({ appId, limit, after }) => {
      const isBefore = (a: AppKeyRecord, at: number, id: string) =>
        a.createdAt < at || (a.createdAt === at && a.id < id)
      return [...keys.values()]
        .filter((key) => key.appId === appId && (!after || isBefore(key, after.at, after.id)))
        .sort((a, b) => (isBefore(a, b.createdAt, b.id) ? 1 : -1))
        .slice(0, limit)
    }),

    revokeAppKey: step(({ now, note, ...named }) => {
      const key = find(named)
      if (key === undefined || key.revokedAt !== null) return key && false
      key.revokedAt = now
      noteChange(note, { appId: key.appId, now })
      return true
    }),

    noteAppKeyUse: step(({ now, ...named }) => {
      const key = find(named)
      if (key !== undefined) key.lastUsedAt = Math.max(key.lastUsedAt ?? now, now)
    }),
  })
  return { methods }
}
