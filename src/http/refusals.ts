// Why a request was refused, kept for what answers it later: a strategy is told `false`, and passes nothing on.
import type { Request } from 'express'
import { InviteError } from '../errors.js'

const refusals = new WeakMap<Request, InviteError>()

/** Whether somebody was kept out, rather than something failed. */
export function isRefusal(error: unknown): error is InviteError {
  return error instanceof InviteError && error.status < 500
}

export function noteRefusal(req: Request, error: InviteError): void {
  refusals.set(req, error)
}
