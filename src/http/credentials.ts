// What a request comes with to sign up: a code in body or query, an address, or what its join cookie holds.
import type { Request } from 'express'
import { isBlankCode, readCode } from '../codes.js'
import { invalidField } from '../input.js'
import type { Awaitable } from '../options.js'
import { readToken } from '../proofs.js'

/** Reads something from a request; `undefined` where it is not there. What it throws goes to `next(error)`. */
export type FromRequest<T> = (req: Request) => Awaitable<T | undefined>

/** The code that the request names, where `code` says or in body or query. @throws InviteError `input_invalid`. */
export async function explicitCode(req: Request, code: FromRequest<string> | undefined): Promise<string | undefined> {
  const given = code === undefined ? codeFromRequest(req) : asText('inviteCode', await code(req))
  return given === undefined || isBlankCode(given) ? undefined : given
}

/** The code in the body, else in the query. @throws InviteError `input_invalid` where they differ or are no texts. */
export function codeFromRequest(req: Request): string | undefined {
  const inBody = asText('inviteCode', field(req.body, 'inviteCode'))
  const inQuery = asText('inviteCode', field(req.query, 'inviteCode'))
  if (inBody === undefined || isBlankCode(inBody)) return inQuery
  if (inQuery !== undefined && !isBlankCode(inQuery) && bare(inBody) !== bare(inQuery)) {
    throw invalidField('inviteCode', 'must be the same in the body and in the query, or in one of them only')
  }
  return inBody
}

const bare = (given: string) => readCode(readToken(given).code) ?? given

/**
 * The address that the request names: in body or query, in this order, as passport-local looks for it.
 * @throws InviteError `input_invalid`.
 */
export async function readEmail(req: Request, email: FromRequest<string> | undefined): Promise<string | undefined> {
  if (email !== undefined) return asText('email', await email(req))
  return asText('email', field(req.body, 'email')) ?? asText('email', field(req.query, 'email'))
}

function asText(name: string, value: unknown): string | undefined {
  if (value === undefined || typeof value === 'string') return value
  throw invalidField(name, 'must be a string')
}

function field(from: unknown, name: string): unknown {
  return typeof from === 'object' && from !== null && Object.hasOwn(from, name) ? Reflect.get(from, name) : undefined
}
