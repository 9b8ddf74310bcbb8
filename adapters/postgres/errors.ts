// What a failing Postgres means to whoever runs the host.
import { InviteError, storeUnavailable } from '../../src/errors.js'

/** SQLSTATE, or the code of a system error. */
function codeOf(error: unknown): string {
  const { code } = (error ?? {}) as { code?: unknown }
  return typeof code === 'string' ? code : ''
}

/** Whether a statement that the server kept is gone, or a table was changed under it. */
export function isStale(error: unknown): boolean {
  return ['26000', '0A000'].includes(codeOf(error))
}

/** Failures that leave nothing behind and may not come again: deadlock, serialization, and a row made meanwhile. */
export function isTransient(error: unknown): boolean {
  return ['40P01', '40001', '23505'].includes(codeOf(error)) || isStale(error)
}

/** Whether it failed because it waited too long: for a row, for a connection, or for the server. */
export function hasWaited(error: unknown): boolean {
  if (!(error instanceof InviteError)) return false
  return (
    error.cause === undefined || error.cause instanceof SilentServer || ['55P03', '57014'].includes(codeOf(error.cause))
  )
}

/** What was asked of it may have been done or not; its connection is of no more use. */
export class SilentServer extends Error {
  override readonly message = 'the server does not answer'
}

/** As the reason of a 503. */
export function explain(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof InviteError || error instanceof TypeError) return error
  return storeUnavailable(sentence(codeOf(error), error), error)
}

/** What keeps the tables from being made. */
export function explainMigration(error: unknown, schema: string | undefined): unknown {
  if (codeOf(error) === '') return error
  if (codeOf(error) !== '42501') return explain(error)
  const where = schema === undefined ? 'in this database' : `in the schema ${schema}`
  return new Error(
    `This Postgres role may not make the invite tables ${where} (${(error as Error).message}). Run the SQL of ` +
      '`express-invite-only migrate --print` as their owner, and grant this role SELECT, INSERT, UPDATE and DELETE on them.',
    { cause: error },
  )
}

function sentence(code: string, { message }: Error): string {
  if (code === '42P01' || code === '3F000')
    return 'The invite tables are not there yet: call `await store.migrate()` before the first request.'
  if (code === '42501') return `This Postgres role lacks a right on the invite tables: ${message}.`
  if (code === '25006') return 'This Postgres server is read-only: connect to the primary.'
  if (code === '55P03' || code === '57014')
    return 'A row was held by another transaction for too long: look for a transaction left open.'
  if (code === '53100') return 'The disk of the Postgres server is full.'
  if (code === '53300') return 'Postgres has no connection left: lower the pool sizes, or raise `max_connections`.'
  return `Postgres failed: ${message}${code && ` (${code})`}.`
}
