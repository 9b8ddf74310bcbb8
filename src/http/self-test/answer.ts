// What a door answered, in a few words, within its time.
import { setTimeout as after } from 'node:timers/promises'
import { InviteError, type InviteErrorCode } from '../../errors.js'
import { plain } from '../../plain-text.js'

export type Answer =
  | {
      readonly kind: 'answered'
      /** Of HTTP, where there is one. */
      readonly status?: number | undefined
      /** What it says, as it may be shown. */
      readonly text?: string | undefined
      /** Whether somebody was let in, where that is said in so many words. */
      readonly says?: 'in' | 'out' | undefined
    }
  | {
      readonly kind: 'failed'
      readonly text: string
      /** Why the invite was refused, where the door threw just that. */
      readonly code?: InviteErrorCode | undefined
    }
  | { readonly kind: 'late'; readonly timeoutMs: number }

/** The answer that `knock` gets; what it throws is one, too, and so is none in time. */
export async function answerWithin(
  timeoutMs: number,
  knock: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  const [knocking, waiting] = [new AbortController(), new AbortController()]
  const late: Answer = { kind: 'late', timeoutMs }
  const timer = after(timeoutMs, late, { signal: waiting.signal })
  timer.catch(() => undefined) // it was answered
  try {
    return await Promise.race([knock(knocking.signal).catch(failure), timer])
  } finally {
    waiting.abort()
    knocking.abort()
  }
}

/** A failure, for whoever has to find it. */
export function failure(error: unknown): Answer {
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : ''
  const text = excerpt(error instanceof Error ? `${error.message}${cause}` : String(error))
  return { kind: 'failed', text, code: error instanceof InviteError && error.status < 500 ? error.code : undefined }
}

const MAX_SHOWN = 200

/** The beginning of what a page or a document says, without what may be a secret. */
export function excerpt(text: string): string {
  const bare = text
    .replace(/<(style|script|title)\b.*?<\/\1\s*>/gis, ' ')
    .replace(/<[^>]*>/g, ' ')
    .replace(/[\w.-]{24,}|[0-9A-Z]{4}(%[0-9A-F]{2}|[^0-9A-Z]{1,3})(?:[0-9A-Z]{4}\1){5}[0-9A-Z]{4}/gi, '…') // codes, tokens
  const line = plain(bare).replace(/\s+/g, ' ').trim()
  return line.length > MAX_SHOWN ? `${line.slice(0, MAX_SHOWN)}…` : line
}
