// What an adapter gives: a way to run operations on its database, each in one transaction.
import type { Operation } from './operation.js'

/** Runs operations on one kind of database. An operation is made anew for each try, hence the functions. */
export interface Runner {
  /** In one consistent view. */
  read<Result>(operation: () => Operation<Result>): Promise<Result>
  /**
   * In one write transaction, begun as such: what is read in it is locked. `isLong`: it changes as many rows as there are,
   * and may take as long.
   */
  write<Result>(operation: () => Operation<Result>, how?: { readonly isLong: boolean }): Promise<Result>
  /** As `write`, but a power cut may undo it. Never by half, and never something that was written after it. */
  writeLightly<Result>(operation: () => Operation<Result>): Promise<Result>
  /** Whether it failed because it waited too long, as would whatever else wants the database. */
  hasWaited(error: unknown): boolean
  /** In one write transaction that nobody else migrates in. */
  migrate(operation: () => Operation<void>): Promise<void>
  /** In the host's open transaction. @throws TypeError where `trx` is none. */
  join<Result>(trx: unknown, operation: () => Operation<Result>): Promise<Result>
  close(): Promise<void>
}
