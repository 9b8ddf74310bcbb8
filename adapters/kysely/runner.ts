// What an adapter gives: a way to run operations on its database, each in one transaction.
import type { Operation } from './operation.js'

/** What is known of an operation beforehand. */
export interface Nature {
  /** It changes as many rows as there are, and may take as long. */
  readonly isLong?: boolean
  /** It reaches every row by an index, whatever the tables hold, and is asked for often: its plans are made once. */
  readonly isByIndex?: boolean
}

export const BY_INDEX: Nature = { isByIndex: true }

/** Runs operations on one kind of database. An operation is made anew for each try, hence the functions. */
export interface Runner {
  /** In one consistent view. */
  read<Result>(operation: () => Operation<Result>, nature?: Nature): Promise<Result>
  /** In one write transaction, begun as such: what is read in it is locked. */
  write<Result>(operation: () => Operation<Result>, nature?: Nature): Promise<Result>
  /** As `write`, but a power cut may undo it. Never by half, and never something that was written after it. */
  writeLightly<Result>(operation: () => Operation<Result>, nature?: Nature): Promise<Result>
  /** Whether it failed because it waited too long, as would whatever else wants the database. */
  hasWaited(error: unknown): boolean
  /** In one write transaction that nobody else migrates in. */
  migrate(operation: () => Operation<void>): Promise<void>
  /** In the host's open transaction. @throws TypeError where `trx` is none. */
  join<Result>(trx: unknown, operation: () => Operation<Result>): Promise<Result>
  close(): Promise<void>
}
