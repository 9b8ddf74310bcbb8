// Failures as RFC 9457 problem documents.
import { STATUS_CODES } from 'node:http'
import type { Response } from 'express'
import type { Context } from '../context.js'
import { InviteError } from '../errors.js'
import { warnOnce } from '../warnings.js'
import { sendJson } from './json.js'

/** Answers with the failure, as `application/problem+json` with its stable `code`. */
export function sendProblem(context: Context, res: Response, error: InviteError): void {
  tellOperator(context, error)
  const problem = {
    type: 'about:blank',
    title: STATUS_CODES[error.status],
    status: error.status,
    code: error.code,
    detail: publicDetail(error),
    errors: error.errors,
  }
  res.status(error.status).set(error.headers)
  sendJson(res, problem, 'application/problem+json')
}

/** What the client may read of it. */
export function publicDetail(error: InviteError): string {
  return error.expose ? error.message : new InviteError(error.code).message
}

/** The client is told that it failed, and who runs the host why. */
export function tellOperator(context: Context, error: InviteError): void {
  if (error.code !== 'store_unavailable') return
  const reasons: string[] = []
  for (let each = error.cause; each instanceof Error; each = each.cause) reasons.push(each.message)
  warnOnce(context, 'INVITE_STORE_UNAVAILABLE', `Answered 503: ${reasons.join(': ') || error.message}`)
}
