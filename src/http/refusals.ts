// Why a request was refused, kept for what answers it later: a strategy is told `false`, and passes nothing on.
import type { Request } from 'express'
import { InviteError } from '../errors.js'

const refusals = new WeakMap<Request, InviteError>()
const apps = new WeakMap<InviteError, string>()

/** Whether somebody was kept out, rather than something failed. */
export function isRefusal(error: unknown): error is InviteError {
  return error instanceof InviteError && error.status < 500
}

export function noteRefusal(req: Request, error: InviteError): void {
  refusals.set(req, error)
}

/** Why a door of ours refused this request; `undefined` where none did. */
export function refusalOf(req: Request): InviteError | undefined {
  return refusals.get(req)
}

/** Notes whose door it was, for who shows the refusal. */
export function noteApp(error: InviteError, appId: string): void {
  apps.set(error, appId)
}

/** The app whose door it was, if one kept somebody out. */
export function appThatRefused(error: InviteError): string | undefined {
  return apps.get(error)
}
