// What a failing SQLite means to whoever runs the host.
import { storeUnavailable } from '../../src/errors.js'

function codeOf(error: unknown): string {
  return error instanceof Error && error.name === 'SqliteError' ? String(Reflect.get(error, 'code')) : ''
}

export function isBusy(error: unknown): boolean {
  return codeOf(error).startsWith('SQLITE_BUSY') || codeOf(error) === 'SQLITE_LOCKED'
}

/** As the reason of a 503. */
export function explain(error: unknown, file: string): unknown {
  const code = codeOf(error)
  if (code === '') return error
  return storeUnavailable(`${sentence(code, error as Error)} (${file})`, error)
}

function sentence(code: string, error: Error): string {
  if (error.message.startsWith('no such table'))
    return 'The invite tables are not there yet: call `await store.migrate()` before the first request.'
  if (code.startsWith('SQLITE_READONLY'))
    return 'The SQLite file cannot be written: check its owner, its mode and its folder.'
  if (isBusy(error))
    return 'The SQLite file is locked by another connection for too long: look for a transaction left open.'
  if (code === 'SQLITE_FULL') return 'The disk is full.'
  return `SQLite failed with ${code}: ${error.message}.`
}
