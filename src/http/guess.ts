// A code that somebody comes with, and what they are told of how they stand.
import type { Request } from 'express'
import { InviteError } from '../errors.js'

export interface Guess {
  /** `undefined`: nobody knows which client it is. */
  readonly req: Request | undefined
  readonly appId: string
  readonly code: string
}

/**
 * As draft-ietf-httpapi-ratelimit-headers-08 has them: `q` guesses in a window of `w` seconds; `r` of them left for the
 * next `t` seconds. The partition key is left out, since each client is one.
 */
export type RateLimitHeaders = Readonly<Record<'RateLimit' | 'RateLimit-Policy', string>>

/** Hears how the client stands once its code was judged. */
export type Tell = (standing: RateLimitHeaders) => void

/** Whether a code was looked up and is good for nobody. */
export function isWrongCode(error: unknown): boolean {
  return error instanceof InviteError && (error.code === 'invite_invalid' || error.code === 'invite_not_found')
}
