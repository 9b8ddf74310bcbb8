// How far a commit of the store's own connection is written, switched from one transaction to the next.
import type Sqlite from 'better-sqlite3'

/** Whether a commit waits for the disk. */
export type Synchronous = 'full' | 'normal'

/** Only a database in WAL mode is whole after a power cut whatever was not waited for. Such it remains while it is open. */
export function durabilityOf(connection: Sqlite.Database) {
  let current: Synchronous = 'full'
  let isWal = false
  return {
    set(synchronous: Synchronous): void {
      if (synchronous === current) return
      isWal ||= connection.pragma('journal_mode', { simple: true }) === 'wal'
      if (!isWal) return
      connection.exec(`pragma synchronous = ${synchronous}`) // no statement kept for it: it works as it is compiled
      current = synchronous
    },
  }
}
